"""The collections module: CPython's own containers, which never show a set's underlying dict."""

import collections
import heapq  # noqa: F401 - Counter.most_common imports it when it is called, which a locked process cannot
from collections import ChainMap as _ChainMap
from collections import OrderedDict, defaultdict, deque
from collections.abc import ItemsView as _ItemsView
from collections.abc import KeysView as _KeysView
from collections.abc import ValuesView
from types import FunctionType, MethodDescriptorType
from typing import Any, Final

from noodle_ray.core.vm import sets
from noodle_ray.core.vm.builtins.iteration import metered
from noodle_ray.core.vm.classes.bases import CONSTRUCTORS, LIBRARY_BASES, paying_init
from noodle_ray.core.vm.methods import METHODS, register, register_setters
from noodle_ray.core.vm.modules.namedtuples import namedtuple
from noodle_ray.core.vm.modules.user_containers import UserDict, UserList, UserString
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import without_addresses
from noodle_ray.core.vm.types import Vetted, dict_items, dict_keys, held, maker

_LONG: Final = 63


class Counter(collections.Counter[Any]):
    """collections.Counter, whose operators give counters of this class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*_elements(args), **kwargs)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Add counts."""
        super().update(*_elements(args), **kwargs)

    def subtract(self, *args: Any, **kwargs: Any) -> None:
        """Take counts away."""
        super().subtract(*_elements(args), **kwargs)

    def most_common(self, n: Any = None) -> list[tuple[Any, int]]:
        """The n most common elements and their counts."""
        if len(self) > _LONG:
            S.charge(len(self) * len(self).bit_length() >> 4)
        return super().most_common(n)


