"""What the store raises, beside what is a mistake in Noodle itself."""

import logging
from typing import Final

from noodle_ray.errors import PlatformError, RequestError

UNAVAILABLE: Final = "NOODLE-E0820"
"""Error code: the database cannot be reached, or refused a statement."""
LOST: Final = "NOODLE-E0822"
"""Error code: whoever writes does not own the run any more."""
DAMAGED: Final = "NOODLE-E0824"
"""Error code: a stored object is missing, or its bytes are not those that were stored."""
BACKUP: Final = "NOODLE-E0823"
"""Error code: a back-up cannot be made or restored there."""
CONFLICT: Final = "NOODLE-E0730"
"""Error code: the idempotency key belongs to another request."""
UNKNOWN_RUN: Final = "NOODLE-E0731"
"""Error code: there is no run of this id."""
NEEDED_RUN: Final = "NOODLE-E0739"
"""Error code: the run that started this one has not ended, and may ask what it gave."""
WRONG_STATUS: Final = "NOODLE-E0732"
"""Error code: the run's status does not allow this."""
BAD_NAME: Final = "NOODLE-E0734"
"""Error code: a name, key or cursor is too long, or has what cannot be stored."""
TOO_MANY_VERSIONS: Final = "NOODLE-E0760"
"""Error code: a tenant has as many published versions as it may."""
PUBLISHED_MEANWHILE: Final = "NOODLE-E0748"
"""Error code: a program has another latest version, or its alias means another, than a new one was checked against."""
TOO_MANY_SCHEDULES: Final = "NOODLE-E0761"
"""Error code: a tenant has as many schedules as it may."""
UNKNOWN_PROGRAM: Final = "NOODLE-E0733"
"""Error code: there is no such program, version or alias."""


_log = logging.getLogger("noodle.store")
_logged: Final[list[str]] = []
"""What was logged last."""


class StoreUnavailable(PlatformError):
    """The database cannot be reached now; the same may be tried again."""

    default_code = UNAVAILABLE


def failed(what: str, error: Exception) -> StoreUnavailable:
    """The error that says that a part of the store failed.

    Clients and programs see its message, so what has hosts, users and files in it goes to the log only, and once as
    long as it is the same. A database's further lines, which have the statement and its parameters, go nowhere.
    """
    told = f"{what} failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"[:2000]
    if told not in _logged:
        _logged[:] = [told]
        _log.warning("%s", told)
    made = StoreUnavailable(f"{what} failed: {type(error).__name__}; the platform's log has more")
    made.__cause__ = error
    return made


class LeaseLost(PlatformError):
    """Somebody else owns the run by now, or nobody: what was to be written was not."""

    default_code = LOST

    def __init__(self, run: str) -> None:
        super().__init__(f"run {run} is not owned by this node any more; nothing was written")
        self.run = run


class Conflict(RequestError):
    """An idempotency key that came before with another request."""

    default_code = CONFLICT

    def __init__(self, key: str, run: str) -> None:
        super().__init__(f"the idempotency key {key!r} belongs to run {run}, which is another request; take a new key")
        self.run = run


class UnknownRun(RequestError):
    """There is no such run."""

    default_code = UNKNOWN_RUN

    def __init__(self, run: str) -> None:
        super().__init__(f"there is no run {run[:64]!r}")


class WrongStatus(RequestError):
    """The run's status does not allow what was asked."""

    default_code = WRONG_STATUS

    def __init__(self, run: str, status: str, command: str) -> None:
        super().__init__(f"run {run} is {status}; it cannot be the target of {command!r} now")


class NeededRun(RequestError):
    """A run that cannot be deleted yet, because the one that started it has not ended."""

    default_code = NEEDED_RUN

    def __init__(self, run: str, caller: str) -> None:
        super().__init__(f"run {run} was started by run {caller}, which has not ended; delete it after that")


class UnknownProgram(RequestError):
    """There is no such program, version or alias."""

    default_code = UNKNOWN_PROGRAM

    def __init__(self, name: str, which: object = None) -> None:
        suffix = f" with version or alias {which!r}" if which is not None else ""
        super().__init__(f"there is no program {name[:128]!r}{suffix}")
