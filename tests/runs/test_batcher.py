"""Batching: what leaves together, what is refused, and what a failing model does to others."""

import asyncio
import time
import weakref
from contextvars import ContextVar

import pytest

from noodle_ray.core.runs.batcher import Answered, Call, EffectBatcher, Reply, Shape
from noodle_ray.core.runs.lengths import SHORT_TOKENS, TOKEN
from noodle_ray.core.runs.terms import ORDINARY, Terms, under
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
    (label,) = {reply.batch for reply in replies}
    assert label is not None
    assert label.size == 5
    other = await EffectBatcher(host).submit("m", call(5))
    assert other.batch is not None
    assert abs(other.batch.id - label.id) > 1  # as of another process, whose batches would have the same numbers
    assert max(label.id, other.batch.id) < 1 << 53  # what JavaScript reads of a number


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


class Slots:
    """A model that generates: each call is answered when the test says so, and may be stopped."""

    def __init__(self, under_way: int) -> None:
        self._under_way = under_way
        self.running: dict[object, asyncio.Event] = {}
        self.asked: list[tuple[object, Terms]] = []
        self.stopped: list[object] = []

    def shape(self, model: str) -> Shape:
        return Shape(1, self._under_way)

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        ((value,), _), (mine,) = calls[0], terms
        assert len(calls) == 1
        self.asked.append((value, mine))
        self.running[value] = asyncio.Event()
        try:
            await self.running[value].wait()
        except asyncio.CancelledError:
            self.stopped.append(value)
            raise
        finally:
            del self.running[value]
        return [Answered(True, value, {"queued": 0.5, "usage": {"prompt_tokens": 3, "completion_tokens": 4}})]

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        raise AssertionError("not reached")


class Counts:
    """A watcher that writes down."""

    def __init__(self) -> None:
        self.answers: list[object] = []
        self.drops: list[str] = []

    def on_answer(self, model: str, told: object) -> None:
        self.answers.append(told)

    def on_drop(self, model: str, reason: str) -> None:
        self.drops.append(reason)


async def _turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_generations_go_out_singly_and_none_waits_for_another() -> None:
    host = Slots(under_way=3)
    batcher = EffectBatcher(host)
    batcher.watcher = counts = Counts()
    futures = [batcher.submit("m", call(value)) for value in range(5)]
    await _turns()
    assert list(host.running) == [0, 1, 2]
    host.running[1].set()
    assert (await futures[1]).value == 1  # its answer is there, though those before it go on
    await _turns()
    assert list(host.running) == [0, 2, 3]  # and the slot is full again
    assert counts.answers == [{"queued": 0.5, "usage": {"prompt_tokens": 3, "completion_tokens": 4}}]
    for future in futures:
        future.cancel()
    await _turns()
    assert sorted(host.stopped) == [0, 2, 3]
    assert counts.drops == ["cancelled"]
    assert batcher.waiting() == {}


async def test_generation_is_stopped_when_nobody_waits_for_it() -> None:
    host = Slots(under_way=1)
    batcher = EffectBatcher(host)
    first, second, third = (batcher.submit("m", call(value)) for value in "abc")
    await _turns()
    second.cancel()
    first.cancel()
    await _turns()
    assert (host.stopped, list(host.running)) == (["a"], ["c"])
    host.running["c"].set()
    assert (await third).value == "c"


async def test_call_cancelled_before_its_batch_takes_a_step_leaves_no_hole() -> None:
    host = Slots(under_way=1)
    batcher = EffectBatcher(host)
    gone = batcher.submit("m", call("gone"))
    asyncio.get_running_loop().call_soon(gone.cancel)  # after the batch was made, before it began
    await _turns()
    kept = batcher.submit("m", call("kept"))
    await _turns()
    host.running["kept"].set()
    assert (await kept).value == "kept"


async def test_batch_goes_on_while_one_of_its_callers_waits() -> None:
    host = Host()
    host.gate.clear()
    batcher = EffectBatcher(host)
    gone, kept = batcher.submit("m", call(1)), batcher.submit("m", call(2))
    await _turns()
    gone.cancel()
    await _turns()
    host.gate.set()
    assert (await kept).value == 2


