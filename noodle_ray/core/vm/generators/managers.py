"""``with``: the guard between CPython's own statement and a manager of the program or of ours."""

from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.generators.passing import Passing
from noodle_ray.core.vm.generators.special import special


class Traceback:
    """What a program gets for a traceback: nothing can be read from it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<traceback object>"


Traceback.__name__ = Traceback.__qualname__ = "traceback"
Traceback.__module__ = "builtins"
TRACEBACK: Final = Traceback()


class Guard:
    """Enters and leaves a manager. It is left however its block ends, but never for a limit."""

    __slots__ = ("_enter", "_exit", "_passing")

    def __init__(self, manager: object, passing: Passing) -> None:
        enter = special(manager, "__enter__")
        if enter is None:
            raise TypeError(f"{_described(manager)} object does not support the context manager protocol")
        leave = special(manager, "__exit__")
        if leave is None:
            raise TypeError(
                f"{_described(manager)} object does not support the context manager protocol (missed __exit__ method)"
            )
        self._enter: Callable[[], Any] = enter
        self._exit: Callable[[object, object, object], Any] = leave
        self._passing = passing

    def __enter__(self) -> Any:
        return self._enter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> bool:
        if error is None:
            self._exit(None, None, None)
            return False
        if self._passing.passes(error):
            return False
        return bool(self._exit(kind, error, TRACEBACK))


def _described(value: object) -> str:
    return f"'{type(value).__name__}'"
