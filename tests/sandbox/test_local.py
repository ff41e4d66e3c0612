"""The synchronous worker with real programs: limits, hostile programs, dying workers, and that nothing stays behind."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from noodle_ray.core.nbc import digest
from noodle_ray.core.sandbox import messages
from noodle_ray.core.sandbox.guess import Needs
from noodle_ray.core.sandbox.local import LocalWorker, run_local
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import WireError
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import ModuleError
from tests.sandbox.programs import ASKING, BUSY, FOREVER, SWALLOWING, Echo, code, compiled, request

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=[False, True], ids=["forked", "fork-server"], scope="module")
def worker(request: pytest.FixtureRequest) -> Iterator[LocalWorker]:
    with LocalWorker(fork_server=request.param) as started:
        yield started


@pytest.fixture(scope="module")
def small_worker() -> Iterator[LocalWorker]:
    """A worker whose memory is its own. One forked from the test process inherits that process's heap, which other
    tests may have left large and half empty, so that a run's memory comes out of what is resident already."""
    with LocalWorker(fork_server=True) as started:
        yield started


def pid_of(worker: LocalWorker) -> int:
    server = worker._server
    return worker._pid if server is None else psutil.Process(server.process.pid).children()[-1].pid


def answers_again(worker: LocalWorker) -> bool:
    return worker.run(request("1 + 1"))["result"] == 2


@pytest.mark.parametrize("tier", ["interpreter", "python", "auto"])
def test_program_gives_its_result_when_run(worker: LocalWorker, tier: str) -> None:
    outcome = worker.run(request("print('hello')\n(1, {2}, [3.5], {4: None}, 2 ** 100)", tier=tier))
    assert outcome["error"] is None
    assert repr(outcome["result"]) == repr((1, {2}, [3.5], {4: None}, 2**100))
    assert outcome["stdout"] == "hello\n"
    assert outcome["tier"] == ("interpreter" if tier == "auto" else tier)


def test_arguments_and_answers_travel_when_program_has_them(worker: LocalWorker) -> None:
    outcome = worker.run(request(ASKING, "a"), Echo())
    assert outcome["result"] == ["a", "a!"]
    assert outcome["usage"]["model_calls"] == 2  # type: ignore[index]


def test_independent_effects_come_as_one_batch_when_gathered(worker: LocalWorker) -> None:
    source = 'from noodle_ray import model\necho = model("echo")\n[echo(str(i)) for i in range(10)]'
    host = Echo()
    assert worker.run(request(source), host)["result"] == [str(i) for i in range(10)]
    assert [len(batch) for batch in host.batches] == [10]


def test_model_call_fails_in_the_program_when_nobody_answers(worker: LocalWorker) -> None:
    source = (
        ASKING.replace("return [", "try:\n        return [").rstrip()
        + "\n    except Exception as e:\n        return [str(e)]\n"
    )
    result = worker.run(request(source, "a"))["result"]
    assert isinstance(result, list)
    assert "echo" in result[0]


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize("source", [FOREVER, SWALLOWING], ids=["forever", "swallowing"])
def test_deadline_trips_when_program_never_ends(worker: LocalWorker, source: str, tier: str) -> None:
    outcome = worker.run(request(source, deadline=0.2, fuel=10**15, tier=tier))
    assert code(outcome) == "E0403"
    assert answers_again(worker)


@pytest.mark.parametrize("deadline", [0.001, 0.015, 0.1])
def test_worker_meets_its_deadline_when_a_run_was_just_before(
    worker: LocalWorker, deadline: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "GRACE", 15.0)  # so that the worker itself must end the run
    assert answers_again(worker)
    pid = pid_of(worker)
    for _ in range(5):  # whose timer ticks on
        assert answers_again(worker)
        assert code(worker.run(request(FOREVER, deadline=deadline, fuel=10**15))) == "E0403"
    assert answers_again(worker)
    assert pid_of(worker) == pid


def test_timer_stands_still_when_a_worker_is_idle(worker: LocalWorker) -> None:
    assert answers_again(worker)
    process = psutil.Process(pid_of(worker))
    waiting = threading.Event()
    for _ in range(200):
        before = process.num_ctx_switches()
        waiting.wait(0.05)  # several ticks
        if process.num_ctx_switches() == before:
            return
    raise AssertionError("the worker never rests")


