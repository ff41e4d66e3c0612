"""When a register's value ends: CPython frees a temporary where it is used up, as a generator's end shows."""

from typing import Final

from noodle_ray.core.nbc.module import Block, Function
from noodle_ray.core.nbc.walk import blocks_of, reads_of, writes_of

_PLAIN: Final = frozenset({list, tuple, dict, str, range, int})
_known: Final[dict[int, tuple[Function, frozenset[int]]]] = {}


def used_up(function: Function, register: int, value: object) -> bool:
    """Whether nobody can read this register again after it was read now. False where nobody could tell."""
    if type(value) in _PLAIN:
        return False
    found = _known.get(id(function))
    if found is None or found[0] is not function:
        if len(_known) > 1024:
            _known.clear()
        found = _known[id(function)] = function, _temporaries(function)
    return register in found[1]


def _temporaries(function: Function) -> frozenset[int]:
    """Registers without a name that are written once and read once, in the same block."""
    written: dict[int, list[int]] = {}
    read: dict[int, list[int]] = {}

    def walk(block: Block) -> None:
        for instr in block:
            for register in reads_of(instr):
                read.setdefault(register, []).append(id(block))
            for register in writes_of(instr):
                written.setdefault(register, []).append(id(block))
            for inner in blocks_of(instr):
                walk(inner)

    walk(function.body)
    named = {register for register, name in enumerate(function.locals) if name}
    return frozenset(
        register
        for register, places in read.items()
        if len(places) == 1 and written.get(register) == places and register not in named
    )
