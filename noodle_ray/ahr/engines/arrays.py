"""Tensors as programs have them: what an engine computed becomes arrays, and arrays become what it computes with."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from noodle_ray.core.vm.arrays.array import around, array, wrap
from noodle_ray.core.vm.packed import Packed

_INT64: Final = np.dtype("i8")
_FLOAT32: Final = np.dtype("f4")


def answer_of(data: NDArray[Any]) -> Any:
    """A tensor as an answer: a number, an array of one or two dimensions, or of more a list of those.

    Arrays are views of the tensor, if it has a dtype that they have: half floats become float32, other integers int64.
    Texts, and integers of more than 64 bits, are lists.
    """
    kind = data.dtype.kind
    if kind not in "fiub" or (kind == "u" and data.dtype.itemsize == 8 and data.size and int(data.max()) >> 63):
        return data.tolist()
    if data.ndim == 0:
        return data.item()
    if data.ndim > 2:
        return [answer_of(part) for part in data]
    if data.dtype.itemsize == 2 and kind == "f":
        data = data.astype(_FLOAT32)
    return wrap(data if kind in "fb" else data.astype(_INT64, copy=False))


def tensor_of(value: Any) -> NDArray[Any] | None:
    """The data of an array, or of a list of arrays of one shape; None for anything else."""
    if isinstance(value, array):
        return value._data
    if isinstance(value, Packed):
        return around(value.dtype, value.shape, value.data)._data
    if isinstance(value, list | tuple) and value and isinstance(value[0], array | Packed):
        parts = [tensor_of(item) for item in value if isinstance(item, array | Packed)]
        known = [part for part in parts if part is not None]
        if len(known) == len(value) and len({(part.shape, part.dtype) for part in known}) == 1:
            return np.stack(known)
    return None


def plain(value: Any, depth: int = 16) -> Any:
    """A value with lists in place of the arrays in it, so many lists deep."""
    if isinstance(value, array | Packed):
        return value.tolist()
    return [plain(item, depth - 1) for item in value] if isinstance(value, list | tuple) and depth else value
