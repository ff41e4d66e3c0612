"""Metrics of several processes: those of a killed one are counted on, but it is not alive."""

import os
import subprocess
import sys
from pathlib import Path

COUNTING = """if True:
    import os, signal, sys
    from noodle_ray.observability.metrics import Metrics
    metrics = Metrics()
    metrics.on_pool(4, 3, 2, 1)
    metrics.on_run("", {"wall_seconds": 0.1, "fuel": 5})
    if sys.argv[1] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    print(metrics.render().decode())
"""


def test_killed_process_is_out_of_the_gauges_of_live_ones(tmp_path: Path) -> None:
    def counted(how: str) -> str:
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        command = [sys.executable, "-c", COUNTING, how]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60).stdout

    counted("killed")
    counted("killed")
    assert len(list(tmp_path.glob("gauge_live*"))) == 2
    shown = counted("shown").splitlines()
    assert {"noodle_workers 4.0", "noodle_runs_running 3.0", "noodle_runs_waiting 2.0"} <= set(shown)
    assert 'noodle_runs_total{code=""} 3.0' in shown
    assert len(list(tmp_path.glob("gauge_live*"))) == 1
