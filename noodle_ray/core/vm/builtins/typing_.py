"""Builtins about types. Sets are dicts underneath, and some classes stay hidden: these know."""

import builtins

from noodle_ray.core.vm.classes.kinds import HOSTED, ProgramType
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.types import TYPE, Standin, Vetted, real_type
from noodle_ray.light import Any, UnionType


def _choices(class_or_tuple: Any) -> Any:
    """The members of a tuple or union of classes, or None."""
    if type(class_or_tuple) is tuple:
        return class_or_tuple
    return class_or_tuple.__args__ if type(class_or_tuple) is UnionType else None


def _is_asked(cls: Any) -> bool:
    """Whether a class may stand for values that are no objects of it: an abstract class of the library, a protocol."""
    return cls in HOSTED or _PROTOCOL in cls.__dict__ or (cls.__dict__.get(_IS_PROTOCOL) is not None)


def _stands_for(cls: Any, value: Any, kind: Any) -> bool:
    names = cls.__dict__.get(_PROTOCOL)
    if names is not None:
        from noodle_ray.core.vm.modules.typing_ import conforms

        return conforms(value, names)
    if _IS_PROTOCOL in cls.__dict__:
        raise TypeError("Instance and class checks can only be used with @runtime_checkable protocols")
    from noodle_ray.core.vm.classes.abstract import NAMES, belongs

    return cls in NAMES and belongs(kind, NAMES[cls])


_PROTOCOL = mark("_is_runtime_protocol")
_IS_PROTOCOL = mark("_is_protocol")


def isinstance(obj: Any, class_or_tuple: Any, /) -> bool:
    """isinstance()."""
    meta = type(class_or_tuple)
    if meta is Vetted:
        class_or_tuple, meta = class_or_tuple.real, type
        if class_or_tuple is not dict:
            return builtins.isinstance(obj, class_or_tuple)
    if meta is ProgramType or builtins.isinstance(class_or_tuple, ProgramType):
        return builtins.isinstance(obj, class_or_tuple) or (
            _is_asked(class_or_tuple) and _stands_for(class_or_tuple, obj, type(obj))
        )
    if meta is type and class_or_tuple is not dict:
        return builtins.isinstance(obj, class_or_tuple)
    if class_or_tuple is dict:
        return builtins.isinstance(obj, dict) and not builtins.isinstance(obj, AnySet)
    if class_or_tuple is TYPE:
        return builtins.isinstance(obj, type | Standin)
    choices = _choices(class_or_tuple)
    if choices is not None:
        for kind in choices:  # noqa: SIM110 (a generator would cost more than the loop)
            if isinstance(obj, kind):
                return True
        return False
    matches = getattr(meta, "has_instance", None)
    if matches is not None:
        return bool(matches(class_or_tuple, obj))
    return builtins.isinstance(obj, real_type(class_or_tuple))


def issubclass(cls: Any, class_or_tuple: Any, /) -> bool:
    """issubclass()."""
    choices = _choices(class_or_tuple)
    if choices is not None:
        return any(issubclass(cls, kind) for kind in choices)
    cls, class_or_tuple = real_type(cls), class_or_tuple.real if type(class_or_tuple) is Vetted else class_or_tuple
    if builtins.isinstance(class_or_tuple, ProgramType) and builtins.isinstance(cls, type):
        return builtins.issubclass(cls, class_or_tuple) or (
            class_or_tuple in HOSTED and _stands_for(class_or_tuple, None, cls)
        )
    matches = getattr(type(class_or_tuple), "has_subclass", None)
    if matches is not None and builtins.isinstance(cls, type):
        return bool(matches(class_or_tuple, cls))
    if class_or_tuple is dict and type(cls) is type and builtins.issubclass(cls, AnySet):
        return False
    return builtins.issubclass(cls, real_type(class_or_tuple))
