"""Regular expressions as automata: Python's syntax without what looks around or back."""

import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from noodle_ray.ahr.engines.base import wrong
from noodle_ray.ahr.generation.automaton import ALL, Automaton, Ranges, complement, intersect, trimmed, union

MAX_PATTERN = 2000
"""Characters of a regular expression."""
_MAX_NODES = 4000
_MAX_STATES = 1000
_MAX_WORK = 200_000
_MAX_SHARED = 3 * _MAX_WORK


class Budget:
    """How much work the regular expressions and schemas of one request may take together."""

    def __init__(self) -> None:
        self.left = _MAX_SHARED

    def spend(self, work: int, what: str) -> None:
        """Raise ModelError E0603 when they take more."""
        self.left -= work
        if self.left < 0:
            raise wrong(f"{what} is too complex, with the others: telling their texts apart takes too long")


_DIGIT: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE: Ranges = ((9, 13), (32, 32))
_CATEGORIES: dict[Any, Ranges] = {
    op.CATEGORY_DIGIT: _DIGIT,
    op.CATEGORY_NOT_DIGIT: complement(_DIGIT),
    op.CATEGORY_WORD: _WORD,
    op.CATEGORY_NOT_WORD: complement(_WORD),
    op.CATEGORY_SPACE: _SPACE,
    op.CATEGORY_NOT_SPACE: complement(_SPACE),
}


def of_regex(pattern: str, what: str, alphabet: Ranges = ALL, budget: Budget | None = None) -> Automaton:
    """The automaton of the texts that match ``pattern`` as a whole and are made of ``alphabet``.

    ``\\d``, ``\\w`` and ``\\s`` are ASCII. Raises ModelError E0603 if it is no regular expression, is too complex, or
    has what is not supported: flags, lookaround, references, word boundaries. ``budget`` is what others share with it.
    """
    if len(pattern) > MAX_PATTERN:
        raise wrong(f"{what} has {len(pattern):,} characters, the limit is {MAX_PATTERN:,}")
    try:
        parsed = _parser.parse(pattern)
        if parsed.state.flags & ~re.UNICODE:
            raise wrong(f"{what} has flags, which are not supported")
        built = _Nfa(what, alphabet, Budget() if budget is None else budget)
        end = built.sequence(_unanchored(list(parsed)), 0)
    except (re.error, OverflowError) as error:
        raise wrong(f"{what} is no regular expression: {error}") from None
    except RecursionError:
        raise wrong(f"{what} is nested too deeply") from None
    found = trimmed(_determined(built, end, what))
    if found is None:
        raise wrong(f"{what} matches no text that can be generated")
    return found


def _unanchored(items: list[Any]) -> list[Any]:
    """Without ``^`` and ``$`` at the ends: the whole text must match anyway."""
    if items and items[0] in ((op.AT, op.AT_BEGINNING), (op.AT, op.AT_BEGINNING_STRING)):
        items = items[1:]
    if items and items[-1] in ((op.AT, op.AT_END), (op.AT, op.AT_END_STRING)):
        items = items[:-1]
    return items


