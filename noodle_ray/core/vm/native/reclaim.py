"""Giving back lists that a loop has made and nobody can reach any more.

All lists of a call are freed at its end. A loop that makes a list in each round would take ever more memory until
then, and always memory that no cache has. So where a loop makes a list, and much was taken since the last look, those
are freed which the function itself or what it called has made and no variable holds. That is all it takes as long as
no list holds lists; where one does, nothing is freed early.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from noodle_ray.core.vm.native.emitter import MISSING, Emitter
from noodle_ray.core.vm.native.kinds import Callee, Kind, List, Range, Tuple, flat

MANY: Final = 1 << 17
"""Bytes taken between two looks: as much as a processor's second cache holds easily."""


def simple(kinds: Iterable[Kind | None]) -> bool:
    """Whether values of these kinds reach lists in one step only."""
    for kind in kinds:
        if isinstance(kind, List):
            if isinstance(kind.element, List):
                return False
        elif isinstance(kind, Tuple):
            if not simple(kind.items):
                return False
        elif not isinstance(kind, (str, Range, Callee)):
            return False
    return True


def reclaim(emitter: Emitter) -> None:
    """Before a list is made: in a loop, free those that cannot be reached, if there may be many."""
    if not emitter.breaks or not emitter.unit.reclaims or emitter.state is None:
        return
    look, on = emitter.fresh("look"), emitter.fresh("on")
    taken = emitter.load("i64", emitter.word("taken"), "context")
    emitter.branch(emitter.op(f"icmp ugt i64 {taken}, {MANY}"), look, on, ", !prof !21")
    emitter.at(look)
    held = [*emitter.pinned, *(part for value in emitter.collecting for part in value.parts)]
    for register, kind in emitter.state.items():
        if kind is not None and kind != MISSING and "ptr" in flat(kind):
            value = emitter.get(register)
            held += [part for llvm, part in zip(flat(kind), value.parts, strict=True) if llvm == "ptr"]
    roots = emitter.slot("%roots", f"[{max(len(held), emitter.roots, 1)} x ptr]")
    emitter.roots = max(len(held), emitter.roots)
    for index, part in enumerate(held):
        emitter.line(f"store ptr {part}, ptr {emitter.op(f'getelementptr ptr, ptr {roots}, i64 {index}')}")
    oldest = emitter.op(f"load ptr, ptr {emitter.slot('%oldest', 'ptr')}")
    emitter.line(f"call void @list_reclaim(ptr %ctx, ptr {oldest}, ptr {roots}, i64 {len(held)})")
    emitter.jump(on)
    emitter.at(on)
