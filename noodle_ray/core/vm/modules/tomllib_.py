"""The tomllib module: CPython's own, paid for as the Python code that it is."""

import tomllib
from typing import Any

from noodle_ray.core.vm.methods import attribute, register
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of


def loads(s: Any, /, *, parse_float: Any = float) -> dict[str, Any]:
    """tomllib.loads."""
    if not isinstance(s, str):
        raise AttributeError(f"'{type(s).__name__}' object has no attribute 'replace'")
    S.charge(100)
    charge_value(s, 128)
    return tomllib.loads(str.__str__(s), parse_float=call_of(parse_float))


def load(fp: Any, /, *, parse_float: Any = float) -> dict[str, Any]:
    """tomllib.load."""
    data = attribute(fp, "read")()
    if not isinstance(data, bytes):
        raise TypeError("File must be opened in binary mode, e.g. use `open('foo.toml', 'rb')`")
    return loads(data.decode(), parse_float=parse_float)


register(tomllib.TOMLDecodeError)

MEMBERS: dict[str, Any] = {"TOMLDecodeError": tomllib.TOMLDecodeError, "load": load, "loads": loads}
