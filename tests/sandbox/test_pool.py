"""The pool under an event loop: many runs at once, dying and hanging workers, cancellation, and a clean end."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import psutil
import pytest
import uvloop

from noodle_ray.core.nbc import digest
from noodle_ray.core.sandbox import messages
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.outcome import USAGE
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import MAX_FRAME, WireError, frame
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.errors import ModelError, ModuleError, PlatformError, RequestError
from tests.sandbox.programs import ASKING, FOREVER, SWALLOWING, code, request


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    async with WorkerPool(min_size=2, max_size=2, queue_limit=50) as started:
        yield started


async def echo(requests: list[EffectRequest]) -> list[EffectAnswer]:
    return [EffectAnswer(asked.key, True, asked.args[0]) for asked in requests]


def worker_pids(pool: WorkerPool) -> list[int]:
    assert pool._server is not None
    return [child.pid for child in psutil.Process(pool._server.process.pid).children()]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def answers_again(pool: WorkerPool) -> bool:
    return (await pool.run(request("1 + 1")))["result"] == 2


async def test_pool_gives_result_when_run(pool: WorkerPool) -> None:
    outcome = await pool.run(request("print('a')\n[1, 2]"))
    assert outcome["result"] == [1, 2]
    assert outcome["stdout"] == "a\n"
    assert outcome["error"] is None
    assert outcome["usage"]["queued_seconds"] >= 0  # type: ignore[index]


async def test_every_layer_is_reported_when_started() -> None:
    pool = WorkerPool()
    layers = await pool.start()
    await pool.close()
    assert "seccomp" in [layer.name for layer in layers]


async def test_every_run_gets_its_own_result_when_many_run_at_once(pool: WorkerPool) -> None:
    runs = [pool.run(request(ASKING, str(i)), echo) for i in range(40)]
    outcomes = await asyncio.gather(*runs)
    assert [outcome["result"] for outcome in outcomes] == [[str(i), f"{i}!"] for i in range(40)]
    assert pool.stats().replaced == 0
    assert pool.stats().busy == 0


async def test_what_a_run_reads_off_its_clock_is_told_before_the_effects_that_come_after_it(pool: WorkerPool) -> None:
    source = """\
import time
from noodle_ray import model
ask = model("ask")
def main() -> list:
    told = [time.time(), time.monotonic()]
    ask("1")
    ask("2")
    told.append(time.time())
    ask("3")
    told.append(time.time())
    return told
"""
    seen: list[object] = []

    async def answer(requests: list[EffectRequest]) -> list[EffectAnswer]:
        seen.extend(asked.args[0] for asked in requests)
        return [EffectAnswer(asked.key, True, "") for asked in requests]

    told = (await pool.run(request(source), answer, seen.append))["result"]
    assert isinstance(told, list)
    assert seen == [{"w": [told[0]], "m": [told[1]]}, "1", "2", {"w": [told[2]]}, "3"]


@pytest.mark.parametrize("readings", [{"x": [1.0]}, {"w": ["a"]}, {"w": [-1.0]}, {1: [1.0]}, [], None])
def test_readings_of_the_wrong_shape_break_the_protocol(readings: object) -> None:
    assert messages.read(CODEC.pack(["effects", 1, [], {"w": [1.0]}]), 1) == messages.Effects([], {"w": [1.0]})
    with pytest.raises(WireError):
        messages.read(CODEC.pack(["effects", 1, [], readings]), 1)


async def test_answers_reach_the_run_as_they_get_ready_when_streamed(pool: WorkerPool) -> None:
    source = """\
from noodle_ray import model
a = model("a")
b = model("b")
def main() -> list:
    first = a("1")
    second = b("2")
    third = a(second)
    return [first, third]
