"""What passes every handler of a program: limits, and everything once the run is over.

A generator that a run leaves behind may be freed much later. What it still has of ``finally`` and ``with`` must not
run then: each run has a `Passing` of its own, which is asked before any of that code runs.
"""

import sys

from noodle_ray.core.vm.classes.kinds import clean_error
from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.state import S
from noodle_ray.light import Final

LIMITS: Final = (LimitExceeded, MemoryError, RecursionError)
"""Exceptions that end a run. Running out of memory or of stack is one of its limits."""
_MARKED: Final = (AttributeError, TypeError, RuntimeError)
"""Exceptions whose messages may have names as CPython sees them."""
_ALL: Final = (BaseException,)


def trip(error: BaseException) -> None:
    """Remember that a limit is ending the run."""
    if isinstance(error, LimitExceeded):
        S.tripped = error.kind
    elif not S.tripped and isinstance(error, LIMITS):
        S.tripped = "memory" if isinstance(error, MemoryError) else "recursion"


def _kills(error: BaseException | None) -> bool:
    """Whether this is what ends a fiber that nobody needs any more."""
    greenlets = sys.modules.get("greenlet")
    return greenlets is not None and isinstance(error, greenlets.GreenletExit)


class Passing:
    """Whether code that a program has for the way out runs, in one run."""

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False

    def is_tripped(self) -> bool:
        """Whether nothing of the program may run any more."""
        return self.ended or bool(S.tripped)

    def limits(self) -> tuple[type[BaseException], ...]:
        """The exceptions that no handler of the program sees now; the one being handled is made fit to be seen."""
        error = sys.exc_info()[1]
        if isinstance(error, _MARKED):
            clean_error(error)
        return _ALL if self.ended or S.tripped else LIMITS

    def passes(self, error: BaseException | None) -> bool:
        """Whether an exception goes through without running any of the program; notes a limit."""
        if isinstance(error, LIMITS):
            trip(error)
            return True
        if isinstance(error, _MARKED):
            clean_error(error)
        return self.ended or bool(S.tripped) or _kills(error)
