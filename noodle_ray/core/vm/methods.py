"""Methods and attributes of values, by explicit tables: no name of a program reaches Python's getattr.

`method_table(name)` maps a type to a callable that takes the object and the arguments; `attribute` serves
``obj.name`` without a call. Both raise AttributeError in CPython's words for what is not in the tables.
"""

from noodle_ray.core.vm import containers, sets, strings
from noodle_ray.core.vm.catalog import CHARGING_METHODS
from noodle_ray.core.vm.classes.functions import ProgramFunction
from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.names import CHARGING_BUILTINS, MARK
from noodle_ray.core.vm.types import OPEN_TYPES, ModelError, Module, Vetted, dict_items, dict_keys, vet_call
from noodle_ray.light import (
    Any,
    BuiltinFunctionType,
    Callable,
    Final,
    FunctionType,
    GenericAlias,
    MethodDescriptorType,
    MethodType,
    TypeAlias,
)

Method: TypeAlias = Callable[..., Any]


class MethodTable(dict[type, Method]):
    """One method name: the callable for each type. A type without it gets one that raises AttributeError."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, kind: type) -> Method:
        name = self.name

        def through_attribute(value: object, /, *args: Any, **kwargs: Any) -> Any:
            return attribute(value, name)(*args, **kwargs)

        if name in METHODS and not isinstance(kind, ProgramType):  # no class of a program is kept
            self[kind] = through_attribute
        return through_attribute


METHODS: Final[dict[str, MethodTable]] = {}
ATTRIBUTES: Final[dict[str, dict[type, Callable[[Any], Any]]]] = {}
"""Attributes that are data: name to type to reader."""
_STATIC: Final[dict[tuple[type, str], Method]] = {}
"""Class and static methods, by the class they are read from."""
_EXCEPTION_DATA: Final[dict[str, tuple[type[BaseException], ...]]] = {
    "args": (BaseException,),
    "value": (StopIteration,),
    "code": (ModelError, SystemExit),
    "name": (NameError, ImportError, AttributeError),
    "errno": (OSError,),
    "strerror": (OSError,),
    "filename": (OSError,),
    "encoding": (UnicodeEncodeError, UnicodeDecodeError),
    "object": (UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError),
    "start": (UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError),
    "end": (UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError),
    "reason": (UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError),
}
_JSON_ERROR_DATA: Final = frozenset({"msg", "doc", "pos", "lineno", "colno"})
_ERROR_NAMES: Final = _JSON_ERROR_DATA | {"add_note"}

_CHARGING_METHODS: Final = frozenset(
    {"encode", "decode", "extend", "format", "format_map", "fromkeys", "sort"}
    | strings.METHODS.keys()
    | CHARGING_METHODS
    | (sets.SET_METHODS.keys() - {"add", "clear", "discard", "pop", "remove"})
)
CHARGING: Final = _CHARGING_METHODS | CHARGING_BUILTINS
"""Builtins and method names that may charge fuel or call back into the program."""


def method_table(name: str, positional: int = 1) -> MethodTable:
    """The table for calls of this method with this many positional arguments (and no keywords, when it is 1)."""
    if name == "add" and positional != 1:
        return _STRICT_ADD
    return METHODS.get(name) or MethodTable(name)


class Found:
    """A method of an object of the program, found before the arguments of its call are computed."""

    __slots__ = ("method",)

    def __init__(self, method: Any) -> None:
        self.method = method


def has_method(kind: type, name: str) -> bool:
    """Whether the tables have a method of this name for values of exactly this type."""
    method = dict.get(METHODS.get(name, _NO_METHODS), kind)
    return method is not None and getattr(method, "__name__", "") != "through_attribute"


_NO_METHODS: Final[dict[type, Method]] = {}


def look_up(value: Any, name: str) -> Any:
    """What a call of ``value.name`` is to be made of: the value itself if tables have its method, else what it has.
    Raises as ``value.name`` does."""
    return value if has_method(type(value), name) else Found(attribute(value, name))


def settled_methods(name: str, positional: int) -> dict[type, Method]:
    """The entries of `method_table` that are the types' own: a type that is not there must be looked at."""
    return {kind: method for kind, method in method_table(name, positional).items() if has_method(kind, name)}


def early(value: Any, name: str) -> Method:
    """What to call with ``value`` and the arguments of a call of ``value.name``, found before they are computed."""
    if has_method(type(value), name):
        return METHODS[name][type(value)]
    found = attribute(value, name)

    def call_found(_: object, /, *args: Any, **kwargs: Any) -> Any:
        return found(*args, **kwargs)

    return call_found


