"""What durable runs need of a store, held to by SQLite, PostgreSQL and the store of the simulator alike."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from noodle_ray.core.store.errors import Conflict, LeaseLost, UnknownRun, WrongStatus
from noodle_ray.core.store.records import STRIDE, Ending, Entry, Filter, Lease, NewRun, Run, Signal, run_id
from noodle_ray.core.store.signals import MAX_SIGNALS, MAX_VALUE
from noodle_ray.core.store.status import CANCEL, COMMANDS, PAUSE, RESUME, RETRY, WAKE, Status
from noodle_ray.core.store.store import Store
from noodle_ray.errors import RequestError
from tests.store.memory import MemoryStore

NBC = b"\0module\xff"
Any_ = Store | MemoryStore


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any_]:
    if request.param == "memory":
        yield MemoryStore()
        return
    url = f"sqlite:///{tmp_path}/noodle.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").fresh()
    async with Store(url, str(tmp_path / "objects"), inline=100) as opened:
        yield opened


def new(number: int = 0, **fields: Any) -> NewRun:
    digest = hashlib.sha256(NBC).hexdigest()
    made = NewRun(run_id(1000.0 + number, bytes([number])), "t", digest, NBC, b"args", {"fuel": 5}, 7, 1000.0 + number)
    return made._replace(**fields)


def entry(key: str, position: int, value: bytes = b"v", **fields: Any) -> Entry:
    return Entry(key, position, "m", b"c" * 32, "m('x')", True, value, 1001.0)._replace(**fields)


async def owned(store: Any_, run: NewRun | None = None) -> tuple[Run, Lease]:
    stored, _ = await store.submit(run or new(), owner="a", until=1010.0)
    return stored, Lease(stored.id, "a", stored.epoch)


def done(**fields: Any) -> Ending:
    return Ending(Status.SUCCEEDED, 1005.0, b"result", None, {"fuel": 3, "model_calls": 1})._replace(**fields)


async def test_run_that_was_submitted_is_there_with_all_its_fields(store: Any_) -> None:
    asked = new(entry="f", tier="python", deadline=2000.0, idempotency="k", fingerprint="x", parent="p", fork_key="/1")
    stored, created = await store.submit(asked)
    assert created
    assert stored.status is Status.QUEUED
    for name in set(NewRun._fields) - {"nbc"}:
        assert getattr(stored, name) == getattr(asked, name), name
    assert await store.get(asked.id) == stored
    assert await store.module(asked.digest) == NBC
    assert await store.module("0" * 64) is None


async def test_idempotency_key_gives_the_same_run_and_another_request_is_a_conflict(store: Any_) -> None:
    first, _ = await store.submit(new(0, idempotency="k", fingerprint="x"))
    again, created = await store.submit(new(1, idempotency="k", fingerprint="x"))
    assert (again.id, created) == (first.id, False)
    with pytest.raises(Conflict) as caught:
        await store.submit(new(2, idempotency="k", fingerprint="y"))
    assert caught.value.code == "NOODLE-E0730"
    _, created = await store.submit(new(3, idempotency="k", fingerprint="y", tenant="other"))
    assert created
    assert (await store.submit(new(4)))[1]
    assert (await store.submit(new(5)))[1]


async def test_submission_that_is_sent_twice_is_one_run(store: Any_) -> None:
    first = await store.submit(new())
    assert await store.submit(new()) == first
    assert len(await store.events(new().id)) == 1


async def test_submissions_that_come_together_are_stored_or_refused_each_by_itself(store: Any_) -> None:
    await store.submit(new(0, idempotency="k", fingerprint="x"))
    asked = [new(1), new(1), new(2, idempotency="k", fingerprint="y"), new(3), new(4, idempotency="k", fingerprint="x")]
    answers = await asyncio.gather(*[store.submit(each) for each in asked], return_exceptions=True)
    kinds = [type(each) if isinstance(each, Exception) else (each[0].created, each[1]) for each in answers]
    assert kinds == [(1001.0, True), (1001.0, True), Conflict, (1003.0, True), (1000.0, False)]
    assert len(await store.events(new(1).id)) == 1


async def test_key_that_many_use_at_once_starts_one_run(store: Any_) -> None:
    answers = await asyncio.gather(*[store.submit(new(i, idempotency="k", fingerprint="x")) for i in range(20)])
    assert len({run.id for run, _ in answers}) == 1
    assert sum(created for _, created in answers) == 1


async def test_claim_takes_what_is_due_the_longest_waiting_first_and_raises_the_epoch(store: Any_) -> None:
    for number in range(4):
        await store.submit(new(number))
    first = await store.claim("a", 1002.5, 1010.0, 2)
    assert [run.created for run in sorted(first)] == [1000.0, 1001.0]
    assert {(run.status, run.owner, run.epoch, run.attempt) for run in first} == {(Status.RUNNING, "a", 1, 1)}
    assert [run.created for run in await store.claim("b", 1002.5, 1010.0, 10)] == [1002.0]
    assert await store.claim("c", 1002.5, 1010.0, 10) == []


async def test_claim_by_many_at_once_gives_each_run_to_one(store: Any_) -> None:
    await asyncio.gather(*[store.submit(new(number)) for number in range(30)])
    claims = await asyncio.gather(*[store.claim(f"n{i}", 2000.0, 2010.0, 5) for i in range(10)])
    ids = [run.id for claimed in claims for run in claimed]
    assert len(ids) == len(set(ids)) == 30


async def test_run_whose_lease_ran_out_is_claimed_and_its_old_owner_is_fenced(store: Any_) -> None:
    run, old = await owned(store)
    await store.append(old, [entry("/1", STRIDE + 1)])
    assert await store.claim("b", 1009.0, 1020.0, 10) == []
    assert await store.renew([old], 1015.0) == []
    assert await store.claim("b", 1014.0, 1030.0, 10) == []
    (taken,) = await store.claim("b", 1015.0, 1030.0, 10)
    assert (taken.id, taken.epoch, taken.attempt) == (run.id, 2, 2)
    with pytest.raises(LeaseLost):
        await store.append(old, [entry("/2", STRIDE + 2)])
    with pytest.raises(LeaseLost):
        await store.finish(old, done())
    assert await store.renew([old, Lease(run.id, "b", 2)], 1040.0) == [run.id]
    assert [one.key for one in await store.journal(run.id)] == ["/1"]
    await store.finish(Lease(run.id, "b", 2), done())
    assert (await store.get(run.id)).status is Status.SUCCEEDED


async def test_another_node_with_the_right_epoch_is_fenced_too(store: Any_) -> None:
    run, _ = await owned(store)
    with pytest.raises(LeaseLost):
        await store.append(Lease(run.id, "b", 1), [entry("/1", STRIDE + 1)])
    with pytest.raises(LeaseLost):
        await store.append(Lease("0" * 32, "a", 1), [entry("/1", STRIDE + 1)])


async def test_journal_gives_back_what_was_appended_large_values_too(store: Any_) -> None:
    run, lease = await owned(store)
    large = bytes(range(256)) * 40
    entries = [
        entry("/2", STRIDE + 1, b"", ok=False),
        entry("/1.0/1", STRIDE + 2, large, model="modèle", asked="m('\U0001f600')"),
    ]
    await store.append(lease, entries, b"readings")
    await store.append(lease, [entry("/3", STRIDE + 3)])
    assert await store.journal(run.id) == [*entries, entry("/3", STRIDE + 3)]
    assert await store.readings(run.id) == [(STRIDE + 1, b"readings")]


async def test_answer_in_the_journal_is_never_replaced_unless_it_is_inherited(store: Any_) -> None:
    run, lease = await owned(store)
    await store.append(lease, [entry("/1", STRIDE + 1, b"first")])
    await store.append(lease, [entry("/1", STRIDE + 1, b"first")])  # sent again after a lost answer
    assert [one.value for one in await store.journal(run.id)] == [b"first"]
    inherited = [entry("/1", 1, b"old", inherited=True), entry("/2", 2, b"old", inherited=True)]
    fork, _ = await store.fork(new(1, parent=run.id, fork_key="/1"), inherited, [(1, b"r")], owner="a", until=1010.0)
    assert await store.journal(fork.id) == inherited
    assert await store.readings(fork.id) == [(1, b"r")]
    await store.append(Lease(fork.id, "a", 1), [entry("/2", STRIDE + 1, b"new")])
    assert [(one.key, one.value) for one in await store.journal(fork.id)] == [("/1", b"old"), ("/2", b"new")]


async def test_answers_that_come_twice_at_once_are_kept_once(store: Any_) -> None:
    _, lease = await owned(store)
    many = [
        [entry("/1", STRIDE + 1, b"first"), entry("/2", STRIDE + 2)],
        [entry("/1", STRIDE + 3), entry("/3", STRIDE + 4)],
    ]
    await asyncio.gather(*[store.append(lease, each) for each in many])
    kept = {one.key: one.value for one in await store.journal(lease.run)}
    assert kept == {"/1": b"first", "/2": b"v", "/3": b"v"}


async def test_fenced_append_writes_nothing_beside_one_of_the_owner(store: Any_) -> None:
    _, lease = await owned(store)
    old = lease._replace(epoch=lease.epoch - 1)
    answers = await asyncio.gather(
        *[store.append(each, [entry(f"/{each.epoch}", each.epoch * STRIDE + 1)]) for each in (old, lease, old)],
        return_exceptions=True,
    )
    assert [isinstance(answer, LeaseLost) for answer in answers] == [True, False, True]
    assert [one.key for one in await store.journal(lease.run)] == [f"/{lease.epoch}"]


async def test_appends_of_many_runs_at_once_reject_only_those_that_are_not_owned(store: Any_) -> None:
    leases = [(await owned(store, new(number)))[1] for number in range(12)]
    for lease in leases[::3]:
        await store.command(lease.run, CANCEL, 1002.0)
    answers = await asyncio.gather(
        *[store.append(lease, [entry("/1", STRIDE + 1)]) for lease in leases], return_exceptions=True
    )
    assert [isinstance(answer, LeaseLost) for answer in answers] == [number % 3 == 0 for number in range(12)]
    for number, lease in enumerate(leases):
        assert len(await store.journal(lease.run)) == (number % 3 != 0)


async def test_finished_run_has_its_outcome_and_finishing_twice_does_no_harm(store: Any_) -> None:
    run, lease = await owned(store)
    large = b"r" * 5000
    ending = done(status=Status.FAILED, result=large, error={"code": "NOODLE-E0501", "message": "\0\ud800"})
    await store.finish(lease, ending)
    await store.finish(lease, ending)
    stored = await store.get(run.id)
    assert (stored.status, stored.result, stored.error, stored.usage) == (
        Status.FAILED, large, ending.error, ending.usage,
    )  # fmt: skip
    assert (stored.due, stored.owner, stored.updated) == (None, None, 1005.0)
    with pytest.raises(LeaseLost):
        await store.append(lease, [entry("/1", STRIDE + 2)])
    assert [event.type for event in await store.events(run.id)] == ["running", "failed"]


async def test_run_that_is_given_back_is_claimed_when_it_is_due(store: Any_) -> None:
    run, lease = await owned(store)
    back = Ending(Status.QUEUED, 1001.0, due=1003.0, failed=True)
    await store.finish(lease, back)
    assert await store.claim("b", 1002.0, 1010.0, 1) == []
    (again,) = await store.claim("b", 1003.0, 1010.0, 1)
    assert (again.id, again.failures, again.attempt, again.epoch) == (run.id, 1, 2, 2)
    await store.finish(Lease(run.id, "b", 2), Ending(Status.QUEUED, 1004.0, due=1004.0))
    (unharmed,) = await store.claim("b", 1004.0, 1010.0, 1)
    assert (unharmed.failures, unharmed.attempt, unharmed.epoch) == (1, 2, 3)


async def test_parked_run_wakes_by_time_or_signal(store: Any_) -> None:
    for number, due in enumerate([1050.0, None]):
        _, lease = await owned(store, new(number))
        await store.finish(lease, Ending(Status.WAITING, 1001.0, due=due, waits={"until": due, "signals": ["go"]}))
    assert (await store.get(new(1).id)).waits == {"until": None, "signals": ["go"]}
    assert [run.created for run in await store.claim("b", 1051.0, 1060.0, 9)] == [1000.0]
    assert await store.signal(Signal(new(1).id, "s0", "other", b"yes", 1051.0), 1051.0)
    assert await store.claim("b", 1051.5, 1070.0, 9) == []
    signal = Signal(new(1).id, "s1", "go", b"yes", 1052.0)
    assert await store.signal(signal, 1052.0)
    assert not await store.signal(signal, 1052.0)
    assert (await store.signals(new(1).id))[1:] == [signal]
    assert [run.created for run in await store.claim("b", 1052.0, 1070.0, 9)] == [1001.0]
    with pytest.raises(UnknownRun):
        await store.signal(signal._replace(run="0" * 32), 1052.0)


async def test_signal_that_came_before_the_wait_is_kept_and_taken_once(store: Any_) -> None:
    _, lease = await owned(store, new(0))
    for number in range(2):
        await store.signal(Signal(lease.run, f"s{number}", "go", bytes([number]), 1001.0 + number), 1002.0)
    assert [signal.id for signal in await store.untaken([lease.run])] == ["s0", "s1"]
    await store.append(lease, [entry("/1", STRIDE + 1, b"a")], None, [("s0", "/1")])
    await store.append(lease, [entry("/2", STRIDE + 2, b"b")], None, [("s0", "/2")])
    assert [(signal.id, signal.taken) for signal in await store.signals(lease.run)] == [("s0", "/1"), ("s1", None)]
    await store.finish(lease, Ending(Status.WAITING, 1003.0, due=2000.0, waits={"signals": ["go"]}))
    assert (await store.get(lease.run)).due == 1003.0  # one is there, and so the wait is over
    [run] = await store.claim("b", 1004.0, 1010.0, 9)
    assert (run.status, run.waits, run.attempt) == (Status.RUNNING, None, 1)


async def test_signals_are_refused_when_the_run_has_ended_or_has_too_many(store: Any_) -> None:
    _, lease = await owned(store, new(0))
    sent = Signal(lease.run, "s", "go", b"1", 1001.0)
    assert await store.signal(sent, 1001.0)
    with pytest.raises(Conflict):
        await store.signal(sent._replace(value=b"2"), 1001.0)
    with pytest.raises(RequestError) as caught:
        await store.signal(sent._replace(id="large", value=b"x" * (MAX_VALUE + 1)), 1001.0)
    assert caught.value.code == "NOODLE-E0736"
    for number in range(MAX_SIGNALS - 1):
        await store.signal(sent._replace(id=str(number)), 1001.0)
    with pytest.raises(RequestError) as caught:
        await store.signal(sent._replace(id="more"), 1001.0)
    assert caught.value.code == "NOODLE-E0735"
    await store.finish(lease, Ending(Status.SUCCEEDED, 1002.0))
    assert not await store.signal(sent, 1003.0)  # it is there
    with pytest.raises(WrongStatus):
        await store.signal(sent._replace(id="late"), 1003.0)
    with pytest.raises(UnknownRun):
        await store.signal(sent._replace(run="0" * 32), 1003.0)


async def test_caller_wakes_when_its_run_ends_and_takes_it_along_when_it_is_cancelled(store: Any_) -> None:
    _, caller = await owned(store, new(0))
    _, first = await owned(store, new(1, caller=caller.run, idempotency="k"))
    _, second = await owned(store, new(2, caller=caller.run))
    await store.finish(caller, Ending(Status.WAITING, 1001.0, waits={"runs": [first.run]}))
    assert (await store.get(caller.run)).due is None
    await store.finish(first, Ending(Status.SUCCEEDED, 1002.0))
    assert [run.id for run in await store.ended([first.run, second.run])] == [first.run]
    assert await store.lineage(caller.run, "k", 8) == (first.run, 0, 2)
    assert await store.lineage(second.run, "k", 8) == (None, 1, 0)
    [woken] = await store.claim("b", 1003.0, 1010.0, 9)
    assert woken.id == caller.run
    again = Lease(woken.id, "b", woken.epoch)
    await store.finish(again, Ending(Status.WAITING, 1004.0, waits={"runs": [first.run]}))
    assert (await store.get(caller.run)).due == 1004.0  # it has ended already
    await store.command(caller.run, CANCEL, 1005.0)
    assert (await store.get(second.run)).status is Status.CANCELLED
    late = new(3, caller=caller.run, idempotency="l")  # by a node that has not noticed yet
    with pytest.raises(LeaseLost):
        await store.submit(late)
    with pytest.raises(UnknownRun):
        await store.get(late.id)
    with pytest.raises(LeaseLost):
        await store.finish(second, Ending(Status.SUCCEEDED, 1006.0))
    await store.command(caller.run, RETRY, 1007.0)
    assert (await store.get(second.run)).status is Status.QUEUED
    assert (await store.get(first.run)).status is Status.SUCCEEDED


async def bring(store: Any_, number: int, status: Status) -> Run:
    """A run in this status."""
    run, lease = await owned(store, new(number))
    if status is Status.QUEUED:
        await store.finish(lease, Ending(status, 1001.0, due=1001.0))
    elif status in (Status.WAITING, Status.SUCCEEDED, Status.FAILED):
        await store.finish(lease, done(status=status))
    elif status in (Status.PAUSED, Status.CANCELLED):
        await store.command(run.id, PAUSE if status is Status.PAUSED else CANCEL, 1001.0)
    found = await store.get(run.id)
    assert found.status is status
    return found


async def test_commands_follow_the_status_machine(store: Any_) -> None:
    cases = [(status, wanted) for status in Status for wanted in COMMANDS]
    for number, (status, wanted) in enumerate(cases):
        before = await bring(store, number, status)
        if status in wanted.sources:
            after = await store.command(before.id, wanted, 1003.0)
            assert (after.status, after.epoch, after.owner) == (wanted.target, before.epoch + 1, None)
            assert after.due == (1003.0 if wanted.target is Status.QUEUED else None)
            assert (await store.events(before.id))[-1].type == wanted.target
        elif status is wanted.target:
            assert await store.command(before.id, wanted, 1003.0) == before
        else:
            with pytest.raises(WrongStatus) as caught:
                await store.command(before.id, wanted, 1003.0)
            assert caught.value.code == "NOODLE-E0732"
            assert await store.get(before.id) == before


@pytest.mark.parametrize("wanted", [CANCEL, PAUSE])
async def test_command_fences_the_owner(store: Any_, wanted: Any) -> None:
    run, lease = await owned(store)
    await store.command(run.id, wanted, 1001.0)
    with pytest.raises(LeaseLost):
        await store.append(lease, [entry("/1", STRIDE + 1)])
    with pytest.raises(LeaseLost):
        await store.finish(lease, done())
    assert await store.renew([lease], 2000.0) == [run.id]


async def test_retry_drops_failed_answers_and_keeps_the_others_as_inherited(store: Any_) -> None:
    run, lease = await owned(store)
    await store.append(lease, [entry("/1", STRIDE + 1), entry("/2", STRIDE + 2, ok=False)], b"readings")
    await store.finish(lease, done(status=Status.FAILED, error={"code": "NOODLE-E0501"}))
    again = await store.command(run.id, RETRY, 1006.0, {"fuel": 9})
    assert (again.status, again.limits, again.error, again.result) == (Status.QUEUED, {"fuel": 9}, None, None)
    assert await store.journal(run.id) == [entry("/1", STRIDE + 1, inherited=True)]
    assert await store.readings(run.id) == [(STRIDE + 1, b"readings")]


async def test_readings_of_a_whole_attempt_take_the_place_of_those_before(store: Any_) -> None:
    run, lease = await owned(store)
    await store.append(lease, [entry("/1", STRIDE + 1)], b"some")
    await store.finish(lease, done(status=Status.FAILED, readings=b"all"))
    assert await store.readings(run.id) == [(2 * STRIDE - 1, b"all")]


async def test_events_are_resumable_from_any_position(store: Any_) -> None:
    run, lease = await owned(store)
    await store.append(lease, [entry("/1", STRIDE + 1), entry("/2", STRIDE + 2)])
    await store.command(run.id, PAUSE, 1002.0)
    await store.command(run.id, RESUME, 1003.0)
    (claimed,) = await store.claim("b", 1004.0, 1010.0, 1)
    await store.finish(Lease(run.id, "b", claimed.epoch), done())
    whole = await store.events(run.id)
    assert [event.type for event in whole] == [
        "running", "effect", "effect", "paused", "queued", "running", "succeeded",
    ]  # fmt: skip
    assert [event.position for event in whole] == sorted({event.position for event in whole})
    for number, event in enumerate(whole):
        assert await store.events(run.id, after=event.position) == whole[number + 1 :]
        assert await store.events(run.id, after=event.position, limit=2) == whole[number + 1 : number + 3]


async def test_pages_have_every_run_once_whatever_comes_meanwhile(store: Any_) -> None:
    for number in range(7):
        await store.submit(new(number))
    seen: list[float] = []
    before = None
    while page := await store.page(Filter("t"), before=before, limit=3):
        seen += [run.created for run in page]
        before = page[-1].id
        await store.submit(new(50 + len(seen)))
    assert seen == [1006.0, 1005.0, 1004.0, 1003.0, 1002.0, 1001.0, 1000.0]


async def test_pages_are_filtered(store: Any_) -> None:
    await store.submit(new(0, program="p", version=1))
    await store.submit(new(1, tenant="u"))
    await store.submit(new(2, parent=new(0).id), owner="a", until=1010.0)

    async def found(**wanted: Any) -> list[float]:
        return [run.created for run in await store.page(Filter(**wanted))]

    assert await found() == [1002.0, 1001.0, 1000.0]
    assert await found(tenant="t") == [1002.0, 1000.0]
    assert await found(status=Status.RUNNING) == [1002.0]
    assert await found(program="p") == [1000.0]
    assert await found(program="p", version=1) == [1000.0]
    assert await found(program="p", version=2) == []
    assert await found(from_id=new(1).id) == [1002.0, 1001.0]
    assert await found(parent=new(0).id) == [1002.0]
    assert await found(created_from=1001.0, created_before=1002.0) == [1001.0]


async def test_only_a_run_that_has_ended_is_deleted_and_nothing_of_it_stays(store: Any_) -> None:
    run, lease = await owned(store)
    await store.append(lease, [entry("/1", STRIDE + 1, b"x" * 1000)], b"readings")
    with pytest.raises(WrongStatus):
        await store.delete(run.id)
    await store.finish(lease, done(result=b"y" * 1000))
    await store.delete(run.id)
    with pytest.raises(UnknownRun):
        await store.get(run.id)
    with pytest.raises(UnknownRun):
        await store.delete(run.id)
    assert await store.journal(run.id) == await store.events(run.id) == await store.readings(run.id) == []
    if isinstance(store, Store):
        assert store.objects.names() == []


async def test_waking_a_run_that_does_not_wait_is_refused(store: Any_) -> None:
    run, _ = await owned(store)
    with pytest.raises(WrongStatus):
        await store.command(run.id, WAKE, 1001.0)
    with pytest.raises(UnknownRun):
        await store.command("0" * 32, WAKE, 1001.0)
