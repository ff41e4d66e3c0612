"""Chats over HTTP: tokens a second and time to the first, against llama.cpp's own server on the same file; and chats
with the same beginning, with and without the prompt's cache.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from typing import NamedTuple

import httpx

from benchmarks.measure import Row, alternate_async, show_time, summarize
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.sources import resolve
from noodle_ray.cluster import PlatformState
from noodle_ray.cluster.environment import free_port
from noodle_ray.security.tokens import ensure_token

SLOTS, CONTEXT = 4, 2048
TOKENS = 48
MANY = 8
ROUNDS = 3
GUIDE = " ".join(
    f"Rule {number}: whoever asks about matter {number} is told politely that office {number} answers it."
    for number in range(16)
)


class Told(NamedTuple):
    """Tokens a second of all chats together, and the median time to the first piece of text."""

    rate: float
    first: float


async def _chat(client: httpx.AsyncClient, question: str, tokens: int, system: str, cached: bool) -> tuple[int, float]:
    """Tokens of the answer, and seconds to its first piece."""
    messages = [{"role": "system", "content": system}] if system else []
    body = {
        "model": "smollm2",
        "messages": [*messages, {"role": "user", "content": question}],
        "max_tokens": tokens,
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": cached,
    }
    started, first, count = time.perf_counter(), 0.0, 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            event = json.loads(line[6:])
            if not first and event["choices"] and event["choices"][0]["delta"].get("content"):
                first = time.perf_counter() - started
            if event.get("usage"):
                count = event["usage"]["completion_tokens"]
    return count, first


async def chats(
    url: str, headers: dict[str, str], count: int, tokens: int = TOKENS, system: str = "", cached: bool = False
) -> Told:
    """So many at once."""
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as client:
        started = time.perf_counter()
        asked = [_chat(client, f"Tell a story about {place} boats.", tokens, system, cached) for place in range(count)]
        found = await asyncio.gather(*asked)
        elapsed = time.perf_counter() - started
    return Told(sum(tokens for tokens, _ in found) / elapsed, statistics.median(first for _, first in found))


def rows(state: PlatformState) -> list[Row]:
    """Five rows."""
    return asyncio.run(_rows(state, {"Authorization": f"Bearer {ensure_token()}"}))


async def _rows(state: PlatformState, token: dict[str, str]) -> list[Row]:
    found: list[Row] = []
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.llama_server", str(port)]
    command += [str(resolve(Registry().get("smollm2"))), str(SLOTS), str(CONTEXT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            for count in (1, MANY):
                pairs = []
                for number in range(ROUNDS + 1):
                    pair = await chats(state.url, token, count), await chats(url, {}, count)
                    pairs += [pair] if number else []  # the first is a warm-up
                rate = summarize([a.rate for a, _ in pairs], [b.rate for _, b in pairs])
                first = summarize([a.first for a, _ in pairs], [b.first for _, b in pairs])
                many = f"{count} chat{'s at once' if count > 1 else ''} over HTTP, against llama.cpp's server"
                found.append(
                    Row(f"Tokens of {many}", f"{rate.first:.0f}/s", f"{rate.second:.0f}/s", rate.ratio, "≥ 0.95")
                )
                found.append(
                    Row(f"First token of {many}", show_time(first.first), show_time(first.second), first.ratio, "≤ 1.1")
                )
        finally:
            server.terminate()

    async def shared(cached: bool) -> float:
        started = time.perf_counter()
        await chats(state.url, token, MANY, 4, GUIDE, cached)
        return time.perf_counter() - started

    pair = await alternate_async(lambda: shared(True), lambda: shared(False), ROUNDS - 1)
    name = f"{MANY} short chats with the same long beginning, with and without its cache"
    return [*found, Row(name, show_time(pair.first), show_time(pair.second), pair.ratio)]
