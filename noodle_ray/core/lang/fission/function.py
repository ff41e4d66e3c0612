"""One function whose loops may be cut: what is known of its registers, with globals of the program's own among them."""

from typing import Any, Final, cast

from noodle_ray.core.lang.fission.aliases import FOREIGN, Aliases
from noodle_ray.core.lang.fission.flow import Flow
from noodle_ray.core.lang.purity import Facts, Region, kept
from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.walk import flatten, reads_of

GLOBALS: Final = 1 << 20
"""From this register on stand the globals that only the top level uses."""


class Around:
    """The function around a loop. ``defined`` are the registers that have a value where the loop begins that is
    looked at."""

    def __init__(self, facts: Facts, index: int) -> None:
        self.facts = facts
        self.index = index
        self.function: Function = facts.functions[index]
        self.named = len(self.function.locals)
        self.registers = self.function.registers
        self.names = _own_globals(facts) if index == 0 else []
        self.body = _as_registers(self.function.body, {n: GLOBALS + i for i, n in enumerate(self.names)})
        self.region: Region = facts.regions[index]
        self.aliases = Aliases(facts, self.region, self.function, self.body)
        self.flow = Flow(self.body, set(range(len(self.function.params))))
        self.defined: frozenset[int] = frozenset()
        self.readers: dict[int, set[int]] = {}
        self.note(self.body)

    def note(self, block: Block) -> None:
        """Takes note of what a block reads."""
        for instr in flatten(block):
            for register in reads_of(instr):
                self.readers.setdefault(register, set()).add(id(instr))

    def fresh(self) -> int:
        """A new register."""
        self.registers += 1
        return self.registers - 1

    def is_global(self, register: int) -> bool:
        """True if the register stands for a global."""
        return register >= GLOBALS

    def is_list(self, register: int) -> bool:
        """True if the register only ever holds lists made here."""
        held = self.aliases.of(register)
        return bool(held) and held <= self.aliases.lists

    def asks(self, instr: Instr) -> bool:
        """True if the instruction, or one in it, asks a model."""
        for each in flatten((instr,)):
            if each.op == "effect" or self.facts.callback_asks(self.index, each):
                return True
            if each.op == "callb" and each.args[1] in (".each", ".keys"):
                return True
            callee = self.facts.callee(self.index, each)
            if callee is not None and self.facts.effectful[callee]:
                return True
            if each.op == "gather" and self.facts.effectful[cast(int, each.args[3])]:
                return True
        return False

    def region_of(self, block: Block) -> Region:
        """A block as a region of its own."""
        region = Region(self.index, flatten(block), self.facts.traits)
        region.plain |= kept(self.region.plain, region.writers)
        return region

    def shows(self, region: Region, instr: Instr) -> bool:
        """True if other fibers can see that the instruction ran."""
        if instr.op == "callb" and instr.args[1] in (".each", ".keys"):
            return False
        return instr.op in ("cset", "cdel") or self.facts.visible(region, instr)

    def name(self, register: int) -> str:
        """What the program calls a register's value; '' if it does not."""
        if register >= GLOBALS:
            return self.names[register - GLOBALS]
        if register < self.named and self.function.locals[register]:
            return self.function.locals[register]
        held = self.aliases.of(register)
        locals_ = self.function.locals
        for other in (*range(self.named), *range(GLOBALS, GLOBALS + len(self.names))):
            if held and FOREIGN not in held and self.aliases.of(other) == held:
                return str(self.names[other - GLOBALS] if other >= GLOBALS else locals_[other])
        return ""

    def as_globals(self, block: Block, kept: frozenset[int] | set[int] = frozenset()) -> Block:
        """The block with globals for the registers that stand for them, but for those that are to be kept."""
        return _as_globals(block, self.names, kept) if self.names else block


def _own_globals(facts: Facts) -> list[str]:
    """Globals that no function but the top level uses, and that are no functions themselves."""
    taken: set[str] = set()
    named: dict[str, None] = {}
    for region in facts.regions:
        if any(i.op == "callb" and i.args[1] in (".globals", ".locals") for i in region.instructions):
            return []
    before: object = None
    for instr in facts.regions[0].instructions:
        if instr.op == "gset":
            named[cast(str, instr.args[0])] = None
        elif instr.op == "gdel" and (before is None or before != instr.args[0]):
            taken.add(cast(str, instr.args[0]))  # which may raise; at a handler's end the name is bound before
        before = instr.args[0] if instr.op == "gset" else None
    module = facts.unit.resolution.module
    return [
        name
        for name in named
        if name not in taken and name not in facts.shared_globals and facts.function_named(module, name) is None
    ]


def _as_registers(block: Block, registers: dict[str, int]) -> Block:
    if not registers:
        return block

    def changed(instr: Instr) -> Instr:
        op = instr.op
        args = cast("tuple[Any, ...]", instr.args)
        if op == "gget" and args[1] in registers:
            return Instr("move", (args[0], registers[args[1]]), instr.span)
        if op == "gset" and args[0] in registers:
            return Instr("move", (registers[args[0]], args[1]), instr.span)
        if op == "gdel" and args[0] in registers:
            return Instr("unset", (registers[args[0]],), instr.span)
        return instr

    return rebuilt(block, changed)


def _as_globals(block: Block, names: list[str], kept: frozenset[int] | set[int]) -> Block:
    def changed(instr: Instr) -> Instr:
        if instr.op == "unset":
            register = cast(int, instr.args[0])
            if register >= GLOBALS and register not in kept:
                return Instr("gdel", (names[register - GLOBALS],), instr.span)
        elif instr.op == "move":
            target, source = cast("tuple[int, int]", instr.args)
            if target >= GLOBALS and target not in kept:
                return Instr("gset", (names[target - GLOBALS], source), instr.span)
            if source >= GLOBALS and source not in kept:
                return Instr("gget", (target, names[source - GLOBALS]), instr.span)
        return instr

    return rebuilt(block, changed)


def rebuilt(block: Block, change: Any) -> Block:
    """The block with each instruction, nested ones too, replaced; those that stay are the same objects."""
    found = []
    for instr in block:
        nested = tuple(
            [_operand(kind, value, change) for kind, value in zip(OPERANDS[instr.op], instr.args, strict=True)]
        )
        if any(new is not old for new, old in zip(nested, instr.args, strict=True)):
            instr = instr._replace(args=nested)
        found.append(change(instr))
    if all(new is old for new, old in zip(found, block, strict=True)):
        return block
    return tuple(found)


def _operand(kind: str, value: Any, change: Any) -> Any:
    if kind == "B":
        return rebuilt(value, change)
    if kind != "H":
        return value
    handlers = tuple([(rebuilt(t, change), r, x, rebuilt(b, change)) for t, r, x, b in value])
    same = all(new[0] is old[0] and new[3] is old[3] for new, old in zip(handlers, value, strict=True))
    return value if same else handlers
