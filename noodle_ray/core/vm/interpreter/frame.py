"""Frames, and running blocks of instructions in them."""

from noodle_ray.core.nbc.module import Block, Function, Span
from noodle_ray.core.vm.operators import UNBOUND
from noodle_ray.core.vm.state import S
from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final, TypeAlias, TypeVar

if TYPE_CHECKING:
    from noodle_ray.core.vm.interpreter.run import InterpreterRun

BREAK: Final = 1
CONTINUE: Final = 2
RETURN: Final = 3
Signal: TypeAlias = "int | None"
"""How a block ended: None when it ran to its end."""
Operation: TypeAlias = Callable[..., Signal]
_Operation = TypeVar("_Operation", bound=Callable[..., Any])

OPERATIONS: Final[dict[str, Operation]] = {}


class Cell:
    """A captured variable."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: Any = UNBOUND


class Frame:
    """One call of a function.

    ``span`` is where execution is. ``value`` is what a return instruction left. ``collecting`` are the containers
    of the comprehensions around, innermost last; ``handling`` the exceptions of the handlers around. ``noted``
    are the exceptions whose passage through this frame is already in their tracebacks. ``thrown`` is what was thrown
    into a generator's frame.
    """

    __slots__ = (
        "cells", "collecting", "function", "handling", "noted", "qualname", "registers", "run", "span", "thrown",
        "value",
    )  # fmt: skip

    def __init__(self, run: "InterpreterRun", function: Function, qualname: str, cells: list[Cell]) -> None:
        self.run = run
        self.function = function
        self.qualname = qualname
        self.registers: list[Any] = [UNBOUND] * function.registers
        self.cells = [Cell() for _ in function.cells] + cells if function.cells else cells
        self.span: Span = function.span
        self.value: Any = None
        self.collecting: list[Any] = []
        self.handling: list[BaseException] = []
        self.noted: list[BaseException] = []
        self.thrown: BaseException | None = None
        if run.lifetimes is not None:
            run.lifetimes.learn(function)

    def block(self, block: Block) -> Signal:
        """Run a block; how it ended."""
        lifetimes = self.run.lifetimes
        for instr in block:
            self.span = instr.span
            signal = OPERATIONS[instr.op](self, *instr.args)
            if signal is not None:
                return signal
            if lifetimes is not None:
                for register in lifetimes.after.get(id(instr), ()):
                    self.registers[register] = UNBOUND
        return None

    def take(self, register: int) -> Any:
        """A register's value, which the register lets go if nobody can read it again."""
        value = self.registers[register]
        lifetimes = self.run.lifetimes
        if lifetimes is not None and register in lifetimes.temporaries[id(self.function)]:
            self.registers[register] = UNBOUND
        return value

    def drop(self, register: int) -> None:
        """A handler is left: the register of its exception is let go, if it has no name."""
        if self.run.lifetimes is not None and not self.is_named(register):
            self.registers[register] = None

    def is_named(self, register: int) -> bool:
        """Whether a register is a local variable of the program."""
        names = self.function.locals
        return register < len(names) and names[register] != ""

    def release(self, error: BaseException, block: Block) -> None:
        """An exception left a block: let go of what its temporaries hold, and frames of ours that it passed."""
        lifetimes = self.run.lifetimes
        if lifetimes is not None:
            error.__traceback__ = None
            for register in lifetimes.inside[id(block)]:
                self.registers[register] = UNBOUND

    def leave(self, error: BaseException) -> None:
        """An exception ends this frame. As in CPython, its variables live as long as the exception, and are then let go
        in order, those of the innermost frame first: dicts do that, lists begin at their end."""
        if self.run.lifetimes is not None:
            self.release(error, self.function.body)
            frames = error.__dict__.setdefault("noodle_frames", {})
            frames[len(frames)] = dict(enumerate([*self.registers, *self.cells]))
            self.registers, self.cells = [], []

    def note(self, error: BaseException) -> None:
        """Add this frame to an exception's traceback, once per passage. The context of what is raised in a generator is
        what was being handled where it was resumed: CPython has only one stack."""
        if not any(known is error for known in self.noted):
            self.noted.append(error)
            handled = S.fibers.current.handled
            if handled is not None and error.__context__ is None and error is not self.thrown:
                add_context(error, handled)
            trace: list[tuple[int, int, str]] = error.__dict__.setdefault("noodle_trace", [])
            trace.append((self.span[0], self.span[1], self.function.name))

    def forget(self, error: BaseException) -> None:
        """An exception was caught here or is raised anew: its next passage counts again."""
        self.noted = [known for known in self.noted if known is not error]


def add_context(error: BaseException, handled: BaseException) -> None:
    """Set an exception's context, as CPython does: without making a circle."""
    if error is handled:
        return
    earlier = handled
    while (context := earlier.__context__) is not None:
        if context is error:
            earlier.__context__ = None
            break
        earlier = context
    error.__context__ = handled


def operation(*names: str) -> Callable[[_Operation], _Operation]:
    """Register what executes these opcodes."""

    def register(function: _Operation) -> _Operation:
        for name in names:
            OPERATIONS[name] = function
        return function

    return register