async def test_call_is_answered_at_its_deadline_wherever_it_is() -> None:
    host = Slots(under_way=1)
    batcher = EffectBatcher(host)
    batcher.watcher = counts = Counts()
    soon = ORDINARY.within(0.02)
    replies = await asyncio.gather(*[batcher.submit("m", call(value), soon) for value in "ab"])
    assert [reply.value[0] for reply in replies] == ["NOODLE-E0609"] * 2  # type: ignore[index]
    await _turns()
    assert (host.stopped, counts.drops) == (["a"], ["deadline"])


async def test_urgent_calls_overtake_and_terms_are_inherited_and_passed_on() -> None:
    host = Slots(under_way=1)
    batcher = EffectBatcher(host)
    with under(Terms(2, "bulk")):
        bulk = [batcher.submit("m", call(value)) for value in range(3)]
    await _turns()
    with under(Terms(0, "person")):
        urgent = batcher.submit("m", call("urgent"))
    host.running[0].set()
    await bulk[0]
    await _turns()
    assert [(value, terms[:2]) for value, terms in host.asked] == [(0, (2, "bulk")), ("urgent", (0, "person"))]
    assert all(0 < terms.since <= time.monotonic() for _, terms in host.asked)
    for future in (*bulk, urgent):
        future.cancel()
    await _turns()


async def test_one_tenant_cannot_fill_the_queue() -> None:
    host = Slots(under_way=1)
    batcher = EffectBatcher(host, max_queue=10, max_of_tenant=2)
    batcher.watcher = counts = Counts()
    greedy = [batcher.submit("m", call(value), Terms(1, "greedy")) for value in range(3)]
    modest = batcher.submit("m", call("modest"), Terms(1, "modest"))
    assert (await greedy[2]).value[0] == "NOODLE-E0613"  # type: ignore[index]
    assert counts.drops == ["tenant"]
    await _turns()
    for value in (0, "modest"):  # in turn, though it came last
        host.running[value].set()
        await _turns()
    assert (await modest).value == "modest"
    greedy[1].cancel()
    await _turns()


async def _ask(host: Host, model: str, values: list[object]) -> list[Reply]:
    batcher = EffectBatcher(host)
    return await asyncio.gather(*[batcher.submit(model, call(value)) for value in values])


async def test_patient_calls_wait_for_room_where_others_are_refused() -> None:
    host = Host()
    host.gate.clear()
    batcher = EffectBatcher(host, max_batch=2, max_under_way=1, max_queue=6, max_of_tenant=3)
    tenants = Terms(tenant="a"), Terms(tenant="b")
    patient = [batcher.submit("m", call((who.tenant, n)), who, patient=True) for who in tenants for n in range(20)]
    await _turns()
    assert batcher.waiting() == {"m": 38}
    assert (await batcher.submit("m", call("x"), tenants[0])).value[0] == "NOODLE-E0608"  # type: ignore[index]
    for place in (3, 19):  # one in the queue, one that has no room
        patient[place].cancel()
    host.gate.set()
    replies = await asyncio.gather(*patient, return_exceptions=True)
    assert [reply.value for reply in replies if isinstance(reply, Reply)] == [
        (who.tenant, n) for who in tenants for n in range(20) if (who.tenant, n) not in (("a", 3), ("a", 19))
    ]
    taken = [tenant for batch in host.batches for tenant, _ in batch]  # type: ignore[misc]
    assert "b" in taken[:6]  # who has more to ask does not keep others out
    await _turns()
    assert batcher.waiting() == {}


async def test_patient_call_ends_at_its_deadline_though_there_was_no_room() -> None:
    host = Host()
    host.gate.clear()
    batcher = EffectBatcher(host, max_batch=1, max_under_way=1, max_queue=1)
    first = [batcher.submit("m", call(n), patient=True) for n in range(5)]
    late = batcher.submit("m", call("late"), Terms().within(0.001), patient=True)
    assert (await late).value[0] == "NOODLE-E0609"  # type: ignore[index]
    host.gate.set()
    assert [reply.value for reply in await asyncio.gather(*first)] == [0, 1, 2, 3, 4]


