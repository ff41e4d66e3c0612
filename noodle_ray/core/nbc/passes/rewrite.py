"""What passes share: rebuilding instructions, counting uses, and the tables of a changed module."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from noodle_ray.core.nbc.module import Block, Function, Instr, Module
from noodle_ray.core.nbc.ops import MAKERS, OPERANDS
from noodle_ray.core.nbc.verifier.uses import used_imports, used_models, walk
from noodle_ray.core.nbc.walk import blocks_of, reads_of, writes_of

_NESTED: Final = {op: kinds for op, kinds in OPERANDS.items() if "B" in kinds}
_READ: Final = frozenset({"R", "X", "R?"})


def with_blocks(instr: Instr, change: Callable[[Block], Block]) -> Instr:
    """The instruction with its blocks changed; what names a handler's exceptions stays as the verifier wants it."""
    kinds = _NESTED.get(instr.op)
    if kinds is None:
        return instr
    args: list[Any] = []
    value: Any
    for kind, value in zip(kinds, instr.args, strict=True):
        if kind == "B":
            args.append(change(value))
        elif kind == "H":
            args.append(tuple([(types, tested, caught, change(body)) for types, tested, caught, body in value]))
        else:
            args.append(value)
    return Instr(instr.op, tuple(args), instr.span)


def with_registers(instr: Instr, reads: Mapping[int, int], writes: Mapping[int, int]) -> Instr:
    """The instruction with registers renamed that it itself reads and writes; an X as both, which must agree."""
    args: list[Any] = []
    value: Any
    for kind, value in zip(OPERANDS[instr.op], instr.args, strict=True):
        if value is not None and kind in _READ:
            args.append(reads.get(value, value))
        elif value is not None and kind in ("D", "D?"):
            args.append(writes.get(value, value))
        elif kind == "R*":
            args.append(tuple([reads.get(register, register) for register in value]))
        elif kind == "D*":
            args.append(tuple([writes.get(register, register) for register in value]))
        elif kind == "KW":
            args.append(tuple([(keyword, reads.get(register, register)) for keyword, register in value]))
        else:
            args.append(value)
    return Instr(instr.op, tuple(args), instr.span)


def written_in(blocks: Iterable[Block]) -> set[int]:
    """Registers that any instruction of the blocks, at any depth, writes; forced or checked ones included."""
    found: set[int] = set()
    for block in blocks:
        for instr in walk(block):
            found.update(writes_of(instr))
            if instr.op in ("force", "check"):
                found.update(reads_of(instr))
    return found


class Uses:
    """How often each register of a function is read, and every instruction that writes it."""

    __slots__ = ("reads", "writers")

    def __init__(self, function: Function) -> None:
        self.reads = [0] * function.registers
        self.writers: list[list[Instr]] = [[] for _ in range(function.registers)]
        for instr in walk(function.body):
            for register in reads_of(instr):
                self.reads[register] += 1
            for register in writes_of(instr):
                self.writers[register].append(instr)
            if instr.op in ("force", "check"):
                self.writers[instr.args[0]].append(instr)  # type: ignore[call-overload]

    def only_writer(self, register: int, params: int) -> Instr | None:
        """The one instruction that gives the register its value; None for a parameter or where there are more."""
        writers = self.writers[register]
        return writers[0] if len(writers) == 1 and register >= params else None


def in_types(function: Function) -> set[int]:
    """Registers that what names a handler's exceptions reads or writes: the verifier counts their uses."""
    found: set[int] = set()
    for instr in walk(function.body):
        if instr.op == "try":
            handlers: Any = instr.args[1]
            for types, tested, _, _ in handlers:
                found |= written_in((types,)) | ({tested} if tested is not None else set())
    return found


def sealed(module: Module, functions: list[Function]) -> Module:
    """The module with changed functions: those that nothing makes any more left out, and its tables made anew."""
    made = _reachable(functions)
    if len(made) < len(functions):
        index = {old: new for new, old in enumerate(made)}
        functions = [_renumbered(functions[old], index) for old in made]
    return Module(tuple(functions), used_models(functions), used_imports(functions), module.filename)


def _reachable(functions: list[Function]) -> list[int]:
    """Indexes of function 0 and of all that it makes, directly or not, in order: makers stand before what they make."""
    made = [False] * len(functions)
    made[0] = True
    for index, function in enumerate(functions):
        if made[index]:
            for instr in walk(function.body):
                if instr.op in MAKERS:
                    made[instr.args[MAKERS[instr.op]]] = True  # type: ignore[call-overload]
    return [index for index, is_made in enumerate(made) if is_made]


def _renumbered(function: Function, index: Mapping[int, int]) -> Function:
    def change(block: Block) -> Block:
        found = []
        for instr in block:
            if instr.op in MAKERS:
                at = MAKERS[instr.op]
                child: Any = instr.args[at]
                instr = instr._replace(args=(*instr.args[:at], index[child], *instr.args[at + 1 :]))
            found.append(with_blocks(instr, change))
        return tuple(found)

    return function._replace(body=change(function.body))


def is_named(register: int, function: Function) -> bool:
    """Whether a register is a variable of the program."""
    return register < len(function.locals) and function.locals[register] != ""


def nested_in(instr: Instr) -> list[Block]:
    """All blocks directly in an instruction."""
    return list(blocks_of(instr)) if instr.op in _NESTED else []
