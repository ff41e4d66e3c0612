"""The effects pass: which comprehensions become ``gather``, and where a pending value must be waited for.

Within a function the result of a model call stays pending over pure instructions; ``force`` comes before the
first use of the value itself, ``barrier`` before anything others could see, so that the program's output,
changes and exceptions come in the order of sequential execution. Where an instruction might raise while a call
is outstanding, the whole function is guarded: an error of an earlier call takes the place of the exception.
"""

from typing import Any, Final, cast

from noodle_ray.core.lang.fission import overlap_loops
from noodle_ray.core.lang.fission.ahead import element_goes_ahead, goes_ahead
from noodle_ray.core.lang.fission.flow import Flow
from noodle_ray.core.lang.late import put_off
from noodle_ray.core.lang.lower.frame import WHOLE, Unit
from noodle_ray.core.lang.purity import Facts, Region, Remembered, kept
from noodle_ray.core.nbc.module import Block, Function, Instr, Span
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of

_LOST: Final = "lost"
"""Stands in ``State.outstanding`` for calls whose register has been overwritten since."""
INLINE: Final = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
"""Names of the functions of comprehensions, whose first parameter is what they go through."""
_LEAVING: Final = frozenset({"return", "raise", "raise_from", "reraise"})
_CANNOT_RAISE: Final = frozenset(
    {"bget", "break", "const", "continue", "cset", "func", "gset", "list", "model", "move", "return", "tuple", "unset"}
)


def facts_of(unit: Unit, remembered: Remembered | None = None) -> Facts:
    """What is known of a lowered program that asks models."""
    return Facts(unit, remembered)


def overlapping_comprehensions(facts: Facts) -> frozenset[int]:
    """Node ids of the comprehensions whose elements ask models and may run as fibers of their own."""
    if facts.loose_iterators:
        return frozenset()
    return frozenset(
        id(node)
        for node, function, instr in facts.unit.comprehensions
        if len(cast(Any, node).generators) == 1 and _may_overlap(facts, function, instr)
    )


def _may_overlap(facts: Facts, function: int, comp: Instr) -> bool:
    loop = cast(Block, comp.args[2])[-1]
    around = facts.regions[function]
    if facts.traits.any and facts.traits.runs(loop, around.plain):
        iterable = cast(int, loop.args[1])
        given = iterable == 0 and facts.functions[function].name in INLINE
        if not (element_goes_ahead(facts, function) if given else goes_ahead(facts, around, iterable)):
            return False
    region = Region(function, flatten(cast(Block, loop.args[2])), facts.traits)
    region.plain |= kept(around.plain, region.writers)
    named = len(facts.functions[function].locals)
    writes_local = any(register < named for register in region.writers) or _keeps_variables(region)
    return not writes_local and facts.region_effectful(region) and facts.region_safe(region)


def _keeps_variables(region: Region) -> bool:
    """True if functions that use the comprehension's variables may outlive an element: they share one variable."""
    if not any(instr.op == "cset" for instr in region.instructions):
        return False
    made = {cast(int, instr.args[0]) for instr in region.instructions if instr.op == "func"}
    for instr in region.instructions:
        kept = made.intersection(reads_of(instr))
        if instr.op == "call":
            kept -= {cast(int, instr.args[1])} - set(cast("tuple[int, ...]", instr.args[2]))
        elif instr.op in ("callb", "callm"):
            kept -= {register for _, register in cast("tuple[tuple[str, int], ...]", instr.args[-1])}
            kept -= set(cast("tuple[int, ...]", instr.args[2])) if instr.args[1] in ("map", "filter") else set()
        if kept:
            return True
    return False


def finished(facts: Facts) -> list[Function]:
    """The program's functions with loops that overlap, and all waits."""
    return insert_waits(overlap_loops(facts)[0])


def insert_waits(facts: Facts) -> list[Function]:
    """The program's functions with ``force`` and ``barrier`` where they are needed."""
    functions = list(facts.functions)
    for i, region in enumerate(facts.regions):
        if any(instr.op not in ("call", "callm") for instr in region.asking):
            functions[i] = facts.remembered.get(functions[i], ("waits", *facts.dependence(i)), _Waits(facts, i).rewrite)
    return functions


