"""Attributes with special names, and setting and deleting attributes, of every kind of value."""

from builtins import frozenset as builtin_frozenset

from noodle_ray.core.vm import methods, operators, strings
from noodle_ray.core.vm.classes.bases import CONSTRUCTORS, is_mixin, new_object
from noodle_ray.core.vm.classes.dunders import ADAPTED, MARKED_ONLY, is_dunder
from noodle_ray.core.vm.classes.functions import ProgramFunction, is_function, is_program_function
from noodle_ray.core.vm.classes.given_dicts import ITSELF, give_dict, marked, may_be_given
from noodle_ray.core.vm.classes.kinds import HOSTED, ProgramType, is_instance, is_program_class
from noodle_ray.core.vm.classes.make import TYPES, check_special
from noodle_ray.core.vm.names import CLASS_DUNDERS, MARK, READ_DUNDERS, mark
from noodle_ray.core.vm.sets import AnySet, frozenset
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import OPEN_TYPES, TYPE, Module, Standin, Vetted, held, open_type, real_type, type_of
from noodle_ray.light import Any, BuiltinFunctionType, Callable, Final, GenericAlias, MethodDescriptorType, MethodType

_MISSING: Final = object()
_OPEN: Final = (object, list, dict, tuple, str, int, float, bool, complex, bytes, range, slice, type(None))
"""Builtin types whose special methods a program may name."""
_SPECIAL_METHODS: Final = CLASS_DUNDERS - MARKED_ONLY - ADAPTED
_INSTANCE_FREE: Final = builtin_frozenset({"__new__", "__init__", "__class_getitem__"})


def _named(kind: type) -> str:
    return methods.C_NAMES.get(kind) or kind.__name__


def no_attribute(value: Any, name: str) -> AttributeError:
    """The error of an attribute that a value does not have."""
    if isinstance(value, type):
        return AttributeError(f"type object '{_named(value)}' has no attribute '{name}'", name=name)
    if isinstance(value, Standin):
        return AttributeError(f"type object '{_named(value.real)}' has no attribute '{name}'", name=name)
    if isinstance(value, Module):
        return AttributeError(f"module '{value.name}' has no attribute '{name}'", name=name)
    return AttributeError(f"'{methods.type_name(value)}' object has no attribute '{name}'", name=name)


def special(value: Any, name: str) -> Any:
    """``value.__name__`` and the like. Raises AttributeError for all that is not vetted."""
    if name not in READ_DUNDERS:
        raise no_attribute(value, name)
    reader = _READERS.get(name)
    if reader is not None:
        found = reader(value)
        if found is _MISSING:
            raise no_attribute(value, name)
        return found
    kind = type(value)
    if kind is ProgramType or kind is super or isinstance(kind, ProgramType):
        return _program_special(value, kind, name)
    found = _host_special(value, kind, name)
    if found is _MISSING:
        raise no_attribute(value, name)
    return found


def _program_special(value: Any, kind: type, name: str) -> Any:
    if name in MARKED_ONLY or name in ADAPTED:
        found = getattr(value, mark(name), _MISSING)
        return _default(value, kind, name) if found is _MISSING else found
    if kind is super and not isinstance(value.__thisclass__, ProgramType):
        raise no_attribute(value, name)
    return _vetted(getattr(value, name), value, name)


def _default(value: Any, kind: type, name: str) -> Any:
    """What object has for a special method that sees attribute names or classes."""
    if name == "__init_subclass__":

        def init_subclass(**keywords: Any) -> None:
            if keywords:
                owner = getattr(value.__self__ if kind is super else value, "__name__", "object")
                raise TypeError(f"{owner}.__init_subclass__() takes no keyword arguments")

        return init_subclass
    if name not in _ON_OBJECT:
        raise no_attribute(value, name)
    if kind is super:
        return MethodType(_ON_OBJECT[name], value.__self__)
    return _ON_OBJECT[name] if isinstance(value, type) else MethodType(_ON_OBJECT[name], value)


def _object_setattr(self: Any, name: str, value: Any, /) -> None:
    text = attribute_name(name)
    if is_program_class(self):
        set_attribute_of_class(self, text, value)
    elif isinstance(self, BaseException) or is_instance(self):
        if is_dunder(text):
            raise no_attribute(self, text)
        object.__setattr__(self, mark(text), value)
    else:
        raise TypeError(f"can't apply this __setattr__ to {methods.type_name(self)} object")


