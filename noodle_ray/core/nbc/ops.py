"""The NBC instruction set: one table that the codec, the verifier and the text form all read.

Operand kinds, and what an operand of that kind is in memory:

====  =====================================================================
D     register written (int)
R     register read (int)
X     register read and written in place (int)
R?    register read, or None
D?    register written, or None
R*    tuple of registers read
D*    tuple of registers written
KW    tuple of (keyword: str, register read: int)
K     constant: None, bool, int, float, complex, str, bytes, Ellipsis, or a tuple of constants
N     a name (str): a global, a builtin, a method, an attribute or a model
C     cell index (int) into ``function.cells + function.free``
F     function index (int) into ``module.functions``
O     an operator (str) of the group the opcode names
B     a nested block (tuple of Instr)
H     tuple of handlers ``(types: block, type: R?, exception: D?, body: block)``
====  =====================================================================
"""

from noodle_ray.light import Final

OPERANDS: Final[dict[str, tuple[str, ...]]] = {
    # data
    "const": ("D", "K"),
    "move": ("D", "R"),
    "gget": ("D", "N"),
    "gset": ("N", "R"),
    "gdel": ("N",),
    "cget": ("D", "C"),
    "cset": ("C", "R"),
    "cdel": ("C",),
    "unset": ("D",),
    "check": ("X",),
    "bget": ("D", "N"),
    # building values
    "tuple": ("D", "R*"),
    "list": ("D", "R*"),
    "set": ("D", "R*"),
    "dict": ("D", "R*", "R*"),
    "slice": ("D", "R", "R", "R"),
    "extend": ("R", "R"),
    "update": ("R", "R"),
    "kwmerge": ("R", "R", "R"),
    "setadd": ("R", "R"),
    "totuple": ("D", "R"),
    "format": ("D", "O", "R", "R?"),
    "concat": ("D", "R*"),
    # operators
    "binop": ("D", "O", "R", "R"),
    "inplace": ("D", "O", "R", "R"),
    "unop": ("D", "O", "R"),
    "cmp": ("D", "O", "R", "R"),
    "and": ("D", "R", "B", "R"),
    "or": ("D", "R", "B", "R"),
    "ifx": ("D", "R", "B", "R", "B", "R"),
    # access
    "index": ("D", "R", "R"),
    "setindex": ("R", "R", "R"),
    "delindex": ("R", "R"),
    "attr": ("D", "R", "N"),
    "unpack": ("R", "D*"),
    "unpackx": ("R", "D*", "D", "D*"),
    # calls
    "func": ("D", "F", "R*"),
    "call": ("D", "R", "R*", "KW"),
    "callx": ("D", "R", "R", "R"),
    "callm": ("D", "R", "N", "R*", "KW"),
    "callb": ("D", "N", "R*", "KW"),
    # effects
    "model": ("D", "N"),
    "effect": ("D", "N", "R*", "KW"),
    "force": ("X",),
    "barrier": (),
    "gather": ("D", "O", "R", "F"),
    # control
    "if": ("R", "B", "B"),
    "while": ("B", "R", "B", "B"),
    "for": ("D", "R", "B", "B"),
    "comp": ("D", "O", "B"),
    "emit": ("R",),
    "emit2": ("R", "R"),
    "break": (),
    "continue": (),
    "return": ("R",),
    "try": ("B", "H", "B", "B"),
    "raise": ("R",),
    "raise_from": ("R", "R"),
    "reraise": (),
    # classes, generators, managers
    "class": ("D", "N", "F", "R*", "KW"),
    "setattr": ("R", "N", "R"),
    "delattr": ("R", "N"),
    "yield": ("D", "R"),
    "yieldfrom": ("D", "R"),
    "with": ("R", "D?", "B"),
    "method": ("D", "R", "N"),
}

BINARY: Final = ("+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "@")
UNARY: Final = ("-", "+", "~", "not")
COMPARE: Final = ("==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in")
CONVERSIONS: Final = ("", "s", "r", "a")
COMPREHENSIONS: Final = ("list", "set", "dict")

OPERATORS: Final[dict[str, tuple[str, ...]]] = {
    "binop": BINARY,
    "inplace": BINARY,
    "unop": UNARY,
    "cmp": COMPARE,
    "format": CONVERSIONS,
    "comp": COMPREHENSIONS,
    "gather": ("list",),
}

INTERNAL: Final[dict[str, tuple[str, ...]]] = {
    "guess": ("D", "R?", "K", "R*"),
    "drop": ("R", "K"),
    "keep": ("R", "K"),
}
"""Instructions that are in no module: a worker adds them to the module of a run that speculates, after it is verified.
See `noodle_ray.core.vm.speculation.plan`."""

OPCODES: Final[dict[str, int]] = {name: code for code, name in enumerate(OPERANDS, start=1)}
"""Opcode numbers as encoded. Append new opcodes at the end: numbers are part of the format version."""

TERMINATORS: Final = frozenset({"break", "continue", "return", "raise", "raise_from", "reraise"})
"""Opcodes after which the rest of a block cannot run; the verifier wants them last in their block."""

MAKERS: Final = {"func": 1, "gather": 3, "class": 2}
"""Opcodes that make a function, and which operand names it."""
