"""Durable runs with real parts: programs in sandbox workers, journals in SQLite."""

import asyncio

import pytest

from noodle_ray.core.store.errors import Conflict, WrongStatus
from noodle_ray.core.store.records import Filter, Lease
from noodle_ray.core.store.status import PAUSE, Status
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import ModelError, RunError
from tests.runs.places import CLOCKS, STEPS, Place, asked, crash, journaled, result, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_run_has_the_result_and_output_of_the_program(place: Place) -> None:
    async with place.node() as runs:
        run, created = await runs.submit(asked(STEPS, 3))
        ended = await runs.wait(run.id, 20)
    assert created
    assert result(ended) == [["1", "2", "3"], "1\n2\n3\n"]
    assert ended.usage is not None
    assert ended.usage["model_calls"] == 3
    assert [entry.asked for entry in await place.store.journal(run.id)] == ["step('0')", "step('1')", "step('2')"]
    assert [event.type for event in await place.store.events(run.id)] == ["running", *["effect"] * 3, "succeeded"]


PAIRS = (
    "from noodle_ray import model\nstep = model('step')\n"
    "def main(n: int) -> list[str]:\n    first = [step(str(10 * n + k)) for k in range(2)]\n"
    "    return [*first, step(first[0])]\n"
)


async def test_journal_and_events_tell_in_which_batch_an_effect_went_to_the_model(place: Place) -> None:
    async with place.node() as runs:
        here = [(await runs.submit(asked(PAIRS, n)))[0].id for n in range(3)]
        for run in here:
            await runs.wait(run, 20)
    sizes: dict[int, int] = {}
    members: dict[int, int] = {}
    for run in here:
        entries = await place.store.journal(run)
        both, last = {entry.batch for entry in entries[:2]}, entries[2]
        assert len(both) == 1
        assert last.batch not in both
        told = [event.data for event in await place.store.events(run) if event.type == "effect"]
        assert [(one["batch"], one["batch_size"]) for one in told] == [(one.batch, one.batch_size) for one in entries]
        for entry in entries:
            sizes[entry.batch] = entry.batch_size
            members[entry.batch] = members.get(entry.batch, 0) + 1
    assert members == sizes  # all that went together is known, of other runs as well


async def test_run_of_a_node_that_is_gone_ends_elsewhere_and_asks_nothing_twice(place: Place) -> None:
    place.models.hold_after(3)
    first = place.node()
    first.start()
    run, _ = await first.submit(asked(STEPS, 6))
    await journaled(place, run.id, 3)
    await until(lambda: len(place.models.asked) == 4)
    crash(first)
    place.models.let_go()
    async with place.node() as second:
        ended = await second.wait(run.id, 20)
    assert result(ended) == [[str(n) for n in range(1, 7)], "".join(f"{n}\n" for n in range(1, 7))]
    assert place.models.asked == ["0", "1", "2", "3", "3", "4", "5"]  # what was not in the journal is asked again
    assert (ended.attempt, ended.epoch) == (2, 2)


async def test_node_that_stops_gives_its_runs_back_at_once(place: Place) -> None:
    place.models.hold_after(1)
    first = place.node(lease_seconds=1000.0)
    first.start()
    run, _ = await first.submit(asked(STEPS, 3))
    await journaled(place, run.id, 1)
    await first.stop()
    assert (await place.store.get(run.id)).status is Status.QUEUED
    place.models.let_go()
    async with place.node() as second:
        assert result(await second.wait(run.id, 20))[0] == ["1", "2", "3"]


async def test_node_whose_run_was_taken_stops_it_and_writes_nothing(place: Place) -> None:
    place.models.hold_after(1)
    async with place.node(lease_seconds=1000.0) as first:
        run, _ = await first.submit(asked(STEPS, 3))
        await journaled(place, run.id, 1)
        (taken,) = await place.store.claim("thief", 1e12, 2e12, 1)
        place.models.let_go()
        await until(lambda: first.running() == [])
        assert len(await place.store.journal(run.id)) == 1
        assert await place.store.renew([Lease(run.id, "thief", taken.epoch)], 3e12) == []


async def test_equal_submissions_under_a_key_are_one_run_and_others_a_conflict(place: Place) -> None:
    async with place.node() as runs:
        first, _ = await runs.submit(asked(STEPS, 2, idempotency="k"))
        again, created = await runs.submit(asked(STEPS, 2, idempotency="k"))
        assert (again.id, created) == (first.id, False)
        for other in (asked(STEPS, 3), asked("1"), asked(STEPS, 2, seed=1), asked(STEPS, 2, limits=Limits(fuel=9))):
            with pytest.raises(Conflict):
                await runs.submit(other._replace(idempotency="k"))
        await runs.wait(first.id, 20)
    assert len(place.models.asked) == 2


