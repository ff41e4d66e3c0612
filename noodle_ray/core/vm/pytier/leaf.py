"""Which loops are leaves: loops whose iterations cost the same fuel, known before they run.

A leaf's body calls nothing that charges fuel itself, so the whole loop can be paid for at once. Any other
loop pays at each iteration, because what it calls must see how much fuel is really left.
"""

from noodle_ray.core.nbc.module import Block, Instr
from noodle_ray.core.nbc.walk import flatten, reads_of
from noodle_ray.core.vm.methods import CHARGING
from noodle_ray.core.vm.operators import SMALL_EXPONENT
from noodle_ray.core.vm.pytier.dispatch import may_run_program
from noodle_ray.core.vm.pytier.registers import Registers
from noodle_ray.light import Final, cast

_CHARGES: Final = frozenset(
    (
        *("call", "callx", "gather", "effect", "force", "barrier", "for", "while", "comp"),
        *("class", "setattr", "delattr", "yield", "yieldfrom", "with"),
    )
)


def is_leaf(block: Block, registers: Registers) -> bool:
    """Whether no instruction of the block charges fuel on its own."""
    return not any(_charges(instr, registers) for instr in flatten(block))


def _charges(instr: Instr, registers: Registers) -> bool:
    if instr.op in _CHARGES or may_run_program(instr, registers):
        return True
    if instr.op == "callm":
        return registers.facts.paying or cast(str, instr.args[2]) in CHARGING
    if instr.op == "callb":
        return cast(str, instr.args[1]) in CHARGING
    if instr.op in ("binop", "inplace") and instr.args[1] == "**":
        return not small_power(instr, registers)
    return False


_OWN_WORK: Final = frozenset({"all", "any", "list", "max", "min", "repr", "sorted", "str", "sum", "tuple"})
_OWN_METHODS: Final = frozenset({"encode", "join", "replace", "rsplit", "split", "splitlines"})
"""What charges, but for its own work only: without keywords it calls nothing of the program."""


def is_quiet(block: Block, registers: Registers) -> bool:
    """Whether a block calls nothing of the program, though it may charge: then it may have a frame of its own, which
    makes no calls nest deeper."""
    return not any(_charges(instr, registers) and not _works_alone(instr, registers) for instr in flatten(block))


def _works_alone(instr: Instr, registers: Registers) -> bool:
    if may_run_program(instr, registers) or instr.args[-1]:
        return False
    if instr.op == "callm":
        return instr.args[2] in _OWN_METHODS
    return instr.op == "callb" and instr.args[1] in _OWN_WORK


_PLAIN: Final = frozenset({int, float, bool, str, bytes, complex, type(None), range})
_INDEXED: Final = frozenset({list, tuple, str, bytes, range})
_CONSUMING: Final = frozenset({"unpack", "unpackx", "extend", "totuple", "update"})
_PROTOCOLS: Final = _CONSUMING | frozenset(
    (
        *("binop", "inplace", "cmp", "unop", "index", "setindex", "delindex", "format", "set", "dict", "setadd"),
        *("callb", "if", "and", "or", "ifx"),
    )
)
"""Opcodes that run special methods of the objects they are given."""


def is_inert(block: Block, registers: Registers) -> bool:
    """Whether no instruction of a leaf's body can come upon code of the program, by a special method, a property or an
    iterator: then the loop need not be able to give back what it has prepaid."""
    facts = registers.facts
    if not (facts.lazy or facts.specials or facts.bodies):
        return True
    return not any(_meets_code(instr, registers) for instr in flatten(block))


def _meets_code(instr: Instr, registers: Registers) -> bool:
    op, args, facts, types = instr.op, instr.args, registers.facts, registers.types
    if op == "callm":
        return cast(int, args[1]) not in types or bool(facts.specials)
    if op in ("attr", "method"):
        return cast(int, args[1]) not in types and (args[2] in facts.bodies or "__getattr__" in facts.specials)
    if op in ("index", "setindex") and types.get(cast(int, args[op == "index"])) in _INDEXED:
        return types.get(cast(int, args[1 + (op == "index")])) not in _PLAIN
    consuming = op in _CONSUMING or (op == "cmp" and args[1] in ("in", "not in"))
    if consuming or (op in _PROTOCOLS and facts.specials):
        return not all(types.get(register) in _PLAIN or _is_plain(register, registers) for register in reads_of(instr))
    return False


def _is_plain(register: int, registers: Registers) -> bool:
    made = registers.constants.get(register)
    return made is not None and made.op == "const" and type(made.args[1]) in _PLAIN


def small_power(instr: Instr, registers: Registers) -> bool:
    """Whether a ``**`` has a constant exponent with which its cost is that of any other operator."""
    exponent = registers.constants.get(cast(int, instr.args[3]))
    if exponent is None or exponent.op != "const":
        return False
    value = exponent.args[1]
    return type(value) is float or (type(value) is int and 0 <= value <= SMALL_EXPONENT)


_RESIZING_METHODS: Final = frozenset(
    [
        "add",
        "append",
        "clear",
        "difference_update",
        "discard",
        "extend",
        "insert",
        "intersection_update",
        "pop",
        "popitem",
        "remove",
        "setdefault",
        "symmetric_difference_update",
        "update",
    ]
)
"""Methods, of whatever type, that change how long a container is."""


_RESIZED: Final = {
    "extend": 0,
    "update": 0,
    "setadd": 0,
    "kwmerge": 0,
    "delindex": 0,
    "setindex": 0,
    "inplace": 2,
    "callm": 1,
}
"""The operand that names the container which an instruction may resize."""


def keeps_size(iterable: int, block: Block, registers: Registers) -> bool:
    """Whether a leaf's body surely does not change how long what it walks over is, so that a loop's count is known
    before it; a ``setindex`` may still give a dict a new key.

    What a parameter was bound to at entry is older than, and so not, any container that the function itself made.
    """
    given = registers.is_given(iterable)
    for instr in flatten(block):
        if _resizes(instr, registers):
            resized = cast(int, instr.args[_RESIZED[instr.op]])
            if not (given and registers.is_made_here(resized)):
                return False
    return True


def _resizes(instr: Instr, registers: Registers) -> bool:
    if instr.op == "setindex":
        container, key = cast("tuple[int, int]", instr.args[:2])
        if registers.types.get(container) is dict or key in registers.constants:
            return False
        return registers.types.get(key) not in (int, str, float, bool, tuple)
    if instr.op == "inplace":
        return registers.types.get(cast(int, instr.args[2])) not in (int, float, bool, str, tuple)
    if instr.op == "callm":
        return instr.args[2] in _RESIZING_METHODS
    return instr.op in _RESIZED