def test_deadline_trips_when_program_waits_for_an_answer(worker: LocalWorker) -> None:
    class Silent(Echo):
        def receive(self, timeout: float | None = None) -> list:  # type: ignore[type-arg]
            end = threading.Event()
            end.wait(0.5)  # longer than the deadline
            return super().receive()

    assert code(worker.run(request(ASKING, "a", deadline=0.2), Silent())) == "E0403"
    assert answers_again(worker)


@pytest.mark.parametrize(
    "source",
    [
        "[0] * 10**10",
        "'a' * 10**12",
        "x = []\nwhile True:\n    x.append('a' * 100000 + str(len(x)))",
        "x = [0]\nwhile True:\n    x += x",
        "x = 'ab'\nwhile True:\n    x = x + x",
        "x = {}\ni = 0\nwhile True:\n    i += 1\n    x[i] = [i]",
        "try:\n    [0] * 10**10\nexcept Exception:\n    1",
        "try:\n    [0] * 10**10\nexcept:\n    1",
        "f'{1:1000000000000}'",
        "' '.join(['a' * 1000] * 10**7)",
        "x = 1\nwhile True:\n    x = x << 8000000",
    ],
)
def test_memory_trips_when_program_allocates_too_much(worker: LocalWorker, source: str) -> None:
    outcome = worker.run(request(source, memory=50_000_000))
    assert code(outcome) == "E0402", outcome
    assert answers_again(worker)


def test_a_limit_trips_when_a_power_is_gigantic(worker: LocalWorker) -> None:
    assert code(worker.run(request("10 ** 10 ** 8"))) in ("E0401", "E0402")
    assert code(worker.run(request("10 ** 10 ** 12"))) in ("E0401", "E0402")
    assert answers_again(worker)


def test_memory_limit_leaves_room_when_program_stays_below(small_worker: LocalWorker) -> None:
    outcome = small_worker.run(request("len('a' * 40_000_000)", memory=50_000_000))
    assert outcome["result"] == 40_000_000
    assert 38_000_000 < outcome["usage"]["memory_peak_bytes"] < 50_000_000  # type: ignore[index]


def test_memory_peak_is_the_runs_own_when_small_runs_and_large_arguments_were_before(small_worker: LocalWorker) -> None:
    taking = request("len('a' * 20_000_000)")
    first = small_worker.run(taking)
    for _ in range(5):  # of which each begins where the one before did
        assert answers_again(small_worker)
    after_small = small_worker.run(taking)
    assert small_worker.run(request("def main(text):\n    return len(text)", "a" * 9_000_000))["result"] == 9_000_000
    assert answers_again(small_worker)
    after_large = small_worker.run(taking)
    for outcome in (first, after_small, after_large):
        assert 16_000_000 < outcome["usage"]["memory_peak_bytes"] < 30_000_000  # type: ignore[index]


def test_memory_peak_is_the_runs_own_when_an_earlier_run_took_more(small_worker: LocalWorker) -> None:
    small_worker.run(request("len('a' * 60_000_000)"))
    small_worker.run(request("len('a' * 60_000_000)"))
    small = small_worker.run(request("1 + 1"))
    middle = small_worker.run(request("len('a' * 20_000_000)"))
    assert small["usage"]["memory_peak_bytes"] < 4_000_000  # type: ignore[index]
    assert 16_000_000 < middle["usage"]["memory_peak_bytes"] < 30_000_000  # type: ignore[index]


@pytest.mark.parametrize("tier", ["interpreter", "python"])
@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("def f(n):\n    return f(n + 1)\nf(0)", "E0404"),
        ("f = lambda x: sorted([1], key=f)\nf(1)", "E0404"),
        ("while True:\n    print('x' * 1000)", "E0405"),
        ("x = 0\nwhile True:\n    x += 1", "E0401"),
    ],
)
def test_limit_trips_when_program_goes_over(worker: LocalWorker, source: str, wanted: str, tier: str) -> None:
    assert code(worker.run(request(source, fuel=5_000_000, tier=tier))) == wanted
    assert answers_again(worker)


