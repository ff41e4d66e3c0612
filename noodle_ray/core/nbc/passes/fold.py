"""Constant folding and propagation: what is computed from constants alone is computed here, and a branch on one chosen.

A register that only one ``const`` writes holds that constant wherever it is read. Values stay those that Python
computes, because Python computes them; what raises, what has an identity that programs can compare (tuples, NaN)
and what would be large is left for the run.
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.ops import TERMINATORS
from noodle_ray.core.nbc.passes.rewrite import Uses, in_types, sealed, with_blocks

_MAX_BITS: Final = 128
_MAX_LENGTH: Final = 256
_SCALARS: Final = (int, float, bool, str, bytes, type(None))
_SINGLE: Final = (None, True, False, ...)

_BINARY: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_,
    "|": operator.or_, "^": operator.xor,
}  # fmt: skip
_UNARY: Final[dict[str, Callable[[Any], Any]]] = {
    "-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_,
}  # fmt: skip
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda item, container: item in container, "not in": lambda item, container: item not in container,
}  # fmt: skip
_CONVERSIONS: Final[dict[str, Callable[[Any], str]]] = {"": str, "s": str, "r": repr, "a": ascii}
_BUILTINS: Final[dict[str, tuple[Callable[[Any], Any], tuple[type, ...]]]] = {
    "len": (len, (str, bytes, tuple)),
    "ord": (ord, (str,)),
    "chr": (chr, (int,)),
    "abs": (abs, (int, float)),
    "bool": (bool, _SCALARS),
}


class _Unknown:
    """What a register holds that is no constant."""


def run(module: Module) -> Module:
    """Fold every function."""
    return sealed(module, [_Fold(function).folded() for function in module.functions])


class _Fold:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.uses = Uses(function)
        self.kept = in_types(function)
        self.values: dict[int, Any] = {}

    def folded(self) -> Function:
        return self.function._replace(body=self.block(self.function.body))

    def block(self, block: Block) -> Block:
        """A branch on a constant is replaced by the block it takes, after whose end there may be nothing to run."""
        found: list[Instr] = []
        pending = list(reversed(block))
        while pending:
            instr = pending.pop()
            chosen = self.branch(instr)
            if chosen is not None:
                pending += reversed(chosen)
                continue
            instr = with_blocks(self.instruction(instr), self.block)
            found.append(instr)
            if instr.op in TERMINATORS:
                break
        return tuple(found)

    def instruction(self, instr: Instr) -> Instr:
        target: Any = instr.args[0] if instr.args else None
        if instr.op != "const":
            value = self.value(instr)
            if value is _Unknown:
                return instr
            instr = Instr("const", (target, value), instr.span)
        constant = instr.args[1]
        writers = self.uses.writers[target]
        if len(writers) == 1 and target >= len(self.function.params) and target not in self.kept:
            self.values[target] = constant
        return instr

    def known(self, register: Any) -> Any:
        return self.values.get(register, _Unknown)

    def value(self, instr: Instr) -> Any:
        """The value that the instruction surely computes, or _Unknown."""
        args: Any = instr.args
        if instr.op in ("binop", "inplace"):
            return _computed(_binary, args[1], self.known(args[2]), self.known(args[3]))
        if instr.op == "cmp":
            return _computed(_compared, args[1], self.known(args[2]), self.known(args[3]))
        if instr.op == "unop":
            return _computed(lambda sign, value: _UNARY[sign](value), args[1], self.known(args[2]))
        if instr.op == "move":
            return _computed(lambda value: value, self.known(args[1]))
        if instr.op == "index":
            return _computed(_indexed, self.known(args[1]), self.known(args[2]))
        if instr.op == "format" and args[3] is None:
            return _computed(_formatted, args[1], self.known(args[2]))
        if instr.op == "concat":
            return _computed(_joined, *[self.known(register) for register in args[1]])
        if instr.op == "callb" and args[1] in _BUILTINS and len(args[2]) == 1 and not args[3]:
            return _computed(_built, args[1], self.known(args[2][0]))
        return _Unknown

    def branch(self, instr: Instr) -> Block | None:
        """What to run instead of a branch on a constant; None where there is no telling."""
        args: Any = instr.args
        op, span = instr.op, instr.span
        if op == "if":
            test = self.known(args[0])
            return None if test is _Unknown else (args[1] if test else args[2])
        if op in ("and", "or", "ifx"):
            test = self.known(args[1])
            if test is _Unknown:
                return None
            if op == "ifx":
                block, result = (args[2], args[3]) if test else (args[4], args[5])
                return (*block, Instr("move", (args[0], result), span))
            if bool(test) == (op == "and"):
                return (*args[2], Instr("move", (args[0], args[3]), span))
            return (Instr("move", (args[0], args[1]), span),)
        if op == "while" and len(args[0]) == 1 and args[0][0].op == "const":
            target, value = args[0][0].args
            return (*args[0], *args[3]) if target == args[1] and not value else None
        return None


def _computed(compute: Callable[..., Any], *operands: Any) -> Any:
    """The value, unless an operand is unknown, the operation raises, or the result is not fit to be a constant."""
    if _Unknown in operands:
        return _Unknown
    try:
        value = compute(*operands)
    except Exception:
        return _Unknown
    if type(value) not in _SCALARS or value != value:
        return _Unknown
    if type(value) is int and value.bit_length() > _MAX_BITS:
        return _Unknown
    if type(value) in (str, bytes) and len(value) > _MAX_LENGTH:
        return _Unknown
    return value


def _binary(sign: str, left: Any, right: Any) -> Any:
    """Refuses, before it is done, what could be large work."""
    if type(left) not in _SCALARS or type(right) not in _SCALARS:
        return _Unknown
    if sign in ("**", "<<") and not (abs(left) <= 2**_MAX_BITS and abs(right) <= _MAX_BITS):
        return _Unknown
    if sign == "*" and not all(
        _repeats(value) or type(other) not in (str, bytes) for value, other in ((left, right), (right, left))
    ):
        return _Unknown
    if sign == "%" and type(left) in (str, bytes):
        return _Unknown
    return _BINARY[sign](left, right)


def _repeats(value: Any) -> bool:
    """Whether a text repeated so often stays small."""
    return type(value) is not int or value <= _MAX_LENGTH


def _compared(sign: str, left: Any, right: Any) -> Any:
    if sign in ("is", "is not"):
        if any(left is single for single in _SINGLE) and any(right is single for single in _SINGLE):
            return (left is right) == (sign == "is")
        return _Unknown
    return _COMPARE[sign](left, right)


def _indexed(container: Any, key: Any) -> Any:
    return container[key] if type(container) in (str, bytes, tuple) and type(key) is int else _Unknown


def _formatted(conversion: str, value: Any) -> Any:
    if type(value) not in _SCALARS or (type(value) is int and value.bit_length() > _MAX_BITS):
        return _Unknown
    return _CONVERSIONS[conversion](value)


def _joined(*parts: Any) -> Any:
    return "".join(parts) if sum(map(len, parts)) <= _MAX_LENGTH else _Unknown


def _built(name: str, value: Any) -> Any:
    function, kinds = _BUILTINS[name]
    return function(value) if type(value) in kinds else _Unknown
