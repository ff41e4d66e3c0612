"""Walks over code: nested blocks, registers read, registers written."""

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.ops import INTERNAL, OPERANDS
from noodle_ray.light import Any, Final, Iterator, Sequence, cast

NESTING: Final = frozenset(op for op, kinds in OPERANDS.items() if "B" in kinds or "H" in kinds)
"""Opcodes with blocks in them."""
_ALL: Final = {**OPERANDS, **INTERNAL}
_FIRST: Final = frozenset(
    op for op, kinds in _ALL.items() if kinds[:1] == ("D",) and not {"D", "D?", "D*", "H"} & {*kinds[1:]}
)
"""Opcodes whose first operand is the only register that they write."""


def _operands(kinds: frozenset[str]) -> dict[str, tuple[tuple[int, str], ...]]:
    """Of each opcode, the operands of these kinds: (position, kind)."""
    return {
        op: tuple((position, kind) for position, kind in enumerate(operands) if kind in kinds)
        for op, operands in _ALL.items()
    }


_READ: Final = _operands(frozenset({"R", "X", "R?", "R*", "KW", "H"}))
_WRITTEN: Final = _operands(frozenset({"D", "D?", "D*", "H"}))


_BLOCKS: Final = {op: tuple(i for i, kind in enumerate(OPERANDS[op]) if kind == "B") for op in NESTING}
"""Positions of the operands that are blocks."""


def blocks_of(instr: Instr) -> Sequence[Block]:
    """The blocks nested directly in an instruction, in source order."""
    op = instr.op
    if op not in NESTING:
        return ()
    args: Any = instr.args
    if op == "try":
        body, handlers, orelse, final = args
        found = [body]
        for types, _, _, handler in handlers:
            found += (types, handler)
        return [*found, orelse, final]
    return [args[position] for position in _BLOCKS[op]]


def flatten(block: Block) -> Iterator[Instr]:
    """All instructions of a block, at any depth, in source order."""
    for instr in block:
        yield instr
        if instr.op in NESTING:
            for nested in blocks_of(instr):
                yield from flatten(nested)


def reads_of(instr: Instr) -> list[int]:
    """Registers an instruction itself reads; those of nested blocks not included."""
    found: list[int] = []
    args = instr.args
    for position, kind in _READ[instr.op]:
        argument = args[position]
        if kind == "R" or kind == "X" or (kind == "R?" and argument is not None):
            found.append(cast(int, argument))
        elif kind == "R*":
            found += cast("tuple[int, ...]", argument)
        elif kind == "KW":
            found += [register for _, register in cast("tuple[tuple[str, int], ...]", argument)]
        elif kind == "H":
            handlers = cast("tuple[tuple[Block, int | None, int | None, Block], ...]", argument)
            found += [register for _, register, _, _ in handlers if register is not None]
    return found


def writes_of(instr: Instr) -> list[int]:
    """Registers an instruction itself writes."""
    if instr.op in _FIRST:
        return [cast(int, instr.args[0])]
    found: list[int] = []
    args = instr.args
    for position, kind in _WRITTEN[instr.op]:
        argument = args[position]
        if kind == "D" or (kind == "D?" and argument is not None):
            found.append(cast(int, argument))
        elif kind == "D*":
            found += cast("tuple[int, ...]", argument)
        elif kind == "H":
            handlers = cast("tuple[tuple[Block, int | None, int | None, Block], ...]", argument)
            found += [register for _, _, register, _ in handlers if register is not None]
    return found


def block_values(instr: Instr) -> Iterator[tuple[Block, int]]:
    """The registers an instruction reads at the end of one of its nested blocks, with that block."""
    args = instr.args
    if instr.op in ("and", "or"):
        yield cast(Block, args[2]), cast(int, args[3])
    elif instr.op == "ifx":
        yield cast(Block, args[2]), cast(int, args[3])
        yield cast(Block, args[4]), cast(int, args[5])
    elif instr.op == "while":
        yield cast(Block, args[0]), cast(int, args[1])
    elif instr.op == "try":
        for types, tested, _, _ in cast("tuple[tuple[Block, int | None, object, object], ...]", args[1]):
            if tested is not None:
                yield types, tested
