"""Where native code is entered: a **site** is a function of the module as the Python tier sees it.

A site counts until it is hot, then has native code made for the types it meets. Whenever that code says "start over",
and whenever there is none, the site answers `AGAIN` and the Python tier runs the function itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.walk import flatten, writes_of
from noodle_ray.core.vm import native
from noodle_ray.core.vm.memory import resident
from noodle_ray.core.vm.native.choice import AGAIN, PENDING, Pending
from noodle_ray.core.vm.native.kinds import Array, Callee, Declined, Kind, List
from noodle_ray.core.vm.state import S

if TYPE_CHECKING:
    from noodle_ray.core.vm.native.memory import Context
    from noodle_ray.core.vm.pytier.support import Meter

HOT: Final = 300_000
"""Fuel that passes after a site's first call, in it or elsewhere, until it is compiled: some milliseconds of Python."""
_PATIENCE: Final = 3
"""How often native code may start over before a site gives it up, unless it mostly succeeds."""
_SLIGHT: Final = 64
"""A site whose calls take less fuel than this on average is faster in Python: entering native code takes a while."""
_COPYING: Final = 64
"""Bytes of arrays that may be copied, lest native code starts over, for each unit of fuel that it uses."""
_TRIED: Final = 32
"""After how many calls of native code that is looked at."""
_MARGIN: Final = 24
"""Nested calls that native code leaves to the Python tier, which then counts exactly."""


class Entry:
    """Native code for one tuple of kinds: ``function(address of the context, arguments)``."""

    __slots__ = ("arrays", "function", "kinds", "mutates", "recursive")

    def __init__(self, function: Callable[..., object], kinds: str, mutates: bool, recursive: bool) -> None:
        self.function = function
        self.kinds = kinds
        self.arrays = "A" in kinds
        self.mutates = mutates
        self.recursive = recursive


class Site:
    """One function of the module, in one run."""

    __slots__ = ("calls", "copied", "entries", "failures", "index", "since", "used")

    def __init__(self, index: int) -> None:
        self.index = index
        self.calls = 0
        self.copied = 0
        self.since = 0.0
        self.used = 0
        self.failures = 0
        self.entries: dict[str, Entry | Pending | None] = {}


def _is_slight(site: Site) -> bool:
    """Whether entering native code costs more than it saves."""
    return site.used < _SLIGHT * site.calls or site.copied > _COPYING * site.used


def open_sites(
    module: Module, key: str, indices: tuple[int, ...], names: dict[str, object], meter: Meter, eager: bool
) -> None:
    """Put the sites of a run into its names. ``eager`` compiles at the first call."""
    sites = Sites(module, key, names, meter, eager)
    names[".again"] = AGAIN
    for index in indices:
        names[f".site{index}"] = sites.stub(Site(index))


class Sites:
    """The sites of one run, and what they share."""

    def __init__(self, module: Module, key: str, names: dict[str, object], meter: Meter, eager: bool) -> None:
        self.module = module
        self.key = key
        self.names = names
        self._meter = meter
        self._eager = eager
        self._context: Context | None = None
        self._fixed: dict[str, int] | None = None

    def stub(self, site: Site) -> Callable[..., object]:
        """What the Python tier calls at the head of a function: the function's result, or `AGAIN`."""
        remaining, charge = self._meter.remaining, self._meter.charge
        current: Entry | None = None
        words: Any = None
        address = 0

        def enter(*args: object) -> object:
            nonlocal current, words, address
            if current is None:
                current = self._choose(site, args)
                if current is None or self._context is None:
                    return AGAIN
                words, address = self._context.words, self._context.address
            if current.mutates and _aliased(args):
                return AGAIN
            fuel = int(remaining())
            room = _room() if current.arrays else S.memory
            words[0], words[1], words[3], words[4], words[5] = 0, fuel, room, 0, 0
            if current.recursive:
                words[2] = _depth_left()
            try:
                result = current.function(address, args)
            except BaseException:  # the deadline; what was used is an estimate then
                charge(fuel - words[0] - words[1])
                raise
            if result is AGAIN:
                current = self._failed(site, current, args)
                return AGAIN
            used = fuel - words[0] - words[1]
            charge(used)
            site.calls += 1
            site.used += used
            site.copied += words[5]
            if site.calls == _TRIED and _is_slight(site) and not self._eager:
                self.give_up(site)
            return result

        return enter

    def give_up(self, site: Site) -> None:
        """Leave a function to the Python tier for the rest of the run."""
        self.names[f".site{site.index}"] = None

    def _choose(self, site: Site, args: tuple[object, ...]) -> Entry | None:
        """The entry for these arguments, if the site is hot."""
        first = site.since == 0.0
        if not self._eager and not self._hot(site):
            return self._made(site, args) if first else None
        kinds = kinds_of(args)
        if kinds is None:
            self._count_failure(site)
            return None
        entry = site.entries.get(kinds, PENDING)
        if isinstance(entry, Pending):
            entry = site.entries[kinds] = self._make(site, kinds)
        if isinstance(entry, Pending):
            return None
        if entry is None:
            self._count_failure(site)
        return entry

    def _made(self, site: Site, args: tuple[object, ...]) -> Entry | None:
        """The entry for these arguments, if an earlier run of the module had it made: then nobody has to wait."""
        kinds = kinds_of(args) if self.key else None
        if kinds is None:
            return None
        if native.region is not None:
            entry = native.region.made(self, site.index, kinds)
        else:
            make = sys.modules.get("noodle_ray.core.vm.native.make")
            entry = make.made_entry(self.key, site.index, kinds, self.lookup) if make is not None else None
        if entry is not None:
            site.entries[kinds] = entry
            self._open_context()
        return entry

    def _hot(self, site: Site) -> bool:
        left = self._meter.remaining()
        if site.since == 0.0:
            site.since = left + 1.0
        return bool(site.since - left > HOT)

    def _failed(self, site: Site, entry: Entry, args: tuple[object, ...]) -> Entry | None:
        """Native code started over: the entry to try the next time."""
        if kinds_of(args) != entry.kinds:
            return None
        self._count_failure(site)
        return entry

    def _count_failure(self, site: Site) -> None:
        site.failures += 1
        if site.failures >= _PATIENCE and site.failures * 8 > site.calls:
            self.give_up(site)

    def _make(self, site: Site, kinds: str) -> Entry | Pending | None:
        self._open_context()
        if native.region is not None:
            return native.region.entry(self, site.index, kinds, self._eager)
        from noodle_ray.core.vm.native.make import make_entry

        return make_entry(self.module, self.key, site.index, kinds, self.lookup)

    def _open_context(self) -> None:
        from noodle_ray.core.vm.native.memory import Context

        if self._context is None:
            self._context = Context()

    @property
    def fixed(self) -> dict[str, int]:
        """The module's globals that keep their values, see `fixed_globals`."""
        if self._fixed is None:
            self._fixed = fixed_globals(self.module)
        return self._fixed

    def lookup(self, variable: str) -> object:
        """A global that keeps its value: a number, or a function of the module. Raises Declined."""
        index = self.fixed.get(variable)
        if index is None or variable not in self.names:
            raise Declined(f"the global {variable}")
        if index:
            return Callee(index)
        value = self.names[variable]
        if type(value) not in (int, float, bool):
            raise Declined(f"the global {variable}")
        return value


