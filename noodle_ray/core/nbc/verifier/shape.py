"""Each part alone: types, operand kinds, index ranges and sizes. Afterwards annotations can be believed.

Decoded bytes have most of this by construction; a module from the compiler, a pass or the text form does not.
"""

from noodle_ray.core.nbc.bounds import (
    MAX_DEPTH,
    MAX_FUNCTIONS,
    MAX_INSTRUCTIONS,
    MAX_INT_BITS,
    MAX_REGISTERS,
    MAX_WORD,
)
from noodle_ray.core.nbc.encoder import FUNCTION_KINDS, PARAM_KINDS
from noodle_ray.core.nbc.module import Function, Instr, Module, Param
from noodle_ray.core.nbc.ops import MAKERS, OPERANDS, OPERATORS
from noodle_ray.core.nbc.verifier.failure import refuse
from noodle_ray.light import Any, Final, NamedTuple, cast

LAST_LINE: Final = MAX_WORD >> 3
_REGISTER: Final = frozenset({"D", "R", "X"})
_OPTIONAL: Final = frozenset({"R?", "D?"})
_LISTS: Final = frozenset({"R*", "D*"})
_MAKING: Final = frozenset({"bget", *MAKERS})
_CONSTANTS: Final = frozenset({str, float, bool, bytes, complex, type(None), type(...)})


class Parts(NamedTuple):
    """What a function has: so many instructions, and which opcodes, which tell what else there is to be checked; and
    whether it may make functions or use ``.skip``."""

    size: int
    opcodes: set[str]
    makes: bool


def check_shape(module: Module) -> list[Parts]:
    """Raise ModuleError unless every part of ``module`` is of its type and within its bounds; what functions have."""
    if type(module) is not Module or not _is_texts(module.models) or not _is_texts(module.imports):
        raise refuse(310, "This is not a module: its tables have the wrong types.")
    functions = module.functions
    if type(functions) is not tuple or not functions or type(module.filename) is not str:
        raise refuse(310, "A module needs a tuple of functions, the first one its top level, and a file name.")
    if len(functions) > MAX_FUNCTIONS:
        raise refuse(327, f"A module has at most {MAX_FUNCTIONS} functions; this one has {len(functions)}.")
    left = MAX_INSTRUCTIONS
    found: list[Parts] = []
    for function in functions:
        parts = check_parts(function, len(functions), left)
        left -= parts.size
        found.append(parts)
    return found


def check_parts(function: Function, functions: int, instructions: int) -> Parts:
    """Raise ModuleError unless every part of a function is of its type, among so many functions and instructions; what
    it has."""
    shape = _Shape(function, functions, instructions)
    opcodes = shape.opcodes
    return Parts(instructions - shape.instructions_left, opcodes, not _MAKING.isdisjoint(opcodes))


def _is_texts(value: object) -> bool:
    return type(value) is tuple and (not value or all(type(text) is str for text in value))


def _is_span(span: object) -> bool:
    """Line 0 stands for "nowhere in the source"."""
    if type(span) is not tuple or len(span) != 4:
        return False
    line, column, end_line, end_column = span
    if not type(line) is type(column) is type(end_line) is type(end_column) is int:
        return False
    if not (0 <= line <= end_line <= LAST_LINE and 0 <= column <= MAX_WORD and 0 <= end_column <= MAX_WORD):
        return False
    return line < end_line or column <= end_column


