"""Builtins that consume or make iterables; work proportional to the data is charged."""

import builtins
from itertools import chain, compress, repeat

from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of
from noodle_ray.light import Any, Callable, Final, Iterator

_OPTIONS: Final = frozenset({"default", "key"})
_SIZED: Final = frozenset({list, tuple, str, dict, bytes})


def metered(items: Any) -> Any:
    """The items, paid for; those whose number is not known beforehand pay on the way, as they may never end."""
    kind = type(items)
    if kind in _SIZED:
        length = len(items)
    elif kind is range:
        length = max(0, (items.stop - items.start) // items.step)
    else:
        return compress(builtins.iter(items), chain.from_iterable(_pay()))
    if length > 63:
        S.charge(length >> 4)
    return items


def _pay() -> Iterator[Iterator[bool]]:
    while True:
        yield repeat(True, 1024)
        S.charge(1024 >> 4)


def iter(*args: Any, **kwargs: Any) -> Any:
    """iter(); calls of what is called until it gives a sentinel are paid for: a leaf charges nothing itself."""
    if len(args) != 2 or kwargs or not callable(args[0]):
        return builtins.iter(*args, **kwargs)
    function, sentinel = args

    def paid() -> Any:
        S.charge(1)
        return function()

    return builtins.iter(paid, sentinel)


def list_of(items: Any, /) -> list[Any]:
    """list() of one argument."""
    if type(items) is range:
        metered(items)
        return builtins.list(items)
    result = builtins.list(items)
    if len(result) > 63:
        S.charge(len(result) >> 4)
    return result


def tuple_of(items: Any, /) -> tuple[Any, ...]:
    """tuple() of one argument."""
    if type(items) is range:
        metered(items)
        return builtins.tuple(items)
    result = builtins.tuple(items)
    if len(result) > 63:
        S.charge(len(result) >> 4)
    return result


def to_list(*args: Any, **kwargs: Any) -> list[Any]:
    """list() as a call."""
    return list_of(args[0]) if len(args) == 1 and not kwargs else builtins.list(*args, **kwargs)


def to_tuple(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
    """tuple() as a call."""
    return tuple_of(args[0]) if len(args) == 1 and not kwargs else builtins.tuple(*args, **kwargs)


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


def sum_of(items: Any, /) -> Any:
    """sum() of one argument."""
    return builtins.sum(metered(items))


def any_of(items: Any, /) -> bool:
    """any() of one argument."""
    return builtins.any(metered(items))


def all_of(items: Any, /) -> bool:
    """all() of one argument."""
    return builtins.all(metered(items))


def min_of(items: Any, /) -> Any:
    """min() of one argument."""
    return builtins.min(metered(items))


def max_of(items: Any, /) -> Any:
    """max() of one argument."""
    return builtins.max(metered(items))


def map_of(function: Any, items: Any, /) -> Iterator[Any]:
    """map() of one iterable."""
    return builtins.map(call_of(function), items)
