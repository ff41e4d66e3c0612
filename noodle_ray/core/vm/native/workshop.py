"""Making native code for sandboxed workers, in the process that owns them (see `shared`), and keeping it on disk.

What is kept depends on nothing but the verified module, the function, the kinds of its arguments, the global numbers
it reads, the processor and the versions involved: so it may serve every run of that module, whoever asks.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from noodle_ray.core.nbc.decoder import load
from noodle_ray.core.nbc.module import Module
from noodle_ray.core.vm.native import SIZE
from noodle_ray.core.vm.native.choice import eligible
from noodle_ray.core.vm.native.kinds import Callee, Declined
from noodle_ray.core.vm.native.shared import FIRST, MUTATES, RECURSIVE, REFUSED, SLOTS
from noodle_ray.core.vm.native.sites import fixed_globals
from noodle_ray.core.vm.native.support import EXTERNAL, LIBM

_KINDS: Final = re.compile(r"(?:L{0,8}[ifb]|L{1,8}o|A[dfqb][12]){0,255}")
_VERSION: Final = 6
"""Of what is generated; to be raised when it changes, so that nothing older is taken from the disk."""
_NAMES: Final = frozenset({*EXTERNAL, *LIBM, "memcpy", "memmove", "memset"})
_modules: dict[str, Module] = {}
_KEPT: Final = 64


class Workshop:
    """The owner's side of one worker's memory."""

    def __init__(self, descriptor: int) -> None:
        """Take the memory that `native.make_memory` made, and close it in the end; -1 if there is none."""
        self.descriptor = descriptor
        self._map: mmap.mmap | None = None
        self._used = FIRST
        self._runtime: dict[str, int] = {}

    def close(self) -> None:
        """Let go of the memory; the worker keeps its own mapping."""
        if self._map is not None:
            self._map.close()
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def make(
        self, encoded: bytes, digest: str, slot: int, index: int, kinds: str, known: dict[str, object], base: int,
        addresses: dict[str, int],
    ) -> None:  # fmt: skip
        """Make the code that a worker asked for, and tell it in the slot. Never raises: there is no code then."""
        place, flags = REFUSED, 0
        with suppress(Exception):
            data = code_for(encoded, digest, index, kinds, known)
            if data is not None:
                if not self._runtime:
                    self._runtime = self._place(_runtime_code(), base, addresses)
                flags, place = data[0], self._place(data[1:], base, addresses | self._runtime)["entry"] - base
        with suppress(OSError, ValueError):
            if 0 <= slot < SLOTS:
                self._write(16 * slot + 8, flags.to_bytes(8, "little"))
                self._write(16 * slot, place.to_bytes(8, "little"))

    def _place(self, data: bytes, base: int, addresses: dict[str, int]) -> dict[str, int]:
        """Link an object file into the memory: its functions' addresses in the worker. Raises MemoryError."""
        from noodle_ray.core.vm.native.link import link

        start = self._used
        image, functions = link(data, base + start, addresses.__getitem__)
        if start + len(image) > SIZE:
            raise MemoryError
        self._write(start, image)
        self._used = start + len(image) + (-len(image) % 64)
        return {name: base + start + at for name, at in functions.items()}

    def _write(self, at: int, data: bytes) -> None:
        if self._map is None:
            self._map = mmap.mmap(self.descriptor, SIZE)
        self._map[at : at + len(data)] = data


def code_for(encoded: bytes, digest: str, index: int, kinds: str, known: dict[str, object]) -> bytes | None:
    """A byte of flags and an object file, from the disk or made now; None if there is no native code for this."""
    module = _modules.get(digest)
    if module is None:
        module = load(encoded)
        if len(_modules) >= _KEPT:
            del _modules[next(iter(_modules))]
        _modules[digest] = module
    if not 0 < index < len(module.functions) or not _KINDS.fullmatch(kinds):
        return None
    functions = fixed_globals(module)
    used = {name: value for name, value in known.items() if type(value) in (int, float, bool)}
    file = _file(digest, index, kinds, used)
    if file is not None:
        with suppress(OSError):
            return file.read_bytes() or None
    made = _compile(module, index, kinds, functions, used)
    if file is not None:
        with suppress(OSError):
            _keep(file, made or b"")
    return made


def _runtime_code() -> bytes:
    """The object file of what all code shares."""
    file = _file("runtime", 0, "", {})
    if file is not None:
        with suppress(OSError):
            return file.read_bytes()
    from noodle_ray.core.vm.native.link import emit_text
    from noodle_ray.core.vm.native.support import runtime

    made = emit_text(runtime())
    if file is not None:
        with suppress(OSError):
            _keep(file, made)
    return made


def _compile(
    module: Module, index: int, kinds: str, functions: dict[str, int], used: dict[str, object]
) -> bytes | None:
    if not eligible(module.functions[index]):
        return None

    def lookup(variable: str) -> object:
        if functions.get(variable):
            return Callee(functions[variable])
        if variable not in used or variable not in functions:
            raise Declined(f"the global {variable}")
        return used[variable]

    from noodle_ray.core.vm.native.make import compile_function

    found = compile_function(module, index, kinds, lookup)
    if found is None:
        return None
    data, text = found
    return bytes([MUTATES * text.mutates | RECURSIVE * text.recursive]) + data


def _file(digest: str, index: int, kinds: str, used: dict[str, object]) -> Path | None:
    """Where code is kept; None where nothing is."""
    home = os.environ.get("NOODLE_HOME") or os.path.expanduser("~/.noodle")
    if not os.path.isdir(home):
        return None
    from importlib.util import find_spec

    compiler = find_spec("llvmlite")
    if compiler is None or compiler.origin is None:
        return None
    what = (digest, index, kinds, sorted((n, repr(v)) for n, v in used.items()), _processor(), _VERSION)
    installed = compiler.origin, os.stat(compiler.origin).st_mtime_ns  # tells versions apart without reading metadata
    name = hashlib.sha256(repr((*what, installed)).encode()).hexdigest()
    return Path(home) / "native" / name[:2] / name


def _processor() -> str:
    """What the processor can do, as the kernel tells it."""
    with open("/proc/cpuinfo") as file:
        lines = file.read(8192).splitlines()
    return "".join(line for line in lines if line.startswith(("flags", "model")))[:4096]


def _keep(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(file)
