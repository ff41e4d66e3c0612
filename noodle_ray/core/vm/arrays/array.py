"""The class ``array``: construction, indexing, operators. Programs see none of its Python attributes."""

from binascii import a2b_base64
from collections.abc import Iterator
from pickle import PickleBuffer
from typing import Any

import numpy as np

from noodle_ray.core.vm.arrays import checks, elementwise
from noodle_ray.core.vm.arrays.checks import Data, charge, data_from, room, scalar

_LARGE = 1 << 16
"""Bytes from which a pickle refers to the elements instead of holding them."""
_NAMES = {dtype.char: name for name, dtype in checks.DTYPES.items()}
_SHOWN = 1000
"""Arrays with more elements are shown in part, as numpy does."""


class array:
    """Contiguous numbers: float64, float32, int64 or bool, in one or two dimensions."""

    __slots__ = ("_data",)
    __hash__ = None  # type: ignore[assignment]
    _data: Data

    def __init__(self, data: Any, dtype: Any = None) -> None:
        if isinstance(data, array):
            room(data._data.size)
            wanted = data._data.dtype if dtype is None else checks.named(dtype)
            self._data = checks.convert(data._data, wanted)
        else:
            self._data = data_from(data, dtype)

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        charge(self._data.size, 16)
        if self._data.ndim == 1:
            return iter(self._data.tolist())
        return map(wrap, self._data)

    def __reversed__(self) -> Iterator[Any]:
        return iter(wrap(self._data[::-1]))

    def __contains__(self, item: object) -> bool:
        if type(item) not in (bool, int, float):
            return False
        return bool(elementwise.compute("==", self._data, item).any())

    def __bool__(self) -> bool:
        if self._data.size != 1:
            raise ValueError("an array is neither true nor false: use any() or all(), or len()")
        return bool(self._data.item())

    def __float__(self) -> float:
        return float(self._only("float"))

    def __int__(self) -> int:
        return int(self._only("int"))

    def _only(self, kind: str) -> Any:
        if self._data.size != 1:
            raise TypeError(f"{kind}() takes an array of one element, not of {self._data.size}")
        return self._data.item()

    def __getitem__(self, key: Any) -> Any:
        data = self._data
        if type(key) is int:
            if data.ndim == 1:
                try:
                    return data.item(key)
                except (IndexError, OverflowError):
                    pass
            return wrap(data[self._place(key, 0)])
        if type(key) is tuple and len(key) == 2 == data.ndim and type(key[0]) is int is type(key[1]):
            try:
                return data.item(key)
            except (IndexError, OverflowError):
                pass
        found = data[self._key(key)]
        return wrap(found) if isinstance(found, np.ndarray) and found.ndim else scalar(found)

    def __setitem__(self, key: Any, value: Any) -> None:
        kind = type(value)
        if (kind is float or kind is int) and self._put(key, value, "d" if kind is float else "l"):
            return
        place: Any = self._key(key)
        value = _storable(value, self._data.dtype)
        target = self._data[place]
        if isinstance(value, np.ndarray) and value.shape != np.shape(target):
            raise ValueError(f"cannot store the shape {value.shape} where the shape {np.shape(target)} is")
        charge(np.size(target))
        if self._data.dtype.char == "f":
            with np.errstate(all="ignore"):
                self._data[place] = value
        else:
            self._data[place] = value

    def _put(self, key: Any, value: Any, char: str) -> bool:
        """Store a number in the one place of a whole index, if that is so simple."""
        data = self._data
        if data.dtype.char != char:
            return False
        if type(key) is not int:
            if not (type(key) is tuple and len(key) == 2 == data.ndim and type(key[0]) is int is type(key[1])):
                return False
        elif data.ndim != 1:
            return False
        try:
            data[key] = value
        except (IndexError, OverflowError):
            return False
        return True

    def __delitem__(self, key: object) -> None:
        raise TypeError("'array' object doesn't support item deletion")

    def _key(self, key: Any) -> Any:
        """An index as numpy takes it. Raises IndexError or TypeError unless it is one of an array's."""
        if type(key) is tuple:
            if len(key) != self._data.ndim:
                raise IndexError(f"an array of {self._data.ndim} dimension(s) takes as many indices, not {len(key)}")
            return tuple(self._place(part, axis) for axis, part in enumerate(key))
        return self._place(key, 0)

    def _place(self, key: Any, axis: int) -> Any:
        size = self._data.shape[axis]
        if type(key) is int:
            if not -size <= key < size:
                raise IndexError(f"index {key} is out of range for an array of length {size}")
            return key
        if type(key) is slice:
            if any(type(end) not in (int, type(None)) for end in (key.start, key.stop, key.step)):
                raise TypeError("slice indices must be integers or None")
            if key.step == 0:
                raise ValueError("slice step cannot be zero")
            return key
        if isinstance(key, list) and (not key or {type(item) for item in key} <= {int, bool}):
            key = wrap(np.array(key, "i8") if not key else data_from(key))
        if not isinstance(key, array) or key._data.dtype.kind not in "bi":
            raise TypeError(f"an index of an array is an int, a slice or an array of them, not {type(key).__name__}")
        places = key._data
        if places.dtype.kind == "b":
            wanted = self._data.shape if places.ndim == 2 else (size,)
            if places.shape != wanted:
                raise IndexError(f"a mask of the shape {places.shape} does not fit the shape {self._data.shape}")
            charge(places.size)
        else:
            if places.ndim != 1:
                raise IndexError("an array of indices has one dimension")
            if places.size and not (-size <= int(places.min()) and int(places.max()) < size):
                raise IndexError(f"an index is out of range for an array of length {size}")
            room(places.size * (self._data.size // max(size, 1)))
        return places

    def __repr__(self) -> str:
        charge(min(self._data.size, _SHOWN), 256)
        return f"array({_shown(self._data)}{_suffix(self._data)})"

    def __copy__(self) -> "array":
        return array(self)

    def __deepcopy__(self, memo: object) -> "array":
        return array(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Data:
        """For numpy in CPython: the data itself."""
        return np.array(self._data, dtype, copy=copy)

    def __reduce__(self) -> Any:
        """For pickle, between processes of Noodle: the elements are copied at most once, and of large arrays not."""
        dtype, shape, data = raw(self)
        return around, (dtype, shape, PickleBuffer(data) if len(data) > _LARGE else bytearray(data))

    def tolist(self) -> list[Any]:
        """The elements as a list, or as a list of lists."""
        charge(self._data.size, 16)
        found: list[Any] = self._data.tolist()
        return found

    def _with(self, symbol: str, other: Any, swapped: bool = False) -> Any:
        right = operand(other)
        if right is None:
            return NotImplemented
        left = self._data
        if swapped:
            left, right = right, left
        return wrap(elementwise.compute(symbol, left, right))

    def _into(self, symbol: str, other: Any) -> Any:
        result = self._with(symbol, other)
        if result is not NotImplemented:
            if result._data.dtype != self._data.dtype:
                kinds = f"{result._data.dtype} in an array of {self._data.dtype}"
                raise TypeError(f"'{symbol}=' would store {kinds}: write x = x {symbol} y")
            self._data[...] = result._data
            return self
        return result

    def __add__(self, other: Any) -> Any:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Any:
        return self._with("+", other, True)

    def __iadd__(self, other: Any) -> Any:
        return self._into("+", other)

    def __sub__(self, other: Any) -> Any:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Any:
        return self._with("-", other, True)

    def __isub__(self, other: Any) -> Any:
        return self._into("-", other)

    def __mul__(self, other: Any) -> Any:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Any:
        return self._with("*", other, True)

    def __imul__(self, other: Any) -> Any:
        return self._into("*", other)

    def __truediv__(self, other: Any) -> Any:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with("/", other, True)

    def __itruediv__(self, other: Any) -> Any:
        return self._into("/", other)

    def __floordiv__(self, other: Any) -> Any:
        return self._with("//", other)

    def __rfloordiv__(self, other: Any) -> Any:
        return self._with("//", other, True)

    def __mod__(self, other: Any) -> Any:
        return self._with("%", other)

    def __rmod__(self, other: Any) -> Any:
        return self._with("%", other, True)

    def __pow__(self, other: Any) -> Any:
        return self._with("**", other)

    def __rpow__(self, other: Any) -> Any:
        return self._with("**", other, True)

    def __and__(self, other: Any) -> Any:
        return self._with("&", other)

    def __rand__(self, other: Any) -> Any:
        return self._with("&", other, True)

    def __or__(self, other: Any) -> Any:
        return self._with("|", other)

    def __ror__(self, other: Any) -> Any:
        return self._with("|", other, True)

    def __xor__(self, other: Any) -> Any:
        return self._with("^", other)

    def __rxor__(self, other: Any) -> Any:
        return self._with("^", other, True)

    def __eq__(self, other: object) -> Any:
        return self._with("==", other)

    def __ne__(self, other: object) -> Any:
        return self._with("!=", other)

    def __lt__(self, other: Any) -> Any:
        return self._with("<", other)

    def __le__(self, other: Any) -> Any:
        return self._with("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self._with(">", other)

    def __ge__(self, other: Any) -> Any:
        return self._with(">=", other)

    def __neg__(self) -> "array":
        return wrap(elementwise.compute("-", 0, self._data) if self._data.dtype.kind != "f" else -self._data)

    def __pos__(self) -> "array":
        return array(self)

    def __invert__(self) -> "array":
        if self._data.dtype.kind == "f":
            raise TypeError("bad operand type for unary ~: an array of floats")
        charge(self._data.size)
        return wrap(~self._data)

    def __abs__(self) -> "array":
        charge(self._data.size)
        if self._data.dtype.kind == "i" and checks.magnitude(self._data) > 2**63 - 1:
            raise OverflowError("the result of abs() is too large for an array of 64-bit integers")
        return wrap(np.abs(self._data))

    def __round__(self, digits: Any = 0) -> "array":
        charge(self._data.size)
        if type(digits) is not int:
            raise TypeError(f"round() takes an int of digits, not {type(digits).__name__}")
        with np.errstate(all="ignore"):
            return wrap(np.round(self._data, max(min(digits, 330), -330)))

    def __matmul__(self, other: Any) -> Any:
        from noodle_ray.core.vm.arrays.linear import product

        right = operand(other)
        return product(self._data, right) if isinstance(right, np.ndarray) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        from noodle_ray.core.vm.arrays.linear import product

        left = operand(other)
        return product(left, self._data) if isinstance(left, np.ndarray) else NotImplemented


def wrap(data: Any) -> array:
    """An array around numpy's data, without a copy; integers and floats of other sizes are widened."""
    kind = data.dtype
    if kind.char not in "dfl?":
        data = data.astype("?" if kind.kind == "b" else "f8" if kind.kind == "f" else "i8")
    new: array = object.__new__(array)
    new._data = data
    return new


def around(dtype: str, shape: tuple[int, ...], data: Any) -> array:
    """An array around the bytes of its elements, without a copy. Its owner must be the only one to have them."""
    return wrap(np.frombuffer(data, checks.DTYPES[dtype]).reshape(shape))


def from_array_json(found: Any) -> array:
    """The array that `packed.array_json` wrote. Raises ValueError for anything else."""
    match found:
        case {"dtype": str(dtype), "shape": [*shape], "data": str(data)} if dtype in checks.DTYPES:
            return around(dtype, tuple(shape), bytearray(a2b_base64(data)))
    raise ValueError("this is no array")


def raw(value: array) -> tuple[str, tuple[int, ...], Any]:
    """Dtype, shape and the bytes of the elements: where they are, if they are side by side."""
    data = value._data
    plain = data.size and data.flags.c_contiguous
    return _NAMES[data.dtype.char], data.shape, data.data.cast("B") if plain else data.tobytes()


def operand(value: Any) -> Any:
    """What takes part in arithmetic with an array: its data, a plain number, or the data of a list; else None."""
    kind = type(value)
    if kind is array:
        return value._data
    if kind is float or kind is int or kind is bool:
        return value
    return data_from(value) if kind is list or kind is tuple else None


def _storable(value: Any, dtype: "np.dtype[Any]") -> Any:
    value = operand(value)
    if value is None:
        raise TypeError("an array holds numbers: store a number, an array or a list of numbers")
    kind = value.dtype.kind if isinstance(value, np.ndarray) else {float: "f", int: "i", bool: "b"}[type(value)]
    if "bif".index(kind) > "bif".index(dtype.kind):
        raise TypeError(f"an array of {dtype} cannot store {'floats' if kind == 'f' else 'ints'}: use astype() first")
    if type(value) is int and dtype.kind == "i" and not -(1 << 63) <= value < 1 << 63:
        raise OverflowError("an int is too large for an array of 64-bit integers")
    return float(value) if type(value) is int and dtype.kind == "f" else value


def _texts(row: Data) -> str:
    items = [*row] if row.size <= _SHOWN else [*row[:3], None, *row[-3:]]
    plain = row.dtype.char == "f"
    return "[" + ", ".join("..." if v is None else str(v) if plain else repr(v.item()) for v in items) + "]"


def _shown(data: Data) -> str:
    if data.ndim == 1:
        return _texts(data)
    if data.size <= _SHOWN:
        return "[" + ", ".join(map(_texts, data)) + "]"
    rows = [*data] if len(data) <= 6 else [*data[:3], None, *data[-3:]]
    return "[" + ", ".join("..." if row is None else _texts(row) for row in rows) + "]"


def _suffix(data: Data) -> str:
    if data.dtype.char == "f" or (not data.size and data.dtype.char != "d"):
        return f", dtype='{data.dtype.name}'"
    return ""


array.__module__ = "builtins"
