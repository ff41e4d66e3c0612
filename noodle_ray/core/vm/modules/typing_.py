"""The typing module: annotations mean nothing at run time, but programs name its members, and derive from some."""
# ruff: noqa: SIM905

from noodle_ray.core.vm.classes.abstract import CLASSES
from noodle_ray.core.vm.classes.dunders import add_special, is_dunder
from noodle_ray.core.vm.classes.functions import is_program_function
from noodle_ray.core.vm.classes.kinds import ProgramType, hosted, is_instance, is_program_class
from noodle_ray.core.vm.classes.make import ABC, TYPES
from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.modules.namedtuples import namedtuple
from noodle_ray.core.vm.names import MARK, mark
from noodle_ray.core.vm.sets import frozenset, set
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import Vetted, held, open_type
from noodle_ray.light import Any, Final, GenericAlias, MethodType, NoReturn, UnionType

_MISSING: Final = object()
RUNTIME: Final = mark("_is_runtime_protocol")


def _shown(value: Any) -> str:
    if isinstance(value, Form | TypeVar):
        return repr(value)
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    value = value.real if type(value) is Vetted else value
    if isinstance(value, type) and not isinstance(value, GenericAlias):
        module = value.__module__
        return value.__qualname__ if module == "builtins" else f"{module}.{value.__qualname__}"
    return "..." if value is ... else "None" if value is None else repr(value)


