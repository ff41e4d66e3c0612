"""Ranges: which integer operations cannot leave 64 bits, and which indexes are surely within bounds.

For a tier that works on machine values and may leave checks out. The facts hold under its premises: integers fit
64 bits or the tier has given up already, no operator runs code of the program, no builtin does but through a function
or an iterator that it is given, and no one else changes a list meanwhile.

They are an abstract interpretation over intervals and lengths (see `bounds`). A loop's round begins with everything
that the loop writes unknown, but for what its counter and condition say; then, if that is worth it, once more with
what holds both before the loop and at the end of any round.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.bounds import (
    ANY,
    HIGHEST,
    LOWEST,
    SIZE,
    ZERO,
    Counter,
    Interval,
    Length,
    State,
    Term,
    Terms,
    compute,
    lowest,
    shifted,
    weaker_highs,
    weaker_length,
)
from noodle_ray.core.nbc.passes.kinds import INTEGERS, NUMBERS, Kinds
from noodle_ray.core.nbc.passes.rewrite import nested_in, written_in
from noodle_ray.core.nbc.walk import flatten, writes_of

_CHECKED: Final = frozenset({"+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^"})
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


Calm = Callable[[Instr], bool]


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


_RESIZING: Final = frozenset(
    {"attr", "barrier", "call", "callm", "callx", "class", "delattr", "delindex", "effect", "extend", "force", "gather",
     "kwmerge", "setattr", "unpack", "unpackx", "update", "with", "yield", "yieldfrom"}
)  # fmt: skip
"""Opcodes that may change some list's length, or run code that does."""
_MAY_RESIZE: Final = _RESIZING | {"for", "inplace", "setindex", "callb"}
_CONTAINERS: Final = frozenset({"range", "list", "tuple", "str", "bytes", "dict", "set"})
_LARGE: Final = 1 << 62
_QUIET: Final = frozenset({"len", "range", "abs", "ord", "chr", "int", "float", "bool", "round", "divmod", "pow"})
_STEP: Final = 256
_START: Final = 1 << 50
_EXACT: Final = 1 << 53
_RUN: Final = 1 << 53
"""More steps than any run takes, where they are metered."""
_STEPS: Final[Interval] = (-(1 << 62), 1 << 62)


def _steppers(function: Function, uses: Any) -> set[int]:
    """Registers that begin at a constant and only ever change by small constant steps: they stay far from 64 bits."""
    found: set[int] = set()
    others = set(range(len(function.params)))
    for instr in flatten(function.body):
        op, args = instr.op, instr.args
        for register in writes_of(instr):
            step: object = None
            if op in ("binop", "inplace") and args[1] in ("+", "-") and args[2] == register:
                writer = uses.only_writer(args[3], len(function.params))
                step = writer.args[1] if writer is not None and writer.op == "const" else None
            start = args[1] if op == "const" else None
            if (type(step) is int and abs(step) <= _STEP) or (type(start) is int and abs(start) <= _START):
                found.add(register)
            elif op != "unset" and op != "check":
                others.add(register)
    return found - others


