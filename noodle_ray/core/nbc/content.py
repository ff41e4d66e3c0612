"""What a function is, wherever it stands: bytes that are equal for equal code, and for nothing else.

Lines count from the function's own, functions that it makes from its own number. ``marshal`` tells True from 1, 1 from
1.0, and floats by their bits; of its versions the second neither shares objects nor looks at who else holds them.
"""

import marshal

from noodle_ray.core.nbc.module import Block, Function
from noodle_ray.core.nbc.ops import MAKERS, OPERANDS
from noodle_ray.light import Any, Final

_NESTED: Final = {
    op: tuple(index for index, kind in enumerate(kinds) if kind in ("B", "H"))
    for op, kinds in OPERANDS.items()
    if "B" in kinds
}
_VERSION: Final = 2


def content(function: Function, index: int) -> bytes:
    """The content of a decoded or verified function. Raises ValueError for what is in no such function."""
    line, column, end_line, end_column = function.span
    head = (
        *function[:1],
        tuple([tuple(param) for param in function.params]),
        *function[2:6],
        *function[8:],
        (column, end_line - line, end_column),
    )
    parts: Any = (head, _code(function.body, line, index))
    return marshal.dumps(parts, _VERSION)


def _code(block: Block, base: int, index: int) -> tuple[object, ...]:
    found = []
    for op, args, (line, column, end_line, end_column) in block:
        if op in _NESTED:
            args = _operands(op, args, base, index)
        elif op in MAKERS:
            at = MAKERS[op]
            args = (*args[:at], args[at] - index, *args[at + 1 :])  # type: ignore[operator]
        found.append((op, args, line - base, column, end_line - base, end_column))
    return tuple(found)


def _operands(op: str, args: tuple[Any, ...], base: int, index: int) -> tuple[object, ...]:
    plain = list(args)
    for at in _NESTED[op]:
        if op == "try" and at == 1:
            plain[at] = tuple([(_code(t, base, index), r, x, _code(b, base, index)) for t, r, x, b in plain[at]])
        else:
            plain[at] = _code(plain[at], base, index)
    return tuple(plain)
