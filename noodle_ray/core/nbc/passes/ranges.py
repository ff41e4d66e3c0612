"""Ranges: which integer operations cannot leave 64 bits, and which indexes are surely within bounds.

For a tier that works on machine values and may leave checks out. The facts hold under its own premises: integers fit
64 bits or the tier has given up already, no operator runs code of the program, and no one else changes a list
meanwhile. They are an abstract interpretation over intervals; a loop's round begins with everything that the loop
writes unknown, but for what its counter and condition say.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.passes.kinds import INTEGERS, NUMBERS, Kinds
from noodle_ray.core.nbc.passes.rewrite import nested_in, written_in
from noodle_ray.core.nbc.walk import flatten, writes_of

Interval = tuple[int, int]
LOWEST: Final = -(2**63)
HIGHEST: Final = 2**63 - 1
ANY: Final[Interval] = (LOWEST, HIGHEST)
_SIZE: Final[Interval] = (0, HIGHEST)

_CHECKED: Final = frozenset({"+", "-", "*", "//", "%", "<<", ">>", "&", "|", "^"})
_SWAPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}
_NEGATED: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "!=": "=="}


class RangeFacts(NamedTuple):
    """Positions of instructions in ``flatten(function.body)``, from 0. ``fits``: integer operations whose result
    surely fits 64 bits. ``within``: ``index`` and ``setindex`` whose key is surely in 0 … length - 1."""

    fits: frozenset[int]
    within: frozenset[int]


def range_facts(function: Function, params: Mapping[int, str] | None = None) -> RangeFacts:
    """What holds for a function; ``params`` gives the kinds of parameters that are known, as ``{0: "int"}``."""
    analysis = _Ranges(function, params)
    analysis.block(function.body)
    return RangeFacts(frozenset(analysis.fits), frozenset(analysis.within))


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


class _State:
    """What is known at a point: intervals of registers, registers that hold a list's length or a comparison, and for
    each register the containers in which it is a valid index; of ranges, what they count through and the container
    whose indexes those are."""

    __slots__ = ("below", "counters", "intervals", "lengths", "tests")

    def __init__(self) -> None:
        self.intervals: dict[int, Interval] = {}
        self.lengths: dict[int, int] = {}
        self.tests: dict[int, tuple[str, int, int]] = {}
        self.below: dict[int, set[int]] = {}
        self.counters: dict[int, tuple[Interval, int | None]] = {}

    def copy(self) -> "_State":
        other = _State()
        other.intervals, other.lengths, other.tests = dict(self.intervals), dict(self.lengths), dict(self.tests)
        other.below = {register: set(containers) for register, containers in self.below.items()}
        other.counters = dict(self.counters)
        return other

    def forget(self, registers: set[int]) -> None:
        for register in registers:
            self.intervals.pop(register, None)
            self.lengths.pop(register, None)
            self.tests.pop(register, None)
            self.below.pop(register, None)
            self.counters.pop(register, None)
        self.lengths = {r: container for r, container in self.lengths.items() if container not in registers}
        self.tests = {r: test for r, test in self.tests.items() if registers.isdisjoint(test[1:])}
        for containers in self.below.values():
            containers -= registers
        for counter, (interval, container) in self.counters.items():
            if container in registers:
                self.counters[counter] = (interval, None)

    def resized(self, kept: set[int]) -> None:
        """Some list may have changed its length: only containers that cannot keep theirs."""
        self.lengths = {r: container for r, container in self.lengths.items() if container in kept}
        for containers in self.below.values():
            containers &= kept
        for counter, (interval, container) in self.counters.items():
            if container not in kept:
                self.counters[counter] = (interval, None)

    def meet(self, other: "_State") -> None:
        self.intervals = {
            r: (min(low, other.intervals[r][0]), max(high, other.intervals[r][1]))
            for r, (low, high) in self.intervals.items()
            if r in other.intervals
        }
        self.lengths = {r: c for r, c in self.lengths.items() if other.lengths.get(r) == c}
        self.tests = {r: t for r, t in self.tests.items() if other.tests.get(r) == t}
        self.below = {r: c & other.below[r] for r, c in self.below.items() if r in other.below}
        self.counters = {r: c for r, c in self.counters.items() if other.counters.get(r) == c}


_RESIZING: Final = frozenset(
    {"attr", "barrier", "call", "callm", "callx", "class", "delattr", "delindex", "effect", "extend", "force", "gather",
     "kwmerge", "setattr", "unpack", "unpackx", "update", "yield", "yieldfrom"}
)  # fmt: skip
"""Opcodes that may change some list's length, or run code that does."""
_QUIET: Final = frozenset({"len", "range", "abs", "ord", "chr"})


