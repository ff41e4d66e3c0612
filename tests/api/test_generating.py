"""Several generations of one request: told as they come, to clients of any speed, without an engine."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import pytest

from noodle_ray.api.openai.generating import AHEAD, generations
from noodle_ray.errors import ModelError
from noodle_ray.observability.metrics import Metrics


class Endless:
    """Generations that never end by themselves; what each has told is counted, and whether it was closed."""

    def __init__(self) -> None:
        self.told: Counter[int] = Counter()
        self.closed: set[int] = set()
        self.services: Any = SimpleNamespace(metrics=Metrics(), generate=self.generate)

    async def generate(self, model: str, order: dict[str, Any]) -> AsyncGenerator[list[dict[str, Any]]]:
        name = order["name"]
        try:
            yield [{"queued": 0.0}]
            for number in itertools.count():
                if number == order.get("fails_at"):
                    raise ModelError("it broke", code="NOODLE-E0605")
                self.told[name] += 1
                yield [{"text": f"{name}:{number}"}]
                await asyncio.sleep(0)
        finally:
            self.closed.add(name)


async def _turns() -> None:
    for _ in range(500):
        await asyncio.sleep(0)


@pytest.fixture
def endless() -> Endless:
    """Generations without an end."""
    return Endless()


async def test_slow_reader_holds_up_its_own_generations_and_no_others(endless: Endless) -> None:
    slow = generations(endless.services, "m", [{"name": name} for name in range(4)])
    quick = generations(endless.services, "m", [{"name": name} for name in (10, 11)])
    async with contextlib.aclosing(slow), contextlib.aclosing(quick):
        await anext(slow)
        await _turns()
        before = dict(endless.told)
        assert sum(before.values()) <= 1 + AHEAD * 4 + 4  # what was read, what waits, and one in the hand of each
        for _ in range(500):
            await anext(quick)
        assert endless.told[10] > 100
        assert endless.told[11] > 100
        assert {name: endless.told[name] for name in before} == before
        read = [await anext(slow) for _ in range(40)]
        assert {place for place, _ in read} == {0, 1, 2, 3}
    assert endless.closed == {0, 1, 2, 3, 10, 11}


async def test_chunks_of_each_come_whole_and_in_order(endless: Endless) -> None:
    async with contextlib.aclosing(generations(endless.services, "m", [{"name": 0}, {"name": 1}])) as told:
        texts: dict[int, list[str]] = {0: [], 1: []}
        for _ in range(60):
            place, chunks = await anext(told)
            texts[place] += [chunk["text"] for chunk in chunks]
            await _turns()
    for place, found in texts.items():
        assert found == [f"{place}:{number}" for number in range(len(found))]
        assert len(found) > 10


async def test_error_of_one_reaches_a_slow_reader_and_ends_all(endless: Endless) -> None:
    async def read_slowly() -> None:
        async for _ in generations(endless.services, "m", [{"name": 0}, {"name": 1, "fails_at": 3}]):
            await _turns()

    with pytest.raises(ModelError, match="it broke"):
        await read_slowly()
    assert endless.closed == {0, 1}


async def test_reader_that_leaves_while_all_wait_ends_all(endless: Endless) -> None:
    told = generations(endless.services, "m", [{"name": name} for name in range(3)])
    await anext(told)
    await _turns()
    await told.aclose()
    assert endless.closed == {0, 1, 2}


async def test_generation_that_begins_again_is_counted_once() -> None:
    metrics = Metrics()

    async def twice(model: str, order: dict[str, Any]) -> AsyncGenerator[list[dict[str, Any]]]:
        yield [{"queued": 0.1}]
        yield [{"queued": 0.2}]  # its replica was lost before it told anything
        yield [{"text": "x"}]

    services: Any = SimpleNamespace(metrics=metrics, generate=twice)
    async for _ in generations(services, "m", [{}]):
        pass
    told = metrics.render().decode()
    assert 'noodle_generations_running{model="m"} 0.0' in told
    assert "noodle_generations_waiting 0.0" in told


async def test_generation_that_never_begins_waits_no_more(endless: Endless) -> None:
    begun = asyncio.Event()

    async def queued(model: str, order: dict[str, Any]) -> AsyncGenerator[list[dict[str, Any]]]:
        begun.set()
        await asyncio.Event().wait()
        yield []

    services: Any = SimpleNamespace(metrics=Metrics(), generate=queued)
    told = generations(services, "m", [{}])
    first = asyncio.ensure_future(anext(told))
    await begun.wait()
    assert b"noodle_generations_waiting 1.0" in services.metrics.render()
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    assert b"noodle_generations_waiting 0.0" in services.metrics.render()
