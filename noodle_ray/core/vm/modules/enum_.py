"""The enum module: enumerations are classes of the program whose members are made with the class."""

import sys
from collections.abc import Callable
from operator import attrgetter
from types import MemberDescriptorType
from typing import Any, Final

from noodle_ray.core.vm.classes.bases import mixin, new_object
from noodle_ray.core.vm.classes.dunders import is_dunder
from noodle_ray.core.vm.classes.functions import is_function
from noodle_ray.core.vm.classes.kinds import (
    HOSTED,
    ProgramType,
    hosted,
    is_instance,
    is_program_class,
    make_collection,
)
from noodle_ray.core.vm.classes.kinds import (
    MEMBERS as BY_NAME,
)
from noodle_ray.core.vm.classes.make import MAKER, PREPARE, MetaclassName, build_class
from noodle_ray.core.vm.methods import register, type_name
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import held

NAME: Final = mark("_name_")
VALUE: Final = mark("_value_")
_VALUES: Final = mark("_value2member_map_")
_MISSING: Final = mark("_missing_")
_NEXT: Final = mark("_generate_next_value_")
_TYPE: Final = mark("_member_type_")
_HOOKS: Final = frozenset({"_generate_next_value_", "_ignore_", "_missing_", "_numeric_repr_", "_order_"})
_DATA: Final = (int, str, float, bytes, tuple, complex, list, dict)


class auto:
    """enum.auto: a value that the enumeration chooses."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "auto()"


class _Kept:
    """What ``member`` and ``nonmember`` say of a value."""

    __slots__ = ("is_member", "value")

    def __init__(self, value: Any, is_member: bool) -> None:
        self.value = value
        self.is_member = is_member


class _Namespace(dict[str, Any]):
    """The namespace of an enumeration's body: ``auto()`` becomes a value when it is assigned."""

    __slots__ = ("choose", "ignored", "members")

    def __init__(self, choose: Callable[..., Any] | None) -> None:
        super().__init__()
        self.choose = choose
        self.members: dict[str, Any] = {}
        self.ignored: frozenset[str] = frozenset()

    def __setitem__(self, name: Any, value: Any) -> None:
        if name == "_generate_next_value_":
            self.choose = value.__func__ if isinstance(value, staticmethod) else value
        elif name == "_ignore_":
            self.ignored = frozenset(value.replace(",", " ").split() if isinstance(value, str) else value)
        elif type(value) is _Kept and not value.is_member:
            value = value.value
        elif self._is_member(name, value):
            if name in self.members:
                raise TypeError(f"{name!r} already defined as {self.members[name]!r}")
            value = value.value if type(value) is _Kept else value
            value = self._resolved(name, value)
            self.members[name] = value
        elif name in self.members:
            raise TypeError(f"{name!r} already defined as {self.members[name]!r}")
        dict.__setitem__(self, name, value)

    def _is_member(self, name: Any, value: Any) -> bool:
        if type(name) is not str or is_dunder(name) or name in self.ignored or _is_private(name):
            return False
        if name[:1] == "_" and name[-1:] == "_" and len(name) > 2:
            if name not in _HOOKS:
                raise ValueError(f"_sunder_ names, such as {name!r}, are reserved for future Enum use")
            return False
        if is_function(value) or isinstance(value, property | classmethod | staticmethod | MemberDescriptorType):
            return False
        return not (isinstance(value, ProgramType) or (is_instance(value) and hasattr(type(value), "__get__")))

    def _resolved(self, name: str, value: Any) -> Any:
        if type(value) is auto:
            return self._next(name)
        if type(value) is tuple and any(type(each) is auto for each in value):
            return tuple([self._next(name) if type(each) is auto else each for each in value])
        return value

    def _next(self, name: str) -> Any:
        choose = self.choose or _next_number
        return choose(name, 1, len(self.members), [*self.members.values()])