def test_worker_survives_when_data_nest_very_deeply(worker: LocalWorker) -> None:
    for use in ("x", "str(x)", "x == y", "{'a': x}", "isinstance(x, list)"):
        source = f"x = []\ny = []\nfor i in range(100000):\n    x = [x]\n    y = [y]\n{use}"
        worker.run(request(source))
        assert answers_again(worker), use


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_next_run_succeeds_when_worker_is_killed_while_idle(worker: LocalWorker, number: int) -> None:
    assert answers_again(worker)
    os.kill(pid_of(worker), number)
    assert code(worker.run(request("1 + 1"))) in ("", "E0801")
    assert answers_again(worker)


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_run_ends_with_its_cause_and_what_it_told_when_worker_is_killed_under_it(
    worker: LocalWorker, tier: str
) -> None:
    assert answers_again(worker)

    class Killing(Echo):
        def receive(self, timeout: float | None = None) -> list:  # type: ignore[type-arg]
            os.kill(pid_of(worker), signal.SIGKILL)
            return super().receive()

    outcome = worker.run(request(BUSY + ASKING, "a", tier=tier), Killing())
    assert code(outcome) == "E0801"
    assert "signal 9" in outcome["error"]["message"]  # type: ignore[index]
    assert outcome["stdout"] == "busy\n"
    assert outcome["usage"]["fuel"] > 0  # type: ignore[index]
    assert answers_again(worker)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xff\xff\xff",
        b"\0\0\0\0",
        b"\x01\0\0\0\xc1",
        b"\x05\0\0\0" + b"\x94\xa3run",
        b"GET / HTTP/1.1\r\n\r\n" * 10,
    ],
)
def test_worker_ends_cleanly_when_it_is_sent_garbage(worker: LocalWorker, garbage: bytes) -> None:
    assert answers_again(worker)
    worker._send(garbage)
    assert code(worker.run(request("1 + 1"))) == "E0801"
    assert answers_again(worker)


@pytest.mark.parametrize("position", range(0, 40, 3))
def test_module_is_refused_when_a_byte_is_changed(worker: LocalWorker, position: int) -> None:
    good = compiled("def f(x):\n    return x * 2\nf(21)")
    bad = bytearray(good)
    bad[position % len(bad)] ^= 0x55
    try:
        ended = code(worker.run(RunRequest(bytes(bad), digest(bytes(bad)))))
    except ModuleError as error:
        ended = error.code
    assert ended != "E0801"
    assert answers_again(worker)


def test_module_is_refused_when_its_hash_is_wrong(worker: LocalWorker) -> None:
    with pytest.raises(ModuleError) as caught:
        worker.run(RunRequest(compiled("1 + 1"), "0" * 64))
    assert caught.value.code == "NOODLE-E0302"
    assert answers_again(worker)


def test_arguments_are_refused_when_they_are_not_data(worker: LocalWorker) -> None:
    with pytest.raises(WireError):
        worker.run(request(ASKING, object()))
    assert answers_again(worker)


def test_result_is_refused_when_it_is_too_large_to_send(worker: LocalWorker) -> None:
    assert code(worker.run(request("'a' * 40_000_000"))) == "E0503"
    assert answers_again(worker)


def test_module_is_sent_again_when_worker_has_dropped_it(worker: LocalWorker) -> None:
    for i in range(70):  # more than a worker keeps
        assert worker.run(request(f"{i} + 1"))["result"] == i + 1
    assert worker.run(request("0 + 1"))["result"] == 1


@pytest.mark.parametrize("tier", ["interpreter", "python"])
def test_nothing_of_a_run_is_there_when_the_next_one_starts(worker: LocalWorker, tier: str) -> None:
    source = """\
seen = []
def main(x: int, kept: list = []) -> list:
    global seen
    seen.append(x)
    kept.append(x)
    print(x)
    return [len(seen), len(kept)]
"""
    first = worker.run(request(source, 1, tier=tier))
    second = worker.run(request(source, 2, tier=tier))
    assert first["result"] == second["result"] == [1, 1]
    assert second["stdout"] == "2\n"
    assert first["usage"]["fuel"] == second["usage"]["fuel"]  # type: ignore[index]


def test_limits_of_a_run_are_gone_when_the_next_one_starts(worker: LocalWorker) -> None:
    assert code(worker.run(request("len('a' * 10**8)", memory=10**7))) == "E0402"
    assert worker.run(request("len('a' * 10**8)", memory=2 * 10**8))["result"] == 10**8
    assert code(worker.run(request(FOREVER, deadline=0.1, fuel=10**15))) == "E0403"
    assert worker.run(request("sum(range(1000000))"))["result"] == 499999500000


