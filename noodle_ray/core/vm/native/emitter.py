"""One function's instructions, for one tuple of argument kinds, become LLVM text.

A register that one instruction writes is what that gave. Any other is a set of stack slots, one for each scalar and
LLVM type it ever has; LLVM turns them into SSA form.
Kinds follow the flow of control: where paths meet with different kinds a register has none, and reading it declines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, cast

from noodle_ray.core.nbc.costs import entry_cost, guards
from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.walk import flatten, writes_of
from noodle_ray.core.vm.native.kinds import Declined, Kind, List, Unknown, Value, flat, name, unify
from noodle_ray.core.vm.native.proofs import NONE
from noodle_ray.core.vm.native.support import APART, AT, TAGS

if TYPE_CHECKING:
    from noodle_ray.core.vm.native.unit import Unit

State = dict[int, "Kind | None"]
"""Kinds by register; None where paths with different kinds met."""
MISSING: Final[Kind] = "missing"
"""The kind of an unset register; meeting any other it gives way, and a flag at run time tells."""


class Jump:
    """A place that several paths lead to: its label, and what is known on each of them."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.states: list[State] = []


class Emitter:
    """Emits one function; ``state`` is None where no path arrives."""

    def __init__(self, unit: Unit, function: Function, label: str, kinds: Sequence[Kind]) -> None:
        self.unit = unit
        self.function = function
        self.label = label
        self.lines: list[str] = []
        self.slots: dict[str, str] = {}
        self.counter = 0
        self.state: State | None = {}
        self.breaks: list[tuple[Jump, Jump]] = []
        self.collecting: list[Value] = []
        self.pinned: list[str] = []
        """Lists that loops go through."""
        self.roots = 0
        """The most lists that were ever held where some were reclaimed."""
        self.prepaid: list[tuple[str, str, int] | None] = []
        self.returned: list[tuple[str, Value]] = []
        self.views: dict[int, tuple[str, str]] = {}
        """Lists whose data and length are known to stay: of registers that a loop does not write."""
        self.kinds = kinds
        self.plain = False
        """Whether a loop has been emitted that goes through memory, with nothing in it that leads out."""
        self.proofs = unit.proofs.get(label, NONE)
        self.held: dict[int, Kind | None] = {}
        """The kind that a register holds wherever it is written, None for several."""
        self.flagged = {cast(int, i.args[0]) for i in flatten(function.body) if i.op == "unset"}
        self.constants = _constants(function)
        self._once = _written_once(function) - self.flagged
        self.is_leaf = id(function) in unit.leaves
        self._functions = {
            i.args[0]: cast(str, i.args[1])
            for i in flatten(function.body)
            if i.op == "gget" and i.args[0] in self._once
        }
        self._values: dict[int, Value] = {}
        """What registers of `_once` hold: each is read only where its one write has been passed."""

    # text

    def line(self, text: str) -> None:
        """Add an instruction without a result."""
        self.lines.append("  " + text)

    def op(self, text: str) -> str:
        """Add an instruction; the register of its result."""
        self.counter += 1
        result = f"%v{self.counter}"
        self.lines.append(f"  {result} = {text}")
        return result

    def fresh(self, hint: str) -> str:
        """A label nothing else has."""
        self.counter += 1
        return f"{hint}{self.counter}"

    def at(self, label: str) -> None:
        """Go on at a label."""
        self.lines.append(f"{label}:")

    def jump(self, label: str) -> None:
        """Go there always."""
        self.line(f"br label %{label}")

    def branch(self, condition: str, yes: str, no: str, extra: str = "") -> None:
        """Go to one of two places."""
        self.line(f"br i1 {condition}, label %{yes}, label %{no}{extra}")

    def require(self, condition: str) -> None:
        """Start over unless the condition holds."""
        if condition == "true":
            return
        on = self.fresh("on")
        self.branch(condition, on, "bail", ", !prof !20")
        self.at(on)

    def forbid(self, condition: str) -> None:
        """Start over if the condition holds."""
        if condition == "false":
            return
        on = self.fresh("on")
        self.branch(condition, "bail", on, ", !prof !21")
        self.at(on)

    def dead(self) -> None:
        """No path goes on from here."""
        self.state = None

    def bail(self) -> None:
        """Start over, on every path that comes here."""
        self.jump("bail")
        self.dead()

    def slot(self, variable: str, llvm: str) -> str:
        """A stack slot."""
        self.slots[variable] = llvm
        return variable

    # memory

    def load(self, llvm: str, address: str, tag: str = "") -> str:
        """Read memory that is not a stack slot."""
        return self.op(f"load {llvm}, ptr {address}, !tbaa {TAGS[tag or llvm]}")

    def store(self, llvm: str, value: str, address: str, tag: str = "") -> None:
        """Write memory that is not a stack slot."""
        self.line(f"store {llvm} {value}, ptr {address}, !tbaa {TAGS[tag or llvm]}")

    def field(self, pointer: str, offset: int) -> str:
        """The address of a field."""
        return self.op(f"getelementptr inbounds i8, ptr {pointer}, i64 {offset}") if offset else pointer

    def word(self, word: str) -> str:
        """The address of a word of the context."""
        return self.field("%ctx", AT[word])

    # registers

    def get(self, register: int) -> Value:
        """A register's value."""
        assert self.state is not None
        kind = self.state.get(register, MISSING)
        if kind is None:
            raise Declined(f"{self._name(register)} has different types")
        if kind == MISSING:
            raise Unknown
        if self._is_value(register, kind):
            return self._values[register]
        parts = [self.op(f"load {llvm}, ptr {self._slot(register, n, llvm)}") for n, llvm in enumerate(flat(kind))]
        return Value(kind, tuple(parts))

    def set(self, register: int, value: Value) -> None:
        """Give a register a value."""
        assert self.state is not None
        self.state[register] = value.kind
        have = self.held.setdefault(register, value.kind)
        if have is not value.kind and (have is None or name(have) != name(value.kind)):
            self.held[register] = None
        if self._is_value(register, value.kind):
            self._values[register] = value
            return
        for n, (llvm, part) in enumerate(zip(flat(value.kind), value.parts, strict=True)):
            self.line(f"store {llvm} {part}, ptr {self._slot(register, n, llvm)}")
        if register in self.flagged:
            self.line(f"store i1 true, ptr {self.slot(f'%set{register}', 'i1')}")

    def _is_value(self, register: int, kind: Kind) -> bool:
        """Whether a register is simply what it was given. Not one that `reclaim` may read, which does so wherever the
        register may be set."""
        return register in self._once and not (self.unit.reclaims and "ptr" in flat(kind))

    def _slot(self, register: int, part: int, llvm: str) -> str:
        return self.slot(f"%r{register}.{part}.{llvm}", llvm)

    def _name(self, register: int) -> str:
        names = self.function.locals
        return (names[register] if register < len(names) else "") or "a value"

    def constant(self, register: int) -> object | None:
        """The number a register always holds, if it is known."""
        return self.constants.get(register)

    def calls_leaf(self, instr: Instr) -> bool:
        """Whether a call surely is one of a function that charges nothing: so it calls nothing and resizes no list."""
        variable = self._functions.get(cast(int, instr.args[1]))
        return variable is not None and self.unit.is_leaf(variable)

    # paths

    def meet(self, jump: Jump) -> None:
        """Lead the current path to a place."""
        if self.state is not None:
            jump.states.append(self.state)
            self.jump(jump.label)
        self.dead()

    def arrive(self, jump: Jump) -> None:
        """Go on at a place, with what is known on all paths to it."""
        if not jump.states:
            self.state = None
            return
        self.at(jump.label)
        self.state = merge(jump.states)

    def block(self, block: Block) -> None:
        """Emit a block's instructions, as far as they can be reached."""
        for instr in block:
            if self.state is None:
                return
            handler = HANDLERS.get(instr.op)
            if handler is None:
                raise Declined(f"the instruction {instr.op}")
            try:
                handler(self, instr)
            except Unknown:
                self.unit.unfinished = True
                self.bail()

    # fuel

    def charge(self, cost: int) -> None:
        """Take fuel here."""
        self.pay(str(cost))

    def pay(self, cost: str) -> None:
        """Take fuel here, from the reserve too; or start over."""
        if self.is_leaf:
            raise Declined("a function that should charge nothing")
        fuel = self.slot("%fuel", "i64")
        have = self.op(f"load i64, ptr {fuel}")
        left = self.op(f"sub nsw i64 {have}, {cost}")
        more, paid = self.fresh("more"), self.fresh("paid")
        self.line(f"store i64 {left}, ptr {fuel}")
        self.branch(self.op(f"icmp slt i64 {left}, 0"), more, paid, ", !prof !21")
        self.at(more)
        rest = self.op(f"call i64 @pay(ptr %ctx, i64 {have}, i64 {cost}) {APART}")
        self.line(f"store i64 {rest}, ptr {fuel}")
        self.branch(self.op(f"icmp slt i64 {rest}, 0"), "bail", paid, ", !prof !21")
        self.at(paid)

    def save_fuel(self) -> None:
        """Put the fuel where other functions see it."""
        have = self.op(f"load i64, ptr {self.slot('%fuel', 'i64')}")
        self.store("i64", have, self.word("fuel"), "context")

    def restore_fuel(self) -> None:
        """Take the fuel from there again."""
        have = self.load("i64", self.word("fuel"), "context")
        self.line(f"store i64 {have}, ptr {self.slot('%fuel', 'i64')}")

    # the function

    def emit(self) -> Kind | None:
        """Emit all; what kind the function returns, or None where no return can be reached yet."""
        for register, kind in enumerate(self.kinds):
            names = [f"%a{register}.{n}" for n in range(len(flat(kind)))]
            self.set(register, Value(kind, tuple(names)))
        if not self.is_leaf:
            self.restore_fuel()
        if self.unit.reclaims:
            newest = self.load("ptr", self.word("lists"), "context")
            self.line(f"store ptr {newest}, ptr {self.slot('%oldest', 'ptr')}")
        body, free = self.function.body, guards(self.function)
        self.block(body[:free])
        if self.state is not None and not self.is_leaf:
            self.charge(entry_cost(self.function))
        self.block(body[free:])
        if self.state is not None:
            self.leave(Value("n", ()))
        result: Kind | None = None
        for _, value in self.returned:
            if result is None:
                result = value.kind
            elif not unify(result, value.kind):
                raise Declined(f"it returns {name(result)} and {name(value.kind)}")
        return result

    def leave(self, value: Value) -> None:
        """Return a value; what was paid ahead and not used comes back."""
        for paid in self.prepaid:
            if paid is not None:
                self.refund(paid)
        if not self.is_leaf:
            self.save_fuel()
        self.returned.append((self.fresh("@return"), value))
        self.lines.append(self.returned[-1][0])
        self.dead()

    def refund(self, paid: tuple[str, str, int]) -> None:
        """Give back what a loop paid for iterations after the current one."""
        count, paid_for, cost = paid
        done = self.op(f"load i64, ptr {count}")
        total = self.op(f"load i64, ptr {paid_for}")
        left = self.op(f"sub nsw i64 {total}, {done}")
        unused = self.op(f"add nsw i64 {left}, -1")
        fuel = self.slot("%fuel", "i64")
        have = self.op(f"load i64, ptr {fuel}")
        back = self.op(f"mul nsw i64 {unused}, {cost}")
        self.line(f"store i64 {self.op(f'add nsw i64 {have}, {back}')}, ptr {fuel}")

    def text(self, result: Kind) -> str:
        """The whole function as text, once what it returns is known."""
        returns = result_type(result)
        parameters = ", ".join(
            f"{llvm} %a{register}.{n}" for register, kind in enumerate(self.kinds) for n, llvm in enumerate(flat(kind))
        )
        inline = " alwaysinline" if self.is_leaf else ""
        parameters = ", ".join(["ptr noalias %ctx", *([parameters] if parameters else [])])
        head = f"define internal fastcc {returns} @{self.label}({parameters}){inline}"
        slots = [f"  {variable} = alloca {llvm}" for variable, llvm in self.slots.items()]
        flags = [f"  store i1 false, ptr %set{r}" for r in self.flagged if f"%set{r}" in self.slots]
        flags += [f"  store ptr null, ptr {variable}" for variable, llvm in self.slots.items() if llvm == "ptr"]
        ends = {mark: self._return(value, returns, mark[1:]) for mark, value in self.returned}
        lines = [ends.get(line, line) for line in self.lines]
        failed = f"bail:\n  ret {returns} {failure(result)}"
        return "\n".join([f"{head} {{", "entry:", *slots, *flags, *lines, failed, "}"])

    @staticmethod
    def _return(value: Value, returns: str, label: str) -> str:
        current, lines = failure(value.kind).replace("i1 true", "i1 false"), []
        for n, (llvm, part) in enumerate(zip(flat(value.kind), value.parts, strict=True)):
            lines.append(f"  %{label}.{n} = insertvalue {returns} {current}, {llvm} {part}, {n}")
            current = f"%{label}.{n}"
        return "\n".join([*lines, f"  ret {returns} {current}"])


