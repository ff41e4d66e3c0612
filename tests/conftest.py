"""What every test shares: a state folder inside the repository, and a check that nothing is left running.

The environment is set here, before anything of Noodle or Ray is imported. The cache inside the state folder
is kept between runs, so that the ONNX export of the embedding model is made once per checkout.
"""

import contextlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from noodle_ray.cluster import PlatformState

settings.register_profile("any machine", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parent.parent
MARK = "NOODLE_TEST_RUN"
RUN = uuid.uuid4().hex
HOME = ROOT / ".noodle" / f"test-{RUN[:8]}"


def _prepare_home() -> None:
    cache = ROOT / ".noodle" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    HOME.mkdir(mode=0o700)
    (HOME / "cache").symlink_to(cache, target_is_directory=True)


_prepare_home()
os.environ[MARK] = RUN
os.environ["NOODLE_HOME"] = str(HOME)
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
# Ray reads these once per process, whenever a test first imports it.
os.environ["RAY_AUTH_MODE"] = "token"
os.environ["RAY_AUTH_TOKEN_PATH"] = str(HOME / "ray_token")
os.environ["NOODLE_DURABLE_LEASE"] = "3"  # a test waits for it to run out
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # its handlers would end the workers that tests fork off this process
os.environ.pop("NO_COLOR", None)
os.environ.pop("NOODLE_URL", None)
os.environ.pop("NOODLE_TOKEN", None)


@pytest.fixture
def noodle_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh, empty state folder for one test, instead of the one that the whole run shares."""
    monkeypatch.setenv("NOODLE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def platform_on_ray() -> "Iterator[PlatformState]":
    """A whole platform, started as `noodle up` does, once for all tests that need one."""
    from noodle_ray.cluster import start_platform, stop_platform
    from noodle_ray.cluster.environment import free_port

    os.environ["NOODLE_GRPC_PORT"] = str(free_port())
    try:
        state = start_platform(free_port())
    finally:
        del os.environ["NOODLE_GRPC_PORT"]  # it is this platform's; tests start others
    yield state
    stop_platform()


def _ours() -> Iterator[psutil.Process]:
    """Running processes that this test run started, directly or through others."""
    me = psutil.Process()
    seen = {me.pid}
    for process in me.children(recursive=True):
        seen.add(process.pid)
        yield process
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid not in seen and process.environ().get(MARK) == RUN:
                yield process


def _left_over(patience: float) -> list[str]:
    """Command lines of what is still running after at most ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while True:
        left = []
        for process in _ours():
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE:
                    left.append(f"{process.pid} {' '.join(process.cmdline())[:150]}")
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.2)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fails the run when a process that it started outlives it, and removes its state folder."""
    left = _left_over(patience=15)
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("\nprocesses left running by this test run:\n  " + "\n  ".join(left), red=True)
    shutil.rmtree(HOME, ignore_errors=True)
