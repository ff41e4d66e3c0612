"""Text → Module: the inverse of ``writer``, for text that nobody vouches for."""

import re
import struct
from ast import literal_eval
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from noodle_ray.core.nbc.bounds import MAX_DEPTH
from noodle_ray.core.nbc.encoder import PARAM_KINDS
from noodle_ray.core.nbc.module import FORMAT_VERSION, Block, Constant, Function, Instr, Module, Param, Span
from noodle_ray.core.nbc.ops import OPERANDS, OPERATORS
from noodle_ray.core.nbc.text.layout import LABELS, NOWHERE
from noodle_ray.errors import ModuleError

_TOKEN: Final = re.compile(r"""\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[()]|[^\s()'"]+)""")
_SPAN: Final = re.compile(r"\s@([0-9]{1,10}):([0-9]{1,10})-(?:([0-9]{1,10}):)?([0-9]{1,10})$")
_INTEGER: Final = re.compile(r"-?(?:0x[0-9a-f]+|[0-9]+)")
_WORDS: Final[dict[str, Constant]] = {"None": None, "True": True, "False": False, "...": ...}


class _Line(NamedTuple):
    number: int
    indent: int
    tokens: list[str]
    span: Span


class _TextError(Exception):
    """What is wrong with the line being read."""


def from_text(text: str, filename: str = "<noodle>") -> Module:
    """The module that ``text`` writes out; what has no span stands at 0:0. Does not verify.

    Raises ModuleError E0308, with the number of the line at fault.
    """
    reader = _Reader(text)
    try:
        return reader.module(filename)
    except (_TextError, ValueError, KeyError, IndexError, SyntaxError, struct.error) as error:
        line = reader.lines[min(reader.at, len(reader.lines) - 1)]
        sentence = f"Line {line.number} of this module's text cannot be read: {error}."
        raise ModuleError(sentence, code="NOODLE-E0308", span=(line.number, 0, line.number, 0)) from None


