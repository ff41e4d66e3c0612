"""When a register's value ends: CPython frees a temporary where it is used up, as a generator's end shows."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.walk import blocks_of, reads_of, writes_of


class Lifetimes(NamedTuple):
    """``after`` has, by an instruction's identity, the registers that nobody can read after it; ``temporaries``, by a
    function's, all of these."""

    after: dict[int, tuple[int, ...]]
    temporaries: dict[int, frozenset[int]]


_SEEN: Final = frozenset({"generator", "async_generator"})


def lifetimes_of(module: Module) -> Lifetimes | None:
    """Where temporaries end. None where no program could tell: in a module without generators."""
    if not any(function.kind in _SEEN for function in module.functions):
        return None
    found = Lifetimes({}, {})
    for function in module.functions:
        temporaries = found.temporaries[id(function)] = _temporaries(function)
        for instr, _ in _walk(function.body):
            gone = tuple(register for register in reads_of(instr) if register in temporaries)
            if gone:
                found.after[id(instr)] = gone
    return found


def _temporaries(function: Function) -> frozenset[int]:
    """Registers without a name that are written once and read once, in the same block."""
    written: dict[int, list[int]] = {}
    read: dict[int, list[int]] = {}
    for instr, place in _walk(function.body):
        for register in reads_of(instr):
            read.setdefault(register, []).append(place)
        for register in writes_of(instr):
            written.setdefault(register, []).append(place)
    named = {register for register, name in enumerate(function.locals) if name}
    return frozenset(
        register
        for register, places in read.items()
        if len(places) == 1 and written.get(register) == places and register not in named
    )


def _walk(block: Block) -> Iterator[tuple[Instr, int]]:
    """Every instruction, with the identity of the block it stands in."""
    for instr in block:
        yield instr, id(block)
        for inner in blocks_of(instr):
            yield from _walk(inner)