def _is_private(name: str) -> bool:
    return name[:1] == "_" and "__" in name[1:] and not name.startswith("__") and not name.endswith("__")


def _next_number(name: str, start: Any, count: int, last_values: list[Any]) -> Any:
    for value in reversed(last_values):
        number = value[0] if type(value) is tuple and value else value
        if isinstance(number, int | float):
            return number + 1
    return start


def _next_bit(name: str, start: Any, count: int, last_values: list[Any]) -> Any:
    numbers = [value for value in last_values if isinstance(value, int)]
    return 2 ** max(numbers).bit_length() if numbers else start or 1


def _lower(name: str, start: Any, count: int, last_values: list[Any]) -> str:
    return name.lower()


def _prepare(bases: tuple[Any, ...]) -> _Namespace:
    """The namespace for the body of a class with these bases."""
    for base in bases:
        own = getattr(base, _NEXT, None) if type(base) is ProgramType else None
        if own is not None:
            return _Namespace(own)
    return _Namespace(None)


def _make(name: str, bases: tuple[Any, ...], namespace: dict[str, Any], keywords: dict[str, Any]) -> Any:
    """Make an enumeration of what its body defined."""
    for base in bases:
        if type(base) is ProgramType and base.__dict__.get(BY_NAME):
            raise TypeError(f"<enum {name!r}> cannot extend {base!r}")
    members: dict[str, Any] = dict(getattr(namespace, "members", {}))
    boundary = keywords.pop("boundary", None)
    rest = {key: value for key, value in namespace.items() if key not in members and key != "_ignore_"}
    for key in getattr(namespace, "ignored", ()):
        rest.pop(key, None)
    if is_function(rest.get("_generate_next_value_")):
        rest["_generate_next_value_"] = staticmethod(rest["_generate_next_value_"])
    cls = build_class(name, bases, rest, keywords)
    data = next((base for base in cls.__mro__ if base in _DATA), object)
    by_name: dict[str, Any] = {}
    ordered: list[Any] = []
    by_value: dict[Any, Any] = {}
    for key, value in ((_TYPE, held(data)), (BY_NAME, by_name), (_VALUES, (by_value, ordered, boundary))):
        type.__setattr__(cls, key, value)
    first = next(base for base in reversed(bases) if type(base) is ProgramType and issubclass(base, Enum))
    for method in ("__repr__", "__str__", "__format__"):
        if getattr(cls, method) in (getattr(data, method), getattr(object, method)):
            type.__setattr__(cls, method, getattr(first, method))
    maker = _user_new(cls)
    for member, value in members.items():
        _add_member(cls, member, value, data, maker)
    S.charge(4 * len(members))
    if members:
        _close(cls)
    is_flag = issubclass(cls, Flag)
    shown = [member for member in ordered if _bits(member) == 1] if is_flag else ordered
    make_collection(cls, by_name, shown, lambda value: _contains(cls, value))
    return cls


def _bits(member: Any) -> int:
    value = getattr(member, VALUE)
    return value.bit_count() if isinstance(value, int) and value >= 0 else 0


def _user_new(cls: type) -> Any:
    for base in cls.__mro__:
        if type(base) is ProgramType and "__new__" in base.__dict__ and base not in HOSTED:
            found = base.__dict__["__new__"]
            return found.__func__ if isinstance(found, staticmethod) else found
    return None


def _add_member(cls: Any, name: str, value: Any, data: Any, maker: Any) -> None:
    args = value if type(value) is tuple and data is not tuple else (value,)
    by_value, ordered, _ = cls.__dict__[_VALUES]
    if maker is not None:
        made = maker(cls, *args)
    elif data is object:
        made = object.__new__(cls)
    else:
        if issubclass(cls, StrEnum):
            _check_text(args)
        made = new_object(data, cls, *args)
    if type(made) is not cls:
        raise TypeError(f"{cls.__name__}.__new__() made a {type_name(made)}, which is no member of {cls.__name__}")
    if VALUE not in made.__dict__:
        made.__dict__[VALUE] = value if data is object else held(data)(*args)
    value = made.__dict__[VALUE]
    made.__dict__[NAME] = name
    if cls.__init__ is not object.__init__ and type(cls.__init__) is not type(object.__init__):
        made.__init__(*args)
    known = _find(by_value, ordered, value)
    if known is None:
        ordered.append(made)
        _remember(by_value, value, made)
        known = made
    cls.__dict__[BY_NAME][name] = known
    type.__setattr__(cls, mark(name), known)


