"""One run on the Python tier."""

import sys

from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.generators import awaiting
from noodle_ray.core.vm.generators.managers import enter, leave
from noodle_ray.core.vm.generators.passing import Passing, trip
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.names import ITERATION
from noodle_ray.core.vm.pytier.compile import FILENAME, INLINE, compile_module
from noodle_ray.core.vm.pytier.support import Meter
from noodle_ray.core.vm.state import S
from noodle_ray.light import Callable, FrameType, FunctionType, TracebackType, cast

assert awaiting.HELPERS, "importing it gives generators their methods"

Frame = tuple[int, int, str]
"""(line, column, function) of the program's source."""


class PythonRun:
    """A module made ready to run once: its globals are fresh, its fuel tank full."""

    def __init__(
        self, module: Module, key: str, limits: Limits, native: str = "", planned: Module | None = None
    ) -> None:
        if planned is None:
            compiled = compile_module(module, key, bool(native))
        else:
            compiled = compile_module(planned, key and f"{key}~", bool(native))
        meter = Meter(float(limits.fuel))
        names = compiled.namespace.copy()
        names[".trip"] = meter.trip
        for name, cost in compiled.tickets:
            names[name] = meter.tickets(cost)
        self._passing = Passing()
        names[".with"], names[".leave"], names[".tripped"] = enter, leave, trip
        names[".limits"], names[".is_tripped"] = self._passing.limits, self._passing.is_tripped
        names[".freeing"] = self._freeing
        names[".BaseException"] = BaseException
        self._names = names
        if compiled.sites:
            from noodle_ray.core.vm.native.sites import open_sites

            open_sites(module, key, compiled.sites, names, meter, native == "native")
        self._limits = limits
        self._program = FunctionType(compiled.code, names, "<module>", None, (meter.cell,))
        self._remaining, self._unused = meter.remaining, meter.unused
        self.charge = meter.charge

    def start(self) -> object:
        """Run the top level; the value of its last expression."""
        return cast("Callable[[], object]", self._program)()

    def lookup(self, name: str, default: object = None) -> object:
        """A global of the program, or else what is given."""
        return default if name.startswith((".", "__")) else self._names.get(name, default)

    def held(self) -> list[object]:
        """What the globals hold, in the order in which it came."""
        return [self._names[name] for name in self._globals()]

    def forget(self) -> None:
        """Free it, in that order."""
        for name in self._globals():
            self._names[name] = None

    def _globals(self) -> list[str]:
        return [name for name in self._names if name[0] != "."]

    def call(self, function: object, args: list[object], kwargs: dict[str, object]) -> object:
        """Call a function of the program."""
        return cast("Callable[..., object]", function)(*args, **kwargs)

    def fuel_used(self) -> int:
        """Fuel used so far; all of it after a trip."""
        left = self._remaining()
        spent = left < 0 or S.tripped == "fuel"  # after which loops that ended may have given back what they had paid
        return self._limits.fuel if spent else self._limits.fuel - int(left + self._unused())

    def fuel_now(self) -> float:
        """Fuel used so far, without what loops have paid ahead: for a profiler."""
        return self._limits.fuel - self._remaining() - self._unused()

    def end(self) -> None:
        """The run is over: nothing that it leaves behind runs any more of the program."""
        self._passing.ended = True

    def _freeing(self) -> tuple[type[BaseException], ...]:
        """As `.limits`, where it can be told when values are freed: frames of ours that were passed hold none."""
        error = sys.exc_info()[1]
        trace = error.__traceback__ if error else None
        while trace is not None:
            while trace.tb_next is not None and trace.tb_next.tb_frame.f_code.co_filename != FILENAME:
                trace.tb_next = trace.tb_next.tb_next
            trace = trace.tb_next
        del error, trace
        return self._passing.limits()

    def traceback(self, error: BaseException) -> list[Frame]:
        """The program's frames that an exception passed, outermost first."""
        frames: list[Frame] = []
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename == FILENAME:
                positions = list(code.co_positions())
                line, _, column, _ = positions[trace.tb_lasti // 2]
                inside = code.co_name == INLINE or (code.co_name == ITERATION and frames)
                name = frames.pop()[2] if inside else code.co_name
                frames.append((line or trace.tb_lineno, column or 0, name))
            trace = trace.tb_next
        return frames


def make_run(module: Module, key: str, limits: Limits, native: str = "", planned: Module | None = None) -> PythonRun:
    """Make a module ready for one run. ``key`` is its digest, under which compiled code is kept ('' keeps none).
    ``native`` is '' for the Python tier alone, auto where hot functions go native, or native where all do that can.
    ``planned`` is the module with guesses, of a run that speculates."""
    return PythonRun(module, key, limits, native, planned)


_SLACK = 16
"""Frames beyond the limit: `execute` and the helpers that a call at the very limit may still need."""


def allow_recursion(depth: int) -> None:
    """Let the program's calls nest this deep, counted from here.

    CPython counts frames, and here a call is one frame. A callback from a builtin takes a few, as in CPython, and
    the helpers' slack lets direct calls go up to 16 deeper than the interpreter would; counting exactly would cost
    each call a quarter of its time.
    """
    frame: FrameType | None = sys._getframe()
    here = 0
    while frame is not None:
        here += 1
        frame = frame.f_back
    sys.setrecursionlimit(here + depth + _SLACK)
