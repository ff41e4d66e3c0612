"""Finding and ending exactly the processes that a platform started."""

import contextlib
import ctypes
import os
from collections.abc import Iterable

import psutil

MARKER = "NOODLE_PLATFORM"
"""Environment variable with the platform's marker; children inherit it."""

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make orphaned descendants of this process its children, so that none can get out of sight (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def identity(pid: int) -> float:
    """Return when a process began, in seconds since the epoch; with its number that names it beyond reuse."""
    return float(psutil.Process(pid).create_time())


def find(pid: int, created: float) -> psutil.Process | None:
    """Return the process if it still is the one that began then, and is not a zombie."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """Return all processes below this one."""
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def marked(marker: str) -> list[psutil.Process]:
    """Return this user's processes that were started with the marker, and all below them."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARKER) == marker:
                for each in (process, *descendants(process)):
                    found[each.pid] = each
    return list(found.values())


def end(processes: Iterable[psutil.Process], grace: float) -> None:
    """Ask processes to end, and kill those that have not after ``grace`` seconds."""
    listed = list(processes)
    for process in listed:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, left = psutil.wait_procs(listed, timeout=grace)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=5.0)
