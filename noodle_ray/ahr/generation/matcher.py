"""Reading an answer along its grammar, token by token: for engines that have no reader of grammars themselves."""

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from noodle_ray.ahr.generation.automaton import Ranges, complement, union

_NOWHERE = -1
_END = 0
_KEPT = 50_000
"""States, stacks and ranges of tables that a matcher may come to hold before it forgets those it has passed."""
_LAST = 0x110000


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


class _Table(NamedTuple):
    """Sorted, disjoint ranges of code points, and the stacks that are left after a character of each."""

    lows: list[int]
    highs: list[int]
    rests: list[tuple[int, ...]]

    def touches(self, low: int, high: int) -> bool:
        """Whether one of the code points from ``low`` to ``high`` is in a range."""
        at = bisect_right(self.lows, high) - 1
        return at >= 0 and self.highs[at] >= low

    def after(self, code: int) -> tuple[int, ...]:
        """The stacks after this character; none where it may not come."""
        at = bisect_right(self.lows, code) - 1
        return self.rests[at] if at >= 0 and self.highs[at] >= code else ()


@dataclass(slots=True)
class _State:
    """The stacks with characters on top, and what the text may go on with."""

    tops: frozenset[int]
    ways: list[tuple[Ranges, int]]
    size: int
    """Ranges of all ways together."""
    spent: int = 0
    """Looks into single ways, which a table saves; once they are as many as what it takes to make one, one is made."""
    table: _Table | None = field(default=None)


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
        self._clear()
        self._state(self._tops([self._frame(_Rule("root"), _END)]))

    def _clear(self) -> None:
        self._frames: list[tuple[_Node, int]] = [(_Sequence(()), _END)]
        self._numbers: dict[tuple[_Node, int], int] = {}
        self._states: list[_State] = []
        self._known: dict[frozenset[int], int] = {}
        self._moves: dict[tuple[int, ...], int] = {}
        self._ranges = 0
        self._most = _KEPT

    @property
    def full(self) -> bool:
        """Whether it holds so much that it should `forget`."""
        return len(self._states) + len(self._frames) + self._ranges > self._most

    def forget(self, state: int) -> int:
        """Forget all states but this one, and what only they need; returns its new number."""
        frames, tops = self._frames, self._states[state].tops
        needed, todo = {_END}, list(tops)
        while todo:
            frame = todo.pop()
            if frame not in needed:
                needed.add(frame)
                todo.append(frames[frame][1])
        self._clear()
        numbers = {_END: _END}
        for frame in sorted(needed - {_END}):  # what is below was made before
            node, rest = frames[frame]
            numbers[frame] = self._frame(node, numbers[rest])
        nodes = {node for node, _ in self._frames}
        self._repeats = {key: repeat for key, repeat in self._repeats.items() if repeat in nodes}
        self._most = _KEPT + 2 * len(self._frames)
        return self._state(frozenset(numbers[frame] for frame in tops))

    def read(self, state: int, text: str) -> int:
        """The state after a text, or -1 if no text of the grammar goes on so."""
        for character in text:
            after = self._after(self._states[state], ord(character))
            if not after:
                return _NOWHERE
            found = self._moves.get(after)
            if found is None:
                found = self._moves[after] = self._state(self._tops(list(after)))
            state = found
        return state

    def ends(self, state: int) -> bool:
        """Whether the text may end here."""
        return _END in self._states[state].tops

    def goes_on(self, state: int) -> bool:
        """Whether the text may go on here."""
        return bool(self._states[state].tops - {_END})

    def takes_any(self, state: int, low: int, high: int) -> bool:
        """Whether one of the code points from ``low`` to ``high`` may come next."""
        found = self._states[state]
        table = self._table(found)
        if table is not None:
            return table.touches(low, high)
        ends = (_range_at(ranges, high) for ranges, _ in found.ways)
        return any(end is not None and end >= low for end in ends)

    def _after(self, state: _State, code: int) -> tuple[int, ...]:
        table = self._table(state)
        if table is not None:
            return table.after(code)
        ends = ((_range_at(ranges, code), rest) for ranges, rest in state.ways)
        return tuple(rest for end, rest in ends if end is not None and end >= code)

    def _table(self, state: _State) -> _Table | None:
        """The table of a state, once it is worth making one."""
        if state.table is None:
            state.spent += len(state.ways)
            if state.spent > state.size:
                state.table = _merged(state.ways)
                self._ranges += len(state.table.lows)
        return state.table

    def _state(self, tops: frozenset[int]) -> int:
        number = self._known.get(tops)
        if number is None:
            number = self._known[tops] = len(self._states)
            frames = (self._frames[frame] for frame in sorted(tops - {_END}))
            ways = [(node.ranges, rest) for node, rest in frames if isinstance(node, _Chars)]
            self._states.append(_State(tops, ways, sum(len(ranges) for ranges, _ in ways)))
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


def _range_at(ranges: Ranges, code: int) -> int | None:
    """The end of the last range that begins at or before this code point."""
    at = bisect_right(ranges, (code, _LAST))
    return ranges[at - 1][1] if at else None


def _merged(ways: list[tuple[Ranges, int]]) -> _Table:
    """One table of what follows each character."""
    edges: dict[int, list[int]] = {}
    for ranges, rest in ways:
        for low, high in ranges:
            edges.setdefault(low, []).append(rest)
            edges.setdefault(high + 1, []).append(~rest)
    table = _Table([], [], [])
    # Two ways may leave the same stack.
    open_: dict[int, int] = {}
    group: tuple[int, ...] = ()
    for place in sorted(edges):
        if group:
            table.highs.append(place - 1)
        for rest in edges[place]:
            number = rest if rest >= 0 else ~rest
            count = open_.get(number, 0) + (1 if rest >= 0 else -1)
            if count:
                open_[number] = count
            else:
                open_.pop(number, None)
        group = tuple(sorted(open_))
        if group:
            table.lows.append(place)
            table.rests.append(group)
    return table


class Reading:
    """How far an answer has come along its grammar. A token comes as its bytes, which may be a part of a character."""

    def __init__(self, grammar: str) -> None:
        self._matcher = Matcher(grammar)
        self._state = 0
        self._tail = b""
        self._first: dict[int, bool] = {}

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
        if not piece:
            return False
        if not self._tail:
            begins = self._first.get(piece[0])
            if begins is None:
                begins = self._first[piece[0]] = self._begins(piece[0])
            if not begins:
                return False
        return self._after(piece)[0] >= 0

    def take(self, piece: bytes) -> None:
        """Go on with bytes that it takes."""
        self._state, self._tail = self._after(piece)
        self._first = {}

    def _begins(self, byte: int) -> bool:
        """Whether a character that begins with this byte may come next."""
        if byte < 0x80:
            return self._matcher.takes_any(self._state, byte, byte)
        return 0xC2 <= byte <= 0xF4 and self._matcher.takes_any(self._state, *_begun(bytes([byte])))

    def _after(self, piece: bytes) -> tuple[int, bytes]:
        if self._matcher.full:
            self._state = self._matcher.forget(self._state)
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