def fixed_globals(module: Module) -> dict[str, int]:
    """Globals that are set once, at top level and outside of loops: the function's index, or 0 for another value."""
    sets: dict[str, int] = {}
    for function in module.functions:
        for instr in flatten(function.body):
            if instr.op in ("gset", "gdel"):
                variable = str(instr.args[0])
                sets[variable] = sets.get(variable, 0) + (1 if instr.op == "gset" else 2)
    found: dict[str, int] = {}
    made: dict[object, int] = {}
    for instr in module.functions[0].body:
        if instr.op == "func":
            made[instr.args[0]] = int(str(instr.args[1])) if not instr.args[2] else 0
            continue
        if instr.op == "gset" and sets[str(instr.args[0])] == 1:
            found[str(instr.args[0])] = made.get(instr.args[1], 0)
        for register in writes_of(instr):
            made.pop(register, None)
    return found


def kinds_of(args: tuple[object, ...]) -> str | None:
    """The kinds of arguments as text (see `kinds.name`), by the first element of each list; None if native code cannot
    take them."""
    found = ""
    for value in args:
        kind = _kind_of(value)
        if kind is None:
            return None
        found += kind
    return found


_KINDS: Final = {int: "i", float: "f", bool: "b"}


def _kind_of(value: object) -> str | None:
    kind = _KINDS.get(type(value))
    if kind is None and type(value) is list:
        if not value:
            return "Lo"
        inner = _kind_of(value[0])
        return inner and "L" + inner if inner is None or inner[0] != "A" else None
    if kind is None:
        of_array = native.array_kinds.get(type(value))
        return of_array and of_array(value)
    return kind


def parse_kinds(text: str) -> list[Kind]:
    """The kinds that a text names."""
    found: list[Kind] = []
    at = 0
    while at < len(text):
        if text[at] == "A":
            found.append(Array(text[at + 1], int(text[at + 2])))
            at += 3
            continue
        depth = 0
        while text[at] == "L":
            depth, at = depth + 1, at + 1
        kind: Kind | None = text[at] if text[at] != "o" else None
        for _ in range(depth):
            kind = List(kind)
        assert kind is not None
        found.append(kind)
        at += 1
    return found


def _aliased(args: tuple[object, ...]) -> bool:
    """Whether one list can be reached in two ways; native code would make two of it."""
    lists: list[int] = []
    todo = [value for value in args if type(value) is list]
    for value in todo:
        lists.append(id(value))
        if value and type(value[0]) is list:
            todo.extend(value)
    return len(set(lists)) != len(lists)


def _room() -> int:
    """Bytes that copies of arrays may take: a run that fits its limit without them is not to break it for them."""
    return max(0, S.memory - max(0, resident() - S.resident)) if S.resident else S.memory


def _depth_left() -> int:
    frame: FrameType | None = sys._getframe()
    depth = 0
    while frame is not None:
        depth += 1
        frame = frame.f_back
    return sys.getrecursionlimit() - depth - _MARGIN
