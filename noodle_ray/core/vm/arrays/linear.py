"""Products of vectors and matrices."""

from typing import Any, Final

import numpy as np

from noodle_ray.core.vm.arrays.array import array, wrap
from noodle_ray.core.vm.arrays.checks import Data, magnitude, room
from noodle_ray.core.vm.state import S

_BLOCK: Final = 1 << 25
"""Multiplications in one uninterrupted call: some ten milliseconds, so that a deadline is kept."""
_MOST: Final = (1 << 63) - 1


def product(left: Data, right: Data) -> Any:
    """``left @ right``: a number for two vectors, else an array. Raises ValueError for shapes that do not fit."""
    if left.shape[-1] != right.shape[0]:
        raise ValueError(f"arrays of the shapes {left.shape} and {right.shape} cannot be multiplied with '@'")
    if left.dtype.kind == "b":
        left = left.astype("i8")
    if right.dtype.kind == "b":
        right = right.astype("i8")
    inner = left.shape[-1]
    integers = left.dtype.kind == right.dtype.kind == "i"
    if integers and magnitude(left) * magnitude(right) * max(inner, 1) > _MOST:
        left, right = left.astype(object), right.astype(object)
    columns = right.shape[1] if right.ndim == 2 else 1
    result = _by_blocks(left, right, inner * columns, 2 if integers else 8)
    if np.ndim(result) == 0:
        return result.item() if isinstance(result, np.generic) else result
    return wrap(_as_integers(result) if result.dtype == object else result)


def _by_blocks(left: Data, right: Data, per_row: int, cheap: int) -> Any:
    if left.ndim == 1:
        if per_row > 255:
            S.charge(per_row >> cheap)
        with np.errstate(all="ignore"):
            return left @ right
    if right.ndim == 2:
        room(left.shape[0] * right.shape[1])
    rows = max(1, _BLOCK // max(per_row, 1))
    parts = []
    for start in range(0, max(len(left), 1), rows):
        block = left[start : start + rows]
        if block.shape[0] * per_row > 255:
            S.charge(block.shape[0] * per_row >> cheap)
        with np.errstate(all="ignore"):
            parts.append(block @ right)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _as_integers(result: Data) -> Data:
    if result.size and not (int(result.min()) >= -_MOST - 1 and int(result.max()) <= _MOST):
        raise OverflowError("the result of '@' is too large for an array of 64-bit integers")
    return result.astype("i8")


def cosine(left: array, right: Any) -> float:
    """The cosine of the angle between two vectors; 0.0 if one of them is zero."""
    if not isinstance(right, array):
        right = array(right)
    if left._data.ndim != 1 or left._data.shape != right._data.shape:
        raise ValueError(f"cosine() takes two vectors of one length, not {left._data.shape} and {right._data.shape}")
    one, two = left._data.astype("f8"), right._data.astype("f8")
    room(one.size)
    lengths = float(np.sqrt(one @ one) * np.sqrt(two @ two))
    return float(one @ two) / lengths if lengths else 0.0
