"""What CPython itself says of an operation on values of known types: asked of small samples, never of a program's data.

An operation surely fails if it raises TypeError for each sample of its operands' types. What depends on the value
rather than the type passes for one of them, and is then not reported.
"""

import operator
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from noodle_ray.core.types.model import ANY, Inst, Type

_SAMPLES: Final[dict[type, tuple[Callable[[], Any], ...]]] = {
    int: (lambda: 1, lambda: 0, lambda: 3),
    bool: (lambda: True, lambda: False, lambda: True),
    float: (lambda: 1.0, lambda: 0.5, lambda: 3.25),
    complex: (lambda: 1j, lambda: 2j, lambda: 1j),
    str: (lambda: "a", lambda: "", lambda: "1"),
    bytes: (lambda: b"a", lambda: b"", lambda: b"1"),
    bytearray: (lambda: bytearray(b"a"), lambda: bytearray(), lambda: bytearray(b"1")),
    list: (lambda: [], lambda: [], lambda: []),
    tuple: (lambda: (), lambda: (), lambda: ()),
    dict: (lambda: {}, lambda: {}, lambda: {}),
    set: (lambda: set(), lambda: set(), lambda: set()),
    frozenset: (lambda: frozenset(), lambda: frozenset(), lambda: frozenset()),
    range: (lambda: range(2), lambda: range(0), lambda: range(3)),
    slice: (lambda: slice(1), lambda: slice(0), lambda: slice(3)),
    type(None): (lambda: None, lambda: None, lambda: None),
}
KNOWN: Final = frozenset(_SAMPLES)
"""The types that have samples."""
BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "Add": operator.add, "Sub": operator.sub, "Mult": operator.mul, "Div": operator.truediv, "Mod": operator.mod,
    "FloorDiv": operator.floordiv, "MatMult": operator.matmul, "BitAnd": operator.and_, "BitOr": operator.or_,
    "BitXor": operator.xor, "LShift": operator.lshift, "RShift": operator.rshift, "Pow": operator.pow,
    "Lt": operator.lt, "LtE": operator.le, "Gt": operator.gt, "GtE": operator.ge,
    "In": lambda item, box: item in box, "NotIn": lambda item, box: item not in box,
}  # fmt: skip
UNARY: Final[dict[str, Callable[[Any], Any]]] = {"USub": operator.neg, "UAdd": operator.pos, "Invert": operator.invert}
_INPLACE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "Add": operator.iadd, "Sub": operator.isub, "Mult": operator.imul, "Div": operator.itruediv,
    "Mod": operator.imod, "FloorDiv": operator.ifloordiv, "MatMult": operator.imatmul, "BitAnd": operator.iand,
    "BitOr": operator.ior, "BitXor": operator.ixor, "LShift": operator.ilshift, "RShift": operator.irshift,
    "Pow": operator.ipow,
}  # fmt: skip
_VARYING: Final = frozenset({"Pow", "Mod"})
"""Operators whose result's type depends on the values."""

Verdict = tuple[str, Type]
"""A message if the operation surely fails, else '' and the type of its result."""


def attempt(function: Callable[..., Any], kinds: tuple[type, ...], names: tuple[str, ...] = ()) -> Verdict:
    """Call a function with samples of these types, the last ones by these names."""
    message, results = "", set()
    for turn in range(3):
        values = [_SAMPLES[kind][turn]() for kind in kinds]
        positional = values[: len(values) - len(names)]
        try:
            result = function(*positional, **dict(zip(names, values[len(positional) :], strict=True)))
        except TypeError as error:
            message = message or str(error)
        except Exception:
            return "", ANY
        else:
            results.add(type(result))
    if not results:
        return message, ANY
    kind = results.pop()
    return "", Inst(kind) if not results and not message and kind in KNOWN else ANY


@cache
def binary(operation: str, left: type, right: type, inplace: bool = False) -> Verdict:
    """The verdict on ``left operation right``."""
    if operation == "Mod" and left in (str, bytes, bytearray):
        return "", Inst(left)
    verdict = attempt((_INPLACE if inplace else BINARY)[operation], (left, right))
    return ("", ANY) if operation in _VARYING and not verdict[0] else verdict


@cache
def unary(operation: str, kind: type) -> Verdict:
    """The verdict on ``operation value``."""
    return attempt(UNARY[operation], (kind,))


@cache
def method(receiver: type, name: str, kinds: tuple[type, ...], names: tuple[str, ...]) -> Verdict:
    """The verdict on a call of a method of one of Python's own types."""

    def call(value: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(value, name)(*args, **kwargs)

    return attempt(call, (receiver, *kinds), names)


@cache
def formats(kind: type, spec: str) -> str:
    """Why ``format(value, spec)`` fails for every value of a type, or ''."""
    message = ""
    for turn in range(3):
        try:
            format(_SAMPLES[kind][turn](), spec)
        except (ValueError, TypeError) as error:
            message = str(error)
        except Exception:
            return ""
        else:
            return ""
    return message


def percent(template: str | bytes, kinds: tuple[type, ...], single: bool) -> str:
    """Why ``template % values`` fails with TypeError for all values of these types, or ''."""
    message = ""
    for turn in range(3):
        values = tuple(_SAMPLES[kind][turn]() for kind in kinds)
        try:
            template % (values[0] if single else values)
        except TypeError as error:
            message = str(error)
        except Exception:
            return ""
        else:
            return ""
    return message
