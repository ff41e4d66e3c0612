"""Compiled modules: made from sources, kept by hash in memory and on disk."""

import os
import secrets
from collections import OrderedDict
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar

from noodle_ray.errors import CompileError, Diagnostic, ModuleError

K = TypeVar("K")
V = TypeVar("V")


class Compiled(NamedTuple):
    """A verified module: its SHA-256 in hex, its NBC bytes, and the models its code can call."""

    digest: str
    nbc: bytes
    models: tuple[str, ...]


class Compilation(NamedTuple):
    """What a compiler answers: a module, or why there is none. Plain data, so that it can cross processes."""

    module: Compiled | None
    diagnostics: tuple[Diagnostic, ...] = ()
    code: str = ""
    message: str = ""

    def unwrap(self, source: str = "") -> Compiled:
        """Return the module. Raises CompileError if the source is at fault, else ModuleError."""
        if self.module is not None:
            return self.module
        if self.diagnostics:
            raise CompileError(list(self.diagnostics), source)
        raise ModuleError(self.message, code=self.code)


class Compiler(Protocol):
    """Makes modules; in this process or behind a Serve handle."""

    async def compile(self, source: str) -> Compilation:
        """Compile a source text."""

    async def admit(self, nbc: bytes) -> Compilation:
        """Verify a module that a client sent."""

    async def fetch(self, digest: str) -> Compilation:
        """Return a module that was compiled or admitted before; ModuleError E0309 if it is not known."""


class Lru(Generic[K, V]):
    """A map that drops what was used longest ago when its entries' sizes exceed ``capacity``."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """The sizes of all entries together."""
        return self._size

    def get(self, key: K) -> V | None:
        """Return the value and mark it used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: K, value: V, size: int) -> int:
        """Keep a value whose weight is ``size``, in the unit of the capacity; returns how many went for it."""
        old = self._entries.pop(key, None)
        if old is not None:
            self._size -= old[1]
        went = 0
        self._entries[key] = (value, size)
        self._size += size
        while self._size > self._capacity and self._entries:
            _, (_, dropped) = self._entries.popitem(last=False)
            self._size -= dropped
            went += 1
        return went


class ModuleStore:
    """Modules on disk by digest, so that a hash stays good across restarts and compiler replicas of one node."""

    def __init__(self, folder: Path, max_modules: int = 100_000) -> None:
        self._folder = folder
        self._max_modules = max_modules
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._count = sum(1 for _ in folder.iterdir())

    def get(self, digest: str) -> bytes | None:
        """Return the bytes stored under a digest. The digest must be 64 hex digits; the caller checks that."""
        try:
            return (self._folder / digest).read_bytes()
        except FileNotFoundError:
            return None

    def put(self, digest: str, nbc: bytes) -> None:
        """Store bytes; readers never see half of them."""
        target = self._folder / digest
        if target.exists():
            return
        draft = self._folder / f".{digest}.{secrets.token_hex(4)}"
        draft.write_bytes(nbc)
        os.replace(draft, target)
        self._count += 1
        if self._count > self._max_modules:
            self._evict()

    def _evict(self) -> None:
        """Drop the oldest tenth."""
        files = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in files[: max(1, len(files) // 10)]:
            path.unlink(missing_ok=True)
        self._count = sum(1 for _ in self._folder.iterdir())
