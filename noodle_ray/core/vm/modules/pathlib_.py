"""The pathlib module: pure paths, which are texts with methods. There are no files."""

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
for _kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath):
    register(_kind, methods={**methods(_kind, _METHODS), "match": _match}, attributes=readers(*_DATA))
register(pathlib.PurePath, call=lambda *args: pathlib.PurePosixPath(*args))
register(type(pathlib.PurePosixPath("a").parents))

MEMBERS: dict[str, Any] = {
    "PurePath": pathlib.PurePath,
    "PurePosixPath": pathlib.PurePosixPath,
    "PureWindowsPath": pathlib.PureWindowsPath,
}
