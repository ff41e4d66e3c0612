"""The one current run of this process, as builtins and tiers see it."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noodle_ray.core.nbc.module import Module
    from noodle_ray.core.vm.fibers import Fibers


def _no_charge(amount: float) -> None:
    """Charge nothing: there is no run."""


def _no_write(text: str) -> None:
    raise RuntimeError("no run is active")


def _no_progress() -> tuple[dict[str, Any], list[str]]:
    """No usage and no output: there is no run."""
    return {}, []


def _no_global(name: str) -> object:
    """Find nothing: there is no run."""


class Clock:
    """Where a run reads the time: wall time in seconds since 1970, and a clock that never goes back."""

    __slots__ = ()

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some fixed moment."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for so long."""
        time.sleep(seconds)


class State:
    """The current run. A worker process executes one run at a time, so tiers read plain attributes.

    ``charge`` takes fuel for work that grows with data and raises FuelExhausted; ``write`` appends to stdout and
    raises LimitExceeded("output"); ``tripped`` is '' or the kind of the limit that ended the run; ``memory`` is
    the run's memory limit in bytes; ``fibers`` holds its effects. Programs read the time from ``clock`` only, and
    every random number of theirs comes from ``seed``. ``module`` is what runs, and ``lookup`` finds its globals.
    ``progress`` gives the usage so far, and the parts of the output so far.
    """

    __slots__ = ("charge", "clock", "fibers", "lookup", "memory", "module", "progress", "seed", "tripped", "write")

    charge: Callable[[float], None]
    write: Callable[[str], None]
    fibers: "Fibers"
    tripped: str
    memory: int
    clock: Clock
    seed: int
    module: "Module | None"
    lookup: Callable[[str], object]
    progress: Callable[[], tuple[dict[str, Any], list[str]]]

    def __init__(self) -> None:
        self.charge = _no_charge
        self.write = _no_write
        self.tripped = ""
        self.memory = 268_435_456
        self.clock = Clock()
        self.seed = 0
        self.module = None
        self.lookup = _no_global
        self.progress = _no_progress


S = State()
"""The current run."""
