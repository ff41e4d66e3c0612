"""Loop-invariant motion: what every round of a loop computes anew from the same values moves before the loop.

It then runs also when the loop has no round at all, and before what the rounds do. So only operations on builtin,
immutable kinds that surely do not raise move, and only into registers that nothing else writes.
"""

from typing import Any, Final

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.kinds import Kinds, cannot_raise, is_pure
from noodle_ray.core.nbc.passes.rewrite import Uses, in_types, is_named, nested_in, sealed, with_blocks, written_in
from noodle_ray.core.nbc.walk import reads_of, writes_of

_BODIES: Final = {"for": (2,), "while": (0, 2)}
"""Operands of a loop that run once per round."""


def run(module: Module) -> Module:
    """Move what can be moved, out of as many loops as it can."""
    return sealed(module, [_Hoist(function).moved() for function in module.functions])


class _Hoist:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.uses = Uses(function)
        self.kinds = Kinds(function, self.uses)
        self.kept = in_types(function)

    def moved(self) -> Function:
        return self.function._replace(body=self.block(self.function.body))

    def block(self, block: Block) -> Block:
        """Inner loops first, so that what leaves one can leave the next."""
        found: list[Instr] = []
        for instr in block:
            instr = with_blocks(instr, self.block)
            if instr.op in _BODIES:
                invariant, instr = self.split(instr)
                found += invariant
            found.append(instr)
        return tuple(found)

    def split(self, loop: Instr) -> tuple[list[Instr], Instr]:
        """What leaves the loop, and the loop without it. A constant leaves only with what reads it."""
        args: list[Any] = list(loop.args)
        changing = written_in([args[at] for at in _BODIES[loop.op]]) | set(writes_of(loop))
        constants: dict[int, Instr] = {}
        leaving: list[Instr] = []
        for at in _BODIES[loop.op]:
            for instr in args[at]:
                if not self.is_alone(instr) or not changing.difference(constants).isdisjoint(reads_of(instr)):
                    continue
                target = instr.args[0]
                assert type(target) is int
                if instr.op == "const":
                    constants[target] = instr
                elif is_pure(instr, self.kinds) and cannot_raise(instr, self.kinds):
                    leaving += [constants.pop(register) for register in set(reads_of(instr)) & constants.keys()]
                    leaving.append(instr)
                    changing.difference_update(*[writes_of(moved) for moved in leaving])
        for at in _BODIES[loop.op] if leaving else ():
            args[at] = tuple([instr for instr in args[at] if not any(instr is moved for moved in leaving)])
        return leaving, loop._replace(args=tuple(args))

    def is_alone(self, instr: Instr) -> bool:
        """Whether an instruction is the only one to write its result, a temporary."""
        target = instr.args[0] if instr.args else None
        if type(target) is not int or writes_of(instr) != [target] or nested_in(instr):
            return False
        alone = len(self.uses.writers[target]) == 1 and target >= len(self.function.params)
        return alone and not is_named(target, self.function) and target not in self.kept
