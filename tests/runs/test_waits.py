"""Durable runs that wait for a time, a signal or another run, with real parts."""

import asyncio
import time
from typing import Any

import pytest

from noodle_ray.core.runs.durable import DurableRuns
from noodle_ray.core.runs.replay import replay
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.store.errors import Conflict, UnknownRun, WrongStatus
from noodle_ray.core.store.records import Run
from noodle_ray.core.store.status import Status
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import RequestError, RunError
from tests.runs.places import STEPS, Place, asked, crash, journaled, result, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

APPROVAL = """\
import time
from noodle_ray import model, wait_for_signal
step = model("step")
def main(timeout) -> list:
    print(step("0"))
    began = time.time()
    try:
        answer = wait_for_signal("approval", timeout=timeout)
    except TimeoutError as error:
        answer = str(error)
    print(step("1"))
    return [answer, began]
"""
SLEEPS = """\
from noodle_ray import sleep
def main(seconds: float) -> str:
    print("tired")
    sleep(seconds)
    return "awake"
"""


class Clock:
    """The time, as far ahead as a test wants it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


async def becomes(place: Place, run: str, status: Status) -> Run:
    async with asyncio.timeout(20):
        while (found := await place.store.get(run)).status is not status:
            await asyncio.sleep(0.005)
    return found


def node(place: Place, clock: Clock | None = None, **settings: Any) -> DurableRuns:
    made = place.node(**{"linger": 0.01, "lease_seconds": 1000.0, **settings})
    made._clock = clock or Clock()
    return made


async def test_run_leaves_its_node_while_it_sleeps_and_goes_on_in_time(place: Place) -> None:
    clock = Clock()
    async with node(place, clock) as runs:
        run, _ = await runs.submit(asked(SLEEPS, 5000.0))
        waiting = await becomes(place, run.id, Status.WAITING)
        await until(lambda: runs.running() == [])
        assert waiting.waits is not None
        assert waiting.due == waiting.waits["until"]
        clock.ahead = 5000.0
        ended = await runs.wait(run.id, 20)
    assert result(ended) == ["awake", "tired\n"]
    assert (ended.attempt, ended.waits, ended.failures) == (1, None, 0)
    told = [(event.type, event.data.get("for", "")) for event in await place.store.events(run.id)]
    assert [kind for kind, _ in told] == ["running", "waits", "waiting", "running", "effect", "succeeded"]
    assert told[1][1].startswith("@sleep(5000.0) until 2")
    assert (await replay(place.store, place.executor, run.id)).fits


async def test_short_sleep_stays_on_the_node(place: Place) -> None:
    async with node(place, linger=5.0) as runs:
        run, _ = await runs.submit(asked(SLEEPS, 0.05))
        await runs.wait(run.id, 20)
    assert [event.type for event in await place.store.events(run.id)] == ["running", "waits", "effect", "succeeded"]


async def test_signal_wakes_a_run_that_waits_without_a_node(place: Place) -> None:
    async with node(place) as runs:
        run, _ = await runs.submit(asked(APPROVAL, None))
        waiting = await becomes(place, run.id, Status.WAITING)
        assert waiting.waits == {"signals": ["approval"]}
        assert waiting.due is None
        assert await runs.signal(run.id, "other", 1)
        assert await runs.signal(run.id, "approval", {"by": [1, 2]}, idempotency="k")
        assert not await runs.signal(run.id, "approval", {"by": [1, 2]}, idempotency="k")
        with pytest.raises(Conflict):
            await runs.signal(run.id, "approval", {"by": []}, idempotency="k")
        ended = await runs.wait(run.id, 20)
        with pytest.raises(WrongStatus):
            await runs.signal(run.id, "approval", 1)
    assert result(ended)[0][0] == {"by": [1, 2]}
    assert result(ended)[1] == "1\n2\n"
    assert place.models.asked == ["0", "1"]
    assert (await replay(place.store, place.executor, run.id)).same


async def test_fork_gets_another_signal(place: Place) -> None:
    async with node(place) as runs:
        run, _ = await runs.submit(asked(APPROVAL, None))
        await runs.signal(run.id, "approval", "yes")
        await runs.wait(run.id, 20)
        fork, _ = await runs.fork(run.id, "/2", "no")
        assert result(await runs.wait(fork.id, 20))[0][0] == "no"
        for key in ("/2@", "/9"):
            with pytest.raises(RunError):
                await runs.fork(run.id, key, 1)


async def test_signals_that_came_before_are_taken_once_and_in_order(place: Place) -> None:
    source = """\
from noodle_ray import wait_for_signal
def main() -> list:
    return [wait_for_signal("go") for _ in range(3)] + [wait_for_signal("stop", timeout=0)]
"""
    async with node(place, linger=5.0) as runs:
        await runs.stop()
        run, _ = await runs.submit(asked(source))
        for number in range(3):
            await runs.signal(run.id, "go", number)
        await runs.signal(run.id, "stop", "now")
    async with node(place) as runs:
        ended = await runs.wait(run.id, 20)
    assert result(ended)[0] == [0, 1, 2, "now"]
    assert [signal.taken for signal in await place.store.signals(run.id)] != [None] * 4


async def test_wait_for_a_signal_ends_in_time(place: Place) -> None:
    clock = Clock()
    async with node(place, clock) as runs:
        run, _ = await runs.submit(asked(APPROVAL, 3000))
        await becomes(place, run.id, Status.WAITING)
        clock.ahead = 3000.0
        ended = await runs.wait(run.id, 20)
        assert result(ended)[0][0] == "no signal 'approval' came in time"


async def test_wait_ends_at_the_same_time_when_a_node_crashes_in_it(place: Place) -> None:
    first, clock = node(place, linger=1e9), Clock()
    first.start()
    run, _ = await first.submit(asked(SLEEPS, 5000.0))
    await journaled(place, run.id, 1)
    [due] = [CODEC.unpack(entry.value) for entry in await place.store.journal(run.id)]
    crash(first)
    clock.ahead = 2000.0
    async with node(place, clock) as second:
        waiting = await becomes(place, run.id, Status.WAITING)
        assert waiting.due == due
        clock.ahead = 4000.0
        assert await second.wait(run.id, 0.1) == waiting
        clock.ahead = 5000.0
        assert result(await second.wait(run.id, 20))[0] == "awake"


async def test_run_that_waits_for_a_model_too_stays_and_gets_its_signal(place: Place) -> None:
    source = """\
