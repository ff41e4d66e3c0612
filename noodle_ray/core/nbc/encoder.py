"""Module → bytes. The layout is specified in docs/nbc.md; ``decoder`` is its mirror image."""

import struct

from noodle_ray.core.nbc.bounds import MAX_BYTES, MAX_DEPTH, MAX_INT_BITS, MAX_POOL, MAX_WORD
from noodle_ray.core.nbc.module import FORMAT_VERSION, Block, Constant, Function, Module, Span
from noodle_ray.core.nbc.ops import OPCODES, OPERANDS, OPERATORS
from noodle_ray.errors import ModuleError
from noodle_ray.light import Any, Final, Iterable

MAGIC: Final = b"\xf5NBC"
"""First bytes of every module. 0xF5 never occurs in UTF-8, so no text file is taken for a module."""

PARAM_KINDS: Final = ("pos_only", "pos", "var", "kw_only", "var_kw")
FUNCTION_KINDS: Final = ("", "generator", "class", "coroutine", "async_generator")
NONE, FALSE, TRUE, INT, FLOAT, STR, TUPLE, BYTES, COMPLEX, ELLIPSIS = range(10)
"""Tags of constants."""

PLAIN: Final = frozenset({"D", "R", "X", "C", "F"})
"""Kinds of operands that are single words."""
_OPTIONAL: Final = frozenset({"R?", "D?"})
_LISTS: Final = frozenset({"R*", "D*"})
_OPERATOR_INDEX: Final = {
    op: {operator: index for index, operator in enumerate(group)} for op, group in OPERATORS.items()
}


def encode(module: Module) -> bytes:
    """The canonical bytes of a module; its file name is left out.

    Raises ModuleError E0307 when a part has no encoding (a negative register, an unknown opcode) and
    E0306 when it is too large or too deep. Does not verify: run ``verify`` on what a compiler made.
    """
    try:
        data = Encoder().module(module)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
        raise ModuleError(f"This module cannot be encoded: {error}.", code="NOODLE-E0307") from error
    if len(data) > MAX_BYTES:
        raise ModuleError(f"An encoded module is at most {MAX_BYTES} bytes.", code="NOODLE-E0306")
    return data


def digest(data: bytes) -> str:
    """The SHA-256 of an encoded module in hex: the name it is known by."""
    return sha256(data).hex()


_hashing: Any = None


def sha256(data: bytes) -> bytes:
    """SHA-256 by CPython's own code, because hashlib loads OpenSSL, which takes 3 ms of a `noodle run`."""
    global _hashing
    if _hashing is None:
        try:
            from _sha256 import sha256 as hashed  # type: ignore[import-not-found]
        except ImportError:  # CPython 3.12
            from _sha2 import sha256 as hashed  # type: ignore[import-not-found]

        _hashing = hashed
    found: bytes = _hashing(data).digest()
    return found


def uvarint(value: int) -> bytes:
    """LEB128: seven bits per byte, lowest first, the high bit set on all but the last."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def constant_bytes(value: Constant, depth: int = 0) -> bytes:
    """A constant's tag and payload. Distinguishes True, 1 and 1.0, and floats by their bits."""
    kind = type(value)
    if value is None:
        return b"\x00"
    if isinstance(value, int) and kind is int:
        bits = value.bit_length()
        if bits > MAX_INT_BITS:
            raise ModuleError(f"A constant integer has at most {MAX_INT_BITS} bits.", code="NOODLE-E0306")
        length = bits // 8 + 1
        return b"\x03" + uvarint(length) + value.to_bytes(length, "little", signed=True)
    if isinstance(value, bool):
        return b"\x02" if value else b"\x01"
    if isinstance(value, float) and kind is float:
        return b"\x04" + struct.pack("<d", value)
    if isinstance(value, str) and kind is str:
        return b"\x05" + text_bytes(value)
    if isinstance(value, tuple) and kind is tuple:
        if depth >= MAX_DEPTH:
            raise ModuleError(f"Constant tuples nest at most {MAX_DEPTH} deep.", code="NOODLE-E0306")
        return b"\x06" + uvarint(len(value)) + b"".join(constant_bytes(item, depth + 1) for item in value)
    if isinstance(value, bytes) and kind is bytes:
        return b"\x07" + uvarint(len(value)) + value
    if isinstance(value, complex) and kind is complex:
        return b"\x08" + struct.pack("<dd", value.real, value.imag)
    if value is ...:
        return b"\x09"
    raise TypeError(f"{kind.__name__!r} is not the type of a constant")


def text_bytes(text: str) -> bytes:
    """A string as its length in bytes and its UTF-8; a lone surrogate takes the three bytes WTF-8 gives it."""
    data = text.encode("utf-8", "surrogatepass")
    return uvarint(len(data)) + data


