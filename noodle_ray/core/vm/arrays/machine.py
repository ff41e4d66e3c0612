"""What native code is told of arrays: their kinds, the objects it knows them by, and a maker of them."""

from typing import Final

import numpy as np

from noodle_ray.core.vm import native
from noodle_ray.core.vm.arrays.array import array, wrap
from noodle_ray.core.vm.arrays.checks import DTYPES
from noodle_ray.core.vm.state import S

_KINDS: Final = {"d": "d", "f": "f", "l": "q", "?": "b"}
_DTYPES: Final = tuple(DTYPES[name] for name in ("float64", "float32", "int64", "bool"))


def _kind(value: array) -> str | None:
    data = value._data
    return f"A{_KINDS[data.dtype.char]}{data.ndim}" if data.flags.c_contiguous and data.flags.aligned else None


def _make(rows: int, width: int, which: int) -> array | None:
    """Zeros, or ones, of one of the four dtypes, for native code, which has paid for it; None if it can never fit."""
    if rows * max(width, 1) * 8 > S.memory:
        return None
    dtype = _DTYPES[which % 4]
    return wrap((np.ones if which >= 4 else np.zeros)(rows if width < 0 else (rows, width), dtype))


def introduce() -> None:
    """Tell native code of arrays."""
    native.array_kinds[array] = _kind
    native.array_objects = (array, np.ndarray, *_DTYPES, _make)
