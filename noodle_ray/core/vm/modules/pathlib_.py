"""The pathlib module: pure paths, which are texts with methods. There are no files."""

import pathlib
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value, methods, readers
from noodle_ray.core.vm.state import S

_METHODS: Final = (
    "as_posix as_uri is_absolute is_relative_to is_reserved joinpath match relative_to with_name with_stem with_suffix"
)
_DATA: Final = ("anchor", "drive", "name", "parent", "parents", "parts", "root", "stem", "suffix", "suffixes")


def _maker(kind: Any) -> Any:
    def make(*args: Any) -> Any:
        S.charge(20)
        for each in args:
            charge_value(each, 8)
        return kind(*args)

    return make


for _kind in (pathlib.PurePosixPath, pathlib.PureWindowsPath):
    register(_kind, methods=methods(_kind, _METHODS), attributes=readers(*_DATA), call=_maker(_kind))
register(pathlib.PurePath, call=_maker(pathlib.PurePosixPath))
register(type(pathlib.PurePosixPath("a").parents))

MEMBERS: dict[str, Any] = {
    "PurePath": pathlib.PurePath,
    "PurePosixPath": pathlib.PurePosixPath,
    "PureWindowsPath": pathlib.PureWindowsPath,
}
