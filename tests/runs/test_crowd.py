"""One executor with two workers, and a crowd: thousands of runs and tens of thousands of calls that wait at once."""

import asyncio
from pathlib import Path

from noodle_ray.core.runs.batcher import Answered, Call, Shape
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.executor import Executor, Program
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.runs.terms import Terms
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.vm.limits import Limits

WORKERS = 2
PATIENT = Limits(deadline=600.0)
PROGRAM = """
from noodle_ray import model
ask = model("slow")

def main(number: int, calls: int) -> int:
    return sum([ask(number + call) for call in range(calls)])
"""


class Slow:
    """A model that takes any number of calls, and answers none before it has so many."""

    def __init__(self, calls: int) -> None:
        self._left = calls
        self._all = asyncio.Event()

    def shape(self, model: str) -> Shape:
        return Shape(max_under_way=1 << 20)

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        self._left -= len(calls)
        if self._left <= 0:
            self._all.set()
        await self._all.wait()
        return [Answered(True, args[0]) for args, _ in calls]

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        raise AssertionError("`ask` is there")


async def _run(folder: Path, runs: int, calls: int) -> int:
    """Have so many runs make so many calls each, all of which wait at once. Returns how many runs waited without a
    worker when the last call came."""
    model = Slow(runs * calls)
    async with WorkerPool(min_size=WORKERS, max_size=WORKERS, queue_limit=runs, max_parked=runs) as pool:
        executor = Executor(pool, CompilerService(ModuleStore(folder)), model)
        module = await executor.module(Program(source=PROGRAM))
        program = Program(digest=module.digest)
        going = [
            asyncio.ensure_future(executor.run(program, args=[number, calls], limits=PATIENT)) for number in range(runs)
        ]
        async with asyncio.timeout(300):
            await model._all.wait()
            parked = pool.stats().parked
            for number, (_, outcome) in enumerate(await asyncio.gather(*going)):
                assert outcome["result"] == sum(range(number, number + calls)), outcome
                assert outcome["usage"]["model_calls"] == calls
    return parked


async def test_thousands_of_runs_wait_with_two_workers(tmp_path: Path) -> None:
    assert await _run(tmp_path, runs=2000, calls=1) >= 2000 - 2 * WORKERS


async def test_tens_of_thousands_of_calls_wait_at_once(tmp_path: Path) -> None:
    assert await _run(tmp_path, runs=40, calls=500) >= 40 - 2 * WORKERS
