"""Calls of functions that ask, one after the other in a block: those that need nothing of each other run at once.

``a = f(x); b = g(y)`` becomes two sections of a function, which `.each` runs for their numbers. What one raises is
raised when its turn comes.
"""

from typing import NamedTuple, cast

from noodle_ray.core.lang.fission.flow import Flow, killed, read, written
from noodle_ray.core.lang.fission.function import Around
from noodle_ray.core.lang.fission.shapes import jumps
from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten


class Group(NamedTuple):
    """Sections that may run at once, of each the registers that are read later, and what is to be done behind them."""

    sections: list[Block]
    values: list[list[int]]
    behind: Block
    length: int


def group_at(around: Around, block: Block, start: int, needed: set[int]) -> Group | None:
    """The longest group of sections that begins at a place of a block. ``needed`` registers are read later anyway."""
    if not _begins(around, block, start):
        return None
    sections: list[Block] = []
    values: list[list[int]] = []
    behind: list[Instr] = []
    changed: set[int] = set()
    seen: set[int] = set()
    place, length = start, 0
    while place < len(block):
        stop = next((at for at in range(place, len(block)) if around.asks(block[at])), None)
        if stop is None:
            break
        needs = read(block[place : stop + 1])
        later = [i for i in block[place:stop] if _waits(around, i, changed, needs)]
        section = tuple([instr for instr in block[place : stop + 1] if instr not in later])
        changed |= {_first(instr) for instr in later}
        found = _values(around, section, changed, seen, needed)
        if found is None:
            break
        sections.append(section)
        values.append(found)
        behind += later
        changed |= written(section)
        seen |= read(section)
        place = stop + 1
        length = place - start
    return Group(sections, values, tuple(behind), length) if len(sections) > 1 else None


def _waits(around: Around, instr: Instr, changed: set[int], needs: set[int]) -> bool:
    """True if an instruction of a section is for behind all of them: a global that gets what one has computed, the
    method of a list that is called later."""
    if instr.op == "method":
        receiver = cast(int, instr.args[1])
        return _first(instr) not in needs and receiver not in changed and around.is_list(receiver)
    return instr.op == "move" and instr.args[1] in changed and around.is_global(_first(instr))


def _first(instr: Instr) -> int:
    return cast(int, instr.args[0])


def _begins(around: Around, block: Block, start: int) -> bool:
    """True if a section may begin here: with a call, or with the method that the next one calls."""
    instr = block[start]
    if instr.op != "method":
        return _calls(around, instr)
    call = next((each for each in block[start:] if around.asks(each)), instr)
    return call.op == "callm" and call.args[1] == instr.args[0] and _calls(around, call)


def _calls(around: Around, instr: Instr) -> bool:
    callee = around.facts.callee(around.index, instr)
    return callee is not None and around.facts.effectful[callee] and around.facts.safe[callee]


def _values(around: Around, section: Block, changed: set[int], seen: set[int], needed: set[int]) -> list[int] | None:
    """What is read later of what a section writes; None if it cannot run beside those before it."""
    own = written(section)
    if (read(section) - (own - changed)) & changed or own & (changed | seen) or jumps(section):
        return None
    region = around.region_of(section)
    if any(around.shows(region, instr) or instr.op == "check" for instr in flatten(section)):
        return None
    flow = Flow(section, set())
    if flow.defined is None or flow.exposed & own:
        return None
    inside = {id(instr) for instr in flatten(section)}
    later = {r for r in own if r in needed or around.is_global(r) or not around.readers.get(r, set()) <= inside}
    if any(w.op == "method" for r in later | (read(section) - own) for w in around.region.writers.get(r, ())):
        return None  # a method that was looked for stays with its call
    if not later <= flow.defined or killed(section) & later:
        return None
    return sorted(later)
