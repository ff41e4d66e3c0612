"""Builtins that consume or make iterables; work proportional to the data is charged."""

import builtins
from collections.abc import Callable, Iterator
from itertools import chain, compress, repeat
from typing import Any, Final

from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of

_OPTIONS: Final = frozenset({"default", "key"})
_SIZED: Final = frozenset({list, tuple, str, dict, bytes})


def _charge_length(items: Any) -> None:
    """Charge for going through the items once, when their number is known beforehand."""
    kind = type(items)
    if kind in _SIZED:
        length = len(items)
    elif kind is range:
        length = max(0, (items.stop - items.start) // items.step)
    else:
        return
    if length > 63:
        S.charge(length >> 4)


def metered(items: Any) -> Any:
    """The items, paid for; those whose number is not known beforehand pay on the way, as they may never end."""
    if type(items) in _SIZED or type(items) is range:
        _charge_length(items)
        return items
    return compress(iter(items), chain.from_iterable(_pay()))


def _pay() -> Iterator[Iterator[bool]]:
    while True:
        yield repeat(True, 1024)
        S.charge(1024 >> 4)


def _charge_result(result: Any, items: Any) -> Any:
    """Charge for a container built from items whose number was not known beforehand."""
    if type(items) not in _SIZED and type(items) is not range and len(result) > 63:
        S.charge(len(result) >> 4)
    return result


def to_list(*args: Any, **kwargs: Any) -> list[Any]:
    """list() as a call."""
    if len(args) != 1:
        return builtins.list(*args, **kwargs)
    _charge_length(args[0])
    return _charge_result(builtins.list(args[0], **kwargs), args[0])  # type: ignore[no-any-return]


def to_tuple(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """tuple() as a call."""
    if len(args) != 1:
        return builtins.tuple(*args, **kwargs)
    _charge_length(args[0])
    return _charge_result(builtins.tuple(args[0], **kwargs), args[0])  # type: ignore[no-any-return]


def to_dict(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    """dict() as a call."""
    new = builtins.dict(*args, **kwargs)
    if len(new) > 63:
        S.charge(len(new) >> 4)
    return new


def sorted(*args: Any, **options: Any) -> list[Any]:
    """sorted()."""
    if len(args) != 1:
        return builtins.sorted(*args, **options)
    result = builtins.list(args[0])
    n = len(result)
    if n > 15:
        S.charge(n * n.bit_length() >> 4)
    if options:
        if "key" in options:
            options["key"] = call_of(options["key"])
        result.sort(**options)
    else:
        result.sort()
    return result


def sum(*args: Any, **options: Any) -> Any:
    """sum()."""
    if not args or options.keys() - {"start"}:
        return builtins.sum(*args, **options)
    return builtins.sum(metered(args[0]), *args[1:], **options)


def any(*args: Any, **options: Any) -> bool:
    """any()."""
    return builtins.any(metered(args[0])) if len(args) == 1 and not options else builtins.any(*args, **options)


def all(*args: Any, **options: Any) -> bool:
    """all()."""
    return builtins.all(metered(args[0])) if len(args) == 1 and not options else builtins.all(*args, **options)


def min(*args: Any, **options: Any) -> Any:
    """min()."""
    return _extreme(builtins.min, args, options)


def max(*args: Any, **options: Any) -> Any:
    """max()."""
    return _extreme(builtins.max, args, options)


def _extreme(function: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    if len(args) == 1 and options.keys() <= _OPTIONS:
        args = (metered(args[0]),)
    if "key" in options:
        options["key"] = call_of(options["key"])
    return function(*args, **options)


def map(*args: Any, **kwargs: Any) -> Iterator[Any]:
    """map() as a call."""
    make: Any = builtins.map
    return make(*[call_of(function) for function in args[:1]], *args[1:], **kwargs)  # type: ignore[no-any-return]


def filter(*args: Any, **kwargs: Any) -> Iterator[Any]:
    """filter() as a call."""
    make: Any = builtins.filter
    return make(*[call_of(function) for function in args[:1]], *args[1:], **kwargs)  # type: ignore[no-any-return]
