"""Bytes → Module, for bytes that nobody vouches for: anything but a canonical encoding is refused."""

import struct
from itertools import islice

from noodle_ray.core.nbc.bounds import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_FUNCTIONS,
    MAX_INSTRUCTIONS,
    MAX_INT_BITS,
    MAX_POOL,
    MAX_WORD,
)
from noodle_ray.core.nbc.encoder import (
    BYTES,
    COMPLEX,
    ELLIPSIS,
    FALSE,
    FLOAT,
    FUNCTION_KINDS,
    INT,
    MAGIC,
    NONE,
    PARAM_KINDS,
    PLAIN,
    STR,
    TRUE,
    TUPLE,
)
from noodle_ray.core.nbc.module import FORMAT_VERSION, Block, Constant, Function, Instr, Module, Param, Span
from noodle_ray.core.nbc.ops import OPERANDS, OPERATORS
from noodle_ray.errors import ModuleError
from noodle_ray.light import Callable, Final, Iterator

_NAMES: Final = ("", *OPERANDS)
_OPTIONAL: Final = frozenset({"R?", "D?"})
_LISTS: Final = frozenset({"R*", "D*"})
_new: Final = tuple.__new__
"""``Instr(...)`` without its Python-level ``__new__``: half the time of decoding went there."""


def load(data: bytes, filename: str = "<noodle>") -> Module:
    """Decode and verify: the one way to take a module from outside. Raises ModuleError."""
    global _verify
    if _verify is None:
        from noodle_ray.core.nbc.verifier import verify_decoded

        _verify = verify_decoded
    module = decode(data, filename)
    _verify(module)
    return module


_verify: Callable[[Module], None] | None = None


def decode(data: bytes, filename: str = "<noodle>") -> Module:
    """The module that ``data`` encodes; ``encode`` gives the same bytes back.

    Raises ModuleError: E0301 not NBC, E0302 another version, E0303 cut short, E0304 malformed, E0305 not
    canonical, E0306 too large. The result's parts have the right types; whether it makes sense is ``verify``'s.
    """
    data = bytes(data)
    if data[:4] != MAGIC:
        raise ModuleError("This is not an NBC module: it does not begin with the magic bytes.", code="NOODLE-E0301")
    if len(data) > MAX_BYTES:
        raise _too_large(f"An encoded module is at most {MAX_BYTES} bytes.")
    try:
        if data[4] != FORMAT_VERSION:
            raise ModuleError(
                f"This module has format version {data[4]}; this Noodle reads version {FORMAT_VERSION}. Compile again.",
                code="NOODLE-E0302",
            )
        names, at = _names(data, 5)
        constants, at = _constants(data, at)
        return _Decoder(names, constants, _words(data, at)).module(filename)
    except (IndexError, struct.error):
        raise _malformed("refers to something that is not in it") from None
    except (StopIteration, EOFError):
        raise ModuleError("This module is cut short.", code="NOODLE-E0303") from None
    except UnicodeDecodeError:
        raise _malformed("holds a string that is not UTF-8") from None


def _malformed(what: str) -> ModuleError:
    return ModuleError(f"This module is malformed: it {what}.", code="NOODLE-E0304")


def _not_canonical(what: str) -> ModuleError:
    return ModuleError(f"This module is not in canonical form: {what}.", code="NOODLE-E0305")


def _too_large(what: str) -> ModuleError:
    return ModuleError(what, code="NOODLE-E0306")


def _uvarint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise EOFError
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 28:
            raise _malformed("holds a number above 32 bits")
    if not byte and shift:
        raise _not_canonical("a number is longer than it need be")
    if value > MAX_WORD:
        raise _malformed("holds a number above 32 bits")
    return value, at


def _take(data: bytes, at: int) -> tuple[bytes, int]:
    """Length-prefixed bytes at ``at``, and where they end."""
    if at < len(data) and (length := data[at]) < 0x80:
        at += 1
    else:
        length, at = _uvarint(data, at)
    end = at + length
    if end > len(data):
        raise EOFError
    return data[at:end], end


