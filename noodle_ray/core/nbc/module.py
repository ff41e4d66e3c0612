"""What an NBC module is in memory. Immutable; the codec, verifier, passes and tiers all share it.

These are named tuples and not dataclasses because they are created by the thousand while compiling
and imported on the path of a one-line ``noodle run``, where each dataclass costs about half a millisecond.
"""

from noodle_ray.light import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from noodle_ray.light import EllipsisType

FORMAT_VERSION = 2

Constant: TypeAlias = "bool | int | float | complex | str | bytes | EllipsisType | tuple[Constant, ...] | None"
Span: TypeAlias = tuple[int, int, int, int]
"""(line, column, end line, end column): lines from 1, columns from 0 in characters, end exclusive."""


class Instr(NamedTuple):
    """One instruction: an opcode of ``ops.OPERANDS``, its operands in that order, its source span."""

    op: str
    args: tuple[object, ...]
    span: Span


Block: TypeAlias = tuple[Instr, ...]


class Param(NamedTuple):
    """A parameter. ``kind`` is pos_only, pos, var, kw_only or var_kw; ``annotation`` is source text or ''."""

    name: str
    kind: str
    default: bool
    annotation: str


class Function(NamedTuple):
    """A function. Registers 0..len(params)-1 hold the parameters in order; ``locals`` names registers
    from 0 on (a temporary has no name: '' or beyond the end). Names in ``locals`` are unique or ''.

    ``cells`` are this function's own captured variables, ``free`` those of enclosing functions, by name.
    Function 0 is the module's top level: no parameters, no free variables; it returns the value of the
    last expression statement, or None. Every other function is created by exactly one ``func``,
    ``gather`` or ``class`` instruction, in a function with a smaller index.

    ``kind`` is '' for a plain function; generator, coroutine or async_generator for one whose call only makes such
    an object; class for the body of a class, whose one parameter is the namespace to fill.
    """

    name: str
    params: tuple[Param, ...]
    registers: int
    locals: tuple[str, ...]
    cells: tuple[str, ...]
    free: tuple[str, ...]
    body: Block
    span: Span
    returns: str = ""
    kind: str = ""


class Module(NamedTuple):
    """A compiled program. ``filename`` is for messages only and is not part of the encoding or hash."""

    functions: tuple[Function, ...]
    models: tuple[str, ...]
    imports: tuple[str, ...]
    filename: str = "<noodle>"
