"""The warnings module, with filters of the run's own. What is shown goes to stderr, which nobody reads.

A run does not know the lines of its callers: a warning of the same text and category is the same.
"""

import re
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.vetting import charge_value, readers
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_str

_ACTIONS: Final = ("error", "ignore", "always", "default", "module", "once")
_FIRST: Final[tuple[tuple[str, Any, Any], ...]] = (
    ("default", None, DeprecationWarning),
    ("ignore", None, PendingDeprecationWarning),
    ("ignore", None, ImportWarning),
    ("ignore", None, ResourceWarning),
)
"""What CPython begins with, for a program that is the main module."""


class WarningMessage:
    """warnings.WarningMessage."""

    def __init__(self, message: Any, category: Any) -> None:
        self.message = message
        self.category = category
        self.filename = "main.py"
        self.lineno = 1
        self.file = self.line = self.source = None

    def __str__(self) -> str:
        return (
            f"{{message : {self.message!r}, category : {self.category.__name__!r}, filename : {self.filename!r}, "
            f"lineno : {self.lineno}, line : None}}"
        )


class _Run:
    """The filters of a run, what it has shown once, and where it shows."""

    def __init__(self) -> None:
        self.filters: list[tuple[str, Any, Any]] = [*_FIRST]
        self.shown: set[tuple[str, Any]] = set()
        self.log: list[WarningMessage] | None = None


_run: Final = _Run()
on_start(_run.__init__, "warnings")  # type: ignore[misc]


def warn(message: Any, category: Any = None, stacklevel: Any = 1, source: Any = None) -> None:
    """warnings.warn."""
    S.charge(20 + 8 * len(_run.filters))
    if isinstance(message, Warning):
        category = type(message)
    elif category is None:
        category = UserWarning
    if not (isinstance(category, type) and issubclass(category, Warning)):
        raise TypeError(f"category must be a Warning subclass, not '{type(category).__name__}'")
    text = to_str(message)
    charge_value(text, len(_run.filters))
    if not isinstance(message, Warning):
        message = category(message)
    action = _action(text, category)
    if action == "error":
        raise message
    if action == "ignore":
        return
    if action != "always":
        if (text, category) in _run.shown:
            return
        _run.shown.add((text, category))
    if _run.log is not None:
        _run.log.append(WarningMessage(message, category))
    else:
        S.complain(f"main.py:1: {category.__name__}: {text}\n")


def _action(text: str, category: Any) -> str:
    for action, pattern, kind in _run.filters:
        if issubclass(category, kind) and (pattern is None or pattern.match(text)):
            return action
    return "default"


def _insert(action: Any, pattern: Any, category: Any, append: Any) -> None:
    if action not in _ACTIONS:
        raise AssertionError(f"invalid action: {action!r}")
    if not (isinstance(category, type) and issubclass(category, Warning)):
        raise AssertionError("category must be a Warning subclass")
    S.charge(8 + len(_run.filters))
    entry = str.__str__(action), pattern, category
    if append:
        _run.filters.append(entry)
    else:
        if entry in _run.filters:
            _run.filters.remove(entry)
        _run.filters.insert(0, entry)
    _run.shown.clear()


def simplefilter(action: Any, category: Any = Warning, lineno: Any = 0, append: Any = False) -> None:
    """warnings.simplefilter."""
    _insert(action, None, category, append)


def filterwarnings(
    action: Any, message: Any = "", category: Any = Warning, module: Any = "", lineno: Any = 0, append: Any = False
) -> None:
    """warnings.filterwarnings."""
    if not isinstance(message, str):
        raise AssertionError("message must be a string")
    S.charge(16 + (len(message) << 2))
    _insert(action, re.compile(str.__str__(message), re.IGNORECASE) if message else None, category, append)


def resetwarnings() -> None:
    """warnings.resetwarnings."""
    _run.filters.clear()
    _run.shown.clear()


class CatchWarnings:
    """warnings.catch_warnings."""

    __slots__ = ("_before", "_first", "_record")

    def __init__(
        self,
        *,
        record: Any = False,
        module: Any = None,
        action: Any = None,
        category: Any = Warning,
        lineno: Any = 0,
        append: Any = False,
    ) -> None:
        self._record = bool(record)
        self._first = None if action is None else (action, category, lineno, append)
        self._before: tuple[Any, Any, Any] | None = None

    def enter(self) -> Any:
        """Keep the filters; the list that takes the warnings, if they are to be recorded."""
        if self._before is not None:
            raise RuntimeError(f"Cannot enter {self!r} twice")
        self._before = _run.filters, _run.shown, _run.log
        _run.filters, _run.shown = [*_run.filters], set()
        if self._first is not None:
            simplefilter(*self._first)
        if self._record:
            _run.log = []
        return _run.log if self._record else None

    def leave(self, *details: object) -> None:
        """Restore the filters."""
        if self._before is None:
            raise RuntimeError(f"Cannot exit {self!r} without entering first")
        _run.filters, _run.shown, _run.log = self._before

    def __repr__(self) -> str:
        return "catch_warnings(record=True)" if self._record else "catch_warnings()"


CatchWarnings.__name__ = CatchWarnings.__qualname__ = "catch_warnings"
CatchWarnings.__module__ = WarningMessage.__module__ = "warnings"
register(CatchWarnings, methods={"__enter__": CatchWarnings.enter, "__exit__": CatchWarnings.leave})
register(WarningMessage, attributes=readers("category", "file", "filename", "line", "lineno", "message", "source"))

MEMBERS: Final[dict[str, Any]] = {
    "WarningMessage": WarningMessage,
    "catch_warnings": CatchWarnings,
    "filterwarnings": filterwarnings,
    "resetwarnings": resetwarnings,
    "simplefilter": simplefilter,
    "warn": warn,
}
