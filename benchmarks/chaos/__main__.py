"""``python -m benchmarks.chaos --faults 1000``: break a platform while it executes durable runs, and audit the runs.

Exit status 0 if no acknowledged run was lost, none ended with another result, and no journaled effect was asked again.
"""

import argparse
import asyncio
import signal
import statistics
import sys
from concurrent.futures import ThreadPoolExecutor

from benchmarks.chaos.campaign import Hands, campaign
from benchmarks.chaos.world import FAULTS, World


def _quantiles(values: list[float]) -> str:
    if len(values) < 2:
        return ", ".join(f"{value:.2f} s" for value in values) or "-"
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"median {cuts[49]:.2f} s, 95 % {cuts[94]:.2f} s, longest {max(values):.2f} s"


def main() -> int:
    """Run a campaign and tell what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=8, help="runs under way at a time")
    parser.add_argument("--at-once", type=int, default=1, help="faults that may be under way at a time")
    parser.add_argument("--nodes", type=int, default=1, help="Ray nodes besides the head")
    parser.add_argument("--kinds", default=",".join(FAULTS), metavar="KIND,...")
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    if unknown := sorted(set(kinds) - FAULTS.keys()):
        parser.error(f"no such fault: {', '.join(unknown)}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("starting", flush=True)
    with World(options.nodes) as world:
        print(f"the platform serves at {world.url}", flush=True)
        hands = Hands()
        going = campaign(
            world,
            options.faults,
            options.seconds,
            options.seed,
            options.clients,
            kinds,
            hands.ask,
            options.at_once,
        )
        with ThreadPoolExecutor(1) as pool:
            made, verdict, findings = hands.serve(pool.submit(asyncio.run, going))
    for line in findings[:50]:
        print(line)
    print(f"{made.done.total()} faults: " + ", ".join(f"{count} {kind}" for kind, count in made.done.most_common()))
    print(f"{verdict.runs} runs acknowledged, {verdict.effects} effects in their journals")
    print(f"lost {verdict.lost}, wrong {verdict.wrong}, journaled effects asked again {verdict.repeated}")
    print(f"asked again because an answer was lost on its way: {verdict.again}; slow to recover: {made.stuck}")
    print("until the first run that a fault met had ended:")
    for kind, taken in sorted(made.first.items()):
        print(f"  {kind}: {_quantiles(taken)}")
    print(f"until all that it met had ended: {_quantiles(made.all)}")
    return 0 if verdict.sound and not made.stuck and not findings else 1


if __name__ == "__main__":
    sys.exit(main())
