"""The reprlib module: CPython's own, without the addresses in its texts. The module's one Repr is the run's own."""

import reprlib
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.methods import register, register_setters
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.vetting import readers
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_repr, without_addresses

_LIMITS: Final = (
    *("fillvalue", "maxarray", "maxdeque", "maxdict", "maxfrozenset", "maxlevel", "maxlist", "maxlong", "maxother"),
    *("maxset", "maxstring", "maxtuple"),
)


class Repr(reprlib.Repr):
    """reprlib.Repr."""

    def repr(self, x: Any) -> str:
        """reprlib.Repr.repr."""
        S.charge(64)
        return without_addresses(super().repr(x))

    def repr_instance(self, x: Any, level: int) -> str:
        """The text of an object: what its class makes of it; errors of programs show as in CPython."""
        try:
            text = to_repr(x)
        except Exception:
            return f"<{type(x).__name__} instance>"
        if len(text) > self.maxother:
            head = max(0, (self.maxother - 3) // 2)
            tail = max(0, self.maxother - 3 - head)
            text = text[:head] + self.fillvalue + text[len(text) - tail :]
        return text


class _Shared:
    """What ``reprlib.repr`` uses."""

    def __init__(self) -> None:
        self.one = Repr()


_shared: Final = _Shared()
on_start(_shared.__init__, "reprlib")  # type: ignore[misc]


def repr(x: Any) -> str:  # the name is CPython's
    """reprlib.repr."""
    return _shared.one.repr(x)


def recursive_repr(fillvalue: Any = "...") -> Callable[[Any], Any]:
    """reprlib.recursive_repr."""

    def decorating(function: Any) -> Any:
        inside: list[Any] = []

        def wrapper(self: Any) -> Any:
            S.charge(4)
            if any(self is each for each in inside):
                return fillvalue
            inside.append(self)
            try:
                return function(self)
            finally:
                inside.pop()

        wrapper.__name__ = wrapper.__qualname__ = "__repr__"
        return wrapper

    return decorating


Repr.__module__ = "reprlib"
register(Repr, methods={"repr": Repr.repr}, attributes=readers(*_LIMITS))
register_setters(Repr, *_LIMITS)

MEMBERS: dict[str, Any] = {"Repr": Repr, "recursive_repr": recursive_repr, "repr": repr}
