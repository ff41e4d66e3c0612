"""Common subexpressions: what was computed already, from registers not written since, is copied.

Only operations on values of builtin, immutable kinds count: any other operator may run code of the program.
"""

from typing import Final

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.kinds import Kinds, is_pure
from noodle_ray.core.nbc.passes.rewrite import (
    Uses,
    in_types,
    nested_in,
    sealed,
    with_blocks,
    with_registers,
    written_in,
)
from noodle_ray.core.nbc.walk import reads_of, writes_of

_Key = tuple[str, tuple[object, ...]]
_CANDIDATES: Final = frozenset({"binop", "cmp", "unop", "callb"})
_LOOPS: Final = frozenset({"for", "while", "comp"})


def run(module: Module) -> Module:
    """Replace every computation that another has made superfluous by a copy."""
    return sealed(module, [_Common(function).replaced() for function in module.functions])


class _Common:
    def __init__(self, function: Function) -> None:
        self.function = function
        uses = Uses(function)
        self.kinds = Kinds(function, uses)
        self.alike = _equal_constants(uses, len(function.params))
        self.kept = in_types(function)
        self.available: dict[_Key, int] = {}

    def replaced(self) -> Function:
        return self.function._replace(body=self.block(self.function.body))

    def block(self, block: Block) -> Block:
        return tuple([self.instruction(instr) for instr in block])

    def instruction(self, instr: Instr) -> Instr:
        nested = nested_in(instr)
        if nested:
            return self.nest(instr, nested)
        if instr.op not in _CANDIDATES or not is_pure(instr, self.kinds):
            self.forget(written_in(((instr,),)))
            return instr
        target = instr.args[0]
        assert type(target) is int
        key = (instr.op, with_registers(instr, self.alike, {}).args[1:])
        earlier = self.available.get(key)
        if earlier == target:
            return instr
        self.forget({target})
        if earlier is not None and target not in self.kept:
            return Instr("move", (target, earlier), instr.span)
        if target not in reads_of(instr) and target not in self.kept:
            self.available[key] = target
        return instr

    def nest(self, instr: Instr, nested: list[Block]) -> Instr:
        """A block knows what was computed before it, a loop's unless a round before may have changed it; after it,
        only what none of the blocks writes is known."""
        written = written_in(nested) | set(writes_of(instr))
        if instr.op in _LOOPS:
            self.forget(written)
        before = self.available

        def inside(block: Block) -> Block:
            self.available = dict(before)
            if instr.op != "if":
                self.forget(set(writes_of(instr)))
            if instr.op == "try":
                self.forget(written)
            return self.block(block)

        instr = with_blocks(instr, inside)
        self.available = before
        self.forget(written)
        return instr

    def forget(self, registers: set[int]) -> None:
        """Drop what was computed from these registers or is kept in them."""
        stale = [
            key
            for key, holder in self.available.items()
            if holder in registers or not registers.isdisjoint(_registers(key))
        ]
        for key in stale:
            del self.available[key]


def _registers(key: _Key) -> set[int]:
    op, operands = key
    return set(reads_of(Instr(op, (0, *operands), (0, 0, 0, 0))))


def _equal_constants(uses: Uses, params: int) -> dict[int, int]:
    """Registers that hold one constant for good, and the first of those that hold the same one."""
    first: dict[tuple[str, str], int] = {}
    found: dict[int, int] = {}
    for register in range(params, len(uses.writers)):
        writer = uses.only_writer(register, params)
        if writer is not None and writer.op == "const":
            value = writer.args[1]
            found[register] = first.setdefault((type(value).__name__, repr(value)), register)
    return found
