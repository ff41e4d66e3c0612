"""A block of code as a function of its own: other registers, and what it captures as defaults of parameters."""

from collections.abc import Callable
from keyword import iskeyword
from typing import Any, Final, NamedTuple

from noodle_ray.core.lang.fission.flow import read, written
from noodle_ray.core.nbc.module import Block, Function, Instr, Param, Span
from noodle_ray.core.nbc.ops import MAKERS, OPERANDS
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.names import ITERATION

_REGISTERS: Final = frozenset({"D", "R", "X"})


def mapped(
    block: Block, register: Callable[[int], int], cell: Callable[[int], int], function: Callable[[int], int]
) -> Block:
    """The block with its registers, cells and functions replaced."""

    def optional(value: int | None) -> int | None:
        return None if value is None else register(value)

    def operand(kind: str, value: Any) -> Any:
        if kind in _REGISTERS:
            return register(value)
        if kind in ("D*", "R*"):
            return tuple([register(each) for each in value])
        if kind in ("R?", "D?"):
            return optional(value)
        if kind == "KW":
            return tuple([(keyword, register(each)) for keyword, each in value])
        if kind == "C":
            return cell(value)
        if kind == "F":
            return function(value)
        if kind == "B":
            return blocks(value)
        if kind == "H":
            return tuple([(blocks(t), optional(r), optional(x), blocks(b)) for t, r, x, b in value])
        return value

    def blocks(code: Block) -> Block:
        return tuple(
            [
                instr._replace(args=tuple(map(operand, OPERANDS[instr.op], instr.args))) if instr.args else instr
                for instr in code
            ]
        )

    return blocks(block)


def same(value: int) -> int:
    """What is not replaced."""
    return value


class Piece(NamedTuple):
    """A function made of a block, and the registers around it whose values it takes as defaults."""

    function: Function
    captured: tuple[int, ...]


def make_piece(outer: Function, functions: list[Function], block: Block, element: int, span: Span) -> Piece:
    """The function of one parameter, ``element``, that runs the block; what else it reads and does not write it
    captures."""
    own = written(block) - {element}
    checked = {_integer(instr, 0) for instr in flatten(block) if instr.op == "check"}  # whose messages need the name
    captured = sorted(read(block) - own - {element})
    named = len(outer.locals)
    variables = sorted(register for register in own & checked if register < named)
    used = {outer.locals[register] for register in (element, *captured, *variables) if register < named}
    names = _Names(used | {*outer.cells, *outer.free})
    params = [outer.locals[r] if r < named and outer.locals[r] else names.fresh() for r in (element, *captured)]
    order = [element, *captured, *variables, *sorted(own.difference(variables))]
    places = {register: place for place, register in enumerate(order)}
    free = _free(outer, functions, block)
    cells = (*outer.cells, *outer.free)
    function = Function(
        ITERATION,
        tuple([Param(name, "pos", place > 0, "") for place, name in enumerate(params)]),
        len(order),
        (*params, *[outer.locals[register] for register in variables]),
        (),
        free,
        mapped(block, places.__getitem__, lambda cell: free.index(cells[cell]), same),
        span,
    )
    return Piece(function, tuple(captured))


def _free(outer: Function, functions: list[Function], block: Block) -> tuple[str, ...]:
    """The cells of the function around that the block or a function made in it uses."""
    cells = (*outer.cells, *outer.free)
    used: set[str] = set()
    for instr in flatten(block):
        if instr.op == "cget":
            used.add(cells[_integer(instr, 1)])
        elif instr.op in MAKERS:
            used.update(functions[_integer(instr, MAKERS[instr.op])].free)
    return tuple([name for name in cells if name in used])


def _integer(instr: Instr, place: int) -> int:
    value = instr.args[place]
    assert isinstance(value, int)
    return value


class _Names:
    """Names for parameters that have none."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._count = 0

    def fresh(self) -> str:
        while True:
            self._count += 1
            name = f"_{self._count}"
            if name not in self._taken and not iskeyword(name):
                self._taken.add(name)
                return name


def in_order(functions: list[Function]) -> tuple[list[Function], list[int]]:
    """The functions with each before those that it makes, and the old index of each."""
    order: list[int] = []

    def visit(index: int) -> None:
        order.append(index)
        for instr in flatten(functions[index].body):
            if instr.op in MAKERS:
                visit(_integer(instr, MAKERS[instr.op]))

    visit(0)
    places = {old: new for new, old in enumerate(order)}
    moved = [
        functions[old]._replace(body=mapped(functions[old].body, same, same, places.__getitem__))
        if any(instr.op in MAKERS for instr in flatten(functions[old].body))
        else functions[old]
        for old in order
    ]
    return moved, order