async def test_paused_run_goes_on_from_its_journal(place: Place) -> None:
    place.models.hold_after(2)
    async with place.node() as runs:
        run, _ = await runs.submit(asked(STEPS, 4))
        await journaled(place, run.id, 2)
        assert (await runs.pause(run.id)).status is Status.PAUSED
        await until(lambda: runs.running() == [])
        assert (await runs.wait(run.id, 0.1)).status is Status.PAUSED
        place.models.let_go()
        await runs.resume(run.id)
        assert result(await runs.wait(run.id, 20))[0] == ["1", "2", "3", "4"]
    assert place.models.asked.count("0") == place.models.asked.count("1") == 1


async def test_cancelled_run_stops_its_worker_and_stays_cancelled(place: Place) -> None:
    async with place.node() as runs:
        run, _ = await runs.submit(asked("while True:\n    pass"))
        await until(lambda: runs.running() == [run.id])
        assert (await runs.cancel(run.id)).status is Status.CANCELLED
        await until(lambda: runs.running() == [])
        with pytest.raises(WrongStatus):
            await runs.pause(run.id)
        other, _ = await runs.submit(asked(STEPS, 1))
        assert result(await runs.wait(other.id, 20))[0] == ["1"]
        await runs.delete(run.id)
    assert [one.id for one in await place.store.page(Filter())] == [other.id]


async def test_failed_run_can_be_retried_with_more_fuel_and_keeps_its_answers(place: Place) -> None:
    source = STEPS.replace("print(value)", "print(sum(range(2000)))")
    async with place.node() as runs:
        run, _ = await runs.submit(asked(source, 4, limits=Limits(fuel=400)))
        ended = await runs.wait(run.id, 20)
        assert ended.error is not None
        assert ended.error["code"] == "NOODLE-E0401"
        before = list(place.models.asked)
        await runs.retry(run.id, Limits())
        assert result(await runs.wait(run.id, 20))[0] == ["1", "2", "3", "4"]
    assert sorted(place.models.asked) == ["0", "1", "2", "3"]
    assert place.models.asked[: len(before)] == before


async def test_retry_asks_again_what_had_failed(place: Place) -> None:
    place.models.failures = [ModelError("no", code="NOODLE-E0603")]
    async with place.node() as runs:
        run, _ = await runs.submit(asked(STEPS, 2))
        assert (await runs.wait(run.id, 20)).status is Status.FAILED
        await runs.retry(run.id)
        assert result(await runs.wait(run.id, 20))[0] == ["1", "2"]
    assert place.models.asked == ["0", "0", "1"]


async def test_transient_failures_of_a_model_are_not_the_programs(place: Place) -> None:
    place.models.failures = [RuntimeError("replica died"), ModelError("busy", code="NOODLE-E0608")]
    async with place.node(patience=(0.0, 0.0)) as runs:
        run, _ = await runs.submit(asked(STEPS, 2))
        assert result(await runs.wait(run.id, 20))[0] == ["1", "2"]
    assert place.models.asked == ["0", "0", "0", "1"]


async def test_fork_asks_only_what_depends_on_the_answer_that_was_replaced(place: Place) -> None:
    source = """\
from noodle_ray import model
step = model("step")

def main() -> list:
    a = step("10")
    b = step("20")
    c = step(a)
    d = step(b)
    return [a, b, c, d]
"""
    async with place.node() as runs:
        run, _ = await runs.submit(asked(source))
        assert result(await runs.wait(run.id, 20))[0] == ["11", "21", "12", "22"]
        place.models.asked.clear()
        fork, _ = await runs.fork(run.id, "/1", "50")
        assert result(await runs.wait(fork.id, 20))[0] == ["50", "21", "51", "22"]
        assert place.models.asked == ["50"]
        assert (fork.parent, fork.fork_key) == (run.id, "/1")
        assert result(await place.store.get(run.id))[0] == ["11", "21", "12", "22"]
        with pytest.raises(RunError) as caught:
            await runs.fork(run.id, "/9", "1")
    assert caught.value.code == "NOODLE-E0511"


async def test_program_that_does_not_fit_its_journal_fails_and_asks_nothing(place: Place) -> None:
    place.models.hold_after(2)
    async with place.node(lease_seconds=1000.0) as first:
        run, _ = await first.submit(asked(STEPS, 3))
        await journaled(place, run.id, 2)
        await first.pause(run.id)
    place.models.let_go()
    asked_before = list(place.models.asked)
    with place.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE journal SET call = x'00', asked = 'step(''x'')' WHERE key = '/2'")
    async with place.node() as runs:
        await runs.resume(run.id)
        ended = await runs.wait(run.id, 20)
    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error["code"] == "NOODLE-E0510"
    assert "the journal has step('x'), but the program asked step('1')" in ended.error["message"]
    assert place.models.asked == asked_before


