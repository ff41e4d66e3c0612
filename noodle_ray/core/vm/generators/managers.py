"""``with``: how a manager is entered and left, one of the program or of ours."""

from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.generators.special import special
from noodle_ray.light import Any, Callable, Final, FunctionType, MethodType


class Traceback:
    """What a program gets for a traceback: nothing can be read from it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<traceback object>"


Traceback.__name__ = Traceback.__qualname__ = "traceback"
Traceback.__module__ = "builtins"
TRACEBACK: Final = Traceback()


def enter(manager: Any) -> tuple[Callable[..., Any], Any]:
    """Enter a manager: what leaves it, and the value of ``as``."""
    kind = type(manager)
    if isinstance(kind, ProgramType):
        namespace = kind.__dict__
        entering, leaving = namespace.get("__enter__"), namespace.get("__exit__")
        if type(entering) is FunctionType and type(leaving) is FunctionType:  # as most are
            return MethodType(leaving, manager), entering(manager)
    begin, end = _protocol(manager)
    return end, begin()


def leave(end: Callable[..., Any], error: BaseException) -> bool:
    """Leave a manager because of an exception; whether it swallows that."""
    return bool(end(type(error), error, TRACEBACK))


def _protocol(manager: object) -> tuple[Any, Any]:
    """How a manager is entered and left. Raises TypeError in CPython's words for what is none."""
    message = f"'{type(manager).__name__}' object does not support the context manager protocol"
    enter = special(manager, "__enter__")
    if enter is None:
        raise TypeError(message)
    leave = special(manager, "__exit__")
    if leave is None:
        raise TypeError(message + " (missed __exit__ method)")
    return enter, leave
