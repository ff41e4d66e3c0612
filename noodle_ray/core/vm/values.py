"""Values that cross the border of a run: checked, copied, and as JSON."""

from binascii import a2b_base64, b2a_base64

from noodle_ray.core.vm.sets import AnySet, frozenset, set
from noodle_ray.core.vm.types import dict_items, dict_keys
from noodle_ray.errors import RunError
from noodle_ray.light import Any, Callable, Final, NamedTuple, deque

_dict_values: Final[type] = type({}.values())
_ATOMS: Final = (type(None), bool, int, float, str, bytes)
_ATOM_SET: Final = {*_ATOMS}
_SIMPLE: Final = {*_ATOMS} - {int}
_DEPTH: Final = 200
"""How deeply arguments and results may nest."""
_WIDEST: Final = 10**4300
"""Integers from here on have no text form: CPython refuses to write more than 4,300 digits."""
_NON_FINITE: Final = {"inf": "inf", "-inf": "-inf", "nan": "nan"}


class Foreign(NamedTuple):
    """How values of a module's type are data: copied, as lists, and as dtype, shape and bytes."""

    copy: Callable[[Any], Any]
    listed: Callable[[Any], Any]
    raw: Callable[[Any], tuple[str, tuple[int, ...], Any]]


FOREIGN: Final[dict[type, Foreign]] = {}
"""Types that are data besides Python's own; the module that brings one enters it here."""

_ALIKE: Final = 64
"""How many keys of a table made elsewhere may have one hash: integers and tuples can be chosen so that all have."""


def check_keys(keys: list[Any]) -> None:
    """Raise ValueError if so many keys share a hash that putting them into a dict or set takes quadratic time."""
    if len(keys) > _ALIKE:
        counts: dict[int, int] = {}
        for key in keys:
            number = hash(key)
            counts[number] = counts.get(number, 0) + 1
        if max(counts.values()) > _ALIKE:
            raise ValueError(f"more than {_ALIKE} keys of one dict or set have the same hash")


def _plain(value: object) -> object:
    return value


def copy_data(value: Any, resolve: Callable[[Any], Any] = _plain, depth: int = 0) -> Any:
    """A deep copy of data, so that later changes do not reach a request already made.

    Python's own sets become Noodle's. ``resolve`` is applied to what is no container and no plain value.
    Raises TypeError for what is not data (functions, models, iterators) or nests too deeply.
    """
    kind = type(value)
    if kind in _ATOM_SET:
        if kind is int and not -_WIDEST < value < _WIDEST:
            raise TypeError("an integer of more than 4300 digits has no text form")
        return value
    if depth > _DEPTH:
        raise TypeError("data nests too deeply, or contains itself")
    if kind is list or kind is tuple:
        items = [item if type(item) in _SIMPLE else copy_data(item, resolve, depth + 1) for item in value]
        return items if kind is list else tuple(items)
    if kind is dict:
        return {copy_data(k, resolve, depth + 1): copy_data(v, resolve, depth + 1) for k, v in value.items()}
    if isinstance(value, AnySet):
        return kind([copy_data(item, resolve, depth + 1) for item in value])
    if kind.__name__ in ("set", "frozenset"):
        return (set if kind.__name__ == "set" else frozenset)([copy_data(v, resolve, depth + 1) for v in value])
    if kind in FOREIGN:
        return FOREIGN[kind].copy(value)
    resolved = _plainer(resolve(value))
    if resolved is not value:
        return copy_data(resolved, resolve, depth + 1)
    raise TypeError(f"{kind.__name__} is not data: only None, bool, int, float, str and containers of them are")


_BASES: Final[tuple[Any, ...]] = (list, tuple, str, int, float, bytes)


def _plainer(value: Any) -> Any:
    """A container of the library, or a value of a class derived from plain data, as plain data."""
    if isinstance(value, dict):
        return value if type(value) is dict else {**value}
    if isinstance(value, deque):
        return [*value]
    if type(value) is bytearray:
        return bytes(value)
    for kind in _BASES:
        if isinstance(value, kind) and type(value) is not kind:
            return kind(value)
    return value


