"""Native code in a sandboxed worker: memory that it may execute and not write, filled by the process that owns it.

The owner makes a file in memory for each worker. The worker maps it executable before its lock-down, and cannot make
it writable and executable again: the system-call filter denies that. It asks its owner for code over its socket, and
finds the answer in the file's first page: for each request a **slot** with the place of the code and flags. The owner
compiles from the verified module that it has itself, so what a worker says can only harm its own run.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from noodle_ray.core.vm.native import SIZE, memory
from noodle_ray.core.vm.native.choice import PENDING, Pending
from noodle_ray.core.vm.native.kinds import Callee, Declined
from noodle_ray.core.vm.native.sites import Entry

if TYPE_CHECKING:
    from noodle_ray.core.vm.native.sites import Sites

SLOTS: Final = 200
FIRST: Final = 4096
"""Where code begins."""
REFUSED: Final = 1
"""A slot that says: there is no code for this. 0: none yet."""
MUTATES: Final = 1
RECURSIVE: Final = 2
_GLOBALS: Final = 200
_READ_EXECUTE: Final = 1 | 4
_SHARED: Final = 1


class Shared:
    """The worker's side. ``ask`` sends a request to the owner."""

    def __init__(self, descriptor: int) -> None:
        """Map the owner's file. Raises OSError where that is not possible."""
        call = ctypes.CDLL(None, use_errno=True).mmap
        call.restype = ctypes.c_void_p
        call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        self.base: int = call(None, SIZE, _READ_EXECUTE, _SHARED, descriptor, 0) or 0
        if self.base in (0, 2**64 - 1):
            raise OSError(ctypes.get_errno(), "the memory for native code cannot be mapped")
        self._slots: Any = (ctypes.c_uint64 * (2 * SLOTS)).from_address(self.base)
        self._addresses = memory.addresses()
        self._asked: dict[tuple[object, ...], int] = {}
        self._entries: dict[tuple[object, ...], Entry | None] = {}
        self._had: set[tuple[str, int]] = set()
        self.ask: Callable[..., None] | None = None

    def made(self, sites: Sites, index: int, kinds: str) -> Entry | None:
        """Code that an earlier run of the module asked for, if it is there."""
        if (sites.key, index) not in self._had:
            return None
        where = _where(sites, index, kinds, _values(sites))
        if where not in self._asked:
            return None
        entry = self._entries.get(where) or self.entry(sites, index, kinds, wait=False)
        return entry if not isinstance(entry, Pending) else None

    def entry(self, sites: Sites, index: int, kinds: str, wait: bool) -> Entry | Pending | None:
        """Code for a function and kinds: an entry, None if there is none, or `PENDING` while the owner makes it."""
        known = _values(sites)
        where = _where(sites, index, kinds, known)
        if where in self._entries:
            return self._entries[where]
        slot = self._asked.get(where)
        if slot is None:
            slot = len(self._asked)
            if slot >= SLOTS or self.ask is None or not sites.key:
                return None
            self._asked[where] = slot
            self._had.add((sites.key, index))
            self.ask(slot, index, kinds, [list(pair) for pair in known], self.base, self._addresses)
        while wait and not self._slots[2 * slot]:
            os.sched_yield()
        place = self._slots[2 * slot]
        if not place:
            return PENDING
        entry = None
        if place != REFUSED:
            flags = self._slots[2 * slot + 1]
            function = memory.function_at(self.base + place)
            entry = Entry(function, kinds, bool(flags & MUTATES), bool(flags & RECURSIVE))
        self._entries[where] = entry
        return entry


def _where(sites: Sites, index: int, kinds: str, known: list[tuple[str, object]]) -> tuple[object, ...]:
    """What code depends on."""
    return sites.key, index, kinds, *((n, type(v), v) for n, v in known)


def _values(sites: Sites) -> list[tuple[str, object]]:
    """The program's global numbers that keep their values."""
    found: list[tuple[str, object]] = []
    for variable in sites.fixed:
        try:
            value = sites.lookup(variable)
        except Declined:
            continue
        if len(found) < _GLOBALS:
            found.append((variable, None if isinstance(value, Callee) else value))
    return found