def result_type(kind: Kind) -> str:
    """The LLVM type that a function returning this kind has: its scalars, and whether to start over."""
    return "{ " + ", ".join([*flat(kind), "i1"]) + " }"


def failure(kind: Kind) -> str:
    """The value that says: start over."""
    return "{ " + ", ".join([*(f"{llvm} zeroinitializer" for llvm in flat(kind)), "i1 true"]) + " }"


def merge(states: list[State]) -> State:
    """What is known where paths meet."""
    merged = dict(states[0])
    for state in states[1:]:
        for register, kind in state.items():
            known = merged.get(register, MISSING)
            if known == MISSING:
                merged[register] = kind
            elif kind != MISSING and (known is None or kind is None or not unify(known, kind)):
                merged[register] = None
    return merged


def _constants(function: Function) -> dict[int, object]:
    """Numbers in registers that are written once."""
    writes: dict[int, int] = {}
    found: dict[int, object] = {}
    for instr in flatten(function.body):
        for register in writes_of(instr):
            writes[register] = writes.get(register, 0) + 1
        if instr.op == "const" and type(instr.args[1]) in (int, float):
            found[cast(int, instr.args[0])] = instr.args[1]
    parameters = len(function.params)
    return {r: value for r, value in found.items() if writes[r] == 1 and r >= parameters}


def _written_once(function: Function) -> set[int]:
    """Registers that are written at one place only."""
    writes = dict.fromkeys(range(len(function.params)), 1)
    several = set()
    for instr in flatten(function.body):
        for register in writes_of(instr):
            writes[register] = writes.get(register, 0) + 1
        if instr.op in ("and", "or", "ifx"):  # from either of two blocks
            several.update(writes_of(instr))
    return {register for register, count in writes.items() if count == 1} - several


Handler = Callable[[Emitter, Instr], None]
HANDLERS: Final[dict[str, Handler]] = {}
"""How each opcode is emitted; the modules beside this one fill it."""


def handles(*ops: str) -> Callable[[Handler], Handler]:
    """Register a function as the emitter of these opcodes."""

    def register(handler: Handler) -> Handler:
        for op in ops:
            HANDLERS[op] = handler
        return handler

    return register


def is_list(kind: Kind) -> bool:
    """Whether a kind is a list."""
    return isinstance(kind, List)
