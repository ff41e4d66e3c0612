"""The operator module: CPython's own functions, but for attributes, which go through the tables, and for operators
that a tier may not leave to CPython."""

import operator
from typing import Any, Final

from noodle_ray.core.vm import operators
from noodle_ray.core.vm.builtins.iteration import metered
from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.core.vm.methods import attribute
from noodle_ray.core.vm.types import call_of


class _AttrGetter:
    """What attrgetter makes."""

    __slots__ = ("names",)

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def __call__(self, obj: Any, /) -> Any:
        values = [_resolve(obj, name) for name in self.names]
        return values[0] if len(values) == 1 else tuple(values)

    def __repr__(self) -> str:
        return f"operator.attrgetter({', '.join(map(repr, self.names))})"


class _MethodCaller:
    """What methodcaller makes."""

    __slots__ = ("args", "kwargs", "name")

    def __init__(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.name = name
        self.args = args
        self.kwargs = kwargs

    def __call__(self, obj: Any, /) -> Any:
        return attribute(obj, self.name)(*self.args, **self.kwargs)

    def __repr__(self) -> str:
        given = [repr(self.name), *map(repr, self.args), *(f"{key}={value!r}" for key, value in self.kwargs.items())]
        return f"operator.methodcaller({', '.join(given)})"


for _class, _name in ((_AttrGetter, "attrgetter"), (_MethodCaller, "methodcaller")):
    _class.__module__ = "operator"
    _class.__name__ = _class.__qualname__ = _name


def _resolve(value: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        value = attribute(value, name)
    return value


def attrgetter(attr: Any, /, *attrs: Any) -> _AttrGetter:
    """operator.attrgetter."""
    names = (attr, *attrs)
    if not all(isinstance(name, str) for name in names):
        raise TypeError("attribute name must be a string")
    return _AttrGetter(names)


def methodcaller(*args: Any, **kwargs: Any) -> _MethodCaller:
    """operator.methodcaller."""
    if not args:
        raise TypeError("methodcaller needs at least one argument, the method name")
    if not isinstance(args[0], str):
        raise TypeError("method name must be a string")
    return _MethodCaller(str.__str__(args[0]), args[1:], kwargs)


def call(obj: Any, /, *args: Any, **kwargs: Any) -> Any:
    """operator.call."""
    return call_of(obj)(*args, **kwargs)


def count_of(a: Any, b: Any, /) -> int:
    """operator.countOf."""
    return operator.countOf(metered(a), b)


def index_of(a: Any, b: Any, /) -> int:
    """operator.indexOf."""
    return operator.indexOf(metered(a), b)


MEMBERS: Final[dict[str, Any]] = {
    name: getattr(operator, name) for name in MODULES["operator"] - {"attrgetter", "call", "methodcaller"}
}
MEMBERS.update(
    {
        "attrgetter": attrgetter,
        "call": call,
        "countOf": count_of,
        "imod": operators.inplace_remainder,
        "indexOf": index_of,
        "ipow": operators.inplace_pow,
        "methodcaller": methodcaller,
        "mod": operators.remainder,
        "pow": operators.pow_,
    }
)