def _object_delattr(self: Any, name: str, /) -> None:
    text = attribute_name(name)
    if not is_instance(self):
        raise TypeError(f"can't apply this __delattr__ to {methods.type_name(self)} object")
    object.__delattr__(self, mark(text))


def _object_getattribute(self: Any, name: str, /) -> Any:
    return methods.attribute(self, attribute_name(name))


def _dir(self: Any, /) -> list[str]:
    return names_of(self)


_ON_OBJECT: Final[dict[str, Any]] = {
    "__setattr__": _object_setattr,
    "__delattr__": _object_delattr,
    "__dir__": _dir,
}
for _name, _function in _ON_OBJECT.items():
    _function.__name__ = _function.__qualname__ = _name


def _of_type(name: str) -> Any:
    """A special method of ``type`` that metaclasses call."""
    from noodle_ray.core.vm.classes.bases import METACLASSES

    if name == "__call__":
        return _caller(type.__call__)
    if name in ("__new__", "__init__"):
        return getattr(METACLASSES["type"], name)
    return _ON_OBJECT.get(name, _MISSING)


def _host_special(value: Any, kind: type, name: str) -> Any:
    if value is TYPE:
        return _of_type(name)
    if kind is Vetted:
        value = value.real
    if any(value is each for each in _OPEN):
        if value is object and name in _ON_OBJECT:
            return _ON_OBJECT[name]
        if name == "__init_subclass__" and value is object:
            return _default(value, kind, name)
        return _vetted(getattr(value, name, _MISSING), value, name) if name in _SPECIAL_METHODS else _MISSING
    if isinstance(value, type) and issubclass(value, BaseException):
        return getattr(value, name, _MISSING) if name in ("__init__", "__str__", "__repr__", "__eq__") else _MISSING
    if kind in _OPEN and name in _SPECIAL_METHODS - _INSTANCE_FREE:
        return _vetted(getattr(value, name, _MISSING), value, name)
    data = methods.ATTRIBUTES.get(name)
    if data is not None and kind in data:
        return data[kind](value)
    if isinstance(value, type):
        method: Any = dict.get(methods.METHODS.get(name, {}), value, _MISSING)
        return method
    table = methods.METHODS.get(name)
    if table is not None and kind in table and getattr(table[kind], "__name__", "") != "through_attribute":
        return MethodType(table[kind], value)
    if name in _GENERAL and name in dir(kind):
        return MethodType(_GENERAL[name], value)
    return _MISSING


_GENERAL: Final[dict[str, Callable[..., Any]]] = {
    "__iter__": lambda self: iter(self),
    "__next__": lambda self: next(self),
    "__len__": lambda self: len(self),
    "__contains__": lambda self, item: item in self,
    "__getitem__": lambda self, key: self[key],
    "__eq__": lambda self, other: self == other,
    "__call__": lambda self, /, *args, **kwargs: self(*args, **kwargs),
    "__str__": lambda self: strings.to_str(self),
    "__repr__": lambda self: strings.to_repr(self),
}