def _check_text(args: tuple[Any, ...]) -> None:
    if len(args) > 3:
        raise TypeError(f"too many arguments for str(): {args!r}")
    if not isinstance(args[0], str):
        raise TypeError(f"{args[0]!r} is not a string")


def _remember(by_value: dict[Any, Any], value: Any, member: Any) -> None:
    try:
        by_value[value] = member
    except TypeError:  # a value that cannot be hashed is found by walking through
        return


def _find(by_value: dict[Any, Any], ordered: list[Any], value: Any) -> Any:
    try:
        return by_value.get(value)
    except TypeError:
        return next((member for member in ordered if getattr(member, VALUE) == value), None)


def _close(cls: Any) -> None:
    """From now on calling the class looks a member up."""

    def __new__(kind: Any, value: Any = _UNGIVEN, *more: Any) -> Any:
        if value is _UNGIVEN:
            raise TypeError(f"{_caller}() missing 1 required positional argument: 'value'")
        return _lookup(kind, (value, *more) if more else value)

    type.__setattr__(cls, "__new__", staticmethod(__new__))
    if cls.__init__ is not object.__init__ and type(cls.__init__) is not type(object.__init__):
        type.__setattr__(cls, "__init__", _nothing)


_caller: Final = "EnumType.__call__"
_UNGIVEN: Final = object()


def _nothing(self: Any, *args: Any, **kwargs: Any) -> None:
    """Members were initialised when the class was made."""


def _lookup(cls: Any, value: Any) -> Any:
    if type(value) is cls:
        return value
    by_value, ordered, boundary = cls.__dict__[_VALUES]
    found = _find(by_value, ordered, value)
    if found is not None:
        return found
    if issubclass(cls, Flag) and isinstance(value, int):
        return _composite(cls, value, boundary)
    hook = getattr(cls, _MISSING, None)
    if hook is not None:
        found = hook(value)
        if isinstance(found, cls):
            return found
        if found is not None:
            raise TypeError(f"error in {cls.__name__}._missing_: returned {found!r} instead of None or a valid member")
    raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")


def _contains(cls: Any, value: Any) -> bool:
    if type(value) is cls:
        return True
    if sys.version_info < (3, 12) and not is_instance(value):
        raise TypeError(f"unsupported operand type(s) for 'in': '{type(value).__qualname__}' and 'EnumType'")
    by_value, ordered, _ = cls.__dict__[_VALUES]
    return sys.version_info >= (3, 12) and _find(by_value, ordered, value) is not None


def _repr(self: Any) -> str:
    return f"<{type(self).__name__}.{getattr(self, NAME)}: {getattr(self, VALUE)!r}>"


def _str(self: Any) -> str:
    return f"{type(self).__name__}.{getattr(self, NAME)}"


def _format(self: Any, spec: str) -> str:
    return str.__format__(str(self), spec)


def _functional(cls: Any, value: Any, names: Any = _UNGIVEN, /, *, start: Any = 1, **options: Any) -> Any:
    """``Enum("Color", "RED GREEN")``, or a call of an enumeration that has no members."""
    if names is _UNGIVEN:
        if cls in _BASES:
            raise TypeError(f"{_caller}() missing 1 required positional argument: 'names'")
        return _lookup(cls, value)
    namespace = _prepare((cls,))
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    pairs = names.items() if isinstance(names, dict) else names
    for position, each in enumerate(pairs):
        if isinstance(each, str):
            known = [*namespace.members.values()]
            number = namespace.choose(each, start, position, known) if namespace.choose else start + position
            namespace[str.__str__(each)] = number
        else:
            namespace[each[0]] = each[1]
    namespace["__qualname__"] = str.__str__(value)
    bases = (options["type"], cls) if options.get("type") is not None else (cls,)
    return _make(str.__str__(value), bases, namespace, {})


