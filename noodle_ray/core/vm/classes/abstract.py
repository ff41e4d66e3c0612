"""The abstract base classes of collections.abc: programs ask about them, and derive from them."""

import builtins
import collections.abc

from noodle_ray.core.vm.classes.functions import ProgramFunction
from noodle_ray.core.vm.classes.kinds import ProgramType, hosted
from noodle_ray.core.vm.classes.make import ABC
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.sets import AnySet, frozenset, set
from noodle_ray.core.vm.types import dict_items, dict_keys
from noodle_ray.light import Any, Final, FunctionType

_ABC: Final[dict[str, Any]] = {name: getattr(collections.abc, name) for name in collections.abc.__all__}
_STRUCTURAL: Final[dict[str, tuple[str, ...]]] = {
    "AsyncIterable": ("__aiter__",),
    "AsyncIterator": ("__anext__", "__aiter__"),
    "Awaitable": ("__await__",),
    "Callable": ("__call__",),
    "Collection": ("__len__", "__iter__", "__contains__"),
    "Container": ("__contains__",),
    "Hashable": ("__hash__",),
    "Iterable": ("__iter__",),
    "Iterator": ("__iter__", "__next__"),
    "Reversible": ("__reversed__", "__iter__"),
    "Sized": ("__len__",),
}
"""Those that a class belongs to by what it defines."""
_OF_SETS: Final = builtins.frozenset({"Collection", "Container", "Iterable", "Set", "Sized"})
_VIEWS: Final[dict[Any, Any]] = {dict_keys: "KeysView", dict_items: "ItemsView"}


def _has(kind: type, name: str) -> bool:
    for base in kind.__mro__:
        if name in base.__dict__:
            return base.__dict__[name] is not None
    return False


def belongs(kind: type, name: str) -> bool:
    """Whether a class is one of those that an abstract class of this name stands for."""
    if kind in (ProgramFunction, FunctionType) or issubclass(kind, ProgramFunction):
        return name in ("Callable", "Hashable")
    if isinstance(kind, ProgramType):
        if name in _STRUCTURAL and all(_has(kind, each) for each in _STRUCTURAL[name]):
            return True
        return any(
            belongs(base, name) for base in kind.__mro__ if not isinstance(base, ProgramType) and base is not object
        )
    if issubclass(kind, AnySet):
        if name == "Hashable":
            return issubclass(kind, frozenset)
        return name in _OF_SETS or (name == "MutableSet" and issubclass(kind, set))
    if kind in _VIEWS:
        return name in _OF_SETS or name in ("MappingView", "Reversible", _VIEWS[kind])
    return issubclass(kind, _ABC[name])


def _abstract(name: str) -> Any:
    def method(self: Any, *args: Any) -> Any:
        raise NotImplementedError

    method.__name__ = method.__qualname__ = name
    method.__isabstractmethod__ = True  # type: ignore[attr-defined]
    return method


def _append(self: Any, value: Any) -> None:
    getattr(self, mark("insert"))(len(self), value)


def _extend(self: Any, values: Any) -> None:
    for value in [*values] if values is self else values:
        _append(self, value)


def _pop(self: Any, index: int = -1) -> Any:
    value = self[index]
    del self[index]
    return value


def _remove(self: Any, value: Any) -> None:
    del self[getattr(self, mark("index"))(value)]


def _clear_sequence(self: Any) -> None:
    try:
        while True:
            getattr(self, mark("pop"))()
    except IndexError:
        pass


