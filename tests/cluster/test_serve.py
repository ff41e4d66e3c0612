"""`make serve`: the platform in the foreground, until Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from noodle_ray.cluster.environment import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
NOODLE = str(Path(sys.executable).with_name("noodle"))


@pytest.mark.cluster
@pytest.mark.models
@pytest.mark.timeout(400)
def test_foreground_prints_lines_that_work_and_stops_on_interrupt(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "cache").symlink_to(ROOT / ".noodle" / "cache")
    environment = {**os.environ, "NOODLE_HOME": str(home)}
    command = [NOODLE, "up", "--foreground", "--port", str(free_port())]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        shown = []
        for line in serving.stdout:
            shown.append(line)
            if line.startswith("Ctrl-C"):
                break
        try:
            assert shown[-1:] == ["Ctrl-C stops it\n"], shown
            assert f"token {(home / 'token').read_text().strip()}\n" in shown
            lines = [line.strip() for line in shown if line.strip().startswith("curl ")]
            answers = [
                json.loads(subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, check=True).stdout)
                for line in lines
            ]
            assert [sorted(answer)[0] for answer in answers] == ["status", "error", "outputs"]
            assert answers[1]["result"] == 2
        finally:
            serving.send_signal(signal.SIGINT)
            serving.stdout.read()
    assert serving.returncode == 0
    assert not (home / "platform.json").exists()
