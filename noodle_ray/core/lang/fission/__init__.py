"""Loops whose iterations overlap: see ``loops``."""

from copy import copy

from noodle_ray.core.lang.fission.generators import taken_at_once
from noodle_ray.core.lang.fission.loops import Loops, Program, Verdict
from noodle_ray.core.lang.fission.pieces import in_order
from noodle_ray.core.lang.purity import Facts

__all__ = ["Verdict", "overlap_loops"]


def overlap_loops(facts: Facts) -> tuple[Facts, list[Verdict]]:
    """The program with its loops cut as far as they can be, and what became of each that asks models."""
    facts, copies, unused = taken_at_once(facts)
    program = Program(facts)
    changed = bool(copies)
    for index, function in enumerate(facts.functions):
        if facts.effectful[index]:
            program.functions[index] = Loops(program, index).rewrite()
            changed = changed or program.functions[index] is not function
    if not changed:
        return facts, program.verdicts
    functions, order = in_order(program.functions)
    places = {old: new for new, old in enumerate(order)}
    unit = copy(facts.unit)
    unit.functions = list(functions)
    unit.homes = {places[old]: scope for old, scope in program.homes.items()}
    unit.named_functions = {node: places[old] for node, old in facts.unit.named_functions.items()}
    unit.comprehensions = []
    unit.pieces = frozenset(places[old] for old in program.pieces)
    unit.unused = frozenset(places[old] for old in unused)
    unit.copies = frozenset(places[old] for old in copies)
    verdicts = [
        verdict._replace(function=places[copies.get(verdict.function, verdict.function)])
        for verdict in program.verdicts
        if verdict.function not in unused
    ]
    return Facts(unit, facts.remembered), verdicts