"""
    asked: list[list[str]] = []
    released = asyncio.Event()

    async def stream(requests: list[EffectRequest]) -> AsyncIterator[list[EffectAnswer]]:
        asked.append([str(one.args[0]) for one in requests])
        if "2" in asked[-1]:
            for one in requests:
                if one.args[0] == "2":
                    yield [EffectAnswer(one.key, True, "3")]
            await released.wait()  # the answer to "1" comes only after the one to "3" was asked for
            yield [EffectAnswer(one.key, True, "late") for one in requests if one.args[0] == "1"]
        else:
            released.set()
            yield [EffectAnswer(one.key, True, "done") for one in requests]

    outcome = await pool.run(request(source), stream)
    assert outcome["result"] == ["late", "done"]
    assert asked == [["1", "2"], ["3"]]


@pytest.mark.parametrize(
    ("failure", "wanted"),
    [
        (ModelError("no such model", code="NOODLE-E0601"), "no such model"),
        (ValueError("inside"), "inside"),
        ("nothing", "did not answer"),
        ("not data", "cannot be sent"),
    ],
)
async def test_model_call_fails_in_the_program_when_the_callback_does(
    pool: WorkerPool, failure: Exception | str, wanted: str
) -> None:
    async def fail(requests: list[EffectRequest]) -> list[EffectAnswer]:
        if isinstance(failure, Exception):
            raise failure
        return [EffectAnswer(one.key, True, object()) for one in requests] if failure == "not data" else []

    outcome = await pool.run(request(ASKING, "a"), fail)
    assert outcome["error"]["type"] == "ModelError"  # type: ignore[index]
    assert wanted in outcome["error"]["message"]  # type: ignore[index]
    assert await answers_again(pool)


async def test_models_are_missing_when_there_is_no_callback(pool: WorkerPool) -> None:
    outcome = await pool.run(request(ASKING, "a"))
    assert outcome["error"]["type"] == "ModelError"  # type: ignore[index]


@pytest.mark.parametrize("source", [FOREVER, SWALLOWING], ids=["forever", "swallowing"])
async def test_deadline_trips_and_others_go_on_when_a_program_hangs(pool: WorkerPool, source: str) -> None:
    hanging = asyncio.create_task(pool.run(request(source, deadline=0.3, fuel=10**15)))
    others = [await answers_again(pool) for _ in range(5)]
    assert code(await hanging) == "E0403"
    assert all(others)
    assert await answers_again(pool)


async def test_worker_is_killed_at_the_deadline_when_it_is_stopped(pool: WorkerPool) -> None:
    run = asyncio.create_task(pool.run(request(FOREVER, deadline=0.5, fuel=10**15)))
    await until(lambda: pool.stats().busy == 1)
    for pid in worker_pids(pool):
        os.kill(pid, signal.SIGSTOP)  # a hang that no timer in the worker can end
    outcome = await run
    assert code(outcome) == "E0403"
    assert outcome["usage"]["wall_seconds"] >= 0.5  # type: ignore[index]
    for pid in worker_pids(pool):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    assert await answers_again(pool)


async def test_deadline_of_a_run_is_its_own_when_another_run_was_before() -> None:
    sleeping = "import time\ntime.sleep(0.6)\n'slept'"
    async with WorkerPool(min_size=1, max_size=1) as pool:
        for deadline, source, expected in (
            (20.0, "1 + 1", ""),
            (0.3, FOREVER, "E0403"),  # while the pool's timer is set for the run before
            (0.3, "1 + 1", ""),
            (20.0, sleeping, ""),  # past the time at which the timer of the run before fires
        ):
            assert code(await pool.run(request(source, deadline=deadline, fuel=10**15))) == expected
        assert pool.stats().replaced == 0


async def test_run_is_killed_at_its_own_deadline_when_another_run_was_before() -> None:
    async with WorkerPool(min_size=1, max_size=1) as pool:
        assert await answers_again(pool)
        run = asyncio.create_task(pool.run(request(FOREVER, deadline=0.5, fuel=10**15)))
        await until(lambda: pool.stats().busy == 1)
        os.kill(worker_pids(pool)[0], signal.SIGSTOP)
        outcome = await run
        assert code(outcome) == "E0403"
        assert outcome["usage"]["wall_seconds"] < 20.0  # type: ignore[index]  # the deadline of the run before
        assert pool.stats().replaced == 1


async def test_output_and_usage_are_told_when_the_worker_is_killed(pool: WorkerPool) -> None:
    run = asyncio.create_task(pool.run(request("print('a')\n" + FOREVER, fuel=10**15)))
    await until(lambda: any(worker._told and worker._told.stdout for worker in pool._workers.values()))
    for pid in worker_pids(pool):
        os.kill(pid, signal.SIGKILL)
    outcome = await run
    assert (code(outcome), outcome["stdout"]) == ("E0801", "a\n")
    assert outcome["usage"]["fuel"] > 0  # type: ignore[index]


async def test_deadline_trips_when_an_answer_never_comes(pool: WorkerPool) -> None:
    async def never(requests: list[EffectRequest]) -> list[EffectAnswer]:
        await asyncio.Event().wait()
        return []

    assert code(await pool.run(request(ASKING, "a", deadline=0.2), never)) == "E0403"
    assert await answers_again(pool)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGSYS])
async def test_only_that_run_is_lost_when_a_worker_is_killed(pool: WorkerPool, number: int) -> None:
    await answers_again(pool)
    asked = asyncio.Event()
    answer = asyncio.Event()

    async def slow(requests: list[EffectRequest]) -> list[EffectAnswer]:
        asked.set()
        await answer.wait()
        return await echo(requests)

    first = asyncio.create_task(pool.run(request(ASKING, "a"), slow))
    await asked.wait()
    busy = next(iter(set(pool._workers.values()) - set(pool._idle)))
    second = asyncio.create_task(pool.run(request(ASKING, "b"), slow))
    await until(lambda: pool.stats().busy == 2)
    pids = dict(zip(sorted(pool._workers), sorted(worker_pids(pool)), strict=True))
    os.kill(pids[busy.tag], number)
    outcome = await first
    assert code(outcome) == "E0801"
    assert f"signal {number.value}" in outcome["error"]["message"]  # type: ignore[index, attr-defined]
    answer.set()
    assert (await second)["result"] == ["b", "b!"]
    assert await answers_again(pool)
    await until(lambda: pool.stats().size == 2)


async def test_next_run_succeeds_when_idle_workers_were_killed(pool: WorkerPool) -> None:
    for pid in worker_pids(pool):
        os.kill(pid, signal.SIGKILL)
    await until(lambda: pool.stats().replaced == 2 and pool.stats().size == 2)
    assert await answers_again(pool)


async def test_pool_recovers_when_the_fork_server_is_killed(pool: WorkerPool) -> None:
    assert pool._server is not None
    run = asyncio.create_task(pool.run(request(FOREVER, fuel=10**15)))
    await until(lambda: pool.stats().busy == 1)
    first = pool._server.process
    first.kill()
    assert code(await run) == "E0801"
    assert await answers_again(pool)
    assert pool._server is not None
    assert pool._server.process.pid != first.pid


async def test_request_is_refused_when_queue_is_full() -> None:
    async with WorkerPool(min_size=1, max_size=1, queue_limit=2) as pool:
        runs = [asyncio.create_task(pool.run(request(FOREVER, deadline=0.5, fuel=10**15)))]
        runs += [asyncio.create_task(pool.run(request("1 + 1"))) for _ in range(2)]
        await until(lambda: pool.stats().queued == 2)
        with pytest.raises(RequestError) as caught:
            await pool.run(request("1 + 1"))
        assert caught.value.code == "NOODLE-E0707"
        outcomes = await asyncio.gather(*runs)
        assert [outcome["result"] for outcome in outcomes] == [None, 2, 2]
        assert await answers_again(pool)


async def test_worker_is_replaced_when_its_run_is_cancelled(pool: WorkerPool) -> None:
    before = set(worker_pids(pool))
    run = asyncio.create_task(pool.run(request(FOREVER, fuel=10**15)))
    await until(lambda: pool.stats().busy == 1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert await answers_again(pool)
    await until(lambda: len(set(worker_pids(pool)) - before) == 1 and pool.stats().size == 2)


async def test_no_worker_is_lost_when_waiting_runs_are_cancelled() -> None:
    async with WorkerPool(min_size=1, max_size=1) as pool:
        busy = asyncio.create_task(pool.run(request(FOREVER, deadline=0.3, fuel=10**15)))
        await until(lambda: pool.stats().busy == 1)
        waiting = [asyncio.create_task(pool.run(request("1 + 1"))) for _ in range(5)]
        await until(lambda: pool.stats().queued == 5)
        for run in waiting[::2]:
            run.cancel()
        results = await asyncio.gather(busy, *waiting, return_exceptions=True)
        assert [isinstance(result, asyncio.CancelledError) for result in results[1:]] == [True, False] * 2 + [True]
        assert await answers_again(pool)


async def test_pool_grows_and_shrinks_when_load_does() -> None:
    async with WorkerPool(min_size=1, max_size=3, idle_seconds=0.05) as pool:
        runs = [asyncio.create_task(pool.run(request(FOREVER, deadline=0.3, fuel=10**15))) for _ in range(3)]
        await until(lambda: pool.stats().size == 3)
        await asyncio.gather(*runs)
        await until(lambda: pool.stats().size == 1)
        assert await answers_again(pool)


async def test_worker_is_replaced_when_it_had_its_share_of_runs() -> None:
    async with WorkerPool(min_size=1, max_size=1, max_runs=3) as pool:
        for _ in range(7):
            assert await answers_again(pool)
        assert pool.stats().replaced == 2


async def test_module_and_arguments_are_refused_when_invalid(pool: WorkerPool) -> None:
    with pytest.raises(ModuleError):
        await pool.run(RunRequest(b"garbage", digest(b"garbage")))
    with pytest.raises(WireError):
        await pool.run(request(ASKING, object()))
    with pytest.raises(WireError):
        await pool.run(request(ASKING, "x" * (MAX_FRAME + 1)))
    assert await answers_again(pool)


async def test_large_values_travel_both_ways_when_they_fit(pool: WorkerPool) -> None:
    source = ASKING.replace('[echo(text), echo(text + "!")]', "[echo(text), text]")
    text = "x" * 9_000_000
    assert (await pool.run(request(source, text), echo))["result"] == [text, text]


@pytest.mark.parametrize(
    "forgery",
    [
        b"\xff\xff\xff\xff",
        b"\x01\0\0\0\xc1",
        b"\x05\0\0\0\x92\xa4need",
        b"\x07\0\0\0\x94\xa4done\x01\x80\xc2",
        b"\x0b\0\0\0\x93\xa7effects\x01\x01",
        b"\x0b\0\0\0\x93\xa7effects\x01\x90" + b"\x05\0\0\0\x01\x01\x01\x01\x01",
        b"\x08\0\0\0\x92\xa5ready\x90",
        frame(CODEC.pack(["progress", 1, {}, ""])),
        frame(CODEC.pack(["progress", 1, {**USAGE, "fuel": -1}, ""])),
        frame(CODEC.pack(["progress", 1, USAGE, "x" * 1001])),
        frame(CODEC.pack(["progress", 2, USAGE, ""])),
    ],
)
async def test_worker_is_replaced_when_it_forges_frames(pool: WorkerPool, forgery: bytes) -> None:
    """What a worker that was taken over could send: here the test writes it into the pool's end."""
    import socket

    run = asyncio.create_task(pool.run(request(FOREVER, fuel=10**15, output=1000)))
    await until(lambda: pool.stats().busy == 1)
    busy = next(iter(set(pool._workers.values()) - set(pool._idle)))
    forged, ours = socket.socketpair()
    ours.setblocking(False)
    os.dup2(ours.fileno(), busy._socket.fileno())
    loop = asyncio.get_running_loop()
    loop.remove_reader(busy._socket.fileno())
    loop.add_reader(busy._socket.fileno(), busy._on_readable)
    ours.close()
    forged.sendall(forgery)
    outcome = await run
    forged.close()
    assert code(outcome) == "E0801"
    assert "protocol" in outcome["error"]["message"]  # type: ignore[index]
    assert await answers_again(pool)


