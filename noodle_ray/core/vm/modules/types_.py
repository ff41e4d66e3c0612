"""The types module: SimpleNamespace, mappings that cannot change, and names of types. Others are for annotations."""

from collections.abc import Callable
from types import (
    BuiltinFunctionType,
    CoroutineType,
    GeneratorType,
    GenericAlias,
    MappingProxyType,
    MethodType,
    UnionType,
)
from typing import Any, Final

from noodle_ray.core.vm.classes.access import attributes_of
from noodle_ray.core.vm.classes.functions import is_function, is_program_function
from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.generators import awaiting
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import re_
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.strings import to_repr

assert awaiting.HELPERS, "importing it gives generators their methods"
assert re_.MEMBERS, "importing it gives mappings that cannot change theirs"
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


def _refuse(name: str) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"cannot create '{name}' instances")

    return call


class _Kind:
    """A type of values that there are several of underneath, by its name."""

    __slots__ = ("is_one", "name")

    def __init__(self, name: str, is_one: Callable[[Any], bool]) -> None:
        self.name = name
        self.is_one = is_one

    def __repr__(self) -> str:
        return f"<class '{self.name}'>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"cannot create '{self.name}' instances")

    def has_instance(self, value: Any) -> bool:
        """isinstance()."""
        return self.is_one(value)

    def has_subclass(self, cls: Any) -> bool:
        """issubclass()."""
        return False


_FUNCTION: Final = _Kind("function", is_program_function)
_BUILTIN: Final = _Kind(
    "builtin_function_or_method",
    lambda value: isinstance(value, BuiltinFunctionType) or (is_function(value) and not is_program_function(value)),
)
register(_Kind)
_Kind.__name__ = _Kind.__qualname__ = "type"
register(MethodType)
for _kind, _name in ((type(None), "NoneType"), (type(...), "ellipsis"), (type(NotImplemented), "NotImplementedType")):
    register(_kind)
register(UnionType, call=_refuse("types.UnionType"))
register(GenericAlias)

MEMBERS: dict[str, Any] = {
    "BuiltinFunctionType": _BUILTIN,
    "BuiltinMethodType": _BUILTIN,
    "CoroutineType": CoroutineType,
    "EllipsisType": type(...),
    "FunctionType": _FUNCTION,
    "GeneratorType": GeneratorType,
    "GenericAlias": GenericAlias,
    "LambdaType": _FUNCTION,
    "MappingProxyType": MappingProxyType,
    "MethodType": MethodType,
    "NoneType": type(None),
    "NotImplementedType": type(NotImplemented),
    "SimpleNamespace": SimpleNamespace,
    "UnionType": UnionType,
}