def test_limit_of_memory_holds_when_worker_is_forked_off_a_large_half_empty_process() -> None:
    script = """if True:
        blocks = [bytearray(100_000) for _ in range(3000)]  # from the heap, not each a mapping of its own
        last = blocks.pop()
        del blocks
        from noodle_ray.core.sandbox.local import LocalWorker
        from tests.sandbox.programs import code, request
        with LocalWorker(fork_server=False) as worker:
            print(code(worker.run(request("len('a' * 10**8)", memory=10**7))))
            print(worker.run(request("len('a' * 10**8)", memory=2 * 10**8))["result"])
            print(code(worker.run(request("'a' * 40_000_000"))))  # packed: a peak that hides the next run's
            print(code(worker.run(request("len('a' * 10**8)", memory=10**7))))
    """
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.stdout.split(), done.stderr) == (["E0402", "100000000", "E0503", "E0402"], "")


def test_one_worker_serves_all_runs_when_nothing_goes_wrong(worker: LocalWorker) -> None:
    assert answers_again(worker)
    pid = pid_of(worker)
    for source in ("1 / 0", "x = [1]\nx[5]", "print('a')", "sorted([3, 1])", "'a' * 10_000_000 == ''"):
        worker.run(request(source))
    assert pid_of(worker) == pid


def test_worker_is_replaced_when_it_keeps_much_memory(small_worker: LocalWorker) -> None:
    assert answers_again(small_worker)
    pid = pid_of(small_worker)
    # many small objects with a few long-lived ones between them pin the allocator's arenas
    small_worker.run(request("x = [[i] for i in range(2000000)]\nlen(x)", memory=10**9))
    assert answers_again(small_worker)
    after = psutil.Process(pid_of(small_worker)).memory_info().rss
    assert pid_of(small_worker) != pid or after < 120_000_000


def test_forked_worker_is_gone_when_closed() -> None:
    before = set(os.listdir("/proc/self/fd"))
    worker = LocalWorker(fork_server=False)
    assert answers_again(worker)
    pid = pid_of(worker)
    worker.close()
    worker.close()
    assert not psutil.pid_exists(pid)
    assert set(os.listdir("/proc/self/fd")) == before


def test_fork_server_is_used_when_process_has_threads() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    before = set(os.listdir("/proc/self/fd"))
    try:
        with LocalWorker() as worker:
            assert worker._server is not None
            assert answers_again(worker)
            server = psutil.Process(worker._server.process.pid)
            processes = [server, *server.children(recursive=True)]
    finally:
        stop.set()
        thread.join()
    assert not any(process.is_running() for process in processes)
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize(("loaded", "needed"), [("python", "interpreter"), ("interpreter", "python")])
def test_tier_is_loaded_after_all_when_a_run_needs_it(loaded: str, needed: str) -> None:
    before = set(os.listdir("/proc/self/fd"))
    with LocalWorker(Needs((loaded,), ()), fork_server=False) as worker:
        assert worker.run(request("1 + 1", tier=loaded))["tier"] == loaded
        outcome = worker.run(request("1 + 1", tier=needed))
        assert (outcome["result"], outcome["tier"]) == (2, needed)
    assert set(os.listdir("/proc/self/fd")) == before


def test_run_local_leaves_nothing_when_done() -> None:
    before = set(os.listdir("/proc/self/fd")), psutil.Process().children()
    assert run_local(request("1 + 1"))["result"] == 2
    with pytest.raises(ModuleError):
        run_local(RunRequest(b"garbage", digest(b"garbage"), limits=Limits()))
    assert (set(os.listdir("/proc/self/fd")), psutil.Process().children()) == before


@pytest.mark.parametrize("fork_server", [False, True])
def test_workers_that_were_killed_at_their_deadlines_are_gone_when_closed(fork_server: bool) -> None:
    before = set(os.listdir("/proc/self/fd")), psutil.Process().children()
    with LocalWorker(fork_server=fork_server) as worker:
        for _ in range(3):
            assert answers_again(worker)
            os.kill(pid_of(worker), signal.SIGSTOP)  # a hang that no timer in the worker can end
            assert code(worker.run(request(FOREVER, deadline=0.05, fuel=10**15))) == "E0403"
    assert (set(os.listdir("/proc/self/fd")), psutil.Process().children()) == before


def test_program_runs_when_the_shell_limits_memory_below_a_workers_own_bound() -> None:
    script = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))\n"
        "from noodle_ray.core.sandbox.local import LocalWorker\n"
        "from tests.sandbox.programs import request\n"
        "with LocalWorker() as worker:\n"
        "    print([worker.run(request(f'{i} + 1'))['result'] for i in range(2)])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.stdout == "[1, 2]\n", done