async def test_runs_fail_clearly_when_pool_is_closed() -> None:
    pool = WorkerPool(min_size=1, max_size=1)
    with pytest.raises(PlatformError):
        await pool.run(request("1 + 1"))
    await pool.start()
    run = asyncio.create_task(pool.run(request(FOREVER, fuel=10**15)))
    await until(lambda: pool.stats().busy == 1)
    waiting = asyncio.create_task(pool.run(request("1 + 1")))
    await until(lambda: pool.stats().queued == 1)
    await pool.close()
    await pool.close()
    for task in (run, waiting):
        with pytest.raises(PlatformError):
            await task
    with pytest.raises(PlatformError):
        await pool.run(request("1 + 1"))


async def test_pool_says_so_when_workers_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noodle_ray.core.sandbox.spawn.sys.executable", "/bin/false")
    with pytest.raises(PlatformError) as caught:
        await WorkerPool().start()
    assert caught.value.code == "NOODLE-E0803"


async def _use_and_close() -> None:
    fds = set(os.listdir("/proc/self/fd"))
    async with WorkerPool(min_size=2, max_size=4) as pool:
        assert all(await asyncio.gather(*[answers_again(pool) for _ in range(20)]))
        outcome = await pool.run(request("'a' * 10**12"))
        assert code(outcome) == "E0402"
        outcome = await pool.run(request(ASKING, "a"), echo)
        assert outcome["result"] == ["a", "a!"]
        assert pool._server is not None
        processes = [pool._server.process.pid, *worker_pids(pool)]
        hanging = asyncio.create_task(pool.run(request(FOREVER, fuel=10**15)))
        await until(lambda: pool.stats().busy == 1)
        hanging.cancel()
    assert not any(psutil.pid_exists(pid) for pid in processes)
    assert set(os.listdir("/proc/self/fd")) == fds


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_nothing_is_left_when_closed(run: Callable[[Awaitable[None]], None]) -> None:
    run(_use_and_close())


