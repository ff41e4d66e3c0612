"""Which signals a run takes."""

from typing import Final

from noodle_ray.core.store.errors import Conflict, WrongStatus
from noodle_ray.core.store.records import Run, Signal
from noodle_ray.core.store.status import TERMINAL
from noodle_ray.errors import RequestError

MAX_SIGNALS: Final = 1000
"""Signals of a run that may wait to be taken."""
MAX_VALUE: Final = 1 << 20
"""Bytes of a signal's value."""
TOO_MANY: Final = "NOODLE-E0735"
"""Error code: too many signals of the run wait to be taken."""
TOO_LARGE: Final = "NOODLE-E0736"
"""Error code: the value of a signal is too large."""


def check_signal(run: Run, signal: Signal, known: Signal | None, waiting: int) -> None:
    """Raise for a signal that the run does not take: WrongStatus, Conflict, or RequestError E0735 or E0736."""
    if known is not None:
        if (known.name, known.value) != (signal.name, signal.value):
            raise Conflict(signal.id, run.id)
        return
    if run.status in TERMINAL:
        raise WrongStatus(run.id, run.status, "signal")
    if waiting >= MAX_SIGNALS:
        raise RequestError(f"run {run.id} has {waiting} signals that it has not taken", code=TOO_MANY)
    if len(signal.value) > MAX_VALUE:
        raise RequestError(f"the value of a signal may have {MAX_VALUE} bytes", code=TOO_LARGE)
