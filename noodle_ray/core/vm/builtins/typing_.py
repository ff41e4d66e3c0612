"""Builtins about types. Sets are dicts underneath, and some classes stay hidden: these know."""

import builtins
from types import UnionType
from typing import Any

from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.types import real_type, type_of


def isinstance(obj: Any, class_or_tuple: Any, /) -> bool:
    """isinstance()."""
    if class_or_tuple is dict:
        return builtins.isinstance(obj, dict) and not builtins.isinstance(obj, AnySet)
    if builtins.isinstance(class_or_tuple, tuple):
        return any(isinstance(obj, kind) for kind in class_or_tuple)
    if builtins.isinstance(class_or_tuple, UnionType):
        return any(isinstance(obj, kind) for kind in class_or_tuple.__args__)
    if class_or_tuple is AnySet:
        return False
    return builtins.isinstance(obj, real_type(class_or_tuple))


def issubclass(cls: Any, class_or_tuple: Any, /) -> bool:
    """issubclass()."""
    if builtins.isinstance(class_or_tuple, tuple):
        return any(issubclass(cls, kind) for kind in class_or_tuple)
    if builtins.isinstance(class_or_tuple, UnionType):
        return any(issubclass(cls, kind) for kind in class_or_tuple.__args__)
    cls = real_type(cls)
    if class_or_tuple is dict and builtins.isinstance(cls, type) and builtins.issubclass(cls, AnySet):
        return False
    return builtins.issubclass(cls, real_type(class_or_tuple))


type_of_value = type_of