class _Ranges:
    def __init__(self, function: Function, params: Mapping[int, str] | None) -> None:
        self.kinds = Kinds(function, params=params)
        self.function = function
        self.state = _State()
        self.position = -1
        self.fits: set[int] = set()
        self.within: set[int] = set()
        self.constant_size = {
            register for register in range(function.registers) if self.kinds.of(register) in ("str", "bytes", "tuple")
        }

    def interval(self, register: Any) -> Interval | None:
        """The interval of a register that holds an integer; None if it may hold another kind of value."""
        return self.state.intervals.get(register) or (ANY if self.kinds.of(register) in INTEGERS else None)

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
        elif nested_in(instr):
            self.opaque(instr)
        else:
            self.plain(instr)

    # straight-line code

    def plain(self, instr: Instr) -> None:
        args: Any = instr.args
        state = self.state
        if instr.op in ("index", "setindex"):
            container, key = (args[1], args[2]) if instr.op == "index" else (args[0], args[1])
            if container in state.below.get(key, ()):
                self.within.add(self.position)
        found = self.result(instr)
        counter = self.counter(args[2]) if instr.op == "callb" and args[1] == "range" and not args[3] else None
        length = args[2][0] if instr.op == "callb" and args[1] == "len" and len(args[2]) == 1 else None
        copied = args[1] if instr.op == "move" else None
        below = set(state.below.get(copied, ())) if copied is not None else set()
        same_length = state.lengths.get(copied) if copied is not None else None
        if self.may_resize(instr):
            state.resized(self.constant_size)
        written = set(writes_of(instr))
        state.forget(written)
        if len(written) != 1:
            return
        (target,) = written
        if found is not None:
            state.intervals[target] = found
        if length is not None and length != target:
            state.lengths[target] = length
        if same_length is not None:
            state.lengths[target] = same_length
        if counter is not None:
            state.counters[target] = counter
        if below:
            state.below[target] = below - {target}
        if instr.op == "cmp" and args[1] in {*_SWAPPED, "!="} and target not in args[2:]:
            state.tests[target] = (args[1], args[2], args[3])

    def result(self, instr: Instr) -> Interval | None:
        """The interval of an instruction's result, noting whether it surely fits."""
        args: Any = instr.args
        if instr.op == "const":
            value = args[1]
            return (value, value) if type(value) is int and LOWEST <= value <= HIGHEST else None
        if instr.op == "move":
            return self.interval(args[1])
        if instr.op == "callb" and args[1] == "len":
            return _SIZE
        if instr.op in ("binop", "inplace") and args[1] in _CHECKED:
            left, right = self.interval(args[2]), self.interval(args[3])
            if left is None or right is None:
                return None
            exact = _compute(args[1], left, right)
            if exact is not None and exact[0] >= LOWEST and exact[1] <= HIGHEST:
                self.fits.add(self.position)
                return exact
        return None

    def may_resize(self, instr: Instr) -> bool:
        """Whether an instruction may change the length of a list, or run code that does."""
        args: Any = instr.args
        if instr.op == "inplace":
            return not self.is_number(args[2])
        if instr.op == "setindex":
            return self.interval(args[1]) is None  # a slice, perhaps
        if instr.op == "callb":
            return args[1] not in _QUIET
        return instr.op in _RESIZING

    def is_number(self, register: int) -> bool:
        """Whether a register can hold nothing but numbers: it begins as one, and operators keep it one."""
        if self.kinds.of(register) in NUMBERS:
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
        container = state.lengths.get(bound)
        if sign == "<" and low >= 0 and container is not None:
            state.below.setdefault(register, set()).add(container)

    def branch(self, args: Any, instr: Instr) -> None:
        test = args[0] if instr.op == "if" else args[1]
        before = self.state
        ends = []
        if instr.op in ("and", "or"):
            choices: list[tuple[Block, bool]] = [(args[2], instr.op == "and"), ((), instr.op != "and")]
        else:
            choices = [(block, taken) for block, taken in zip(nested_in(instr), (True, False), strict=True)]
        for block, taken in choices:
            self.state = before.copy()
            self.assume(test, true=taken)
            self.block(block)
            if not _leaves(block):
                ends.append(self.state)
        self.state = ends[0] if ends else before
        for end in ends[1:]:
            self.state.meet(end)
        self.state.forget(set(writes_of(instr)))

    def enter(self, instr: Instr) -> None:
        """A loop's round begins with nothing known of what any round writes."""
        self.forget_all(nested_in(instr), set(writes_of(instr)))

    def forget_all(self, blocks: list[Block], written: set[int]) -> None:
        if any(self.may_resize(inner) for block in blocks for inner in flatten(block) if not nested_in(inner)):
            self.state.resized(self.constant_size)
        self.state.forget(written | written_in(blocks))

    def for_loop(self, args: Any, instr: Instr) -> None:
        target, iterable, body, other = args
        interval, _ = self.state.counters.get(iterable, (None, None))
        self.enter(instr)
        _, container = self.state.counters.get(iterable, (None, None))
        after = self.state.copy()
        if interval is not None:
            self.state.intervals[target] = interval
        if container is not None:
            self.state.below[target] = {container}
        self.block(body)
        self.state = after
        self.block(other)
        self.state = after.copy()
        self.forget_all([other], set())

    def counter(self, bounds: Any) -> tuple[Interval, int | None]:
        """What ``range(…)`` counts through, and the container that it counts the indexes of."""
        if len(bounds) == 1:
            stop = self.interval(bounds[0]) or ANY
            return (0, max(stop[1] - 1, 0)), self.state.lengths.get(bounds[0])
        if len(bounds) == 2:
            start, stop = self.interval(bounds[0]) or ANY, self.interval(bounds[1]) or ANY
            container = self.state.lengths.get(bounds[1]) if start[0] >= 0 else None
            return (start[0], max(stop[1] - 1, start[0])), container
        return ANY, None

    def while_loop(self, args: Any, instr: Instr) -> None:
        condition, test, body, other = args
        written = written_in([condition, body])
        entry = {r: self.state.intervals[r] for r in written & self.state.intervals.keys()}
        self.enter(instr)
        after = self.state.copy()
        for register, up in self.growth([condition, body]).items():  # it moves one way only from where it begins
            if register in entry:
                low, high = entry[register]
                self.state.intervals[register] = (low, HIGHEST) if up else (LOWEST, high)
        self.block(condition)
        tested = self.state.copy()
        self.assume(test, true=True)
        self.block(body)
        self.state = tested
        self.assume(test, true=False)
        self.block(other)
        self.state = after

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

    def opaque(self, instr: Instr) -> None:
        """What may be left at any point: each block begins with nothing known of what any of them writes."""
        self.forget_all(nested_in(instr), set(writes_of(instr)))
        start = self.state
        for block in nested_in(instr):
            self.state = start.copy()
            self.block(block)
        self.state = start


def _leaves(block: Block) -> bool:
    return bool(block) and block[-1].op in ("break", "continue", "return", "raise", "raise_from", "reraise")


def _compute(sign: str, left: Interval, right: Interval) -> Interval | None:
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
        return (min(a, a >> min(c, 64)), max(b, b >> min(c, 64))) if a < 0 else (0, b)
    if sign == "<<" and c >= 0 and d <= 63:
        return (min(a << c, a << d), max(b << c, b << d))
    if sign == "&" and (a >= 0 or c >= 0):
        return (0, min(b, d) if a >= 0 and c >= 0 else b if a >= 0 else d)
    if sign in ("|", "^") and a >= 0 and c >= 0:
        return (0, (1 << max(b.bit_length(), d.bit_length())) - 1)
    return None
