"""Lets all executor replicas of a node count into the same files. Import this before `prometheus_client`."""

import os
from pathlib import Path

RUN_DIR = "NOODLE_RUN_DIR"
"""Environment variable with the platform's private folder on this node."""

_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def share_counters() -> None:
    """Point `prometheus_client` at the shared folder, if the platform has one here."""
    if RUN_DIR in os.environ:
        folder = Path(os.environ[RUN_DIR]) / "metrics"
        folder.mkdir(mode=0o700, exist_ok=True)
        os.environ[_VARIABLE] = str(folder)


def leave_counters() -> None:
    """Take this process out of the gauges of live processes."""
    if _VARIABLE in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


share_counters()
