"""The store on each database: tables, programs, schedules, large payloads, upkeep, group commit, failures."""

import asyncio
import hashlib
import random
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import OperationalError

from noodle_ray.core.runs.retention import DAY, EVERY, Retention
from noodle_ray.core.store import runs
from noodle_ray.core.store.errors import LeaseLost, NeededRun, StoreUnavailable, UnknownProgram, UnknownRun
from noodle_ray.core.store.objects import Objects
from noodle_ray.core.store.records import (
    STRIDE,
    Burnt,
    Ending,
    Entry,
    Filter,
    Lease,
    Loan,
    NewRun,
    Schedule,
    Spent,
    run_id,
)
from noodle_ray.core.store.status import CANCEL, PAUSE, RESUME, RETRY, Status
from noodle_ray.core.store.store import Store
from noodle_ray.core.store.tables import METADATA
from noodle_ray.core.store.upkeep import ORPHAN_SECONDS, back_up, restore, sweep, vacuum
from noodle_ray.core.store.writer import translated
from noodle_ray.errors import PlatformError, RequestError
from tests.store.postgres import Postgres

NBC = b"module"
DIGEST = hashlib.sha256(NBC).hexdigest()
LARGE = bytes(range(256)) * 100


def new(at: float, arguments: bytes = b"") -> NewRun:
    return NewRun(run_id(at, bytes(10)), "t", DIGEST, NBC, arguments, {}, 1, at)


def answer(position: int) -> Entry:
    return Entry(f"/{position}", position, "m", b"c", "", True, b"v", 1000.0)


async def ended(store: Store, at: float, payload: bytes = b"") -> str:
    """A run that ended at this time, with payloads of this kind everywhere."""
    run, _ = await store.submit(new(at, payload), owner="a", until=at + 10)
    lease = Lease(run.id, "a", 1)
    await store.append(lease, [Entry("/1", STRIDE + 1, "m", b"c", "", True, payload, at)], payload or None)
    await store.finish(lease, Ending(Status.SUCCEEDED, at, payload, None, {"fuel": 1}))
    return run.id


