"""On what terms a call of a model waits: how urgent it is, for whom, and until when.

Whoever serves a request puts its terms around what it does; calls of models made there inherit them.
"""

import contextlib
import re
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from math import inf, isfinite
from typing import Any, Final, NamedTuple

from noodle_ray.errors import RequestError

BAD_TERMS: Final = "NOODLE-E0750"
"""Error code: a priority, tenant or deadline that is none."""

PRIORITIES: Final = {"interactive": 0, "normal": 1, "batch": 2}
"""Names of the classes, the most urgent first."""

NAMES: Final = tuple(PRIORITIES)
"""What each value of `PRIORITIES` is called."""

MAX_DEADLINE: Final = 86_400.0
"""The longest that a call may wait, in seconds."""

_TENANT = re.compile(r"[A-Za-z0-9._:@/-]{1,64}")

Packed = tuple[int, str, float, float]
"""Terms on their way to another process: priority, tenant, the seconds that are left, and those that have passed."""


class Terms(NamedTuple):
    """``priority`` is a value of `PRIORITIES`; calls of one ``tenant`` share its turn; ``until`` is a time of this
    process's ``time.monotonic``, after which nobody wants the answer; ``since`` is when the call began to wait, or 0.
    ``whose`` is the tenant by whose token it was made, whatever turn it shares; that stays in this process.
    """

    priority: int = PRIORITIES["normal"]
    tenant: str = ""
    until: float = inf
    since: float = 0.0
    whose: str = ""

    def packed(self) -> Packed:
        """These terms for another process, whose clock is another."""
        now = time.monotonic()
        return self.priority, self.tenant, self.until - now, now - self.since if self.since else 0.0

    def within(self, seconds: float) -> "Terms":
        """These terms, but for so many seconds from now at most."""
        return self._replace(until=min(self.until, time.monotonic() + seconds))


ORDINARY: Final = Terms()

_current: ContextVar[Terms] = ContextVar("terms", default=ORDINARY)


def unpacked(packed: Packed) -> Terms:
    """The terms that another process packed."""
    priority, tenant, left, passed = packed
    now = time.monotonic()
    return Terms(priority, tenant, now + left, now - passed if passed else 0.0)


def current() -> Terms:
    """The terms of whatever this task serves."""
    return _current.get()


@contextlib.contextmanager
def under(terms: Terms) -> Iterator[None]:
    """Put these terms around what follows."""
    token = _current.set(terms)
    try:
        yield
    finally:
        _current.reset(token)


def adopt(terms: Terms) -> None:
    """Put these terms around the rest of this task."""
    _current.set(terms)


def checked(priority: str | None = None, tenant: str | None = None, deadline: float | str | None = None) -> Terms:
    """Terms from what a client says, where None means that it says nothing. Raises RequestError E0750."""
    if priority is not None and priority not in PRIORITIES:
        raise _bad(f"the priority must be one of {', '.join(PRIORITIES)}, not {priority[:40]!r}")
    if tenant is not None and not _TENANT.fullmatch(tenant):
        raise _bad("a tenant is a name of 1 to 64 letters, digits and . _ : @ / -")
    terms = Terms(PRIORITIES[priority or "normal"], tenant or "")
    return terms if deadline is None else terms.within(_seconds(deadline))


def lowered(terms: Terms, options: Mapping[str, Any]) -> tuple[Terms, dict[str, Any]]:
    """Terms of one call of a program, whose run has these, and the call's other options.

    The options ``priority`` (a name of `PRIORITIES`) and ``deadline`` (seconds from now) make the call less urgent than
    its run and wanted for less long, never more. Raises RequestError E0750.
    """
    rest = {name: value for name, value in options.items() if name not in ("priority", "deadline")}
    priority, deadline = options.get("priority"), options.get("deadline")
    if priority is not None:
        if not isinstance(priority, str):
            raise _bad(f"the priority must be a text, not {priority!r:.40}")
        terms = terms._replace(priority=max(terms.priority, checked(priority).priority))
    if deadline is not None:
        if type(deadline) not in (int, float):
            raise _bad(f"the deadline must be a number of seconds, not {deadline!r:.40}")
        terms = terms.within(_seconds(deadline))
    return terms, rest


def _seconds(deadline: float | str) -> float:
    with contextlib.suppress(ValueError, OverflowError):
        seconds = float(deadline)
        if isfinite(seconds) and 0 < seconds <= MAX_DEADLINE:
            return seconds
    raise _bad(
        f"the deadline must be a number of seconds over 0, up to {MAX_DEADLINE:,.0f}, not {str(deadline)[:40]!r}"
    )


def _bad(message: str) -> RequestError:
    return RequestError(message, code=BAD_TERMS)
