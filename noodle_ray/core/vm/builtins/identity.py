"""id() and hash(), numbers that tell of no address and are the same in every run; and the run's ``__name__``."""

import builtins

from noodle_ray.core.vm.modules import on_start
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Final, lru_cache

_FIRST: Final = 0x5000_0000_0000
_STEP: Final = 16
_MODULUS: Final = (1 << 61) - 1
_numbers: dict[int, tuple[object, int]] = {}
"""By address: the object, which lives on so that its address stays its own, and its number."""


def identify(value: object, /) -> int:
    """id(): objects are numbered in the order in which they were asked for."""
    found = _numbers.get(builtins.id(value))
    if found is None:
        found = _numbers[builtins.id(value)] = value, _FIRST + _STEP * len(_numbers)
    return found[1]


def known_identity(value: object) -> int | None:
    """The number of an object that has one."""
    found = _numbers.get(builtins.id(value))
    return found[1] if found is not None else None


on_start(_numbers.clear)


def run_name() -> str:
    """``__name__``, which the run decides in a program with ``main``."""
    return S.name


_BY_IDENTITY: Final[Any] = object.__hash__
_NUMBERS: Final = frozenset({int, float, bool, complex})


def hash(obj: Any, /) -> int:
    """hash(): CPython's for numbers and tuples of them; that of text is the same in every run."""
    kind = type(obj)
    if kind in _NUMBERS:
        return builtins.hash(obj)
    if kind is str or kind is bytes:
        return _known_hash(obj) if len(obj) < 64 else _text_hash(obj)
    if kind is tuple:
        for item in obj:
            if type(item) not in _NUMBERS:
                return _tuple_hash(obj)
        return builtins.hash(obj)
    if obj is None:
        return 0xFCA86420
    if isinstance(obj, AnySet):
        builtins.hash(obj)
        return _frozenset_hash(obj)
    value = builtins.hash(obj)  # raises where there is none
    if kind.__hash__ is _BY_IDENTITY or isinstance(obj, type) or callable(obj):
        return identify(obj) >> 4
    return value


def _text_hash(text: str | bytes) -> int:
    from _blake2 import blake2b  # hashlib would load OpenSSL

    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if not data:
        return 0
    if len(data) > 63:
        S.charge(len(data) >> 4)
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little", signed=True) | 1


_known_hash: Final = lru_cache(1024)(_text_hash)
on_start(_known_hash.cache_clear)


def _tuple_hash(items: tuple[Any, ...]) -> int:
    """As `tuplehash` in CPython's Objects/tupleobject.c, from the hashes above."""
    mask = (1 << 64) - 1
    total = 2870177450012600261
    for item in items:
        total = (total + (hash(item) & mask) * 14029467366897019727) & mask
        total = (total << 31 | total >> 33) & mask
        total = total * 11400714785074694791 & mask
    total = (total + (len(items) ^ 2870177450012600261 ^ 3527539)) & mask
    if total == mask:
        return 1546275796
    return total - (1 << 64) if total >> 63 else total


def _frozenset_hash(items: AnySet) -> int:
    """The same for equal sets, whatever the order of their elements."""
    total = 1927868237 * (len(items) + 1)
    for item in items:
        number = hash(item)
        total ^= (number ^ (number << 16) ^ 89869747) * 3644798167
    return total % _MODULUS
