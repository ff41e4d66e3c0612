"""A thousand runs at once of a program with twenty calls of MiniLM, against asyncio by hand with a request for each;
in fp32, and in int8, where the model takes less of what both sides take.

The yardstick is what one would write without Noodle: the same two stages of ten calls, gathered, over one pool of
connections to the same server and the same model. The platform must let a thousand runs wait for workers
(``NOODLE_MAX_WAITING_RUNS``), which `benchmarks.run` sees to.
"""

import asyncio
import dataclasses
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import numpy as np
import uvloop

from benchmarks.measure import Row, summarize
from benchmarks.registered import registered
from benchmarks.serving import WORDS
from noodle_ray.ahr.registry import Registry
from noodle_ray.cluster import PlatformState
from noodle_ray.security.tokens import ensure_token

RUNS = 1000
CALLS = 20
WARM_UP = 100
ROUNDS = 2
"""Each takes most of a minute, in which the machine's mood evens out."""
CONNECTIONS = 100
"""Of the client by hand: what aiohttp opens unless it is told otherwise."""
SIMILAR = 0.5
PROGRAM = f"""
from noodle_ray import model

embed = model("NAME")


def main(texts: list[str]) -> list[int]:
    first = [embed(text) for text in texts]
    wanted = [text + (" again" if vector @ first[0] > {SIMILAR} else " anew") for text, vector in zip(texts, first)]
    second = [embed(text) for text in wanted]
    return [int(vector @ second[0] > {SIMILAR}) for vector in second]
"""

Client = Callable[[aiohttp.ClientSession, list[str], str], Awaitable[list[int]]]


def inputs(runs: int) -> list[list[str]]:
    """Ten questions of three to eight words for each run."""
    source = random.Random(7)
    return [
        [" ".join(source.choice(WORDS) for _ in range(source.randint(3, 8))) for _ in range(CALLS // 2)]
        for _ in range(runs)
    ]


async def as_program(session: aiohttp.ClientSession, texts: list[str], model: str) -> list[int]:
    """One run: a request."""
    body = {"source": PROGRAM.replace("NAME", model), "args": [texts]}
    async with session.post("/v1/run", json=body) as answer:
        outcome: dict[str, Any] = await answer.json()
    if outcome.get("error") or "result" not in outcome:
        raise RuntimeError(outcome)
    found: list[int] = outcome["result"]
    return found


async def by_hand(session: aiohttp.ClientSession, texts: list[str], model: str) -> list[int]:
    """The same by twenty requests."""

    async def embed(text: str) -> Any:
        async with session.post(f"/v1/models/{model}/infer", json={"inputs": [text]}) as answer:
            answer.raise_for_status()
            return np.array((await answer.json())["outputs"][0])

    first = await asyncio.gather(*[embed(text) for text in texts])
    wanted = [
        text + (" again" if vector @ first[0] > SIMILAR else " anew") for text, vector in zip(texts, first, strict=True)
    ]
    second = await asyncio.gather(*[embed(text) for text in wanted])
    return [int(vector @ second[0] > SIMILAR) for vector in second]


async def _rate(
    state: PlatformState, client: Client, connections: int, work: list[list[str]], model: str = "minilm"
) -> float:
    """Runs a second, of all of these at once."""
    connector = aiohttp.TCPConnector(limit=connections)
    headers = {"Authorization": f"Bearer {ensure_token()}"}
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(state.url, connector=connector, headers=headers, timeout=timeout) as session:
        began = time.perf_counter()
        found = await asyncio.gather(*[client(session, texts, model) for texts in work])
        took = time.perf_counter() - began
    if any(len(answer) != CALLS // 2 for answer in found):
        raise RuntimeError("a run gave something else")
    return len(work) / took


async def _measure(state: PlatformState, model: str, called: str) -> Row:
    work = inputs(RUNS)
    for client, connections in ((as_program, 0), (by_hand, CONNECTIONS)):
        await _rate(state, client, connections, work[:WARM_UP], model)
    rates = [
        (
            await _rate(state, as_program, 0, work, model),
            await _rate(state, by_hand, CONNECTIONS, work, model),
        )
        for _ in range(ROUNDS)
    ]
    pair = summarize([ours for ours, _ in rates], [theirs for _, theirs in rates])
    name = f"{RUNS:,} runs at once of {CALLS} calls of {called}, against asyncio by hand on the same server"
    return Row(name, f"{pair.first:.1f}/s", f"{pair.second:.1f}/s", pair.ratio, "≥ 1.5")


def rows(state: PlatformState) -> list[Row]:
    """Two rows, in runs per second."""
    found = [uvloop.run(_measure(state, "minilm", "MiniLM"))]
    int8 = dataclasses.replace(Registry().get("minilm"), name="minilm-int8", options={"dtype": "int8"})
    with registered(state, int8, "good morning") as model:
        found.append(uvloop.run(_measure(state, model, "MiniLM in int8")))
    return found
