"""Specialization of method calls: which ``callm`` surely has a receiver of one builtin type.

A tier can then call that type's method without looking at the receiver: ``list.append`` for ``xs = []``, say.
"""

from collections.abc import Mapping
from typing import Any

from noodle_ray.core.nbc.module import Function, Module
from noodle_ray.core.nbc.passes.kinds import Kinds
from noodle_ray.core.nbc.walk import flatten


def method_facts(function: Function, params: Mapping[int, str] | None = None) -> dict[int, str]:
    """The receiver's kind by the position of the ``callm`` in ``flatten(function.body)``, from 0."""
    instructions = list(flatten(function.body))
    if not any(instr.op == "callm" for instr in instructions):
        return {}
    kinds = Kinds(function, params=params)
    found: dict[int, str] = {}
    for position, instr in enumerate(instructions):
        kind = kinds.of(instr.args[1]) if instr.op == "callm" else None
        if kind is not None:
            found[position] = kind
    return found


def describe(module: Module) -> str:
    """The facts of every function, a line each."""
    lines = []
    for index, function in enumerate(module.functions):
        found = method_facts(function)
        for position, instr in enumerate(flatten(function.body)):
            if position in found:
                name: Any = instr.args[2]
                line, column = instr.span[:2]
                lines.append(f"f{index} {function.name} {line}:{column} callm: {found[position]}.{name}\n")
    return "".join(lines)
