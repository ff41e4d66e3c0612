"""What the checker knows of a value: a small lattice of types, from NEVER (no value) to ANY (nothing is known)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from noodle_ray.core.types.program import ClassInfo, FunctionInfo

MOST_MEMBERS: Final = 6
"""A union of more kinds than this is ANY."""


class Special:
    """A type that is one of a kind."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


ANY: Final = Special("Any")
NEVER: Final = Special("Never")
UNBOUND: Final = Special("unbound")


@dataclass(frozen=True, slots=True)
class Inst:
    """A value of one of Python's own types. ``value`` is (value,) if it is known, ``elem`` what iterating gives,
    ``items`` all elements (of a dict: all keys) where their number is known, ``entry`` the values of a dict."""

    kind: type
    value: "tuple[type, Any] | None" = None
    elem: "Type | None" = None
    items: "tuple[Type, ...] | None" = None
    entry: "Type | None" = None


@dataclass(frozen=True, slots=True)
class FunctionT:
    """A function of the program, maybe bound to a receiver."""

    info: "FunctionInfo"
    receiver: "Type | None" = None


@dataclass(frozen=True, slots=True)
class ClassT:
    """A class of the program."""

    info: "ClassInfo"


@dataclass(frozen=True, slots=True)
class InstanceT:
    """An instance of a class of the program; of that very class if ``exact``, else maybe of a subclass."""

    info: "ClassInfo"
    exact: bool = True


@dataclass(frozen=True, slots=True)
class BuiltinT:
    """A builtin function or type, or a member of a standard module: what CPython has under the name."""

    name: str
    real: Any = None

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True, slots=True)
class MethodT:
    """A method of one of Python's own values."""

    receiver: Inst
    name: str


@dataclass(frozen=True, slots=True)
class ModuleT:
    """A module of the standard library."""

    name: str


@dataclass(frozen=True, slots=True)
class ModelT:
    """A model, by name."""

    model: str


@dataclass(frozen=True, slots=True)
class Union:
    """One of some types."""

    members: "tuple[Type, ...]"


Type: TypeAlias = Special | Inst | FunctionT | ClassT | InstanceT | BuiltinT | MethodT | ModuleT | ModelT | Union

NONE: Final = Inst(type(None), (type(None), None))


def literal(value: object) -> Inst:
    """The type of a constant."""
    if isinstance(value, str | bytes) and len(value) > 200:
        return Inst(type(value))
    return Inst(type(value), (type(value), value))


def members(kind: Type) -> "tuple[Type, ...]":
    """The types that a value of this type may have."""
    return kind.members if isinstance(kind, Union) else (kind,)


def join(left: Type, right: Type) -> Type:
    """The least type that holds both."""
    if left is right or right is NEVER:
        return left
    if left is NEVER:
        return right
    if left is ANY or right is ANY:
        return ANY
    if type(left) is not Union and type(right) is not Union and left == right:
        return left
    found: list[Type] = list(members(left))
    for one in members(right):
        _add(found, one)
    if len(found) == 1:
        return found[0]
    return ANY if len(found) > MOST_MEMBERS else Union(tuple(found))


def _add(found: "list[Type]", one: Type) -> None:
    for place, other in enumerate(found):
        if one == other:
            return
        if isinstance(one, Inst) and isinstance(other, Inst) and one.kind is other.kind:
            found[place] = _merged(one, other)
            return
        if isinstance(one, InstanceT) and isinstance(other, InstanceT) and one.info is other.info:
            found[place] = InstanceT(one.info, False)
            return
    found.append(one)


def _merged(one: Inst, other: Inst) -> Inst:
    elem = None if one.elem is None or other.elem is None else join(one.elem, other.elem)
    entry = None if one.entry is None or other.entry is None else join(one.entry, other.entry)
    return Inst(
        one.kind,
        one.value if one.value == other.value else None,
        elem,
        one.items if one.items == other.items else None,
        entry,
    )


def joined(kinds: "Iterator[Type] | list[Type] | tuple[Type, ...]") -> Type:
    """The join of many."""
    result: Type = NEVER
    for kind in kinds:
        result = join(result, kind)
    return result


_MUTABLE: Final = (list, dict, set, bytearray)


def opaque(kind: Type) -> Type:
    """The type of a value that others may change: what mutable containers hold is then not known."""
    if isinstance(kind, Union):
        return joined([opaque(one) for one in kind.members])
    if isinstance(kind, Inst):
        if kind.kind in _MUTABLE:
            return Inst(kind.kind)
        if kind.elem is not None or kind.items is not None:
            items = None if kind.items is None else tuple(map(opaque, kind.items))
            return Inst(kind.kind, kind.value, None if kind.elem is None else opaque(kind.elem), items)
    return kind


def widened(kind: Type) -> Type:
    """Without the values of constants, so that joins come to an end."""
    if isinstance(kind, Union):
        return joined([widened(one) for one in kind.members])
    if isinstance(kind, Inst) and kind.value is not None and kind.kind not in (type(None), bool):
        return Inst(kind.kind, None, kind.elem, kind.items, kind.entry)
    return kind


def without(kind: Type, gone: Type) -> Type:
    """The union without one of its members."""
    if isinstance(kind, Union):
        return joined([one for one in kind.members if one != gone])
    return NEVER if kind == gone else kind


def show(kind: Type) -> str:
    """The type in words for messages: what Python calls the value's type."""
    if isinstance(kind, Union):
        return " or ".join(dict.fromkeys(show(one) for one in kind.members))
    if isinstance(kind, Inst):
        return kind.kind.__name__ if kind.kind is not type(None) else "None"
    if isinstance(kind, InstanceT):
        return kind.info.name
    if isinstance(kind, ClassT) or (isinstance(kind, BuiltinT) and isinstance(kind.real, type)):
        return "type"
    if isinstance(kind, FunctionT):
        return "function" if kind.receiver is None else "method"
    if isinstance(kind, ModuleT):
        return "module"
    if isinstance(kind, ModelT):
        return "model"
    return "builtin_function_or_method" if isinstance(kind, BuiltinT | MethodT) else "object"


def truth(kind: Type) -> bool | None:
    """Whether a value of this type is true, if that is known."""
    found = {_truth(one) for one in members(kind)}
    return found.pop() if len(found) == 1 else None


def _truth(kind: Type) -> bool | None:
    if isinstance(kind, Inst):
        if kind.value is not None:
            return bool(kind.value[1])
        return bool(kind.items) if kind.items is not None else None
    return True if isinstance(kind, FunctionT | ClassT | BuiltinT | MethodT | ModuleT | ModelT) else None
