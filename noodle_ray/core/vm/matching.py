"""``match``: the tests of patterns that CPython has instructions for."""

from noodle_ray.core.vm.builtins.typing_ import isinstance as is_instance
from noodle_ray.core.vm.methods import attribute
from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.types import Vetted, real_type
from noodle_ray.light import Any, Final

_SEQUENCES: Final = frozenset({list, tuple})
_SELF: Final = (bool, bytearray, bytes, dict, float, int, list, str, tuple, AnySet)
"""Types that one positional pattern matches as a whole."""


def match_sequence(value: Any) -> bool:
    """Whether a sequence pattern may match: a sequence, and no text."""
    if type(value) in _SEQUENCES:
        return True
    match value:
        case [*_]:
            return True
    return False


def match_mapping(value: Any) -> bool:
    """Whether a mapping pattern may match."""
    if type(value) is dict:
        return True
    match value:
        case {}:
            return not isinstance(value, AnySet)
    return False


_MISSING: Final = object()


def match_keys(mapping: Any, keys: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The values of a mapping for these keys, or None if it lacks one."""
    if len(keys) == 1 and type(mapping) is dict:
        value = mapping.get(keys[0], _MISSING)
        return None if value is _MISSING else (value,)
    values = []
    seen: list[Any] = []
    get = dict.get if isinstance(mapping, dict) else None
    for key in keys:
        if any(key == other for other in seen):
            raise ValueError(f"mapping pattern checks duplicate key ({key!r})")
        seen.append(key)
        value = get(mapping, key, _MISSING) if get else attribute(mapping, "get")(key, _MISSING)
        if value is _MISSING:
            return None
        values.append(value)
    return tuple(values)


def match_class(value: Any, kind: Any, count: int, names: tuple[str, ...]) -> tuple[Any, ...] | None:
    """The attributes that a class pattern tests, positional ones first, or None if it does not match."""
    kind = kind.real if type(kind) is Vetted else kind
    if not count and not names and type(value) is kind:
        return ()
    real = kind if type(kind) is type else real_type(kind)
    if not isinstance(real, type):
        raise TypeError("called match pattern must be a type")
    if not is_instance(value, kind):
        return None
    if not count:
        return _attributes(value, real, names)
    fields = getattr(real, "__match_args__", None)
    if fields is None:
        if issubclass(real, _SELF):
            _check_count(real, count, 1)
            rest = _attributes(value, real, names)
            return None if rest is None else (value, *rest)
        fields = ()
    if not isinstance(fields, tuple):
        raise TypeError(f"{real.__name__}.__match_args__ must be a tuple (got {type(fields).__name__})")
    _check_count(real, count, len(fields))
    for field in fields[:count]:
        if not isinstance(field, str):
            raise TypeError(f"__match_args__ elements must be strings (got {type(field).__name__})")
    return _attributes(value, real, (*fields[:count], *names))


def _check_count(kind: type, count: int, allowed: int) -> None:
    if count > allowed:
        plural = "" if allowed == 1 else "s"
        raise TypeError(f"{kind.__name__}() accepts {allowed} positional sub-pattern{plural} ({count} given)")


def _attributes(value: Any, kind: type, names: tuple[str, ...]) -> tuple[Any, ...] | None:
    found = []
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise TypeError(f"{kind.__name__}() got multiple sub-patterns for attribute {name!r}")
        seen.add(name)
        try:
            found.append(attribute(value, name))
        except AttributeError:
            return None
    return tuple(found)


HELPERS: Final = {
    ".match_sequence": match_sequence,
    ".match_mapping": match_mapping,
    ".match_keys": match_keys,
    ".match_class": match_class,
}
"""By the names that the compiler calls them."""
