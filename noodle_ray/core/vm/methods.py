"""Methods and attributes of values, by explicit tables: no name of a program reaches Python's getattr.

`method_table(name)` maps a type to a callable that takes the object and the arguments; `attribute` serves
``obj.name`` without a call. Both raise AttributeError in CPython's words for what is not in the tables.
"""

from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, MethodType
from typing import Any, Final, TypeAlias

from noodle_ray.core.vm import sets, strings
from noodle_ray.core.vm.catalog import CHARGING_METHODS
from noodle_ray.core.vm.names import CHARGING_BUILTINS
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import CALLS_OF, OPEN_TYPES, ModelError, Module, Standin, dict_items, dict_keys

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

        if name in METHODS:  # tables of unknown names are not kept either
            self[kind] = through_attribute
        return through_attribute


METHODS: Final[dict[str, MethodTable]] = {}
ATTRIBUTES: Final[dict[str, dict[type, Callable[[Any], Any]]]] = {}
"""Attributes that are data: name to type to reader."""
_STATIC: Final[dict[tuple[type, str], Method]] = {}
"""Class and static methods, by the class they are read from."""
_EXCEPTION_DATA: Final[dict[str, tuple[type[Exception], ...]]] = {
    "args": (Exception,),
    "value": (StopIteration,),
    "code": (ModelError,),
    "name": (NameError, ImportError, AttributeError),
    "errno": (OSError,),
    "strerror": (OSError,),
    "filename": (OSError,),
    "encoding": (UnicodeEncodeError, UnicodeDecodeError),
    "object": (UnicodeEncodeError, UnicodeDecodeError),
    "start": (UnicodeEncodeError, UnicodeDecodeError),
    "end": (UnicodeEncodeError, UnicodeDecodeError),
    "reason": (UnicodeEncodeError, UnicodeDecodeError),
}
_JSON_ERROR_DATA: Final = frozenset({"msg", "doc", "pos", "lineno", "colno"})

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


def attribute(value: Any, name: str) -> Any:
    """``value.name``: data, or a bound method. Raises AttributeError as CPython does."""
    kind = type(value)
    data = ATTRIBUTES.get(name)
    if data is not None and kind in data:
        return data[kind](value)
    methods = METHODS.get(name)
    if methods is not None and kind in methods:
        method = dict.__getitem__(methods, kind)
        if getattr(method, "__name__", "") != "through_attribute":
            return _bind(method, value, kind, name)
    if issubclass(kind, type):
        return _class_attribute(value, name)
    if isinstance(value, Module):
        return value.members(name)
    if isinstance(value, Exception) and _has_data(value, name):
        return getattr(value, name)
    if isinstance(value, Standin):
        raise AttributeError(f"type object '{value.name}' has no attribute '{name}'")
    raise AttributeError(f"'{type_name(value)}' object has no attribute '{name}'", name=name)


def type_name(value: object) -> str:
    """The name of a value's type in messages."""
    return type(value).__name__


def _bind(method: Method, value: Any, kind: type, name: str) -> Any:
    if name == "add":
        method = sets.add
    if isinstance(method, MethodDescriptorType):
        return method.__get__(value, kind)
    return MethodType(method, value)


def _has_data(value: Exception, name: str) -> bool:
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
        raise AttributeError(f"type object '{kind.__name__}' has no attribute '{name}'", name=name)
    if isinstance(method, MethodDescriptorType) and name != "add":
        return method
    checked = sets.add if name == "add" else method

    def unbound(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(self, kind):
            raise TypeError(
                f"descriptor '{name}' for '{kind.__name__}' objects doesn't apply to a '{type_name(self)}' object"
            )
        return checked(self, *args, **kwargs)

    return unbound


def _sort(self: list[Any], /, **options: Any) -> None:
    n = len(self)
    if n > 15:
        S.charge(n * n.bit_length() >> 4)
    list.sort(self, **options)


def _extend(self: list[Any], items: Any, /) -> None:
    before = len(self)
    list.extend(self, items)
    if len(self) - before > 63:
        S.charge((len(self) - before) >> 4)


def _index(kind: type[Any]) -> Method:
    def index(self: Any, /, *args: Any) -> int:
        try:
            return int(kind.index(self, *args))
        except ValueError as error:  # its message has the value's repr
            raise ValueError(strings.without_addresses(str(error))) from None

    return index


def _update(self: dict[Any, Any], /, *args: Any, **kwargs: Any) -> None:
    if args and hasattr(args[0], "__len__") and len(args[0]) > 63:
        S.charge(len(args[0]) >> 4)
    dict.update(self, *args, **kwargs)


def _fromkeys(keys: Any, value: Any = None, /) -> dict[Any, Any]:
    new: dict[Any, Any] = dict.fromkeys(keys, value)
    if len(new) > 63:
        S.charge(len(new) >> 4)
    return new


def _install(kind: type, name: str, method: Method) -> None:
    table = METHODS.get(name)
    if table is None:
        table = METHODS[name] = MethodTable(name)
    table[kind] = method


def _install_static(kind: type, name: str, function: Method) -> None:
    _STATIC[kind, name] = function
    _install(kind, name, lambda self, /, *args, **kwargs: function(*args, **kwargs))


def register(
    kind: type,
    *,
    methods: dict[str, Method] | None = None,
    attributes: dict[str, Callable[[Any], Any]] | None = None,
    statics: dict[str, Method] | None = None,
    call: Callable[..., Any] | None = None,
) -> None:
    """Make a type one that programs may hold: its methods, data attributes, class and static methods by name, and
    what a call of it runs, where that is not the type itself."""
    for name, method in (methods or {}).items():
        _install(kind, name, method)
    for name, reader in (attributes or {}).items():
        ATTRIBUTES.setdefault(name, {})[kind] = reader
    for name, function in (statics or {}).items():
        _install_static(kind, name, function)
    OPEN_TYPES[kind] = kind
    if call is not None:
        CALLS_OF[kind] = call


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
    _install(list, "sort", _sort)
    _install(list, "extend", _extend)
    _install(list, "index", _index(list))
    _install(dict, "update", _update)
    _install(dict, "keys", dict_keys)
    _install(dict, "items", dict_items)
    _install_static(dict, "fromkeys", _fromkeys)
    for view in (dict_keys, dict_items):
        _install(view, "isdisjoint", sets.isdisjoint)
    for name, method in sets.SHARED_METHODS.items():
        _install(sets.frozenset, name, method)
    for name, method in sets.SET_METHODS.items():
        _install(sets.set, name, method)


_install_all()
_STRICT_ADD: Final = MethodTable("add")
_STRICT_ADD[sets.set] = sets.add