class Form:
    """A special form such as ``Optional``, or what subscribing one gave."""

    __slots__ = ("args", "name", "origin")

    def __init__(self, name: str, origin: Any = None, args: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.origin = origin
        self.args = args

    def __getitem__(self, item: Any) -> Any:
        args = item if type(item) is tuple else (item,)
        if self.name == "Annotated":
            return args[0]
        if self.name == "Optional":
            return Form("Optional", None, (*args, type(None)))
        return Form(self.name, self.origin, args)

    def __repr__(self) -> str:
        if not self.args:
            return f"typing.{self.name}"
        args = [each for each in self.args if self.name != "Optional" or each is not type(None)]
        return f"typing.{self.name}[{', '.join(map(_shown, args))}]"

    def __or__(self, other: Any) -> Any:
        return Form("Union", None, (*_members(self), *_members(other)))

    def __ror__(self, other: Any) -> Any:
        return Form("Union", None, (*_members(other), *_members(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Form) and (self.name, self.args) == (other.name, other.args)

    def __hash__(self) -> int:
        return hash((self.name, self.args))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.origin in (list, dict, set, frozenset, tuple):
            return open_type(self.origin)(*args, **kwargs)
        raise TypeError(f"Cannot instantiate {self!r}")

    def has_instance(self, value: Any) -> bool:
        """isinstance()."""
        from noodle_ray.core.vm.builtins.typing_ import isinstance as check

        if self.name in ("Union", "Optional"):
            return any(check(value, type(None) if each is None else each) for each in self.args)
        if self.origin is None:
            raise TypeError(f"{self!r} cannot be used with isinstance()")
        if self.args:
            raise TypeError("Subscripted generics cannot be used with class and instance checks")
        return check(value, self.origin)

    def has_subclass(self, cls: Any) -> bool:
        """issubclass()."""
        from noodle_ray.core.vm.builtins.typing_ import issubclass as check

        if self.name in ("Union", "Optional"):
            return any(check(cls, each) for each in self.args)
        if self.origin is None:
            raise TypeError(f"{self!r} cannot be used with issubclass()")
        return check(cls, self.origin)


def _members(value: Any) -> tuple[Any, ...]:
    if isinstance(value, Form) and value.name in ("Union", "Optional"):
        return value.args
    return (type(None),) if value is None else (value,)


class TypeVar:
    """typing.TypeVar and its like."""

    __slots__ = ("name", "prefix")

    def __init__(self, name: Any, *constraints: Any, bound: Any = None, covariant: Any = False, **options: Any) -> None:
        self.name = str.__str__(name)
        self.prefix = "+" if covariant is True else "-" if options.get("contravariant") is True else "~"

    def __repr__(self) -> str:
        return f"{self.prefix}{self.name}"

    def __or__(self, other: Any) -> Any:
        return Form("Union", None, (self, other))

    def __ror__(self, other: Any) -> Any:
        return Form("Union", None, (other, self))


class _Parameters(TypeVar):
    """typing.ParamSpec."""

    __slots__ = ()


def _alias(cls: Any, item: Any) -> Any:
    return GenericAlias(cls, item)


Generic: Final = hosted(
    ProgramType("Generic", (), {"__slots__": (), "__module__": "typing", "__class_getitem__": classmethod(_alias)})
)
Protocol: Final = hosted(ProgramType("Protocol", (Generic, ABC), {"__slots__": (), "__module__": "typing"}))


def runtime_checkable(cls: Any) -> Any:
    """typing.runtime_checkable."""
    if not (is_program_class(cls) and Protocol in cls.__bases__):
        raise TypeError(f"@runtime_checkable can be only applied to protocol classes, got {cls!r}")
    names = {
        key
        for base in cls.__mro__
        if isinstance(base, ProgramType) and base is not Protocol and base is not Generic
        for key in (*base.__dict__, *map(mark, base.__dict__.get("__annotations__", ())))  # noqa: RUF063
        if key[:1] == MARK or key in _PROTOCOL_DUNDERS
    }
    type.__setattr__(cls, RUNTIME, tuple(sorted(names)))
    return cls


_PROTOCOL_DUNDERS: Final = {
    f"__{name}__" for name in "len iter next call getitem contains enter exit eq lt add str hash int float".split()
}


def conforms(value: Any, names: tuple[str, ...]) -> bool:
    """Whether a value has all that a protocol asks for."""
    for key in names:
        name = key.removeprefix(MARK)
        if is_dunder(key):
            if getattr(type(value), key, None) is None:
                return False
            continue
        try:
            attribute(value, name)
        except AttributeError:
            return False
    return True


class _NamedTuple:
    """``NamedTuple``, called or derived from."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<function NamedTuple>"

    def __call__(self, typename: Any, fields: Any = (), /, **named: Any) -> Any:
        return namedtuple(typename, [name for name, _ in [*fields, *named.items()]])

    def make_derived(self, name: str, bases: Any, namespace: dict[str, Any], keywords: dict[str, Any]) -> Any:
        """The class of a class statement."""
        if len(bases) > 1 and any(base is not self and base is not Generic for base in bases):
            raise TypeError("can only inherit from a NamedTuple type and Generic")
        annotations = namespace.get("__annotations__", {})
        defaults = []
        for field in annotations:
            if field in namespace:
                defaults.append(namespace[field])
            elif defaults:
                given = ", ".join(each for each in annotations if each in namespace)
                plural = "s" if len(defaults) > 1 else ""
                raise TypeError(f"non-default namedtuple field {field} cannot follow default field{plural} {given}")
        made = namedtuple(name, [*annotations], defaults=defaults)
        type.__setattr__(made, "__annotations__", annotations)
        fill = namespace.pop(MARK, None)
        for key, value in namespace.items():
            if key in _PROHIBITED:
                raise AttributeError(f"Cannot overwrite NamedTuple attribute {key}")
            if key in annotations or key == "__annotations__":
                continue
            members: dict[str, Any] = {mark(key): value}
            if is_dunder(key):
                members = {}
                add_special(members, key, value)
            for each, member in members.items():
                type.__setattr__(made, each, member)
        if fill is not None:
            fill(made)
        return made


_PROHIBITED: Final = ("__new__", "__init__", "__slots__", "_fields", "_field_defaults", "_make", "_replace", "_asdict")


class _TypedDict:
    """``TypedDict``, or a class derived from it: calling that makes a dict."""

    __slots__ = ("annotations", "name", "required", "total")

    def __init__(
        self, name: str, annotations: dict[str, Any], total: bool = True, required: tuple[str, ...] | None = None
    ) -> None:
        self.name = name
        self.annotations = annotations
        self.total = total
        self.required = (*annotations,) if required is None else required

    def __repr__(self) -> str:
        return "<function TypedDict>" if self.name == "TypedDict" else f"<class '__main__.{self.name}'>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.name == "TypedDict":
            return _TypedDict(str.__str__(args[0]), dict(args[1] if len(args) > 1 else kwargs))
        return held(dict)(*args, **kwargs)

    def make_derived(self, name: str, bases: Any, namespace: dict[str, Any], keywords: dict[str, Any]) -> Any:
        """The class of a class statement."""
        annotations: dict[str, Any] = {}
        required: list[str] = []
        for base in bases:
            annotations.update(getattr(base, "annotations", {}))
            required += getattr(base, "required", ())
        texts: dict[str, Any] = namespace.get("__annotations__", {})
        total = bool(keywords.get("total", True))
        for key, text in texts.items():
            if (total and "NotRequired[" not in str(text)) or (not total and "Required[" in str(text)):
                required.append(key)
        annotations.update(texts)
        return _TypedDict(name, annotations, total, tuple(dict.fromkeys(required)))

    def has_instance(self, value: Any) -> NoReturn:
        """isinstance()."""
        raise TypeError("TypedDict does not support instance and class checks")


class _NewType:
    """typing.NewType."""

    __slots__ = ("name",)

    def __init__(self, name: Any, tp: Any) -> None:
        self.name = str.__str__(name)

    def __repr__(self) -> str:
        return f"__main__.{self.name}"

    def __call__(self, value: Any, /) -> Any:
        return value


def _same(value: Any, /) -> Any:
    return value


def cast(typ: Any, val: Any) -> Any:
    """typing.cast."""
    return val


def overload(func: Any) -> Any:
    """typing.overload: what it decorates must not be called."""

    def dummy(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            "You should not call an overloaded function. A series of @overload-decorated functions outside a stub "
            "module should always be followed by an implementation that is not @overload-ed."
        )

    return dummy


def assert_never(arg: Any, /) -> NoReturn:
    """typing.assert_never."""
    raise AssertionError(f"Expected code to be unreachable, but got: {arg!r}")


def get_origin(tp: Any) -> Any:
    """typing.get_origin."""
    if isinstance(tp, GenericAlias):
        return tp.__origin__
    if isinstance(tp, UnionType):
        return held(UnionType)
    if not (isinstance(tp, Form) and tp.args):
        return None
    if tp.origin is None:
        return MEMBERS["Union" if tp.name == "Optional" else tp.name]
    return open_type(tp.origin) if isinstance(tp.origin, type) else tp.origin


def get_args(tp: Any) -> Any:
    """typing.get_args."""
    if isinstance(tp, UnionType):
        return tuple(map(held, tp.__args__))
    return tp.__args__ if isinstance(tp, GenericAlias) else tp.args if isinstance(tp, Form) else ()


def get_type_hints(obj: Any, *args: Any, **kwargs: Any) -> Any:
    """typing.get_type_hints: what annotations name, where it is a builtin or a global."""
    hints: dict[str, Any] = {}
    if isinstance(obj, _TypedDict):
        hints.update(obj.annotations)
    elif is_program_class(obj):
        for base in reversed(obj.__mro__):
            hints.update(base.__dict__.get(TYPES) or base.__dict__.get("__annotations__", {}))  # noqa: RUF063
    elif is_program_function(obj) or type(obj) is MethodType:
        hints.update(attribute(obj, "__annotations__"))
    elif not is_instance(obj):
        raise TypeError(f"{obj!r} is not a module, class, method, or function.")
    return {name: named(value) for name, value in hints.items()}


def named(value: Any) -> Any:
    """An annotation, or what a text in its place names."""
    if value is None:
        return type(None)
    if type(value) is not str or not value.isidentifier():
        return value
    found = S.lookup(value, _MISSING)
    if found is not _MISSING:
        return found
    from noodle_ray.core.vm.builtins import BUILTINS

    return dict.get(BUILTINS, value, value)


def _decorator(*args: Any, **kwargs: Any) -> Any:
    return args[0] if args and not kwargs else _same


Form.__module__ = "typing"
for _kind in (Form, TypeVar, _Parameters, _NamedTuple, _TypedDict, _NewType):
    register(_kind)
register(
    _TypedDict,
    attributes={
        "__total__": lambda kind: kind.total,
        "__required_keys__": lambda kind: frozenset(kind.required),
        "__optional_keys__": lambda kind: frozenset(key for key in kind.annotations if key not in kind.required),
    },
)
register(_Parameters, attributes={"args": _same, "kwargs": _same})

_ORIGINS: Final[dict[str, Any]] = {
    "List": list, "Dict": dict, "Set": set, "FrozenSet": frozenset, "Tuple": tuple, "Type": type, "Text": str,
}  # fmt: skip
_FORMS: Final = (
    "Annotated Any AnyStr ClassVar Concatenate Final Literal LiteralString Never NoReturn NotRequired Optional "
    "Required Self TypeAlias TypeGuard Union Unpack Counter DefaultDict Deque OrderedDict ChainMap Hashable Sized "
    "SupportsAbs SupportsBytes SupportsComplex SupportsFloat SupportsIndex SupportsInt SupportsRound IO TextIO "
    "BinaryIO Pattern Match ContextManager AsyncContextManager"
).split()
MEMBERS: Final[dict[str, Any]] = {
    **{name: Form(name) for name in _FORMS},
    **{name: Form(name, origin) for name, origin in _ORIGINS.items() if name != "Text"},
    **{name: kind for name, kind in CLASSES.items() if name != "Set"},
    "AbstractSet": CLASSES["Set"],
    "Callable": Form("Callable", CLASSES["Callable"]),
    "Text": str,
    "AnyStr": TypeVar("AnyStr"),
    "Generic": Generic,
    "NamedTuple": _NamedTuple(),
    "NewType": _NewType,
    "ParamSpec": _Parameters,
    "Protocol": Protocol,
    "TYPE_CHECKING": False,
    "TypeVar": TypeVar,
    "TypeVarTuple": _Parameters,
    "TypedDict": _TypedDict("TypedDict", {}),
    "assert_never": assert_never,
    "assert_type": lambda value, kind, /: value,
    "cast": cast,
    "dataclass_transform": _decorator,
    "final": _same,
    "get_args": get_args,
    "get_origin": get_origin,
    "get_type_hints": get_type_hints,
    "is_typeddict": lambda value, /: isinstance(value, _TypedDict),
    "no_type_check": _same,
    "overload": overload,
    "override": _same,
    "reveal_type": _same,
    "runtime_checkable": runtime_checkable,
}