def test_pool_works_when_its_loop_runs_in_another_thread() -> None:
    failures: list[BaseException] = []

    def use() -> None:
        try:
            asyncio.run(_use_and_close())
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join(60)
    assert failures == []


@pytest.fixture
def orphan() -> Iterator[int]:
    """The fork server of a process that was killed without closing its pool."""
    import subprocess
    import sys

    source = (
        "import asyncio\n"
        "from noodle_ray.core.sandbox.pool import WorkerPool\n"
        "async def main():\n"
        "    pool = WorkerPool(min_size=2)\n"
        "    await pool.start()\n"
        "    print(pool._server.process.pid, flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    yield int(owner.stdout.readline())
    owner.stdout.close()
    if owner.poll() is None:
        owner.kill()
    owner.wait()


def test_workers_end_when_their_owner_is_killed(orphan: int) -> None:
    server = psutil.Process(orphan)
    processes = [server, *server.children()]
    owner = server.parent()
    assert owner is not None
    assert len(processes) == 3
    owner.kill()
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []


async def test_worker_whose_run_waits_is_hardly_woken_and_ends_it_in_time() -> None:
    asked = asyncio.Event()

    async def never(requests: list[EffectRequest]) -> list[EffectAnswer]:
        asked.set()
        return await asyncio.get_running_loop().create_future()

    async with WorkerPool(min_size=1, max_size=1) as pool:
        (pid,) = worker_pids(pool)
        waiting = asyncio.create_task(pool.run(request(ASKING, "a", deadline=1.25), never))
        await asked.wait()
        before = psutil.Process(pid).num_ctx_switches().voluntary
        await asyncio.sleep(0.8)
        assert psutil.Process(pid).num_ctx_switches().voluntary - before < 40  # 80 at the pace of a run that computes
        outcome = await waiting
        assert code(outcome) == "E0403"
        assert outcome["usage"]["wall_seconds"] >= 1.2  # type: ignore[index]
        assert await answers_again(pool)


async def test_limits_are_kept_after_a_wait() -> None:
    source = "from noodle_ray import model\necho = model('echo')\necho(1)\nwhile True:\n    pass\n"
    async with WorkerPool(min_size=1, max_size=1) as pool:
        (pid,) = worker_pids(pool)
        outcome = await pool.run(request(source, deadline=0.4, fuel=10**15), echo)
        assert code(outcome) == "E0403"
        assert worker_pids(pool) == [pid]
