"""`make serve`: the platform in the foreground, until its head is killed, and again until Ctrl-C."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from noodle_ray.cluster.environment import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
NOODLE = str(Path(sys.executable).with_name("noodle"))
CALLS = 300
MANY = f"""
from noodle_ray import model
embed = model("minilm")

def main() -> list[int]:
    widths, width = [], 0
    for n in range({CALLS}):
        width = len(embed(f"{{n}} after {{width}}"))
        widths.append(width)
        print(n)
    return widths
"""
APPROVED = """
from noodle_ray import model, wait_for_signal
embed = model("minilm")

def main() -> list:
    before = len(embed("before"))
    said = wait_for_signal("go")
    return [before, said, len(embed("after"))]
"""


class Serving:
    """A platform in the foreground: what it printed until it served, and its API."""

    def __init__(self, home: Path, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.shown: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            self.shown.append(line)
            if line.startswith("Ctrl-C"):
                break
        assert self.shown[-1:] == ["Ctrl-C stops it\n"], self.shown
        state = json.loads((home / "platform.json").read_text())
        self.supervisor = psutil.Process(state["pid"])
        token = (home / "token").read_text().strip()
        self.api = httpx.Client(base_url=state["url"], headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def effects(self, run: str, most: int) -> list[dict[str, Any]]:
        """The first effects of a run, in their order, when there are so many or it has ended."""
        told: list[dict[str, Any]] = []
        with self.api.stream("GET", f"/v1/runs/{run}/events") as events:
            for line in events.iter_lines():
                if line.startswith("data: ") and (event := json.loads(line[6:]))["type"] == "effect":
                    told.append(event)
                    if len(told) == most:
                        break
        return told

    def kill_head(self) -> None:
        """SIGKILL to what keeps the platform, and to Ray's head with all that is on it."""
        processes = [self.supervisor, *self.supervisor.children(recursive=True)]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(processes, 10)


@contextlib.contextmanager
def serving(home: Path) -> Iterator[Serving]:
    environment = {**os.environ, "NOODLE_HOME": str(home)}
    command = [NOODLE, "up", "--foreground", "--port", str(free_port())]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Serving(home, process)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.stdout is not None
            process.stdout.read()


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.cluster
@pytest.mark.models
@pytest.mark.timeout(600)
def test_foreground_prints_lines_that_work_and_durable_runs_outlive_its_head(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "cache").symlink_to(ROOT / ".noodle" / "cache")
    with serving(home) as first:
        assert f"token {(home / 'token').read_text().strip()}\n" in first.shown
        lines = [line.strip() for line in first.shown if line.strip().startswith("curl ")]
        answers = [
            json.loads(subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, check=True).stdout)
            for line in lines
        ]
        assert [sorted(answer)[0] for answer in answers] == ["status", "error", "outputs"]
        assert answers[1]["result"] == 2
        waits = first.api.post("/v1/runs", json={"source": APPROVED}).json()["id"]
        until(lambda: first.api.get(f"/v1/runs/{waits}").json()["status"] == "waiting")
        asks = first.api.post("/v1/runs", json={"source": MANY}).json()["id"]
        before = {waits: first.effects(waits, 1), asks: first.effects(asks, 3)}
        assert first.api.get(f"/v1/runs/{asks}").json()["status"] == "running"
        first.kill_head()
    with serving(home) as second:
        assert second.api.post(f"/v1/runs/{waits}/signals/go", json={"value": "yes"}).is_success
        for run, result in ((waits, [384, "yes", 384]), (asks, [384] * CALLS)):
            ended = second.api.get(f"/v1/runs/{run}/wait", params={"timeout": 50}).json()
            assert (ended["status"], ended["result"]) == ("succeeded", result), ended
            effects = second.effects(run, CALLS)
            assert effects[: len(before[run])] == before[run]  # what was answered was not asked again
            assert len({effect["key"] for effect in effects}) == len(effects)
        assert len(effects) == CALLS
        assert ended["stdout"] == "".join(f"{n}\n" for n in range(CALLS))
    assert second.process.returncode == 0
    assert not (home / "platform.json").exists()
