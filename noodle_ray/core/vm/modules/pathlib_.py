"""The pathlib module: pure paths, which are texts with methods, and Path, of a place without any files."""

import errno
import os
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.vetting import charge_value, methods, readers
from noodle_ray.core.vm.state import S

pathlib: Any = own_copy("pathlib")
_METHODS: Final = (
    "as_posix as_uri is_absolute is_relative_to is_reserved joinpath match relative_to with_name with_stem with_suffix"
)
_DATA: Final = ("anchor", "drive", "name", "parent", "parents", "parts", "root", "stem", "suffix", "suffixes")
_parse: Final[Any] = pathlib.PurePath._parse_args.__func__
_make: Final[Any] = pathlib.PurePath._from_parsed_parts.__func__


def _paying_parse(cls: Any, args: Any) -> Any:
    S.charge(20)
    for each in args:
        if isinstance(each, pathlib.PurePath):
            S.charge(len(each._parts) >> 2)
        else:
            charge_value(each, 128)
    return _parse(cls, args)


def _paying_make(cls: Any, drv: Any, root: Any, parts: Any) -> Any:
    S.charge(4 + (len(parts) >> 3))
    return _make(cls, drv, root, parts)


def _match(self: Any, path_pattern: Any, /) -> bool:
    charge_value(path_pattern, 256)
    S.charge(32 + 16 * len(self._parts))
    return bool(self.match(path_pattern))


pathlib.PurePath._parse_args = classmethod(_paying_parse)
pathlib.PurePath._from_parsed_parts = classmethod(_paying_make)


class Path(pathlib.PurePosixPath):  # type: ignore[misc]
    """pathlib.Path, of a place without any files that nothing can be written to."""

    __slots__ = ()


Path.__name__ = Path.__qualname__ = "PosixPath"
Path.__module__ = "pathlib"


def _no(self: Any, /, **options: Any) -> bool:
    """There is no such file."""
    return False


def _failing(name: str, number: int) -> Callable[..., Any]:
    def fail(self: Any, /, *args: Any, **options: Any) -> Any:
        raise OSError(number, os.strerror(number), str(self))

    fail.__name__ = fail.__qualname__ = name
    return fail


def _opened(self: Any, mode: Any = "r", *args: Any, **options: Any) -> Any:
    reads = isinstance(mode, str) and not set("wax+").intersection(mode)
    return _failing("open", errno.ENOENT if reads else errno.EROFS)(self)


def _removed(self: Any, missing_ok: Any = False) -> None:
    if not missing_ok:
        _failing("unlink", errno.ENOENT)(self)


_ASKING: Final = "exists is_file is_dir is_symlink is_mount is_socket is_fifo is_block_device is_char_device"
_READING: Final = "read_text read_bytes stat lstat rmdir readlink owner group chmod"
_WRITING: Final = "write_text write_bytes mkdir touch"
_FILES: Final[dict[str, Callable[..., Any]]] = {
    **dict.fromkeys(_ASKING.split(), _no),
    **{name: _failing(name, errno.ENOENT) for name in (*_READING.split(), "rename", "replace", "iterdir")},
    **{name: _failing(name, errno.EROFS) for name in _WRITING.split()},
    "glob": lambda self, pattern, /: iter(()),
    "open": _opened,
    "rglob": lambda self, pattern, /: iter(()),
    "unlink": _removed,
}
register(Path, methods=_FILES)
for _kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath, Path):
    register(_kind, methods={**methods(_kind, _METHODS), "match": _match}, attributes=readers(*_DATA))
register(pathlib.PurePath, call=lambda *args: pathlib.PurePosixPath(*args))
register(type(pathlib.PurePosixPath("a").parents))

MEMBERS: dict[str, Any] = {
    "Path": Path,
    "PosixPath": Path,
    "PurePath": pathlib.PurePath,
    "PurePosixPath": pathlib.PurePosixPath,
    "PureWindowsPath": pathlib.PureWindowsPath,
}