async def test_batcher_is_crowded_when_many_calls_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noodle_ray.core.runs.batcher.CROWD", 5)
    host = Host()
    host.gate.clear()
    batcher = EffectBatcher(host, max_batch=1, max_under_way=1)
    replies = [batcher.submit("m", call(n)) for n in range(8)]
    await _turns()
    assert batcher.crowded()
    host.gate.set()
    await asyncio.gather(*replies)
    assert not batcher.crowded()


async def test_answer_that_is_kept_holds_on_to_nothing_that_was_asked() -> None:
    class Argument: ...

    class Counting(Host):
        async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
            return [(True, len(calls)) for _ in calls]

    batcher, argument = EffectBatcher(Counting()), Argument()
    gone = weakref.ref(argument)
    kept = batcher.submit("m", call(argument))
    assert (await kept).value == 1
    del argument
    await _turns()
    assert gone() is None


class Nested:
    """A host whose call may be cancelled by the context that it was made in, as those of Serve are."""

    def __init__(self) -> None:
        self.begun: dict[str, asyncio.Future[None]] = {}

    def shape(self, model: str) -> Shape:
        return Shape()

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        raise AssertionError

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        mine = self.begun[REQUEST.get()] = asyncio.get_running_loop().create_future()
        await mine
        return [Answered(True, value) for (value,), _ in calls]


REQUEST: ContextVar[str] = ContextVar("request", default="")


async def test_batch_belongs_to_no_request_and_one_that_is_dropped_is_answered() -> None:
    host = Nested()
    batcher = EffectBatcher(host)
    futures = []
    for name in ("a", "b"):
        token = REQUEST.set(name)
        futures.append(batcher.submit("m", call(name)))
        REQUEST.reset(token)
    await _turns()
    assert list(host.begun) == [""]
    host.begun[""].cancel()
    replies = await asyncio.wait_for(asyncio.gather(*futures), 10)
    assert [reply.value[0] for reply in replies] == ["NOODLE-E0615"] * 2  # type: ignore[index]
    assert not batcher.under_way()


class Shaped(Host):
    """One that takes more calls at once while they are short."""

    under_way = 1

    def shape(self, model: str) -> Shape:
        return Shape(max_batch=4, max_under_way=self.under_way, max_short=8)

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        return [Answered(True, value) for _, value in await self.infer(model, calls)]


async def test_batch_holds_more_calls_while_they_are_short() -> None:
    host = Shaped()
    batcher = EffectBatcher(host)
    long = "x" * (SHORT_TOKENS * TOKEN // 5)  # eight of them are too much, four are not cut
    await asyncio.gather(*[batcher.submit("m", call("short")) for _ in range(18)])
    await asyncio.gather(*[batcher.submit("m", call(long)) for _ in range(6)])
    await asyncio.gather(*[batcher.submit("m", call(2 * long)) for _ in range(5)])
    assert [len(batch) for batch in host.batches] == [8, 8, 2, 4, 2, 4, 1]


async def test_short_calls_are_shared_among_those_that_are_free() -> None:
    host = Shaped()
    host.under_way = 3
    host.gate.clear()
    batcher = EffectBatcher(host)
    replies = [batcher.submit("m", call("short")) for _ in range(18)]
    await asyncio.sleep(0.01)
    assert [len(batch) for batch in host.batches] == [6, 6, 6]
    host.gate.set()
    await asyncio.gather(*replies)


async def test_calls_that_have_not_left_keep_to_a_shape_that_is_new() -> None:
    class Changing:
        now = Shape()

        def shape(self, model: str) -> Shape:
            return self.now

        def __init__(self) -> None:
            self.sizes: list[int] = []

        async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
            self.sizes.append(len(calls))
            return [Answered(True, args[0]) for args, _ in calls]

        async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
            raise AssertionError("`ask` is there")

    host = Changing()
    batcher = EffectBatcher(host)
    going = [batcher.submit("m", call(n)) for n in range(20)]
    host.now = Shape(1, 8)
    batcher.reshape()
    assert [reply.value for reply in await asyncio.gather(*going)] == list(range(20))
    assert host.sizes == [1] * 20
