"""Values that a program must not see: unbound, pending, to be skipped. Each is made ready before anything uses it.

A state is, per register, what it may hold besides a ready value: bits in lists of ints of 1,024 bits, as in ``flow``,
one list per kind. Where paths meet, what is possible on any of them is. A loop is gone through until its beginning
knows what its end leaves; that terminates because bits are only ever added, and a budget bounds it for hostile code.
Globals of the top level that may hold pending values are followed as registers beyond the function's own.
"""

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.core.nbc.verifier.uses import has_name, makes_unready, walk
from noodle_ray.errors import ModuleError
from noodle_ray.light import Any, Callable, Final, TypeAlias

_SHIFT: Final = 10
_MASK: Final = (1 << _SHIFT) - 1
_UNBOUND, _PENDING, _SKIP, _TOUCHED = range(4)
_KINDS: Final = (_UNBOUND, _PENDING, _SKIP)
_WORDS: Final = {_UNBOUND: "unbound", _PENDING: "pending", _SKIP: "to be skipped"}
_ROUNDS: Final = 64
"""The most times that loops make the verifier look at an instruction, on average."""

"""Opcodes after which a register may hold what a program must not see."""
_MAY_READ: Final = {
    "force": (_UNBOUND, _PENDING),
    "effect": (_PENDING,),
    "move": (_PENDING, _SKIP),
    "check": (_UNBOUND,),
}
"""Opcodes that take values which are not ready."""


def check_ready(module: Module) -> None:
    """Raise ModuleError unless ``check`` and ``force`` stand where a value may be unbound or pending."""
    functions = module.functions
    gathered = {instr.args[3] for function in functions for instr in walk(function.body) if instr.op == "gather"}
    late: set[str] = set()
    for index, function in enumerate(functions):
        skips = index in gathered
        if skips or any(makes_unready(instr, function) for instr in walk(function.body)):
            late |= pending_globals(function, top=index == 0, skips=skips)
    if late:
        check_globals(functions[1:], late)


def pending_globals(function: Function, *, top: bool, skips: bool) -> frozenset[str]:
    """The globals that a function may set to a pending value. ``skips`` tells that ``gather`` makes it. Raises
    ModuleError where it uses a value that is not ready."""
    analysis = _Ready(function, top=top, skips=skips)
    analysis.run()
    return frozenset(analysis.late)


def check_globals(functions: tuple[Function, ...], late: set[str]) -> None:
    """Raise ModuleError if one of the functions reads a global that may be pending."""
    for function in functions:
        for instr in walk(function.body):
            if instr.op == "gget" and instr.args[1] in late:
                raise refuse(339, f"{instr.args[1]!r} may be pending when {function.name!r} reads it.", instr.span)


class _State:
    """What registers may hold at one point. ``touched`` marks those written or made ready since it was cleared."""

    __slots__ = ("bits", "dead")

    def __init__(self, size: int) -> None:
        self.bits = [[0] * size for _ in range(4)]
        self.dead = False

    def copy(self) -> "_State":
        other = _State(0)
        other.bits = [kind.copy() for kind in self.bits]
        other.dead = self.dead
        return other

    def has(self, kind: int, register: int) -> int:
        return self.bits[kind][register >> _SHIFT] >> (register & _MASK) & 1

    def join(self, other: "_State") -> bool:
        """Add what another path may leave; whether that was news."""
        if other.dead:
            return False
        if self.dead:
            self.bits, self.dead = other.copy().bits, False
            return True
        news = False
        for own, added in zip(self.bits, other.bits, strict=True):
            for index, word in enumerate(added):
                if word & ~own[index]:
                    own[index] |= word
                    news = news or own is not self.bits[_TOUCHED]
        return news


class _Loop:
    """A loop: the states in which its rounds end early."""

    __slots__ = ("breaks", "continues")

    def __init__(self, dead: _State) -> None:
        self.breaks, self.continues = dead.copy(), dead.copy()


_Step: TypeAlias = "Callable[[_Ready, Any, Instr], None]"