class _Nfa:
    """A nondeterministic automaton under construction (Thompson 1968)."""

    def __init__(self, what: str, alphabet: Ranges, budget: Budget) -> None:
        self.what = what
        self.budget = budget
        self.work = 0
        self.alphabet = alphabet
        self.free: list[list[int]] = [[]]
        self.moves: list[tuple[Ranges, int] | None] = [None]
        self.steps = 0

    def state(self) -> int:
        self.step(len(self.free))
        self.free.append([])
        self.moves.append(None)
        return len(self.free) - 1

    def spend(self, work: int) -> None:
        self.work += work
        if self.work > _MAX_WORK:
            raise wrong(f"{self.what} is too complex: telling its texts apart takes too long")
        self.budget.spend(work, self.what)

    def step(self, count: int) -> None:
        if count >= _MAX_NODES:
            raise wrong(f"{self.what} is too complex: with its repetitions written out it has over {_MAX_NODES} parts")

    def sequence(self, items: Any, start: int) -> int:
        self.steps += 1  # an empty one makes no state, however often it is repeated
        self.step(self.steps)
        for kind, value in items:
            start = self.item(kind, value, start)
        return start

    def item(self, kind: Any, value: Any, start: int) -> int:
        if kind is op.SUBPATTERN:
            _, added, removed, items = value
            if added or removed:
                raise wrong(f"{self.what} has flags, which are not supported")
            return self.sequence(items, start)
        if kind is op.BRANCH:
            end = self.state()
            for branch in value[1]:
                first = self.state()
                self.free[start].append(first)
                self.free[self.sequence(branch, first)].append(end)
            return end
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            least, most, items = value
            return self.repeat(least, most, items, start)
        ranges = self.characters(kind, value)
        self.spend(1 + 2 * len(ranges))
        here, end = self.state(), self.state()
        self.free[start].append(here)
        self.moves[here] = (intersect(ranges, self.alphabet), end)
        return end

    def repeat(self, least: int, most: Any, items: Any, start: int) -> int:
        for _ in range(least):
            start = self.sequence(items, start)
        end = self.state()
        if most is op.MAXREPEAT:
            loop = self.state()
            self.free[start].append(loop)
            self.free[loop].append(end)
            self.free[self.sequence(items, loop)].append(loop)
            return end
        for _ in range(most - least):
            self.free[start].append(end)
            start = self.sequence(items, start)
        self.free[start].append(end)
        return end

    def characters(self, kind: Any, value: Any) -> Ranges:
        if kind is op.LITERAL:
            return ((value, value),)
        if kind is op.NOT_LITERAL:
            return complement(((value, value),))
        if kind is op.ANY:
            return complement(((10, 10),))
        if kind is op.IN:
            negated = value[0][0] is op.NEGATE
            ranges = union(*(self.member(*member) for member in value[negated:]))
            return complement(ranges) if negated else ranges
        raise wrong(f"{self.what} has {str(kind).lower().replace('_', ' ')}, which is not supported")

    def member(self, kind: Any, value: Any) -> Ranges:
        if kind is op.RANGE:
            return (value,)
        if kind is op.CATEGORY:
            return _CATEGORIES[value]
        return ((value, value),)

    def closure(self, states: frozenset[int]) -> frozenset[int]:
        seen, todo = set(states), list(states)
        while todo:
            for target in self.free[todo.pop()]:
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
        return frozenset(seen)


def _determined(nfa: _Nfa, end: int, what: str) -> Automaton:
    """The subset construction (Rabin and Scott 1959), bounded."""
    first = nfa.closure(frozenset([0]))
    numbers = {first: 0}
    order, moves = [first], []
    for states in order:  # grows meanwhile
        found: list[tuple[Ranges, int]] = []
        away = [move for state in states if (move := nfa.moves[state])]
        nfa.spend(len(states) + sum(len(ranges) for ranges, _ in away))
        for ranges, targets in _parts(away):
            closed = nfa.closure(targets)
            nfa.spend(len(closed))
            if closed not in numbers:
                numbers[closed] = len(order)
                order.append(closed)
            found.append((ranges, numbers[closed]))
        moves.append(found)
        if len(order) > _MAX_STATES:
            raise wrong(f"{what} is too complex: telling its texts apart takes over {_MAX_STATES} states")
    accepting = frozenset(place for states, place in numbers.items() if end in states)
    return Automaton(moves, accepting)


def _parts(moves: list[tuple[Ranges, int]]) -> list[tuple[Ranges, frozenset[int]]]:
    """The characters of some moves, split where they lead to different sets of states."""
    events: list[tuple[int, int, int]] = []
    for ranges, target in moves:
        for low, high in ranges:
            events += [(low, 1, target), (high + 1, -1, target)]
    events.sort()
    active: dict[int, int] = {}
    parts: dict[frozenset[int], list[tuple[int, int]]] = {}
    at = 0
    for position, change, target in events:
        if active and position > at:
            parts.setdefault(frozenset(active), []).append((at, position - 1))
        at = position
        active[target] = active.get(target, 0) + change
        if not active[target]:
            del active[target]
    return [(union(ranges), targets) for targets, ranges in parts.items()]
