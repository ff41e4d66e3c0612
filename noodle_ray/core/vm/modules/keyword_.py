"""The keyword module. Its lists are the run's own."""

import keyword
from typing import Any, Final

from noodle_ray.core.vm.modules import on_start

_kwlist: Final[list[str]] = []
_softkwlist: Final[list[str]] = []


def iskeyword(name: Any, /) -> bool:
    """keyword.iskeyword."""
    return keyword.iskeyword(name)


def issoftkeyword(name: Any, /) -> bool:
    """keyword.issoftkeyword."""
    return keyword.issoftkeyword(name)


def _reset() -> None:
    _kwlist[:] = keyword.kwlist
    _softkwlist[:] = keyword.softkwlist


on_start(_reset, "keyword")

MEMBERS: dict[str, Any] = {
    "iskeyword": iskeyword,
    "issoftkeyword": issoftkeyword,
    "kwlist": _kwlist,
    "softkwlist": _softkwlist,
}
