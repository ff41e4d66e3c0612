"""When a register's value ends: CPython frees a temporary where it is used up, as a generator's end shows."""

from collections.abc import Iterator
from typing import Final, NamedTuple, cast

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.walk import block_values, blocks_of, flatten, reads_of, writes_of


class Lifetimes(NamedTuple):
    """``after`` has, by an instruction's identity, the registers that nobody can read after it; ``temporaries``, by a
    function's, all of these; ``inside``, by a block's that an exception may leave, those written in it."""

    after: dict[int, tuple[int, ...]]
    temporaries: dict[int, frozenset[int]]
    inside: dict[int, tuple[int, ...]]


_SEEN: Final = frozenset({"generator", "async_generator"})


def lifetimes_of(module: Module) -> Lifetimes | None:
    """Where temporaries end. None where no program could tell: in a module without generators."""
    if not any(function.kind in _SEEN for function in module.functions):
        return None
    found = Lifetimes({}, {}, {})
    for function in module.functions:
        temporaries = found.temporaries[id(function)] = _temporaries(function)
        found.inside[id(function.body)] = tuple(temporaries)
        read: set[int] = set()
        for instr, _ in _walk(function.body):
            read.update(reads_of(instr))
        for instr, _ in _walk(function.body):
            ended = [*reads_of(instr), *(register for register in writes_of(instr) if register not in read)]
            gone = tuple(register for register in ended if register in temporaries)
            if gone:
                found.after[id(instr)] = gone
            if instr.op in ("try", "with"):
                body = cast(Block, instr.args[0 if instr.op == "try" else 2])
                written = {register for inner in flatten(body) for register in writes_of(inner)}
                found.inside[id(body)] = tuple(written & temporaries)
    return found


def _temporaries(function: Function) -> frozenset[int]:
    """Registers without a name that are written once, and read in the same block, once or never."""
    written: dict[int, list[int]] = {}
    read: dict[int, list[int]] = {}
    for instr, place in _walk(function.body):
        late = {register: id(block) for block, register in block_values(instr)}
        for register in reads_of(instr):
            read.setdefault(register, []).append(late.get(register, place))
        for register in writes_of(instr):
            written.setdefault(register, []).append(place)
    named = {register for register, name in enumerate(function.locals) if name}
    return frozenset(
        register
        for register, places in written.items()
        if len(places) == 1 and read.get(register, places) == places and register not in named
    )


def _walk(block: Block) -> Iterator[tuple[Instr, int]]:
    """Every instruction, with the identity of the block it stands in."""
    for instr in block:
        yield instr, id(block)
        for inner in blocks_of(instr):
            yield from _walk(inner)
