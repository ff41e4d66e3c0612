"""What the modules share: vetting CPython's own functions and types, and charging for the size of what they are given.

Fuel is charged before the work is done, from the sizes of the arguments: a *weight* is in units for 16 characters,
bytes or elements, so that weight 1 is what C takes to look at them once, and about 16 what Python code takes.
"""

from _operator import attrgetter
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import without_addresses

_SMALL: Final = 63
_SIZED: Final = (str, bytes, bytearray, list, tuple, dict)


def charge_size(size: int, weight: int = 1) -> None:
    """Charge for work on so many characters, bytes or elements; a few are free."""
    if size > _SMALL:
        S.charge(size * weight >> 4)


def size_of(value: object) -> int:
    """How long a text, bytes or a container really is, whatever a class of the program says; 0 for anything else."""
    for kind in _SIZED:
        if isinstance(value, kind):
            return kind.__len__(value)  # type: ignore[arg-type]
    return 0


def charge_value(value: object, weight: int = 1) -> None:
    """Charge for work on a text, bytes or a container; anything else is free."""
    charge_size(size_of(value), weight)


def refuse_beyond_memory(size: int) -> None:
    """End the run if something of so many bytes cannot fit its memory limit, before making it takes any time."""
    if size > S.memory:
        S.tripped = "memory"
        raise LimitExceeded("memory")


def metered(function: Callable[..., Any], weight: int = 1) -> Callable[..., Any]:
    """The function or method, paying for the sizes of what it is given."""

    @wraps(function, ("__name__", "__qualname__"), ())
    def paying(*args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            charge_value(value, weight)
        return function(*args, **kwargs)

    del paying.__wrapped__
    return paying


def finite(items: Any) -> Any:
    """An iterable that may never end, paying on the way; a container as it is."""
    if isinstance(items, _SIZED):
        charge_value(items)
        return items
    return _paid(iter(items))


def _paid(items: Any) -> Any:
    for count, item in enumerate(items):
        if count & 1023 == 1023:
            S.charge(1024)
        yield item


def telling(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose errors tell of no address of what it was given."""

    @wraps(function, ("__name__", "__qualname__"), ())
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (TypeError, ValueError) as error:
            error.args = tuple(without_addresses(each) if type(each) is str else each for each in error.args)
            raise

    del call.__wrapped__
    return call


def readers(*names: str) -> dict[str, Callable[[Any], Any]]:
    """Readers of these attributes, by name."""
    return {name: attrgetter(name) for name in names}


def methods(kind: type, names: str) -> dict[str, Callable[..., Any]]:
    """CPython's own methods of a type, by name."""
    return {name: getattr(kind, name) for name in names.split()}
