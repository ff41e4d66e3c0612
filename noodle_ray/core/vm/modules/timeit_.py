"""The timeit module for functions, by the run's clock. Text is no code, so there are no statements to time."""

from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of

_NUMBER: Final = 1_000_000
_REPEAT: Final = 5


def default_timer() -> float:
    """timeit.default_timer."""
    return S.monotonic()


def _code(what: Any, name: str) -> Any:
    if what == "pass":
        return lambda: None
    if not callable(what):
        raise ValueError(f"{name} is neither a string nor callable" if not isinstance(what, str) else _NO_TEXT)
    return call_of(what)


_NO_TEXT: Final = "there is no way to run text as code in Noodle: time a function, as in timeit(lambda: ...)"


class Timer:
    """timeit.Timer."""

    __slots__ = ("_setup", "_stmt", "_timer")

    def __init__(
        self, stmt: Any = "pass", setup: Any = "pass", timer: Any = default_timer, globals: Any = None
    ) -> None:
        self._stmt, self._setup = _code(stmt, "stmt"), _code(setup, "setup")
        self._timer = call_of(timer)

    def timeit(self, number: Any = _NUMBER) -> Any:
        """timeit.Timer.timeit."""
        S.charge(8)
        self._setup()
        statement, timer = self._stmt, self._timer
        begin = timer()
        for _ in range(number):
            S.charge(4)
            statement()
        return timer() - begin

    def repeat(self, repeat: Any = _REPEAT, number: Any = _NUMBER) -> list[Any]:
        """timeit.Timer.repeat."""
        return [self.timeit(number) for _ in range(repeat)]

    def autorange(self, callback: Any = None) -> tuple[int, Any]:
        """timeit.Timer.autorange."""
        scale = 1
        while True:
            for factor in (1, 2, 5):
                taken = self.timeit(scale * factor)
                if callback:
                    call_of(callback)(scale * factor, taken)
                if taken >= 0.2:
                    return scale * factor, taken
            scale *= 10


def timeit(
    stmt: Any = "pass", setup: Any = "pass", timer: Any = default_timer, number: Any = _NUMBER, globals: Any = None
) -> Any:
    """timeit.timeit."""
    return Timer(stmt, setup, timer).timeit(number)


def repeat(
    stmt: Any = "pass",
    setup: Any = "pass",
    timer: Any = default_timer,
    repeat: Any = _REPEAT,
    number: Any = _NUMBER,
    globals: Any = None,
) -> list[Any]:
    """timeit.repeat."""
    return Timer(stmt, setup, timer).repeat(repeat, number)


Timer.__module__ = "timeit"
register(Timer, methods={"autorange": Timer.autorange, "repeat": Timer.repeat, "timeit": Timer.timeit})

MEMBERS: dict[str, Any] = {"Timer": Timer, "default_timer": default_timer, "repeat": repeat, "timeit": timeit}
