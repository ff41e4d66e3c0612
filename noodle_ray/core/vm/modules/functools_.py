"""The functools module: CPython's own caches and partials around the program's callables; names and attributes of
functions go through the tables."""

import functools
from abc import ABCMeta
from types import UnionType
from typing import Any, Final

from noodle_ray.core.vm.builtins import BUILTINS
from noodle_ray.core.vm.builtins.iteration import metered
from noodle_ray.core.vm.builtins.typing_ import issubclass as is_subclass
from noodle_ray.core.vm.classes.access import attribute_name
from noodle_ray.core.vm.classes.functions import is_program_function
from noodle_ray.core.vm.classes.kinds import HOSTED, is_instance
from noodle_ray.core.vm.methods import attribute, register, set_attribute
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of, open_type, real_type

WRAPPER_ASSIGNMENTS: Final = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")
WRAPPER_UPDATES: Final = ("__dict__",)


def reduce(*args: Any) -> Any:
    """functools.reduce."""
    if len(args) < 2:
        return functools.reduce(*args)
    try:
        items = metered(args[1])
    except TypeError:
        items = args[1]
    return functools.reduce(call_of(args[0]), items, *args[2:])


def partialmethod(func: Any, /, *args: Any, **keywords: Any) -> Any:
    """functools.partialmethod."""
    return functools.partialmethod(func, *args, **keywords)


def cmp_to_key(mycmp: Any) -> Any:
    """functools.cmp_to_key."""
    return functools.cmp_to_key(call_of(mycmp))


def lru_cache(maxsize: Any = 128, typed: Any = False) -> Any:
    """functools.lru_cache."""
    return functools.lru_cache(maxsize, typed)


def cache(user_function: Any, /) -> Any:
    """functools.cache."""
    return functools.lru_cache(None)(user_function)


def cached_property(func: Any) -> Any:
    """functools.cached_property."""
    return functools.cached_property(func)


def update_wrapper(
    wrapper: Any, wrapped: Any, assigned: Any = WRAPPER_ASSIGNMENTS, updated: Any = WRAPPER_UPDATES
) -> Any:
    """functools.update_wrapper."""
    for name in map(attribute_name, assigned):
        try:
            value = attribute(wrapped, name)
        except AttributeError:
            continue
        if name != "__annotations__":
            _set(wrapper, name, value)
        elif value and is_program_function(wrapper):
            wrapper.__dict__[mark(name)] = value
    for name in map(attribute_name, updated):
        for key, value in _attributes(wrapped, name).items():
            set_attribute(wrapper, key, value)
    _set(wrapper, "__wrapped__", wrapped)
    return wrapper


def _set(wrapper: Any, name: str, value: Any) -> None:
    """Set a special attribute; objects keep theirs as any other."""
    if is_instance(wrapper):
        setattr(wrapper, mark(name), value)
    else:
        set_attribute(wrapper, name, value)