def _reverse(self: Any) -> None:
    n = len(self)
    for i in range(n // 2):
        self[i], self[n - i - 1] = self[n - i - 1], self[i]


def _iadd(self: Any, values: Any) -> Any:
    getattr(self, mark("extend"))(values)
    return self


def _clear_mapping(self: Any) -> None:
    try:
        while True:
            getattr(self, mark("popitem"))()
    except KeyError:
        pass


def _update(self: Any, other: Any = (), /, **keywords: Any) -> None:
    if belongs(type(other), "Mapping") or hasattr(type(other), "keys"):
        for key in other:
            self[key] = other[key]
    else:
        for key, value in other:
            self[key] = value
    for key, value in keywords.items():
        self[key] = value


def _keys(self: Any) -> Any:
    return dict_keys(dict.fromkeys(self))


def _items(self: Any) -> Any:
    return dict_items({key: self[key] for key in self})


def _values(self: Any) -> Any:
    return {key: self[key] for key in self}.values()


def _is_set(value: Any) -> bool:
    return isinstance(value, CLASSES["Set"]) or belongs(type(value), "Set")


def _from_iterable(cls: Any, items: Any) -> Any:
    return cls(items)


def _of(self: Any, items: Any) -> Any:
    """A new set of the same class, as its ``_from_iterable`` makes it."""
    return getattr(self, mark("_from_iterable"))(items)


def _subset(self: Any, other: Any) -> Any:
    if not _is_set(other):
        return NotImplemented
    return len(self) <= len(other) and all(item in other for item in self)


def _superset(self: Any, other: Any) -> Any:
    if not _is_set(other):
        return NotImplemented
    return len(self) >= len(other) and all(item in self for item in other)


def _strict_subset(self: Any, other: Any) -> Any:
    return len(self) < len(other) and self <= other if _is_set(other) else NotImplemented


def _strict_superset(self: Any, other: Any) -> Any:
    return len(self) > len(other) and self >= other if _is_set(other) else NotImplemented


def _equal_set(self: Any, other: Any) -> Any:
    return len(self) == len(other) and self <= other if _is_set(other) else NotImplemented


def _and(self: Any, other: Any) -> Any:
    return _of(self, [value for value in other if value in self]) if _walks(other) else NotImplemented


def _or(self: Any, other: Any) -> Any:
    return _of(self, [value for each in (self, other) for value in each]) if _walks(other) else NotImplemented


def _sub(self: Any, other: Any) -> Any:
    if not _walks(other):
        return NotImplemented
    other = other if _is_set(other) else _of(self, other)
    return _of(self, [value for value in self if value not in other])


def _rsub(self: Any, other: Any) -> Any:
    if not _walks(other):
        return NotImplemented
    other = other if _is_set(other) else _of(self, other)
    return _of(self, [value for value in other if value not in self])


def _xor(self: Any, other: Any) -> Any:
    if not _walks(other):
        return NotImplemented
    other = other if _is_set(other) else _of(self, other)
    return (self - other) | (other - self)


def _walks(value: Any) -> bool:
    return belongs(type(value), "Iterable")


def _isdisjoint(self: Any, other: Any) -> bool:
    return not any(value in self for value in other)


def _hash_of_set(self: Any) -> int:
    return builtins.hash(frozenset(self))


def _remove_member(self: Any, value: Any) -> None:
    if value not in self:
        raise KeyError(value)
    getattr(self, mark("discard"))(value)


def _pop_member(self: Any) -> Any:
    for value in self:
        getattr(self, mark("discard"))(value)
        return value
    raise KeyError


def _clear_set(self: Any) -> None:
    try:
        while True:
            getattr(self, mark("pop"))()
    except KeyError:
        pass


def _ior(self: Any, other: Any) -> Any:
    for value in [*other]:
        getattr(self, mark("add"))(value)
    return self


def _iand(self: Any, other: Any) -> Any:
    for value in [*(self - other)]:
        getattr(self, mark("discard"))(value)
    return self


def _ixor(self: Any, other: Any) -> Any:
    if other is self:
        _clear_set(self)
        return self
    for value in [*other] if _is_set(other) else [*_of(self, other)]:
        getattr(self, mark("discard" if value in self else "add"))(value)
    return self


def _isub(self: Any, other: Any) -> Any:
    for value in [*other]:
        getattr(self, mark("discard"))(value)
    return self


_SEQUENCE: Final = collections.abc.Sequence
_MAPPING: Final = collections.abc.Mapping
_MUTABLE: Final = collections.abc.MutableMapping
_ITERATOR: Final = collections.abc.Iterator
_MIXINS: Final[dict[str, tuple[tuple[str, ...], str, dict[str, Any]]]] = {
    "Hashable": ((), "__hash__", {}),
    "Iterable": ((), "__iter__", {}),
    "Sized": ((), "__len__", {}),
    "Container": ((), "__contains__", {}),
    "Callable": ((), "__call__", {}),
    "Awaitable": ((), "__await__", {}),
    "AsyncIterable": ((), "__aiter__", {}),
    "AsyncIterator": (("AsyncIterable",), "__anext__", {"__aiter__": lambda self: self}),
    "Iterator": (("Iterable",), "__next__", {"__iter__": lambda self: self}),
    "Reversible": (("Iterable",), "__reversed__", {}),
    "Collection": (("Sized", "Iterable", "Container"), "", {}),
    "Sequence": (
        ("Reversible", "Collection"),
        "__getitem__",
        {name: _SEQUENCE.__dict__[name] for name in ("__contains__", "__iter__", "__reversed__", "count", "index")},
    ),
    "MutableSequence": (
        ("Sequence",),
        "__setitem__ __delitem__ insert",
        {
            "append": _append, "extend": _extend, "pop": _pop, "remove": _remove, "clear": _clear_sequence,
            "reverse": _reverse, "__iadd__": _iadd,
        },
    ),
    "Mapping": (
        ("Collection",),
        "__getitem__",
        {
            "__contains__": _MAPPING.__contains__, "get": _MAPPING.get, "keys": _keys, "items": _items,
            "values": _values,
            "__eq__": lambda self, other: (
                {k: self[k] for k in self} == {k: other[k] for k in other}
                if belongs(type(other), "Mapping") else NotImplemented
            ),
        },
    ),
    "MutableMapping": (
        ("Mapping",),
        "__setitem__ __delitem__",
        {
            "pop": lambda self, key, *default: _pop_key(self, key, *default), "popitem": _MUTABLE.popitem,
            "clear": _clear_mapping, "update": _update, "setdefault": _MUTABLE.setdefault,
        },
    ),
    "Set": (
        ("Collection",),
        "",
        {
            "_from_iterable": classmethod(_from_iterable), "_hash": _hash_of_set, "isdisjoint": _isdisjoint,
            "__le__": _subset, "__ge__": _superset,
            "__lt__": _strict_subset, "__gt__": _strict_superset, "__eq__": _equal_set,
            "__and__": _and, "__rand__": _and, "__or__": _or, "__ror__": _or, "__sub__": _sub, "__rsub__": _rsub,
            "__xor__": _xor, "__rxor__": _xor,
        },
    ),
    "MutableSet": (
        ("Set",),
        "add discard",
        {
            "remove": _remove_member, "pop": _pop_member, "clear": _clear_set, "__ior__": _ior, "__iand__": _iand,
            "__ixor__": _ixor, "__isub__": _isub,
        },
    ),
    "Generator": (("Iterator",), "send throw", {}),
    "Coroutine": (("Awaitable",), "send throw", {}),
    "AsyncGenerator": (("AsyncIterator",), "asend athrow", {}),
    "MappingView": (("Sized",), "", {}),
    "KeysView": (("MappingView", "Set"), "", {}),
    "ItemsView": (("MappingView", "Set"), "", {}),
    "ValuesView": (("MappingView", "Collection"), "", {}),
    "ByteString": (("Sequence",), "", {}),
}  # fmt: skip


def _pop_key(self: Any, key: Any, *default: Any) -> Any:
    try:
        value = self[key]
    except KeyError:
        if default:
            return default[0]
        raise
    del self[key]
    return value


def _class_getitem(cls: Any, item: Any) -> Any:
    from noodle_ray.light import GenericAlias

    return GenericAlias(cls, item)


_UNMARKED: Final = builtins.frozenset({"append", "get", "keys", "popitem", "reverse", "setdefault"})
"""Methods that these classes have under their plain names as well: generated code and CPython may look for those."""


def _make(name: str) -> type:
    bases, needs, methods = _MIXINS[name]
    namespace: dict[str, Any] = {"__slots__": (), "__module__": "collections.abc"}
    for need in needs.split():
        namespace[need if need[:2] == "__" else mark(need)] = _abstract(need)
    for key, method in methods.items():
        namespace[key if key[:2] == "__" else mark(key)] = method
        if key in _UNMARKED:
            namespace[key] = method
    namespace["__class_getitem__"] = classmethod(_class_getitem)
    cls = hosted(ProgramType(name, tuple(CLASSES[base] for base in bases) or (ABC,), namespace))
    missing = {key for base in cls.__mro__ if base.__name__ in _MIXINS for key in _MIXINS[base.__name__][1].split()}
    lacking = [key for key in missing if _is_lacking(cls, key)]
    cls.__abstractmethods__ = builtins.frozenset(lacking)  # type: ignore[attr-defined]
    return cls


def _is_lacking(cls: type, key: str) -> bool:
    return getattr(getattr(cls, key if key[:2] == "__" else mark(key), None), "__isabstractmethod__", False) is True


CLASSES: Final[dict[str, Any]] = {}
for _name in _MIXINS:
    CLASSES[_name] = _make(_name)
NAMES: Final[dict[Any, str]] = {cls: name for name, cls in CLASSES.items()}
"""The name that `belongs` knows each class by."""
