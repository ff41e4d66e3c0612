"""A shorter way to the package's own modules, for commands in whose time finding those takes a large part.

It reads the same bytecode files as Python's own finder, trusts them on the same grounds (the source's time and size),
and leaves to that one whatever is not the plainest case: no bytecode yet, or bytecode that is out of date.
"""

import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader
from _io import FileIO
from marshal import loads
from os import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

_TAG = f".{sys.implementation.cache_tag}.pyc"
_HEAD = 16  # bytes before the code: magic number, flags, and the source's time and size


class _Loader(SourceFileLoader):
    """Python's own, with the code found already."""

    data: bytes

    def get_code(self, fullname: str) -> "CodeType":
        """The module's code."""
        code: CodeType = loads(memoryview(self.data)[_HEAD:])
        return code


class Finder:
    """What `install` puts in front of Python's own finders."""

    @staticmethod
    def find_spec(
        name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> ModuleSpec | None:
        """The module's specification, or None if Python's own finders have to look."""
        if path is None or not name.startswith("noodle_ray."):
            return None
        stem = f"{path[0]}/{name.rpartition('.')[2]}"
        source, cached = f"{stem}.py", f"{path[0]}/__pycache__/{name.rpartition('.')[2]}{_TAG}"
        data = _read(cached)
        package = data is None
        if data is None:
            source, cached = f"{stem}/__init__.py", f"{stem}/__pycache__/__init__{_TAG}"
            data = _read(cached)
        if data is None or data[:_HEAD] != _expected(source):
            return None
        loader = _Loader(name, source)
        loader.data = data
        spec = ModuleSpec(name, loader, origin=source, is_package=package)
        spec.cached = cached
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [stem]
        return spec


def _read(file: str) -> bytes | None:
    try:
        with FileIO(file) as opened:
            return opened.readall()
    except OSError:
        return None


def _expected(source: str) -> bytes:
    """How bytecode begins that belongs to a source file as it is now; b'' if there is no such file."""
    try:
        found = stat(source)
    except OSError:
        return b""
    changed, size = int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF
    return MAGIC_NUMBER + bytes(4) + changed.to_bytes(4, "little") + size.to_bytes(4, "little")


def install() -> None:
    """Find modules of this package the short way from now on, where Python keeps bytecode where it usually does."""
    if sys.pycache_prefix is None and not sys.flags.optimize and Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)