def to_result(value: Any) -> Any:
    """A run's result as data: ranges and dict views become lists. Raises RunError E0503 for what is not data."""
    if type(value) in _SIMPLE:
        return value
    try:
        return copy_data(value, _listed)
    except TypeError as error:
        raise RunError(f"the result cannot be returned: {error}", code="NOODLE-E0503") from None


def _listed(value: Any) -> Any:
    return [*value] if type(value) in (range, dict_keys, dict_items, _dict_values) else value


def to_json(value: Any, depth: int = 0, packed: Callable[[Any], Any] | None = None, *, binary: bool = True) -> Any:
    """A result as JSON can hold it. Arrays become lists, or what ``packed`` makes of them.

    Tuples, sets, ranges and dict views become arrays; a float that is not finite ``{"$float": "nan"}``; bytes
    ``{"$bytes": "..."}``, in base64; a dict with keys that are not strings, or that looks like one of these,
    ``{"$dict": [[key, value], ...]}``.
    Raises RunError E0503 for anything else, and for bytes if not ``binary``.
    """
    kind = type(value)
    if kind is float:
        return {"$float": repr(value)} if value != value or value in (float("inf"), float("-inf")) else value
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if depth > _DEPTH:
        raise RunError("the result nests too deeply, or contains itself", code="NOODLE-E0503")
    if kind is list or kind is tuple or isinstance(value, AnySet | range | dict_keys | dict_items | _dict_values):
        return [to_json(item, depth + 1, packed, binary=binary) for item in value]
    if kind in FOREIGN:
        if packed:
            return packed(value)
        numbers = FOREIGN[kind].listed(value)
        return numbers if _finite(numbers) else to_json(numbers, depth + 1)
    if binary and (kind is bytes or kind is bytearray):
        return {"$bytes": b2a_base64(value, newline=False).decode()}
    if kind is dict:
        mistakable = len(value) == 1 and next(iter(value)) in ("$float", "$bytes", "$dict", "$array" if packed else "")
        if not mistakable and all(type(key) is str for key in value):
            return {key: to_json(item, depth + 1, packed, binary=binary) for key, item in value.items()}
        pairs = [
            [to_json(key, depth + 1, binary=binary), to_json(item, depth + 1, packed, binary=binary)]
            for key, item in value.items()
        ]
        return {"$dict": pairs}
    raise RunError(
        f"the result holds a value of type {kind.__name__}, which is not data; return None, bool, int, float, str, "
        "bytes, or lists, tuples, dicts and sets of them",
        code="NOODLE-E0503",
    )


def _finite(numbers: list[Any]) -> bool:
    """Whether no number of an array is infinite or none, as far as their sums tell: false is not certain."""
    if numbers and type(numbers[0]) is list:
        return all(_finite(row) for row in numbers)
    total = sum(numbers)
    return bool(total - total == 0)


def from_json(value: Any, depth: int = 0, unpacked: Callable[[Any], Any] | None = None) -> Any:
    """What `to_json` made, as far as JSON keeps it: tuples and sets come back as lists. Raises ValueError.

    ``unpacked`` makes arrays of what ``packed`` made of them.
    """
    if depth > 2 * _DEPTH:
        raise ValueError("the data nests too deeply")
    if isinstance(value, list):
        return [from_json(item, depth + 1, unpacked) for item in value]
    if isinstance(value, dict):
        if len(value) == 1:
            if "$float" in value:
                if value["$float"] not in _NON_FINITE:
                    raise ValueError("$float holds nan, inf or -inf")
                return float(value["$float"])
            if "$bytes" in value:
                if not isinstance(value["$bytes"], str):
                    raise ValueError("$bytes holds base64")
                return a2b_base64(value["$bytes"], strict_mode=True)
            if "$dict" in value:
                keys = [_key(from_json(key, depth + 1)) for key, _ in value["$dict"]]
                check_keys(keys)
                return dict(zip(keys, [from_json(v, depth + 1, unpacked) for _, v in value["$dict"]], strict=True))
            if "$array" in value and unpacked:
                return unpacked(value["$array"])
        return {key: from_json(item, depth + 1, unpacked) for key, item in value.items()}
    return value


def _key(value: Any) -> Any:
    return tuple(map(_key, value)) if isinstance(value, list) else value
