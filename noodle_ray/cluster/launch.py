"""Start and stop a platform. The work is done by a supervising process of its own, so that it outlives this one."""

import contextlib
import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from noodle_ray import paths
from noodle_ray.cluster.ports import check_port
from noodle_ray.cluster.processes import descendants, end, find, marked
from noodle_ray.cluster.state import (
    FAILED,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    PlatformState,
    read_state,
    remove_state,
    write_state,
)
from noodle_ray.errors import PlatformError, UsageError
from noodle_ray.security.tokens import ensure_token

DEFAULT_PORT = 8000
START_TIMEOUT = 300.0
"""Seconds a start may take; the first one may have to export a model."""
STOP_GRACE = 30.0
"""Seconds the supervisor gets to stop by itself; what is left is then ended one by one."""
POLL = 0.05
_FIRST_STAGE = "starting the supervisor"

Progress = Callable[[str], None]


def start_platform(
    port: int = DEFAULT_PORT,
    host: str = "127.0.0.1",
    *,
    ray_address: str = "",
    timeout: float = START_TIMEOUT,
    progress: Progress = lambda stage: None,
) -> PlatformState:
    """Start a platform in the background and return when it serves; join the one that already runs.

    ``progress`` is told each stage in words. With ``ray_address`` the platform is deployed on that Ray cluster
    (``auto`` for the one on this machine) instead of one of its own. Raises UsageError E0910 if another one runs at
    another address, E0911 if the port is taken; PlatformError E0816 if the start failed, E0813 if it took too long.
    """
    with _lock():
        running = platform_status()
        if running.state in (RUNNING, STARTING):
            _check_same_address(running, host, port)
        else:
            _clean_up(running)
            check_port(host, port)
            running = _spawn(port, host, ray_address)
        return _wait(running, timeout, progress)


def stop_platform(*, grace: float = STOP_GRACE, progress: Progress = lambda stage: None) -> bool:
    """Stop the platform and every process it started, and nothing else. Return whether there was one."""
    with _lock(read_only=True):
        state = read_state()
        if state is None:
            return False
        progress("stopping")
        supervisor = find(state.pid, state.created)
        if supervisor is not None:
            below = descendants(supervisor)
            supervisor.terminate()
            with contextlib.suppress(Exception):
                supervisor.wait(grace)
            end([*below, supervisor], 2.0)
        _clean_up(state)
        return True


def platform_status() -> PlatformState:
    """Return the platform's state; `STOPPED` if there is none, `FAILED` if its supervisor is gone."""
    state = read_state()
    if state is None:
        return PlatformState(STOPPED)
    if state.state != FAILED and find(state.pid, state.created) is None:
        return state._replace(state=FAILED, stage="its supervising process is gone; run: noodle down")
    return state


def serve_foreground(
    port: int = DEFAULT_PORT,
    host: str = "127.0.0.1",
    *,
    timeout: float = START_TIMEOUT,
    progress: Progress = lambda stage: None,
    announce: Callable[[PlatformState], None] = lambda state: None,
) -> None:
    """Start a platform, announce it, and stop it on Ctrl-C or SIGTERM. Raises PlatformError E0814 if it dies.

    Raises UsageError E0910 if one runs already: that one belongs to whoever started it.
    """
    already = platform_status()
    if already.state in (RUNNING, STARTING):
        raise UsageError(f"a platform already runs at {already.url}; run: noodle down", code="NOODLE-E0910")
    with _terminate_as_interrupt():
        try:
            state = start_platform(port, host, timeout=timeout, progress=progress)
            announce(state)
            while platform_status().state == RUNNING:
                time.sleep(0.5)
            raise PlatformError(f"the platform stopped by itself; see {state.log}", code="NOODLE-E0814")
        except KeyboardInterrupt:
            pass
        finally:
            stop_platform(progress=progress)


