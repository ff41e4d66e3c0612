"""Reading an answer along its grammar, token by token: for engines that have no reader of grammars themselves."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from noodle_ray.ahr.generation.automaton import Ranges, complement, union

_NOWHERE = -1
_END = 0


@dataclass(frozen=True, eq=False, slots=True)
class _Chars:
    ranges: Ranges


@dataclass(frozen=True, eq=False, slots=True)
class _Rule:
    name: str


@dataclass(frozen=True, eq=False, slots=True)
class _Sequence:
    parts: tuple["_Node", ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Choice:
    branches: tuple["_Node", ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Repeat:
    inner: "_Node"
    least: int
    most: int | None


_Node = _Chars | _Rule | _Sequence | _Choice | _Repeat


class Matcher:
    """A pushdown automaton of a grammar in llama.cpp's notation, as far as it is used here.

    States are numbers, made when they are first reached; reading begins at 0. A state stands for the stacks of what is
    still to come, of which our grammars have few at a time. Nothing is shared between matchers.
    """

    def __init__(self, grammar: str) -> None:
        self._rules = {
            name: _parsed(text) for name, _, text in (line.partition(" ::= ") for line in grammar.splitlines())
        }
        self._repeats: dict[tuple[_Node, int, int | None], _Repeat] = {}
        self._frames: list[tuple[_Node, int]] = [(_Sequence(()), _END)]
        self._numbers: dict[tuple[_Node, int], int] = {}
        self._states: list[frozenset[int]] = []
        self._known: dict[frozenset[int], int] = {}
        self._moves: list[dict[str, int]] = []
        self._state(self._tops([self._frame(_Rule("root"), _END)]))

    def read(self, state: int, text: str) -> int:
        """The state after a text, or -1 if no text of the grammar goes on so."""
        for character in text:
            moves = self._moves[state]
            found = moves.get(character)
            state = self._step(state, character) if found is None else found
            if state < 0:
                break
        return state

    def ends(self, state: int) -> bool:
        """Whether the text may end here."""
        return _END in self._states[state]

    def goes_on(self, state: int) -> bool:
        """Whether the text may go on here."""
        return bool(self._states[state] - {_END})

    def takes_any(self, state: int, low: int, high: int) -> bool:
        """Whether one of the code points from ``low`` to ``high`` may come next."""
        return any(a <= high and low <= b for ranges, _ in self._ways(state) for a, b in ranges)

    def _ways(self, state: int) -> Iterator[tuple[Ranges, int]]:
        for frame in self._states[state] - {_END}:
            node, rest = self._frames[frame]
            if isinstance(node, _Chars):
                yield node.ranges, rest

    def _step(self, state: int, character: str) -> int:
        code = ord(character)
        after = [rest for ranges, rest in self._ways(state) if any(low <= code <= high for low, high in ranges)]
        found = self._moves[state][character] = self._state(self._tops(after)) if after else _NOWHERE
        return found

    def _state(self, tops: frozenset[int]) -> int:
        number = self._known.get(tops)
        if number is None:
            number = self._known[tops] = len(self._states)
            self._states.append(tops)
            self._moves.append({})
        return number

    def _frame(self, node: _Node, rest: int) -> int:
        """The stack that has ``node`` on top of ``rest``."""
        number = self._numbers.get((node, rest))
        if number is None:
            number = self._numbers[node, rest] = len(self._frames)
            self._frames.append((node, rest))
        return number

    def _tops(self, todo: list[int]) -> frozenset[int]:
        """The stacks with characters on top that these come down to."""
        seen: set[int] = set()
        tops = set()
        while todo:
            frame = todo.pop()
            if frame in seen:
                continue
            seen.add(frame)
            node, rest = self._frames[frame]
            if frame == _END or isinstance(node, _Chars):
                tops.add(frame)
            elif isinstance(node, _Rule):
                todo.append(self._frame(self._rules[node.name], rest))
            elif isinstance(node, _Choice):
                todo += [self._frame(branch, rest) for branch in node.branches]
            elif isinstance(node, _Sequence):
                for part in reversed(node.parts):
                    rest = self._frame(part, rest)
                todo.append(rest)
            else:
                if not node.least:
                    todo.append(rest)
                if node.most != 0:
                    most = None if node.most is None else node.most - 1
                    fewer = self._repeat(node.inner, max(node.least - 1, 0), most)
                    todo.append(self._frame(node.inner, self._frame(fewer, rest)))
        return frozenset(tops)

    def _repeat(self, inner: _Node, least: int, most: int | None) -> _Repeat:
        return self._repeats.setdefault((inner, least, most), _Repeat(inner, least, most))


class Reading:
    """How far an answer has come along its grammar. A token comes as its bytes, which may be a part of a character."""

    def __init__(self, grammar: str) -> None:
        self._matcher = Matcher(grammar)
        self._state = 0
        self._tail = b""

    @property
    def may_end(self) -> bool:
        """Whether the answer has its form."""
        return not self._tail and self._matcher.ends(self._state)

    @property
    def must_end(self) -> bool:
        """Whether it has its form, and nothing more can come."""
        return self.may_end and not self._matcher.goes_on(self._state)

    def takes(self, piece: bytes) -> bool:
        """Whether the answer can go on with these bytes."""
        return bool(piece) and self._after(piece)[0] >= 0

    def take(self, piece: bytes) -> None:
        """Go on with bytes that it takes."""
        self._state, self._tail = self._after(piece)

    def _after(self, piece: bytes) -> tuple[int, bytes]:
        data = self._tail + piece
        try:
            text, used = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            return _NOWHERE, b""
        state, tail = self._matcher.read(self._state, text), data[used:]
        if tail and state >= 0 and not self._matcher.takes_any(state, *_begun(tail)):
            return _NOWHERE, b""
        return state, tail


def _begun(tail: bytes) -> tuple[int, int]:
    """The least and the largest code point whose UTF-8 begins so (RFC 3629)."""
    size = 2 if tail[0] < 0xE0 else 3 if tail[0] < 0xF0 else 4
    code = tail[0] & (0x7F >> size)
    for byte in tail[1:]:
        code = code << 6 | byte & 0x3F
    left = 6 * (size - len(tail))
    return max(code << left, (0x80, 0x800, 0x10000)[size - 2]), min((code + 1 << left) - 1, 0x10FFFF)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\[(?:[^\]\\]|\\.)*\]|[\w-]+|\{[\d,]+\}|[()|*]')
_CHARACTER = re.compile(r"\\(x..|u.{4}|U.{8}|.)|(.)", re.DOTALL)


def _parsed(text: str) -> _Node:
    tokens = _TOKEN.findall(text)
    tokens.reverse()
    return _choice(tokens)


def _choice(tokens: list[str]) -> _Node:
    """Parse what is on the stack of tokens up to a parenthesis."""
    branches: list[list[_Node]] = [[]]
    while tokens and tokens[-1] != ")":
        token = tokens.pop()
        if token == "|":
            branches.append([])
        elif token == "(":
            branches[-1].append(_choice(tokens))
            tokens.pop()
        elif token[0] in "*{":
            least, _, most = ("0," if token == "*" else token[1:-1]).partition(",")
            branches[-1][-1] = _Repeat(branches[-1][-1], int(least), int(most) if most else None)
        else:
            branches[-1].append(_atom(token))
    made: list[_Node] = [parts[0] if len(parts) == 1 else _Sequence(tuple(parts)) for parts in branches]
    return made[0] if len(made) == 1 else _Choice(tuple(made))


def _atom(token: str) -> _Node:
    if token[0] == '"':
        return _Sequence(tuple(_Chars(((code, code),)) for code, _ in _codes(token[1:-1])))
    if token[0] != "[":
        return _Rule(token)
    negated = token[1] == "^"
    codes = list(_codes(token[1 + negated : -1]))
    ranges: list[tuple[int, int]] = []
    at = 0
    while at < len(codes):
        to = at + 2 if codes[at + 1 : at + 2] == [(ord("-"), True)] else at
        ranges.append((codes[at][0], codes[to][0]))
        at = to + 1
    return _Chars(complement(union(ranges)) if negated else union(ranges))


def _codes(text: str) -> Iterator[tuple[int, bool]]:
    """The characters of a literal or a class, and whether each is written without an escape."""
    for escape, plain in _CHARACTER.findall(text):
        if plain:
            yield ord(plain), True
        elif len(escape) > 1:
            yield int(escape[1:], 16), False
        else:
            yield ord({"n": "\n", "r": "\r", "t": "\t"}.get(escape, escape)), False
