"""Which functions surely do little each time: a generator that is run ahead computes elements that nobody may ask for.

From one ``yield`` to the next, such a generator goes once through what is there already, at most, and nothing grows but
by a small factor: no step can run forever, or take the time or memory that the program needs before it gets there.
Whatever is not known to be so, is not.
"""

from typing import Any, Final, cast

from noodle_ray.core.lang.fission.flow import Flow, written
from noodle_ray.core.lang.purity import Facts
from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.walk import blocks_of, flatten, reads_of, writes_of
from noodle_ray.core.vm.names import EXCEPTIONS

_OPS: Final = frozenset(
    {"and", "attr", "bget", "break", "cget", "check", "cmp", "comp", "const", "continue", "effect", "emit",
     "emit2", "for", "func", "gget", "if", "ifx", "index", "model", "move", "or", "raise", "raise_from", "reraise",
     "return", "slice", "try", "unop", "unpack", "unpackx", "unset", "yield"}
)  # fmt: skip
"""Opcodes that are small with any operands."""
_LITERALS: Final = frozenset({"concat", "dict", "list", "set", "tuple"})
_BUILTINS: Final = EXCEPTIONS | frozenset(
    {"abs", "all", "any", "bool", "chr", "dict", "enumerate", "float", "frozenset", "int", "isinstance", "len", "list",
     "max", "min", "ord", "reversed", "round", "set", "sorted", "sum", "tuple", "zip"}
)  # fmt: skip
_TEXTS: Final = frozenset({"str", "repr"})
_METHODS: Final = frozenset(
    {"capitalize", "casefold", "copy", "count", "decode", "encode", "endswith", "find", "get", "index", "isalnum",
     "isalpha", "isdigit", "islower", "isspace", "isupper", "items", "keys", "lower", "lstrip", "partition",
     "removeprefix", "removesuffix", "rfind", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
     "strip", "swapcase", "title", "upper", "values"}
)  # fmt: skip
"""Methods whose results are not much larger than what they are given."""
_NUMBERS: Final = frozenset({"bool", "float", "int", "len", "ord"})
_SHRINKING: Final = frozenset({"-", "/", "//", ">>", "&", "^"})
_ADDING: Final = frozenset({"+", "|"})
_TAKING: Final = frozenset(
    {
        ".each",
        "all",
        "any",
        "enumerate",
        "frozenset",
        "len",
        "list",
        "max",
        "min",
        "set",
        "sorted",
        "sum",
        "tuple",
        "zip",
    }
)
"""Builtins that keep no ``range`` they are given; an ``enumerate`` that is kept is seen elsewhere."""
_INLINE: Final = frozenset({"<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>"})
_FACTOR: Final = 4
"""The largest constant that a text or list may be multiplied by."""
_GROWTH: Final = 8
"""How often sizes may double."""
_SPEC: Final = 4
"""The longest format specification: it may have a width."""
_SHORT: Final = 1024
"""The longest ``range`` that is gone through without a ``yield`` each time."""


def does_little(facts: Facts, index: int) -> bool:
    """True if each step of a generator is bounded and small."""
    steps = _Steps(facts, index, ())
    return (
        steps.fits
        and steps.loops <= 1
        and steps.growth <= _GROWTH
        and not (steps.comps and steps.texts)
        and all(_keeps_ranges(facts, each) for each in facts.functions)
    )


