"""What programs wait for beside models: a time, a signal, another run. Each is an effect, with a key as all have.

The names of these effects begin with ``@``, which no model's does. The owner of a run answers them, or refuses.
"""

from datetime import timedelta
from typing import Any, Final

from noodle_ray.core.vm.state import S

MARK: Final = "@"
SLEEP: Final = "@sleep"
SIGNAL: Final = "@signal"
RUN: Final = "@run"
LONGEST: Final = 100 * 366 * 86_400.0
"""Seconds that a wait lasts at most."""


def sleep(seconds: Any = 0.0, /, *, minutes: Any = 0.0, hours: Any = 0.0, days: Any = 0.0, weeks: Any = 0.0) -> None:
    """Wait for so long. In a durable run the wait is stored, and outlives whoever executes the run."""
    total = _seconds(seconds, "seconds")
    for amount, each, name in ((minutes, 60, "minutes"), (hours, 3600, "hours"), (days, 86400, "days"),
                               (weeks, 604_800, "weeks")):  # fmt: skip
        total += _seconds(amount, name) * each
    if not 0 <= total <= LONGEST:
        raise ValueError("sleep length must be non-negative, and a hundred years at most")
    _ask(SLEEP, (total,))


def wait_for_signal(name: Any, /, *, timeout: Any = None) -> Any:
    """The value of the next signal of this name, once it has come. Raises TimeoutError if it has not in time."""
    name = _name(name, "a signal's name")
    seconds = None if timeout is None else _seconds(timeout, "timeout")
    if seconds is not None and not 0 <= seconds <= LONGEST:
        raise ValueError("timeout must be non-negative, and a hundred years at most")
    arrived, value = _ask(SIGNAL, (name, seconds))
    if not arrived:
        raise TimeoutError(f"no signal '{name}' came in time")
    return value


def run_program(name: Any, /, *args: Any, **kwargs: Any) -> Any:
    """The result of another run, of a published program: ``name``, ``name@version`` or ``name@alias``."""
    S.charge(100)
    return S.fibers.start((_name(name, "a program's name"), list(args), kwargs))


def _ask(kind: str, args: tuple[Any, ...]) -> Any:
    S.charge(100)
    return S.fibers.force(S.fibers.effect(kind, args, {}))


def _seconds(value: Any, what: str) -> float:
    if isinstance(value, timedelta):
        return timedelta.total_seconds(value)
    if isinstance(value, float):
        value = float.__float__(value)
    elif isinstance(value, int):
        value = int.__int__(value)
    else:
        raise TypeError(f"{what} must be a number or a timedelta, not '{type(value).__name__}'")
    if value != value:
        raise ValueError("Invalid value NaN (not a number)")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{what} is too large") from None


def _name(name: Any, what: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{what} must be a str, not '{type(name).__name__}'")
    text: str = str.__str__(name)
    if not is_wait_name(text):
        raise ValueError(f"{what} has 1 to 200 characters that can be printed")
    return text


def is_wait_name(name: str) -> bool:
    """Whether a signal, a topic or a program can have this name."""
    return 0 < len(name) <= 200 and name.isprintable()