from concurrent.futures import ThreadPoolExecutor
from noodle_ray import model, wait_for_signal
step = model("step")
def main() -> list:
    with ThreadPoolExecutor() as pool:
        asked, signal = pool.submit(lambda: step("0")), pool.submit(wait_for_signal, "go")
        return [signal.result(), asked.result()]
"""
    place.models.hold_after(0)
    async with node(place) as runs:
        run, _ = await runs.submit(asked(source))
        await until(lambda: place.models.asked == ["0"])
        await journaled(place, run.id, 1)
        await runs.signal(run.id, "go", "gone")
        await journaled(place, run.id, 2)
        assert (await place.store.get(run.id)).status is Status.RUNNING
        place.models.let_go()
        assert result(await runs.wait(run.id, 20))[0] == ["gone", "1"]


async def test_commands_and_the_deadline_work_while_a_run_waits(place: Place) -> None:
    clock = Clock()
    async with node(place, clock) as runs:
        ids = [(await runs.submit(asked(APPROVAL, None)))[0].id for _ in range(3)]
        late, _ = await runs.submit(asked(APPROVAL, None, deadline=clock() + 1000.0))
        for run in (*ids, late.id):
            await becomes(place, run, Status.WAITING)
        await runs.pause(ids[0])
        assert await runs.signal(ids[0], "approval", "paused")
        await runs.cancel(ids[1])
        await runs.cancel(ids[2])
        await runs.retry(ids[2], Limits())
        await becomes(place, ids[2], Status.WAITING)
        fork, _ = await runs.fork(ids[2], "/1", "7")
        await becomes(place, fork.id, Status.WAITING)
        await runs.signal(fork.id, "approval", "forked")
        await runs.signal(ids[2], "approval", "retried")
        assert (await place.store.get(ids[0])).status is Status.PAUSED
        await runs.resume(ids[0])
        clock.ahead = 1000.0
        ends = [await runs.wait(run, 20) for run in (ids[0], ids[2], fork.id, late.id)]
    assert [result(end)[0][0] for end in ends[:3]] == ["paused", "retried", "forked"]
    assert result(ends[2])[1] == "7\n2\n"
    assert (ends[3].error or {})["code"] == "NOODLE-E0403"
    assert "--within" in (ends[3].error or {})["message"]
    assert place.models.asked.count("0") == 4  # by those that were submitted, and not by the fork and the retry


async def test_run_with_many_waits_is_not_given_up(place: Place) -> None:
    source = """\
from noodle_ray import sleep
def main() -> int:
    for _ in range(6):
        sleep(days=1)
    return 1
"""
    clock = Clock()
    async with node(place, clock, max_attempts=3) as runs:
        run, _ = await runs.submit(asked(source))
        for _ in range(6):
            waiting = await becomes(place, run.id, Status.WAITING)
            clock.ahead += 86_401.0
            async with asyncio.timeout(20):
                while (await place.store.get(run.id)).epoch == waiting.epoch:
                    await asyncio.sleep(0.005)
        ended = await runs.wait(run.id, 20)
    assert result(ended)[0] == 1
    assert (ended.epoch, ended.attempt) == (7, 1)


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b", "a\nb"])
async def test_names_that_no_signal_has_are_refused(place: Place, name: str) -> None:
    async with node(place) as runs:
        with pytest.raises(RequestError) as caught:
            await runs.signal("0" * 32, name, 1)
        assert caught.value.code == "NOODLE-E0734"
        with pytest.raises(UnknownRun):
            await runs.signal("0" * 32, "go", 1)
        with pytest.raises(RequestError):
            await runs.submit(asked(STEPS, 1, idempotency="@run x"))
        run, _ = await runs.submit(asked(STEPS, 1))
        await runs.wait(run.id, 20)
        (first,) = await place.store.journal(run.id)
        with pytest.raises(RequestError, match="'@'"):
            await runs.fork(run.id, first.key, "forged", idempotency=f"@run {run.id} /2")


async def test_threads_of_a_program_start_no_more_runs_together_than_one_would(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noodle_ray.core.runs.started.MAX_CALLED", 3)
    other = asked("def main(n):\n    return n\n")
    await place.store.publish("t", "other", other.digest, other.nbc, 1000.0)
    source = """\
from concurrent.futures import ThreadPoolExecutor
from noodle_ray import run_program
def call(n):
    try:
        return run_program("other", n)
    except RuntimeError as error:
        return str(error)
def main():
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(call, range(8)))
"""
    async with node(place) as runs:
        run, _ = await runs.submit(asked(source))
        told = result(await runs.wait(run.id, 20))[0]
        assert runs._starts._called == {}
    refused = [answer for answer in told if isinstance(answer, str)]
    assert len(refused) == 5
    assert all("NOODLE-E0515" in answer for answer in refused)
