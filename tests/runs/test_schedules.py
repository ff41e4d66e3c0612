"""Schedules: which times they have, what becomes of those that were missed, and that each starts one run."""

import asyncio
import hashlib
from datetime import UTC, datetime

import pytest

from noodle_ray.core.runs.schedules import Scheduler, check_schedule, next_time
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.store.errors import StoreUnavailable, UnknownProgram
from noodle_ray.core.store.records import Filter, Schedule
from noodle_ray.core.store.status import Status
from noodle_ray.errors import RequestError
from tests.runs.places import Place
from tests.runs.test_waits import Clock, node
from tests.sandbox.programs import compiled
from tests.store.memory import MemoryStore

pytestmark = pytest.mark.asyncio(loop_scope="module")


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def schedule(cron: str = "*/10 * * * *", **fields: object) -> Schedule:
    made = Schedule("t", "often", "greet", None, cron, CODEC.pack([[], {}]), True, at("2026-01-01T00:10"), 5.0)
    return made._replace(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cron", "timezone", "after", "expected"),
    [
        ("0 3 * * *", "UTC", "2026-01-01T03:00", "2026-01-02T03:00"),
        ("0 3 * * *", "Europe/Berlin", "2026-01-01T03:00", "2026-01-02T02:00"),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", "2026-03-29T01:00"),  # 02:30 does not exist that day
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", "2026-10-25T00:30"),  # there are two; the first counts
        ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", "2026-10-26T01:30"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2028-02-29T00:00"),
        ("0 9 * * MON-FRI", "UTC", "2026-01-02T09:00", "2026-01-05T09:00"),
        ("0 0 L * *", "UTC", "2026-01-05T00:00", "2026-01-31T00:00"),
    ],
)
async def test_times_are_those_of_the_zone(cron: str, timezone: str, after: str, expected: str) -> None:
    check_schedule(cron, timezone, "latest")
    assert next_time(schedule(cron, timezone=timezone), at(after)) == at(expected)