class _Reader:
    """The lines of a text, and how far they are read."""

    __slots__ = ("at", "lines")

    def __init__(self, text: str) -> None:
        self.at = 0
        self.lines: list[_Line] = []
        for number, line in enumerate(text.split("\n"), start=1):
            content = line.strip()
            if content and content[0] != "#":
                span = NOWHERE
                found = _SPAN.search(content)
                if found:
                    content = content[: found.start()]
                    start, column, end, end_column = found.groups()
                    span = (int(start), int(column), int(end or start), int(end_column))
                self.lines.append(_Line(number, len(line) - len(line.lstrip(" ")), _tokens(content, number), span))
        self.lines.append(_Line(text.count("\n") + 1, -1, [""], NOWHERE))

    @property
    def word(self) -> str:
        """The first word of the line to read next; '' after the last."""
        return self.lines[self.at].tokens[0]

    def line(self, word: str = "") -> _Line:
        """Take the next line, which must begin with ``word``."""
        line = self.lines[self.at]
        if line.indent < 0 or (word and line.tokens[0] != word):
            raise _TextError(f"{word or 'an instruction'!r} should stand here")
        self.at += 1
        return line

    def names(self, word: str) -> tuple[str, ...]:
        """The names on a line that begins with ``word``; none when the line is not there."""
        return tuple([_name(token) for token in self.line(word).tokens[1:]]) if self.word == word else ()

    def module(self, filename: str) -> Module:
        if self.line("nbc").tokens[1:] != [str(FORMAT_VERSION)]:
            raise self.back(f"this Noodle reads version {FORMAT_VERSION}")
        models, imports = self.names("models"), self.names("imports")
        functions: list[Function] = []
        while self.word == "function":
            functions.append(self.function(len(functions)))
        if self.lines[self.at].indent >= 0:
            raise _TextError("a function should begin here")
        return Module(tuple(functions), models, imports, filename)

    def back(self, message: str) -> _TextError:
        """An error on the line just taken."""
        self.at -= 1
        return _TextError(message)

    def function(self, index: int) -> Function:
        _, number, name, *rest = self.lines[self.at].tokens
        if number != str(index) or rest:
            raise _TextError(f"this should be function {index} and its name")
        span = self.line().span
        params: list[Param] = []
        while self.word == "param":
            params.append(_param(self.lines[self.at].tokens[1:]))
            self.at += 1
        (returns,) = self.names("returns") or ("",)
        (kind,) = self.names("kind") or ("",)
        registers = _number(self.lines[self.at].tokens[1], "")
        self.line("registers")
        local_names, cells, free = self.names("locals"), self.names("cells"), self.names("free")
        code = self.line("code")
        body = self.block(code.indent, 0)
        return Function(_name(name), tuple(params), registers, local_names, cells, free, body, span, returns, kind)

    def block(self, outer: int, depth: int) -> Block:
        """The lines that are indented further than ``outer``, all alike."""
        indent = self.lines[self.at].indent
        if indent <= outer:
            return ()
        if depth > MAX_DEPTH:
            raise _TextError(f"blocks nest at most {MAX_DEPTH} deep")
        block: list[Instr] = []
        while self.lines[self.at].indent == indent:
            block.append(self.instruction(indent, depth))
        if self.lines[self.at].indent > outer:
            raise _TextError("this line is indented unlike those before it")
        return tuple(block)

    def instruction(self, indent: int, depth: int) -> Instr:
        line = self.lines[self.at]
        tokens = line.tokens
        if tokens[1:2] == ["="]:
            tokens = [tokens[2], tokens[0], *tokens[3:]]
        op = tokens[0]
        if op not in OPERANDS:
            raise _TextError(f"there is no opcode {op!r}")
        operands = _Operands(op, tokens[1:])
        args = [None if kind in ("B", "H") else operands.take(kind) for kind in OPERANDS[op]]
        operands.end()
        self.at += 1
        labels = iter(LABELS.get(op, ()))
        for index, kind in enumerate(OPERANDS[op]):
            if kind == "B":
                args[index] = self.labelled(next(labels), indent, depth)
            elif kind == "H":
                args[index] = self.handlers(indent, depth)
        return Instr(op, tuple(args), line.span)

    def labelled(self, label: str, indent: int, depth: int) -> Block:
        line = self.lines[self.at]
        if label:
            if line.indent != indent or line.tokens != [label]:
                return ()
            self.at += 1
        return self.block(indent, depth + 1)

    def handlers(self, indent: int, depth: int) -> tuple[tuple[Block, object, object, Block], ...]:
        handlers: list[tuple[Block, object, object, Block]] = []
        while self.lines[self.at].indent == indent and self.word in ("types", "except"):
            types = self.labelled("types", indent, depth)
            operands = _Operands("except", self.line("except").tokens[1:])
            type_register, exception = operands.take("R?"), operands.take("D?")
            operands.end()
            handlers.append((types, type_register, exception, self.block(indent, depth + 1)))
        return tuple(handlers)


