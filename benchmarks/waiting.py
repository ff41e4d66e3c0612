"""Runs that wait for a slow model: how many at once, in what time, and what each takes of the executor's memory.

``python -m benchmarks.waiting --runs 1000 --seconds 1`` runs programs of two calls each, of a model that takes so
long, on a pool of eight workers; ``--hold`` lets runs keep their workers, as they do where nobody else wants one.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.measure import Row
from noodle_ray.core.runs.batcher import Call, EffectBatcher
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.executor import Executor, Program
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.vm.limits import Limits

RUNS = 1000
GOAL = 30 << 10
SOURCE = """
from noodle_ray import model
slow = model("slow")
def main(n: int):
    first = slow(n)
    return [first, slow(first + 1)]
"""


class Slow:
    """A model that takes its time, however many ask."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        await asyncio.sleep(self._seconds)
        return [(True, args[0]) for args, _ in calls]


class Waited(NamedTuple):
    """``most`` of the runs waited at once without a worker, each with ``memory`` bytes of the executor's; all took
    ``seconds``."""

    seconds: float
    wrong: int
    most: int
    memory: float


async def measure(runs: int, seconds: float, workers: int, hold: bool = False) -> Waited:
    """Have so many runs wait for a model that takes so long."""
    async with WorkerPool(min_size=workers, max_size=workers, queue_limit=runs, max_parked=runs) as pool:
        if hold:
            pool._press = lambda: None  # type: ignore[method-assign]
        store = ModuleStore(Path(tempfile.mkdtemp()))
        executor = Executor(pool, CompilerService(store), Slow(seconds))
        executor.batcher = EffectBatcher(Slow(seconds), max_under_way=runs)
        module = await executor.module(Program(source=SOURCE))
        limits = Limits(deadline=1000.0)
        await executor.run(Program(digest=module.digest), args=[0])
        gc.collect()
        process = psutil.Process()
        before, began, most, memory = process.memory_info().rss, time.perf_counter(), 0, 0
        asked = [executor.run(Program(digest=module.digest), args=[n], limits=limits) for n in range(runs)]
        tasks = [asyncio.ensure_future(one) for one in asked]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0.05)
            if (parked := pool.stats().parked) > most:
                most, memory = parked, process.memory_info().rss - before
        took = time.perf_counter() - began
        wrong = sum(task.result()[1]["result"] != [n, n + 1] for n, task in enumerate(tasks))
    return Waited(took, wrong, most, memory / most if most else 0.0)


def rows() -> list[Row]:
    """One row: memory of a run that waits."""
    found = asyncio.run(measure(RUNS, 4.0, 4))
    if found.wrong or found.most < RUNS // 2:
        raise RuntimeError(f"the runs did not wait as they should: {found}")
    name = f"A run that waits for a model, memory of its executor, {found.most:,} at once, against 30 KiB"
    return [Row(name, f"{found.memory / 1024:.1f} KiB", "30 KiB", found.memory / GOAL, "≤ 1.0")]


def main() -> None:
    """Measure, and print a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--hold", action="store_true")
    chosen = parser.parse_args()
    found = asyncio.run(measure(chosen.runs, chosen.seconds, chosen.workers, chosen.hold))
    each = f", {found.memory / 1024:.1f} KiB each" if found.most else ""
    print(
        f"{chosen.runs} runs in {found.seconds:.1f} s on {chosen.workers} workers, {found.wrong} wrong;"
        f" {found.most} waited without a worker at once{each}"
    )


if __name__ == "__main__":
    main()