def _same(self: Any, *args: Any) -> Any:
    return self


def _ordered_bits(cls: Any, value: int) -> list[Any]:
    return [member for member in cls.__dict__[_VALUES][1] if _bits(member) == 1 and getattr(member, VALUE) & value]


def _all_bits(cls: Any) -> int:
    total = 0
    for member in cls.__dict__[_VALUES][1]:
        value = getattr(member, VALUE)
        total |= value if isinstance(value, int) and value > 0 else 0
    return total


def _composite(cls: Any, value: int, boundary: Any = None) -> Any:
    by_value = cls.__dict__[_VALUES][0]
    known = _all_bits(cls)
    keep = issubclass(cls, int)
    if value < 0:
        value += (1 << max(known.bit_length(), 1)) if not keep else 0
        value = value & known if keep else value
    if value & ~known and not keep:
        width = max(value.bit_length(), known.bit_length())
        raise ValueError(
            f"{cls!r} invalid value {value}\n    given 0b0 {value:0{width}b}\n  allowed 0b0 {known:0{width}b}"
        )
    found = by_value.get(value)
    if found is not None:
        return found
    made = int.__new__(cls, value) if keep else object.__new__(cls)
    parts = [getattr(member, NAME) for member in _ordered_bits(cls, value)]
    rest = value & ~known
    if rest and parts:
        parts.append(str(rest))
    made.__dict__[NAME] = "|".join(parts) if parts else None
    made.__dict__[VALUE] = value
    by_value[value] = made
    return made


