"""Making native code for a site: from a module to an entry, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.native import link
from noodle_ray.core.vm.native.kinds import Declined
from noodle_ray.core.vm.native.memory import Region, address_of, function_at
from noodle_ray.core.vm.native.sites import Entry, parse_kinds
from noodle_ray.core.vm.native.support import runtime
from noodle_ray.core.vm.native.unit import Text, Unit

Lookup = Callable[[str], object]
_Seen = list[tuple[str, object]]
_made: dict[tuple[str, int, str], list[tuple[_Seen, Entry | None]]] = {}
_regions: list[Region] = []
_runtime: dict[str, int] = {}
_KEPT: Final = 1024


def make_entry(module: Module, key: str, index: int, kinds: str, lookup: Lookup) -> Entry | None:
    """Native code for a function and kinds, made now or earlier; None if it is not for the native tier."""
    found = _find(key, index, kinds, lookup)
    if found is not None:
        return found[1]
    seen: _Seen = []
    entry = _compile(module, index, kinds, lookup, seen)
    if key and len(_made) < _KEPT:
        _made.setdefault((key, index, kinds), []).append((seen, entry))
    return entry


def made_entry(key: str, index: int, kinds: str, lookup: Lookup) -> Entry | None:
    """Native code that was made earlier, or None."""
    found = _find(key, index, kinds, lookup)
    return found and found[1]


def _find(key: str, index: int, kinds: str, lookup: Lookup) -> tuple[_Seen, Entry | None] | None:
    for seen, made in _made.get((key, index, kinds), ()) if key else ():
        if all(_shown(lookup, variable) == value for variable, value in seen):
            return seen, made
    return None


def _shown(lookup: Lookup, variable: str) -> object:
    """A global's value in a form in which 1, True and 1.0 differ."""
    try:
        value = lookup(variable)
    except Declined:
        return None
    return type(value), repr(value)


def _compile(module: Module, index: int, kinds: str, lookup: Lookup, seen: _Seen) -> Entry | None:
    def recording(variable: str) -> object:
        seen.append((variable, _shown(lookup, variable)))
        return lookup(variable)

    found = compile_function(module, index, kinds, recording)
    if found is None:
        return None
    data, text = found
    return Entry(function_at(_place(data)["entry"]), kinds, text.mutates, text.recursive)


def compile_function(module: Module, index: int, kinds: str, lookup: Lookup) -> tuple[bytes, Text] | None:
    """The object file for a function and kinds, and what is to be known of it; None if there is no native code."""
    try:
        unit = Unit(module, lookup, _may_recurse(module, index))
        text = unit.compile(module.functions[index], parse_kinds(kinds))
    except Declined:
        return None
    return link.compile_text(text.text, text.plain), text


def _place(data: bytes) -> dict[str, int]:
    if not _runtime:
        _regions.append(Region())
        _runtime.update(_regions[0].place(link.emit_text(runtime()), address_of))
    try:
        return _regions[-1].place(data, _known)
    except MemoryError:
        _regions.append(Region(max(1 << 20, 2 * len(data))))
        return _regions[-1].place(data, _known)


def _known(name: str) -> int:
    return _runtime.get(name) or address_of(name)


def _may_recurse(module: Module, index: int) -> bool:
    """Whether a call may lead back: any call of the module's functions that is not certainly a chain."""
    edges: dict[int, set[int]] = {}
    by_name = {function.name: number for number, function in enumerate(module.functions)}
    for number, function in enumerate(module.functions):
        names = {str(instr.args[1]) for instr in flatten(function.body) if instr.op == "gget"}
        edges[number] = {by_name[name] for name in names if name in by_name}
    todo, reached = list(edges[index]), set(edges[index])
    while todo:
        for other in edges[todo.pop()]:
            if other not in reached:
                reached.add(other)
                todo.append(other)
    return any(_reaches(edges, number, number) for number in reached | {index})


def _reaches(edges: dict[int, set[int]], start: int, goal: int) -> bool:
    todo, seen = list(edges[start]), set(edges[start])
    while todo:
        number = todo.pop()
        if number == goal:
            return True
        new = edges[number] - seen
        seen |= new
        todo.extend(new)
    return goal in seen
