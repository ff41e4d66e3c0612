"""The weakref module: references that keep nothing alive. Callbacks belong to their run: none is called after it."""

import weakref
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any, Final

from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.traceback_ import format_exception
from noodle_ray.core.vm.modules.vetting import finite
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of, dict_items, dict_keys


def _of_this_run(callback: Any) -> Callable[[Any], None] | None:
    """A callback that is called only while the run that made it goes on."""
    if callback is None:
        return None
    fibers, function = S.fibers, call_of(callback)

    def call(reference: Any) -> None:
        if S.module is not None and S.fibers is fibers and not S.tripped:
            S.charge(4)
            fibers.atomic += 1  # CPython would ignore that the fiber is ended while it waits
            try:
                function(reference)
            finally:
                fibers.atomic -= 1

    return call


class Reference(weakref.ref):  # type: ignore[type-arg]
    """weakref.ref."""

    __slots__ = ()

    def __new__(cls, target: Any, callback: Any = None, /) -> "Reference":
        S.charge(8)
        return super().__new__(cls, target, _of_this_run(callback))

    def __init__(self, target: Any, callback: Any = None, /) -> None:
        super().__init__(target, callback)  # type: ignore[call-arg]

    def __repr__(self) -> str:
        target = self()
        return "<weakref; dead>" if target is None else f"<weakref; to '{type(target).__name__}'>"


class WeakMethod:
    """weakref.WeakMethod."""

    __slots__ = ("_function", "_owner")

    def __init__(self, meth: Any, callback: Any = None) -> None:
        if type(meth) is not MethodType:
            raise TypeError(f"argument should be a bound method, not {type(meth)}")
        function = None if callback is None else call_of(callback)
        called = None if function is None else (lambda reference: function(self))
        self._owner = Reference(meth.__self__, called)
        self._function = Reference(meth.__func__)

    def __call__(self) -> Any:
        owner, function = self._owner(), self._function()
        return None if owner is None or function is None else MethodType(function, owner)


class WeakSet:
    """weakref.WeakSet, in the order in which its elements came."""

    __slots__ = ("_found",)

    def __init__(self, data: Any = None) -> None:
        self._found: weakref.WeakKeyDictionary[Any, None] = weakref.WeakKeyDictionary()
        for item in () if data is None else finite(data):
            self._found[item] = None

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Any]:
        return iter([*self._found])

    def __contains__(self, item: object) -> bool:
        try:
            return item in self._found
        except TypeError:
            return False

    def add(self, item: Any) -> None:
        """Add an element."""
        S.charge(8)
        self._found[item] = None

    def discard(self, item: Any) -> None:
        """Take an element out if it is there."""
        self._found.pop(item, None)

    def remove(self, item: Any) -> None:
        """Take an element out."""
        del self._found[item]

    def clear(self) -> None:
        """Take all elements out."""
        self._found.clear()

    def update(self, other: Any) -> None:
        """Add many elements."""
        for item in finite(other):
            self.add(item)


class Finalize:
    """weakref.finalize."""

    __slots__ = ("_call", "_reference", "atexit")

    def __init__(self, obj: Any, func: Any, /, *args: Any, **kwargs: Any) -> None:
        S.charge(150)
        self._call: Any = (func, args, kwargs)
        self.atexit = True
        self._reference = Reference(obj, lambda reference: self())
        S.fibers.exits.append(self._leave)

    def __call__(self, _: Any = None) -> Any:
        if self._call is None:
            return None
        (function, args, kwargs), self._call = self._call, None
        return function(*args, **kwargs)

    def _leave(self) -> None:
        if self.atexit:
            try:
                self()
            except LIMITS:
                raise
            except Exception as error:
                S.complain("".join(format_exception(error)))

    @property
    def alive(self) -> bool:
        """Whether it is still to be called."""
        return self._call is not None

    def detach(self) -> Any:
        """Never call it; what it would have called."""
        target = self._reference()
        if self._call is None or target is None:
            return None
        call, self._call = self._call, None
        return (target, *call)


_DICT: Final = ("clear", "get", "pop", "setdefault", "update")


def _of_values(self: Any) -> Any:
    S.charge(8 + len(self))
    return iter([*self.values()])


def _items(self: Any) -> Any:
    S.charge(8 + len(self))
    return dict_items(dict(self.items()))


def _keys(self: Any) -> Any:
    S.charge(8 + len(self))
    return dict_keys(dict.fromkeys(self))


for _kind in (weakref.WeakValueDictionary, weakref.WeakKeyDictionary):
    register(
        _kind,
        methods={name: getattr(_kind, name) for name in _DICT}
        | {"items": _items, "keys": _keys, "values": _of_values, "copy": _kind.copy},
    )
register(Reference)
register(WeakMethod)
register(WeakSet, methods={name: getattr(WeakSet, name) for name in ("add", "clear", "discard", "remove", "update")})
register(
    Finalize,
    methods={"detach": Finalize.detach},
    attributes={"alive": lambda self: self.alive, "atexit": lambda self: self.atexit},
)
Reference.__name__ = Reference.__qualname__ = "ReferenceType"
Finalize.__name__ = Finalize.__qualname__ = "finalize"
for _own in (Reference, WeakMethod, WeakSet, Finalize):
    _own.__module__ = "weakref"

MEMBERS: dict[str, Any] = {
    "ReferenceType": Reference,
    "WeakMethod": WeakMethod,
    "WeakKeyDictionary": weakref.WeakKeyDictionary,
    "WeakSet": WeakSet,
    "WeakValueDictionary": weakref.WeakValueDictionary,
    "finalize": Finalize,
    "ref": Reference,
}
