"""Programs that ask models of a known latency, against the least time that this can take, asyncio and CPython."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import uvloop

from benchmarks.measure import Row, alternate_async, show_time
from benchmarks.slow import LATENCY, answer
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.executor import Executor, Program
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.sandbox.pool import WorkerPool

SLACK = 0.002
"""Seconds that a program may take besides what its longest chain of calls does."""
ROUNDS = 5
Ask = Callable[[str], Awaitable[str]]

HEADER = "from noodle_ray import model\nask = model('stub')\n"


async def fan_out(ask: Ask) -> Any:
    return await asyncio.gather(*[ask(f"part {n}") for n in range(30)])


async def chain(ask: Ask) -> Any:
    text = "begin"
    for _ in range(6):
        text = await ask(text)
    return text


async def tree(ask: Ask) -> Any:
    async def whole(texts: list[str]) -> str:
        if len(texts) == 1:
            return await ask(texts[0])
        half = len(texts) // 2
        left, right = await asyncio.gather(whole(texts[:half]), whole(texts[half:]))
        return await ask(left + right)

    return await whole([f"leaf {n}" for n in range(16)])


async def map_reduce(ask: Ask) -> Any:
    async def one(n: int) -> str:
        return await ask(await ask(f"page {n}"))

    found = await asyncio.gather(*[one(n) for n in range(12)])
    return await ask(" ".join(found))


async def agent(ask: Ask) -> Any:
    state = "goal"
    for _ in range(3):
        plan = await ask("plan: " + state)
        results = await asyncio.gather(*[ask(f"{tool}: {plan}") for tool in ("search", "read", "compute")])
        state = await ask(" ".join(results))
    return state


class Shape(NamedTuple):
    """A program as Noodle runs it and as one would write it with asyncio; ``depth`` is its longest chain of calls, and
    ``calls`` how many there are."""

    name: str
    source: str
    by_hand: Callable[[Ask], Awaitable[Any]]
    depth: int
    calls: int


SHAPES = (
    Shape("fan-out", "[ask(f'part {n}') for n in range(30)]\n", fan_out, 1, 30),
    Shape("chain", "text = 'begin'\nfor _ in range(6):\n    text = ask(text)\ntext\n", chain, 6, 6),
    Shape(
        "tree",
        "def whole(texts):\n"
        "    if len(texts) == 1:\n        return ask(texts[0])\n"
        "    half = len(texts) // 2\n"
        "    return ask(whole(texts[:half]) + whole(texts[half:]))\n"
        "whole([f'leaf {n}' for n in range(16)])\n",
        tree,
        5,
        31,
    ),
    Shape(
        "map-reduce",
        "found = []\n"
        "for n in range(12):\n"
        "    text = ask(f'page {n}')\n"
        "    found.append(ask(text))\n"
        "ask(' '.join(found))\n",
        map_reduce,
        3,
        25,
    ),
    Shape(
        "agent",
        "state = 'goal'\n"
        "for _ in range(3):\n"
        "    plan = ask('plan: ' + state)\n"
        "    results = [ask(f'{tool}: {plan}') for tool in ('search', 'read', 'compute')]\n"
        "    state = ask(' '.join(results))\n"
        "state\n",
        agent,
        9,
        15,
    ),
)


class Stub:
    """A model that takes its time, however many ask."""

    async def infer(self, model: str, calls: list[Any]) -> list[tuple[bool, object]]:
        await asyncio.sleep(LATENCY)
        return [(True, answer(args[0])) for args, _ in calls]


async def _by_hand(text: str) -> str:
    await asyncio.sleep(LATENCY)
    return answer(text)


async def _measure(folder: Path) -> list[Row]:
    async with WorkerPool(min_size=1, max_size=1) as pool:
        executor = Executor(pool, CompilerService(ModuleStore(folder)), Stub())
        over, against, least, sequential, ours, hands = [], [], 0.0, 0.0, 0.0, 0.0
        for shape in SHAPES:
            expected = await shape.by_hand(_by_hand)

            async def run(shape: Shape = shape, expected: Any = expected) -> float:
                started = time.perf_counter()
                _, outcome = await executor.run(Program(source=HEADER + shape.source))
                assert outcome["result"] == expected, outcome
                return time.perf_counter() - started

            async def hand(shape: Shape = shape) -> float:
                started = time.perf_counter()
                await shape.by_hand(_by_hand)
                return time.perf_counter() - started

            pair = await alternate_async(run, hand, ROUNDS)
            over.append(((pair.first - SLACK) / (shape.depth * LATENCY), shape.name))
            against.append(((pair.first - SLACK) / pair.second, shape.name))
            ours += pair.first
            hands += pair.second
            least += shape.depth * LATENCY
            sequential += shape.calls * LATENCY
    (worst, name), (behind, slowest) = max(over), max(against)
    return [
        Row(
            f"Five programs on models of 20 ms, less 2 ms, against their longest chain of calls: the worst ({name})",
            show_time(ours),
            show_time(least),
            worst,
            "≤ 1.05",
        ),
        Row(
            f"The same, less 2 ms, against asyncio by hand: the worst ({slowest})",
            show_time(ours),
            show_time(hands),
            behind,
            "≤ 1.0",
        ),
        Row("The same, against one call after the other", show_time(ours), show_time(sequential), ours / sequential),
    ]


def rows() -> list[Row]:
    """Three rows; nothing but a process with a sandbox is needed."""
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_measure(Path(folder)))
