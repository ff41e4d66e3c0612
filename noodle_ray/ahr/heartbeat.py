"""Signs of life of engines: whoever works on a call says so from time to time, for a watchdog in another thread."""

import threading
import time

_beats: dict[int, float] = {}


def beat() -> None:
    """Say that this thread gets on with its work: at every token, text group or call."""
    _beats[threading.get_ident()] = time.monotonic()


def last_beat(thread: int) -> float:
    """When a thread last said so, as ``time.monotonic`` tells it; 0 if it never did."""
    return _beats.get(thread, 0.0)


def forget(thread: int) -> None:
    """A thread has ended."""
    _beats.pop(thread, None)
