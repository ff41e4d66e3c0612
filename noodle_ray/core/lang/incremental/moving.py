"""Code moved to where it stands: other lines, other numbers of functions, and other registers of the top level."""

from typing import Any, Final

from noodle_ray.core.lang.lower.frame import WHOLE
from noodle_ray.core.nbc.module import Block, Function, Instr, Span
from noodle_ray.core.nbc.ops import OPERANDS

_new: Final = tuple.__new__
_SPECIAL: Final = {
    op: tuple((index, kind) for index, kind in enumerate(kinds) if kind in ("F", "B", "H"))
    for op, kinds in OPERANDS.items()
    if not {"F", "B", "H"}.isdisjoint(kinds)
}
"""Operands that change where no register does."""
_REGISTERS: Final = frozenset({"D", "R", "X"})
_LISTS: Final = frozenset({"D*", "R*"})


class Move:
    """By how much lines, functions, and registers of the top level move."""

    __slots__ = ("functions", "lines", "registers")

    def __init__(self, lines: int, functions: int, registers: int) -> None:
        self.lines, self.functions, self.registers = lines, functions, registers

    def function(self, function: Function) -> Function:
        """A function, moved."""
        if not self.lines and not self.functions:
            return function
        return function._replace(body=self.block(function.body), span=self.span(function.span))

    def span(self, span: Span) -> Span:
        """A span, moved; that of the whole program is where it is."""
        if span is WHOLE:
            return span
        line, column, end_line, end_column = span
        return (line + self.lines, column, end_line + self.lines, end_column)

    def block(self, block: Block) -> Block:
        """Code of a function, moved."""
        found = []
        by = self.lines
        for op, args, span in block:
            if op in _SPECIAL:
                args = self._operands(op, args)
            if span is not WHOLE:
                line, column, end_line, end_column = span
                span = (line + by, column, end_line + by, end_column)
            found.append(_new(Instr, (op, args, span)))
        return tuple(found)

    def all_block(self, block: Block) -> Block:
        """Code of the top level, moved."""
        return tuple([_new(Instr, (op, self._all_operands(op, args), self.span(span))) for op, args, span in block])

    def _operands(self, op: str, args: tuple[Any, ...]) -> tuple[object, ...]:
        moved = list(args)
        for index, kind in _SPECIAL[op]:
            if kind == "F":
                moved[index] += self.functions
            elif kind == "B":
                moved[index] = self.block(moved[index])
            else:
                moved[index] = tuple([(self.block(t), r, x, self.block(b)) for t, r, x, b in moved[index]])
        return tuple(moved)

    def _all_operands(self, op: str, args: tuple[Any, ...]) -> tuple[object, ...]:
        by, block, register = self.registers, self.all_block, self._register
        moved: list[Any] = []
        for kind, value in zip(OPERANDS[op], args, strict=True):
            if kind in _REGISTERS:
                moved.append(value + by)
            elif kind in _LISTS:
                moved.append(tuple([each + by for each in value]))
            elif kind == "F":
                moved.append(value + self.functions)
            elif kind == "B":
                moved.append(block(value))
            elif kind == "KW":
                moved.append(tuple([(keyword, each + by) for keyword, each in value]))
            elif kind == "H":
                moved.append(tuple([(block(t), register(r), register(x), block(b)) for t, r, x, b in value]))
            elif kind == "R?" or kind == "D?":
                moved.append(register(value))
            else:
                moved.append(value)
        return tuple(moved)

    def _register(self, register: int | None) -> int | None:
        return None if register is None else register + self.registers
