"""Ranges: which integer operations cannot leave 64 bits, and which indexes are surely within bounds.

For a tier that works on machine values and may leave checks out. The facts hold under its premises: integers fit
64 bits or the tier has given up already, no operator runs code of the program, no builtin does but through a function
or an iterator that it is given, and no one else changes a list meanwhile.

They are an abstract interpretation over intervals and lengths (see `bounds`). A loop's round begins with everything
that the loop writes unknown, but for what its counter and condition say; then, if that is worth it, once more with
what holds both before the loop and at the end of any round.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.bounds import (
    ANY,
    Interval,
    Length,
    State,
    lowest,
    shifted,
)
from noodle_ray.core.nbc.passes.rewrite import nested_in, written_in
from noodle_ray.core.nbc.passes.values import MAY_RESIZE, Calm, Values, weakest
from noodle_ray.core.nbc.walk import flatten, writes_of

_SWAPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_NEGATED: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "!=": "=="}
_DEEP: Final = 4
"""Loops nested deeper than this are looked at once: the time doubles with each level."""


class RangeFacts(NamedTuple):
    """Positions of instructions in ``flatten(function.body)``, from 0. ``fits``: integer operations whose result
    surely fits 64 bits, a division's divisor positive. ``within``: ``index`` and ``setindex`` whose key is surely in
    0 … length - 1. ``natural``: those whose key is surely not negative, and divisions of what is not. ``spans``:
    ``for`` over ranges whose stop - start fits. ``rises``: ``for`` over ranges whose step is surely positive.
    ``exact``: divisions and comparisons whose operands, as far as they are integers, are doubles exactly."""

    fits: frozenset[int]
    within: frozenset[int]
    natural: frozenset[int]
    spans: frozenset[int]
    rises: frozenset[int]
    exact: frozenset[int]


def range_facts(
    function: Function,
    kinds: Mapping[int, str] | None = None,
    *,
    metered: bool = False,
    calm: Calm = lambda instr: False,
) -> RangeFacts:
    """What holds for a function; ``kinds`` gives those of registers that are known otherwise, as ``{0: "int"}``.
    ``metered`` adds the premise that no run takes 2**53 steps: so a counter cannot overflow. ``calm`` tells calls that
    cannot change the length of a list."""
    analysis = _Ranges(function, kinds or {}, metered, calm)
    analysis.block(function.body)
    found = (analysis.fits, analysis.within, analysis.natural, analysis.spans, analysis.rises, analysis.exact)
    return RangeFacts(*map(frozenset, found))


def describe(module: Module) -> str:
    """The facts of every function, a line each."""
    lines = []
    for index, function in enumerate(module.functions):
        found = range_facts(function)
        for position, instr in enumerate(flatten(function.body)):
            if position in found.fits or position in found.within:
                what = "fits 64 bits" if position in found.fits else "within bounds"
                line, column = instr.span[:2]
                lines.append(f"f{index} {function.name} {line}:{column} {instr.op}: {what}\n")
    return "".join(lines)


class _Ranges(Values):
    def block(self, block: Block) -> None:
        for instr in block:
            self.position += 1
            self.instruction(instr)

    def instruction(self, instr: Instr) -> None:
        op = instr.op
        args: Any = instr.args
        if op == "for":
            self.for_loop(args, instr)
        elif op == "while":
            self.while_loop(args, instr)
        elif op in ("if", "ifx", "and", "or"):
            self.branch(args, instr)
        elif op == "comp" and args[1] == "list":
            self.comprehension(args)
        elif nested_in(instr):
            self.opaque(instr)
        else:
            if op in ("break", "continue"):
                self.jumps[-1][op == "continue"].append(self.state.copy())
            self.plain(instr)

    # straight-line code

    def plain(self, instr: Instr) -> None:
        args: Any = instr.args
        state = self.state
        if instr.op in ("index", "setindex"):
            self.subscript(*((args[1], args[2]) if instr.op == "index" else args[:2]))
        elif instr.op == "emit" and self.emitted:
            self.emitted[-1].append(state.lengths.get(args[0], Length(None, {})))
        interval, term, highs = self.result(instr)
        length, row, counter = self.made(instr)
        self.resize(instr)
        written = writes_of(instr)
        state.forget(written)
        if len(written) != 1:
            return
        target = written[0]
        found: tuple[tuple[dict[int, Any], Any], ...] = (
            (state.intervals, interval), (state.terms, term), (state.highs, highs), (state.lengths, length),
            (state.rows, row), (state.counters, counter),
        )  # fmt: skip
        for known, value in found:
            if value:
                known[target] = value
        self.term(target)
        if instr.op == "cmp" and args[1] in {*_SWAPPED, "!="} and target not in args[2:]:
            state.tests[target] = (args[1], args[2], args[3])

    def subscript(self, container: int, key: int) -> None:
        interval = self.interval(key)
        if interval is None or interval[0] < 0:
            return
        self.natural.add(self.position)
        least = self.state.lengths.get(container, Length(None, {})).least
        if any(offset < least[base] for base, offset in self.highs(key).items() if base in least):
            self.within.add(self.position)

    # branches and loops

    def assume(self, test: int, *, true: bool) -> None:
        """Narrow what a comparison that came out so says of its operands."""
        found = self.state.tests.get(test)
        if found is None:
            return
        sign, left, right = found
        if not true:
            if sign not in _NEGATED:
                return
            sign = _NEGATED[sign]
        self.narrow(left, sign, right)
        if sign in _SWAPPED:
            self.narrow(right, _SWAPPED[sign], left)

    def narrow(self, register: int, sign: str, bound: int) -> None:
        state = self.state
        own, other = self.interval(register), self.interval(bound)
        if own is None or other is None or sign not in _SWAPPED:
            return
        low, high = own
        if sign in ("<", "<=", "=="):
            high = min(high, other[1] - (sign == "<"))
        if sign in (">", ">=", "=="):
            low = max(low, other[0] + (sign == ">"))
        if low <= high:
            state.intervals[register] = (low, high)
        if sign in ("<", "<=", "=="):
            state.highs[register] = lowest(self.highs(register), shifted(self.highs(bound), -(sign == "<")))

    def branch(self, args: Any, instr: Instr) -> None:
        test = args[0] if instr.op == "if" else args[1]
        before = self.state
        ends = []
        values: list[Interval | None] = []
        if instr.op in ("and", "or"):
            choices: list[tuple[Block, bool]] = [(args[2], instr.op == "and"), ((), instr.op != "and")]
        else:
            choices = [(block, taken) for block, taken in zip(nested_in(instr), (True, False), strict=True)]
        for block, taken in choices:
            self.state = before.copy()
            self.assume(test, true=taken)
            self.block(block)
            if instr.op == "ifx":
                values.append(self.interval(args[3] if taken else args[5]))
            if not _leaves(block):
                ends.append(self.state)
        self.state = ends[0] if ends else before
        for end in ends[1:]:
            self.state.meet(end)
        self.state.forget(writes_of(instr))
        if len(values) == 2 and values[0] is not None and values[1] is not None:
            (a, b), (c, d) = values[0], values[1]
            self.state.intervals[args[0]] = min(a, c), max(b, d)

    def forget_all(self, instr: Instr) -> None:
        """What an instruction and the blocks in it may change is unknown."""
        found = self.inside.get(id(instr))
        if found is None:
            blocks = nested_in(instr)
            resizing = [i for block in blocks for i in flatten(block) if i.op in MAY_RESIZE]
            found = self.inside[id(instr)] = written_in(blocks) | set(writes_of(instr)), resizing
        for inner in found[1]:
            self.resize(inner)
        self.state.forget(found[0])

    def rounds(self, instr: Instr, one: Any) -> None:
        """Go through a loop; ``one`` does so for a round that begins as the state says, and leaves the state in which
        the loop's test fails. Twice, if the first time showed more of what every round begins with."""
        self.resize(instr)
        before = self.state.copy()
        self.forget_all(instr)
        start, position = self.state.copy(), self.position
        emitted = len(self.emitted[-1]) if self.emitted else 0
        self.depth += 1
        for last in (False, True):
            self.jumps.append(([], []))
            ends: list[State] = []
            one(ends)
            breaks, again = self.jumps.pop()
            if last or self.depth > _DEEP:
                break
            better = before.copy()
            for end in (*ends, *again):
                better.meet(end)
            if not _more(better, start):
                break
            self.state, self.position = better, position
            if self.emitted:
                del self.emitted[-1][emitted:]
        self.depth -= 1
        for state in breaks:
            self.state.meet(state)

    def for_loop(self, args: Any, instr: Instr) -> None:
        target, iterable, body, other = args
        counter = self.state.counters.get(iterable)
        if counter is not None and counter.fits:
            self.spans.add(self.position)
        if counter is not None and counter.rises:
            self.rises.add(self.position)

        def one(ends: list[State]) -> None:
            after = self.state.copy()
            self.state.forget({target})
            if counter is not None:
                self.state.intervals[target] = counter.interval
                self.state.highs[target] = counter.highs
            elif iterable in self.state.rows:
                self.state.lengths[target] = self.state.rows[iterable]
            self.block(body)
            if not _leaves(body):
                ends.append(self.state)
            self.state = after
            self.block(other)

        self.rounds(instr, one)

    def while_loop(self, args: Any, instr: Instr) -> None:
        condition, test, body, other = args
        growth = self.growth([condition, body])
        entry = {r: self.state.intervals[r] for r in growth.keys() & self.state.intervals.keys()}

        def one(ends: list[State]) -> None:
            for register, up in growth.items():  # it moves one way only from where it begins
                if register in entry:
                    low, high = self.interval(register) or ANY
                    first = entry[register]
                    narrow = (max(low, first[0]), high) if up else (low, min(high, first[1]))
                    self.state.intervals[register] = narrow
            self.block(condition)
            tested = self.state.copy()
            self.assume(test, true=True)
            self.block(body)
            if not _leaves(body):
                ends.append(self.state)
            self.state = tested
            self.assume(test, true=False)
            self.block(other)

        self.rounds(instr, one)

    def growth(self, blocks: list[Block]) -> dict[int, bool]:
        """Registers that the blocks only ever add constants of one sign to: whether they grow. A sum that leaves 64
        bits has no fact, so the tier has given up before the next round."""
        found: dict[int, set[bool]] = {}
        other: set[int] = set()
        for block in blocks:
            for instr in flatten(block):
                args: Any = instr.args
                step = self.step(instr)
                if step is None:
                    other.update(written_in([(instr,)]))
                else:
                    found.setdefault(args[0], set()).add((step >= 0) == (args[1] == "+"))
        return {r: ups.pop() for r, ups in found.items() if len(ups) == 1 and r not in other}

    def step(self, instr: Instr) -> int | None:
        """The constant that an instruction adds to a register, or takes from it."""
        args: Any = instr.args
        if instr.op not in ("inplace", "binop") or args[0] != args[2] or args[1] not in ("+", "-"):
            return None
        writer = self.kinds.uses.only_writer(args[3], len(self.function.params))
        value = writer.args[1] if writer is not None and writer.op == "const" else None
        return value if type(value) is int else None

    def comprehension(self, args: Any) -> None:
        """A list comprehension: as long as what it goes through, if it takes every element of that."""
        target, _, block = args
        self.emitted.append([])
        length = self.through(block)
        rows = self.emitted.pop()
        self.state.forget({target})
        self.state.lengths[target] = length
        if rows:
            self.state.rows[target] = weakest(rows)

    def through(self, block: Block) -> Length:
        """Go through a comprehension's block: how many elements it emits."""
        if not block or block[-1].op != "for":
            self.block(block)
            return Length(None, {})
        last = block[-1]
        self.block(block[:-1])
        if any(map(_emits, block[:-1])):
            self.block((last,))
            return Length(None, {})
        iterable, body, other = cast("tuple[int, Block, Block]", last.args[1:])
        counter = self.state.counters.get(iterable)
        length = self.length(iterable) if self.kind(iterable) == "list" else Length(None, {})
        self.block((last,))
        if not _takes_each(body) or other:
            return Length(None, {})
        if counter is not None:
            return counter.length
        after = self.state.lengths.get(iterable, Length(None, {}))
        return length if after.exact is not None and after.exact == length.exact else Length(None, {})

    def opaque(self, instr: Instr) -> None:
        """What may be left at any point: each block begins with nothing known of what any of them writes."""
        self.forget_all(instr)
        self.resize(instr)
        start = self.state
        jumps = self.jumps[-1] if self.jumps else ([], [])
        counts = [len(states) for states in jumps]
        for block in nested_in(instr):
            self.state = start.copy()
            self.block(block)
        for states, count in zip(jumps, counts, strict=True):  # what runs on the way out may write all of that again
            states[count:] = [start.copy() for _ in states[count:]]
        self.state = start


def _leaves(block: Block) -> bool:
    return bool(block) and block[-1].op in ("break", "continue", "return", "raise", "raise_from", "reraise")


def _takes_each(body: Block) -> bool:
    """Whether a comprehension's loop emits one element in each round."""
    return sum(i.op == "emit" for i in body) == 1 and not any(map(_jumps, body))


def _jumps(instr: Instr) -> bool:
    """Whether an instruction of a comprehension's loop leaves the round, or emits inside a block of its own."""
    if instr.op in ("break", "continue"):
        return True
    inner = flatten((instr,)) if nested_in(instr) and instr.op != "comp" else ()
    return any(i.op in ("emit", "continue", "break") for i in inner)


def _emits(instr: Instr) -> bool:
    """Whether an instruction of a comprehension's block gives it elements."""
    if instr.op == "emit":
        return True
    return instr.op != "comp" and any(i.op == "emit" for block in nested_in(instr) for i in flatten(block))


def _more(one: State, two: State) -> bool:
    """Whether one state says more than another that it contains."""
    return any(
        getattr(one, known) != getattr(two, known) for known in ("intervals", "highs", "lengths", "rows", "counters")
    )