class State:
    """At one point of a function: registers and globals that may hold a pending value, and the calls that
    may not have been waited for, by the register or global that got them; and where each was asked, None for one of
    several places."""

    __slots__ = ("asked", "dead", "globals", "outstanding", "pending")

    def __init__(self) -> None:
        self.pending: set[int] = set()
        self.globals: set[str] = set()
        self.outstanding: set[object] = set()
        self.asked: dict[object, Span | None] = {}
        self.dead = False

    def copy(self) -> "State":
        """An independent copy."""
        other = State()
        other.pending, other.globals = set(self.pending), set(self.globals)
        other.outstanding, other.dead = set(self.outstanding), self.dead
        other.asked = dict(self.asked)
        return other

    def join(self, other: "State") -> None:
        """Where two paths meet: what may be pending on either."""
        if other.dead:
            return
        if self.dead:
            self.pending, self.globals, self.outstanding, self.asked = set(), set(), set(), {}
            self.dead = False
        self.join_asked(other)
        self.pending |= other.pending
        self.globals |= other.globals
        self.outstanding |= other.outstanding

    def join_asked(self, other: "State") -> None:
        """Where two paths meet: where that was asked which may be pending then."""
        mine = self.pending | self.globals | self.outstanding
        for place in other.pending | other.globals | other.outstanding:
            span = other.asked.get(place)
            self.asked[place] = span if place not in mine or self.asked.get(place) == span else None


