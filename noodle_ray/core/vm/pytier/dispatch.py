"""Which instructions may run code of the program: operators and properties of its objects, methods, iteration."""

from noodle_ray.core.nbc.module import Instr
from noodle_ray.core.vm.pytier.registers import Registers
from noodle_ray.light import Final, cast

_PLAIN: Final = frozenset({int, float, bool, str, range, type(None)})
"""Types whose operators run nothing of a program."""
_LOOKUP: Final = frozenset({"__eq__", "__hash__"})
_SUBSCRIPT: Final = _LOOKUP | {"__getitem__", "__missing__", "__index__", "__class_getitem__"}
_WALK: Final = frozenset({"__iter__", "__next__", "__getitem__", "__len__", "__length_hint__", "__hash__", "__eq__"})
_METHODS: Final[dict[str, frozenset[str]]] = {
    "index": _SUBSCRIPT,
    "setindex": _SUBSCRIPT | {"__setitem__"},
    "delindex": _SUBSCRIPT | {"__delitem__"},
    "if": frozenset({"__bool__", "__len__"}),
    "and": frozenset({"__bool__", "__len__"}),
    "or": frozenset({"__bool__", "__len__"}),
    "ifx": frozenset({"__bool__", "__len__"}),
    "unop": frozenset({"__bool__", "__len__", "__neg__", "__pos__", "__invert__"}),
    "cmp": frozenset({"__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__contains__"}) | _WALK,
    "format": frozenset({"__format__", "__str__", "__repr__"}),
    "set": _LOOKUP,
    "setadd": _LOOKUP,
    "dict": _LOOKUP,
    "unpack": _WALK,
    "unpackx": _WALK,
    "extend": _WALK,
    "totuple": _WALK,
    "update": _WALK,
    "kwmerge": _WALK,
}
_READS: Final[dict[str, tuple[int, ...]]] = {
    "index": (1, 2), "setindex": (0, 1), "delindex": (0, 1), "if": (0,), "and": (1,), "or": (1,), "ifx": (1,),
    "unop": (2,), "cmp": (2, 3), "format": (2,), "unpack": (0,), "unpackx": (0,), "extend": (1,), "totuple": (1,),
    "update": (1,), "kwmerge": (1,), "setadd": (1,),
}  # fmt: skip
"""Where the operands stand whose types count."""
_ASK_ONLY: Final = frozenset({"isinstance", "issubclass", "callable", "id", "type", ".super", "super", "object"})
_TAKE_ONE: Final = frozenset({"abs", "bool", "chr", "float", "hash", "int", "len", "ord", "repr", "str"})
"""Builtins that go through nothing that they are given, so that no iterator of the program runs."""
_OPERATORS: Final[dict[str, str]] = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "<<": "lshift",
    ">>": "rshift", "&": "and", "|": "or", "^": "xor", "@": "matmul",
}  # fmt: skip


def may_run_program(instr: Instr, registers: Registers) -> bool:
    """Whether an instruction that is no call may run a method of one of the module's classes, or a generator."""
    facts = registers.facts
    if not facts.specials and not facts.names and not facts.lazy:
        return False
    op, types = instr.op, registers.types
    if op in ("attr", "callm", "method"):
        known = types.get(cast(int, instr.args[1]))
        return known is None and (instr.args[2] in facts.names or "__getattr__" in facts.specials)
    if op == "callb":
        operands = (
            *cast("tuple[int, ...]", instr.args[2]),
            *(r for _, r in cast("tuple[tuple[str, int], ...]", instr.args[3])),
        )
        name = cast(str, instr.args[1])
        asks = name in _ASK_ONLY or (name in _TAKE_ONE and not facts.specials)
        return bool(facts.specials or facts.lazy) and not asks and not _plain(operands, registers)
    if op in ("binop", "inplace"):
        name = _OPERATORS[cast(str, instr.args[1])]
        wanted = {f"__{name}__", f"__r{name}__", f"__i{name}__"} | ({"__str__", "__repr__"} if name == "mod" else set())
        return bool(facts.specials & wanted) and not _plain(cast("tuple[int, ...]", instr.args[2:4]), registers)
    methods = _METHODS.get(op)
    if methods is None:
        return False
    if facts.lazy and methods >= _WALK and not (op == "cmp" and instr.args[1] not in ("in", "not in")):
        return not _plain(_operands(instr), registers)
    if not facts.specials & methods or (op == "cmp" and instr.args[1] in ("is", "is not")):
        return False
    return op in ("set", "dict") or not _plain(_operands(instr), registers)


def _operands(instr: Instr) -> tuple[int, ...]:
    return tuple(cast(int, instr.args[position]) for position in _READS.get(instr.op, ()))


def _plain(operands: tuple[int, ...], registers: Registers) -> bool:
    return all(_kind(register, registers) in _PLAIN for register in operands)


def _kind(register: int, registers: Registers) -> type | None:
    constant = registers.constants.get(register)
    if constant is not None and constant.op == "const":
        return type(constant.args[1])
    return registers.types.get(register)
