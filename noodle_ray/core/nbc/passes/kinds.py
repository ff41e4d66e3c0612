"""Which builtin type every register surely holds, as far as a function's own code tells.

A kind is a type's name. It counts for each read of the register, whatever path led there, so a register that may be
unset, pending or a parameter has none. Optimistic: a kind is assumed from the writers that can be told, and dropped
when, with all that was assumed, another writer gives something else. So ``n = 0; n = n + 1`` is an int.
"""
# ruff: noqa: SIM905

from collections.abc import Mapping
from typing import Any, Final

from noodle_ray.core.nbc.module import Function, Instr
from noodle_ray.core.nbc.passes.rewrite import Uses

NUMBERS: Final = frozenset({"int", "float", "bool"})
INTEGERS: Final = frozenset({"int", "bool"})
IMMUTABLE: Final = NUMBERS | {"str", "bytes", "NoneType", "range"}
"""Kinds whose values never change and hold no values of other kinds."""

_BUILT: Final = {
    "list": "list", "dict": "dict", "set": "set", "tuple": "tuple", "totuple": "tuple", "concat": "str",
    "slice": "slice",
}  # fmt: skip
_RESULTS: Final = {
    "bin": "str", "bool": "bool", "chr": "str", "dict": "dict", "hex": "str", "len": "int", "list": "list",
    "oct": "str", "ord": "int", "range": "range", "sorted": "list", "set": "set", "tuple": "tuple",
    "isinstance": "bool", "issubclass": "bool", "callable": "bool", "any": "bool", "all": "bool",
    "math.sqrt": "float", "math.sin": "float", "math.cos": "float", "math.exp": "float", "json.dumps": "str",
}  # fmt: skip
"""Builtins that give this very type, whatever they are given. Not int, float, str and repr: they may give
what a program's ``__str__`` and the like return, of a type derived from these."""

_METHODS: Final[dict[str, dict[str, str]]] = {
    "str": {
        **dict.fromkeys(
            "capitalize casefold center expandtabs join ljust lower lstrip removeprefix removesuffix replace "
            "rjust rstrip strip swapcase title translate upper zfill".split(),
            "str",
        ),
        **dict.fromkeys("count find index rfind rindex".split(), "int"),
        **dict.fromkeys("rsplit split splitlines".split(), "list"),
        **dict.fromkeys("endswith isalnum isalpha isdigit islower isspace isupper startswith".split(), "bool"),
        "partition": "tuple",
        "rpartition": "tuple",
        "encode": "bytes",
    },
    "list": {"copy": "list", "count": "int", "index": "int", "append": "NoneType", "sort": "NoneType"},
    "dict": {"copy": "dict"},
    "set": {"copy": "set"},
    "tuple": {"count": "int", "index": "int"},
}
"""Results of methods by the receiver's kind."""

_ELEMENTS: Final = {"range": "int", "str": "str", "bytes": "int"}
_UNDECIDED: Final = ""


class Kinds:
    """The kinds of one function's registers; ``params`` gives those of its parameters, where they are known."""

    def __init__(self, function: Function, uses: Uses | None = None, params: Mapping[int, str] | None = None) -> None:
        self.uses = uses or Uses(function)
        given = dict(params or {})
        count = len(function.params)
        self._open = {
            register
            for register, writers in enumerate(self.uses.writers)
            if (writers and register >= count) or (register in given)
        }
        self._kinds = {register: kind for register, kind in given.items() if register in self._open}
        self._settle()

    def of(self, register: Any) -> str | None:
        """The kind of a register, or None."""
        return self._kinds.get(register) if register in self._open else None

    def _settle(self) -> None:
        changed = True
        while changed:
            changed = False
            for register in sorted(self._open):
                found = {self._result(instr) for instr in self.uses.writers[register]}
                found |= {self._kinds.get(register, _UNDECIDED)}
                found.discard(_UNDECIDED)
                if not found:
                    continue
                if len(found) > 1 or None in found:
                    self._open.discard(register)
                    self._kinds.pop(register, None)
                    changed = True
                elif register not in self._kinds:
                    kind = found.pop()
                    assert kind is not None
                    self._kinds[register] = kind
                    changed = True
        self._open &= self._kinds.keys()

    def _now(self, register: Any) -> str | None:
        return self._kinds.get(register, _UNDECIDED) if register in self._open else None

    def _result(self, instr: Instr) -> str | None:
        """The kind that the instruction gives, '' if that is not decided yet, None if it cannot be told."""
        op = instr.op
        args: Any = instr.args
        if op in _BUILT:
            return _BUILT[op]
        if op == "const":
            return type(args[1]).__name__
        if op == "comp":
            return str(args[1])
        if op == "callb":
            return _RESULTS.get(args[1])
        if op in ("move", "method"):
            return self._now(args[1])
        if op in ("and", "or"):
            return _same(self._now(args[1]), self._now(args[3]))
        if op == "ifx":
            return _same(self._now(args[3]), self._now(args[5]))
        if op == "unop" and args[1] == "not":
            return "bool"
        if op == "cmp" and args[1] in ("is", "is not", "in", "not in"):
            return "bool"
        if op == "cmp":
            both = self._now(args[2]), self._now(args[3])
            return None if None in both else _UNDECIDED if _UNDECIDED in both else _compared(*both)  # type: ignore[arg-type]
        if op == "for":
            kind = self._now(args[1])
            return _ELEMENTS.get(kind) if kind else kind
        if op == "callm":
            kind = self._now(args[1])
            return _METHODS.get(kind, {}).get(args[2]) if kind else kind
        if op == "unop":
            kind = self._now(args[2])
            return {"bool": "int", "int": "int", "float": "float"}.get(kind) if kind else kind
        if op in ("binop", "inplace"):
            left, right = self._now(args[2]), self._now(args[3])
            if left and right:
                return arithmetic(args[1], left, right)
            return None if None in (left, right) else _UNDECIDED
        return None


