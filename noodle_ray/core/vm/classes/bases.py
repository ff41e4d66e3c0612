"""What a program's class may be derived from: objects, exceptions, plain data, and its own classes."""

from builtins import set as builtin_set

from noodle_ray.core.vm.classes.kinds import ProgramType, hosted, is_program_class
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.sets import AnySet, frozenset, set
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import OPEN_TYPES, Vetted
from noodle_ray.light import Any, Callable, Final, GenericAlias, GetSetDescriptorType, MemberDescriptorType

_DATA: Final = (list, dict, tuple, str, int, float, complex, bytes, set, frozenset)
LIBRARY_BASES: Final[builtin_set[type]] = builtin_set()
"""Containers of the library's modules that classes may be derived from; the modules enter them."""
_mixins: Final[dict[type, type]] = {}
_ERROR_MODULES: Final = ("builtins", "json.decoder", "decimal", "re", "copy", "statistics", "zlib", "binascii", "csv")


def real_bases(bases: tuple[Any, ...]) -> tuple[type, ...]:
    """The bases as CPython is given them: those of the host get a mixin with their methods under marked names.

    Raises TypeError for what no class may be derived from.
    """
    found: list[type] = []
    mixins: dict[type, type] = {}
    if any(map(is_metaclass, bases)):
        return _metaclasses(bases)
    for given in bases:
        base: Any = given.__origin__ if type(given) is GenericAlias else getattr(given, "origin", None) or given
        base = base.real if type(base) is Vetted else base
        if isinstance(base, ProgramType) or base is object:
            found.append(base)
        elif any(base is kind for kind in (*_DATA, *LIBRARY_BASES)):
            found.append(base)
            mixins[base] = mixin(base)
        elif _is_exception(base):
            found.append(base)
            mixins[base] = _error_mixin(base)
        else:
            name = getattr(base, "name", None) or getattr(base, "__name__", type(base).__name__)
            raise TypeError(f"type '{name}' is not an acceptable base type")
    known = {kind for base in found for kind in base.__mro__}
    made: list[type] = []
    for base in found:
        each = mixins.get(base)
        if each is not None and each not in known:  # before the base, whose objects it makes
            known.add(each)
            made.append(each)
        made.append(base)
    return tuple(made)


def new_object(kind: Any, cls: type, *args: Any, **kwargs: Any) -> Any:
    """``kind.__new__`` for a class derived from a builtin type: its objects are made as a call of that is vetted."""
    return (
        kind.__new__(cls, OPEN_TYPES[kind](*args, **kwargs)) if kind in _TEXTS else kind.__new__(cls, *args, **kwargs)
    )


_TEXTS: Final = (bytes, str, tuple)
"""Those whose contents ``__new__`` makes of its arguments."""
CONSTRUCTORS: Final[dict[type, Callable[..., None]]] = {}
"""``__init__`` of types whose contents that makes of its arguments, as far as it has to be vetted."""


