"""The types module: SimpleNamespace. The module's other names are for annotations."""

from typing import Any, Final

from noodle_ray.core.vm.classes.access import attributes_of
from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.strings import to_repr

_open: Final[list[Any]] = []
"""The namespaces whose texts are being made, for those that are in themselves."""


def _init(self: Any, /, *args: Any, **attributes: Any) -> None:
    if args:
        raise TypeError("no positional arguments expected")
    for name, value in attributes.items():
        object.__setattr__(self, mark(name), value)


def _repr(self: Any) -> str:
    name = "namespace" if type(self) is SimpleNamespace else type(self).__name__
    if any(self is each for each in _open):
        return f"{name}(...)"
    _open.append(self)
    try:
        return f"{name}({', '.join(f'{key}={to_repr(value)}' for key, value in attributes_of(self).items())})"
    finally:
        _open.pop()


def _eq(self: Any, other: Any) -> Any:
    if not isinstance(other, SimpleNamespace):
        return NotImplemented
    return dict.__eq__(attributes_of(self), attributes_of(other))


SimpleNamespace: Final[Any] = hosted(
    ProgramType(
        "SimpleNamespace",
        (),
        {"__module__": "types", "__init__": _init, "__repr__": _repr, "__eq__": _eq, "__hash__": None},
    )
)
MEMBERS: dict[str, Any] = {"SimpleNamespace": SimpleNamespace}
