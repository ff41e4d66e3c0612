"""A long run of the simulator: ``python -m tests.runs.simulate --seeds 100000 [--start N] [--processes N]``."""

import argparse
import os
import sys
import time
from collections import Counter
from multiprocessing import get_context

from tests.runs.simulation import Violation, simulate

CHUNK = 250


def chunk(start: int) -> tuple[int, Counter[str], str]:
    """Simulate so many seeds from this one on; stops at the first violation."""
    counts: Counter[str] = Counter()
    for seed in range(start, start + CHUNK):
        try:
            counts.update(simulate(seed).counts)
        except Violation as violation:
            return start, counts, str(violation)
    return start, counts, ""


def main() -> int:
    """The number of chunks with a violation, at most 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    counts: Counter[str] = Counter()
    violations = []
    began = told = time.monotonic()
    with get_context("spawn").Pool(chosen.processes) as pool:
        starts = range(chosen.start, chosen.start + chosen.seeds, CHUNK)
        for done, (_, some, violation) in enumerate(pool.imap_unordered(chunk, starts), 1):
            counts.update(some)
            if violation:
                violations.append(violation)
                print(violation, flush=True)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"{done * CHUNK} seeds in {told - began:.0f} s", flush=True)
    print(
        f"{len(starts) * CHUNK} seeds, {len(violations)} violations, {time.monotonic() - began:.0f} s: {dict(counts)}"
    )
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
