"""The traceback module: an exception and those it came from, without the lines where they were raised."""

import sys
from typing import Any

from noodle_ray.core.vm.classes.kinds import clean_error
from noodle_ray.core.vm.methods import attribute
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_str

_HEAD = "Traceback (most recent call last):\n"
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"


def _told(exc: Any) -> BaseException:
    if not isinstance(exc, BaseException):
        raise TypeError(f"Exception expected for value, {type(exc).__name__} found")
    clean_error(exc)
    return exc


def format_exception_only(exc: Any, /, value: Any = None) -> list[str]:
    """traceback.format_exception_only."""
    error = _told(exc if value is None else value)
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("__main__", "builtins"):
        name = f"{kind.__module__}.{name}"
    text = to_str(error)
    notes = getattr(error, "__notes__", [])
    return [f"{name}: {text}\n" if text else f"{name}\n", *[f"{to_str(note)}\n" for note in notes]]


def format_exception(exc: Any, /, value: Any = None, tb: Any = None, limit: Any = None, chain: Any = True) -> list[str]:
    """traceback.format_exception."""
    error: BaseException | None = _told(exc if value is None else value)
    parts: list[list[str]] = []
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        S.charge(16)
        seen.add(id(error))
        parts.append([_HEAD, *format_exception_only(error)])
        if not chain:
            break
        if error.__cause__ is not None:
            parts.append([_CAUSE])
            error = error.__cause__
        elif error.__context__ is not None and not error.__suppress_context__:
            parts.append([_CONTEXT])
            error = error.__context__
        else:
            break
    return [line for part in reversed(parts) for line in part]


def format_exc(limit: Any = None, chain: Any = True) -> str:
    """traceback.format_exc."""
    error = sys.exc_info()[1]
    return "NoneType: None\n" if error is None else "".join(format_exception(error, chain=chain))


def print_exception(
    exc: Any, /, value: Any = None, tb: Any = None, limit: Any = None, file: Any = None, chain: Any = True
) -> None:
    """traceback.print_exception: to stderr, which nobody reads, or to a file."""
    _write("".join(format_exception(exc, value, chain=chain)), file)


def _write(text: str, file: Any) -> None:
    if file is None:
        S.complain(text)
    else:
        attribute(file, "write")(text)


def print_exc(limit: Any = None, file: Any = None, chain: Any = True) -> None:
    """traceback.print_exc: to stderr, which nobody reads, or to a file."""
    _write(format_exc(chain=chain), file)


MEMBERS: dict[str, Any] = {
    "format_exc": format_exc,
    "format_exception": format_exception,
    "format_exception_only": format_exception_only,
    "print_exc": print_exc,
    "print_exception": print_exception,
}
