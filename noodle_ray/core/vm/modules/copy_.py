"""The copy module, for the values of programs: CPython's protocol, without its way through pickling."""

import builtins
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from types import GeneratorType, MemberDescriptorType
from typing import Any, Final

from noodle_ray.core.vm.builtins.identity import known_identity
from noodle_ray.core.vm.classes.given_dicts import ITSELF
from noodle_ray.core.vm.classes.kinds import is_program_class
from noodle_ray.core.vm.methods import METHODS, register
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.sets import frozenset, set
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import OPEN_TYPES, Model, Module, dict_items, dict_keys

Copier = Callable[[Any], Any]

_ATOMS: Final = builtins.frozenset({str, int, float, complex, bytes, bool, type(None), type(...), type(NotImplemented)})
_IMMUTABLE: Final = (tuple, frozenset, str, int, float, complex, bytes)
_BASES: Final = (Counter, OrderedDict, defaultdict, deque, set, frozenset, dict, list, bytearray, *_IMMUTABLE)
_REFUSED: Final[tuple[type, ...]] = (Model, Module, dict_keys, dict_items, type({}.values()), GeneratorType)


class Error(Exception):
    """copy.Error."""


Error.__module__ = "copy"


class _Memo(dict[Any, Any]):
    """What ``__deepcopy__`` is given: the program's own entries by id(), and in ``seen`` the originals by address,
    each kept alive, with their copies."""

    __slots__ = ("seen",)

    def __init__(self, entries: dict[Any, Any]) -> None:
        super().__init__(entries)
        self.seen: dict[int, tuple[Any, Any]] = {}


_Memo.__name__ = _Memo.__qualname__ = "dict"
_Memo.__module__ = "builtins"
register(_Memo, methods={name: table[dict] for name, table in METHODS.items() if dict in table})
OPEN_TYPES[_Memo] = OPEN_TYPES[dict]


def copy(x: Any) -> Any:
    """copy.copy."""
    kind = type(x)
    if kind in _ATOMS or kind in _IMMUTABLE or isinstance(x, type):
        return x
    own = getattr(kind, "__copy__", None)
    if own is not None and kind not in _BASES:
        return own(x)
    charge_value(x, 1 if kind in (list, dict, set) else 8)
    return _made(x, kind, _same, lambda new: new)


def deepcopy(x: Any, memo: Any = None) -> Any:
    """copy.deepcopy."""
    return _deep(x, memo if type(memo) is _Memo else _Memo(memo or {}))


def _deep(x: Any, memo: _Memo) -> Any:
    kind = type(x)
    if kind in _ATOMS or isinstance(x, type):
        return x
    found = memo.seen.get(id(x))
    if found is not None:
        return found[1]
    if memo:
        number = known_identity(x)
        if number in memo:
            return memo[number]
    S.charge(1)
    charge_value(x, 8)
    seen = memo.seen
    new: Any
    if kind is list:
        new = []
        seen[id(x)] = x, new
        for item in x:
            new.append(item if type(item) in _ATOMS else _deep(item, memo))
        return new
    if kind is dict:
        new = {}
        seen[id(x)] = x, new
        for key, value in x.items():
            new[_deep(key, memo)] = value if type(value) in _ATOMS else _deep(value, memo)
        return new
    own = getattr(kind, "__deepcopy__", None)
    if own is not None:
        new = own(x, memo)
        seen[id(x)] = x, new
        return new
    if kind is tuple or kind is frozenset:
        items = []
        for item in x:
            items.append(item if type(item) in _ATOMS else _deep(item, memo))
        if id(x) not in seen:  # unless what is inside has led back here
            same = all(old is new for old, new in zip(x, items, strict=True))
            seen[id(x)] = x, x if same else kind(items)
        return seen[id(x)][1]

    def remember(new: Any) -> Any:
        seen[id(x)] = x, new
        return new

    return _made(x, kind, lambda item: _deep(item, memo), remember)


def _same(item: Any) -> Any:
    return item


def _made(x: Any, kind: type, each: Copier, remember: Copier) -> Any:
    """A copy whose parts are what ``each`` makes of the original's; ``remember`` is told of it before it is filled."""
    base = next((base for base in _BASES if issubclass(kind, base)), None)
    if base is None and not isinstance(x, BaseException) and not is_program_class(kind):
        if isinstance(x, _REFUSED) or hasattr(kind, "__next__"):
            raise TypeError(f"cannot pickle '{kind.__name__}' object")
        return x  # functions, classes and what the library's modules make: none of it changes
    if isinstance(x, BaseException):
        new = remember(kind(*map(each, x.args)))
    elif base is None:
        new = remember(object.__new__(kind))
    elif base in _IMMUTABLE:
        make: Any = base.__new__
        new = remember(make(kind, tuple(map(each, x)) if base in (tuple, frozenset) else x))
    else:
        new = remember(base.__new__(kind))
        _fill(new, x, base, each)
    _copy_state(new, x, each)
    return new


def _fill(new: Any, x: Any, base: type, each: Copier) -> None:
    if base is deque:
        deque.__init__(new, (), x.maxlen)
    elif base is defaultdict:
        new.default_factory = x.default_factory
    if issubclass(base, set):
        for item in x:
            dict.setdefault(new, each(item))
    elif issubclass(base, dict):
        kind: Any = OrderedDict if base is OrderedDict else dict
        for key, value in kind.items(x):
            kind.__setitem__(new, each(key), each(value))
    elif base is bytearray:
        bytearray.extend(new, x)
    else:
        add = base.append  # type: ignore[attr-defined]
        for item in base.__iter__(x):  # type: ignore[attr-defined]
            add(new, each(item))


def _copy_state(new: Any, x: Any, each: Copier) -> None:
    """Copy an instance's attributes, those in slots too."""
    state = getattr(x, "__dict__", None)
    if state and ITSELF in state:  # the copy has the items as attributes besides
        state = {mark(name): value for name, value in dict.items(x) if type(name) is str}
    if state:
        S.charge(len(state) >> 2)
        new.__dict__.update({name: each(value) for name, value in state.items()})
    if is_program_class(type(x)):
        for kind in type(x).__mro__:
            for slot in vars(kind).values() if is_program_class(kind) else ():
                if isinstance(slot, MemberDescriptorType) and hasattr(x, slot.__name__):
                    slot.__set__(new, each(slot.__get__(x)))


MEMBERS: Final[dict[str, Any]] = {"Error": Error, "copy": copy, "deepcopy": deepcopy}
