"""The fnmatch module: CPython's translation to a pattern of re, which is not kept from run to run."""

import fnmatch as cpython
import re
from typing import Any

from noodle_ray.core.vm.modules.vetting import charge_value, finite, metered, size_of
from noodle_ray.core.vm.state import S


def _matcher(pat: Any) -> Any:
    if not isinstance(pat, str | bytes):
        raise TypeError(f"expected str, bytes or os.PathLike object, not {type(pat).__name__}")
    S.charge(32 + (size_of(pat) << 4))
    if isinstance(pat, str):
        return re.compile(cpython.translate(pat)).match
    return re.compile(bytes(cpython.translate(str(pat, "ISO-8859-1")), "ISO-8859-1")).match


def fnmatch(name: Any, pat: Any) -> bool:
    """fnmatch.fnmatch, and fnmatch.fnmatchcase: a run's place tells cases apart."""
    if not isinstance(name, str | bytes):
        raise TypeError(f"expected str, bytes or os.PathLike object, not {type(name).__name__}")
    charge_value(name, 2)
    return _matcher(pat)(name) is not None


def filter(names: Any, pat: Any) -> list[Any]:  # the name is CPython's
    """fnmatch.filter."""
    match = _matcher(pat)
    found = []
    for name in finite(names):
        charge_value(name, 2)
        if match(name):
            found.append(name)
    return found


MEMBERS: dict[str, Any] = {
    "filter": filter,
    "fnmatch": fnmatch,
    "fnmatchcase": lambda name, pat: fnmatch(name, pat),
    "translate": metered(cpython.translate, 64),
}
