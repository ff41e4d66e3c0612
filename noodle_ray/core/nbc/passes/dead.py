"""Dead code: what computes a value that nothing reads, and registers that nothing uses.

Left out is only what cannot raise, runs no code of the program and changes nothing; then a register without any use
left gives up its number. Variables that are never read go too: a program cannot see its own variables but by name.

It can see when a value is freed only if it has generators or coroutines, whose ``finally`` runs then. There a variable
that may hold anything else than numbers and the like keeps what is assigned to it, and lets go of it where it did.
"""

from typing import Any, Final

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.kinds import IMMUTABLE, Kinds, cannot_raise, is_pure
from noodle_ray.core.nbc.passes.rewrite import Uses, in_types, is_named, nested_in, sealed, with_blocks, with_registers
from noodle_ray.core.nbc.verifier.uses import walk
from noodle_ray.core.nbc.walk import reads_of, writes_of

_ALWAYS: Final = frozenset({"const", "move", "bget", "tuple", "list", "func", "model", "unset", "slice"})
"""Opcodes that only give their register a value."""
_ENDING: Final = frozenset({"generator", "coroutine", "async_generator"})
"""Kinds of functions whose calls make something that runs code when it is freed."""
_BRANCHES: Final = frozenset({"if", "and", "or", "ifx"})


def run(module: Module) -> Module:
    """Leave out dead instructions, unused registers and functions that nothing makes any more."""
    ends = any(function.kind in _ENDING for function in module.functions)
    return sealed(module, [_compacted(_Dead(function, ends).removed()) for function in module.functions])


class _Dead:
    def __init__(self, function: Function, ends: bool) -> None:
        self.function = function
        self.ends = ends
        self.uses = Uses(function)
        self.kinds = Kinds(function, self.uses)
        self.kept = in_types(function)

    def removed(self) -> Function:
        return self.function._replace(body=self.block(self.function.body))

    def block(self, block: Block) -> Block:
        """Backwards, so that what only dead code reads is seen to be dead when its turn comes."""
        found: list[Instr] = []
        for instr in reversed(block):
            if nested_in(instr):
                instr = with_blocks(instr, self.block)
            if self.is_dead(instr):
                for register in reads_of(instr):
                    self.uses.reads[register] -= 1
            else:
                found.append(instr)
        return tuple(reversed(found))

    def is_dead(self, instr: Instr) -> bool:
        if instr.op in _BRANCHES:
            return self.is_dead_branch(instr)
        if instr.op not in _ALWAYS and not (is_pure(instr, self.kinds) and cannot_raise(instr, self.kinds)):
            return False
        return self.is_unread(instr)

    def is_unread(self, instr: Instr) -> bool:
        reads = self.uses.reads
        return all(
            reads[register] == 0 and register not in self.kept and not (self.ends and self.holds(register))
            for register in writes_of(instr)
        )

    def holds(self, register: int) -> bool:
        """Whether a register may keep a value alive whose end can be seen, or let go of one when it is written."""
        if self.kinds.of(register) in IMMUTABLE:
            return False
        given = register < len(self.function.params)
        return given or is_named(register, self.function) or len(self.uses.writers[register]) > 1

    def is_dead_branch(self, instr: Instr) -> bool:
        """An empty branch does nothing but ask whether its test is true: of a builtin kind that is nothing at all."""
        args: Any = instr.args
        test = args[0] if instr.op == "if" else args[1]
        return not any(nested_in(instr)) and self.kinds.of(test) is not None and self.is_unread(instr)


def _compacted(function: Function) -> Function:
    """Registers renumbered: parameters keep theirs, and variables stay before temporaries."""
    used = set(range(len(function.params)))
    for instr in walk(function.body):
        used.update(reads_of(instr), writes_of(instr))
    order = sorted(used)
    if len(order) == function.registers:
        return function
    names = function.locals
    numbers = {old: new for new, old in enumerate(order)}
    kept = [names[old] if old < len(names) else "" for old in order]
    while kept and not kept[-1]:
        kept.pop()

    def change(block: Block) -> Block:
        return tuple(
            [_renamed(with_blocks(with_registers(instr, numbers, numbers), change), numbers) for instr in block]
        )

    def _renamed(instr: Instr, numbers: dict[int, int]) -> Instr:
        if instr.op != "try":
            return instr
        handlers: Any = instr.args[1]
        changed = tuple(
            [(change(types), _number(tested), _number(caught), body) for types, tested, caught, body in handlers]
        )
        return instr._replace(args=(instr.args[0], changed, *instr.args[2:]))

    def _number(register: int | None) -> int | None:
        return None if register is None else numbers[register]

    return function._replace(body=change(function.body), registers=len(order), locals=tuple(kept))
