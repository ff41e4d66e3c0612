"""Which functions may go native, read off their instructions alone: cheap, and done before anything is imported."""

from __future__ import annotations

from typing import Final, cast

from noodle_ray.core.nbc.module import Function
from noodle_ray.core.nbc.walk import flatten

AGAIN: Final = object()
"""What native code returns to say: start over, on the Python tier."""


class Pending:
    """The type of `PENDING`."""


PENDING: Final = Pending()
"""Instead of an entry: native code is being made, ask again."""
_OPS: Final = frozenset(
    [
        *("const", "move", "gget", "unset", "check", "bget", "tuple", "list", "binop", "inplace", "unop", "cmp"),
        *(
            "and",
            "or",
            "ifx",
            "attr",
            "index",
            "setindex",
            "unpack",
            "call",
            "callm",
            "method",
            "callb",
            "if",
            "while",
            "for",
            "comp",
        ),
        *("emit", "break", "continue", "return"),
    ]
)
_LOOPS: Final = frozenset({"for", "while", "comp"})
_MAKERS: Final = frozenset({"zeros", "ones"})
_METHODS: Final = _MAKERS | {"append", "pop"}
_TEXTS: Final = frozenset({"float64", "float32", "int64", "bool"})
_ATTRIBUTES: Final = frozenset({"shape", "size", "ndim"})
BUILTINS: Final = frozenset(
    [
        *("range", "len", "abs", "min", "max", "sum", "int", "float", "bool", "round", "divmod", "pow"),
        *(f"math.{f}" for f in ("pow", "sqrt", "isqrt", "fabs", "floor", "ceil", "trunc", "log", "log2", "log10")),
        *(f"math.{f}" for f in ("log1p", "asin", "acos", "atan2", "sin", "cos", "tan", "atan", "exp", "expm1")),
        *("math.sinh", "math.cosh", "math.tanh"),
    ]
)
"""The builtins that native code has."""


def eligible(function: Function) -> bool:
    """Whether a function has only what native code knows, and a loop or a call that may be worth it."""
    if function.cells or function.free or function.kind:
        return False
    if any(param.kind not in ("pos", "pos_only") for param in function.params):
        return False
    worth = False
    for instr in flatten(function.body):
        op, args = instr.op, instr.args
        if op not in _OPS:
            return False
        if op == "callb" and (args[1] not in BUILTINS or args[3]):
            return False
        if op == "callm" and (args[2] not in _METHODS or (args[4] and args[2] not in _MAKERS)):
            return False
        if op == "method" and args[2] not in _METHODS:
            return False
        if op == "bget" and not cast(str, args[1]).startswith("math.") and args[1] != "noodle_ray.array":
            return False
        if op == "attr" and args[2] not in _ATTRIBUTES:
            return False
        if op == "comp" and args[1] != "list":
            return False
        if op == "const" and type(args[1]) not in (int, float, bool, type(None), tuple) and args[1] not in _TEXTS:
            return False
        worth = worth or op in _LOOPS or op == "call"
    return worth