def _operator(combine: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def operate(self: Any, other: Any) -> Any:
        if type(other) is type(self):
            number = getattr(other, VALUE)
        elif isinstance(self, int) and isinstance(other, int):
            number = int(other)
        else:
            return NotImplemented
        return _lookup(type(self), combine(getattr(self, VALUE), number))

    return operate


def _invert(self: Any) -> Any:
    cls, value = type(self), getattr(self, VALUE)
    return _lookup(cls, _all_bits(cls) & ~value)


def _flag_contains(self: Any, other: Any) -> bool:
    if type(other) is not type(self):
        raise TypeError(
            f"unsupported operand type(s) for 'in': {type(other).__qualname__!r} and {type(self).__qualname__!r}"
        )
    value = getattr(other, VALUE)
    return bool(value & getattr(self, VALUE) == value)


def _flag_iter(self: Any) -> Any:
    return iter(_ordered_bits(type(self), getattr(self, VALUE)))


def _flag_repr(self: Any) -> str:
    name, value = getattr(self, NAME), getattr(self, VALUE)
    kind = type(self).__name__
    return f"<{kind}: {value!r}>" if name is None else f"<{kind}.{name}: {value!r}>"


def _flag_str(self: Any) -> str:
    name = getattr(self, NAME)
    return f"{type(self).__name__}({getattr(self, VALUE)!r})" if name is None else f"{type(self).__name__}.{name}"


_BASE: Final[dict[str, Any]] = {
    "__module__": "enum",
    MAKER: staticmethod(_make),
    PREPARE: staticmethod(_prepare),
    mark("name"): property(attrgetter(NAME)),
    mark("value"): property(attrgetter(VALUE)),
    "__new__": staticmethod(_functional),
    "__repr__": _repr,
    "__str__": _str,
    "__format__": _format,
    "__copy__": _same,
    "__deepcopy__": _same,
}
Enum: Final = hosted(ProgramType("Enum", (), _BASE))
IntEnum: Final = hosted(
    ProgramType(
        "IntEnum",
        (int, Enum, mixin(int)),
        {
            "__module__": "enum", "__str__": int.__repr__, "__format__": int.__format__,
            "__new__": staticmethod(_functional), "__repr__": _repr,
        },
    )
)  # fmt: skip
StrEnum: Final = hosted(
    ProgramType(
        "StrEnum",
        (str, Enum, mixin(str)),
        {
            "__module__": "enum", "__str__": str.__str__, "__format__": str.__format__,
            "__new__": staticmethod(_functional), "__repr__": _repr, _NEXT: staticmethod(_lower),
        },
    )
)  # fmt: skip
Flag: Final = hosted(
    ProgramType(
        "Flag",
        (Enum,),
        {
            "__module__": "enum", "__repr__": _flag_repr, "__str__": _flag_str, "__contains__": _flag_contains,
            "__iter__": _flag_iter, "__len__": lambda self: getattr(self, VALUE).bit_count(),
            "__bool__": lambda self: bool(getattr(self, VALUE)), "__invert__": _invert,
            "__or__": _operator(lambda a, b: a | b), "__and__": _operator(lambda a, b: a & b),
            "__xor__": _operator(lambda a, b: a ^ b), "__ror__": _operator(lambda a, b: a | b),
            "__rand__": _operator(lambda a, b: a & b), "__rxor__": _operator(lambda a, b: a ^ b),
            _NEXT: staticmethod(_next_bit),
        },
    )
)  # fmt: skip
_FLAG_METHODS: Final = {
    f"__{name}__": Flag.__dict__[f"__{name}__"]
    for name in ("contains", "iter", "len", "bool", "invert", "or", "and", "xor", "ror", "rand", "rxor")
}
IntFlag: Final = hosted(
    ProgramType(
        "IntFlag",
        (int, Flag, mixin(int)),
        {
            "__module__": "enum", "__str__": int.__repr__, "__format__": int.__format__,
            "__new__": staticmethod(_functional), "__repr__": _flag_repr, **_FLAG_METHODS,
        },
    )
)  # fmt: skip
_BASES: Final = (Enum, IntEnum, StrEnum, Flag, IntFlag)


def unique(enumeration: Any) -> Any:
    """enum.unique."""
    if not (is_program_class(enumeration) and BY_NAME in enumeration.__dict__):
        raise TypeError(f"unique() takes an enumeration, not {type_name(enumeration)}")
    doubles = [
        f"{name} -> {getattr(member, NAME)}"
        for name, member in enumeration.__dict__[BY_NAME].items()
        if name != getattr(member, NAME)
    ]
    if doubles:
        raise ValueError(f"duplicate values found in {enumeration!r}: {', '.join(doubles)}")
    return enumeration


def verify(*checks: Any) -> Any:
    """enum.verify: UNIQUE is checked, the others are not."""
    return lambda enumeration: unique(enumeration) if "UNIQUE" in checks else enumeration


for _kind in (auto, _Kept):
    register(_kind)
_META: Final = MetaclassName("enum.EnumType", Enum)
MEMBERS: Final[dict[str, Any]] = {
    "CONFORM": "CONFORM",
    "CONTINUOUS": "CONTINUOUS",
    "EJECT": "EJECT",
    "Enum": Enum,
    "EnumMeta": _META,
    "EnumType": _META,
    "Flag": Flag,
    "IntEnum": IntEnum,
    "IntFlag": IntFlag,
    "KEEP": "KEEP",
    "NAMED_FLAGS": "NAMED_FLAGS",
    "STRICT": "STRICT",
    "StrEnum": StrEnum,
    "UNIQUE": "UNIQUE",
    "auto": auto,
    "member": lambda value: _Kept(value, True),
    "nonmember": lambda value: _Kept(value, False),
    "property": property,
    "unique": unique,
    "verify": verify,
}