class _Shape:
    """The check of one function."""

    __slots__ = ("cells", "functions", "instructions_left", "opcodes", "registers")

    def __init__(self, function: Function, functions: int, instructions_left: int) -> None:
        if type(function) is not Function:
            raise refuse(310, "A module's functions must be Function tuples.")
        self.functions = functions
        self.instructions_left = instructions_left
        self.header(function)
        self.registers = function.registers
        self.cells = len(function.cells) + len(function.free)
        self.opcodes: set[str] = set()
        self.block(function.body, 0)

    def header(self, function: Function) -> None:
        name, params, registers, local_names, cells, free, _, span, returns, kind = function
        if type(name) is not str or type(returns) is not str or not _is_span(span) or kind not in FUNCTION_KINDS:
            raise refuse(310, "A function needs a name, a return annotation (or ''), a span and a known kind.")
        if not (_is_texts(local_names) and _is_texts(cells) and _is_texts(free)):
            raise refuse(310, f"The locals, cells and free variables of {name!r} must be tuples of strings.", span)
        if type(params) is not tuple or (params and not all(map(_is_param, params))):
            raise refuse(310, f"The parameters of {name!r} must be Param tuples of a known kind.", span)
        if type(registers) is not int or not 0 <= registers <= MAX_REGISTERS:
            raise refuse(327, f"A function has 0 to {MAX_REGISTERS} registers; {name!r} does not.", span)
        if max(len(params), len(local_names)) > registers:
            raise refuse(328, f"{name!r} has more parameters or named locals than registers.", span)

    def block(self, block: object, depth: int) -> None:
        if type(block) is not tuple:
            raise refuse(312, "A block must be a tuple of instructions.")
        if depth > MAX_DEPTH:
            raise refuse(327, f"Blocks nest at most {MAX_DEPTH} deep.")
        self.instructions_left -= len(block)
        if self.instructions_left < 0:
            raise refuse(327, f"A module has at most {MAX_INSTRUCTIONS} instructions.")
        registers, opcodes = self.registers, self.opcodes
        for instr in block:
            if type(instr) is not Instr or len(instr) != 3:
                raise refuse(310, "A block must hold Instr tuples.")
            op, args, span = instr
            if not _is_span(span):
                raise refuse(331, f"The span {span!r} is not (line, column, end line, end column) in order.")
            kinds = OPERANDS.get(op) if type(op) is str else None
            if kinds is None:
                raise refuse(311, f"There is no opcode {op!r}.", span)
            if type(args) is not tuple or len(args) != len(kinds):
                raise refuse(312, f"{op!r} takes {len(kinds)} operands.", span)
            opcodes.add(op)
            for kind, value in zip(kinds, args):  # noqa: B905 (as many of each, and this is done for every operand)
                if kind in _REGISTER:
                    if type(value) is not int or not 0 <= value < registers:
                        raise refuse(313, f"{op!r} names register {value!r}, which its function does not have.", span)
                elif kind == "K":
                    _check_constant(value, instr, 0)
                elif kind == "O":
                    if type(value) is not str or value not in OPERATORS[op]:
                        raise refuse(333, f"{op!r} knows no operator {value!r}.", span)
                else:
                    self.operand(kind, value, instr, depth)

    def register(self, value: object, instr: Instr) -> None:
        if type(value) is not int or not 0 <= value < self.registers:
            raise refuse(313, f"{instr.op!r} names register {value!r}, which its function does not have.", instr.span)

    def operand(self, kind: str, value: object, instr: Instr, depth: int) -> None:
        op, args, span = instr
        if kind == "N":
            if type(value) is not str:
                raise refuse(312, f"{op!r} needs a name.", span)
        elif kind in _LISTS:
            if type(value) is not tuple:
                raise refuse(312, f"{op!r} needs a tuple of registers.", span)
            for register in value:
                self.register(register, instr)
            if op == "dict" and len(value) != len(cast("tuple[int, ...]", args[1])):
                raise refuse(312, "A dict display needs as many values as keys.", span)
        elif kind in _OPTIONAL:
            if value is not None:
                self.register(value, instr)
        elif kind == "B":
            self.block(value, depth + 1)
        elif kind == "H":
            self.handlers(value, instr, depth)
        elif kind == "KW":
            self.keywords(value, instr)
        elif kind == "C":
            if type(value) is not int or not 0 <= value < self.cells:
                raise refuse(315, f"{op!r} names cell {value!r}, which its function does not have.", span)
        elif type(value) is not int or not 0 < value < self.functions:
            raise refuse(316, f"{op!r} names function {value!r}, which the module does not have.", span)

    def keywords(self, value: object, instr: Instr) -> None:
        if type(value) is not tuple or not all(type(pair) is tuple and len(pair) == 2 for pair in value):
            raise refuse(312, f"{instr.op!r} needs a tuple of (keyword, register).", instr.span)
        for keyword, register in value:
            if type(keyword) is not str:
                raise refuse(312, f"{instr.op!r} needs keywords that are strings.", instr.span)
            self.register(register, instr)
        if len({keyword for keyword, _ in value}) != len(value):
            raise refuse(334, f"{instr.op!r} repeats a keyword.", instr.span)

    def handlers(self, value: object, instr: Instr, depth: int) -> None:
        if type(value) is not tuple or not all(type(handler) is tuple and len(handler) == 4 for handler in value):
            raise refuse(312, "'try' needs a tuple of (types, type register, exception register, body).", instr.span)
        for types, type_register, exception, body in value:
            self.block(types, depth + 1)
            for register in (type_register, exception):
                if register is not None:
                    self.register(register, instr)
            self.block(body, depth + 1)


def _is_param(param: object) -> bool:
    return (
        type(param) is Param
        and len(param) == 4
        and type(param.name) is str
        and param.kind in PARAM_KINDS
        and type(param.default) is bool
        and type(param.annotation) is str
    )


def _check_constant(value: Any, instr: Instr, depth: int) -> None:
    kind = type(value)
    if kind in _CONSTANTS:
        return
    if kind is int:
        if value.bit_length() > MAX_INT_BITS:
            raise refuse(327, f"A constant integer has at most {MAX_INT_BITS} bits.", instr.span)
    elif kind is tuple:
        if depth >= MAX_DEPTH:
            raise refuse(327, f"Constant tuples nest at most {MAX_DEPTH} deep.", instr.span)
        for item in value:
            _check_constant(item, instr, depth + 1)
    else:
        raise refuse(312, f"{kind.__name__!r} is not the type of a constant.", instr.span)
