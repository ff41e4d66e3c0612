"""The tomllib module: CPython's own, paid for as the Python code that it is."""

from typing import Any, Final

from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.modules import datetime_
from noodle_ray.core.vm.modules.copies import own_copy
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of

assert datetime_.MEMBERS, "importing it gives dates their attributes"
tomllib: Any = own_copy("tomllib._parser")
tomllib.TOMLDecodeError.__module__ = "tomllib"
_parse_key: Final[Any] = tomllib.parse_key
_longest: Final = [0]
"""How many parts the longest key of the text has so far."""


def _paying_key(src: str, pos: int) -> Any:
    """A key. What begins a dotted key is looked up once for each of its parts, below the table's own key."""
    found = _parse_key(src, pos)
    parts = len(found[1])
    _longest[0] = max(_longest[0], parts)
    S.charge(8 * parts * (parts + _longest[0]))
    return found


_parse_value: Final[Any] = tomllib.parse_value


def _paying_value(src: str, pos: int, parse_float: Any) -> Any:
    S.charge(80)
    return _parse_value(src, pos, parse_float)


tomllib.parse_key = _paying_key
tomllib.parse_value = _paying_value


def loads(s: Any, /, *, parse_float: Any = float) -> dict[str, Any]:
    """tomllib.loads."""
    if not isinstance(s, str):
        raise AttributeError(f"'{type(s).__name__}' object has no attribute 'replace'")
    S.charge(100)
    charge_value(s, 128)
    _longest[0] = 1
    found: dict[str, Any] = tomllib.loads(str.__str__(s), parse_float=call_of(parse_float))
    return found


def load(fp: Any, /, *, parse_float: Any = float) -> dict[str, Any]:
    """tomllib.load."""
    data = attribute(fp, "read")()
    if not isinstance(data, bytes):
        raise TypeError("File must be opened in binary mode, e.g. use `open('foo.toml', 'rb')`")
    return loads(data.decode(), parse_float=parse_float)


register(tomllib.TOMLDecodeError)

MEMBERS: dict[str, Any] = {"TOMLDecodeError": tomllib.TOMLDecodeError, "load": load, "loads": loads}
