"""Sets that keep insertion order: the one choice that CPython leaves open and Noodle fixes.

A set is a dict whose values are all None, so that membership, length and truth run at C speed. What C code
would otherwise read off a dict (``keys``, ``items``, subscripts, ``dict | set``) is closed off.
"""

from builtins import frozenset as _builtin_frozenset
from builtins import set as _builtin_set
from itertools import filterfalse

from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final, Iterable, Iterator, NoReturn, TypeAlias, deque

_iterate = dict.__iter__
_update = dict.update
_fromkeys = dict.fromkeys
_contains = dict.__contains__
_length = dict.__len__
_delete = dict.__delitem__
_pop: Callable[..., Any] = dict.pop
_popitem = dict.popitem
_NOTHING: Final = object()
WALKED: Final[deque[tuple[int, int]]] = deque(maxlen=8)
"""The sets walked over last: their identities and sizes, for `walks`."""
_walk = WALKED.append
_Plain: TypeAlias = dict[Any, None]


def _hidden(name: str) -> Any:
    """A property that makes C code see no such attribute."""

    def absent(self: object) -> NoReturn:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    return property(absent)


def _keys_of(items: Iterable[Any]) -> "_Plain":
    plain: _Plain = _fromkeys(items)
    if len(plain) > 63:
        S.charge(len(plain) >> 4)
    return plain


def _refuse(symbol: str, left: object, right: object) -> TypeError:
    kinds = f"'{type(left).__name__}' and '{type(right).__name__}'"
    return TypeError(f"unsupported operand type(s) for {symbol}: {kinds}")


class AnySet(dict[Any, None]):
    """What set and frozenset share."""

    __slots__ = ()
    __reversed__ = None  # type: ignore[assignment]
    __class_getitem__ = None  # type: ignore[assignment]
    keys = _hidden("keys")
    items = _hidden("items")
    values = _hidden("values")
    get = _hidden("get")

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            raise TypeError(f"{cls.__name__}() takes no keyword arguments")
        if len(args) > 1:
            raise TypeError(f"{cls.__name__} expected at most 1 argument, got {len(args)}")
        if args and cls is frozenset and type(args[0]) is frozenset:
            return args[0]
        new = dict.__new__(cls)
        if args:
            _update(new, _keys_of(args[0]))
        return new

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Everything is done in __new__; dict's own would read the argument as a mapping."""

    def __iter__(self) -> Iterator[Any]:
        _walk((id(self), _length(self)))
        return _iterate(self)

    def __getitem__(self, key: object) -> NoReturn:
        raise TypeError(f"'{type(self).__name__}' object is not subscriptable")

    def __setitem__(self, key: object, value: object) -> NoReturn:
        raise TypeError(f"'{type(self).__name__}' object does not support item assignment")

    def __delitem__(self, key: object) -> NoReturn:
        raise TypeError(f"'{type(self).__name__}' object doesn't support item deletion")

    def __repr__(self) -> str:
        name = type(self).__name__
        if not _length(self):
            return f"{name}()"
        body = "{" + ", ".join(map(repr, _iterate(self))) + "}"
        return body if name == "set" else f"{name}({body})"

    def __eq__(self, other: object) -> Any:
        if isinstance(other, AnySet):
            return _length(self) == _length(other) and dict.__eq__(self, other)
        return False if isinstance(other, dict) else NotImplemented

    def __ne__(self, other: object) -> Any:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = None

    def __le__(self, other: object) -> Any:
        return issubset(self, other) if isinstance(other, AnySet) else NotImplemented

    def __lt__(self, other: object) -> Any:
        if not isinstance(other, AnySet):
            return NotImplemented
        return _length(self) < _length(other) and issubset(self, other)

    def __ge__(self, other: object) -> Any:
        return issubset(other, self) if isinstance(other, AnySet) else NotImplemented

    def __gt__(self, other: object) -> Any:
        if not isinstance(other, AnySet):
            return NotImplemented
        return _length(other) < _length(self) and issubset(other, self)

    def __or__(self, other: object) -> Any:
        return union(self, other) if isinstance(other, AnySet) else _defer("|", self, other)

    def __and__(self, other: object) -> Any:
        return intersection(self, other) if isinstance(other, AnySet) else _defer("&", self, other)

    def __sub__(self, other: object) -> Any:
        return difference(self, other) if isinstance(other, AnySet) else _defer("-", self, other)

    def __xor__(self, other: object) -> Any:
        return symmetric_difference(self, other) if isinstance(other, AnySet) else _defer("^", self, other)

    def __ror__(self, other: object) -> Any:
        return _defer("|", other, self, other)

    def __ior__(self, other: object) -> Any:
        return union(self, other) if isinstance(other, AnySet) else _defer("|=", self, other)


