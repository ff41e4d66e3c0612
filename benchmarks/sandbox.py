"""A warm sandbox against Monty's pool: ``1 + n``, with compilation and from the cache."""

import asyncio
import itertools
import time

import pydantic_monty
import uvloop

from benchmarks.measure import Row, alternate_async, show_time
from noodle_ray.core.lang import compile_source
from noodle_ray.core.nbc import digest, encode
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.limits import Limits

RUNS = 300
ROUNDS = 7


def _request(source: str) -> RunRequest:
    nbc = encode(compile_source(source))
    return RunRequest(nbc, digest(nbc), None, [], {}, Limits(), "auto")


async def _measure() -> list[Row]:
    numbers = itertools.count()
    async with WorkerPool(min_size=1, max_size=1) as pool, pydantic_monty.AsyncMonty(max_processes=1) as monty:
        cached = _request("1 + 1")

        async def ours_compiled() -> float:
            started = time.perf_counter()
            for _ in range(RUNS):
                number = next(numbers)  # a new source each time, so that nothing is cached anywhere
                outcome = await pool.run(_request(f"1 + {number}"))
                assert outcome["result"] == 1 + number, outcome
            return (time.perf_counter() - started) / RUNS

        async def ours_cached() -> float:
            started = time.perf_counter()
            for _ in range(RUNS):
                outcome = await pool.run(cached)
                assert outcome["result"] == 2, outcome
            return (time.perf_counter() - started) / RUNS

        async def theirs() -> float:
            started = time.perf_counter()
            for _ in range(RUNS):
                number = next(numbers)
                async with monty.checkout() as session:
                    assert await session.feed_run(f"1 + {number}") == 1 + number
            return (time.perf_counter() - started) / RUNS

        compiled = await alternate_async(ours_compiled, theirs, ROUNDS)
        warm = await alternate_async(ours_cached, theirs, ROUNDS)
    names = "Warm sandbox, compile and run `1 + n`, against Monty's pool", "Warm sandbox, cached module, the same"
    goals = "≤ 1.5", "≤ 1.0"
    return [
        Row(name, show_time(pair.first), show_time(pair.second), pair.ratio, goal)
        for name, goal, pair in zip(names, goals, (compiled, warm), strict=True)
    ]


def rows() -> list[Row]:
    """Two rows; times are per run."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_measure())
