"""Arithmetic and comparison, element by element: integers never wrap around, and never divide by zero."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from noodle_ray.core.vm.arrays.checks import DTYPES, LOWEST, Data, charge, magnitude

_INT64: Final[np.dtype[Any]] = DTYPES["int64"]
_MOST: Final = (1 << 63) - 1
ARITHMETIC: Final[dict[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "//": np.floor_divide,
    "%": np.remainder,
    "**": np.power,
}
COMPARISONS: Final[dict[str, Callable[..., Any]]] = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}
BITWISE: Final[dict[str, Callable[..., Any]]] = {"&": np.bitwise_and, "|": np.bitwise_or, "^": np.bitwise_xor}


def compute(symbol: str, left: Any, right: Any) -> Data:
    """``left symbol right`` of two arrays of one shape, or an array and a number.

    Raises ValueError for shapes that differ, ZeroDivisionError and OverflowError for ints; floats follow IEEE 754.
    """
    _check_shapes(left, right)
    charge(max(np.size(left), np.size(right)))
    if symbol in COMPARISONS:
        return np.asarray(COMPARISONS[symbol](left, right))
    if symbol in BITWISE:
        if _kind(left) == "f" or _kind(right) == "f":
            raise TypeError(f"unsupported operand type(s) for {symbol}: arrays of floats have no bits")
        return np.asarray(BITWISE[symbol](left, right))
    left, right = _number(left), _number(right)
    if _kind(left) == "i" and _kind(right) == "i":
        return _integers(symbol, left, right)
    left, right = _floating(left, right), _floating(right, left)
    with np.errstate(all="ignore"):
        return np.asarray(ARITHMETIC[symbol](left, right))


def _check_shapes(left: Any, right: Any) -> None:
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and left.shape != right.shape:
        raise ValueError(f"arrays of the shapes {left.shape} and {right.shape} do not go together element by element")


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(value.dtype.kind)
    return "f" if type(value) is float else "b" if type(value) is bool else "i"


def _number(value: Any) -> Any:
    """Truth values count as 0 and 1, as in Python."""
    if isinstance(value, np.ndarray):
        return value.astype(_INT64) if value.dtype.kind == "b" else value
    return int(value) if type(value) is bool else value


def _floating(value: Any, other: Any) -> Any:
    """A Python int as float, as it may have more than 64 bits; numpy's own promotion does the rest."""
    if type(value) is int:
        return float(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "i" and isinstance(other, np.ndarray):
        return value.astype(DTYPES["float64"])
    return value


def _integers(symbol: str, left: Any, right: Any) -> Data:
    if symbol == "/":
        if not np.all(right):
            with np.errstate(all="ignore"):
                return np.asarray(np.true_divide(_float(left), _float(right)))
        return np.asarray(np.true_divide(_float(left), _float(right)))
    for value in (left, right):
        if type(value) is int and not LOWEST <= value <= _MOST:
            raise OverflowError("an int is too large for an array of 64-bit integers")
    if symbol in ("//", "%"):
        if not np.all(right):
            raise ZeroDivisionError("integer division or modulo by zero in an array")
        if symbol == "//" and _magnitude(left) > _MOST and _has(right, -1):
            raise _overflow(symbol)
    elif symbol == "**":
        if _lowest(right) < 0:
            raise ValueError("an integer array has no negative powers: use astype('float64') first")
        with np.errstate(all="ignore"):
            if np.any(np.float_power(np.abs(np.asarray(left, "f8")), right) >= 2.0**63):
                raise _overflow(symbol)
    else:
        large, other = _magnitude(left), _magnitude(right)
        if (large * other if symbol == "*" else large + other) > _MOST:
            return _exactly(symbol, left, right)
    return np.asarray(ARITHMETIC[symbol](left, right))


def _float(value: Any) -> Any:
    return value.astype(DTYPES["float64"]) if isinstance(value, np.ndarray) else float(value)


def _magnitude(value: Any) -> int:
    return magnitude(value) if isinstance(value, np.ndarray) else abs(value)


def _lowest(value: Any) -> int:
    return int(np.min(value)) if np.size(value) else 0


def _has(value: Any, item: int) -> bool:
    return bool(np.any(np.equal(value, item)))


def _exactly(symbol: str, left: Any, right: Any) -> Data:
    """The same with Python's integers, for values so large that 64 bits may not hold the result."""
    charge(max(np.size(left), np.size(right)), 64)
    result = ARITHMETIC[symbol](_objects(left), _objects(right))
    if result.size and not (int(result.min()) >= LOWEST and int(result.max()) <= _MOST):
        raise _overflow(symbol)
    return np.asarray(result, _INT64)


def _objects(value: Any) -> Any:
    return value.astype(object) if isinstance(value, np.ndarray) else value


def _overflow(symbol: str) -> OverflowError:
    return OverflowError(f"the result of '{symbol}' is too large for an array of 64-bit integers")