@pytest.mark.parametrize(
    ("cron", "timezone", "missed"),
    [
        ("", "UTC", "latest"),
        ("* * * *", "UTC", "latest"),
        ("* * * * * *", "UTC", "latest"),
        ("@daily", "UTC", "latest"),
        ("61 * * * *", "UTC", "latest"),
        ("0 0 30 2 *", "UTC", "latest"),
        ("* * * * " + "1" * 1000, "UTC", "latest"),
        ("\0 * * * *", "UTC", "latest"),
        ("١ * * * *", "UTC", "latest"),
        ("* * * * *", "Mars/Base", "latest"),
        ("* * * * *", "../../etc/passwd", "latest"),
        ("* * * * *", "", "latest"),
        ("* * * * *", "a" * 1000, "latest"),
        ("* * * * *", "\0", "latest"),
        ("* * * * *", "UTC", "some"),
    ],
)
async def test_what_is_no_schedule_is_refused(cron: str, timezone: str, missed: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_schedule(cron, timezone, missed)
    assert caught.value.code == "NOODLE-E0737"


@pytest.mark.parametrize(
    ("missed", "started"),
    [
        ("latest", ["00:10", "00:40"]),
        ("all", ["00:10", "00:20", "00:30", "00:40"]),
        ("none", ["00:10"]),
    ],
)
async def test_times_that_nobody_was_there_for_are_treated_as_the_policy_says(missed: str, started: list[str]) -> None:
    store, runs = MemoryStore(), []
    await store.put_schedule(schedule(missed=missed))

    async def start(which: Schedule, key: str) -> str:
        runs.append(key)
        return f"run {len(runs)}"

    scheduler = Scheduler(store, start)
    told = []
    for now in ("00:09", "00:10", "00:10", *["00:45"] * 6):
        if await scheduler.look(at(f"2026-01-01T{now}")) and len(told) < len(runs):
            told.append(datetime.fromtimestamp(store.schedules["t", "often"].last_at or 0, UTC).strftime("%H:%M"))
    assert told == started
    assert len(set(runs)) == len(runs)
    moved = store.schedules["t", "often"]
    assert moved.next_at == at("2026-01-01T00:50")
    assert moved.last_run == f"run {len(runs)}"


async def test_schedule_that_slept_for_years_goes_on() -> None:
    store = MemoryStore()
    await store.put_schedule(schedule("* * * * *"))

    async def start(which: Schedule, key: str) -> str:
        return "run"

    assert await Scheduler(store, start).look(at("2036-01-01T00:00:30")) == 1
    assert store.schedules["t", "often"].next_at == at("2036-01-01T00:01")


async def test_schedule_of_a_zone_that_only_another_node_knows_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    await store.put_schedule(schedule()._replace(name="far", timezone="Mars/Base"))
    await store.put_schedule(schedule())

    async def start(which: Schedule, key: str) -> str:
        return "run"

    scheduler = Scheduler(store, start)
    for minute, moved in ((10, 1), (20, 1)):
        assert await scheduler.look(at(f"2026-01-01T00:{minute}")) == moved
    assert store.schedules["t", "far"].last_run is None
    assert caplog.text.count("'far' cannot be followed here") == 1


@pytest.mark.parametrize("error", [UnknownProgram("greet"), StoreUnavailable("gone")])
async def test_start_that_fails_is_told_and_one_that_could_not_be_tried_is_tried_again(error: Exception) -> None:
    store = MemoryStore()
    await store.put_schedule(schedule())
    failures = [error]

    async def start(which: Schedule, key: str) -> str:
        if failures:
            raise failures.pop()
        return "run"

    scheduler = Scheduler(store, start)
    passing = isinstance(error, StoreUnavailable)
    if passing:
        with pytest.raises(StoreUnavailable):
            await scheduler.look(at("2026-01-01T00:10"))
        assert await scheduler.look(at("2026-01-01T00:10")) == 1
    else:
        assert await scheduler.look(at("2026-01-01T00:10")) == 1
    moved = store.schedules["t", "often"]
    assert (moved.last_run, moved.last_error) == (
        ("run", None) if passing else (None, "there is no program 'greet' [NOODLE-E0733]")
    )
    assert moved.next_at == at("2026-01-01T00:20")


@pytest.mark.parametrize("broken", [{"timezone": "Mars/Base"}, {"cron": "no cron"}])
async def test_schedule_that_this_machine_cannot_read_holds_up_no_other(broken: dict[str, object]) -> None:
    store, runs = MemoryStore(), []
    await store.put_schedule(schedule(name="a", next_at=at("2026-01-01T00:00"), **broken))
    await store.put_schedule(schedule())

    async def start(which: Schedule, key: str) -> str:
        runs.append(which.name)
        return "run"

    assert await Scheduler(store, start).look(at("2026-01-01T00:10")) == 1
    assert runs == ["often"]
    assert store.schedules["t", "a"].next_at == at("2026-01-01T00:00")  # another machine may know


async def test_each_time_starts_one_run_however_many_nodes_there_are(place: Place) -> None:
    nbc = compiled("def main(name):\n    return 'hello ' + name")
    await place.store.publish("t", "greet", hashlib.sha256(nbc).hexdigest(), nbc, 1.0)
    clocks = [Clock() for _ in range(3)]
    nodes = [node(place, clock) for clock in clocks]
    begin = (clocks[0]() // 60 + 2) * 60
    await place.store.put_schedule(
        schedule(
            "* * * * *", next_at=begin, arguments=CODEC.pack([["Ann"], {}]), program="greet@1", limits={"fuel": 999}
        )
    )
    for each in nodes:
        each.start()

    async def moved_on(beyond: float) -> Schedule:
        async with asyncio.timeout(20):
            while (found := (await place.store.schedules("t"))[0]).next_at is None or found.next_at <= beyond:
                await asyncio.sleep(0.005)
            return found

    for minute in range(3):
        for number, clock in enumerate(clocks):
            clock.ahead += begin + minute * 60 + number / 2 - clock()
        last = await moved_on(begin + minute * 60)
        assert last.last_at == begin + minute * 60
    for run in await place.store.page(Filter("t")):
        await nodes[0].wait(run.id, 20)
    for each in nodes:
        await each.stop()
    found = await place.store.page(Filter("t"))
    assert [(run.status, run.program, run.version) for run in found] == [(Status.SUCCEEDED, "greet", 1)] * 3
    assert all(run.limits["fuel"] == 999 for run in found)
    assert found[0].id == last.last_run
    assert [CODEC.unpack((await place.store.get(run.id)).result or b"") for run in found] == [["hello Ann", ""]] * 3
