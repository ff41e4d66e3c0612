"""The reprlib module: CPython's own, without the addresses in its texts. The module's one Repr is the run's own."""

from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.methods import register, register_setters
from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.vetting import charge_value, readers
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_repr, without_addresses
from noodle_ray.core.vm.types import call_of

reprlib: Any = own_copy("reprlib")
_LIMITS: Final = (
    *("fillvalue", "maxarray", "maxdeque", "maxdict", "maxfrozenset", "maxlevel", "maxlist", "maxlong", "maxother"),
    *("maxset", "maxstring", "maxtuple"),
)


def _possibly_sorted(x: Any) -> Any:
    """Sorted, if its items can be. What a limit raises is let through."""
    try:
        return sorted(x)
    except LIMITS:
        raise
    except Exception:
        return list(x)


reprlib._possibly_sorted = _possibly_sorted


class Repr(reprlib.Repr):  # type: ignore[misc]
    """reprlib.Repr."""

    def repr(self, x: Any) -> str:
        """reprlib.Repr.repr."""
        S.charge(64)
        return without_addresses(super().repr(x))

    def repr1(self, x: Any, level: int) -> Any:
        """reprlib.Repr.repr1."""
        S.charge(32)
        if isinstance(x, _SORTED):
            S.charge(2 * len(x))
        else:
            charge_value(x)
        return super().repr1(x, level)

    def repr_instance(self, x: Any, level: int) -> str:
        """The text of an object: what its class makes of it; errors of programs show as in CPython."""
        try:
            text = to_repr(x)
        except LIMITS:
            raise
        except Exception:
            return f"<{type(x).__name__} instance>"
        if len(text) > self.maxother:
            head = max(0, (self.maxother - 3) // 2)
            tail = max(0, self.maxother - 3 - head)
            text = text[:head] + self.fillvalue + text[len(text) - tail :]
        return text


_SORTED: Final = (dict, AnySet)


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

        function = call_of(function)

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
