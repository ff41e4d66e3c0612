"""Batching: what leaves together, what is refused, and what a failing model does to others."""

import asyncio

import pytest

from noodle_ray.core.runs.batcher import Call, EffectBatcher, Reply
from noodle_ray.errors import ModelError


class Host:
    """A model that answers with its argument once its gate opens, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[object]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        self.batches.append([args[0] for args, _ in calls])
        await self.gate.wait()
        if model == "broken":
            raise ValueError("engine lost")
        if model == "short":
            return []
        if model == "unknown":
            raise ModelError("no such model", code="NOODLE-E0601")
        return [(False, ("NOODLE-E0603", "no")) if args[0] == "bad" else (True, args[0]) for args, _ in calls]


def call(value: object) -> Call:
    return (value,), {}


async def test_calls_leave_together_when_they_arrive_together() -> None:
    host = Host()
    batcher = EffectBatcher(host)
    replies = await asyncio.gather(*[batcher.submit("m", call(i)) for i in range(5)])
    assert host.batches == [[0, 1, 2, 3, 4]]
    assert [reply.value for reply in replies] == [0, 1, 2, 3, 4]
    assert {reply.batch for reply in replies if reply.batch} == {(1, 5)}


async def test_calls_gather_while_batches_are_under_way() -> None:
    host = Host()
    host.gate.clear()
    batcher = EffectBatcher(host, max_under_way=1)
    first = batcher.submit("m", call("first"))
    await asyncio.sleep(0)
    rest = [batcher.submit("m", call(i)) for i in range(3)]
    host.gate.set()
    await asyncio.gather(first, *rest)
    assert host.batches == [["first"], [0, 1, 2]]


async def test_batch_is_split_when_too_many_calls_wait() -> None:
    host = Host()
    batcher = EffectBatcher(host, max_batch=4)
    await asyncio.gather(*[batcher.submit("m", call(i)) for i in range(10)])
    assert [len(batch) for batch in host.batches] == [4, 4, 2]


async def test_models_have_batches_of_their_own() -> None:
    host = Host()
    batcher = EffectBatcher(host)
    replies = await asyncio.gather(batcher.submit("a", call(1)), batcher.submit("b", call(2)))
    assert sorted(host.batches) == [[1], [2]]
    assert len({reply.batch for reply in replies}) == 2


async def test_one_bad_call_does_not_fail_its_batch() -> None:
    good, bad = await _ask(Host(), "m", ["x", "bad"])
    assert (good.ok, good.value) == (True, "x")
    assert (bad.ok, bad.value) == (False, ("NOODLE-E0603", "no"))


@pytest.mark.parametrize(
    ("model", "error", "part"),
    [
        ("broken", "NOODLE-E0605", "engine lost"),
        ("short", "NOODLE-E0605", "0 answers to 2 calls"),
        ("unknown", "NOODLE-E0601", "no such model"),
    ],
)
async def test_every_call_gets_an_error_when_the_batch_fails(model: str, error: str, part: str) -> None:
    for reply in await _ask(Host(), model, [1, 2]):
        assert not reply.ok
        code, message = reply.value  # type: ignore[misc]
        assert code == error
        assert part in message


async def test_call_is_refused_when_the_queue_is_full() -> None:
    host = Host()
    host.gate.clear()
    batcher = EffectBatcher(host, max_under_way=1, max_queue=2)
    waiting = [batcher.submit("m", call(i)) for i in range(2)]
    refused = await batcher.submit("m", call("late"))
    assert not refused.ok
    assert refused.value[0] == "NOODLE-E0608"  # type: ignore[index]
    host.gate.set()
    assert [reply.value for reply in await asyncio.gather(*waiting)] == [0, 1]


async def test_cancelled_call_is_not_sent() -> None:
    host = Host()
    host.gate.clear()
    batcher = EffectBatcher(host, max_under_way=1)
    first = batcher.submit("m", call("first"))
    await asyncio.sleep(0)
    gone, kept = batcher.submit("m", call("gone")), batcher.submit("m", call("kept"))
    gone.cancel()
    host.gate.set()
    await asyncio.gather(first, kept)
    assert host.batches == [["first"], ["kept"]]


async def test_queue_is_usable_after_it_ran_empty() -> None:
    host = Host()
    batcher = EffectBatcher(host)
    for i in range(3):
        assert (await batcher.submit("m", call(i))).value == i
    assert batcher.waiting() == {}


async def _ask(host: Host, model: str, values: list[object]) -> list[Reply]:
    batcher = EffectBatcher(host)
    return await asyncio.gather(*[batcher.submit(model, call(value)) for value in values])
