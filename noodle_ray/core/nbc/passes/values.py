"""What instructions without blocks give, as far as integers and lengths go: the straight-line half of `ranges`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from noodle_ray.core.nbc.module import Function, Instr
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
from noodle_ray.core.nbc.walk import flatten, writes_of

_CHECKED: Final = frozenset({"+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^"})
Calm = Callable[[Instr], bool]
_RESIZING: Final = frozenset(
    {"attr", "barrier", "call", "callm", "callx", "class", "delattr", "delindex", "effect", "extend", "force", "gather",
     "kwmerge", "method", "setattr", "unpack", "unpackx", "update", "with", "yield", "yieldfrom"}
)  # fmt: skip
"""Opcodes that may change some list's length, or run code that does."""
MAY_RESIZE: Final = _RESIZING | {"for", "inplace", "setindex", "callb"}
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


class Values:
    """The state at a point of a function, what the next instruction makes of it, and the facts found so far."""

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
            return _of(len(rows)), weakest(known) if known and len(known) == len(rows) else None, None
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
            self.emitted = [[Length(None, row.least) for row in rows] for rows in self.emitted]
        elif self.may_resize(instr):
            self.state.resized(self.constant_size)
            self.emitted = [[Length(None, {}) for _ in rows] for rows in self.emitted]
        elif instr.op == "call" or (instr.op == "setindex" and not self.is_number(args[2])):
            self.state.rows = {}  # a calm call may have put another list into a list

    def may_resize(self, instr: Instr) -> bool:
        """Whether an instruction may change the length of a list, or run code that does."""
        args: Any = instr.args
        if instr.op == "for":  # over an iterator, perhaps, that runs code
            return args[1] not in self.state.counters and self.kind(args[1]) not in _CONTAINERS
        if instr.op == "method":  # which a property may run
            return self.kind(args[1]) is None
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
        if instr.op not in ("inplace", "binop") or args[0] != args[2]:
            return False
        return args[1] != "*" or self.kind(args[3]) in NUMBERS  # a number of times a list is a list


def _of(count: int) -> Length:
    return Length((ZERO, count), {ZERO: count})


def weakest(lengths: list[Length]) -> Length:
    found = lengths[0]
    for length in lengths[1:]:
        found = weaker_length(found, length)
    return found