def _vetted_new(kind: Any) -> Callable[..., Any]:
    """``__new__`` of classes derived from a type of _TEXTS."""
    from noodle_ray.core.vm.classes.access import Maker

    make, maker = kind.__new__, Maker(kind.__new__)

    def __new__(cls: Any, /, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and type(args[0]) is kind and len(args[0]) <= _SHORT and not kwargs and is_program_class(cls):
            return make(cls, *args)  # which needs no vetting
        return maker(cls, *args, **kwargs)

    return __new__


def paying_init(kind: Any) -> Callable[..., None]:
    """``__init__`` of a container, paid for by what it then has."""
    init, size = kind.__init__, kind.__len__

    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if args or kwargs:
            length = size(self)
            if length > _SHORT:
                S.charge(length >> 4)

    return __init__


def _init_dict(self: Any, /, *args: Any, **kwargs: Any) -> None:
    """dict.__init__, but not for sets, which are dicts underneath."""
    if isinstance(self, AnySet):
        raise TypeError(f"descriptor '__init__' requires a 'dict' object but received a '{type(self).__name__}'")
    _paying_dict(self, *args, **kwargs)


_SHORT: Final = 63
_paying_dict: Final = paying_init(dict)
CONSTRUCTORS.update({dict: _init_dict, list: paying_init(list)})


METACLASSES: Final[dict[str, Any]] = {}
"""What metaclasses of programs are derived from in place of ``type`` and ``ABCMeta``, by their names."""


def is_metaclass(base: Any) -> bool:
    """Whether a base makes the class derived from it one of classes."""
    if isinstance(base, type):
        return issubclass(base, ProgramType)
    return (
        not isinstance(base, GenericAlias)
        and getattr(base, "name", None) in METACLASSES
        and not hasattr(base, "origin")
    )


def _metaclasses(bases: tuple[Any, ...]) -> tuple[type, ...]:
    """The bases of a metaclass: nothing else may bring special methods that CPython looks for on classes."""
    found = tuple(base if isinstance(base, type) else METACLASSES.get(getattr(base, "name", "")) for base in bases)
    if not all(base in METACLASSES.values() or (is_program_class(base) and is_metaclass(base)) for base in found):
        raise TypeError("a metaclass has no bases but metaclasses in Noodle")
    return tuple(base for base in found if base is not None)


def _is_exception(base: Any) -> bool:
    return type(base) is type and issubclass(base, BaseException) and base.__module__ in _ERROR_MODULES


def mixin(kind: type) -> type:
    """The methods of a builtin type that programs may call, as a base of classes derived from that type."""
    from noodle_ray.core.vm.methods import ATTRIBUTES, METHODS, static_method

    known = _mixins.get(kind)
    if known is not None:
        return known
    namespace: dict[str, Any] = {"__slots__": (), "__module__": "builtins"}
    for name, table in METHODS.items():
        method = dict.get(table, kind)
        if method is None or getattr(method, "__name__", "") == "through_attribute":
            continue
        static = static_method(kind, name)
        namespace[mark(name)] = staticmethod(static) if static is not None else _strict(kind, name, method)
    for name, readers in ATTRIBUTES.items():
        if kind in readers:
            namespace[mark(name)] = property(readers[kind])
    if kind is dict or kind in LIBRARY_BASES:
        namespace[mark("fromkeys")] = classmethod(_fromkeys)
    if issubclass(kind, AnySet):
        namespace.pop(mark("fromkeys"), None)
    if kind in _TEXTS:
        namespace["__new__"] = _vetted_new(kind)
    if kind in CONSTRUCTORS:
        namespace["__init__"] = CONSTRUCTORS[kind]
    made = _mixins[kind] = hosted(ProgramType(kind.__name__, (), namespace))
    return made


def is_mixin(cls: type) -> bool:
    """Whether a class only brings the methods of a builtin type."""
    return cls in _mixins.values()


def _strict(kind: type, name: str, method: Any) -> Any:
    if name == "add" and kind is set:
        from noodle_ray.core.vm import sets

        return sets.add
    if type(method).__name__ in ("method_descriptor", "function"):
        return method

    def call(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return call


def _fromkeys(cls: Any, keys: Any, value: Any = None, /) -> Any:
    new = cls()
    for key in keys:
        new[key] = value
    return new


def _error_mixin(kind: type) -> type:
    """What programs may read off an exception of this builtin class, for exception classes of their own."""
    known = _mixins.get(kind)
    if known is not None:
        return known
    from noodle_ray.core.vm.methods import error_data

    namespace: dict[str, Any] = {"__slots__": (), "__module__": "builtins"}
    for name in error_data(kind):
        namespace[mark(name)] = _data(kind, name)
    namespace[mark("add_note")] = BaseException.add_note
    made = _mixins[kind] = hosted(ProgramType("Exception", (), namespace))
    return made


def _data(kind: type, name: str) -> Any:
    descriptor = getattr(kind, name, None)
    if type(descriptor) in (GetSetDescriptorType, MemberDescriptorType):
        return descriptor
    return property(lambda self: getattr(self, name), lambda self, value: setattr(self, name, value))
