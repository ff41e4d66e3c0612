"""What an array may be made of, and what work on it costs."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.state import S, State

DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "float64": np.dtype("f8"),
    "float32": np.dtype("f4"),
    "int64": np.dtype("i8"),
    "bool": np.dtype("?"),
}
"""The dtypes of arrays, by the names that programs use."""
_BY_TYPE: Final[dict[type, np.dtype[Any]]] = {float: DTYPES["float64"], int: DTYPES["int64"], bool: DTYPES["bool"]}
_NUMBERS: Final = {int, float, bool}
_OUTSIDE: Final = State().charge
"""What `S` charges with where there is no run, as in CPython: there is no limit then."""
_SMALL: Final = 255
"""Arrays up to this size cost what the instruction costs."""
LOWEST: Final = -(1 << 63)

Data = NDArray[Any]


def charge(elements: int, each: int = 1) -> None:
    """Charge for elementwise work: numpy does about 64 elements in the time of an instruction."""
    if elements > _SMALL:
        S.charge(elements * each >> 6)


def room(elements: int) -> None:
    """Raise LimitExceeded if an array of so many elements can never fit the run's memory limit; charge for it."""
    if elements * 8 > S.memory and S.charge != _OUTSIDE:
        S.tripped = "memory"
        raise LimitExceeded("memory")
    charge(elements)


def named(dtype: object) -> np.dtype[Any]:
    """The dtype of a name, or of the types float, int and bool. Raises TypeError for any other."""
    found = DTYPES.get(dtype) if isinstance(dtype, str) else _BY_TYPE.get(dtype) if type(dtype) is type else None
    if found is None:
        raise TypeError(f"the dtype of an array is 'float64', 'float32', 'int64' or 'bool', not {dtype!r:.60}")
    return found


def count(value: object, what: str) -> int:
    """A size or number of elements. Raises TypeError or ValueError unless it is a whole number of at least 0."""
    if type(value) is not int:
        raise TypeError(f"{what} must be an int, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{what} must not be negative")
    return value


def shape_of(shape: object) -> tuple[int, ...]:
    """A shape from an int or a tuple of one or two."""
    sizes = shape if isinstance(shape, tuple | list) else (shape,)
    if not 1 <= len(sizes) <= 2:
        raise ValueError(f"an array has one or two dimensions, not {len(sizes)}")
    return tuple(count(size, "a size") for size in sizes)


def data_from(value: Any, dtype: object = None) -> Data:
    """A fresh numpy array from numbers in a list, tuple or range, or in a list of equally long ones.

    Raises TypeError for what is no number, ValueError for rows of different lengths, OverflowError for an int of more
    than 64 bits.
    """
    wanted = None if dtype is None else named(dtype)
    if type(value) is range:
        room(len(value))
        return _build(value, wanted, {int})
    if not isinstance(value, list | tuple):
        raise TypeError(f"array() takes numbers in a list, tuple or range, or in a list of those, not {_kind(value)}")
    room(len(value))
    kinds = set(map(type, value))
    if kinds <= _NUMBERS:
        return _build(value, wanted, kinds)
    if len(kinds) == 1:
        stacked = _data_of_rows(value)
        if stacked is not None:
            return stacked if wanted is None else convert(stacked, wanted)
    if kinds & _NUMBERS:
        return _refuse(kinds)
    rows = [_row(item) for item in value]
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise ValueError(f"the rows of an array must have one length, not {', '.join(map(str, sorted(widths)[:4]))}")
    room(len(rows) * widths.pop())
    kinds = set().union(*(set(map(type, row)) for row in rows if type(row) is not range))
    if any(type(row) is range for row in rows):
        kinds.add(int)
    if not kinds <= _NUMBERS:
        return _refuse(kinds)
    return _build(rows, wanted, kinds)


def _data_of_rows(value: Any) -> Data | None:
    """The vectors of a list of vectors of one length and dtype, stacked; None for any other list."""
    from noodle_ray.core.vm.arrays.array import array

    if type(value[0]) is not array:
        return None
    rows = [row._data for row in value]
    first = rows[0]
    if any(row.ndim != 1 or row.shape != first.shape or row.dtype != first.dtype for row in rows):
        return None
    room(len(rows) * first.size)
    return np.stack(rows)


def _row(item: Any) -> Any:
    from noodle_ray.core.vm.arrays.array import array

    if isinstance(item, array):
        return item.tolist()
    if not isinstance(item, list | tuple | range):
        raise TypeError(f"an array holds numbers, not {_kind(item)}")
    return item


def _build(value: Any, wanted: "np.dtype[Any] | None", kinds: set[type]) -> Data:
    if wanted is None:
        wanted = DTYPES["int64" if kinds == {int} or kinds == {int, bool} else "bool" if kinds == {bool} else "float64"]
    if wanted.kind == "i" and float in kinds:
        return convert(np.array(value, DTYPES["float64"]), wanted)
    try:
        with np.errstate(all="ignore"):
            found: Data = np.array(value, wanted)
        return found
    except OverflowError:
        what = "a 64-bit integer" if wanted.kind == "i" else "a float"
        raise OverflowError(f"an int is too large for {what}") from None


def _refuse(kinds: set[type]) -> Data:
    odd = sorted(kind.__name__ for kind in kinds - _NUMBERS)
    raise TypeError(f"an array holds numbers, not {odd[0]}")


def _kind(value: object) -> str:
    return type(value).__name__


def convert(data: Data, dtype: "np.dtype[Any]") -> Data:
    """A copy in another dtype; a float becomes an int as ``int`` makes one. Raises as ``int`` does."""
    if dtype.kind == "i" and data.dtype.kind == "f":
        if not np.isfinite(data).all():
            if np.isnan(data).any():
                raise ValueError("cannot convert float NaN to integer")
            raise OverflowError("cannot convert float infinity to integer")
        if data.size and not (data.min() >= -(2.0**63) and data.max() < 2.0**63):
            raise OverflowError("a float is too large for a 64-bit integer")
    with np.errstate(all="ignore"):
        return data.astype(dtype)


def scalar(value: Any) -> Any:
    """A plain bool, int or float for an element or a reduction."""
    return value.item() if isinstance(value, np.generic | np.ndarray) else value


def magnitude(data: Data) -> int:
    """The largest absolute value of an integer array; 0 if it is empty."""
    return max(-int(data.min()), int(data.max()), 0) if data.size else 0