def _defer(symbol: str, left: object, right: object, other: object = None) -> Any:
    """NotImplemented, so that a view may answer; but a dict would take the set for one of its own."""
    if isinstance(right if other is None else other, dict):
        raise _refuse(symbol, left, right)
    return NotImplemented


class set(AnySet):
    """Python's set, in insertion order."""

    __slots__ = ()
    __hash__ = None

    def __ior__(self, other: object) -> Any:
        if not isinstance(other, AnySet):
            return _defer("|=", self, other)
        update(self, other)
        return self

    def __iand__(self, other: object) -> Any:
        if not isinstance(other, AnySet):
            return NotImplemented
        intersection_update(self, other)
        return self

    def __isub__(self, other: object) -> Any:
        if not isinstance(other, AnySet):
            return NotImplemented
        difference_update(self, other)
        return self

    def __ixor__(self, other: object) -> Any:
        if not isinstance(other, AnySet):
            return NotImplemented
        symmetric_difference_update(self, other)
        return self


class frozenset(AnySet):
    """Python's frozenset, in insertion order."""

    __slots__ = ("_hash",)
    _hash: int

    def __hash__(self) -> int:  # type: ignore[override]
        try:
            return self._hash
        except AttributeError:
            self._hash = hash(_builtin_frozenset(_iterate(self)))
            return self._hash


for _class in (set, frozenset):
    _class.__module__ = "builtins"


def set_of(items: Any = (), /) -> set:
    """A new set of the items: set() of at most one argument, and set displays."""
    plain: _Plain = _fromkeys(items)
    if len(plain) > 63:
        S.charge(len(plain) >> 4)
    new: set = dict.__new__(set)
    _update(new, plain)
    return new


def _new(like: AnySet, plain: _Plain) -> Any:
    if len(plain) > 63:
        S.charge(len(plain) >> 4)
    new = dict.__new__(frozenset if type(like) is frozenset else set)
    _update(new, plain)
    return new


def _as_keys(other: Any) -> Any:
    """Something with fast ``in``."""
    return other if isinstance(other, dict) else _keys_of(other)


def _plain_of(items: Any) -> "_Plain":
    """The items as keys of a plain dict of its own."""
    return _fromkeys(_iterate(items)) if isinstance(items, AnySet) else _keys_of(items)


def copy(self: AnySet) -> Any:
    """set.copy; a frozenset is its own copy."""
    return self if type(self) is frozenset else _new(self, _fromkeys(_iterate(self)))


def union(self: AnySet, *others: Any) -> Any:
    """set.union: self's elements, then each other's new ones."""
    plain = _fromkeys(_iterate(self))
    for other in others:
        plain.update(_plain_of(other))
    return _new(self, plain)


def intersection(self: AnySet, *others: Any) -> Any:
    """set.intersection, in self's order."""
    plain = _fromkeys(_iterate(self))
    for other in others:
        plain = _fromkeys(filter(_as_keys(other).__contains__, plain))
    return _new(self, plain)


def difference(self: AnySet, *others: Any) -> Any:
    """set.difference, in self's order."""
    plain = _fromkeys(_iterate(self))
    for other in others:
        plain = _fromkeys(filterfalse(_as_keys(other).__contains__, plain))
    return _new(self, plain)


def symmetric_difference(self: AnySet, other: Any, /) -> Any:
    """set.symmetric_difference: what only self has, then what only other has."""
    keys = _plain_of(other)
    plain: _Plain = _fromkeys(filterfalse(keys.__contains__, _iterate(self)))
    plain.update(_fromkeys(filterfalse(self.__contains__, keys)))
    return _new(self, plain)