def attribute(value: Any, name: str) -> Any:
    """``value.name``: data, or a bound method. Raises AttributeError as CPython does, with marks in its message."""
    if type(name) is not str:  # a class of the program could lie about what it is
        name = _access().attribute_name(name)
    if name[:2] == "__" and name[-2:] == "__":
        return _access().special(value, name)
    kind = type(value)
    if type(kind) is ProgramType or kind is ProgramType or isinstance(kind, ProgramType):
        return getattr(value, MARK + name)
    data = ATTRIBUTES.get(name)
    if data is not None and kind in data:
        return data[kind](value)
    methods = METHODS.get(name)
    if methods is not None and kind in methods:
        method = dict.__getitem__(methods, kind)
        if getattr(method, "__name__", "") != "through_attribute":
            return _bind(method, value, kind, name)
    if kind is Vetted:
        return _class_attribute(value.real, name)
    if issubclass(kind, type):
        return _class_attribute(value, name)
    if isinstance(value, Module):
        return value.members(name)
    if isinstance(value, BaseException):
        if name == "add_note":
            return value.add_note
        return getattr(value, name if has_error_data(value, name) else MARK + name)
    if kind in _WITH_ATTRIBUTES or isinstance(value, ProgramFunction):
        return getattr(value, MARK + name)
    raise _access().no_attribute(value, name)


_WITH_ATTRIBUTES: Final = frozenset({FunctionType, MethodType, GenericAlias, super})
"""Types of values that have attributes under marked names, besides objects of a program's classes."""
_loaded: Final[list[Any]] = []


def _access() -> Any:
    """What knows special names; loaded when a program needs it."""
    if not _loaded:
        from noodle_ray.core.vm.classes import access

        _loaded.append(access)
    return _loaded[0]


def set_attribute(value: Any, name: str, new: Any) -> None:
    """``value.name = new``."""
    _access().set_attribute(value, name, new)


def del_attribute(value: Any, name: str) -> None:
    """``del value.name``."""
    _access().del_attribute(value, name)


def is_table_name(name: str) -> bool:
    """Whether a builtin value may have this attribute, which is to be looked for in tables."""
    return name in METHODS or name in ATTRIBUTES or name in _EXCEPTION_DATA or name in _ERROR_NAMES


def static_method(kind: type, name: str) -> Method | None:
    """A class or static method of a builtin type."""
    return _STATIC.get((kind, name))


def error_data(kind: type) -> list[str]:
    """The attributes that exceptions of a builtin class have."""
    names = [name for name, classes in _EXCEPTION_DATA.items() if issubclass(kind, classes)]
    return [*names, *sorted(_JSON_ERROR_DATA)] if kind.__name__ == "JSONDecodeError" else names


def type_name(value: object) -> str:
    """The name of a value's type in messages."""
    return C_NAMES.get(type(value)) or type(value).__name__


C_NAMES: Final[dict[type, str]] = {}
"""Registered types that are written in C: CPython's messages name them with their module."""


def _is_in_c(kind: type) -> bool:
    plain = any(isinstance(member, FunctionType) for each in kind.__mro__ for member in vars(each).values())
    return not plain and not issubclass(kind, BaseException) and kind.__module__ != "builtins"


def _bind(method: Method, value: Any, kind: type, name: str) -> Any:
    if name == "add" and issubclass(kind, sets.AnySet):
        method = sets.add
    if isinstance(method, MethodDescriptorType):
        return method.__get__(value, kind)
    return MethodType(method, value)


def has_error_data(value: BaseException, name: str) -> bool:
    """Whether a builtin exception has this attribute."""
    classes = _EXCEPTION_DATA.get(name)
    if classes is not None and isinstance(value, classes):
        return True
    return name in _JSON_ERROR_DATA and type(value).__name__ == "JSONDecodeError"


