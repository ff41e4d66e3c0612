"""Calls behind handles, without a cluster: what is made again when a replica is lost, and what never is."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import ActorDiedError

from deployments import remote
from deployments.remote import Plan, RemoteModels
from noodle_ray.core.runs.batcher import Shape
from noodle_ray.core.runs.terms import ORDINARY
from noodle_ray.errors import ModelError

CALLS: Any = [(("a",), {}), (("b",), {})]
Answer = list[tuple[bool, Any, dict[str, Any]]] | Exception | None
LOST: Answer = ActorDiedError()
ORDINARILY = Plan()


class Response:
    """A call on its way; None is one that no replica takes."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.cancelled = False

    async def _fetch_future_result_async(self) -> None:
        if self._answer is None:
            await asyncio.sleep(60)

    async def __aiter__(self) -> AsyncGenerator[Any]:
        if isinstance(self._answer, Exception):
            raise self._answer
        yield self._answer

    def cancel(self) -> None:
        self.cancelled = True


class Stream:
    """A generation: chunks, and what it ends in."""

    def __init__(self, *pieces: Any) -> None:
        self._pieces = self._told(pieces)
        self.cancelled = False

    async def _told(self, pieces: tuple[Any, ...]) -> AsyncGenerator[Any]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield [piece]

    def __aiter__(self) -> Any:
        return self._pieces

    def __anext__(self) -> Any:
        return self._pieces.__anext__()

    def cancel(self) -> None:
        self.cancelled = True


class Counts:
    """Counts what is made again."""

    def __init__(self) -> None:
        self.retries: list[int] = []
        self.drops: list[str] = []

    def on_retry(self, model: str, calls: int) -> None:
        self.retries.append(calls)

    def on_drop(self, model: str, reason: str) -> None:
        self.drops.append(reason)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses."""
    monkeypatch.setattr(remote, "PAUSE", 0.0)
    monkeypatch.setattr(remote, "LOOK_AGAIN", 0.01)


def _models(responses: list[Any], plan: Plan = ORDINARILY) -> tuple[RemoteModels, list[Any], Counts]:
    """Models whose handle gives these responses in turn; those given; and what was counted."""
    given: list[Any] = []

    def asked(*args: Any) -> Any:
        given.append(responses[min(len(given), len(responses) - 1)])
        given[-1].args = args
        return given[-1]

    handle: Any = SimpleNamespace(
        _init_router_and_get_metadata=lambda: (None, None),
        answers=SimpleNamespace(remote=asked),
        generate=SimpleNamespace(remote=asked),
    )
    handle.options = lambda **options: handle
    counts: Any = Counts()
    return RemoteModels({"m": handle}, {"m": ("m", "")}, 1.0, {"m": plan}, counts), given, counts


def _good(*values: str) -> Answer:
    return [(True, value, {"queued": 0.0}) for value in values]


def _ask(models: RemoteModels) -> Any:
    return models.ask("m", CALLS, [ORDINARY] * 2)


async def test_calls_are_made_again_when_their_replica_is_lost() -> None:
    models, given, counts = _models([Response(LOST), Response(LOST), Response(_good("A", "B"))])
    assert [found.value for found in await _ask(models)] == ["A", "B"]
    assert (len(given), counts.retries) == (3, [2, 2])


async def test_only_calls_that_were_lost_are_made_again() -> None:
    half: Answer = [(True, "A", {}), (False, ("NOODLE-E0615", "gone"), {})]
    models, given, counts = _models([Response(half), Response(_good("B"))])
    assert [found.value for found in await _ask(models)] == ["A", "B"]
    assert (given[1].args[0], counts.retries) == (CALLS[1:], [1])


@pytest.mark.parametrize(("plan", "tries"), [(Plan(), remote.TRIES), (Plan(repeatable=False), 1)])
async def test_calls_are_answered_in_the_end(plan: Plan, tries: int) -> None:
    models, given, _ = _models([Response(LOST)], plan)
    assert [found.value[0] for found in await _ask(models)] == ["NOODLE-E0615"] * 2  # type: ignore[index]
    assert len(given) == tries


@pytest.mark.parametrize("repeatable", [True, False])
async def test_call_that_no_replica_takes_is_an_error_in_time(repeatable: bool) -> None:
    models, given, _ = _models([Response(None) for _ in range(99)], Plan(repeatable=repeatable, start_timeout=0.5))
    with pytest.raises(ModelError) as caught:
        await _ask(models)
    assert caught.value.code == "NOODLE-E0616"
    assert all(response.cancelled for response in given)
    assert (len(given) > 2) == repeatable


async def test_error_that_is_not_a_loss_is_passed_on() -> None:
    models, given, _ = _models([Response(ModelError("no", code="NOODLE-E0604"))])
    with pytest.raises(ModelError, match="no"):
        await _ask(models)
    assert len(given) == 1


async def test_cancelling_cancels_the_call() -> None:
    models, given, _ = _models([Response(None)])
    asking = asyncio.ensure_future(_ask(models))
    while not given:
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    assert given[0].cancelled


async def _told(models: RemoteModels, stop: Callable[[Any], bool] = lambda chunk: False) -> list[Any]:
    told = []
    generation = models.generate("m", {"prompt": "x"})
    async for chunks in generation:
        told += chunks
        if stop(chunks):
            break
    await generation.aclose()
    return told


BEGUN, TEXT = {"queued": 0.1}, {"text": "a"}


async def test_generation_begins_again_unless_some_of_it_was_told() -> None:
    models, given, counts = _models([Stream(LOST), Stream(BEGUN, LOST), Stream(BEGUN, TEXT)])
    assert [chunk for chunk in await _told(models) if chunk != BEGUN] == [TEXT]
    assert (len(given), counts.retries) == (3, [1, 1])
    models, given, _ = _models([Stream(BEGUN, TEXT, LOST)])
    with pytest.raises(ModelError) as caught:
        await _told(models)
    assert (caught.value.code, len(given)) == ("NOODLE-E0615", 1)


async def test_generation_that_never_began_is_counted_and_one_that_is_left_is_cancelled() -> None:
    models, given, counts = _models([Stream(ModelError("full", code="NOODLE-E0608"))])
    with pytest.raises(ModelError):
        await _told(models)
    assert (len(given), counts.drops) == (1, ["full"])
    models, given, _ = _models([Stream(BEGUN, TEXT, TEXT)])
    assert await _told(models, lambda chunks: TEXT in chunks) == [BEGUN, TEXT]
    assert given[0].cancelled


def test_generations_go_out_singly_as_many_as_keep_the_slots_full() -> None:
    for plan, shape in (
        (Plan(True, 8), Shape(1, 16, certain=True)),
        (Plan(), Shape(certain=True)),
        (Plan(repeatable=False), Shape()),
    ):
        models, *_ = _models([], plan)
        assert models.shape("m") == shape
    assert models.shape("nobody") == Shape()


async def test_handles_are_let_go_when_no_call_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "LEAVE_SECONDS", 0.01)
    models, given, _ = _models([Response(None)])
    asking = asyncio.ensure_future(_ask(models))
    while not given:
        await asyncio.sleep(0)
    closed: list[str] = []
    old: Any = models._handles["m"].given

    async def shut() -> None:
        closed.append("m")
        await asyncio.sleep(60)  # and does not come back

    old.shutdown_async = shut
    models.take(7, {}, {}, {})
    await models.leave()
    assert (closed, models.oldest()) == ([], 0)
    asking.cancel()
    await asyncio.wait([asking])
    await models.leave()
    assert (closed, models.oldest()) == (["m"] * 3, 7)
    await models.leave()
    assert len(closed) == 3
