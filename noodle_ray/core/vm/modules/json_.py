"""The json module: CPython's codec, which is loaded on first use and kept from seeing sets as dicts."""

from typing import Any

from noodle_ray.core.vm.sets import AnySet
from noodle_ray.core.vm.state import S

_DUMP_OPTIONS = frozenset(
    {"skipkeys", "ensure_ascii", "check_circular", "allow_nan", "indent", "separators", "default", "sort_keys"}
)
_LOAD_OPTIONS = frozenset({"object_hook", "parse_float", "parse_int", "parse_constant", "object_pairs_hook"})


def _check(name: str, options: dict[str, Any], known: frozenset[str]) -> None:
    for option in options:
        if option not in known:
            raise TypeError(f"{name}() got an unexpected keyword argument '{option}'")


def _refuse(value: object) -> Any:
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _without_sets(value: Any, default: Any, open_: list[Any]) -> Any:
    """The value, with each set in it replaced by what ``default`` makes of it."""
    kind = type(value)
    if kind is not list and kind is not dict and kind is not tuple and not isinstance(value, AnySet):
        return value
    if any(value is outer for outer in open_):
        raise ValueError("Circular reference detected")
    open_.append(value)
    result: Any
    if kind is dict:
        result = {key: _without_sets(item, default, open_) for key, item in value.items()}
    elif kind is list or kind is tuple:
        result = [_without_sets(item, default, open_) for item in value]
    else:
        result = _without_sets(default(value), default, open_)
    open_.pop()
    return result


def _has_set(value: Any) -> bool:
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is list or kind is tuple or kind is dict:
            if id(item) not in seen:
                seen.add(id(item))
                stack.extend(item.values() if kind is dict else item)
        elif isinstance(item, AnySet):
            return True
    return False


def dumps(obj: Any, /, **options: Any) -> str:
    """json.dumps."""
    import json

    _check("dumps", options, _DUMP_OPTIONS)
    default = options.pop("default", None) or _refuse
    if _has_set(obj):
        obj = _without_sets(obj, default, [])
    text = json.dumps(obj, default=default, **options)
    if len(text) > 63:
        S.charge(len(text) >> 3)
    return text


def loads(s: Any, /, **options: Any) -> Any:
    """json.loads."""
    import json

    _check("loads", options, _LOAD_OPTIONS)
    if isinstance(s, str | bytes) and len(s) > 63:
        S.charge(len(s) >> 3)
    if not isinstance(s, str | bytes):
        raise TypeError(f"the JSON object must be str, bytes or bytearray, not {type(s).__name__}")
    return json.loads(s, **options)


class _Members(dict[str, Any]):
    """Members by name; the exception needs CPython's json, which takes milliseconds to import."""

    def __missing__(self, name: str) -> Any:
        if name != "JSONDecodeError":
            raise KeyError(name)
        import json

        self[name] = json.JSONDecodeError
        return self[name]


MEMBERS: dict[str, Any] = _Members({"dumps": dumps, "loads": loads})
