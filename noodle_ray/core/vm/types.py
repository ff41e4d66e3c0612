"""The runtime's own value classes: what a program can hold besides Python's plain data.

Their class names are what error messages show, so they are Python's. Programs reach none of their attributes:
every access dispatches through the tables in `methods`.
"""

import builtins

from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.names import MARK, TOOL
from noodle_ray.core.vm.sets import AnySet, set
from noodle_ray.core.vm.sets import difference as _difference
from noodle_ray.core.vm.sets import intersection as _intersection
from noodle_ray.core.vm.sets import symmetric_difference as _symmetric_difference
from noodle_ray.core.vm.sets import union as _union
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final, GenericAlias, Iterator, KeysView, NoReturn, UnionType


class ModelError(RuntimeError):
    """A model call failed; ``code`` is the platform's stable error code."""

    code = ""


class Model:
    """A model as a value. Calling it asks the model and waits for the answer."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<model '{self.name}'>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return S.fibers.force(S.fibers.effect(self.name, args, kwargs))


class Tool(Model):
    """A tool as a value. Calling it waits for all that was asked before, calls the tool, and waits for it, while
    nothing else of the program runs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<tool '{self.name.removeprefix(TOOL)}'>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return S.fibers.order(self.name, args, kwargs)


class Module:
    """An imported module as a value: a name and its vetted members."""

    __slots__ = ("members", "name")

    def __init__(self, name: str, members: Callable[[str], Any]) -> None:
        self.name = name
        self.members = members

    def __repr__(self) -> str:
        return f"<module '{self.name}'>"

    def __getattr__(self, name: str) -> Any:
        if name[:1] != MARK:
            raise AttributeError(name)
        return self.members(name[1:])


class _View:
    """A live view of a dict whose set operations give Noodle's sets; CPython's own would give unordered ones."""

    __slots__ = ("_mapping",)
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, mapping: dict[Any, Any]) -> None:
        self._mapping = mapping

    def _raw(self) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self._mapping)

    def __iter__(self) -> Iterator[Any]:
        iterator: Iterator[Any] = iter(self._raw())
        return iterator

    def __reversed__(self) -> Iterator[Any]:
        iterator: Iterator[Any] = reversed(self._raw())
        return iterator

    def __contains__(self, item: object) -> bool:
        return item in self._raw()

    def __repr__(self) -> str:
        return f"{type(self).__name__}([{', '.join(map(repr, self._raw()))}])"

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, _View | AnySet):
            return NotImplemented
        return len(self) == len(other) and all(item in other for item in self)

    def __le__(self, other: object) -> Any:
        if not isinstance(other, _View | AnySet):
            return NotImplemented
        return len(self) <= len(other) and all(item in other for item in self)

    def __lt__(self, other: object) -> Any:
        smaller = self.__le__(other)
        return smaller if smaller is NotImplemented else smaller and len(self) < len(other)  # type: ignore[arg-type]

    def __ge__(self, other: object) -> Any:
        if not isinstance(other, _View | AnySet):
            return NotImplemented
        return len(self) >= len(other) and all(item in self for item in other)

    def __gt__(self, other: object) -> Any:
        larger = self.__ge__(other)
        return larger if larger is NotImplemented else larger and len(self) > len(other)  # type: ignore[arg-type]

    def __or__(self, other: Any) -> Any:
        return _union(set(self), other)

    def __and__(self, other: Any) -> Any:
        return _intersection(set(self), other)

    def __sub__(self, other: Any) -> Any:
        return _difference(set(self), other)

    def __xor__(self, other: Any) -> Any:
        return _symmetric_difference(set(self), other)

    def __ror__(self, other: Any) -> Any:
        return _union(set(other), self)

    def __rand__(self, other: Any) -> Any:
        return _intersection(set(other), self)

    def __rsub__(self, other: Any) -> Any:
        return _difference(set(other), self)

    def __rxor__(self, other: Any) -> Any:
        return _symmetric_difference(set(other), self)


class dict_keys(_View):
    """dict.keys()."""

    __slots__ = ()

    def _raw(self) -> KeysView[Any]:
        return self._mapping.keys()


class dict_items(_View):
    """dict.items()."""

    __slots__ = ()

    def _raw(self) -> Any:
        return self._mapping.items()


class Standin:
    """A type that programs may compare and print but not call: the result of ``type`` for internal classes."""

    __slots__ = ("__weakref__", "name", "real")
    __iter__ = __reversed__ = None  # or subscripts would make one iterable

    def __init__(self, real: builtins.type, name: str) -> None:
        self.real = real
        self.name = name

    def __repr__(self) -> str:
        return f"<class '{self.name}'>"

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"type object '{self.name}' has no attribute '{name.removeprefix(MARK)}'")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"cannot create '{self.name}' instances")