def isdisjoint(self: AnySet, other: Any, /) -> bool:
    """set.isdisjoint."""
    keys = _as_keys(other)
    return not any(map(keys.__contains__, self))


def issubset(self: AnySet, other: Any, /) -> bool:
    """set.issubset."""
    keys = _as_keys(other)
    return len(self) <= len(keys) and all(map(keys.__contains__, _iterate(self)))


def issuperset(self: AnySet, other: Any, /) -> bool:
    """set.issuperset."""
    return all(map(self.__contains__, _as_keys(other)))


def _assign(self: set, plain: _Plain) -> None:
    dict.clear(self)
    _update(self, plain)


def add(self: set, /, *items: Any, **named: Any) -> None:
    """set.add with its own argument check; with exactly one argument dict.setdefault does the same faster."""
    if named:
        raise TypeError("set.add() takes no keyword arguments")
    if len(items) != 1:
        raise TypeError(f"set.add() takes exactly one argument ({len(items)} given)")
    dict.setdefault(self, items[0])


def remove(self: set, item: Any = _NOTHING, /, *rest: Any) -> None:
    """set.remove; a set stands for the frozenset that equals it."""
    if item is _NOTHING or rest:
        _misused("remove", item, rest)
    try:
        _delete(self, item)
    except TypeError:
        if type(item) is not set:
            raise
        _delete(self, frozenset(item))


def discard(self: set, item: Any = _NOTHING, /, *rest: Any) -> None:
    """set.discard; a set stands for the frozenset that equals it."""
    if item is _NOTHING or rest:
        _misused("discard", item, rest)
    try:
        _pop(self, item, None) if self else hash(item)
    except TypeError:
        if type(item) is not set:
            raise
        _pop(self, frozenset(item), None)


def pop(self: set, /, *rest: Any) -> Any:
    """set.pop: the element added last."""
    if rest:
        _misused("pop", _NOTHING, rest)
    if not self:
        raise KeyError("pop from an empty set")
    return _popitem(self)[0]


def _misused(name: str, item: Any, rest: tuple[Any, ...]) -> None:
    """Fail as Python's own set does when it is given the wrong number of arguments."""
    getattr(_builtin_set(), name)(*(rest if item is _NOTHING else (item, *rest)))


def clear(self: set, /) -> None:
    """set.clear."""
    dict.clear(self)


def update(self: set, *others: Any) -> None:
    """set.update."""
    for other in others:
        _update(self, _keys_of(other))


def intersection_update(self: set, *others: Any) -> None:
    """set.intersection_update."""
    _assign(self, _fromkeys(intersection(self, *others)))


def difference_update(self: set, *others: Any) -> None:
    """set.difference_update."""
    _assign(self, _fromkeys(difference(self, *others)))


def symmetric_difference_update(self: set, other: Any, /) -> None:
    """set.symmetric_difference_update."""
    _assign(self, _fromkeys(symmetric_difference(self, other)))


def _exactly(count: int, *methods: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
    """Methods by name; a call with another number of arguments fails as Python's own set does."""
    return {method.__name__: _checked(method, count) for method in methods}


def _checked(method: Callable[..., Any], count: int) -> Callable[..., Any]:
    name = method.__name__

    def checked(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if kwargs or (len(args) != count and count >= 0):
            kind = _builtin_frozenset if type(self) is frozenset else _builtin_set
            return getattr(kind(), name)(*args, **kwargs)
        return method(self, *args)

    checked.__name__ = checked.__qualname__ = name
    return checked


_ANY: Final = -1
SHARED_METHODS: Final[dict[str, Callable[..., Any]]] = {
    **_exactly(_ANY, difference, intersection, union),
    **_exactly(0, copy),
    **_exactly(1, isdisjoint, issubset, issuperset, symmetric_difference),
}
SET_METHODS: Final[dict[str, Callable[..., Any]]] = {
    **SHARED_METHODS,
    **_exactly(_ANY, difference_update, intersection_update, update),
    **_exactly(0, clear),
    **_exactly(1, symmetric_difference_update),
    "add": dict.setdefault,
    "discard": discard,
    "pop": pop,
    "remove": remove,
}
