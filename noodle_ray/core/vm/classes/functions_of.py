"""The builtins about attributes and classes."""

from noodle_ray.core.vm import methods
from noodle_ray.core.vm.classes.access import attribute_name, attributes_of, names_of
from noodle_ray.core.vm.classes.dunders import Paid, bound
from noodle_ray.core.vm.classes.kinds import clean_error, is_instance
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final

_NONE: Final = object()


def getattr_builtin(obj: Any, name: Any, default: Any = _NONE, /) -> Any:
    """getattr()."""
    try:
        return methods.attribute(obj, attribute_name(name))
    except AttributeError as error:
        if default is not _NONE:
            return default
        clean_error(error)
        raise


def hasattr_builtin(obj: Any, name: Any, /) -> bool:
    """hasattr()."""
    try:
        methods.attribute(obj, attribute_name(name))
    except AttributeError:
        return False
    return True


def setattr_builtin(obj: Any, name: Any, value: Any, /) -> None:
    """setattr()."""
    methods.set_attribute(obj, attribute_name(name), value)


def delattr_builtin(obj: Any, name: Any, /) -> None:
    """delattr()."""
    methods.del_attribute(obj, attribute_name(name))


def vars_builtin(*args: Any) -> Any:
    """vars() of an object or class."""
    if len(args) != 1:
        raise TypeError("vars() takes exactly one argument in Noodle")
    found = attributes_of(args[0])
    if found is _MISSING:
        raise TypeError("vars() argument must have __dict__ attribute")
    return found


_MISSING: Final = attributes_of(0)


def dir_builtin(*args: Any) -> list[str]:
    """dir() of a value."""
    if len(args) != 1:
        raise TypeError("dir() takes exactly one argument in Noodle")
    value = args[0]
    if is_instance(value):
        own = getattr(type(value), mark("__dir__"), None)
        if own is not None:
            return sorted(bound(own, value)())
    names = names_of(value)
    S.charge(len(names) >> 3)
    return names


_NOTHING: Final = object()


def aiter_builtin(async_iterable: Any, /) -> Any:
    """aiter()."""
    from noodle_ray.core.vm.generators.special import special

    start = special(async_iterable, "__aiter__")
    if start is None:
        raise TypeError(f"'{type(async_iterable).__name__}' object is not an async iterable")
    return start()


def anext_builtin(async_iterator: Any, default: Any = _NOTHING, /) -> Any:
    """anext()."""
    from noodle_ray.core.vm.generators.awaiting import await_
    from noodle_ray.core.vm.generators.special import special

    step = special(async_iterator, "__anext__")
    if step is None:
        raise TypeError(f"'{type(async_iterator).__name__}' object is not an async iterator")
    if default is _NOTHING:
        return step()

    async def or_default() -> Any:
        try:
            return await_(step())
        except StopAsyncIteration:
            return default

    return or_default()


VALUES: Final[dict[str, Any]] = {
    "aiter": aiter_builtin,
    "anext": anext_builtin,
    "classmethod": classmethod,
    "delattr": delattr_builtin,
    "dir": dir_builtin,
    "getattr": getattr_builtin,
    "hasattr": hasattr_builtin,
    "object": object,
    "property": property,
    "setattr": setattr_builtin,
    "staticmethod": staticmethod,
    "super": super,
    "vars": vars_builtin,
    ".super": super,
}
"""Each by its name."""


def _accessor(method: Any) -> Callable[[Any], Any]:
    """A property's ``setter`` or the like as a value: who calls it later is not seen in the module's instructions
    (`core.nbc.costs.leaves`), so what it is given pays whenever the property calls it."""
    return lambda value: lambda function: method(value, Paid(function))


def _given(function: Any) -> Any:
    return function.function if type(function) is Paid else function


methods.register(
    property,
    methods={"deleter": property.deleter, "getter": property.getter, "setter": property.setter},
    attributes={
        "fget": lambda value: _given(value.fget),
        "fset": lambda value: _given(value.fset),
        "fdel": lambda value: _given(value.fdel),
        "deleter": _accessor(property.deleter),
        "getter": _accessor(property.getter),
        "setter": _accessor(property.setter),
    },
)
for _kind in (staticmethod, classmethod, super, object):
    methods.register(_kind)