class _Ready:
    def __init__(self, function: Function, *, top: bool, skips: bool) -> None:
        self.function = function
        self.skips = skips
        self.late: set[str] = set()
        instructions = [instr.op for instr in walk(function.body)]
        self.budget = _ROUNDS * len(instructions) + 1
        names = {str(i.args[0]) for i in walk(function.body) if i.op == "gset"} if top else set()
        self.names = {name: function.registers + index for index, name in enumerate(sorted(names))}
        self.size = ((function.registers + len(self.names)) >> _SHIFT) + 1
        self.state = _State(self.size)
        self.loop: _Loop | None = None
        self.caught: _State | None = None

    def run(self) -> None:
        self.block(self.function.body)

    def block(self, block: Block) -> None:
        self.budget -= len(block)
        if self.budget < 0:
            raise refuse(327, f"The loops of {self.function.name!r} are too involved to verify.", self.function.span)
        for instr in block:
            step = _STEPS.get(instr.op)
            if step is None:
                self.plain(instr)
            else:
                step(self, instr.args, instr)

    def after(self, block: Block, before: _State) -> _State:
        """The state after a block that begins in ``before``, which is used up."""
        outer, self.state = self.state, before
        self.block(block)
        end, self.state = self.state, outer
        return end

    def set(self, register: int, kinds: tuple[int, ...]) -> None:
        """The register is written, with what is one of ``kinds`` or ready."""
        if self.state.dead:
            return
        at, bit = register >> _SHIFT, 1 << (register & _MASK)
        bits = self.state.bits
        bits[_TOUCHED][at] |= bit
        for kind in _KINDS:
            if kind not in kinds:
                if bits[kind][at] & bit:
                    bits[kind][at] ^= bit
            else:
                bits[kind][at] |= bit
                if self.caught is not None:
                    self.caught.bits[kind][at] |= bit

    def unbound_where_caught(self, register: int) -> None:
        """An exception that leaves the code that follows unbinds the register, if that has a name."""
        if self.caught is not None and not self.state.dead and has_name(register, self.function):
            self.caught.bits[_UNBOUND][register >> _SHIFT] |= 1 << (register & _MASK)

    def kinds(self, register: int) -> tuple[int, ...]:
        return tuple([kind for kind in _KINDS if self.state.has(kind, register)])

    def read(self, register: int, instr: Instr, allowed: tuple[int, ...] = ()) -> None:
        state = self.state
        if state.dead:
            return
        for kind in _KINDS:
            if state.has(kind, register) and kind not in allowed:
                raise self.refusal(register, kind, instr)

    def refusal(self, register: int, kind: int, instr: Instr) -> ModuleError:
        return refuse(339, f"{instr.op!r} reads register {register}, which may be {_WORDS[kind]} there.", instr.span)

    def plain(self, instr: Instr) -> None:
        op = instr.op
        args: Any = instr.args
        allowed = _MAY_READ.get(op, ())
        if op == "return" and self.skips:
            allowed = (_SKIP,)
        elif op == "gset" and self.names:
            allowed = (_PENDING,)
        for index, kind in _READS[op]:
            value = args[index]
            if kind == "R":
                self.read(value, instr, allowed)
            elif kind == "R*":
                for register in value:
                    self.read(register, instr, allowed)
            elif kind == "KW":
                for _, register in value:
                    self.read(register, instr, allowed)
            elif value is not None:
                self.read(value, instr)
        if op == "gset":
            self.set_global(args[0], args[1])
            return
        given = self.given(instr)
        for index, kind in _WRITES[op]:
            for register in args[index] if kind == "D*" else (args[index],):
                self.set(register, given)
        if op in _LEAVING:
            self.state.dead = True

    def given(self, instr: Instr) -> tuple[int, ...]:
        """What an instruction's result may be besides ready."""
        op = instr.op
        args: Any = instr.args
        if op == "effect" or op == "gather":
            return (_PENDING,)
        if op == "unset":
            return (_UNBOUND,)
        if op == "move":
            return self.kinds(args[1])
        if op == "bget":
            return (_SKIP,) if args[1] == ".skip" else ()
        if op == "gget":
            return self.kinds(self.names[args[1]]) if args[1] in self.names else ()
        if op == "force":
            return tuple([kind for kind in self.kinds(args[0]) if kind != _PENDING])
        return ()

    def set_global(self, name: str, register: int) -> None:
        if name in self.names:
            given = self.kinds(register)
            self.set(self.names[name], given)
            if given:
                self.late.add(name)

    # expressions and branches

    def part(self, block: Block, register: int, instr: Instr) -> tuple[_State, tuple[int, ...]]:
        """The state after a part of an expression, and what its value may be."""
        outer, self.state = self.state, self.state.copy()
        self.block(block)
        self.read(register, instr, (_PENDING, _SKIP))
        end, self.state = self.state, outer
        return end, tuple([kind for kind in _KINDS if end.has(kind, register)])

    def and_or(self, args: Any, instr: Instr) -> None:
        result, left, block, right = args
        self.read(left, instr)
        end, given = self.part(block, right, instr)
        self.state.join(end)
        self.set(result, given)

    def ifx(self, args: Any, instr: Instr) -> None:
        result, test, then, one, other, two = args
        self.read(test, instr)
        end, given = self.part(then, one, instr)
        self.state, more = self.part(other, two, instr)
        self.state.join(end)
        self.set(result, (*given, *more))

    def branch(self, args: Any, instr: Instr) -> None:
        test, then, other = args
        self.read(test, instr)
        end = self.after(then, self.state.copy())
        self.block(other)
        self.state.join(end)

    # loops

    def dead(self) -> _State:
        state = _State(self.size)
        state.dead = True
        return state

    def rounds(self, go: Callable[[], tuple[_State, _State]]) -> _State:
        """Go through a loop until nothing new comes back to its beginning, which is ``self.state``. ``go`` leaves it
        alone and gives the states at the end of a round and where the loop ends; the latter is the result."""
        outer = self.loop
        while True:
            self.loop = _Loop(self.dead())
            end, done = go()
            end.join(self.loop.continues)
            news = self.state.join(end)
            if not news:
                break
        done.join(self.loop.breaks)
        self.loop = outer
        return done

    def while_loop(self, args: Any, instr: Instr) -> None:
        condition, test, body, other = args

        def go() -> tuple[_State, _State]:
            start = self.state
            self.state = tested = self.after(condition, start.copy())
            self.read(test, instr)
            self.state = start
            end = self.after(body, tested.copy())
            if _is_true(condition, test):
                return end, self.dead()
            inner, self.loop = self.loop, outer
            done = self.after(other, tested)
            self.loop = inner
            return end, done

        outer = self.loop
        self.state = self.rounds(go)

    def for_loop(self, args: Any, instr: Instr) -> None:
        target, iterable, body, other = args
        self.read(iterable, instr)

        def go() -> tuple[_State, _State]:
            outer_state, self.state = self.state, self.state.copy()
            self.set(target, ())
            self.block(body)
            end, self.state = self.state, outer_state
            inner, self.loop = self.loop, outer
            done = self.after(other, self.state.copy())
            self.loop = inner
            return end, done

        outer = self.loop
        self.state = self.rounds(go)

    def comp(self, args: Any, instr: Instr) -> None:
        result, _, block = args
        outer, self.loop = self.loop, None
        self.block(block)
        self.loop = outer
        self.set(result, ())

    def jump(self, args: Any, instr: Instr) -> None:
        assert self.loop is not None
        (self.loop.breaks if instr.op == "break" else self.loop.continues).join(self.state)
        self.state.dead = True

    # what may be left at any point

    def catching(self, run: Callable[[], None]) -> _State:
        """Run; what registers may hold at any point of it, or held before."""
        outer, self.caught = self.caught, self.state.copy()
        run()
        found, self.caught = self.caught, outer
        assert found is not None
        if outer is not None:
            outer.join(found)
        return found

    def attempt(self, args: Any, instr: Instr) -> None:
        body, handlers, other, final = args
        ends: list[_State] = []

        def inside() -> None:
            caught = self.catching(lambda: self.block(body))
            self.block(other)
            ends.append(self.state)
            for types, tested, exception, handler in handlers:
                self.state = caught.copy()
                self.block(types)
                if tested is not None:
                    self.read(tested, instr)
                if exception is not None:
                    self.set(exception, ())
                    self.unbound_where_caught(exception)
                self.block(handler)
                ends.append(self.state)

        at_any_point = self.catching(inside)
        self.state = ends[0]
        for end in ends[1:]:
            self.state.join(end)
        if not final:
            return
        normal = self.state
        at_any_point.join(normal)
        at_any_point.bits[_TOUCHED] = [0] * self.size
        end = self.after(final, at_any_point)
        if end.dead or normal.dead:
            self.state = self.dead()
            return
        for kind in _KINDS:
            for index, touched in enumerate(end.bits[_TOUCHED]):
                before = normal.bits[kind][index]
                normal.bits[kind][index] = (before & ~touched) | (end.bits[kind][index] & touched)
        for index, touched in enumerate(end.bits[_TOUCHED]):
            normal.bits[_TOUCHED][index] |= touched

    def with_block(self, args: Any, instr: Instr) -> None:
        manager, target, body = args
        self.read(manager, instr)

        def inside() -> None:
            if target is not None:
                self.set(target, ())
            self.block(body)

        caught = self.catching(inside)
        self.state.join(caught)


def _is_true(condition: Block, test: int) -> bool:
    if len(condition) != 1 or condition[0].op != "const":
        return False
    result, value = condition[0].args
    return result == test and bool(value)


_READS: Final = {
    op: tuple(
        (index, "R" if kind == "X" else kind)
        for index, kind in enumerate(kinds)
        if kind in ("R", "X", "R?", "R*", "KW")
    )
    for op, kinds in OPERANDS.items()
}
_WRITES: Final = {
    op: tuple((index, kind) for index, kind in enumerate(kinds) if kind in ("D", "D*", "X"))
    for op, kinds in OPERANDS.items()
}
_LEAVING: Final = frozenset({"return", "raise", "raise_from", "reraise"})
_STEPS: Final[dict[str, _Step]] = {
    "and": _Ready.and_or,
    "or": _Ready.and_or,
    "ifx": _Ready.ifx,
    "if": _Ready.branch,
    "while": _Ready.while_loop,
    "for": _Ready.for_loop,
    "comp": _Ready.comp,
    "break": _Ready.jump,
    "continue": _Ready.jump,
    "try": _Ready.attempt,
    "with": _Ready.with_block,
}