class Vetted(Standin):
    """A type whose call is vetted, as programs hold it. They never hold the type itself: so nothing that calls a value
    of theirs, be it generated code, CPython or its library, can make the type in any other way."""

    __slots__ = ("__dict__", "call")

    def __init__(self, real: builtins.type, call: Callable[..., Any]) -> None:
        super().__init__(real, real.__name__)
        self.call = call

    def __repr__(self) -> str:
        return repr(self.real)

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in _NAMES:  # which CPython and its library ask of types
            return getattr(self.real, name)
        from noodle_ray.core.vm.methods import direct_attribute

        found = self.__dict__[name] = direct_attribute(self.real, name)
        return found

    def __getitem__(self, item: Any) -> Any:
        self.real[item]  # type: ignore[index]  # raises where the type takes no parameters
        return GenericAlias(self, item)  # type: ignore[arg-type]

    def __or__(self, other: Any) -> Any:
        return self.real | real_type(other) if _is_in_unions(other) else NotImplemented

    def __ror__(self, other: Any) -> Any:
        return real_type(other) | self.real if _is_in_unions(other) else NotImplemented

    def __instancecheck__(self, value: object) -> bool:
        return isinstance(value, self.real)

    def __subclasscheck__(self, kind: builtins.type) -> bool:
        return issubclass(real_type(kind), self.real)


_NAMES: Final = frozenset({"__name__", "__qualname__"})
Vetted.__module__ = property(lambda self: self.real.__module__)  # type: ignore[assignment]  # as repr() of aliases asks


def _is_in_unions(value: Any) -> bool:
    return value is None or isinstance(value, builtins.type | Standin | GenericAlias | UnionType)


class _Type(Standin):
    """The builtin ``type``: with one argument the type of a value, never a way to make classes."""

    __slots__ = ()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) != 1 or kwargs:
            raise TypeError("type() takes 1 argument in Noodle: classes cannot be made")
        return type_of(args[0])

    def __getitem__(self, item: Any) -> Any:
        return _TypeOf(f"type[{_shown(item)}]")


class _TypeOf:
    """``type[...]``, which annotations have, and unions with it: a name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name

    def __or__(self, other: Any) -> "_TypeOf":
        return _TypeOf(f"{self.name} | {_shown(other)}")

    def __ror__(self, other: Any) -> "_TypeOf":
        return _TypeOf(f"{_shown(other)} | {self.name}")


def _shown(kind: Any) -> str:
    kind = kind.real if isinstance(kind, Vetted) else kind
    if isinstance(kind, builtins.type) and not isinstance(kind, GenericAlias):
        return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return "None" if kind is None else repr(kind)


TYPE = _Type(builtins.type, "type")
OPEN_TYPES: dict[builtins.type, Any] = {
    kind: kind
    for kind in (bool, bytes, dict, enumerate, filter, float, int, list, map, range, reversed, slice, str, tuple, zip)
}
"""Types whose class a program may hold, and what it holds for each."""
_EMPTY: Final = (bytearray, bytes, dict, list, str, tuple)
"""Builtin types whose call is vetted, by what `core.vm.builtins` says; without arguments it gives something empty."""
OPEN_TYPES.update({kind: Vetted(kind, kind) for kind in _EMPTY})


def vet_call(kind: builtins.type, call: Callable[..., Any]) -> None:
    """Have a call of a type run a function: a program that holds the type can call nothing else."""
    known = OPEN_TYPES.get(kind)
    if builtins.type(known) is Vetted and known.real is kind:
        known.call = call
    else:
        OPEN_TYPES[kind] = Vetted(kind, call)


def call_of(function: Any) -> Any:
    """What a call of a program's value comes down to, for those who call it often."""
    return function.call if builtins.type(function) is Vetted else function


def maker(function: Any) -> Any:
    """What a call without arguments comes down to: of some types it gives something empty, and needs no vetting."""
    return function.real if builtins.type(function) is Vetted and function.real in _EMPTY else function


def held(value: Any) -> Any:
    """What a program holds for a value of the library: for a type whose call is vetted what stands for it."""
    known = OPEN_TYPES.get(value) if isinstance(value, builtins.type) else None
    return known if builtins.type(known) is Vetted else value


def type_of(value: object) -> Any:
    """What ``type(value)`` is to a program: the class where that is safe, else a stand-in for it."""
    kind = builtins.type(value)
    return TYPE if isinstance(value, Standin) else open_type(kind)


def open_type(kind: builtins.type) -> Any:
    """What a program has for a class."""
    known = OPEN_TYPES.get(kind)
    if known is not None:
        return known
    if kind is builtins.type or kind is ProgramType:
        return TYPE
    if isinstance(kind, ProgramType):  # a class of the program, which is not kept
        return kind
    if issubclass(kind, AnySet) or (issubclass(kind, Exception) and kind.__module__ in ("builtins", "json.decoder")):
        OPEN_TYPES[kind] = kind
    else:
        OPEN_TYPES[kind] = Standin(kind, kind.__name__)
    return OPEN_TYPES[kind]


def real_type(kind: Any) -> Any:
    """The class behind a stand-in; anything else as it is."""
    return kind.real if isinstance(kind, Standin) else kind


for _class in (ModelError, Model, Module, dict_keys, dict_items):
    _class.__module__ = "builtins"
_TypeOf.__name__ = _TypeOf.__qualname__ = "GenericAlias"
for _named, _name in (
    (Model, "model"),
    (Tool, "tool"),
    (Module, "module"),
    (Standin, "type"),
    (Vetted, "type"),
    (_Type, "type"),
):
    _named.__name__ = _named.__qualname__ = _name
