"""Copy propagation: what is read from a copy is read from the original.

A copy is a ``move`` from one register to another of which neither has any other writer, so that both hold the same
wherever the copy is defined: what defines the original ran before the copy was made and cannot run again without it.
"""

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.rewrite import Uses, in_types, is_named, sealed, with_blocks, with_registers


def run(module: Module) -> Module:
    """Read originals, and leave out copies that nothing reads any more."""
    return sealed(module, [_propagated(function) for function in module.functions])


def _propagated(function: Function) -> Function:
    uses, kept, params = Uses(function), in_types(function), len(function.params)
    original: dict[int, int] = {}
    for target, writers in enumerate(uses.writers):
        if len(writers) != 1 or writers[0].op != "move" or target < params or target in kept:
            continue
        if not is_named(target, function):
            source = writers[0].args[1]
            assert type(source) is int
            if len(uses.writers[source]) == (source >= params):
                original[target] = source
    if not original:
        return function
    for target in original:
        while original[target] in original:
            original[target] = original[original[target]]

    def change(block: Block) -> Block:
        found: list[Instr] = []
        for instr in block:
            if instr.op != "move" or instr.args[0] not in original:
                found.append(with_registers(with_blocks(instr, change), original, {}))
        return tuple(found)

    return function._replace(body=change(function.body))
