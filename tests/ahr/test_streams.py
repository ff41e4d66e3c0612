"""Generations in a replica's queue: told piece by piece, dropped when nobody listens, bounded, in turn."""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import pytest

from noodle_ray.ahr import replica
from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import Call
from noodle_ray.ahr.replica import ModelReplica
from noodle_ray.errors import ModelError


class Talker:
    """An engine that tells ``count`` numbers of a generation, each when it gets a turn."""

    name = "talker"
    parallel = 1
    max_batch = 8

    def __init__(self) -> None:
        self.turns = threading.Semaphore(0)
        self.log: list[Any] = []

    def generate(self, order: Mapping[str, Any], emit: Callable[[dict[str, Any]], bool]) -> None:
        self.log.append(order["name"])
        for number in range(order.get("count", 3)):
            if order["name"] == "broken" and number == 1:
                raise ValueError("the engine is gone")
            assert self.turns.acquire(timeout=30)
            if emit({"text": str(number)}):
                self.log.append(f"{order['name']} stopped")
                return

    def infer(self, calls: Sequence[Call]) -> list[Any]:
        self.log.append([args[0] for args, _ in calls])
        return [None] * len(calls)

    def smoke(self) -> None: ...

    def info(self) -> dict[str, Any]:
        return {}

    def close(self) -> None: ...


@pytest.fixture
def talker(monkeypatch: pytest.MonkeyPatch) -> Talker:
    """The engine that replicas load in these tests."""
    engine = Talker()
    monkeypatch.setattr(replica, "load_serving", lambda specs: (specs[0], engine))
    return engine


def _replica(**options: Any) -> ModelReplica:
    return ModelReplica({"name": "talker", "source": "gguf:/none", "options": options})


async def _texts(model: ModelReplica, name: str, **more: Any) -> str:
    chunks = [chunk async for chunks in model.generate({"name": name, **more}) for chunk in chunks]
    assert chunks[0]["queued"] >= 0
    return "".join(chunk["text"] for chunk in chunks[1:])


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_generation_is_told_in_order(talker: Talker) -> None:
    model = _replica()
    talker.turns.release(5)
    assert await _texts(model, "a", count=5) == "01234"
    assert (await model.stats())["streams"] == 1
    model.close()


@pytest.mark.parametrize(("interval", "lists"), [(1.0, ["0", "1234"]), (0, ["0", "1", "2", "3", "4"])])
async def test_first_text_is_told_at_once_and_further_ones_gather(
    talker: Talker, interval: float, lists: list[str]
) -> None:
    model = _replica(stream_interval=interval)
    told: list[str] = []
    generation = model.generate({"name": "a", "count": 5})
    talker.turns.release(1)
    async for chunks in generation:
        told += ["".join(chunk.get("text", "") for chunk in chunks)]
        if told[-1]:
            talker.turns.release(4 if interval else 1)  # the rest comes while it gathers, and then the end
    assert [text for text in told if text] == lists
    model.close()


async def test_generation_ends_when_nobody_listens_and_the_next_begins(talker: Talker) -> None:
    model = _replica()
    talker.turns.release(1)
    listening = model.generate({"name": "a", "count": 1000})
    while not any("text" in chunk for chunk in await anext(listening)):
        pass
    await listening.aclose()
    talker.turns.release(1)
    second = asyncio.create_task(_texts(model, "b"))
    talker.turns.release(3)
    assert await second == "012"
    assert talker.log == ["a", "a stopped", "b"]
    model.close()


async def test_generation_that_waits_is_dropped_when_nobody_listens(talker: Talker) -> None:
    model = _replica(max_queue=1)
    first = asyncio.create_task(_texts(model, "a"))
    await _until(lambda: talker.log == ["a"])
    waiting = asyncio.create_task(_texts(model, "b"))
    await _until(lambda: model._batcher.stats()["waiting"] == 1)
    with pytest.raises(ModelError) as caught:
        await _texts(model, "c")
    assert caught.value.code == "NOODLE-E0608"
    waiting.cancel()
    await asyncio.wait([waiting])
    assert (await model.stats())["waiting"] == 0  # its place is free for another
    fourth = asyncio.create_task(_texts(model, "d"))
    talker.turns.release(6)
    assert [await first, await fourth] == ["012", "012"]
    assert talker.log == ["a", "d"]
    model.close()


async def test_generations_and_calls_take_turns_as_they_came(talker: Talker) -> None:
    model = _replica()
    tasks = [asyncio.create_task(_texts(model, "a"))]
    await _until(lambda: talker.log == ["a"])
    for number, work in enumerate([("x",), "b", ("y",), ("z",)]):
        job = _texts(model, work) if isinstance(work, str) else model.infer([(work, {})])
        tasks.append(asyncio.create_task(job))  # type: ignore[arg-type]
        await _until(lambda count=number + 1: model._batcher.stats()["waiting"] == count)  # type: ignore[misc]
    talker.turns.release(6)
    await asyncio.gather(*tasks)
    assert talker.log == ["a", ["x"], "b", ["y", "z"]]
    model.close()


async def test_generation_that_waits_too_long_never_reaches_the_engine(talker: Talker) -> None:
    model = _replica()
    first = asyncio.create_task(_texts(model, "a"))
    await _until(lambda: talker.log == ["a"])
    late = model.generate({"name": "late"}, patience=0.0)
    waiting = asyncio.create_task(anext(late))
    await _until(lambda: model._batcher.stats()["waiting"] == 1)
    talker.turns.release(3)
    with pytest.raises(ModelError) as caught:
        await waiting
    assert caught.value.code == "NOODLE-E0609"
    await first
    assert talker.log == ["a"]
    model.close()


async def test_engine_that_breaks_is_an_error_and_the_next_generation_runs(talker: Talker) -> None:
    model = _replica()
    talker.turns.release(4)
    with pytest.raises(ModelError) as caught:
        await _texts(model, "broken")
    assert caught.value.code == "NOODLE-E0605"
    assert await _texts(model, "b") == "012"
    model.close()


async def test_model_that_does_not_generate_says_so(talker: Talker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Talker, "generate")
    model = _replica()
    with pytest.raises(ModelError, match="does not generate") as caught:
        await anext(model.generate({"name": "a"}))
    assert caught.value.code == "NOODLE-E0603"
    model.close()


def test_closing_fails_what_waits(talker: Talker) -> None:
    batcher = Batcher(talker)
    running = batcher.stream({"name": "a"}, lambda chunk: False)
    while talker.log != ["a"]:
        threading.Event().wait(0.005)
    waiting: Future[None] = batcher.stream({"name": "b"}, lambda chunk: False)
    closing = threading.Thread(target=batcher.close)
    closing.start()
    with pytest.raises(ModelError, match="was closed"):
        waiting.result(timeout=30)
    talker.turns.release(3)
    assert running.result(timeout=30) is None
    closing.join(30)