class _Steps:
    """What a function does, with all that it calls. ``loops``: how deep its loops are, of those that may go on without
    a ``yield``; ``growth``: how often a size may double; ``comps``: that it makes lists, which may hold one object
    many times; ``texts``: that it makes texts of what may be such a list."""

    def __init__(self, facts: Facts, index: int, active: tuple[int, ...]) -> None:
        self.facts = facts
        self.index = index
        self.active = (*active, index)
        self.function = facts.functions[index]
        self.instructions = list(flatten(self.function.body))
        self.writers: dict[int, list[Instr]] = {r: [] for r in range(len(self.function.params))}
        for instr in self.instructions:
            for register in writes_of(instr):
                self.writers.setdefault(register, []).append(instr)
        self.growth = 0
        self.comps = self.texts = False
        self.called: dict[int, _Steps] = {}
        self.carried = {
            register
            for instr in self.instructions
            if instr.op == "for"
            for register in Flow(instr.args[2], {instr.args[0]}).exposed & written(instr.args[2])  # type: ignore[arg-type]
        }
        self.fits = (
            not self.function.cells
            and all(map(self._fits, self.instructions))
            and all(map(self._may_carry, self.carried))
        )
        self.loops = self._loops(self.function.body) if self.fits else 0

    def _fits(self, instr: Instr) -> bool:
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op == "binop" or op == "inplace":
            return self._operator(*args[1:])
        if op == "callb":
            return self._builtin(args, args[2])
        if op == "callm":
            return self._method(args[1], args[2], args[3], args[4])
        if op == "call":
            return self._call(instr)
        if op == "format":
            self.texts = self.texts or not self._is_number(args[2])
            return args[3] is None or len(self._text(args[3])) in range(1, _SPEC + 1)
        if op in _LITERALS:
            self.growth += sum(not self._is_known(register) for register in reads_of(instr)) > 1
            return True
        if op == "comp":
            self.comps = True
        return op in _OPS

    def _operator(self, operator: str, first: int, second: int) -> bool:
        numbers = self._is_number(first) and self._is_number(second)
        if operator in _SHRINKING:
            return True
        if operator in _ADDING:
            self.growth += not numbers and not self._is_known(first) and not self._is_known(second)
            return True
        if operator == "%":
            return numbers
        if operator != "*":
            return False
        if any(0 <= value <= _FACTOR for value in self._constants(first, second)):
            self.growth += 2
            return True
        self.growth += 1
        return numbers and not self.carried

    def _builtin(self, args: tuple[Any, ...], given: tuple[int, ...]) -> bool:
        name = args[1]
        if args[3]:
            return False
        if name in _TEXTS:
            self.texts = self.texts or not all(map(self._is_number, given))
            return True
        if name == "range":
            return self._is_short(given) or all(
                instr.op == "for" and self.function.kind == "generator" and _always_yields(cast(Block, instr.args[2]))
                for instr in self._readers(args[0])
            )
        return name in _BUILTINS and (name != "sum" or len(given) == 1)

    def _method(self, receiver: int, name: str, given: tuple[int, ...], keywords: tuple[Any, ...]) -> bool:
        if keywords:
            return False
        if name in ("add", "append"):
            return self._only_grows(receiver)
        if name == "join":
            self.texts = True
            return self._is_known(receiver)
        if name == "replace":
            texts = [self._constant(register) for register in given]
            return len(texts) == 2 and all(type(text) is str for text in texts) and len(texts[1]) <= len(texts[0])
        return name in _METHODS

    def _only_grows(self, receiver: int) -> bool:
        """True for a list or set that is made here and only added to, measured and looked into."""
        made = all(
            (writer.op in ("list", "set") and not writer.args[1])
            or (writer.op == "callb" and writer.args[1] in ("list", "set") and not writer.args[2])
            for writer in self.writers.get(receiver) or [Instr("unset", (receiver,), (0, 0, 0, 0))]
        )
        return made and all(self._only_looks(instr, receiver) for instr in self._readers(receiver))

    def _only_looks(self, instr: Instr, receiver: int) -> bool:
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op == "callm":
            return args[2] in ("add", "append") and args[1] == receiver and receiver not in args[3]
        if op == "cmp":
            return args[1] in ("in", "not in") and args[2] != receiver
        return op == "check" or (op == "callb" and args[1] == "len")

    def _call(self, instr: Instr) -> bool:
        callee = self.facts.callee(self.index, instr)
        if callee is None or callee >= len(self.facts.functions) or callee in self.active:
            return False
        if self.facts.functions[callee].kind or len(self.active) > _GROWTH:
            return False
        if callee not in self.called:
            self.called[callee] = _Steps(self.facts, callee, self.active)
        called = self.called[callee]
        self.growth += called.growth
        self.comps, self.texts = self.comps or called.comps, self.texts or called.texts
        return called.fits

    def _may_carry(self, register: int) -> bool:
        """True for what is kept from one iteration to the next and stays small: a number, or an element."""
        if self._is_number(register):
            return True
        return all(
            writer.op == "const" or (writer.op == "move" and self._is_element(cast(int, writer.args[1])))
            for writer in self.writers.get(register, ())
        )

    def _is_element(self, register: int) -> bool:
        writers = self.writers.get(register, ())
        return bool(writers) and all(
            writer.op == "for" or (writer.op == "unpack" and self._is_element(cast(int, writer.args[0])))
            for writer in writers
        )

    def _loops(self, block: Block) -> int:
        deepest = 0
        for instr in block:
            here = max(map(self._loops, blocks_of(instr)), default=0)
            if instr.op == "for" and not _always_yields(cast(Block, instr.args[2])):
                here += 1
            elif instr.op == "call":
                here = self.called[cast(int, self.facts.callee(self.index, instr))].loops
            deepest = max(deepest, here)
        return deepest

    # what registers hold

    def _readers(self, register: int) -> list[Instr]:
        return [instr for instr in self.instructions if register in reads_of(instr)]

    def _constant(self, register: int) -> Any:
        """The constant that a register always holds; an Ellipsis if it holds another value."""
        writers = self.writers.get(register, ())
        return (
            writers[0].args[1]
            if len(writers) == 1 and writers[0].op == "const" and self._is_temporary(register)
            else ...
        )

    def _text(self, register: int) -> str:
        value = self._constant(register)
        return value if type(value) is str else ""

    def _is_temporary(self, register: int) -> bool:
        return register >= len(self.function.params)

    def _constants(self, *registers: int) -> list[int]:
        return [value for register in registers if type(value := self._constant(register)) is int]

    def _is_short(self, given: tuple[int, ...]) -> bool:
        numbers = self._constants(*given)
        return len(numbers) == len(given) and 0 not in numbers[2:] and len(range(*numbers)) <= _SHORT

    def _is_known(self, register: int) -> bool:
        """True for a constant that is short, or a number."""
        value = self._constant(register)
        return self._is_number(register) or (type(value) in (str, bytes, tuple) and len(value) <= _SHORT)

    def _is_number(self, register: int, within: tuple[int, ...] = ()) -> bool:
        """True if a register holds numbers only."""
        if register in within:
            return True
        writers = self.writers.get(register, ())
        if not writers or register < len(self.function.params):
            return False
        return all(self._makes_number(writer, register, (*within, register)) for writer in writers)

    def _makes_number(self, instr: Instr, register: int, within: tuple[int, ...]) -> bool:
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op == "const":
            return type(args[1]) in (int, float, bool)
        if op == "move":
            return self._is_number(args[1], within)
        if op in ("binop", "inplace"):
            return args[1] in "+-*//%" and self._is_number(args[2], within) and self._is_number(args[3], within)
        if op == "for":
            return self._is_made_by(args[1], "range")
        if op == "unpack" and args[1][0] == register and register not in args[1][1:]:
            pairs = self.writers.get(args[0], ())
            return bool(pairs) and all(
                pair.op == "for" and self._is_made_by(cast(int, pair.args[1]), "enumerate") for pair in pairs
            )
        return op == "callb" and args[1] in _NUMBERS

    def _is_made_by(self, register: int, name: str) -> bool:
        writers = self.writers.get(register, ())
        return (
            bool(writers)
            and self._is_temporary(register)
            and all(writer.op == "callb" and writer.args[1] == name for writer in writers)
        )


def _always_yields(body: Block) -> bool:
    """True if each iteration of a loop yields, or is its last."""
    for instr in body:
        if instr.op in ("yield", "break", "return"):
            return True
        if instr.op == "if" and all(map(_always_yields, blocks_of(instr))):
            return True
        if any(each.op == "continue" for each in flatten((instr,))):
            return False
    return False


def _keeps_ranges(facts: Facts, function: Function) -> bool:
    """True if no ``range`` of a function, which may be long though it takes no room, gets to another."""
    instructions = list(flatten(function.body))
    if any(instr.op == "bget" and instr.args[1] == "range" for instr in instructions):
        return False
    made = {instr.args[0] for instr in instructions if instr.op == "callb" and instr.args[1] == "range"}
    if not made:
        return True
    inline = {
        instr.args[0]
        for instr in instructions
        if instr.op == "func" and facts.functions[cast(int, instr.args[1])].name in _INLINE
    }
    return all(
        instr.op in ("for", "gather")
        or (instr.op == "callb" and instr.args[1] in _TAKING)
        or (instr.op == "call" and instr.args[1] in inline)
        for instr in instructions
        if not made.isdisjoint(reads_of(instr))
    )
