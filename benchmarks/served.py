"""The programs of `benchmarks.overlap` on a platform, against asyncio by hand over HTTP to the same model there.

A program is a single request, whose calls go to the model from within the platform; by hand each call is a
request, over one pool of connections that are open already.
"""

import functools
import time
from typing import Any

import aiohttp
import uvloop

from benchmarks.measure import Row, alternate_async, show_time
from benchmarks.overlap import HEADER, SHAPES, Shape
from benchmarks.registered import registered
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.cluster import PlatformState
from noodle_ray.security.tokens import ensure_token

ROUNDS = 15
MODEL = ModelSpec("slow", "python:benchmarks.slow:Slow", options={"slots": 64, "max_replicas": 1})


async def _post(session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with session.post(path, json=body) as reply:
        reply.raise_for_status()
        found: dict[str, Any] = await reply.json()
        return found


async def _ask(session: aiohttp.ClientSession, name: str, text: str) -> str:
    answer: str = (await _post(session, f"/v1/models/{name}/infer", {"inputs": [text]}))["outputs"][0]
    return answer


async def _as_program(session: aiohttp.ClientSession, name: str, shape: Shape) -> tuple[float, Any]:
    started = time.perf_counter()
    outcome = await _post(session, "/v1/run", {"source": HEADER.replace("stub", name) + shape.source})
    return time.perf_counter() - started, outcome["result"]


async def _by_hand(session: aiohttp.ClientSession, name: str, shape: Shape) -> tuple[float, Any]:
    started = time.perf_counter()
    found = await shape.by_hand(functools.partial(_ask, session, name))
    return time.perf_counter() - started, found


async def _measure(state: PlatformState, name: str) -> Row:
    connector, headers = aiohttp.TCPConnector(limit=0), {"Authorization": f"Bearer {ensure_token()}"}
    against, ours, hands = [], 0.0, 0.0
    async with aiohttp.ClientSession(state.url, connector=connector, headers=headers) as session:
        for shape in SHAPES:
            if (await _as_program(session, name, shape))[1] != (await _by_hand(session, name, shape))[1]:
                raise RuntimeError(f"{shape.name} gives two answers")

            async def run(shape: Shape = shape) -> float:
                return (await _as_program(session, name, shape))[0]

            async def hand(shape: Shape = shape) -> float:
                return (await _by_hand(session, name, shape))[0]

            pair = await alternate_async(run, hand, ROUNDS)
            against.append((pair.ratio, shape.name))
            ours += pair.first
            hands += pair.second
    behind, slowest = max(against)
    what = "Five programs on a model of 20 ms on the platform, against asyncio by hand over HTTP: the worst"
    return Row(f"{what} ({slowest})", show_time(ours), show_time(hands), behind, "≤ 1.0")


def rows(state: PlatformState) -> list[Row]:
    """One row."""
    with registered(state, MODEL, "good morning") as name:
        return [uvloop.run(_measure(state, name))]