class _Operands:
    """The operands on one line."""

    __slots__ = ("at", "op", "tokens")

    def __init__(self, op: str, tokens: list[str]) -> None:
        self.op = op
        self.tokens = tokens
        self.at = 0

    def token(self) -> str:
        if self.at >= len(self.tokens):
            raise _TextError(f"{self.op!r} needs more operands")
        self.at += 1
        return self.tokens[self.at - 1]

    def end(self) -> None:
        if self.at != len(self.tokens):
            raise _TextError(f"{self.op!r} has an operand too many: {self.tokens[self.at]!r}")

    def take(self, kind: str) -> Any:
        return self.group(_register) if kind in ("R*", "D*") else _TAKE[kind](self)

    def group(self, item: Callable[[str], object]) -> tuple[object, ...]:
        if self.token() != "(":
            raise _TextError("a list begins with a parenthesis")
        items: list[object] = []
        while (token := self.token()) != ")":
            items.append(item(token))
        return tuple(items)

    def keywords(self) -> tuple[object, ...]:
        if self.token() != "(":
            raise _TextError("a list begins with a parenthesis")
        pairs: list[tuple[str, int]] = []
        while (token := self.token()) != ")":
            name, equals, register = token.rpartition("=") if token[0] not in "'\"" else (token, "=", self.token()[1:])
            if not equals:
                raise _TextError(f"{token!r} should be name=register")
            pairs.append((_name(name), _register(register)))
        return tuple(pairs)

    def constant(self, depth: int = 0) -> Constant:
        token = self.token()
        if token == "(":
            if depth >= MAX_DEPTH:
                raise _TextError(f"constant tuples nest at most {MAX_DEPTH} deep")
            items: list[Constant] = []
            while self.tokens[self.at] != ")":
                items.append(self.constant(depth + 1))
            self.at += 1
            return tuple(items)
        if token in _WORDS:
            return _WORDS[token]
        if token[0] in "'\"":
            return _name(token)
        if _INTEGER.fullmatch(token):
            return int(token, 0)
        if token.startswith("bits:"):
            value: float = struct.unpack(">d", bytes.fromhex(token[5:].rjust(16, "?")))[0]
            return value
        if token.startswith("bytes:"):
            return bytes.fromhex(token[6:])
        if token.startswith("complex:"):
            return complex(*struct.unpack(">dd", bytes.fromhex(token[8:].rjust(32, "?"))))
        return float(token)

    def operator(self) -> str:
        token = self.token()
        operator = "" if token == "''" else token
        for known in OPERATORS[self.op]:
            if operator == known.replace(" ", "-"):
                return known
        raise _TextError(f"{self.op!r} knows no operator {operator!r}")


def _tokens(content: str, number: int) -> list[str]:
    tokens: list[str] = []
    at = 0
    while at < len(content):
        found = _TOKEN.match(content, at)
        if not found:
            break
        tokens.append(found[1])
        at = found.end()
    if content[at:].strip() or not tokens:
        sentence = f"Line {number} of this module's text cannot be read: a string does not end."
        raise ModuleError(sentence, code="NOODLE-E0308", span=(number, 0, number, 0))
    return tokens


def _name(token: str) -> str:
    if token[0] in "'\"":
        value: str = literal_eval(token)
        return value
    if token in ("(", ")"):
        raise _TextError("a name should stand here")
    return token


def _number(token: str, prefix: str) -> int:
    digits = token[len(prefix) :]
    if not token.startswith(prefix) or not digits.isascii() or not digits.isdigit() or len(digits) > 10:
        raise _TextError(f"{token!r} should be {prefix or 'a number'}{'0, as an example' if prefix else ''}")
    return int(digits)


def _register(token: str) -> int:
    return _number(token, "r")


def _optional(token: str) -> int | None:
    return None if token == "none" else _number(token, "r")


def _param(tokens: list[str]) -> Param:
    kind, name, *rest = tokens
    default = rest[:1] == ["default"]
    rest = rest[default:]
    if kind not in PARAM_KINDS or (rest and (rest[0] != ":" or len(rest) != 2)):
        raise _TextError("a parameter is written: param KIND NAME [default] [: ANNOTATION]")
    return Param(_name(name), kind, default, _name(rest[1]) if rest else "")


_TAKE: Final[dict[str, Callable[[_Operands], object]]] = {
    "D": lambda operands: _register(operands.token()),
    "R": lambda operands: _register(operands.token()),
    "X": lambda operands: _register(operands.token()),
    "R?": lambda operands: _optional(operands.token()),
    "D?": lambda operands: _optional(operands.token()),
    "KW": _Operands.keywords,
    "K": _Operands.constant,
    "N": lambda operands: _name(operands.token()),
    "C": lambda operands: _number(operands.token(), "c"),
    "F": lambda operands: _number(operands.token(), "f"),
    "O": _Operands.operator,
}