class _Ranges:
    def __init__(self, function: Function, kinds: Mapping[int, str], metered: bool, calm: Calm) -> None:
        count = len(function.params)
        self.kinds = Kinds(function, params={r: kind for r, kind in kinds.items() if r < count})
        self.known = kinds
        self.function = function
        self.state = State()
        self.position = -1
        self.depth = 0
        self.bases = ZERO
        self.jumps: list[tuple[list[State], list[State]]] = []
        self.emitted: list[list[Length]] = []
        self.fits: set[int] = set()
        self.within: set[int] = set()
        self.natural: set[int] = set()
        self.spans: set[int] = set()
        self.rises: set[int] = set()
        self.exact: set[int] = set()
        self.metered = metered
        self.calm = calm
        self.inside: dict[int, tuple[set[int], list[Instr]]] = {}
        self.steppers = _steppers(function, self.kinds.uses) if metered else set()
        self.constant_size = {r for r in range(function.registers) if self.kind(r) in ("str", "bytes", "tuple")}

    def kind(self, register: Any) -> str | None:
        return self.kinds.of(register) or self.known.get(register)

    def interval(self, register: Any) -> Interval | None:
        """The interval of a register that holds an integer; None if it may hold another kind of value."""
        found = self.state.intervals.get(register)
        if found is None and (kind := self.kind(register)) in INTEGERS:
            found = (0, 1) if kind == "bool" else _STEPS if register in self.steppers else ANY
        return found

    def term(self, register: int) -> Term:
        """A term that is the register's value."""
        found = self.state.terms.get(register)
        if found is None:
            self.bases += 1
            found = self.state.terms[register] = (self.bases, 0)
        return found

    def highs(self, register: int) -> Terms:
        """Upper bounds of an integer."""
        base, offset = self.term(register)
        found = lowest(self.state.highs.get(register, {}), {base: offset})
        interval = self.interval(register)
        return found if interval is None else lowest(found, {ZERO: interval[1]})

    def length(self, container: int) -> Length:
        """How long a container is, exactly."""
        found = self.state.lengths.get(container, Length(None, {}))
        if found.exact is None:
            self.bases += 1
            found = self.state.lengths[container] = Length((self.bases, 0), found.least | {self.bases: 0})
        return found

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

    def result(self, instr: Instr) -> tuple[Interval | None, Term | None, Terms | None]:
        """What is known of an instruction's result if it is an integer, noting whether it surely fits."""
        op = instr.op
        args: Any = instr.args
        if op == "const":
            value = args[1]
            plain = type(value) is int and LOWEST <= value <= HIGHEST
            return ((value, value), (ZERO, value), None) if plain else (None, None, None)
        if op == "move":
            return self.interval(args[1]), self.term(args[1]), self.state.highs.get(args[1])
        if (op in ("binop", "inplace") and args[1] == "/") or op == "cmp":
            if self.is_double(args[2]) and self.is_double(args[3]):
                self.exact.add(self.position)
        elif op in ("binop", "inplace") and args[1] in _CHECKED:
            return self.operation(args[1], args[2], args[3], args[0])
        if op == "callb" and not args[3]:
            return self.builtin(args[1], args[2])
        return None, None, None

    def is_double(self, register: int) -> bool:
        """Whether a register holds a number that is a double exactly."""
        interval = self.interval(register)
        if interval is None:
            return self.kind(register) == "float"
        return interval[0] >= -_EXACT and interval[1] <= _EXACT

    def operation(
        self, sign: str, a: int, b: int, target: int
    ) -> tuple[Interval | None, Term | None, Terms | None]:  # fmt: skip
        left, right = self.interval(a), self.interval(b)
        if left is None or right is None:
            return None, None, None
        if sign in ("//", "%") and left[0] >= 0:
            self.natural.add(self.position)
        divides = sign in ("//", "%") and right[0] == 0 < right[1]
        exact = compute(sign, left, (1, right[1]) if divides else right)
        if exact is None:
            return None, None, None
        if target == a and target in self.steppers and sign in ("+", "-"):
            exact = max(exact[0], _STEPS[0]), min(exact[1], _STEPS[1])
        if exact[0] >= LOWEST and exact[1] <= HIGHEST and not divides:
            self.fits.add(self.position)
        term = None
        if sign in ("+", "-") and right[0] == right[1]:
            base, offset = self.term(a)
            term = base, offset + (right[0] if sign == "+" else -right[0])
        elif sign == "+" and left[0] == left[1]:
            base, offset = self.term(b)
            term = base, offset + left[0]
        return (max(exact[0], LOWEST), min(exact[1], HIGHEST)), term, self.above(sign, a, b, left, right)

    def above(self, sign: str, a: int, b: int, left: Interval, right: Interval) -> Terms | None:
        """Upper bounds of an operator's result."""
        if sign == "+":
            one = shifted(self.highs(a), right[1]) if right[1] < _LARGE else {}
            return lowest(one, shifted(self.highs(b), left[1])) if left[1] < _LARGE else one
        if sign == "-":
            return shifted(self.highs(a), -right[0])
        if sign == "%" and right[0] >= 0:
            return shifted(self.highs(b), -1)  # unless it divides by zero
        if sign in ("//", ">>") and left[0] >= 0 and right[0] >= (sign == "//"):
            return self.highs(a)
        if sign == "&" and right[0] >= 0:
            return lowest(self.highs(b), self.highs(a)) if left[0] >= 0 else self.highs(b)
        return None

    def builtin(self, called: str, args: Any) -> tuple[Interval | None, Term | None, Terms | None]:
        intervals = [self.interval(register) for register in args]
        if called == "len" and len(args) == 1:
            length = self.length(args[0])
            return (max(0, length.least.get(ZERO, 0)), HIGHEST), length.exact, None
        if called in ("min", "max") and len(args) > 1:
            known = [interval for interval in intervals if interval is not None]
            if len(known) < len(args):
                return None, None, None
            pick = min if called == "min" else max
            highs = self.highs(args[0])
            for register in args[1:]:
                highs = (lowest if called == "min" else weaker_highs)(highs, self.highs(register))
            return (pick(low for low, _ in known), pick(high for _, high in known)), None, highs
        if called == "int" and len(args) == 1 and intervals[0] is not None:
            return intervals[0], self.term(args[0]), self.state.highs.get(args[0])
        return (SIZE, None, None) if called == "abs" and None not in intervals else (None, None, None)

    def made(self, instr: Instr) -> tuple[Length | None, Length | None, Counter | None]:
        """Of an instruction's result, if it is a container: how long it is, and how long what it holds; or what it
        counts through, if it is a range."""
        op = instr.op
        args: Any = instr.args
        state = self.state
        if op == "move":
            return state.lengths.get(args[1]), state.rows.get(args[1]), state.counters.get(args[1])
        if op in ("list", "tuple"):
            rows = [state.lengths.get(register) for register in args[1]]
            known = [row for row in rows if row is not None]
            return _of(len(rows)), _weakest(known) if known and len(known) == len(rows) else None, None
        if op == "index" and args[1] in state.rows and self.interval(args[2]) is not None:
            return state.rows[args[1]], None, None
        if op == "binop" and args[1] == "*":
            for source, times in ((args[2], args[3]), (args[3], args[2])):
                if source in state.lengths and self.interval(times) is not None:
                    return self.repeated(state.lengths[source], times), state.rows.get(source), None
        if op == "callb" and args[1] == "range" and not args[3]:
            return None, None, self.counter(args[2])
        return None, None, None

    def repeated(self, source: Length, times: int) -> Length | None:
        """The length of a container repeated."""
        if source.exact != (ZERO, 1):
            return None
        return self.at_least(self.term(times), self.interval(times) or ANY)

    def at_least(self, term: Term, interval: Interval) -> Length:
        """The length that is this number, or 0 if it is negative."""
        least = {term[0]: term[1]}
        if term[0] != ZERO or interval[0] > term[1]:
            least[ZERO] = max(interval[0], 0)
        return Length(term if interval[0] >= 0 else None, least)

    def counter(self, bounds: Any) -> Counter | None:
        """What ``range(…)`` counts through."""
        if not 0 < len(bounds) < 4:
            return None
        end = bounds[0] if len(bounds) == 1 else bounds[1]
        start = (0, 0) if len(bounds) == 1 else self.interval(bounds[0]) or ANY
        stop = self.interval(end) or ANY
        step = self.interval(bounds[2]) if len(bounds) == 3 else (1, 1)
        fits = stop[1] - start[0] <= HIGHEST and start[1] - stop[0] <= HIGHEST
        unknown = Length(None, {})
        if step is not None and step[0] > 0:
            count = unknown
            if step == (1, 1) and start[0] == start[1]:
                base, offset = self.term(end)
                count = self.at_least((base, offset - start[0]), (stop[0] - start[0], stop[1] - start[0]))
            last = max(stop[1] - 1, start[0])
            if self.metered:  # as many steps were made
                last = min(last, start[1] + _RUN * step[1])
            return Counter((start[0], last), shifted(self.highs(end), -1), count, fits, True)
        if step is not None and step[1] < 0:
            return Counter((min(stop[0] + 1, start[1]), start[1]), self.highs(bounds[0]), unknown, fits, False)
        return Counter(ANY, {}, unknown, fits, False)

    def resize(self, instr: Instr) -> None:
        """Forget lengths that an instruction may change."""
        args: Any = instr.args
        if instr.op == "callm" and args[2] == "append" and self.kind(args[1]) == "list":
            self.state.grown(self.constant_size)
        elif self.may_resize(instr):
            self.state.resized(self.constant_size)
        elif instr.op == "setindex" and not self.is_number(args[2]):
            self.state.rows = {}

    def may_resize(self, instr: Instr) -> bool:
        """Whether an instruction may change the length of a list, or run code that does."""
        args: Any = instr.args
        if instr.op == "for":  # over an iterator, perhaps, that runs code
            return args[1] not in self.state.counters and self.kind(args[1]) not in _CONTAINERS
        if instr.op == "inplace":
            return not self.is_number(args[2])
        if instr.op == "setindex":
            return self.interval(args[1]) is None  # a slice, perhaps
        if instr.op == "callb":
            quiet = args[1] in _QUIET or args[1].startswith("math.") or (args[1] in ("min", "max") and len(args[2]) > 1)
            return not quiet or bool(args[3])
        return instr.op in _RESIZING and not (instr.op == "call" and self.calm(instr))

    def is_number(self, register: int) -> bool:
        """Whether a register can hold nothing but numbers: it begins as one, and operators keep it one."""
        if self.kind(register) in NUMBERS:
            return True
        writers = self.kinds.uses.writers[register]
        return bool(writers) and register >= len(self.function.params) and all(map(self.gives_number, writers))

    def gives_number(self, instr: Instr) -> bool:
        args: Any = instr.args
        if instr.op == "const":
            return type(args[1]).__name__ in NUMBERS
        return instr.op in ("inplace", "binop") and args[0] == args[2]

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
            resizing = [i for block in blocks for i in flatten(block) if i.op in _MAY_RESIZE]
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
            self.state.rows[target] = _weakest(rows)

    def through(self, block: Block) -> Length:
        """Go through a comprehension's block: how many elements it emits."""
        if not block or block[-1].op != "for":
            self.block(block)
            return Length(None, {})
        last = block[-1]
        self.block(block[:-1])
        iterable, body, other = cast("tuple[int, Block, Block]", last.args[1:])
        counter = self.state.counters.get(iterable)
        length = self.length(iterable) if self.kind(iterable) == "list" else Length(None, {})
        self.block((last,))
        if not _takes_each(body) or other:
            return Length(None, {})
        if counter is not None:
            return counter.length
        return length if iterable in self.state.lengths else Length(None, {})

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
    return sum(i.op == "emit" for i in body) == 1 and not any(
        nested_in(i) and i.op != "comp" and any(j.op in ("emit", "continue", "break") for j in flatten((i,)))
        for i in body
    )


def _of(count: int) -> Length:
    return Length((ZERO, count), {ZERO: count})


def _weakest(lengths: list[Length]) -> Length:
    found = lengths[0]
    for length in lengths[1:]:
        found = weaker_length(found, length)
    return found


def _more(one: State, two: State) -> bool:
    """Whether one state says more than another that it contains."""
    return any(
        getattr(one, known) != getattr(two, known) for known in ("intervals", "highs", "lengths", "rows", "counters")
    )
