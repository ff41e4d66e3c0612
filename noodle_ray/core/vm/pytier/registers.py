"""What a function's instructions do to its registers: definitions, uses and the types that are certain."""

from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.ops import INTERNAL, OPERANDS
from noodle_ray.core.nbc.walk import NESTING, block_values, blocks_of
from noodle_ray.core.vm.pytier.facts import NO_FACTS, TEXTS, Facts
from noodle_ray.light import Any, cast

Types = dict[int, type]


_MAKING = frozenset({"list", "dict", "set", "comp"})
_REGISTERS = frozenset({"R", "X", "R?", "R*", "KW", "H", "D", "D?", "D*"})
_USES = {
    op: tuple((position, kind) for position, kind in enumerate(kinds) if kind in _REGISTERS)
    for op, kinds in {**OPERANDS, **INTERNAL}.items()
}
"""Of each opcode, the operands that name registers: (position, kind)."""


class Registers:
    """How often each register is written and read, which hold one constant, and which types are certain. ``once`` has
    those that are written once and read once, in the same block; ``found`` those in which methods are looked up."""

    __slots__ = (
        *("_defined_in", "_made", "_params", "_read_in", "_unpacked", "constants", "facts", "found", "once", "reads"),
        *("types", "writes"),
    )

    def __init__(self, function: Function, facts: Facts = NO_FACTS) -> None:
        self.facts = facts
        self.writes = [0] * function.registers
        self.reads = [0] * function.registers
        self._defined_in: dict[int, int] = {}
        self._read_in: dict[int, int] = {}
        self._unpacked: dict[int, int] = {}
        self.constants: dict[int, Instr] = {}
        self._params = len(function.params)
        for register in range(self._params):
            self.writes[register] += 1
        definitions: dict[int, list[Instr]] = {}
        self._block(function.body, definitions)
        for register, instrs in definitions.items():
            if self.writes[register] == 1 and instrs[0].op in ("const", "bget"):
                self.constants[register] = instrs[0]
        self.types = _infer(definitions, self.writes, facts)
        self.found: dict[int, list[Instr]] = {}
        self._made: set[int] = set()
        self.once: set[int] = set()
        defined, read = self._defined_in, self._read_in
        for register, instrs in definitions.items():
            writes = self.writes[register]
            if writes == 1 and self.reads[register] == 1 and defined[register] == read[register]:
                self.once.add(register)
            if instrs[0].op in _MAKING and writes == len(instrs) and all(instr.op in _MAKING for instr in instrs):
                self._made.add(register)
            elif instrs[0].op == "method":
                self.found[register] = instrs
        for register, instrs in self.found.items():
            if self._made.issuperset([cast(int, instr.args[1]) for instr in instrs]):
                self._made.add(register)

    def is_given(self, register: int) -> bool:
        """Whether a register holds what a parameter was bound to at entry."""
        return register < self._params and self.writes[register] == 1

    def is_made_here(self, register: int) -> bool:
        """Whether a register can hold nothing but containers that this call made itself."""
        return register in self._made

    def passes(self, register: int) -> bool:
        """Whether a register is written once, by unpacking, and read once, in the same block."""
        return (
            self.writes[register] == 2
            and self.reads[register] == 1
            and self._unpacked.get(register, 0) == self._read_in.get(register, -1)
        )

    def _block(self, block: Block, definitions: dict[int, list[Instr]]) -> None:
        place = id(block)
        reads, writes, read_in = self.reads, self.writes, self._read_in
        for instr in block:
            op = instr.op
            args = cast("tuple[Any, ...]", instr.args)
            for position, kind in _USES[op]:
                arg = args[position]
                if kind == "R":
                    reads[arg] += 1
                    read_in[arg] = place
                elif kind == "D":
                    writes[arg] += 1
                    self._defined_in[arg] = place
                    if arg in definitions:
                        definitions[arg].append(instr)
                    else:
                        definitions[arg] = [instr]
                elif kind == "R*":
                    for register in arg:
                        reads[register] += 1
                        read_in[register] = place
                elif arg is not None:
                    self._operand(kind, arg, place)
            if op in NESTING:
                for nested, register in block_values(instr):
                    read_in[register] = id(nested)
                for child in blocks_of(instr):
                    self._block(child, definitions)

    def _operand(self, kind: str, arg: Any, place: int) -> None:
        """An operand of a kind that few instructions have."""
        if kind == "R?":
            self._read(arg, place)
        elif kind == "KW":
            for _, register in arg:
                self._read(register, place)
        elif kind == "H":
            for _, tested, caught, _ in arg:
                if tested is not None:
                    self._read(tested, place)
                if caught is not None:
                    self.writes[caught] += 2
        elif kind == "D?":
            self.writes[arg] += 2
        elif kind == "X":
            self._read(arg, place)
            self.writes[arg] += 1
        elif kind == "D*":
            for register in arg:
                self.writes[register] += 2
                self._unpacked[register] = place

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
_ASKING: dict[str, frozenset[str]] = {
    "str": TEXTS,
    "repr": TEXTS,
    "math.floor": frozenset({"__floor__"}),
    "json.dumps": frozenset({"encode"}),
}
"""Builtins that give what a method of the program gives, whatever its type."""
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