def curl_lines(state: PlatformState) -> list[str]:
    """Three commands that work when pasted into a shell."""
    run = """-d '{"source": "1 + 1"}'"""
    embed = """-d '{"inputs": ["good morning"]}'"""
    bearer = f'-H "Authorization: Bearer $(cat {state.token_file})"'
    return [
        f"curl -s {state.url}/healthz",
        f"curl -s {bearer} {run} {state.url}/v1/run",
        f"curl -s {bearer} {embed} {state.url}/v1/models/minilm/infer",
    ]


def _spawn(port: int, host: str, ray_address: str) -> PlatformState:
    from noodle_ray.cluster.environment import new_marker, ray_environment

    ensure_token()
    # Not under the state folder: the path of a UNIX socket has at most 107 bytes, and Ray's and HAProxy's are long.
    # HAProxy allows 97, of which Serve's folders take 74.
    run_dir = Path(tempfile.mkdtemp(prefix="noodle-", dir="/tmp"))
    marker = new_marker()
    environment = {**os.environ, **ray_environment(paths.home().resolve(), run_dir, marker)}
    log = paths.log_dir() / "platform.log"
    command = [sys.executable, "-m", "noodle_ray.cluster.supervisor", str(port), host, ray_address]
    with open(log, "wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
    from noodle_ray.cluster.processes import identity

    state = PlatformState(
        STARTING,
        _FIRST_STAGE,
        stages=[_FIRST_STAGE],
        url=f"http://{_reachable(host)}:{port}",
        token_file=str(paths.token_file()),
        pid=process.pid,
        created=identity(process.pid),
        marker=marker,
        run_dir=str(run_dir),
        ray_address=ray_address,
        log=str(log),
    )
    write_state(state)
    (run_dir / "go").touch()  # the supervisor waits for this: from here on the record is its to write
    return state


def _wait(state: PlatformState, timeout: float, progress: Progress) -> PlatformState:
    deadline = time.monotonic() + timeout
    told = len(state.stages) if state.state == RUNNING else 0
    while True:
        now = platform_status()
        for stage in now.stages[told:]:
            progress(stage)
        told = max(told, len(now.stages))
        if now.state == RUNNING:
            return now
        if now.state not in (STARTING, STOPPING):
            reason = now.stage if now.state == FAILED else "it was stopped while it started"
            _clean_up(state)
            raise PlatformError(f"the platform did not start: {reason}; see {state.log}", code="NOODLE-E0816")
        if time.monotonic() > deadline:
            supervisor = find(state.pid, state.created)
            end([*(descendants(supervisor) if supervisor else []), *([supervisor] if supervisor else [])], 5.0)
            _clean_up(state)
            message = f"the platform was not ready after {timeout:g} seconds; see {state.log}"
            raise PlatformError(message, code="NOODLE-E0813")
        time.sleep(POLL)


def _clean_up(state: PlatformState) -> None:
    """End what is left of a platform whose supervisor is gone, and remove its files."""
    if state.marker:
        end(marked(state.marker), 2.0)
    if state.run_dir and Path(state.run_dir).name.startswith("noodle-"):
        import shutil

        shutil.rmtree(state.run_dir, ignore_errors=True)
    remove_state()


def _check_same_address(running: PlatformState, host: str, port: int) -> None:
    wanted = f"http://{_reachable(host)}:{port}"
    if running.url != wanted:
        message = f"a platform already runs at {running.url}; run `noodle down` first, or use that one"
        raise UsageError(message, code="NOODLE-E0910")


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)


@contextlib.contextmanager
def _lock(*, read_only: bool = False) -> Iterator[None]:
    """Let one start at a time; a stop need not wait for a start, which notices it."""
    if read_only:
        yield
        return
    with open(paths.home() / "platform.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _terminate_as_interrupt() -> Iterator[None]:
    import signal

    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


__all__ = ["STOPPING", "curl_lines", "platform_status", "serve_foreground", "start_platform", "stop_platform"]
