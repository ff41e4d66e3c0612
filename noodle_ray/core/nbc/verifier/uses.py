"""What instructions use: the walk that names, tree and the tables of models and imports are read from."""

from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.vm.catalog import module_of
from noodle_ray.light import Final, Iterable, Iterator, cast

_NESTED: Final[dict[str, tuple[int, ...]]] = {
    op: tuple(index for index, kind in enumerate(kinds) if kind in ("B", "H"))
    for op, kinds in OPERANDS.items()
    if "B" in kinds
}
"""Positions of the operands that hold blocks, by opcode."""


def walk(block: Block) -> Iterator[Instr]:
    """Every instruction of ``block`` and of the blocks in it, each before what it contains; else in no set order."""
    pending = [block]
    while pending:
        for instr in pending.pop():
            yield instr
            if instr.op in _NESTED:
                for index in _NESTED[instr.op]:
                    operand = instr.args[index]
                    if instr.op == "try" and index == 1:
                        for types, _, _, body in cast("tuple[tuple[Block, object, object, Block], ...]", operand):
                            pending += (types, body)
                    else:
                        pending.append(cast(Block, operand))


def used_models(functions: Iterable[Function]) -> tuple[str, ...]:
    """The models that instructions name, sorted: what ``Module.models`` must be."""
    return tuple(sorted({name for op, name in _names(functions) if op in ("model", "effect")}))


def used_imports(functions: Iterable[Function]) -> tuple[str, ...]:
    """The modules whose members, or which themselves, instructions name, sorted: what ``Module.imports`` must be."""
    builtins = {name for op, name in _names(functions) if op in ("bget", "callb")}
    return imported(builtins)


def imported(builtins: Iterable[str]) -> tuple[str, ...]:
    """The modules behind builtin names like ``math.sqrt`` and ``json``, sorted."""
    return tuple(sorted({module_of(name) for name in builtins} - {""}))


def _names(functions: Iterable[Function]) -> Iterator[tuple[str, str]]:
    for function in functions:
        for op, args, _ in walk(function.body):
            if op in ("model", "effect", "bget", "callb"):
                yield op, cast(str, args[1])


_SOURCES: Final = frozenset({"unset", "effect", "gather"})


def makes_unready(instr: Instr, function: Function) -> bool:
    """Whether registers may hold, because of this instruction, an unbound or pending value, which no program must see.
    A handler unbinds the exception's register, if that has a name, where an exception leaves it."""
    if instr.op != "try":
        return instr.op in _SOURCES
    handlers = cast("tuple[tuple[object, object, int | None, object], ...]", instr.args[1])
    return any(exception is not None and has_name(exception, function) for _, _, exception, _ in handlers)


def may_be_unready(function: Function, opcodes: set[str]) -> bool:
    """Whether a function with these opcodes has an instruction that makes values unready."""
    if not _SOURCES.isdisjoint(opcodes):
        return True
    return "try" in opcodes and any(makes_unready(instr, function) for instr in walk(function.body))


def has_name(register: int, function: Function) -> bool:
    """Whether a register is a local variable of the program."""
    return register < len(function.locals) and function.locals[register] != ""
