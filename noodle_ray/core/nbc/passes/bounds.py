"""What is known of integers and lengths at a point of a function: intervals, and sums of an unknown and a constant.

A **base** stands for one value that an instruction gave once, whatever it is; base 0 is the number 0. A term is a base
and what is added to it. An upper bound of an integer, and the least length of a container, are terms, at most one for
each base: so ``i < n`` and a list of ``n + 1`` elements meet in the base of ``n``.
"""

from collections.abc import Collection
from typing import Final, NamedTuple

Interval = tuple[int, int]
Term = tuple[int, int]
Terms = dict[int, int]
"""An offset by base."""
LOWEST: Final = -(2**63)
HIGHEST: Final = 2**63 - 1
ANY: Final[Interval] = (LOWEST, HIGHEST)
SIZE: Final[Interval] = (0, HIGHEST)
ZERO: Final = 0
"""The base of constants."""


class Length(NamedTuple):
    """How long a container is: exactly, if known, and at least."""

    exact: Term | None
    least: Terms


class Counter(NamedTuple):
    """A range: what it counts through, upper bounds of that, and how many elements it has. ``fits``: stop - start
    surely fits 64 bits. ``rises``: the step is surely positive."""

    interval: Interval
    highs: Terms
    length: Length
    fits: bool
    rises: bool


def shifted(terms: Terms, by: int) -> Terms:
    """Each term with a number added."""
    return {base: offset + by for base, offset in terms.items()} if by else terms


def lowest(one: Terms, two: Terms) -> Terms:
    """What holds if both sets of upper bounds hold."""
    return one | {base: min(offset, one.get(base, offset)) for base, offset in two.items()}


def weaker_highs(one: Terms, two: Terms) -> Terms:
    """What holds if either set of upper bounds holds."""
    return {base: max(offset, two[base]) for base, offset in one.items() if base in two}


def weaker_length(one: Length, two: Length) -> Length:
    """What holds if either length is right."""
    least = {base: min(offset, two.least[base]) for base, offset in one.least.items() if base in two.least}
    return Length(one.exact if one.exact == two.exact else None, least)


class State:
    """What is known at a point, by register: intervals; terms that are the value; upper bounds; lengths of containers,
    and of each container that a list holds; comparisons that made a value; and what ranges count through."""

    __slots__ = ("counters", "highs", "intervals", "lengths", "rows", "terms", "tests")

    def __init__(self) -> None:
        self.intervals: dict[int, Interval] = {}
        self.terms: dict[int, Term] = {}
        self.highs: dict[int, Terms] = {}
        self.lengths: dict[int, Length] = {}
        self.rows: dict[int, Length] = {}
        self.tests: dict[int, tuple[str, int, int]] = {}
        self.counters: dict[int, Counter] = {}

    def copy(self) -> "State":
        """Another, to go another way with. What it maps to is never changed."""
        other = State()
        other.intervals, other.terms, other.highs = dict(self.intervals), dict(self.terms), dict(self.highs)
        other.lengths, other.rows = dict(self.lengths), dict(self.rows)
        other.tests, other.counters = dict(self.tests), dict(self.counters)
        return other

    def forget(self, registers: Collection[int]) -> None:
        """These are written."""
        intervals, terms, highs = self.intervals, self.terms, self.highs
        lengths, rows, counters, tests = self.lengths, self.rows, self.counters, self.tests
        for register in registers:
            intervals.pop(register, None)
            terms.pop(register, None)
            highs.pop(register, None)
            lengths.pop(register, None)
            rows.pop(register, None)
            counters.pop(register, None)
            tests.pop(register, None)
        for register, (_, left, right) in list(tests.items()):
            if left in registers or right in registers:
                del tests[register]

    def resized(self, kept: set[int]) -> None:
        """Some list may have changed its length: only containers that cannot keep theirs."""
        self.lengths = {r: length for r, length in self.lengths.items() if r in kept}
        self.rows = {}

    def grown(self, kept: set[int]) -> None:
        """Some list may have become longer, by elements of any length."""
        self.lengths = {
            r: length if r in kept else Length(None, length.least) for r, length in self.lengths.items()
        }  # fmt: skip
        self.rows = {}

    def meet(self, other: "State") -> None:
        """Another way leads to the same place."""
        self.intervals = {
            r: (min(low, other.intervals[r][0]), max(high, other.intervals[r][1]))
            for r, (low, high) in self.intervals.items()
            if r in other.intervals
        }
        self.terms = {r: term for r, term in self.terms.items() if other.terms.get(r) == term}
        self.highs = {r: weaker_highs(t, other.highs[r]) for r, t in self.highs.items() if r in other.highs}
        self.lengths = {r: weaker_length(n, other.lengths[r]) for r, n in self.lengths.items() if r in other.lengths}
        self.rows = {r: weaker_length(n, other.rows[r]) for r, n in self.rows.items() if r in other.rows}
        self.tests = {r: test for r, test in self.tests.items() if other.tests.get(r) == test}
        self.counters = {r: counter for r, counter in self.counters.items() if other.counters.get(r) == counter}


def compute(sign: str, left: Interval, right: Interval) -> Interval | None:
    """The exact interval of an operator's results, None if it cannot be told."""
    (a, b), (c, d) = left, right
    if sign == "+":
        return (a + c, b + d)
    if sign == "-":
        return (a - d, b - c)
    if sign == "*":
        products = (a * c, a * d, b * c, b * d)
        return (min(products), max(products))
    if sign == "//" and c > 0:
        quotients = (a // c, a // d, b // c, b // d)
        return (min(quotients), max(quotients))
    if sign == "%" and c > 0:
        return (0, d - 1) if a < 0 or b >= c else (a, b)
    if sign == ">>" and c >= 0:
        return (min(a, a >> min(c, 64)), max(b, b >> min(c, 64))) if a < 0 else (0, b >> min(c, 64))
    if sign == "<<" and c >= 0 and d <= 63:
        return (min(a << c, a << d), max(b << c, b << d))
    if sign == "&" and (a >= 0 or c >= 0):
        return (0, min(b, d) if a >= 0 and c >= 0 else b if a >= 0 else d)
    if sign in ("|", "^") and a >= 0 and c >= 0:
        return (0, (1 << max(b.bit_length(), d.bit_length())) - 1)
    return None