def _same(left: str | None, right: str | None) -> str | None:
    if left == _UNDECIDED or right == _UNDECIDED:
        return None if None in (left, right) else left or right
    return left if left == right else None


def _compared(left: str, right: str) -> str | None:
    """Comparing builtin values gives a bool, unless they hold values of a program's classes that are asked."""
    return "bool" if left in IMMUTABLE and right in IMMUTABLE else None


def arithmetic(sign: str, left: str, right: str) -> str | None:
    """The kind that an operator gives for operands of these kinds when it does not raise, or None."""
    if left in INTEGERS and right in INTEGERS:
        if sign in ("+", "-", "*", "//", "%", "<<", ">>"):
            return "int"
        if sign in ("&", "|", "^"):
            return "bool" if left == right == "bool" else "int"
        return "float" if sign == "/" else None
    if left in NUMBERS and right in NUMBERS:
        return "float" if sign in ("+", "-", "*", "/", "//", "%") else None
    if sign == "+" and left == right and left in ("str", "bytes", "list", "tuple"):
        return left
    if sign == "*" and {left, right} in ({"str", "int"}, {"list", "int"}, {"tuple", "int"}, {"bytes", "int"}):
        return left if right == "int" else right
    return None


def is_pure(instr: Instr, kinds: Kinds) -> bool:
    """Whether an instruction computes a value of builtin, immutable kinds alone: it runs no code of the program,
    changes nothing, and gives the same again. It may raise."""
    args: Any = instr.args
    if instr.op in ("binop", "inplace", "cmp"):
        left, right = kinds.of(args[2]), kinds.of(args[3])
        if instr.op == "cmp" and args[1] in ("is", "is not"):
            return left in IMMUTABLE and right in IMMUTABLE
        return left in IMMUTABLE and right in IMMUTABLE and not (args[1] == "%" and left in ("str", "bytes"))
    if instr.op == "unop":
        return kinds.of(args[2]) in IMMUTABLE
    if instr.op == "callb":
        return (
            args[1] in ("len", "ord", "chr", "abs") and not args[3] and all(kinds.of(r) in IMMUTABLE for r in args[2])
        )
    return False


def cannot_raise(instr: Instr, kinds: Kinds) -> bool:
    """Whether an instruction for which ``is_pure`` holds surely gives a value, in time that does not explode."""
    args: Any = instr.args
    if instr.op in ("binop", "inplace"):
        left, right = kinds.of(args[2]), kinds.of(args[3])
        if left in INTEGERS and right in INTEGERS:
            return args[1] in ("+", "-", "&", "|", "^")
        return left == right == "float" and args[1] in ("+", "-", "*")
    if instr.op == "cmp":
        left, right = kinds.of(args[2]), kinds.of(args[3])
        if args[1] in ("==", "!=", "is", "is not"):
            return left in IMMUTABLE and right in IMMUTABLE
        alike = (left in NUMBERS and right in NUMBERS) or (left == right == "str")
        return args[1] in ("<", "<=", ">", ">=") and alike
    if instr.op == "unop":
        kind = kinds.of(args[2])
        return args[1] == "not" if kind not in NUMBERS else not (args[1] == "~" and kind == "float")
    if instr.op == "callb":
        return args[1] == "len" and len(args[2]) == 1 and kinds.of(args[2][0]) in ("str", "bytes")
    return False