def _vetted(found: Any, value: Any, name: str) -> Any:
    """A special method as a program may have it: text without addresses, new objects of its own classes only."""
    if name == "__new__" and type(found) is BuiltinFunctionType:
        return Maker(found)
    if type(found) not in _NATIVE:
        return found
    if name == "__call__":
        return found if not _is_call_of_type(found) else _caller(found)
    if name in ("__repr__", "__str__", "__format__"):
        return lambda *args: strings.without_addresses(str.__str__(found(*args)))
    if name == "__hash__":
        from noodle_ray.core.vm.builtins.identity import hash as stable_hash

        owner = getattr(found, "__objclass__", None)
        if type(found) is type(object.__hash__):
            return stable_hash if owner is object else found
        return lambda: stable_hash(getattr(found, "__self__", None))
    if name in ("__pow__", "__rpow__", "__ipow__"):

        def power(*args: Any) -> Any:
            for base in args[:2]:
                for exponent in args[:2]:
                    operators.charge_power(base, exponent)
            operands = (found.__self__, *args) if hasattr(found, "__self__") else args
            if len(operands) > 1:
                operators.charge_power(operands[0], operands[1])
                operators.charge_power(operands[1], operands[0])
            return found(*args)

        return power
    if name == "__init__" and getattr(found, "__objclass__", None) in CONSTRUCTORS and not hasattr(found, "__self__"):
        return CONSTRUCTORS[found.__objclass__]
    if name in ("__setitem__", "__delitem__", "__ior__", "__init__") and getattr(found, "__objclass__", None) is dict:
        if hasattr(found, "__self__") and not isinstance(found.__self__, AnySet):
            return found

        def on_dict(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            if isinstance(self, AnySet):
                kind = methods.type_name(self)
                raise TypeError(f"descriptor '{name}' requires a 'dict' object but received a '{kind}'")
            return found(self, *args, **kwargs)

        return on_dict
    return found


def _is_call_of_type(found: Any) -> bool:
    """Whether this is ``type.__call__``, of a class or for any."""
    return isinstance(getattr(found, "__self__", None), type) or getattr(found, "__objclass__", None) is type


def _caller(found: Any) -> Callable[..., Any]:
    """``type.__call__`` as a program may have it: an object of a class, made as a call of that class makes it."""

    def call(*args: Any, **kwargs: Any) -> Any:
        operands = (found.__self__, *args) if hasattr(found, "__self__") else args
        if operands and is_program_class(operands[0]):
            return type.__call__(operands[0], *operands[1:], **kwargs)
        if operands and type(operands[0]) is Vetted:
            return operands[0](*operands[1:], **kwargs)
        if not operands or not isinstance(operands[0], type):
            raise TypeError("descriptor '__call__' for 'type' objects doesn't apply to this object")
        return open_type(operands[0])(*operands[1:], **kwargs)

    return call


_NATIVE: Final = (
    type(object.__init__), type("".__len__), type("".__format__), MethodDescriptorType, type(dict.__dict__["fromkeys"]),
)  # fmt: skip


class Maker:
    """``__new__`` of a builtin type: it makes objects of program classes, and of that type."""

    __slots__ = ("make",)

    def __init__(self, make: Any) -> None:
        self.make = make

    def __repr__(self) -> str:
        return "<built-in method __new__ of type object>"

    def __call__(self, cls: Any = _MISSING, /, *args: Any, **kwargs: Any) -> Any:
        made = self.make.__self__
        if cls is _MISSING:
            raise TypeError(f"{made.__name__}.__new__(): not enough arguments")
        cls = real_type(cls)
        if not isinstance(cls, type):
            raise TypeError(f"{made.__name__}.__new__(X): X is not a type object ({methods.type_name(cls)})")
        if cls is not made and (not isinstance(cls, ProgramType) or cls in HOSTED):
            name = cls.__name__
            raise TypeError(f"{made.__name__}.__new__({name}): {name} is not a subtype of {made.__name__}")
        return new_object(made, cls, *args, **kwargs)


def attribute_name(name: Any) -> str:
    """An attribute's name that a program computed, as an exact string."""
    if not isinstance(name, str):
        raise TypeError(f"attribute name must be string, not '{methods.type_name(name)}'")
    return str.__str__(name)


def _function_data(key: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if is_function(value) or isinstance(value, type | BuiltinFunctionType | MethodDescriptorType | GenericAlias):
            return getattr(real_type(value), key, _MISSING)
        if type(value) is MethodType:
            return read(value.__func__)
        if isinstance(value, Standin):
            return value.name
        if isinstance(value, Module) and key == "__name__":
            return value.name
        if isinstance(value, staticmethod | classmethod):
            return read(value.__func__)
        if key == "__name__" and type(value).__module__ == "functools":
            return read(getattr(value, "__wrapped__", _MISSING))
        if is_instance(value):
            return getattr(value, mark(key), _MISSING)
        return _MISSING

    return read


def _doc(value: Any) -> Any:
    if type(value) is property:
        return value.__doc__
    if is_instance(value):
        own = getattr(value, mark("__doc__"), _MISSING)
        return value.__doc__ if own is _MISSING else own
    if is_program_function(value) or is_instance(value) or is_program_class(value):
        return value.__doc__
    return _doc(value.__func__) if type(value) is MethodType else _MISSING


def _module(value: Any) -> Any:
    if type(value) is Vetted:
        return value.real.__module__
    kind = value if isinstance(value, type) else type(value)
    if is_program_function(value) or isinstance(kind, ProgramType):
        return getattr(value, "__module__", "__main__") or "__main__"
    if isinstance(value, type) or is_function(value):
        return "builtins"
    return _MISSING


def attributes_of(value: Any) -> Any:
    """The attributes of an object by name, as a copy; ``_MISSING`` for one without any."""
    if isinstance(value, Module | Standin):
        return _MISSING
    if isinstance(value, type):
        if not isinstance(value, ProgramType) or value in HOSTED:
            return _MISSING
        from noodle_ray.core.vm.classes.dunders import original

        members = value.__dict__.items()
        found: dict[str, Any] = {key[1:]: original(each) for key, each in members if key[:1] == MARK and len(key) > 1}
        return {
            key: dict(each) if key in _TABLES else each
            for key, each in found.items()
            if not is_dunder(key) or key in CLASS_DUNDERS or key in _TABLES
        }
    if not (is_instance(value) or is_program_function(value) or isinstance(value, BaseException)):
        return _MISSING
    names = getattr(value, "__dict__", None)
    if not isinstance(names, dict):
        return _MISSING
    if ITSELF in names:
        return value
    shown = {key[1:]: each for key, each in names.items() if key[:1] == MARK}
    if is_program_function(value):
        shown.pop("__annotations__", None)
    return AttributeDict(value, shown)


class AttributeDict(dict[str, Any]):
    """``vars(x)``: the attributes of an object. What is changed in it is changed in the object."""

    __slots__ = ("owner",)

    def __init__(self, owner: Any, names: dict[str, Any]) -> None:
        dict.__init__(self, names)
        self.owner = owner

    def __setitem__(self, name: Any, value: Any) -> None:
        text = attribute_name(name)
        self.owner.__dict__[mark(text)] = value
        dict.__setitem__(self, text, value)

    def __delitem__(self, name: Any) -> None:
        dict.__delitem__(self, name)
        self.owner.__dict__.pop(mark(attribute_name(name)), None)

    def __ior__(self, other: Any) -> Any:  # type: ignore[misc]
        _update(self, other)
        return self


def _update(self: AttributeDict, /, *args: Any, **kwargs: Any) -> None:
    for name, value in dict(*args, **kwargs).items():
        self[name] = value


def _pop(self: AttributeDict, name: Any, /, *default: Any) -> Any:
    found = dict.pop(self, name, *default)
    self.owner.__dict__.pop(mark(attribute_name(name)), None)
    return found


def _popitem(self: AttributeDict, /) -> Any:
    name, value = dict.popitem(self)
    self.owner.__dict__.pop(mark(name), None)
    return name, value


def _setdefault(self: AttributeDict, name: Any, default: Any = None, /) -> Any:
    if name not in self:
        self[name] = default
    return dict.__getitem__(self, name)


def _clear(self: AttributeDict, /) -> None:
    for name in [*self]:
        del self[name]


AttributeDict.__name__ = AttributeDict.__qualname__ = "dict"
AttributeDict.__module__ = "builtins"
methods.register(
    AttributeDict,
    methods={
        **{name: table[dict] for name, table in methods.METHODS.items() if dict in table.keys()},  # noqa: SIM118
        "update": _update, "pop": _pop, "popitem": _popitem, "setdefault": _setdefault, "clear": _clear,
        "copy": lambda self, /: dict(self),
    },
)  # fmt: skip
OPEN_TYPES[AttributeDict] = OPEN_TYPES[dict]  # so that no program makes one, of an owner of its choice


def _of_error(key: str) -> Callable[[Any], Any]:
    return lambda value: getattr(value, key, _MISSING) if isinstance(value, BaseException) else _MISSING


def _wrapped(value: Any) -> Any:
    if type(value) is MethodType:
        return _wrapped(value.__func__)
    if is_function(value) or type(value).__module__ == "functools":
        return getattr(value, "__wrapped__", _MISSING)
    return _MISSING


def _annotations(value: Any) -> Any:
    if is_program_class(value):
        return value.__dict__.get(TYPES) or value.__dict__.get("__annotations__", {})  # noqa: RUF063
    if type(value) is MethodType:
        return _annotations(value.__func__)
    if is_program_function(value):
        return value.__dict__.get(mark("__annotations__"), {})
    return getattr(value, "annotations", _MISSING) if hasattr(type(value), "make_derived") else _MISSING


_TABLES: Final = ("__members__", "__dataclass_fields__")
"""What the library keeps for a class by name: a program gets copies, as the library believes its own."""


def _defaults(value: Any) -> Any:
    if type(value) is MethodType:
        return _defaults(value.__func__)
    return _plain(value).__defaults__ if is_program_function(value) else _MISSING


def _kwdefaults(value: Any) -> Any:
    if type(value) is MethodType:
        return _kwdefaults(value.__func__)
    if not is_program_function(value):
        return _MISSING
    found = _plain(value).__kwdefaults__
    return None if found is None else {**found}


def _plain(function: Any) -> Any:
    """The function of CPython's that has a program's function's parameters."""
    return function.bind if isinstance(function, ProgramFunction) else function  # type: ignore[attr-defined]


def _slots(value: Any) -> Any:
    return getattr(value, mark("__slots__"), _MISSING) if is_instance(value) or is_program_class(value) else _MISSING


def _abstract(value: Any) -> Any:
    names = value.__dict__.get("__abstractmethods__") if is_program_class(value) else None
    return _MISSING if names is None else frozenset(names)


def _subclasses(value: Any) -> Any:
    if not is_program_class(value):
        return _MISSING

    def subclasses() -> list[Any]:
        found = [each for each in type.__subclasses__(value) if is_program_class(each)]
        S.charge(4 + len(found))
        return found

    return subclasses


def _table(key: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        found: Any = getattr(value, mark(key), _MISSING)
        return found if found is _MISSING else {**found}

    return read


def _classes_of(key: str) -> Callable[[Any], Any]:
    """Bases of a program's class as the program named them, without those that only bring a builtin class's methods."""

    def read(value: Any) -> Any:
        if not is_program_class(value):
            kind = value.real if type(value) is Vetted else value
            kinds = getattr(kind, key, ()) if type(kind) is type else ()
            open_ = bool(kinds) and all(each in _OPEN or issubclass(each, BaseException) for each in kinds)
            known = (*_OPEN, BaseException)
            return tuple(held(each) if each in known else open_type(each) for each in kinds) if open_ else _MISSING
        found: list[type] = []
        named: set[str] = set()
        for each in getattr(value, key):
            if is_program_class(each):
                found.append(each)
            elif not issubclass(each, ProgramType) and not is_mixin(each) and each.__name__ not in named:
                found.append(each)
                named.update(one.__name__ for one in (each.__mro__ if key == "__bases__" else (each,)))
        return tuple(map(open_type, found))

    return read


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "__name__": _function_data("__name__"),
    "__qualname__": _function_data("__qualname__"),
    "__doc__": _doc,
    "__module__": _module,
    "__dict__": attributes_of,
    "__class__": type_of,
    "__wrapped__": _wrapped,
    "__annotations__": _annotations,
    "__abstractmethods__": _abstract,
    "__defaults__": _defaults,
    "__kwdefaults__": _kwdefaults,
    "__slots__": _slots,
    "__subclasses__": _subclasses,
    "__bases__": _classes_of("__bases__"),
    "__mro__": _classes_of("__mro__"),
    **{key: _table(key) for key in _TABLES},
    **{key: _of_error(key) for key in ("__cause__", "__context__", "__suppress_context__", "__notes__")},
}

type.__setattr__(ProgramType, mark("mro"), lambda cls: [*_READERS["__mro__"](cls)])

_SETTABLE_ON_FUNCTIONS: Final = builtin_frozenset({"__doc__", "__module__", "__name__", "__qualname__", "__wrapped__"})
_SETTABLE_ON_CLASSES: Final = CLASS_DUNDERS - {
    "__slots__",
    "__new__",
    "__init_subclass__",
    "__annotations__",
    "__del__",
}
_SETTABLE_ON_ERRORS: Final = builtin_frozenset({"__cause__", "__context__", "__suppress_context__"})


def set_attribute(value: Any, name: str, new: Any) -> None:
    """``value.name = new``. Only objects, classes, functions and exceptions of the program take attributes."""
    name = attribute_name(name)
    kind = type(value)
    if is_dunder(name):
        _set_special(value, name, new)
    elif isinstance(kind, ProgramType) or is_program_function(value):
        setattr(value, mark(name), new)
    elif kind is ProgramType and value not in HOSTED:
        set_attribute_of_class(value, name, new)
    elif isinstance(value, BaseException):
        setattr(value, name if methods.has_error_data(value, name) else mark(name), new)
    elif (kind, name) in methods.SETTERS:
        methods.SETTERS[kind, name](value, new)
    else:
        raise _refusal(value, name)


def set_attribute_of_class(cls: Any, name: str, new: Any) -> None:
    """``cls.name = new`` where no metaclass of the program has a say."""
    if is_dunder(name):
        _set_special(cls, name, new)
        return
    members = cls.__dict__.get(mark("__members__"))
    if members is not None and name in members:
        raise AttributeError(f"cannot reassign member '{name}'")
    type.__setattr__(cls, mark(name), new)


def _set_dict(value: Any, new: Any) -> None:
    """``value.__dict__ = new``."""
    if not isinstance(new, dict) or isinstance(new, AnySet):
        raise TypeError(f"__dict__ must be set to a dictionary, not a '{methods.type_name(new)}'")
    if type(new) is AttributeDict and may_be_given(new.owner) and ITSELF not in new.owner.__dict__:
        value.__dict__ = new.owner.__dict__
    else:
        give_dict(value, {} if new is value else marked(new, attribute_name), new)


def _set_special(value: Any, name: str, new: Any) -> None:
    if name == "__dict__" and may_be_given(value):
        _set_dict(value, new)
        return
    if name in _SETTABLE_ON_FUNCTIONS and is_instance(value) and hasattr(value, "__dict__"):
        value.__dict__[mark(name)] = new
        return
    on_function = name in _SETTABLE_ON_FUNCTIONS and is_program_function(value)
    if on_function or (name in _SETTABLE_ON_ERRORS and isinstance(value, BaseException)):
        setattr(value, name, new)
    elif is_program_class(value) and name == "__doc__":
        type.__setattr__(value, name, new)
    elif is_program_class(value) and name in _SETTABLE_ON_CLASSES:
        from noodle_ray.core.vm.classes.dunders import add_special

        check_special(value, name)

        namespace: dict[str, Any] = {}
        add_special(namespace, name, new)
        for key, each in namespace.items():
            type.__setattr__(value, key, each)
    else:
        raise _refusal(value, name)


def del_attribute(value: Any, name: str) -> None:
    """``del value.name``."""
    name = attribute_name(name)
    kind = type(value)
    if is_dunder(name):
        raise _refusal(value, name)
    if isinstance(kind, ProgramType) or is_program_function(value) or isinstance(value, BaseException):
        delattr(value, mark(name))
    elif kind is ProgramType and value not in HOSTED:
        members = value.__dict__.get(mark("__members__"))
        if members is not None and name in members:
            raise AttributeError(f"'{value.__name__}' cannot delete member '{name}'.")
        type.__delattr__(value, mark(name))
    else:
        raise _refusal(value, name)


def _refusal(value: Any, name: str) -> Exception:
    if isinstance(value, type):
        return TypeError(f"cannot set '{name}' attribute of immutable type '{value.__name__}'")
    if isinstance(value, Standin):
        return TypeError(f"cannot set '{name}' attribute of immutable type '{value.name}'")
    try:
        methods.attribute(value, name)
    except AttributeError as error:
        return error
    return AttributeError(f"'{methods.type_name(value)}' object attribute '{name}' is read-only", name=name)


def names_of(value: Any) -> list[str]:
    """What dir() lists: public names that a program can use, sorted."""
    value = value.real if type(value) is Vetted else value
    kind = type(value)
    names: set[str] = set()
    classes = value.__mro__ if isinstance(value, type) else kind.__mro__
    for each in classes:
        if isinstance(each, ProgramType):
            names.update(key[1:] for key in each.__dict__ if key[:1] == MARK and not is_dunder(key[1:]))
            names.update(key for key in each.__dict__ if key in CLASS_DUNDERS)
        elif each in _OPEN:
            names.update(key for key in dir(each) if key in _SPECIAL_METHODS)
            names.update(key for key, table in methods.METHODS.items() if dict.get(table, each) is not None)
    if not isinstance(value, type) and attributes_of(value) is not _MISSING:
        names.update(attributes_of(value))
    if isinstance(value, Module):
        from noodle_ray.core.vm.catalog import MODULES

        names.update(MODULES[value.name])
    if kind is not ProgramType and not isinstance(kind, ProgramType):
        names.update(key for key, table in methods.METHODS.items() if dict.get(table, kind) is not None)
    return sorted(name for name in names if name)