def _class_attribute(kind: Any, name: str) -> Any:
    static = _STATIC.get((kind, name))
    if static is not None:
        return static
    method = dict.get(METHODS.get(name, {}), kind)
    if method is None or getattr(method, "__name__", "") == "through_attribute":
        raise AttributeError(f"type object '{C_NAMES.get(kind, kind.__name__)}' has no attribute '{name}'", name=name)
    if isinstance(method, MethodDescriptorType) and name != "add" and kind is not dict:
        return method
    checked = sets.add if name == "add" and issubclass(kind, sets.AnySet) else method

    def unbound(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(self, kind) or (kind is dict and isinstance(self, sets.AnySet)):
            raise TypeError(
                f"descriptor '{name}' for '{kind.__name__}' objects doesn't apply to a '{type_name(self)}' object"
            )
        return checked(self, *args, **kwargs)

    return unbound


def direct_attribute(kind: type, name: str) -> Any:
    """A method that generated code looks up on a class as CPython does. Raises AttributeError for any other name."""
    if name in DIRECT:
        return _class_attribute(kind, name)
    raise AttributeError(
        f"type object '{C_NAMES.get(kind, kind.__name__)}' has no attribute '{name.removeprefix(MARK)}'"
    )


def _install(kind: type, name: str, method: Method) -> None:
    table = METHODS.get(name)
    if table is None:
        table = METHODS[name] = MethodTable(name)
    table[kind] = method


def _install_static(kind: type, name: str, function: Method) -> None:
    _STATIC[kind, name] = function
    _install(kind, name, lambda self, /, *args, **kwargs: function(*args, **kwargs))


DIRECT: Final = frozenset(
    {
        *("append", "bit_length", "capitalize", "casefold", "center", "endswith", "find", "get", "insert", "isalnum"),
        *("isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower", "isnumeric", "isprintable"),
        *("isspace", "istitle", "isupper", "ljust", "lower", "lstrip", "partition", "removeprefix"),
        *("removesuffix", "reverse", "rfind", "rindex", "rjust", "rpartition", "rstrip", "startswith"),
        *("strip", "swapcase", "title", "upper", "zfill"),
    }
)
"""Names of methods that generated code may look up on any value as CPython does, which takes half the time of a table.

They are ours, not the program's: on every value that a program can hold, such an attribute is what the table has, or
there is none. A test holds that against all classes of a worker.
"""


def register(
    kind: type,
    *,
    methods: dict[str, Method] | None = None,
    attributes: dict[str, Callable[[Any], Any]] | None = None,
    statics: dict[str, Method] | None = None,
    call: Callable[..., Any] | None = None,
) -> None:
    """Make a type one that programs may hold: its methods, data attributes, class and static methods by name, and
    what a call of it runs, where that is not the type itself: then they hold a `Vetted` in its place."""
    for name, method in (methods or {}).items():
        _install(kind, name, method)
    for name, reader in (attributes or {}).items():
        ATTRIBUTES.setdefault(name, {})[kind] = reader
    for name, function in (statics or {}).items():
        _install_static(kind, name, function)
    if type(OPEN_TYPES.get(kind)) is not Vetted:
        OPEN_TYPES[kind] = kind
    if _is_in_c(kind):
        C_NAMES[kind] = f"{kind.__module__}.{kind.__qualname__}"
    if call is not None:
        vet_call(kind, call)


SETTERS: Final[dict[tuple[type, str], Callable[[Any, Any], None]]] = {}
"""Attributes of the library's own objects that a program may assign, and what assigns them."""


def register_setters(kind: type, *names: str, **setters: Callable[[Any, Any], None]) -> None:
    """Let programs assign these attributes of a registered type: plainly, or through a function that checks."""
    for name in names:
        SETTERS[kind, name] = lambda value, new, name=name: setattr(value, name, new)  # type: ignore[misc]
    for name, setter in setters.items():
        SETTERS[kind, name] = setter


def _install_raw(kind: type) -> None:
    """Take over a plain type's public methods and data as CPython implements them."""
    for name in dir(kind):
        if name.startswith("_"):
            continue
        member = getattr(kind, name)
        if isinstance(member, MethodDescriptorType):
            _install(kind, name, member)
        elif isinstance(member, BuiltinFunctionType | FunctionType):
            _install_static(kind, name, member)
        else:
            ATTRIBUTES.setdefault(name, {})[kind] = member.__get__


def _install_all() -> None:
    for kind in (str, list, dict, tuple, int, float, bool, complex, bytes, bytearray, range, slice):
        _install_raw(kind)
    for name, method in strings.METHODS.items():
        _install(str, name, method)
    for kind in (bytes, bytearray):
        for name, method in strings.bytes_methods(kind).items():
            _install(kind, name, method)
    for kind, special in ((list, containers.LIST_METHODS), (dict, containers.DICT_METHODS)):
        for name, method in special.items():
            _install(kind, name, method)
    _install_static(dict, "fromkeys", containers.fromkeys)
    for view in (dict_keys, dict_items):
        _install(view, "isdisjoint", sets.isdisjoint)
    for name, method in sets.SHARED_METHODS.items():
        _install(sets.frozenset, name, method)
    for name, method in sets.SET_METHODS.items():
        _install(sets.set, name, method)


_install_all()
_STRICT_ADD: Final = MethodTable("add")
_STRICT_ADD[sets.set] = sets.add
