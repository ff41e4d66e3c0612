"""What programs wait for, where Python runs them: a sleep is one, and there is nobody to signal or to run others."""

import time
from datetime import timedelta
from typing import Any, Final

from noodle_ray.errors import RunError

NOBODY: Final = "NOODLE-E0513"
"""Error code: only a durable run can be signalled, or start other runs."""


def sleep(
    seconds: float | timedelta = 0.0,
    /,
    *,
    minutes: float = 0.0,
    hours: float = 0.0,
    days: float = 0.0,
    weeks: float = 0.0,
) -> None:
    """Wait for so long."""
    first = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    time.sleep(first + timedelta(minutes=minutes, hours=hours, days=days, weeks=weeks).total_seconds())


def wait_for_signal(name: str, /, *, timeout: float | timedelta | None = None) -> Any:
    """Raise RunError E0513: signals are for durable runs."""
    raise RunError(f"nobody can signal '{name}' here: start the program as a durable run", code=NOBODY)


def run_program(name: str, /, *args: Any, **kwargs: Any) -> Any:
    """Raise RunError E0513: other runs are started by durable ones."""
    raise RunError(f"'{name}' cannot be run from here: start the program as a durable run", code=NOBODY)