class Encoder:
    """One encoding under way: the pools filled so far, in order of first use."""

    __slots__ = ("constants", "names")

    def __init__(self) -> None:
        self.names: dict[str, int] = {}
        self.constants: dict[bytes, int] = {}

    def module(self, module: Module) -> bytes:
        code: list[int] = []
        self.texts(module.models, code)
        self.texts(module.imports, code)
        code.append(len(module.functions))
        for function in module.functions:
            self.function(function, code)
        if max(len(self.names), len(self.constants)) > MAX_POOL:
            raise ModuleError(f"A module has at most {MAX_POOL} names and constants each.", code="NOODLE-E0306")
        return b"".join(
            (
                MAGIC,
                uvarint(FORMAT_VERSION),
                uvarint(len(self.names)),
                *map(text_bytes, self.names),
                uvarint(len(self.constants)),
                *self.constants,
                _word_bytes(code),
            )
        )

    def text(self, text: str) -> int:
        """Reference to a name: 0 for '', else its index in the pool plus one."""
        if not text:
            return 0
        return self.names.setdefault(text, len(self.names)) + 1

    def texts(self, texts: tuple[str, ...], out: list[int]) -> None:
        out.append(len(texts))
        if texts:
            out.extend(map(self.text, texts))

    def function(self, function: Function, out: list[int]) -> None:
        out.append(self.text(function.name))
        out.append(self.text(function.returns))
        out.append(FUNCTION_KINDS.index(function.kind))
        out.append(len(function.params))
        for name, kind, default, annotation in function.params:
            out += (self.text(name), PARAM_KINDS.index(kind) * 2 + default, self.text(annotation))
        out.append(function.registers)
        self.texts(function.locals, out)
        self.texts(function.cells, out)
        self.texts(function.free, out)
        spans: list[Span] = [function.span]
        code: list[int] = []
        self.block(function.body, code, spans, 0)
        out.append(len(spans) - 1)
        _spans(spans, out)
        out += code

    def block(self, block: Block, out: list[int], spans: list[Span], depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ModuleError(f"Blocks nest at most {MAX_DEPTH} deep.", code="NOODLE-E0306")
        out.append(len(block))
        value: Any  # the operand's kind, not its annotation, says what it is; what does not fit raises
        for op, args, span in block:
            spans.append(span)
            out.append(OPCODES[op])
            kinds = OPERANDS[op]
            if len(kinds) != len(args):
                raise ValueError(f"{op!r} takes {len(kinds)} operands, not {len(args)}")
            for kind, value in zip(kinds, args):  # noqa: B905 (as many of each, and this is done for every operand)
                if kind in PLAIN:
                    out.append(value)
                elif kind == "N":
                    out.append(self.text(value))
                elif kind == "K":
                    out.append(self.constants.setdefault(constant_bytes(value), len(self.constants)))
                elif kind == "O":
                    out.append(_OPERATOR_INDEX[op][value])
                elif kind in _LISTS:
                    out.append(len(value))
                    out += value
                elif kind in _OPTIONAL:
                    out.append(0 if value is None else value + 1)
                elif kind == "KW":
                    out.append(len(value))
                    for keyword, register in value:
                        out += (self.text(keyword), register)
                elif kind == "B":
                    self.block(value, out, spans, depth + 1)
                else:
                    self.handlers(value, out, spans, depth)

    def handlers(self, handlers: Iterable[Any], out: list[int], spans: list[Span], depth: int) -> None:
        handlers = tuple(handlers)
        out.append(len(handlers))
        for types, type_register, exception, body in handlers:
            self.block(types, out, spans, depth + 1)
            out.append(0 if type_register is None else type_register + 1)
            out.append(0 if exception is None else exception + 1)
            self.block(body, out, spans, depth + 1)


def _spans(spans: list[Span], out: list[int]) -> None:
    """The debug table: each span relative to the line of the one before it; three words for most."""
    before = 0
    for line, column, end_line, end_column in spans:
        step = line - before
        before = line
        zigzag = step << 1 if step >= 0 else -step * 2 - 1
        if end_line == line:
            out += (zigzag << 1, column, end_column - column)
        else:
            out += (zigzag << 1 | 1, column, end_line - line - 1, end_column)


def _word_bytes(words: list[int]) -> bytes:
    """The words as LEB128, by way of C when every one is a single byte, as in most small modules."""
    if min(words) < 0 or (most := max(words)) > MAX_WORD:
        raise ValueError("a register, index, line or column is negative or too large")
    if most < 0x80:
        return bytes(words)
    out = bytearray()
    for word in words:
        if word < 0x80:
            out.append(word)
        else:
            out += uvarint(word)
    return bytes(out)
