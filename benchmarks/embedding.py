"""512 sentences embedded by concurrent runs on the platform, against the engine called directly."""

import asyncio
import re
import time

import httpx

from benchmarks.measure import Row, alternate
from examples.demo import documents
from noodle_ray.ahr.engines.load import load_engine
from noodle_ray.ahr.registry import Registry
from noodle_ray.cluster import PlatformState
from noodle_ray.core.vm.arrays import array
from noodle_ray.security.tokens import ensure_token

SENTENCES = 512
RUNS = 16
ROUNDS = 5
PROGRAM = """
from noodle_ray import model

embed = model("minilm")


def main(texts: list[str]) -> list[int]:
    return [len(vector) for vector in [embed(text) for text in texts]]
"""


def sentences() -> list[str]:
    """Sentences of the example documents, each made unique."""
    found = [s.strip() for text in documents().values() for s in re.split(r"(?<=\.)\s+", text) if len(s) > 20]
    return [f"{found[number % len(found)]} ({number})" for number in range(SENTENCES)]


async def _platform(state: PlatformState, texts: list[str]) -> float:
    size = len(texts) // RUNS
    headers = {"Authorization": f"Bearer {ensure_token()}"}
    async with httpx.AsyncClient(base_url=state.url, headers=headers, timeout=120) as client:

        async def one(part: list[str]) -> None:
            answer = await client.post("/v1/run", json={"source": PROGRAM, "args": [part]})
            outcome = answer.json()
            assert outcome["error"] is None, outcome["error"]
            assert outcome["result"] == [384] * len(part)

        started = time.perf_counter()
        await asyncio.gather(*[one(texts[at : at + size]) for at in range(0, len(texts), size)])
        return len(texts) / (time.perf_counter() - started)


def rows(state: PlatformState) -> list[Row]:
    """One row, in sentences per second."""
    texts = sentences()
    engine = load_engine(Registry().get("minilm"))

    def direct() -> float:
        started = time.perf_counter()
        for at in range(0, len(texts), 32):
            vectors = engine.infer([((text,), {}) for text in texts[at : at + 32]])
            assert all(isinstance(vector, array) for vector in vectors), vectors[0]
        return len(texts) / (time.perf_counter() - started)

    pair = alternate(lambda: asyncio.run(_platform(state, texts)), direct, ROUNDS)
    engine.close()
    name = f"Embedding {SENTENCES} sentences from {RUNS} runs, against the engine directly"
    return [Row(name, f"{pair.first:.0f}/s", f"{pair.second:.0f}/s", pair.ratio, "≥ 0.8")]
