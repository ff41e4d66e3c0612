"""The methods of arrays, by name: reductions, functions of each element, orders, and the makers of arrays."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from noodle_ray.core.vm.arrays import checks
from noodle_ray.core.vm.arrays.array import array, operand, wrap
from noodle_ray.core.vm.arrays.checks import Data, charge, room, scalar
from noodle_ray.core.vm.arrays.linear import cosine, product
from noodle_ray.core.vm.state import S


def _axis(self: array, axis: Any) -> int | None:
    if axis is None:
        return None
    if type(axis) is not int:
        raise TypeError(f"an axis is an int, not {type(axis).__name__}")
    if not -self._data.ndim <= axis < self._data.ndim:
        raise ValueError(f"axis {axis} is out of bounds for an array of {self._data.ndim} dimension(s)")
    return axis


def _result(found: Any) -> Any:
    return wrap(found) if isinstance(found, np.ndarray) and found.ndim else scalar(found)


def _filled(self: array, name: str, axis: int | None) -> Data:
    """The data, if there is at least one element to reduce; else ValueError."""
    if (self._data.size if axis is None else self._data.shape[axis]) == 0:
        raise ValueError(f"{name}() of an empty array")
    return self._data


def _whole(data: Data) -> Data:
    return data.astype("i8") if data.dtype.kind == "b" else data


def sum_(self: array, axis: Any = None) -> Any:
    """The sum of all elements, or along an axis; of ints it is exact."""
    axis = _axis(self, axis)
    charge(self._data.size)
    data = _whole(self._data)
    if data.dtype.kind == "i" and checks.magnitude(data) * max(data.size, 1) >= 1 << 63:
        return _exact(data, axis, np.add)
    with np.errstate(all="ignore"):
        return _result(data.sum(axis=axis))


def prod(self: array, axis: Any = None) -> Any:
    """The product of all elements, or along an axis; of ints it is exact."""
    axis = _axis(self, axis)
    charge(self._data.size)
    data = _whole(self._data)
    if data.dtype.kind == "i":
        bits = checks.magnitude(data).bit_length() * data.size
        if bits > 62:
            charge(bits, 64)
            return _exact(data, axis, np.multiply)
    with np.errstate(all="ignore"):
        return _result(data.prod(axis=axis))


def _exact(data: Data, axis: int | None, operation: "np.ufunc") -> Any:
    charge(data.size, 64)
    found = operation.reduce(data.astype(object), axis=axis)
    if not isinstance(found, np.ndarray):
        return found
    if found.size and not (int(found.min()) >= checks.LOWEST and int(found.max()) < 1 << 63):
        raise OverflowError("the result is too large for an array of 64-bit integers")
    return wrap(found.astype("i8"))


def mean(self: array, axis: Any = None) -> Any:
    """The mean of all elements, or along an axis."""
    axis = _axis(self, axis)
    charge(self._data.size)
    with np.errstate(all="ignore"):
        return _result(_filled(self, "mean", axis).mean(axis=axis))


def std(self: array, axis: Any = None, ddof: Any = 0) -> Any:
    """The standard deviation of the population, or of a sample with ``ddof=1``."""
    axis = _axis(self, axis)
    charge(self._data.size, 4)
    data = _filled(self, "std", axis)
    if checks.count(ddof, "ddof") >= (data.size if axis is None else data.shape[axis]):
        raise ValueError(f"std() with ddof={ddof} needs more than {ddof} elements")
    with np.errstate(all="ignore"):
        return _result(_whole(data).std(axis=axis, ddof=ddof))


def _extreme(name: str) -> Callable[..., Any]:
    def method(self: array, axis: Any = None) -> Any:
        axis = _axis(self, axis)
        charge(self._data.size)
        return _result(getattr(np, name)(_filled(self, name, axis), axis=axis))

    return method


def _test(name: str) -> Callable[..., Any]:
    def method(self: array, axis: Any = None) -> Any:
        axis = _axis(self, axis)
        charge(self._data.size)
        return _result(getattr(np, name)(self._data, axis=axis))

    return method


def _each(name: str) -> Callable[..., Any]:
    def method(self: array) -> array:
        charge(self._data.size, 4)
        data = _whole(self._data)
        with np.errstate(all="ignore"):
            return wrap(getattr(np, name)(data.astype("f8") if data.dtype.kind == "i" else data))

    return method


def clip(self: array, low: Any = None, high: Any = None) -> array:
    """Each element, held between two numbers; None leaves an end open."""
    for end in (low, high):
        if type(end) not in (int, float, type(None)):
            raise TypeError(f"clip() takes numbers, not {type(end).__name__}")
    charge(self._data.size)
    data = _whole(self._data)
    if data.dtype.kind == "i" and (type(low) is float or type(high) is float):
        data = data.astype("f8")
    with np.errstate(all="ignore"):
        return wrap(np.clip(data, _end(data, low), _end(data, high)))


def _end(data: Data, end: Any) -> Any:
    if type(end) is int:
        return float(end) if data.dtype.kind == "f" else max(min(end, (1 << 63) - 1), checks.LOWEST)
    return end


def softmax(self: array) -> array:
    """Positive numbers that sum to one, of a vector or of each row of a matrix."""
    charge(self._data.size, 8)
    data = _filled(self, "softmax", -1)
    data = data if data.dtype.kind == "f" else data.astype("f8")
    with np.errstate(all="ignore"):
        powers = np.exp(data - data.max(axis=-1, keepdims=True))
        return wrap(powers / powers.sum(axis=-1, keepdims=True))


def norm(self: array, axis: Any = None) -> Any:
    """The Euclidean length: of all elements, or along an axis."""
    axis = _axis(self, axis)
    charge(self._data.size)
    data = self._data if self._data.dtype.kind == "f" else self._data.astype("f8")
    with np.errstate(all="ignore"):
        return _result(np.sqrt((data * data).sum(axis=axis)))


def dot(self: array, other: Any) -> Any:
    """The product of vectors or matrices, as ``@``."""
    right = operand(other)
    if not isinstance(right, np.ndarray):
        raise TypeError(f"dot() takes an array or a list of numbers, not {type(other).__name__}")
    return product(self._data, right)


def _charge_sort(self: array) -> None:
    size = self._data.size
    if size > 63:
        S.charge(size * size.bit_length() >> 6)


def sort(self: array) -> None:
    """Sort in place, each row for itself; NaN comes last."""
    _charge_sort(self)
    self._data.sort(axis=-1, kind="stable")


def argsort(self: array) -> array:
    """The indices that would sort it; equal elements keep their order."""
    _charge_sort(self)
    return wrap(self._data.argsort(axis=-1, kind="stable"))


def top_k(self: array, k: Any) -> tuple[array, array]:
    """The k largest elements of a vector, largest first, and their indices; of equal ones the first come first."""
    if self._data.ndim != 1:
        raise ValueError("top_k() takes a vector: index a row first")
    k = min(checks.count(k, "k"), self._data.size)
    charge(self._data.size, 4)
    data = _whole(self._data)
    keys = data if data.dtype.kind == "i" else np.where(np.isnan(data), -np.inf, data)
    if k and k < data.size // 2:
        least = np.partition(keys, data.size - k)[data.size - k]
        above = np.flatnonzero(keys > least)
        chosen = np.concatenate([above, np.flatnonzero(keys == least)[: k - above.size]])
        chosen.sort()
    else:
        chosen = np.arange(data.size)
    order = chosen[_descending(keys[chosen])][:k]
    return wrap(self._data[order]), wrap(order)


def _descending(keys: Data) -> Data:
    """Indices from the largest key to the smallest, stable: what is sorted backwards is reversed back."""
    return (keys.size - 1 - keys[::-1].argsort(kind="stable"))[::-1]


def astype(self: array, dtype: Any) -> array:
    """A copy with another dtype."""
    return array(self, dtype)


def copy(self: array) -> array:
    """A copy with data of its own."""
    return array(self)


def reshape(self: array, *shape: Any) -> array:
    """The same elements in another shape; one size may be -1."""
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    total = self._data.size
    if [*sizes].count(-1) == 1:
        rest = 1
        for size in sizes:
            rest *= 1 if size == -1 else checks.count(size, "a size")
        sizes = [total // rest if size == -1 and rest else size for size in sizes]
    wanted = checks.shape_of(tuple(sizes))
    elements = wanted[0] * (wanted[1] if len(wanted) == 2 else 1)
    if elements != total:
        raise ValueError(f"an array of {total} elements cannot have the shape {wanted}")
    charge(total)
    return wrap(self._data.reshape(wanted))


def flatten(self: array) -> array:
    """All elements in one dimension, copied."""
    room(self._data.size)
    return wrap(self._data.flatten())


def cumsum(self: array) -> array:
    """The running sums of a vector."""
    if self._data.ndim != 1:
        raise ValueError("cumsum() takes a vector")
    charge(self._data.size)
    data = _whole(self._data)
    if data.dtype.kind == "i" and checks.magnitude(data) * max(data.size, 1) >= 1 << 63:
        raise OverflowError("the running sums may be too large for an array of 64-bit integers")
    with np.errstate(all="ignore"):
        return wrap(data.cumsum())


def zeros(shape: Any, dtype: Any = "float64") -> array:
    """``array.zeros``."""
    return full(shape, 0, dtype)


def ones(shape: Any, dtype: Any = "float64") -> array:
    """``array.ones``."""
    return full(shape, 1, dtype)


def full(shape: Any, value: Any, dtype: Any = None) -> array:
    """``array.full``: every element the same."""
    sizes = checks.shape_of(shape)
    room(sizes[0] * (sizes[1] if len(sizes) == 2 else 1))
    one = checks.data_from([value], dtype)
    return wrap(np.full(sizes, one[0], one.dtype))


def arange(start: Any, stop: Any = None, step: Any = 1) -> array:
    """``array.arange``: as ``range``, of ints or floats."""
    if stop is None:
        start, stop = 0, start
    for value in (start, stop, step):
        if type(value) not in (int, float):
            raise TypeError(f"arange() takes numbers, not {type(value).__name__}")
    if step == 0:
        raise ValueError("arange() step must not be zero")
    if type(start) is type(stop) is type(step) is int:
        return array(range(start, stop, step))
    steps = (stop - start) / step
    if not abs(steps) < 1e15:
        raise ValueError("arange() takes finite numbers, and not that many")
    elements = max(0, -int(-steps // 1))
    room(elements)
    return wrap(start + np.arange(elements, dtype="f8") * step)


def linspace(start: Any, stop: Any, num: Any = 50) -> array:
    """``array.linspace``: evenly spaced floats, both ends included."""
    for value in (start, stop):
        if type(value) not in (int, float):
            raise TypeError(f"linspace() takes numbers, not {type(value).__name__}")
    room(checks.count(num, "num"))
    with np.errstate(all="ignore"):
        return wrap(np.linspace(float(start), float(stop), num, dtype="f8"))


def _all_of(name: str, arrays: Any) -> list[Data]:
    if not isinstance(arrays, list | tuple) or not arrays:
        raise TypeError(f"{name}() takes a list of at least one array")
    found = [item._data if isinstance(item, array) else array(item)._data for item in arrays]
    room(sum(data.size for data in found))
    return found


def concatenate(arrays: Any, axis: Any = 0) -> array:
    """``array.concatenate``: arrays one after another."""
    found = _all_of("concatenate", arrays)
    first = found[0]
    if axis not in (0, 1) or axis >= first.ndim:
        raise ValueError(f"axis {axis!r:.20} is out of bounds for an array of {first.ndim} dimension(s)")
    if len({(data.ndim, *data.shape[:axis], *data.shape[axis + 1 :]) for data in found}) > 1:
        raise ValueError("concatenate() takes arrays that differ in size along one axis only")
    return wrap(np.concatenate(found, axis=axis))


def stack(arrays: Any) -> array:
    """``array.stack``: vectors of one length as the rows of a matrix."""
    found = _all_of("stack", arrays)
    shapes = {data.shape for data in found}
    if len(shapes) > 1 or found[0].ndim != 1:
        raise ValueError(f"stack() takes vectors of one length, not {', '.join(map(str, sorted(shapes)[:3]))}")
    return wrap(np.stack(found))


METHODS: Final[dict[str, Callable[..., Any]]] = {
    "abs": array.__abs__, "all": _test("all"), "any": _test("any"), "argmax": _extreme("argmax"),
    "argmin": _extreme("argmin"), "argsort": argsort, "astype": astype, "clip": clip, "copy": copy, "cosine": cosine,
    "cumsum": cumsum, "dot": dot, "exp": _each("exp"), "flatten": flatten, "log": _each("log"), "max": _extreme("max"),
    "mean": mean, "min": _extreme("min"), "norm": norm, "prod": prod, "reshape": reshape, "round": array.__round__,
    "softmax": softmax, "sort": sort, "sqrt": _each("sqrt"), "std": std, "sum": sum_, "tolist": array.tolist,
    "top_k": top_k,
}  # fmt: skip
"""Methods of an array, by name."""
STATICS: Final[dict[str, Callable[..., Any]]] = {
    "arange": arange, "concatenate": concatenate, "full": full, "linspace": linspace, "ones": ones, "stack": stack,
    "zeros": zeros,
}  # fmt: skip
"""Functions of the class: ``array.zeros(3)``."""
ATTRIBUTES: Final[dict[str, Callable[[array], Any]]] = {
    "T": lambda self: wrap(self._data.T),
    "dtype": lambda self: self._data.dtype.name,
    "ndim": lambda self: self._data.ndim,
    "shape": lambda self: self._data.shape,
    "size": lambda self: self._data.size,
}
"""Attributes of an array that are data."""

for _name, _method in (METHODS | STATICS).items():
    if not _method.__name__.startswith("__"):
        _method.__name__ = _method.__qualname__ = _name
    if _name != "tolist":  # for CPython, where attributes are looked up in the class
        setattr(array, _name, staticmethod(_method) if _name in STATICS else _method)
for _name, _reader in ATTRIBUTES.items():
    setattr(array, _name, property(_reader))
