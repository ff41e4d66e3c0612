"""Starting and stopping without Ray: what is found, refused and cleaned up."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from noodle_ray.cluster import launch, platform_status, start_platform, stop_platform
from noodle_ray.cluster.environment import free_port, loopback_proxy
from noodle_ray.cluster.processes import MARKER, end, find, identity, marked
from noodle_ray.cluster.state import FAILED, RUNNING, STARTING, STOPPED, PlatformState, read_state, write_state
from noodle_ray.errors import UsageError

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


@pytest.fixture(autouse=True)
def _home(noodle_home: Path) -> Path:
    return noodle_home


def test_status_is_stopped_when_nothing_was_started() -> None:
    assert platform_status().state == STOPPED
    assert stop_platform() is False


def test_status_is_failed_when_the_supervisor_is_gone() -> None:
    write_state(PlatformState(RUNNING, pid=1, created=1.0))  # process 1 lives, but did not begin then
    assert platform_status().state == FAILED
    assert "noodle down" in platform_status().stage


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": 5}'])
def test_record_that_cannot_be_understood_is_none(noodle_home: Path, text: str) -> None:
    noodle_home.mkdir(exist_ok=True)
    (noodle_home / "platform.json").write_text(text)
    assert read_state() is None


def test_start_is_refused_when_the_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UsageError) as caught:
            start_platform(taken.getsockname()[1])
    assert caught.value.code == "NOODLE-E0911"
    assert platform_status().state == STOPPED


def test_stop_ends_only_marked_processes_when_the_supervisor_is_gone(tmp_path: Path) -> None:
    run_dir = tmp_path / "noodle-x"
    run_dir.mkdir()
    mine = subprocess.Popen(SLEEP, env={**os.environ, MARKER: "mine"})
    other = subprocess.Popen(SLEEP, env={**os.environ, MARKER: "other"})
    try:
        _wait_for_marker("mine")
        write_state(PlatformState(RUNNING, pid=mine.pid, created=1.0, marker="mine", run_dir=str(run_dir)))
        assert stop_platform() is True
        assert mine.poll() is not None or mine.wait(5) is not None
        assert other.poll() is None
        assert not run_dir.exists()
        assert platform_status().state == STOPPED
    finally:
        for process in (mine, other):
            process.kill()
            process.wait()


def test_process_is_found_only_when_it_is_the_same_one() -> None:
    created = identity(os.getpid())
    assert find(os.getpid(), created) is not None
    assert find(os.getpid(), created - 100) is None


def test_end_kills_what_does_not_end_when_asked() -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    found = find(process.pid, identity(process.pid))
    assert found is not None
    created = found.create_time()
    end([found], 0.2)
    assert find(process.pid, created) is None
    process.stdout.close()
    process.wait()


def test_proxy_starter_moves_statistics_and_drops_splicing_of_requests_and_nothing_else(tmp_path: Path) -> None:
    config = tmp_path / "haproxy.cfg"
    config.write_text("    option splice-request\n    bind :9101\n    bind *:8000\n  bind *:8404\n")
    starter = loopback_proxy(tmp_path, [9101, 8404])
    subprocess.run([starter, "-c", "-f", config], capture_output=True, timeout=20, check=False)
    assert config.read_text() == "    bind 127.0.0.1:9101\n    bind *:8000\n  bind 127.0.0.1:8404\n"


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is not on this machine")
def test_proxy_listens_no_more_when_its_manager_was_killed(tmp_path: Path) -> None:
    port = free_port()
    config = tmp_path / "haproxy.cfg"
    config.write_text(
        "defaults\n  mode http\n  timeout client 60s\n  timeout connect 5s\n  timeout server 60s\n"
        f"frontend f\n  bind 127.0.0.1:{port}\n  http-request return status 200\n"
    )
    manager = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(600)"
    command = [str(loopback_proxy(tmp_path, [])), "-db", "-f", str(config)]
    process = subprocess.Popen([sys.executable, "-c", manager, *command], stdout=subprocess.PIPE)
    assert process.stdout is not None
    proxy = psutil.Process(int(process.stdout.readline()))
    try:
        _until(lambda: _listens(port))
        process.kill()
        process.wait()
        _until(lambda: not _listens(port))
    finally:
        process.stdout.close()
        with contextlib.suppress(psutil.Error):
            proxy.kill()


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5):
        return True
    return False


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_free_port_can_be_bound() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port()))


def _wait_for_marker(marker: str) -> None:
    _until(lambda: bool(marked(marker)))


def test_every_stage_of_a_start_is_told_however_short_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    first = PlatformState(STARTING, "a", stages=["a"])
    ready = PlatformState(RUNNING, "serving", stages=["a", "b", "c"])
    seen = iter([first, first, ready])
    monkeypatch.setattr(launch, "platform_status", lambda: next(seen))
    told: list[str] = []
    assert launch._wait(first, 60, told.append) == ready
    assert told == ["a", "b", "c"]
    monkeypatch.setattr(launch, "platform_status", lambda: ready)
    assert launch._wait(ready, 60, told.append) == ready  # it runs already: nothing is told again
    assert told == ["a", "b", "c"]