def _infer(definitions: dict[int, list[Instr]], writes: list[int], facts: Facts) -> Types:
    """Registers all of whose definitions surely give one type.

    Optimistic: a type is assumed from the definitions that can be told, and dropped when, with all that was
    assumed, another definition turns out to give something else. So ``n = 0; n = n + 1`` is an int.
    """
    types: Types = {}
    undecided: set[int] = set()
    for register, instrs in definitions.items():
        if writes[register] != len(instrs):
            continue
        if len(instrs) == 1 and instrs[0].op not in _DEPENDENT:  # most are decided at once, and for good
            known = _result(instrs[0], types, undecided, facts)
            if known is not None:
                types[register] = known
        else:
            undecided.add(register)
    changed = True
    while changed:
        changed = False
        for register in sorted(undecided):
            found = {_result(instr, types, undecided, facts) for instr in definitions[register]} - {_UNDECIDED}
            if not found:
                continue
            kind = found.pop()
            if found or kind is None or types.get(register, kind) is not kind:
                undecided.discard(register)
                types.pop(register, None)
                changed = True
            elif register not in types:
                types[register] = kind
                changed = True
    return types


_DEPENDENT = frozenset({"callm", "method", "move", "for", "unop", "binop", "inplace"})
"""Opcodes whose result's type depends on those of their operands."""


class _UNDECIDED:
    """The type of a register none of whose definitions can be told yet."""


def _result(instr: Instr, types: Types, undecided: set[int], facts: Facts) -> type | None:
    op, args = instr.op, instr.args
    if op == "const":
        return type(args[1])
    if op == "format" and facts.own_texts:
        return None
    if op in _BUILT:
        return _BUILT[op]
    if op == "cmp" or (op == "unop" and args[1] == "not"):
        return bool
    if op == "comp" and args[1] != "set":
        return {"list": list, "dict": dict}[cast(str, args[1])]
    if op == "callb":
        name = cast(str, args[1])
        return None if name in _ASKING and facts.may_define(*_ASKING[name]) else _RESULTS.get(name)
    if op not in _DEPENDENT:
        return None

    def of(register: object) -> type | None:
        return types.get(cast(int, register), _UNDECIDED if register in undecided else None)

    if op == "callm":
        receiver = of(args[1])
        if receiver is _UNDECIDED:
            return _UNDECIDED
        return _METHOD_RESULTS.get((receiver, cast(str, args[2]))) if receiver else None
    if op in ("move", "method"):
        return of(args[1])
    if op == "for":
        return _ELEMENTS.get(of(args[1]))
    if op == "unop":
        return of(args[2]) if of(args[2]) in (int, float, _UNDECIDED) else None
    left, right = of(args[2]), of(args[3])
    if left is _UNDECIDED or right is _UNDECIDED:
        return _UNDECIDED if left is not None and right is not None else None
    return arithmetic(cast(str, args[1]), left, right)


_ELEMENTS: dict[type | None, type] = {range: int, str: str, _UNDECIDED: _UNDECIDED}


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
