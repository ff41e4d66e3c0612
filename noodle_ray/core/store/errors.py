"""What the store raises, beside what is a mistake in Noodle itself."""

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
WRONG_STATUS: Final = "NOODLE-E0732"
"""Error code: the run's status does not allow this."""
BAD_NAME: Final = "NOODLE-E0734"
"""Error code: a name, key or cursor is too long, or has what cannot be stored."""
UNKNOWN_PROGRAM: Final = "NOODLE-E0733"
"""Error code: there is no such program, version or alias."""


class StoreUnavailable(PlatformError):
    """The database cannot be reached now; the same may be tried again."""

    default_code = UNAVAILABLE


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


class UnknownProgram(RequestError):
    """There is no such program, version or alias."""

    default_code = UNKNOWN_PROGRAM

    def __init__(self, name: str, which: object = None) -> None:
        suffix = f" with version or alias {which!r}" if which is not None else ""
        super().__init__(f"there is no program {name[:128]!r}{suffix}")
