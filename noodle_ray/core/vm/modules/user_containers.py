"""UserDict, UserList and UserString: CPython's own methods on classes that programs may derive from.

Each public method is there twice: under its marked name for programs, and under its own for CPython's other methods.
"""

import collections
from collections.abc import MutableMapping, MutableSequence, Sequence
from types import FunctionType
from typing import Any, Final

from noodle_ray.core.vm.builtins.identity import hash as stable_hash
from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.methods import METHODS
from noodle_ray.core.vm.modules.vetting import finite, refuse_beyond_memory
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.operators import remainder
from noodle_ray.core.vm.strings import to_str
from noodle_ray.core.vm.types import call_of

_SKIPPED: Final = frozenset({"__subclasshook__", "__class_getitem__", "__reversed__"})


def _methods(kind: type) -> dict[str, Any]:
    """The methods of a class and of its abstract bases, by name."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__[:-1]):
        found.update({name: each for name, each in vars(base).items() if isinstance(each, FunctionType)})
    return {name: each for name, each in found.items() if name not in _SKIPPED}


def _made(kind: type, abstract: Any, own: dict[str, Any]) -> Any:
    namespace: dict[str, Any] = {"__module__": "collections", "__hash__": None}
    for name, method in {**_methods(kind), **own}.items():
        namespace[name] = method
        if not name.startswith("_"):
            namespace[mark(name)] = method
    namespace[mark("data")] = property(lambda self: self.data, lambda self, value: vars(self).update(data=value))
    made = hosted(ProgramType(kind.__name__, (), namespace))
    abstract.register(made)
    return made


def _plain(value: Any) -> Any:
    return value.data if isinstance(value, UserDict | UserList) else value


def _or(self: Any, other: Any) -> Any:
    other = _plain(other)
    return type(self)(self.data | other) if isinstance(other, dict) else NotImplemented


def _ror(self: Any, other: Any) -> Any:
    return type(self)(other | self.data) if isinstance(other, dict) else NotImplemented


def _ior(self: Any, other: Any) -> Any:
    self.data |= _plain(other)
    return self


def _copy(self: Any) -> Any:
    new: Any = object.__new__(type(self))
    vars(new).update(vars(self), data=self.data.copy())
    return new


def _fromkeys(cls: Any, iterable: Any, value: Any = None) -> Any:
    new = cls()
    for key in iterable:
        new[key] = value
    return new


def _cast(self: Any, other: Any) -> Any:
    return _plain(other)


def _add(self: Any, other: Any) -> Any:
    return type(self)(self.data + list(finite(_plain(other))))


def _radd(self: Any, other: Any) -> Any:
    return type(self)(list(finite(_plain(other))) + self.data)


def _sort(self: Any, /, *args: Any, **options: Any) -> None:
    if "key" in options:
        options["key"] = call_of(options["key"])
    self.data.sort(*args, **options)


_TEXTS: Final = frozenset(
    (
        *("capitalize", "casefold", "center", "expandtabs", "ljust", "lower", "lstrip", "removeprefix"),
        *("removesuffix", "replace", "rjust", "rstrip", "strip", "swapcase", "title", "translate", "upper", "zfill"),
    )
)
"""Methods of UserString that give one again."""


def _of_text(name: str) -> Any:
    """A method of UserString: that of its text."""
    method = METHODS[name][str]

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        result = method(self.data, *(each.data if isinstance(each, UserString) else each for each in args), **kwargs)
        return type(self)(result) if name in _TEXTS else result

    call.__name__ = call.__qualname__ = name
    return call


def _init_text(self: Any, seq: Any) -> None:
    vars(self)["data"] = seq.data[:] if isinstance(seq, UserString) else to_str(seq)


def _repeat(self: Any, n: Any) -> Any:
    refuse_beyond_memory(len(self.data) * n if isinstance(n, int) else 0)
    return type(self)(self.data * n)


def _add_text(self: Any, other: Any) -> Any:
    return type(self)(self.data + (other.data if isinstance(other, UserString) else to_str(other)))


def _radd_text(self: Any, other: Any) -> Any:
    return type(self)(to_str(other) + self.data)


UserDict: Final[Any] = _made(
    collections.UserDict,
    MutableMapping,
    {"__or__": _or, "__ror__": _ror, "__ior__": _ior, "copy": _copy, "fromkeys": classmethod(_fromkeys)},
)
UserList: Final[Any] = _made(
    collections.UserList,
    MutableSequence,
    {"__add__": _add, "__radd__": _radd, "_UserList__cast": _cast, "copy": _copy, "sort": _sort},
)
UserString: Final[Any] = _made(
    collections.UserString,
    Sequence,
    {
        **{name: _of_text(name) for name, table in METHODS.items() if str in table.keys() and name != "maketrans"},  # noqa: SIM118
        "__init__": _init_text,
        "__str__": lambda self: self.data,
        "__repr__": lambda self: repr(self.data),
        "__contains__": lambda self, char: (char.data if isinstance(char, UserString) else char) in self.data,
        "__add__": _add_text,
        "__radd__": _radd_text,
        "__mul__": _repeat,
        "__rmul__": _repeat,
        "__mod__": lambda self, args: type(self)(remainder(self.data, args)),
        "__rmod__": lambda self, template: type(self)(remainder(to_str(template), self)),
        "__hash__": lambda self: stable_hash(self.data),
    },
)