def _elements(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with a first that is no mapping paid for on the way; and a set is no mapping."""
    if not args or args[0] is None:
        return args
    first = args[0]
    if isinstance(first, sets.AnySet):
        return ([*first], *args[1:])
    if isinstance(first, dict):
        if len(first) > _LONG:
            S.charge(len(first) >> 4)
        return args
    return args if isinstance(first, _ChainMap) else (metered(first), *args[1:])


def _own_result(name: str) -> Any:
    method = getattr(collections.Counter, name)

    def operator(self: Counter, *others: Any) -> Any:
        result = method(self, *others)
        return Counter(result) if type(result) is collections.Counter else result

    return operator


for _name in ("__add__", "__sub__", "__or__", "__and__", "__pos__", "__neg__"):
    setattr(Counter, _name, _own_result(_name))


class _OrderedKeys(dict_keys):
    """OrderedDict.keys()."""

    __slots__ = ()


class _OrderedItems(dict_items):
    """OrderedDict.items()."""

    __slots__ = ()


class _Keys(_KeysView[Any]):
    """ChainMap.keys()."""

    __slots__ = ()

    @classmethod
    def _from_iterable(cls, items: Any) -> Any:
        return sets.set(items)


class _Items(_ItemsView[Any, Any]):
    """ChainMap.items()."""

    __slots__ = ()

    @classmethod
    def _from_iterable(cls, items: Any) -> Any:
        return sets.set(items)


class ChainMap(_ChainMap[Any, Any]):
    """collections.ChainMap, with views that give Noodle's sets."""

    def keys(self) -> _Keys:
        """The keys, as a view."""
        return _Keys(self)

    def items(self) -> _Items:
        """The items, as a view."""
        return _Items(self)


for _class, _shown, _module in (
    (Counter, "Counter", "collections"),
    (ChainMap, "ChainMap", "collections"),
    (_OrderedKeys, "odict_keys", "builtins"),
    (_OrderedItems, "odict_items", "builtins"),
    (_Keys, "KeysView", "collections.abc"),
    (_Items, "ItemsView", "collections.abc"),
):
    _class.__name__ = _class.__qualname__ = _shown
    _class.__module__ = _module


def _public(kind: type) -> dict[str, Any]:
    """A class's own public methods, by name."""
    found: dict[str, Any] = {}
    for base in reversed(kind.__mro__[:-1]):
        for name, member in vars(base).items():
            if not name.startswith("_") and isinstance(member, FunctionType | MethodDescriptorType):
                found[name] = member
    return found


def _deque(*args: Any, **kwargs: Any) -> Any:
    """deque() as a call."""
    return deque(*_fed(args), **kwargs)


def _fed(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return (metered(args[0]), *args[1:]) if args else args


def _extend(self: Any, *args: Any) -> None:
    """deque.extend."""
    deque.extend(self, *(args if args and args[0] is self else _fed(args)))


def _extendleft(self: Any, *args: Any) -> None:
    """deque.extendleft."""
    deque.extendleft(self, *(args if args and args[0] is self else _fed(args)))


def _index(self: Any, *args: Any) -> int:
    """deque.index."""
    try:
        return deque.index(self, *args)
    except ValueError as error:  # its message has the value's repr
        raise ValueError(without_addresses(str(error))) from None


def _fromkeys(kind: Any) -> Any:
    def fromkeys(iterable: Any, value: Any = None) -> Any:
        new = kind.fromkeys(iterable, value)
        if len(new) > _LONG:
            S.charge(len(new) >> 4)
        return new

    return fromkeys


_DICT: Final = {
    name: METHODS[name][dict] for name in ("get", "pop", "popitem", "setdefault", "clear", "update", "values")
}
_FACTORY: Final[Any] = vars(defaultdict)["default_factory"]


class _Paid:
    """A factory. A missing key calls it without a call instruction, so this charges."""

    __slots__ = ("factory",)

    def __init__(self, factory: Any) -> None:
        self.factory = factory

    def __repr__(self) -> str:
        return repr(self.factory)

    def __call__(self) -> Any:
        S.charge(4)
        return self.factory()


def _factory(self: Any) -> Any:
    found = _FACTORY.__get__(self)
    return held(found.factory if type(found) is _Paid else found)


def _set_factory(self: Any, new: Any) -> None:
    _FACTORY.__set__(self, _paid(new))


def _paid(factory: Any) -> Any:
    if not callable(factory) or isinstance(factory, type | Vetted):
        return maker(factory)
    return _Paid(factory)


def _defaultdict(*args: Any, **kwargs: Any) -> Any:
    """defaultdict() as a call."""
    new: Any = defaultdict(*map(_paid, args[:1]), *args[1:], **kwargs)
    if len(new) > _LONG:
        S.charge(len(new) >> 4)
    return new


def _init_deque(self: Any, /, *args: Any, **kwargs: Any) -> None:
    """deque.__init__."""
    deque.__init__(self, *_fed(args), **kwargs)


def _init_defaultdict(self: Any, /, *args: Any, **kwargs: Any) -> None:
    """defaultdict.__init__."""
    _pay_for_dict(self, *map(_paid, args[:1]), *args[1:], **kwargs)


def _ordered(*args: Any, **kwargs: Any) -> Any:
    """OrderedDict() as a call."""
    new = OrderedDict.__new__(OrderedDict)
    CONSTRUCTORS[OrderedDict](new, *args, **kwargs)
    return new


_VIEWS: Final = {"keys": dict_keys, "items": dict_items}
_pay_for_dict: Final = paying_init(defaultdict)
CONSTRUCTORS.update({deque: _init_deque, defaultdict: _init_defaultdict, OrderedDict: paying_init(OrderedDict)})

register(
    deque,
    methods={**_public(deque), "extend": _extend, "extendleft": _extendleft, "index": _index},
    attributes={"maxlen": deque.maxlen.__get__},
    call=_deque,
)
register(Counter, methods={**_DICT, **_public(Counter), **_VIEWS}, statics={"fromkeys": Counter.fromkeys})
register(
    defaultdict,
    methods={**_DICT, **_VIEWS, "copy": defaultdict.copy},
    attributes={"default_factory": _factory},
    statics={"fromkeys": _fromkeys(defaultdict)},
    call=_defaultdict,
)
register(
    OrderedDict,
    methods={**_public(OrderedDict), "keys": _OrderedKeys, "items": _OrderedItems},
    statics={"fromkeys": _fromkeys(OrderedDict)},
    call=_ordered,
)
for _view in (_OrderedKeys, _OrderedItems, _Keys, _Items):
    register(_view, methods={"isdisjoint": sets.isdisjoint})
register(
    ChainMap,
    methods=_public(ChainMap),
    attributes={"maps": lambda self: self.maps, "parents": lambda self: self.parents},
    statics={"fromkeys": ChainMap.fromkeys},
)
register(ValuesView)

register_setters(defaultdict, default_factory=_set_factory)
register_setters(ChainMap, "maps")
LIBRARY_BASES.update((Counter, OrderedDict, defaultdict, deque))

MEMBERS: Final[dict[str, Any]] = {
    "ChainMap": ChainMap,
    "Counter": Counter,
    "OrderedDict": OrderedDict,
    "UserDict": UserDict,
    "UserList": UserList,
    "UserString": UserString,
    "defaultdict": defaultdict,
    "deque": deque,
    "namedtuple": namedtuple,
}
