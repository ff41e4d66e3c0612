"""Generators that may run ahead of the loop that goes through them, by the elements that run at a time.

Nobody can tell when such a generator computes what it yields: it changes nothing that others see, and nothing that it
has yielded, and no step of it is long or large (see `bounded`). What it raises is raised when the turn of its next
element comes.
"""

from typing import Any, Final, cast

from noodle_ray.core.lang.fission.aliases import Aliases
from noodle_ray.core.lang.fission.bounded import does_little
from noodle_ray.core.lang.purity import MUTATORS, Facts, Region
from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.nbc.walk import reads_of

RECEIVERS: Final = {
    "setindex": 0, "delindex": 0, "extend": 0, "update": 0, "setadd": 0, "kwmerge": 0, "inplace": 2,
}  # fmt: skip
"""Opcodes that change an object, and the operand that holds it."""
_THROUGH: Final = frozenset({"enumerate", "zip"})


def goes_ahead(facts: Facts, region: Region, register: int) -> bool:
    """True if the register holds the result of a call of such a generator, or an ``enumerate`` or ``zip`` of some, and
    is used once only."""
    writers = region.writers.get(register, [])
    if len(writers) != 1 or register < len(facts.functions[region.function].locals):
        return False
    if sum(reads_of(instr).count(register) for instr in region.instructions) != 1:
        return False
    op, args = writers[0].op, cast("tuple[Any, ...]", writers[0].args)
    if op == "callb":
        given = args[2]
        return (
            args[1] in _THROUGH
            and not args[3]
            and all(r in region.plain or goes_ahead(facts, region, r) for r in given)
        )
    if op != "call" or len(region.writers.get(args[1], ())) != 1:
        return False
    scope = facts.unit.homes[region.function]
    index = facts.function_from(region, scope, region.writers[args[1]][0])
    return index is not None and _may_run_ahead(facts, index)


def element_goes_ahead(facts: Facts, index: int) -> bool:
    """True if the one parameter of a comprehension's function holds such a generator."""
    calls = [
        (region, cast("tuple[int, ...]", call.args[2]))
        for region in facts.regions
        for made in region.instructions
        if made.op == "func" and made.args[1] == index
        for call in region.asking
        if call.op == "call" and call.args[1] == made.args[0]
    ]
    return len(calls) == 1 and len(calls[0][1]) == 1 and goes_ahead(facts, calls[0][0], calls[0][1][0])


def _may_run_ahead(facts: Facts, index: int) -> bool:
    function, region = facts.functions[index], facts.regions[index]
    if function.kind != "generator" or function.cells:
        return False
    if any(instr.op != "yield" and facts.visible(region, instr) for instr in region.instructions):
        return False
    if not does_little(facts, index):
        return False
    aliases = Aliases(facts, region, function, function.body)
    return not any(
        one in aliases.escapes
        for instr in region.instructions
        if (register := changed_by(instr)) is not None
        for one in aliases.of(register) - aliases.immutable
    )


def changed_by(instr: Instr) -> int | None:
    """The register of the object that an instruction may change."""
    args = cast("tuple[Any, ...]", instr.args)
    if instr.op in RECEIVERS:
        return cast(int, args[RECEIVERS[instr.op]])
    return cast(int, args[1]) if instr.op == "callm" and args[2] in MUTATORS else None