def _attributes(wrapped: Any, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = attribute(wrapped, name)
    except AttributeError:
        return {}
    return found


def wraps(wrapped: Any, assigned: Any = WRAPPER_ASSIGNMENTS, updated: Any = WRAPPER_UPDATES) -> Any:
    """functools.wraps."""
    return functools.partial(update_wrapper, wrapped=wrapped, assigned=assigned, updated=updated)


def total_ordering(cls: Any) -> Any:
    """functools.total_ordering."""
    return functools.total_ordering(cls)


def _classes(kind: Any) -> tuple[Any, ...]:
    """The classes that a registration names; () for what is no class."""
    if isinstance(kind, UnionType):
        return tuple(real_type(each) for each in kind.__args__)
    kind = real_type(kind)
    return (kind,) if isinstance(kind, type) else ()


def _is_abstract(kind: Any) -> bool:
    """Whether classes belong to a class of the library by what they have, and not by what they are derived from."""
    return kind in HOSTED or type(kind) is ABCMeta


class _Generic:
    """A function of singledispatch."""

    __slots__ = ("abstract", "function", "registry")

    def __init__(self, function: Any) -> None:
        self.function = function
        self.registry: dict[Any, Any] = {object: function}
        self.abstract: list[Any] = []

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if not args:
            raise TypeError(f"{attribute(self.function, '__name__')} requires at least 1 positional argument")
        return self.dispatch(type(args[0]))(*args, **kwargs)

    def __repr__(self) -> str:
        return repr(self.function)

    def dispatch(self, cls: Any) -> Any:
        """The implementation for a class."""
        order = real_type(cls).__mro__
        if issubclass(order[0], AnySet):
            order = tuple(kind for kind in order if kind is not dict)  # which sets are underneath
        for kind in order[:-1]:
            if kind in self.registry:
                return self.registry[kind]
            if self.abstract:
                found = self._stands_for(kind, order[order.index(kind) + 1 : -1])
                if found is not None:
                    return self.registry[found]
        return self.registry[object]

    def _stands_for(self, kind: Any, bases: tuple[Any, ...]) -> Any:
        """The abstract class that a class belongs to, and none of its bases; of several the most special."""
        S.charge(8 * len(self.abstract) * (1 + len(bases)))
        found = [
            each
            for each in self.abstract
            if is_subclass(kind, each) and not any(is_subclass(base, each) for base in bases)
        ]
        best = [each for each in found if all(is_subclass(each, other) for other in found)]
        if found and not best:
            raise RuntimeError(f"Ambiguous dispatch: {found[0]} or {found[1]}")
        return best[0] if best else None

    def register(self, cls: Any, func: Any = None) -> Any:
        """Add an implementation, or make the decorator that does."""
        kinds = _classes(cls)
        if kinds:
            if func is None:
                return lambda function: self.register(cls, function)
        else:
            if func is not None:
                raise TypeError(f"Invalid first argument to `register()`. {cls!r} is not a class or union type.")
            func, kinds = cls, _annotated(cls)
        self.registry.update(dict.fromkeys(kinds, func))
        self.abstract += [kind for kind in kinds if _is_abstract(kind) and kind not in self.abstract]
        return func


def _annotated(function: Any) -> tuple[Any, ...]:
    """The classes that the annotation of a function's first parameter after ``self`` names."""
    kinds: tuple[Any, ...] = ()
    if is_program_function(function):
        known = [kind for name, kind in attribute(function, "__annotations__").items() if name != "return"]
        if known and type(known[0]) is not str:
            return _checked(_classes(type(None) if known[0] is None else known[0]), function)
    for name in _annotation(function).split("|"):
        kind = BUILTINS.get(name.strip()) or S.lookup(name.strip())
        kinds += (type(None),) if name.strip() == "None" else _classes(kind)
    return _checked(kinds, function)


def _checked(kinds: tuple[Any, ...], function: Any) -> tuple[Any, ...]:
    if not kinds:
        raise TypeError(
            f"Invalid first argument to `register()`: {function!r}. "
            "Use either `@register(some_class)` or plain `@register` on an annotated function."
        )
    return kinds


def _annotation(function: Any) -> str:
    """The first annotation of a function of the program, as text; '' if there is none."""
    if S.module is None or not is_program_function(function):
        return ""
    code = getattr(function, "__code__", None)
    if code is None:  # one of the interpreter's
        made = function.function
    else:
        alike = (each for each in S.module.functions if each.name == code.co_name)
        made = next((each for each in alike if each.span[0] == code.co_firstlineno), None)
    return next((param.annotation for param in made.params if param.annotation), "") if made else ""


def singledispatch(func: Any) -> Any:
    """functools.singledispatch."""
    return _Generic(func)


class _GenericMethod:
    """A method of singledispatchmethod."""

    __slots__ = ("generic",)

    def __init__(self, function: Any) -> None:
        self.generic = _Generic(function)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        generic = self.generic

        def method(*args: Any, **kwargs: Any) -> Any:
            return generic.dispatch(type(args[0])).__get__(instance, owner)(*args, **kwargs)

        return method


def singledispatchmethod(func: Any) -> Any:
    """functools.singledispatchmethod."""
    return _GenericMethod(func)


for _class in (_Generic, _GenericMethod):
    _class.__module__ = "functools"
    _class.__name__ = _class.__qualname__ = "function" if _class is _Generic else "singledispatchmethod"

_key = type(functools.cmp_to_key(lambda a, b: 0)(None))
_cached: Final = type(functools.lru_cache(lambda: None))
_info: Final = type(functools.lru_cache(lambda: None).cache_info())

register(
    functools.partial,
    attributes={
        "func": lambda self: self.func, "args": lambda self: self.args, "keywords": lambda self: self.keywords,
    },
)  # fmt: skip
register(_key, attributes={"obj": lambda self: self.obj})
register(
    _cached,
    methods={
        "cache_info": lambda self: self.cache_info(), "cache_clear": lambda self: self.cache_clear(),
        "cache_parameters": lambda self: self.cache_parameters(),
    },
)  # fmt: skip
register(
    _info,
    methods={"count": tuple.count, "index": tuple.index},
    attributes={name: getattr(_info, name).__get__ for name in _info._fields},
)
register(
    _Generic,
    methods={"register": _Generic.register, "dispatch": _Generic.dispatch},
    attributes={"registry": lambda self: {open_type(kind): each for kind, each in self.registry.items()}},
)
register(_GenericMethod, methods={"register": lambda self, cls, func=None: self.generic.register(cls, func)})

MEMBERS: Final[dict[str, Any]] = {
    "WRAPPER_ASSIGNMENTS": WRAPPER_ASSIGNMENTS,
    "WRAPPER_UPDATES": WRAPPER_UPDATES,
    "cache": cache,
    "cached_property": cached_property,
    "cmp_to_key": cmp_to_key,
    "lru_cache": lru_cache,
    "partial": functools.partial,
    "partialmethod": partialmethod,
    "reduce": reduce,
    "singledispatch": singledispatch,
    "singledispatchmethod": singledispatchmethod,
    "total_ordering": total_ordering,
    "update_wrapper": update_wrapper,
    "wraps": wraps,
}