def _names(data: bytes, at: int) -> tuple[list[str], int]:
    count, at = _uvarint(data, at)
    if count > MAX_POOL:
        raise _too_large(f"A module has at most {MAX_POOL} names.")
    names: list[str] = []
    for _ in range(count):
        raw, at = _take(data, at)
        names.append(raw.decode("utf-8", "surrogatepass"))
    if len(set(names)) != count or "" in names:
        raise _not_canonical("a name is in the pool twice, or empty")
    return names, at


def _constants(data: bytes, at: int) -> tuple[list[Constant], int]:
    count, at = _uvarint(data, at)
    if count > MAX_POOL:
        raise _too_large(f"A module has at most {MAX_POOL} constants.")
    constants: list[Constant] = []
    seen: set[bytes] = set()
    for _ in range(count):
        start = at
        value, at = _constant(data, at, 0)
        constants.append(value)
        seen.add(data[start:at])
    if len(seen) != count:
        raise _not_canonical("a constant is in the pool twice")
    return constants, at


def _constant(data: bytes, at: int, depth: int) -> tuple[Constant, int]:
    if at >= len(data):
        raise EOFError
    tag = data[at]
    at += 1
    if tag == INT:
        return _integer(data, at)
    if tag == STR:
        raw, at = _take(data, at)
        return raw.decode("utf-8", "surrogatepass"), at
    if tag == FLOAT:
        if at + 8 > len(data):
            raise EOFError
        value: float = struct.unpack_from("<d", data, at)[0]
        return value, at + 8
    if tag in (NONE, FALSE, TRUE):
        return (None, False, True)[tag], at
    if tag == BYTES:
        return _take(data, at)
    if tag == COMPLEX:
        if at + 16 > len(data):
            raise EOFError
        return complex(*struct.unpack_from("<dd", data, at)), at + 16
    if tag == ELLIPSIS:
        return ..., at
    if tag != TUPLE:
        raise _malformed(f"has a constant with the unknown tag {tag}")
    if depth >= MAX_DEPTH:
        raise _too_large(f"Constant tuples nest at most {MAX_DEPTH} deep.")
    count, at = _uvarint(data, at)
    items: list[Constant] = []
    for _ in range(count):
        item, at = _constant(data, at, depth + 1)
        items.append(item)
    return tuple(items), at


def _integer(data: bytes, at: int) -> tuple[int, int]:
    raw, at = _take(data, at)
    value = int.from_bytes(raw, "little", signed=True)
    if value.bit_length() > MAX_INT_BITS:
        raise _too_large(f"A constant integer has at most {MAX_INT_BITS} bits.")
    if len(raw) != value.bit_length() // 8 + 1:
        raise _not_canonical("an integer is longer than it need be")
    return value, at


def _words(data: bytes, at: int) -> Iterator[int]:
    """The numbers that fill the rest of ``data``."""
    rest = data[at:]
    if rest.isascii():  # no continuation bytes: every byte is a word
        return iter(rest)
    words: list[int] = []
    value = shift = 0
    for byte in rest:
        if byte < 0x80:
            if shift:
                if not byte:
                    raise _not_canonical("a number is longer than it need be")
                byte = value | byte << shift
                if byte > MAX_WORD:
                    raise _malformed("holds a number above 32 bits")
                value = shift = 0
            words.append(byte)
        else:
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > 28:
                raise _malformed("holds a number above 32 bits")
    if shift:
        raise EOFError
    return iter(words)


