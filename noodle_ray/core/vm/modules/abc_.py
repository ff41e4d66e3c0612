"""The abc module: which methods a class lacks is found when the class is made (`core.vm.classes.make`)."""

from typing import Any, Final

from noodle_ray.core.vm.classes.functions import ProgramFunction, is_program_function
from noodle_ray.core.vm.classes.kinds import is_instance
from noodle_ray.core.vm.classes.make import ABC, MetaclassName
from noodle_ray.core.vm.methods import register


def abstractmethod(funcobj: Any, /) -> Any:
    """abc.abstractmethod."""
    if is_program_function(funcobj) or isinstance(funcobj, ProgramFunction):
        funcobj.__isabstractmethod__ = True
    elif isinstance(funcobj, staticmethod | classmethod):
        abstractmethod(funcobj.__func__)
    elif isinstance(funcobj, property):
        abstractmethod(funcobj.fget)
    elif is_instance(funcobj):
        raise TypeError("abstractmethod() takes a function in Noodle")
    return funcobj


def abstractproperty(fget: Any) -> Any:
    """abc.abstractproperty."""
    return property(abstractmethod(fget))


def abstractclassmethod(function: Any) -> Any:
    """abc.abstractclassmethod."""
    return classmethod(abstractmethod(function))


def abstractstaticmethod(function: Any) -> Any:
    """abc.abstractstaticmethod."""
    return staticmethod(abstractmethod(function))


register(MetaclassName)
MEMBERS: Final[dict[str, Any]] = {
    "ABC": ABC,
    "ABCMeta": MetaclassName("abc.ABCMeta", ABC),
    "abstractclassmethod": abstractclassmethod,
    "abstractmethod": abstractmethod,
    "abstractproperty": abstractproperty,
    "abstractstaticmethod": abstractstaticmethod,
}
