"""What a function's instructions do to its registers: definitions, uses and the types that are certain."""

from collections.abc import Iterator
from typing import cast

from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.ops import OPERANDS
from noodle_ray.core.nbc.walk import blocks_of

Types = dict[int, type]


def block_values(instr: Instr) -> Iterator[tuple[Block, int]]:
    """The registers an instruction reads at the end of one of its nested blocks, with that block."""
    args = instr.args
    if instr.op in ("and", "or"):
        yield cast(Block, args[2]), cast(int, args[3])
    elif instr.op == "ifx":
        yield cast(Block, args[2]), cast(int, args[3])
        yield cast(Block, args[4]), cast(int, args[5])
    elif instr.op == "while":
        yield cast(Block, args[0]), cast(int, args[1])
    elif instr.op == "try":
        for types, tested, _, _ in cast("tuple[tuple[Block, int | None, object, object], ...]", args[1]):
            if tested is not None:
                yield types, tested


class Registers:
    """How often each register is written and read, which hold one constant, and which types are certain."""

    __slots__ = ("_defined_in", "_read_in", "constants", "reads", "types", "writes")

    def __init__(self, function: Function) -> None:
        self.writes = [0] * function.registers
        self.reads = [0] * function.registers
        self._defined_in: dict[int, int] = {}
        self._read_in: dict[int, int] = {}
        self.constants: dict[int, Instr] = {}
        for register in range(len(function.params)):
            self.writes[register] += 1
        definitions: dict[int, list[Instr]] = {}
        self._block(function.body, definitions)
        for register, instrs in definitions.items():
            if self.writes[register] == 1 and instrs[0].op in ("const", "bget"):
                self.constants[register] = instrs[0]
        self.types = _infer(definitions, self.writes)

    def once(self, register: int) -> bool:
        """Whether a register is written once and read once, in the same block."""
        return (
            self.writes[register] == 1
            and self.reads[register] == 1
            and self._defined_in.get(register, 0) == self._read_in.get(register, -1)
        )

    def _block(self, block: Block, definitions: dict[int, list[Instr]]) -> None:
        place = id(block)
        for instr in block:
            late = list(block_values(instr))
            for kind, arg in zip(OPERANDS[instr.op], instr.args, strict=True):
                self._operand(kind, arg, instr, place, definitions)
            for nested, register in late:
                self._read_in[register] = id(nested)
            for child in blocks_of(instr):
                self._block(child, definitions)

    def _operand(self, kind: str, arg: object, instr: Instr, place: int, definitions: dict[int, list[Instr]]) -> None:
        if kind in ("R", "X") or (kind == "R?" and arg is not None):
            self._read(cast(int, arg), place)
        elif kind == "R*":
            for register in cast("tuple[int, ...]", arg):
                self._read(register, place)
        elif kind == "KW":
            for _, register in cast("tuple[tuple[str, int], ...]", arg):
                self._read(register, place)
        elif kind == "H":
            for _, tested, caught, _ in cast("tuple[tuple[Block, int | None, int | None, Block], ...]", arg):
                if tested is not None:
                    self._read(tested, place)
                if caught is not None:
                    self.writes[caught] += 2
        if kind == "D":
            register = cast(int, arg)
            self.writes[register] += 1
            self._defined_in[register] = place
            definitions.setdefault(register, []).append(instr)
        elif kind == "X":
            self.writes[cast(int, arg)] += 1
        elif kind == "D*":
            for register in cast("tuple[int, ...]", arg):
                self.writes[register] += 2

    def _read(self, register: int, place: int) -> None:
        self.reads[register] += 1
        self._read_in[register] = place


_BUILT: dict[str, type] = {
    "list": list,
    "dict": dict,
    "tuple": tuple,
    "totuple": tuple,
    "format": str,
    "concat": str,
    "slice": slice,
}
_RESULTS: dict[str, type] = {
    "len": int,
    "str": str,
    "repr": str,
    "chr": str,
    "ord": int,
    "list": list,
    "dict": dict,
    "tuple": tuple,
    "sorted": list,
    "int": int,
    "float": float,
    "range": range,
    "hex": str,
    "bool": bool,
    "math.sqrt": float,
    "math.floor": int,
    "json.dumps": str,
}
_METHOD_RESULTS: dict[tuple[type, str], type] = {
    (str, "split"): list,
    (str, "strip"): str,
    (str, "lower"): str,
    (str, "upper"): str,
    (str, "join"): str,
    (str, "replace"): str,
    (str, "splitlines"): list,
    (str, "rstrip"): str,
    (str, "lstrip"): str,
    (str, "find"): int,
    (list, "copy"): list,
    (dict, "copy"): dict,
}


def _infer(definitions: dict[int, list[Instr]], writes: list[int]) -> Types:
    """Registers all of whose definitions surely give one type."""
    types: Types = {}
    for _ in range(3):
        before = len(types)
        for register, instrs in definitions.items():
            if register in types or writes[register] != len(instrs):
                continue
            found = {_result(instr, types) for instr in instrs}
            if len(found) == 1 and (kind := found.pop()) is not None:
                types[register] = kind
        if len(types) == before:
            break
    return types


def _result(instr: Instr, types: Types) -> type | None:
    op, args = instr.op, instr.args
    if op in _BUILT:
        return _BUILT[op]
    if op == "const":
        return type(args[1])
    if op == "comp" and args[1] != "set":
        return {"list": list, "dict": dict}[cast(str, args[1])]
    if op == "callb":
        return _RESULTS.get(cast(str, args[1]))
    if op == "callm":
        receiver = types.get(cast(int, args[1]))
        return _METHOD_RESULTS.get((receiver, cast(str, args[2]))) if receiver else None
    if op == "move":
        return types.get(cast(int, args[1]))
    if op == "for" and types.get(cast(int, args[1])) is range:
        return int
    if op in ("cmp", "unop") and (op == "cmp" or args[1] == "not"):
        return bool
    if op in ("binop", "inplace"):
        return arithmetic(cast(str, args[1]), types.get(cast(int, args[2])), types.get(cast(int, args[3])))
    return None


def arithmetic(operator: str, left: type | None, right: type | None) -> type | None:
    """The type that an operator surely gives for operands of these types, or None."""
    if left is None or right is None:
        return None
    if operator in ("+", "-", "*") and {left, right} <= {int, float}:
        return float if float in (left, right) else int
    if operator in ("//", "%", "&", "|", "^", "<<", ">>") and left is int and right is int:
        return int
    if operator == "/" and {left, right} <= {int, float}:
        return float
    if operator == "+" and left is right and left in (str, list, tuple):
        return left
    return None