class _Decoder:
    """One decoding under way: the pools, the words not read yet, and the pool entries used so far."""

    __slots__ = ("constants", "constants_used", "instructions", "names", "names_used", "next", "words")

    def __init__(self, names: list[str], constants: list[Constant], words: Iterator[int]) -> None:
        self.names = ["", *names]
        self.constants = constants
        self.words = words
        self.next: Callable[[], int] = words.__next__
        self.names_used: list[int] = [0]
        self.constants_used: list[int] = []
        self.instructions = 0

    def module(self, filename: str) -> Module:
        models, imports = self.texts(), self.texts()
        count = self.next()
        if count > MAX_FUNCTIONS:
            raise _too_large(f"A module has at most {MAX_FUNCTIONS} functions.")
        functions: list[Function] = []
        for _ in range(count):
            functions.append(self.function())
        if next(self.words, None) is not None:
            raise _malformed("goes on after its end")
        # First uses in stream order must count up from 0: then the encoder would number them alike.
        if [*dict.fromkeys(self.names_used)] != [*range(len(self.names))]:
            raise _not_canonical("its names are not in order of first use")
        if [*dict.fromkeys(self.constants_used)] != [*range(len(self.constants))]:
            raise _not_canonical("its constants are not in order of first use")
        return Module(tuple(functions), models, imports, filename)

    def text(self) -> str:
        index = self.next()
        self.names_used.append(index)
        return self.names[index]

    def texts(self) -> tuple[str, ...]:
        count = self.next()
        return tuple([self.text() for _ in range(count)]) if count else ()

    def registers(self) -> tuple[int, ...]:
        count = self.next()
        found = tuple(islice(self.words, count))
        if len(found) != count:
            raise EOFError
        return found

    def function(self) -> Function:
        name, returns = self.text(), self.text()
        kind = FUNCTION_KINDS[self.next()]
        count = self.next()
        params = tuple([self.param() for _ in range(count)]) if count else ()
        registers = self.next()
        local_names, cells, free = self.texts(), self.texts(), self.texts()
        count = self.next()
        self.instructions += count
        if self.instructions > MAX_INSTRUCTIONS:
            raise _too_large(f"A module has at most {MAX_INSTRUCTIONS} instructions.")
        spans = self.spans(count + 1)
        body = self.block(spans, 0)
        if len(spans) != 1:
            raise _malformed("has a debug table that does not fit its code")
        return Function(name, params, registers, local_names, cells, free, body, spans[0], returns, kind)

    def param(self) -> Param:
        name = self.text()
        kind, default = divmod(self.next(), 2)
        return Param(name, PARAM_KINDS[kind], default == 1, self.text())

    def spans(self, count: int) -> list[Span]:
        """The debug table as a stack: the function's span at the bottom, the first instruction's on top."""
        word = self.next
        spans: list[Span] = []
        line = 0
        for _ in range(count):
            head, column, third = word(), word(), word()
            zigzag = head >> 1
            line += -(zigzag + 1 >> 1) if zigzag & 1 else zigzag >> 1
            if head & 1:
                spans.append((line, column, line + third + 1, word()))
            else:
                spans.append((line, column, line, column + third))
        spans[1:] = spans[:0:-1]
        return spans

    def block(self, spans: list[Span], depth: int) -> Block:
        if depth > MAX_DEPTH:
            raise _too_large(f"Blocks nest at most {MAX_DEPTH} deep.")
        word = self.next
        block: list[Instr] = []
        for _ in range(word()):
            op = _NAMES[word()]
            if len(spans) < 2 or not op:
                raise _malformed("has a debug table that does not fit its code, or an opcode 0")
            span = spans.pop()
            args: list[object] = []
            for kind in OPERANDS[op]:
                if kind in PLAIN:
                    args.append(word())
                elif kind == "N":
                    args.append(self.text())
                elif kind == "K":
                    index = word()
                    self.constants_used.append(index)
                    args.append(self.constants[index])
                elif kind == "O":
                    args.append(OPERATORS[op][word()])
                elif kind in _LISTS:
                    args.append(self.registers())
                elif kind == "B":
                    args.append(self.block(spans, depth + 1))
                elif kind in _OPTIONAL:
                    args.append(self.optional())
                elif kind == "KW":
                    args.append(tuple([(self.text(), word()) for _ in range(word())]))
                else:
                    args.append(tuple([self.handler(spans, depth + 1) for _ in range(word())]))
            block.append(_new(Instr, (op, tuple(args), span)))
        return tuple(block)

    def optional(self) -> int | None:
        word = self.next()
        return word - 1 if word else None

    def handler(self, spans: list[Span], depth: int) -> tuple[Block, int | None, int | None, Block]:
        return self.block(spans, depth), self.optional(), self.optional(), self.block(spans, depth)
