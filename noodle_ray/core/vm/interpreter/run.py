"""One run on the interpreter."""

import sys

from noodle_ray.core.nbc.costs import entry_cost, guards, leaves, loop_cost
from noodle_ray.core.nbc.module import Block, Instr, Module
from noodle_ray.core.vm.generators.passing import Passing
from noodle_ray.core.vm.interpreter import access, calls, control, data, suspended
from noodle_ray.core.vm.interpreter.closure import Closure
from noodle_ray.core.vm.interpreter.frame import OPERATIONS, Frame
from noodle_ray.core.vm.interpreter.lifetimes import lifetimes_of
from noodle_ray.core.vm.limits import FuelExhausted, LimitExceeded, Limits
from noodle_ray.core.vm.names import ITERATION
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any

assert all((access, calls, control, data, suspended)), "importing them fills OPERATIONS"
SUSPENDED = frozenset({"generator", "coroutine", "async_generator"})
"""Kinds of functions whose call only makes an object."""
_FRAMES_PER_CALL = 12
"""Python frames that one call of a program takes here, with blocks nested a few deep."""


class InterpreterRun:
    """A module made ready to run once: its globals are empty, its fuel tank full."""

    def __init__(self, module: Module, limits: Limits) -> None:
        self.module = module
        self.limits = limits
        self.globals: dict[str, Any] = {"__name__": "__main__"}
        self.passing = Passing()
        self.bodies: set[Any] = set()
        self.lifetimes = lifetimes_of(module)
        self._fuel = limits.fuel
        self._loop_costs: dict[tuple[int, ...], int] = {}
        self._entries: dict[int, tuple[int, Block, Block]] = {}
        self._leaves = _leaves_of(module)

    def start(self) -> object:
        """Run the top level; the value of its last expression."""
        function = self.module.functions[0]
        return self.execute(Frame(self, function, "<module>", []))

    def lookup(self, name: str, default: object = None) -> object:
        """A global of the program, or else what is given."""
        return self.globals.get(name, default)

    def held(self) -> list[object]:
        """What the globals hold, in the order in which it came."""
        return [*self.globals.values()]

    def forget(self) -> None:
        """Free it, in that order."""
        for name in [*self.globals]:
            self.globals[name] = None

    def call(self, function: Any, args: list[object], kwargs: dict[str, object]) -> object:
        """Call a function of the program."""
        return function(*args, **kwargs)

    def fuel_used(self) -> int:
        """Fuel used so far; all of it after a trip."""
        return self.limits.fuel - int(max(0, self._fuel))

    def fuel_now(self) -> float:
        """Fuel used so far."""
        return self.fuel_used()

    def charge(self, amount: float) -> None:
        """Take fuel. Raises FuelExhausted."""
        self._fuel -= amount  # type: ignore[assignment]
        if self._fuel < 0:
            S.tripped = "fuel"
            raise FuelExhausted()

    def end(self) -> None:
        """The run is over: nothing that it leaves behind runs any more of the program."""
        self.passing.ended = True
        if self.bodies:
            from greenlet import getcurrent  # type: ignore[import-untyped]

            for body in [*self.bodies]:
                body.parent = getcurrent()
                body.throw()
            self.bodies.clear()

    def traceback(self, error: BaseException) -> list[tuple[int, int, str]]:
        """The program's frames that an exception passed, outermost first: (line, column, function)."""
        frames: list[tuple[int, int, str]] = []
        for line, column, name in reversed(error.__dict__.get("noodle_trace", ())):
            frames.append((line, column, frames.pop()[2] if name == ITERATION and frames else name))
        return frames

    def enter(self, closure: Closure, values: tuple[Any, ...]) -> Any:
        """Call a function with its arguments bound. Raises LimitExceeded when calls nest too deeply."""
        frame = Frame(self, closure.function, closure.__qualname__, closure.cells)
        frame.registers[: len(values)] = values
        if closure.function.kind in SUSPENDED:
            return suspended.suspended(frame)
        fiber = S.fibers.current
        if fiber.depth >= self.limits.recursion:
            S.tripped = "recursion"
            raise LimitExceeded("recursion")
        fiber.depth += 1
        try:
            return self.execute(frame)
        finally:
            fiber.depth -= 1

    def execute(self, frame: Frame) -> Any:
        """Run a frame to its end; what it returns."""
        cost, first, rest = self._entry(frame)
        try:
            if not first or frame.block(first) is None:
                frame.span = frame.function.span
                self.charge(cost)
                frame.block(rest)
        except BaseException as error:
            frame.note(error)
            frame.noted.clear()
            if not self.passing.passes(error):
                frame.leave(error)
            raise
        return frame.value

    def _entry(self, frame: Frame) -> tuple[int, Block, Block]:
        """What entering a function costs, its guard clauses, which run before that is charged, and the rest."""
        function = frame.function
        found = self._entries.get(id(function))
        if found is None:
            count = guards(function)
            cost = 0 if id(function) in self._leaves else entry_cost(function)
            found = self._entries[id(function)] = cost, function.body[:count], function.body[count:]
        return found

    def loop_cost(self, op: str, args: tuple[Any, ...]) -> int:
        """What one iteration of a loop costs. Blocks live as long as the module, so their identity is a key."""
        key = tuple(map(id, args))
        cost = self._loop_costs.get(key)
        if cost is None:
            cost = self._loop_costs[key] = loop_cost(Instr(op, args, (0, 0, 0, 0)))
        return cost


_NONE: frozenset[int] = frozenset()
_last: tuple[Module, frozenset[int]] | None = None


def _leaves_of(module: Module) -> frozenset[int]:
    """The identities of functions that charge nothing; of the last module they are known, as runs come in rows."""
    global _last
    if len(module.functions) == 1:
        return _NONE
    if _last is None or _last[0] is not module:
        _last = module, frozenset(id(module.functions[index]) for index in leaves(module))
    return _last[1]


def make_run(module: Module, key: str, limits: Limits) -> InterpreterRun:
    """Make a module ready for one run; ``key`` is of no use here."""
    return InterpreterRun(module, limits)


def allow_recursion(depth: int) -> None:
    """Let the program's calls nest this deep; the interpreter counts them itself and needs frames of Python's."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), depth * _FRAMES_PER_CALL + 2000))


assert len(OPERATIONS) > 50
