"""Module → text: one line per instruction, blocks indented."""

import struct
from collections.abc import Callable, Iterator
from math import isfinite
from typing import Any, Final

from noodle_ray.core.nbc.module import FORMAT_VERSION, Block, Constant, Function, Instr, Module, Span
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.text.layout import INDENT, LABELS

_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.<>/@:-")
_DECIMAL_BITS: Final = 128
"""Larger integers are written in hex, which takes linear time and has no limit on digits."""


def to_text(module: Module, *, spans: bool = True) -> str:
    """The module as text that ``from_text`` reads back; without ``spans`` it is shorter and loses those."""
    lines = [f"nbc {FORMAT_VERSION}"]
    for title, names in (("models", module.models), ("imports", module.imports)):
        if names:
            lines.append(" ".join((title, *map(_name, names))))
    for index, function in enumerate(module.functions):
        lines.append("")
        lines += _function(index, function, _span if spans else _no_span)
    return "\n".join(lines) + "\n"


def _function(index: int, function: Function, show: Callable[[Span], str]) -> Iterator[str]:
    yield f"function {index} {_name(function.name)}{show(function.span)}"
    for name, kind, default, annotation in function.params:
        yield f"  param {kind} {_name(name)}{' default' * default}{f' : {annotation!r}' if annotation else ''}"
    if function.returns:
        yield f"  returns {function.returns!r}"
    if function.kind:
        yield f"  kind {function.kind}"
    yield f"  registers {function.registers}"
    for title, names in (("locals", function.locals), ("cells", function.cells), ("free", function.free)):
        if names:
            yield " ".join((f"  {title}", *map(_name, names)))
    yield "  code"
    yield from _block(function.body, 2 * INDENT, show)


def _block(block: Block, indent: int, show: Callable[[Span], str]) -> Iterator[str]:
    for instr in block:
        yield f"{' ' * indent}{_head(instr)}{show(instr.span)}"
        labels = iter(LABELS.get(instr.op, ()))
        value: Any
        for kind, value in zip(OPERANDS[instr.op], instr.args, strict=True):
            if kind == "B":
                yield from _labelled(next(labels), value, indent, show)
            elif kind == "H":
                for types, type_register, exception, body in value:
                    yield from _labelled("types", types, indent, show)
                    yield f"{' ' * indent}except {_optional(type_register)} {_optional(exception)}"
                    yield from _block(body, indent + INDENT, show)


def _labelled(label: str, block: Block, indent: int, show: Callable[[Span], str]) -> Iterator[str]:
    if block:
        if label:
            yield " " * indent + label
        yield from _block(block, indent + INDENT, show)


def _head(instr: Instr) -> str:
    """An instruction's own line: everything but its blocks."""
    op, args, _ = instr
    words = [op]
    for kind, value in zip(OPERANDS[op], args, strict=True):
        if kind not in ("B", "H"):
            words.append(_WRITE[kind](value))
    if OPERANDS[op][:1] == ("D",):
        words[:2] = [words[1], "=", op]
    return " ".join(words)


def _name(name: str) -> str:
    return name if name and name[0] != "@" and (_BARE.issuperset(name) or name.isidentifier()) else repr(name)


def _register(register: int) -> str:
    return f"r{register}"


def _optional(register: int | None) -> str:
    return "none" if register is None else f"r{register}"


def _registers(registers: tuple[int, ...]) -> str:
    return f"({' '.join(map(_register, registers))})"


def _keywords(keywords: tuple[tuple[str, int], ...]) -> str:
    return f"({' '.join([f'{_name(name)}=r{register}' for name, register in keywords])})"


def _operator(operator: str) -> str:
    return operator.replace(" ", "-") or "''"


def _constant(value: Constant) -> str:
    if isinstance(value, tuple):
        return f"({' '.join(map(_constant, value))})"
    if isinstance(value, float) and not isfinite(value):
        return f"bits:{struct.pack('>d', value).hex()}"
    if isinstance(value, bytes):
        return f"bytes:{value.hex()}"
    if isinstance(value, complex):
        return f"complex:{struct.pack('>dd', value.real, value.imag).hex()}"
    if value is ...:
        return "..."
    if type(value) is int and value.bit_length() > _DECIMAL_BITS:
        return hex(value)
    return repr(value)


def _span(span: Span) -> str:
    line, column, end_line, end_column = span
    return f"  @{line}:{column}-{'' if line == end_line else f'{end_line}:'}{end_column}"


def _no_span(_: Span) -> str:
    return ""


_WRITE: Final[dict[str, Callable[[Any], str]]] = {
    "D": _register,
    "R": _register,
    "X": _register,
    "R?": _optional,
    "D?": _optional,
    "R*": _registers,
    "D*": _registers,
    "KW": _keywords,
    "K": _constant,
    "N": _name,
    "C": "c{}".format,
    "F": "f{}".format,
    "O": _operator,
}
