"""What native code is told of arrays: their kinds, the objects it knows them by, and a maker of zeros."""

from typing import Final

import numpy as np

from noodle_ray.core.vm import native
from noodle_ray.core.vm.arrays.array import array, wrap
from noodle_ray.core.vm.arrays.checks import DTYPES
from noodle_ray.core.vm.state import S

_KINDS: Final = {"d": "d", "f": "f", "l": "q", "?": "b"}


def _kind(value: array) -> str | None:
    data = value._data
    return f"A{_KINDS[data.dtype.char]}{data.ndim}" if data.flags.c_contiguous and data.flags.aligned else None


def _zeros(rows: int, width: int) -> array | None:
    """For native code, which has paid for it; None if it can never fit."""
    return wrap(np.zeros(rows if width < 0 else (rows, width))) if rows * max(width, 1) * 8 <= S.memory else None


def introduce() -> None:
    """Tell native code of arrays."""
    native.array_kinds[array] = _kind
    dtypes = (DTYPES[name] for name in ("float64", "float32", "int64", "bool"))
    native.array_objects = (array, np.ndarray, *dtypes, _zeros)