class _Waits:
    """Rewrites one function. Variables of ``unsure`` are waited for at once, as only some ways lead through a call that
    gives them a value."""

    def __init__(self, facts: Facts, index: int) -> None:
        self.facts = facts
        self.index = index
        self.function = facts.functions[index]
        self.region = facts.regions[index]
        self.unsure: set[int] = set()
        self.begin()

    def begin(self) -> None:
        self.registers = self.function.registers
        self.state = State()
        self.code: list[Instr] = []
        self.eager = 0
        self.nested = 0
        self.breaks: list[State] = []
        self.before: list[set[int]] = []
        self.source: dict[int, str] = {}
        self.exposed = False

    def rewrite(self) -> Function:
        whole = put_off(self.function.body, len(self.function.locals))
        body = self.block(whole)
        parameters = set(range(len(self.function.params)))
        while unsure := Flow(body, parameters).forced - self.unsure:
            self.unsure |= unsure
            self.begin()
            body = self.block(whole)
        if self.exposed:
            span = self.function.span
            handler = (Instr("barrier", (), span), Instr("reraise", (), span))
            body = (Instr("try", (body, (((), None, None, handler),), (), ()), span),)
        return self.function._replace(body=body, registers=self.registers)

    def block(self, block: Block) -> Block:
        outer, self.code = self.code, []
        for instr in block:
            handler = _HANDLERS.get(instr.op, _Waits.plain)
            handler(self, instr)
        inner, self.code = self.code, outer
        return tuple(inner)

    # waiting

    def force(self, register: int, span: Span) -> None:
        state = self.state
        if register not in state.pending:
            return
        span = self.state.asked.get(register) or span  # an error is that of the line that asked
        self.code.append(Instr("force", (register,), span))
        state.pending.discard(register)
        state.outstanding.discard(register)
        name = self.source.get(register)
        if name is not None and name in state.globals:
            self.code.append(Instr("gset", (name, register), span))
            state.globals.discard(name)
            state.outstanding.discard(name)

    def force_all(self, registers: list[int], span: Span) -> None:
        for register in registers:
            self.force(register, span)

    def barrier(self, span: Span) -> None:
        if self.state.outstanding:
            if len(self.state.outstanding) == 1:
                span = self.state.asked.get(next(iter(self.state.outstanding))) or span
            self.code.append(Instr("barrier", (), span))
            self.state.outstanding.clear()

    def written(self, register: int) -> None:
        state = self.state
        self.source.pop(register, None)
        state.pending.discard(register)
        if register in state.outstanding:
            state.outstanding.discard(register)
            state.outstanding.add(_LOST)

    def becomes_pending(self, register: int, span: Span) -> None:
        self.written(register)
        self.state.pending.add(register)
        self.state.outstanding.add(register)
        self.state.asked[register] = span
        if self.eager or register in self.unsure:
            self.force(register, span)

    def alias(self, target: int, sources: list[int]) -> None:
        """``target`` now holds the value of one of the sources, pending or not."""
        state = self.state
        pending = [register for register in sources if register in state.pending]
        self.written(target)
        spans = {state.asked.get(register) for register in pending}
        for register in pending:
            state.pending.add(target)
            state.asked[target] = next(iter(spans)) if len(spans) == 1 else None
            if register in state.outstanding and register >= len(self.function.locals):
                state.outstanding.discard(register)
                state.outstanding.add(target)
        if pending and target in self.unsure:
            self.force(target, WHOLE)

    # straight-line code

    def plain(self, instr: Instr) -> None:
        self.force_all(reads_of(instr), instr.span)
        facts, region = self.facts, self.region
        if instr.op in _LEAVING or facts.visible(region, instr) or facts.catches(region, instr):
            self.barrier(instr.span)
        self.may_raise(instr)
        self.code.append(instr)
        for register in writes_of(instr):
            self.written(register)
        if instr.op in _LEAVING:
            self.state.dead = True

    def may_raise(self, instr: Instr) -> None:
        """Notes that the function needs a guard if the instruction may raise before earlier calls have answered."""
        if self.state.outstanding and instr.op not in _CANNOT_RAISE:
            self.exposed = True

    def effect(self, instr: Instr) -> None:
        self.may_raise(instr)
        self.ask(instr)

    def ask(self, instr: Instr) -> None:
        """Inside a try statement a variable keeps its value until the call has answered; and so does all that a part
        of a loop may return."""
        target = cast(int, instr.args[0])
        if not self.eager or (target >= len(self.function.locals) and self.index not in self.facts.pieces):
            self.code.append(instr)
            self.becomes_pending(target, instr.span)
            return
        answer = self.registers
        self.registers += 1
        self.code.append(instr._replace(args=(answer, *instr.args[1:])))
        self.becomes_pending(answer, instr.span)
        self.move(Instr("move", (target, answer), instr.span))

    def gather(self, instr: Instr) -> None:
        self.force_all(reads_of(instr), instr.span)
        if self.facts.visible(self.region, instr):
            self.barrier(instr.span)
        self.may_raise(instr)
        self.ask(instr)

    def move(self, instr: Instr) -> None:
        target, source = cast("tuple[int, int]", instr.args)
        self.code.append(instr)
        self.alias(target, [source])

    def gset(self, instr: Instr) -> None:
        name, register = cast("tuple[str, int]", instr.args)
        state = self.state
        if self.index != 0 or name in self.facts.shared_globals:
            self.plain(instr)
            return
        if self.nested or self.eager:
            self.force(register, instr.span)
        self.code.append(instr)
        if name in state.outstanding:
            state.outstanding.discard(name)
            state.outstanding.add(_LOST)
        state.globals.discard(name)
        if register in state.pending:
            state.globals.add(name)
            state.asked[name] = state.asked.get(register)
            if register in state.outstanding:
                state.outstanding.discard(register)
                state.outstanding.add(name)

    def gget(self, instr: Instr) -> None:
        register, name = cast("tuple[int, str]", instr.args)
        self.may_raise(instr)
        self.code.append(instr)
        self.written(register)
        if name in self.state.globals:
            self.state.pending.add(register)
            self.source[register] = name
            self.state.asked[register] = self.state.asked.get(name)

    # branches

    def branch(self, blocks: list[Block]) -> list[Block]:
        """Rewrites alternatives that all start from here; goes on where they meet."""
        start = self.state
        after: State | None = None
        rewritten = []
        for block in blocks:
            self.state = start.copy()
            rewritten.append(self.block(block))
            if after is None:
                after = self.state
            else:
                after.join(self.state)
        assert after is not None
        self.state = after
        return rewritten

    def tested(self, instr: Instr) -> None:
        """Whether a value is true may be for code of the program to say."""
        if self.facts.visible(self.region, instr):
            self.barrier(instr.span)

    def conditional(self, instr: Instr) -> None:
        test, then, other = cast("tuple[int, Block, Block]", instr.args)
        self.force(test, instr.span)
        self.tested(instr)
        then, other = self.branch([then, other])
        self.code.append(Instr("if", (test, then, other), instr.span))

    def shortcut(self, instr: Instr) -> None:
        target, first, block, second = cast("tuple[int, int, Block, int]", instr.args)
        self.force(first, instr.span)
        self.tested(instr)
        block, _ = self.branch([block, ()])
        self.code.append(Instr(instr.op, (target, first, block, second), instr.span))
        self.alias(target, [second])

    def choice(self, instr: Instr) -> None:
        target, test, then, a, other, b = cast("tuple[int, int, Block, int, Block, int]", instr.args)
        self.force(test, instr.span)
        self.tested(instr)
        then, other = self.branch([then, other])
        self.code.append(Instr("ifx", (target, test, then, a, other, b), instr.span))
        self.alias(target, [a, b])

    # loops

    def enter_loop(self, blocks: list[Block], span: Span) -> None:
        """Waits, once, for what the loop would otherwise wait for in each iteration."""
        inside = [instr for block in blocks for instr in flatten(block)]
        if any(i.op in ("effect", "gather", "raise", "return") or self.facts.visible(self.region, i) for i in inside):
            self.barrier(span)
        self.force_read(inside, span)

    def force_read(self, inside: list[Instr], span: Span) -> None:
        """Waits for all that the instructions read."""
        self.force_all(sorted({register for instr in inside for register in reads_of(instr)}), span)
        if not self.state.globals:
            return
        for name in sorted({cast(str, instr.args[1]) for instr in inside if instr.op == "gget"} & self.state.globals):
            register = self.registers
            self.registers += 1
            self.gget(Instr("gget", (register, name), span))
            self.force(register, span)

    def iteration_end(self, span: Span) -> None:
        if self.state.dead:
            return
        named = len(self.function.locals)
        new = {register for register in self.state.pending - self.before[-1] if register < named}
        self.force_all(sorted(new), span)
        self.barrier(span)

    def loop_body(self, block: Block, span: Span) -> Block:
        self.nested += 1
        self.breaks.append(State())
        self.breaks[-1].dead = True
        self.before.append(set(self.state.pending))
        outer, self.code = self.code, []
        self.code.extend(self.block(block))
        self.iteration_end(span)
        rewritten, self.code = tuple(self.code), outer
        self.before.pop()
        self.nested -= 1
        return rewritten

    def for_loop(self, instr: Instr) -> None:
        target, iterable, body, other = cast("tuple[int, int, Block, Block]", instr.args)
        self.force(iterable, instr.span)
        if self.facts.visible(self.region, instr):
            self.barrier(instr.span)
        self.enter_loop([body, other], instr.span)
        self.may_raise(instr)
        start = self.state.copy()
        self.written(target)
        body = self.loop_body(body, instr.span)
        start.join(self.state)
        self.state = start
        other = self.block(other)
        self.state.join(self.breaks.pop())
        self.code.append(Instr("for", (target, iterable, body, other), instr.span))

    def while_loop(self, instr: Instr) -> None:
        condition, test, body, other = cast("tuple[Block, int, Block, Block]", instr.args)
        self.enter_loop([condition, body, other], instr.span)
        self.nested += 1
        outer, self.code = self.code, []
        self.code.extend(self.block(condition))
        self.force(test, instr.span)
        self.tested(instr)
        condition, self.code = tuple(self.code), outer
        self.nested -= 1
        tested = self.state.copy()
        body = self.loop_body(body, instr.span)
        if not self.state.dead:
            tested.join_asked(self.state)
            tested.pending |= self.state.pending
        self.state = tested
        other = self.block(other)
        self.state.join(self.breaks.pop())
        self.code.append(Instr("while", (condition, test, body, other), instr.span))

    def comprehension(self, instr: Instr) -> None:
        target, kind, block = cast("tuple[int, str, Block]", instr.args)
        self.enter_loop([block], instr.span)
        self.nested += 1
        block = self.block(block)
        self.nested -= 1
        self.code.append(Instr("comp", (target, kind, block), instr.span))
        self.written(target)

    def leave_iteration(self, instr: Instr) -> None:
        self.iteration_end(instr.span)
        self.code.append(instr)
        if instr.op == "break":
            self.breaks[-1].join(self.state)
        self.state.dead = True

    # try

    def protected(self, instr: Instr) -> None:
        """Inside a try statement each call is waited for where it is made, so that its handlers see its errors."""
        body, handlers, other, final = cast("tuple[Block, tuple[Any, ...], Block, Block]", instr.args)
        self.barrier(instr.span)
        self.force_read([one for types, *_ in handlers for one in types], instr.span)
        self.eager += 1
        start = self.state.copy()
        body = self.block(body)
        if not self.state.dead:
            other = self.block(other)
        after = self.state
        rewritten = []
        for types, register, exception, block in handlers:
            self.state = start.copy()
            rewritten.append((types, register, exception, self.block(block)))
            after.join(self.state)
        dead = after.dead
        after.join(start)
        self.state = after
        final = self.block(final)
        self.state.dead = self.state.dead or dead
        self.eager -= 1
        self.code.append(Instr("try", (body, tuple(rewritten), other, final), instr.span))

    def managed(self, instr: Instr) -> None:
        """As inside a try statement: the manager sees the errors of the calls made in its body, and of none else."""
        manager, target, body = cast("tuple[int, int | None, Block]", instr.args)
        self.force(manager, instr.span)
        self.barrier(instr.span)
        self.eager += 1
        start = self.state.copy()
        if target is not None:
            self.written(target)
        body = self.block(body)
        self.state.join(start)
        self.eager -= 1
        self.code.append(Instr("with", (manager, target, body), instr.span))


_HANDLERS: Final = {
    "effect": _Waits.effect,
    "gather": _Waits.gather,
    "move": _Waits.move,
    "gset": _Waits.gset,
    "gget": _Waits.gget,
    "if": _Waits.conditional,
    "and": _Waits.shortcut,
    "or": _Waits.shortcut,
    "ifx": _Waits.choice,
    "for": _Waits.for_loop,
    "while": _Waits.while_loop,
    "comp": _Waits.comprehension,
    "break": _Waits.leave_iteration,
    "continue": _Waits.leave_iteration,
    "try": _Waits.protected,
    "with": _Waits.managed,
}