async def test_migrations_make_the_tables_that_the_code_expects(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


async def test_opening_again_changes_nothing_and_several_may_open_at_once(store: Store, tmp_path: Path) -> None:
    run = await ended(store, 1000.0)
    url = store.engine.url.render_as_string(hide_password=False)
    others = [Store(url, str(tmp_path / "objects")) for _ in range(3)]
    await asyncio.gather(*[other.open() for other in others])
    for other in others:
        assert (await other.get(run)).id == run
        await other.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Store(url, str(tmp_path))
    assert caught.value.code == "NOODLE-E0820"


def test_sqlite_has_the_promised_durability(tmp_path: Path) -> None:
    async def main() -> None:
        async with Store(f"sqlite:///{tmp_path}/noodle.db", str(tmp_path / "objects")) as store:
            with store.engine.connect() as connection:
                assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
                assert connection.scalar(text("PRAGMA synchronous")) == 2
                assert connection.scalar(text("PRAGMA foreign_keys")) == 1

    asyncio.run(main())


async def test_programs_have_versions_aliases_and_statistics(store: Store) -> None:
    first = await store.publish("t", "greet", DIGEST, NBC, 1000.0, "source")
    assert (first.version, await store.publish("t", "greet", DIGEST, NBC, 1001.0)) == (1, first)
    other = hashlib.sha256(b"other").hexdigest()
    second = await store.publish("t", "greet", other, b"other", 1002.0)
    assert second.version == 2
    await store.set_alias("t", "greet", "stable", 1)
    assert [(await store.program("t", "greet", which)).version for which in ("stable", 1, 2, "latest", None)] == [
        1, 1, 2, 2, 2,
    ]  # fmt: skip
    await store.set_alias("t", "greet", "stable", 2)
    assert await store.aliases("t", "greet") == {"stable": 2}
    await store.publish("t", "zebra", DIGEST, NBC, 1003.0)
    assert [(one.name, one.version) for one in await store.programs("t")] == [("greet", 2), ("zebra", 1)]
    assert [one.name for one in await store.programs("t", after="greet")] == ["zebra"]
    assert [one.version for one in await store.versions("t", "greet")] == [2, 1]
    for number, status in enumerate((Status.SUCCEEDED, Status.FAILED)):
        made = new(1010.0 + number)._replace(program="greet", version=1)
        run, _ = await store.submit(made, owner="a", until=2000.0)
        ending = Ending(status, 1020.0, b"", None, {"fuel": 5, "model_calls": 2})
        await store.finish(Lease(run.id, "a", 1), ending)
    counted = await store.program("t", "greet", 1)
    assert (counted.runs, counted.failures, counted.fuel, counted.model_calls) == (2, 1, 10, 4)
    assert await store.drop_program("t", "greet") == 2
    for which in (None, 1, "stable"):
        with pytest.raises(UnknownProgram):
            await store.program("t", "greet", which)
    with pytest.raises(UnknownProgram):
        await store.set_alias("t", "zebra", "a", 9)


async def test_schedules_of_a_topic_are_those_of_its_tenant_that_are_on(store: Store) -> None:
    made = Schedule("t", "b", "greet", None, "", b"args", True, None, 900.0, topic="joined")
    others = made._replace(tenant="u"), made._replace(name="off", enabled=False), made._replace(name="x", topic="left")
    for each in (made, made._replace(name="a"), *others):
        await store.put_schedule(each)
    assert await store.schedules_on("t", "joined") == [made._replace(name="a"), made]
    assert await store.schedules_on("t", "joined", 1) == [made._replace(name="a")]
    assert await store.due_schedules(1e12) == []
    noted = made._replace(last_at=5.0, last_run="r", last_error="e")
    await store.note_start(noted)
    await store.note_start(noted._replace(created=1.0, last_at=9.0))  # of one that was deleted
    assert await store.schedule("t", "b") == noted


async def test_schedule_is_advanced_by_one_only(store: Store) -> None:
    schedule = Schedule("t", "nightly", "greet", None, "0 3 * * *", b"args", True, 1000.0, 900.0)
    await store.put_schedule(schedule)
    await store.put_schedule(schedule._replace(cron="0 4 * * *"))
    schedule = schedule._replace(cron="0 4 * * *")
    assert await store.due_schedules(999.0) == []
    assert await store.due_schedules(1000.0) == await store.schedules("t") == [schedule]
    assert await store.schedule("t", "nightly") == schedule
    moved = schedule._replace(next_at=2000.0, last_at=1000.0, last_run="r", last_error="e", limits={"fuel": 9})
    assert await asyncio.gather(*[store.advance(schedule, moved) for _ in range(3)]) == [True, False, False]
    assert await store.schedule("t", "nightly") == moved._replace(limits=None)
    await store.put_schedule(schedule._replace(limits={"fuel": 9}))
    assert (await store.schedules("t"))[0].limits == {"fuel": 9}
    assert await store.schedules("t", after="nightly") == await store.schedules("other") == []
    await store.put_schedule(schedule._replace(enabled=False))
    assert await store.due_schedules(5000.0) == []
    assert [await store.drop_schedule("t", "nightly") for _ in range(2)] == [True, False]


async def test_large_payloads_are_objects_and_damage_is_noticed(store: Store, tmp_path: Path) -> None:
    run = await ended(store, 1000.0, LARGE)
    name = f"{run}/{hashlib.sha256(LARGE).hexdigest()}"
    assert store.objects.names() == [name]
    stored = await store.get(run)
    assert (stored.arguments, stored.result, (await store.journal(run))[0].value) == (LARGE, LARGE, LARGE)
    path = tmp_path / "objects" / name
    path.write_bytes(LARGE[:-1])
    with pytest.raises(PlatformError) as caught:
        await store.get(run)
    path.unlink()
    with pytest.raises(PlatformError) as missing:
        await store.journal(run)
    assert caught.value.code == missing.value.code == "NOODLE-E0824"


async def test_objects_may_lie_in_any_storage_that_fsspec_knows() -> None:
    objects = Objects("memory://noodle-test", inline=10)
    assert await objects.put("r", b"short") == (b"short", None)
    inline, ref = await objects.put("r", LARGE)
    assert inline is None
    assert await objects.get(None, ref) == LARGE
    assert ref is not None
    assert await objects.get(None, await objects.copy(ref, "other")) == LARGE
    await objects.delete("r")
    assert objects.names() == [f"other/{ref.partition('/')[2]}"]
    await objects.delete("other")


async def test_sweep_deletes_what_is_old_and_unused_and_nothing_else(store: Store) -> None:
    day = ORPHAN_SECONDS
    old = await ended(store, 1000.0, LARGE)
    young = await ended(store, 1000.0 + 9 * day, LARGE)
    waiting, _ = await store.submit(new(1001.0, LARGE))
    lost, fresh = run_id(1002.0, bytes(10)), run_id(9.9 * day, bytes(10))
    for run in (lost, fresh):
        await store.objects.put(run, LARGE)
    await store.publish("t", "used", hashlib.sha256(b"used").hexdigest(), b"used", 1000.0)
    await store.publish("t", "unused", hashlib.sha256(b"unused").hexdigest(), b"unused", 1000.0)
    await store.drop_program("t", "unused")
    swept = await sweep(store, now=1000.0 + 10 * day, keep_seconds=5 * day)
    assert swept == (1, 1, 1)
    assert {name.partition("/")[0] for name in store.objects.names()} == {young, waiting.id, fresh}
    assert {run.id for run in await store.page(Filter())} == {young, waiting.id}
    assert await store.module(hashlib.sha256(b"unused").hexdigest()) is None
    assert await store.module(DIGEST) == NBC
    assert old != young


async def test_run_stays_until_the_one_that_started_it_has_ended(store: Store) -> None:
    caller, _ = await store.submit(new(1000.0), owner="a", until=1010.0)
    called, _ = await store.submit(new(1001.0)._replace(caller=caller.id), owner="a", until=1010.0)
    await store.finish(Lease(called.id, "a", 1), Ending(Status.SUCCEEDED, 1002.0))
    with pytest.raises(NeededRun):
        await store.delete(called.id)
    assert (await sweep(store, now=10.0**9, keep_seconds=1.0)).runs == 0
    assert (await store.get(called.id)).status is Status.SUCCEEDED
    await store.finish(Lease(caller.id, "a", 1), Ending(Status.SUCCEEDED, 1003.0))
    assert (await sweep(store, now=10.0**9, keep_seconds=1.0)).runs == 2


async def test_run_that_is_retried_while_old_ones_are_deleted_stays(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        pytest.skip("its writers take turns")
    old, retried = await ended(store, 1000.0), (await store.submit(new(2000.0)))[0].id
    await store.command(retried, CANCEL, 2001.0)
    with store.engine.begin() as connection:
        runs.command(connection, retried, RETRY, 3000.0, None)
        assert (await asyncio.wait_for(sweep(store, now=10.0**9, keep_seconds=1.0), 20)).runs == 1
    assert [run.id for run in await store.page(Filter())] == [retried]
    assert (await store.get(retried)).status is Status.QUEUED
    assert old != retried


async def test_one_node_at_a_time_deletes_old_runs(store: Store) -> None:
    await ended(store, 1000.0)
    fresh = await ended(store, 1000.0 + 5 * DAY)
    now = [1000.0 + 6 * DAY]
    nodes = [Retention(store, name, 3.0, lambda: now[0]) for name in "abc"]
    swept = await asyncio.gather(*[node.turn() for node in nodes])
    assert [one.runs for one in swept if one is not None] == [1]
    assert await nodes[0].turn() is await nodes[1].turn() is None
    now[0] += EVERY
    assert len([one for one in [await node.turn() for node in nodes] if one is not None]) == 1
    assert [run.id for run in await store.page(Filter())] == [fresh]


async def test_run_of_a_module_that_was_swept_away_stores_it_again(store: Store) -> None:
    await ended(store, 1000.0)
    await sweep(store, now=10 * ORPHAN_SECONDS, keep_seconds=0.0)
    assert await store.module(DIGEST) is None
    run, created = await store.submit(new(2000.0))
    assert created
    assert await store.module(run.digest) == NBC


async def test_vacuum_works_while_the_store_is_open(store: Store) -> None:
    for at in range(20):
        await ended(store, 1000.0 + at, b"x" * 4000)
    await sweep(store, now=10 * ORPHAN_SECONDS, keep_seconds=0.0)
    await ended(store, 2000.0)
    freed = await asyncio.to_thread(vacuum, store)
    assert freed > 0 or store.engine.dialect.name != "sqlite"
    assert len(await store.page(Filter())) == 1


@pytest.mark.parametrize("other", ["sqlite", "same"])
async def test_back_up_restores_everything_into_an_empty_database_of_either_kind(
    store: Store, tmp_path: Path, other: str, request: pytest.FixtureRequest
) -> None:
    run = await ended(store, 1000.0, LARGE)
    await store.submit(new(1001.0))
    await store.publish("t", "greet", DIGEST, NBC, 1000.0, "src")
    await store.set_alias("t", "greet", "stable", 1)
    file = tmp_path / "backup.zip"
    assert await asyncio.to_thread(back_up, store, file) == 2
    url = f"sqlite:///{tmp_path}/copy.db"
    if other == "same" and store.engine.dialect.name == "postgresql":
        url = request.getfixturevalue("postgres").create()
    copy = Store(url, str(tmp_path / "copied"))
    assert await asyncio.to_thread(restore, copy, file) == 2
    for found in (store, copy):
        assert [one.result for one in await found.page(Filter())] == [None, None]
    assert await copy.page(Filter()) == await store.page(Filter())
    assert await copy.get(run) == await store.get(run)
    assert await copy.journal(run) == await store.journal(run)
    assert await copy.readings(run) == await store.readings(run)
    assert await copy.events(run) == await store.events(run)
    assert await copy.program("t", "greet", "stable") == await store.program("t", "greet", "stable")
    with pytest.raises(PlatformError) as caught:
        await asyncio.to_thread(restore, copy, file)
    await copy.close()
    with pytest.raises(PlatformError) as again:
        await asyncio.to_thread(back_up, store, file)
    (tmp_path / "bad.zip").write_bytes(b"PK\3\4 no")
    empty = Store(f"sqlite:///{tmp_path}/empty.db", str(tmp_path / "none"))
    with pytest.raises(PlatformError) as bad:
        await asyncio.to_thread(restore, empty, tmp_path / "bad.zip")
    await empty.close()
    assert {error.value.code for error in (caught, again, bad)} == {"NOODLE-E0823"}
    assert not list(tmp_path.glob("*.part"))


async def test_operations_that_come_together_share_transactions_and_a_bad_one_fails_alone(store: Store) -> None:
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(connection: Connection) -> None:
        loop.call_soon_threadsafe(gate.set)
        connection.execute(text("SELECT 1"))

    def good(connection: Connection) -> int:
        return connection.scalar(text("SELECT 7"))  # type: ignore[return-value]

    def bad(connection: Connection) -> None:
        connection.execute(text("SELECT nothing FROM nowhere"))

    first = asyncio.ensure_future(store.writer.write(hold))
    await gate.wait()
    before = store.writer.groups
    many = [store.writer.write(good) for _ in range(50)]
    assert await asyncio.gather(*many) == [7] * 50
    await first
    assert store.writer.groups - before <= 3
    answers = await asyncio.gather(
        store.writer.write(good), store.writer.write(bad), store.writer.write(good), return_exceptions=True
    )
    assert (answers[0], answers[2]) == (7, 7)
    assert isinstance(answers[1], StoreUnavailable)


@pytest.mark.parametrize("bad", ["a\0b", "\ud800", "x" * 201])
async def test_names_that_cannot_be_stored_are_refused(store: Store, bad: str) -> None:
    attempts = [
        *[
            store.submit(new(1000.0)._replace(**{field: bad}))
            for field in ("tenant", "entry", "program", "idempotency")
        ],
        store.page(Filter(tenant=bad)),
        store.page(Filter(), before=bad),
        store.publish("t", bad, DIGEST, NBC, 1000.0),
        store.program("t", "greet", bad),
    ]
    for attempt in attempts:
        with pytest.raises(RequestError) as caught:
            await attempt
        assert caught.value.code == "NOODLE-E0734"
    for unknown in (store.get(bad), store.delete(bad), store.command(bad, CANCEL, 1.0), store.events(bad)):
        with pytest.raises(UnknownRun):
            await unknown
    assert await store.page(Filter()) == []


async def test_what_is_written_is_seen_by_another_connection_when_write_returns(store: Store) -> None:
    run, _ = await store.submit(new(1000.0))
    with store.engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM runs")) == run.id


async def test_closed_store_refuses_writes(database: str, tmp_path: Path) -> None:
    store = await Store(database, str(tmp_path)).open()
    await store.close()
    with pytest.raises(StoreUnavailable):
        await store.writer.write(lambda connection: None)


async def test_store_goes_on_when_postgresql_was_restarted(postgres: Postgres, tmp_path: Path) -> None:
    async with Store(postgres.create(), str(tmp_path / "objects")) as store:
        run = await ended(store, 1000.0)
        owned, _ = await store.submit(new(1002.0), owner="a", until=1010.0)
        await store.append(Lease(owned.id, "a", 1), [answer(STRIDE + 1)])
        postgres.stop(at_once=True)
        with pytest.raises(StoreUnavailable):
            await store.append(Lease(owned.id, "a", 1), [answer(STRIDE + 2)])
        with pytest.raises(StoreUnavailable):
            await store.submit(new(1001.0))
        with pytest.raises(StoreUnavailable):
            await store.get(run)
        postgres.start()
        assert (await store.get(run)).status is Status.SUCCEEDED
        assert (await store.submit(new(1001.0)))[1]
        await store.append(Lease(owned.id, "a", 1), [answer(STRIDE + 2)])
        assert [one.position for one in await store.journal(owned.id)] == [STRIDE + 1, STRIDE + 2]


async def test_store_takes_a_connection_again_that_broke_between_two_appends(
    postgres: Postgres, tmp_path: Path
) -> None:
    async with Store(postgres.create(), str(tmp_path / "objects")) as store:
        owned, _ = await store.submit(new(1002.0), owner="a", until=1010.0)
        await store.append(Lease(owned.id, "a", 1), [answer(STRIDE + 1)])
        postgres.stop(at_once=True)
        postgres.start()
        await store.append(Lease(owned.id, "a", 1), [answer(STRIDE + 2)])
        assert [one.position for one in await store.journal(owned.id)] == [STRIDE + 1, STRIDE + 2]


async def test_sqlite_file_that_another_process_left_in_the_middle_of_a_transaction_is_whole(tmp_path: Path) -> None:
    async with Store(f"sqlite:///{tmp_path}/noodle.db", str(tmp_path / "objects")) as store:
        run = await ended(store, 1000.0)
        torn = sqlite3.connect(tmp_path / "noodle.db", isolation_level=None)
        torn.execute("BEGIN IMMEDIATE")
        torn.execute("UPDATE runs SET status = 'queued'")
        torn.close()
        assert (await store.get(run)).status is Status.SUCCEEDED


def test_where_the_database_is_stays_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    told = 'connection to server at "10.1.2.3", port 5432 failed: password authentication failed for user "boss"'
    errors = [OperationalError("SELECT secret", {}, Exception(told)) for _ in range(3)]
    for error in errors:
        found = translated(error)
        assert isinstance(found, StoreUnavailable)
        assert found.message == "the database failed: OperationalError; the platform's log has more"
        assert found.__cause__ is error
    assert (caplog.text.count("10.1.2.3"), caplog.text.count("SELECT secret")) == (1, 0)


async def test_page_that_begins_after_what_no_name_is_is_refused(store: Store) -> None:
    for page in (store.programs, store.schedules):
        with pytest.raises(RequestError) as caught:
            await page("t", after="a\0")
        assert caught.value.code == "NOODLE-E0734"


async def test_fuel_is_never_lent_twice_and_sums_stay_exact(store: Store) -> None:
    """Random loans and settlements, each done once or twice, against the sums that they must give."""
    source, most, now = random.Random(7), 10_000, 1000.0
    out: dict[Loan, tuple[int, int]] = {}  # what an attempt may use in all, and what was counted before
    counted: dict[str, int] = {}
    total = number = 0
    ids = [await _claimed(store, now) for _ in range(6)]
    for _ in range(400):
        if source.random() < 0.6:
            stored = source.random() < 0.6
            run = source.choice(ids) if stored else f"{(number := number + 1):032d}"
            epoch = (await store.get(run)).epoch if stored else 0
            caller = source.choice(ids) if source.random() < 0.4 else None
            loan = Loan("t", "2026-11-30", run, epoch, None if caller == run else caller)
            if loan in out:
                continue
            wanted = source.randrange(1, 4000)
            granted = [await store.lend_fuel(loan, wanted, most, now, now + 9) for _ in range(1 + (number % 2))]
            assert granted[0] == granted[-1]
            assert 0 <= (granted[0] or 0) <= wanted
            if granted[0]:
                out[loan] = granted[0], counted.get(run, 0)
        elif out:
            loan, (lent, before) = out.popitem()
            used, over = source.randrange(lent + 1), source.random() < 0.5
            for _ in range(1 + (source.random() < 0.3)):
                await store.settle_fuel(Burnt(loan, used), over or not loan.epoch)
            total += max(used - before, 0)
            if over or not loan.epoch:
                counted.pop(loan.run, None)
            else:
                counted[loan.run] = max(used, before)
        found = await store.fuel("t", "2026-11-30", now)
        assert found.fuel == total
        assert found.fuel + found.lent <= most
    assert total > most // 2
    assert await store.fuel("other", "2026-11-30", now) == (0, 0)


async def _claimed(store: Store, now: float) -> str:
    run, _ = await store.submit(new(now), owner="a", until=now + 10)
    return run.id


async def test_attempt_that_lost_its_run_neither_borrows_nor_ends_the_loan_of_the_next(store: Store) -> None:
    run = await _claimed(store, 1000.0)
    first = Loan("t", "day", run, 1)
    assert await store.lend_fuel(first, 100, 1000, 1000.0, 1300.0) == 100
    await store.claim("b", 1020.0, 1030.0, 1)
    with pytest.raises(LeaseLost):
        await store.lend_fuel(first, 100, 1000, 1020.0, 1300.0)
    second = Loan("t", "day", run, 2)
    assert await store.lend_fuel(second, 300, 1000, 1020.0, 1300.0) == 300
    assert await store.fuel("t", "day", 1020.0) == (0, 300)
    for over in (False, True):
        await store.settle_fuel(Burnt(first, 90), over)
        assert await store.fuel("t", "day", 1020.0) == (0, 300)
    ending = Ending(Status.SUCCEEDED, 1021.0, b"", burnt=Burnt(second, 250))
    with pytest.raises(LeaseLost):
        await store.finish(Lease(run, "a", 1), ending._replace(burnt=Burnt(first, 90)))
    for _ in range(2):
        await store.finish(Lease(run, "b", 2), ending)
        assert await store.fuel("t", "day", 1021.0) == (250, 0)


async def test_attempts_of_a_run_count_once_but_those_that_its_user_stopped_count_each(store: Store) -> None:
    run = await _claimed(store, 1000.0)
    used, epoch, counted = 0, 1, 0
    for step, (status, command) in enumerate(
        ((Status.QUEUED, None), (Status.WAITING, None), (None, PAUSE), (None, CANCEL), (Status.FAILED, RETRY))
    ):
        loan = Loan("t", "day", run, epoch)
        now = 1000.0 + step
        assert await store.lend_fuel(loan, 100, 10_000, now, now + 300) == 100
        burnt = Burnt(loan, 40 + step)
        if status is not None:
            await store.finish(Lease(run, "a", epoch), Ending(status, now, due=now, burnt=burnt))
        if command is not None:
            await store.command(run, command, now)
        if status is None:  # who executed it hears of it later
            await store.settle_fuel(burnt, over=False)
            await store.command(run, RESUME if command is PAUSE else RETRY, now)
        counted += (40, 1, 1, 43, 44)[step]
        used, lent = await store.fuel("t", "day", now)
        assert (used, lent) == (counted, 0), (step, status, command)
        (claimed,) = await store.claim("a", now, now + 10, 1)
        epoch = claimed.epoch


async def test_loan_that_nobody_renews_comes_back(store: Store) -> None:
    lost, kept = Loan("t", "day", "1" * 32), Loan("t", "day", "2" * 32)
    assert await store.lend_fuel(lost, 600, 1000, 0.0, 300.0) == 600
    assert await store.lend_fuel(kept, 300, 1000, 0.0, 300.0) == 300
    await store.renew_fuel(kept, 900.0)
    late = Loan("t", "day", "3" * 32)
    assert await store.lend_fuel(late, 600, 1000, 299.0, 900.0, True) is None
    assert await store.lend_fuel(late, 600, 1000, 301.0, 900.0, True) == 600
    assert await store.fuel("t", "day", 301.0) == (0, 900)
    await store.renew_fuel(lost, 900.0)
    await store.settle_fuel(Burnt(lost, 500), True)
    assert await store.fuel("t", "day", 301.0) == (0, 900)


async def test_sums_of_a_group_are_locked_in_one_order(store: Store) -> None:
    asked: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.startswith("INSERT INTO spending"):
            many = parameters if executemany else [parameters]
            asked.extend(next(value for value in _values(each) if value in ("a", "b", "c")) for each in many)

    event.listen(store.engine, "before_cursor_execute", note)
    blocked = threading.Event()
    first = asyncio.ensure_future(store.writer.write(lambda _: blocked.wait(10)))
    while not first.done() and store.writer.groups == 0:
        await asyncio.sleep(0.001)
    amounts = Spent(tokens=1)
    loan = Loan("b", "day", "1" * 32)
    waiting = [
        asyncio.ensure_future(store.spend("c", "day", amounts)),
        asyncio.ensure_future(store.lend_fuel(loan, 5, 10, 0.0, 1.0)),
        asyncio.ensure_future(store.spend("a", "day", amounts)),
    ]
    await asyncio.sleep(0.01)
    blocked.set()
    await asyncio.gather(first, *waiting)
    assert asked[:3] == ["a", "b", "c"]


def _values(parameters: Any) -> Any:
    return parameters.values() if isinstance(parameters, dict) else parameters
