"""The one current run of this process, as builtins and tiers see it."""

from noodle_ray.core.vm.clock import Clock, Readings
from noodle_ray.light import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from noodle_ray.core.nbc.module import Module
    from noodle_ray.core.vm.fibers import Fibers


def _no_charge(amount: float) -> None:
    """Charge nothing: there is no run."""


def _no_fuel() -> float:
    return 0.0


def _no_write(text: str) -> None:
    raise RuntimeError("no run is active")


def _no_progress() -> tuple[dict[str, Any], list[str]]:
    """No usage and no output: there is no run."""
    return {}, []


def unread(text: str) -> None:
    """Take text for stderr, which is paid for and goes nowhere."""
    if len(text) > 63:
        S.charge(len(text) >> 4)


def _no_global(name: str, default: object = None) -> object:
    """Find nothing: there is no run."""
    return default


_CLOCK = Clock()
_NO_READINGS = Readings({})


class State:
    """The current run. A worker process executes one run at a time, so tiers read plain attributes.

    ``charge`` takes fuel for work that grows with data and raises FuelExhausted; ``fuel_left`` tells what there is of
    it; ``write`` appends to stdout and raises LimitExceeded("output"); ``complain`` takes text for stderr, which nobody
    reads; ``tripped`` is '' or the kind of the limit that ended the run; ``memory`` is the run's memory limit in bytes,
    ``resident`` what the process had when it began; ``fibers`` holds its effects. Programs read the time from ``clock``
    only, through ``readings``, and every random number of theirs comes from ``seed``. ``module`` is what runs,
    ``lookup`` finds its globals, and ``name`` is its ``__name__``. ``progress`` gives the usage so far, and the parts
    of the output so far.
    """

    __slots__ = (
        "charge", "clock", "complain", "fibers", "fuel_left", "lookup", "memory", "module", "name", "progress",
        "readings", "resident", "seed", "tripped", "write",
    )  # fmt: skip

    charge: Callable[[float], None]
    fuel_left: Callable[[], float]
    write: Callable[[str], None]
    complain: Callable[[str], None]
    fibers: "Fibers"
    tripped: str
    memory: int
    resident: int
    clock: Clock
    readings: Readings
    seed: int
    name: str
    module: "Module | None"
    lookup: Callable[..., object]
    progress: Callable[[], tuple[dict[str, Any], list[str]]]

    def __init__(self) -> None:
        self.charge = _no_charge
        self.fuel_left = _no_fuel
        self.write = _no_write
        self.complain = unread
        self.tripped = ""
        self.memory = 268_435_456
        self.resident = 0
        self.clock = _CLOCK
        self.readings = _NO_READINGS
        self.seed = 0
        self.name = "__main__"
        self.module = None
        self.lookup = _no_global
        self.progress = _no_progress

    def wall(self) -> float:
        """A program's reading of the time, in seconds since 1970."""
        return self.readings.wall(self.clock, self.fibers.current.path)

    def monotonic(self) -> float:
        """A program's reading of the clock that never goes back, in seconds."""
        return self.readings.monotonic(self.clock, self.fibers.current.path)


S = State()
"""The current run."""