async def test_recovered_run_reads_the_times_that_it_had_read(place: Place) -> None:
    place.models.hold_after(2)
    first = place.node()
    first.start()
    run, _ = await first.submit(asked(CLOCKS))
    await journaled(place, run.id, 2)
    crash(first)
    known = [entry.asked for entry in await place.store.journal(run.id)]
    place.models.let_go()
    async with place.node() as second:
        told = result(await second.wait(run.id, 20))[0]
    assert [f"step('{int(now * 1000000) % 1000000007}')" for now, _ in told[:2]] == known
    assert sorted(told) == told


async def test_run_past_its_deadline_fails_and_one_whose_worker_always_dies_is_given_up(place: Place) -> None:
    async with place.node(max_failures=2) as runs:
        late, _ = await runs.submit(asked(STEPS, 1, deadline=1.0))
        ended = await runs.wait(late.id, 20)
        assert ended.error is not None
        assert (ended.error["code"], "--within" in ended.error["message"]) == ("NOODLE-E0403", True)
        place.models.hold_after(0)
        doomed, _ = await runs.submit(asked(STEPS, 1))
        pool = place.executor._pool
        for attempt in (1, 2):
            await until(lambda attempt=attempt: len(place.models.asked) == attempt)  # type: ignore[misc]
            for worker in list(pool._workers.values()):  # type: ignore[attr-defined]
                if worker._request is not None:
                    worker.kill("the test killed it")
        ended = await runs.wait(doomed.id, 20)
        assert ended.error is not None
        assert (ended.status, ended.error["code"]) == (Status.FAILED, "NOODLE-E0801")
        assert "attempt 2" in ended.error["message"]


async def test_large_answers_and_arguments_survive_a_crash(place: Place) -> None:
    source = """\
from noodle_ray import model
step = model("step")
def main(text: str) -> list:
    a = step("1" * 20000)
    return [len(text), a[-3:], step("5")]
"""
    place.models.hold_after(1)
    first = place.node()
    first.start()
    run, _ = await first.submit(asked(source.replace("20000", "3000"), "x" * 100_000))
    await journaled(place, run.id, 1)
    crash(first)
    place.models.let_go()
    async with place.node() as second:
        assert result(await second.wait(run.id, 20))[0] == [100_000, "112", "6"]
    assert place.models.asked.count("5") >= 1
    assert sum(len(str(one)) == 3000 for one in place.models.asked) == 1


async def test_command_of_another_node_reaches_the_owner_by_its_lease(place: Place) -> None:
    place.models.hold_after(0)
    async with place.node() as first:
        run, _ = await first.submit(asked(STEPS, 1))
        await until(lambda: place.models.asked == ["0"])
        await place.store.command(run.id, PAUSE, 1.0)
        await until(lambda: first.running() == [])
    assert await place.store.journal(run.id) == []


async def test_wait_gives_up_after_its_time(place: Place) -> None:
    place.models.hold_after(0)
    async with place.node() as runs:
        run, _ = await runs.submit(asked(STEPS, 1))
        assert (await runs.wait(run.id, 0.05)).status is Status.RUNNING


async def test_run_whose_stored_parts_are_lost_fails_and_holds_up_no_other(place: Place) -> None:
    echo = "from noodle_ray import model\ndef main(text: str):\n    return len(text)"
    waiting = place.node()  # stores, and executes nothing
    lost, _ = await waiting.submit(asked(echo, "x" * 100_000))
    other, _ = await waiting.submit(asked(echo, "y" * 100_000))
    parent, _ = await waiting.submit(asked(STEPS, 1))
    await place.store.objects.delete(lost.id)
    async with place.node() as runs:
        assert result(await runs.wait(other.id, 20))[0] == 100_000
        assert result(await runs.wait(parent.id, 20))[0] == ["1"]
    fork, _ = await waiting.fork(parent.id, "/1", "z" * 100_000)
    await place.store.objects.delete(fork.id)
    codes: dict[str, str] = {}
    async with place.node(), asyncio.timeout(20):
        while not {lost.id, fork.id} <= set(codes):  # `get` refuses a run that it cannot give whole; a page does not
            await asyncio.sleep(0.01)
            failed = await place.store.page(Filter("t", Status.FAILED), limit=1000)
            codes = {run.id: run.error["code"] for run in failed if run.error is not None}
    assert codes[lost.id] == codes[fork.id] == "NOODLE-E0824"


async def test_many_durable_runs_wait_for_models_with_few_workers(place: Place) -> None:
    place.models.hold_after(0)
    async with place.node(slots=4, lease_seconds=1000.0) as runs:
        started = [(await runs.submit(asked(STEPS, 2)))[0].id for _ in range(24)]
        await until(lambda: len(runs.running()) == 24)
        paused = await runs.pause(started[0])
        await runs.cancel(started[1])
        place.models.let_go()
        ended = [await runs.wait(run, 20) for run in started[2:]]
        assert paused.status is Status.PAUSED
        assert [result(run) for run in ended] == [[["1", "2"], "1\n2\n"]] * 22
        await runs.resume(started[0])
        assert result(await runs.wait(started[0], 20))[0] == ["1", "2"]
    assert all(run.attempt == 1 for run in ended)
