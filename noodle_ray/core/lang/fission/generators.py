"""Generators of which all is taken at once: ``list(gen(x))`` calls a copy of the function, which gives a list.

Nothing runs between what such a generator yields, so nobody can tell the copy from it; and its loops can be cut.
"""

from collections import Counter
from copy import copy
from typing import Any, Final, NamedTuple, cast

from noodle_ray.core.lang.purity import Facts
from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.ops import MAKERS, OPERANDS
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of

_TAKERS: Final = frozenset({"list", "tuple", "sorted"})
"""Builtins that take all of an iterator before they do anything else."""
_BETWEEN: Final = frozenset({"const", "bget", "move"})
"""What may stand between the call and the taking: the generator's body, which runs later, cannot change it."""
_STOPPING_NAMES: Final = frozenset({"send", "throw", "__next__", "__anext__", "__subclasses__"})
_STOPPING_BUILTINS: Final = frozenset({"getattr", "operator.attrgetter", "operator.methodcaller"})
_UNFIT: Final = frozenset({"yieldfrom", *MAKERS})
_MOST: Final = 16
"""Copies of one function."""


class Copies(NamedTuple):
    """The program with copies; of each copy its index and that of the generator's function; the functions of generators
    that nothing calls any more."""

    facts: Facts
    origins: dict[int, int]
    unused: frozenset[int]


def taken_at_once(facts: Facts) -> Copies:
    """The program with copies of its generators' functions where all is taken at once."""
    fit = {index for index, function in enumerate(facts.functions) if _is_fit(function)}
    if not fit or facts.loose_iterators or facts.unit.resolution.stops or any(map(_may_stop, facts.functions)):
        return Copies(facts, {}, frozenset())
    copying = _Copying(facts, fit)
    copying.run()
    if not copying.origins:
        return Copies(facts, {}, frozenset())
    unused = copying.unused()
    unit = copy(facts.unit)
    unit.functions = list(copying.functions)
    unit.homes = {**unit.homes, **{new: unit.homes[old] for new, old in copying.origins.items()}}
    unit.unused = unused
    return Copies(Facts(unit, facts.remembered), copying.origins, unused)


def _is_fit(function: Function) -> bool:
    if function.kind != "generator" or function.cells or function.free or function.name == "main":
        return False
    if any(param.kind not in ("pos", "pos_only") for param in function.params):
        return False
    return not any(
        instr.op in _UNFIT or (instr.op in ("callb", "bget") and instr.args[1] in ("next", "iter"))
        for instr in flatten(function.body)
    )


def _may_stop(function: Function) -> bool:
    """True if StopIteration may come out of what the function calls, which a generator's own frame turns into another
    error."""
    for op, args, _ in flatten(function.body):
        if op in ("attr", "callm", "method") and args[2] in _STOPPING_NAMES:
            return True
        if op in ("callb", "bget") and args[1] in _STOPPING_BUILTINS:
            return True
        if op == "const" and not _STOPPING_NAMES.isdisjoint(args[1] if type(args[1]) is tuple else (args[1],)):
            return True
    return False


class _Copying:
    def __init__(self, facts: Facts, fit: set[int]) -> None:
        self.facts = facts
        self.fit = fit
        self.functions: list[Function] = list(facts.functions)
        self.origins: dict[int, int] = {}
        self.count = Counter[int]()

    def run(self) -> None:
        place = 0
        while place < len(self.functions):  # copies too, as they come
            self.within = self.origins.get(place)
            self.functions[place] = self._function(self.functions[place])
            place += 1

    def unused(self) -> frozenset[int]:
        """The functions of generators whose value nothing uses but to keep it under its name."""
        named: dict[str, int] = {}
        for instr in flatten(self.functions[0].body):
            if instr.op == "gset" and (index := self._named(str(instr.args[0]))) in self.fit:
                named[str(instr.args[0])] = index
        found = set(named.values())
        for function in self.functions:
            readers = _readers(function)
            for instr in flatten(function.body):
                if instr.op == "callb" and instr.args[1] in (".globals", ".locals"):
                    return frozenset()
                if instr.op == "gget" and instr.args[1] in named and readers[cast(int, instr.args[0])]:
                    found.discard(named[str(instr.args[1])])
                if instr.op == "func" and instr.args[1] in found and readers[cast(int, instr.args[0])] > 1:
                    found.discard(instr.args[1])
        return frozenset(found)

    def _named(self, name: str) -> int | None:
        return self.facts.function_named(self.facts.unit.resolution.module, name)

    def _function(self, function: Function) -> Function:
        self.named = len(function.locals)
        self.readers = _readers(function)
        self.writers: dict[int, list[Instr]] = {}
        for instr in flatten(function.body):
            for register in writes_of(instr):
                self.writers.setdefault(register, []).append(instr)
        self.registers = function.registers
        body = self._block(function.body)
        return function if body is function.body else function._replace(body=body, registers=self.registers)

    def _block(self, block: Block) -> Block:
        found: list[Instr] = []
        for place, instr in enumerate(block):
            index = self._called(instr) if instr.op == "call" else None
            taker = None if index is None else self._taker(instr, block[place + 1 :])
            if index is None or taker is None:
                found.append(self._inside(instr))
                continue
            made = self.registers
            self.registers += 1
            self.count[index] += 1
            self.origins[len(self.functions)] = index
            found.append(Instr("func", (made, len(self.functions), ()), taker.span))
            found.append(Instr("call", (instr.args[0], made, *instr.args[2:]), taker.span))
            self.functions.append(_as_list(self.facts.functions[index]))
        same = len(found) == len(block) and all(new is old for new, old in zip(found, block, strict=True))
        return block if same else tuple(found)

    def _inside(self, instr: Instr) -> Instr:
        args = [
            self._block(value) if kind == "B" else self._handlers(value) if kind == "H" else value
            for kind, value in zip(OPERANDS[instr.op], cast("tuple[Any, ...]", instr.args), strict=True)
        ]
        same = all(new is old for new, old in zip(args, instr.args, strict=True))
        return instr if same else instr._replace(args=tuple(args))

    def _handlers(self, handlers: Any) -> Any:
        found = tuple([(self._block(t), r, x, self._block(b)) for t, r, x, b in handlers])
        same = all(new[0] is old[0] and new[3] is old[3] for new, old in zip(found, handlers, strict=True))
        return handlers if same else found

    def _called(self, call: Instr) -> int | None:
        """The function of a generator that a call makes, if there may be a copy of it."""
        _, callee, given, named = cast("tuple[int, int, tuple[int, ...], tuple[object, ...]]", call.args)
        writers = self.writers.get(callee, [])
        if callee < self.named:
            return None
        if len(writers) != 1 or writers[0].op != "gget" or self.readers[callee] != 1 or named:
            return None
        index = self._named(str(writers[0].args[1]))
        if (
            index not in self.fit
            or index is None
            or index == self.within
            or len(self.facts.functions[index].params) != len(given)
        ):
            return None
        return index if self.count[index] < _MOST else None

    def _taker(self, call: Instr, rest: Block) -> Instr | None:
        """The instruction that takes all that the call's generator yields, if it is the next that does anything and
        nothing else has the generator."""
        register = cast(int, call.args[0])
        if register < self.named or self.readers[register] != 1 or len(self.writers.get(register, [])) != 1:
            return None
        for instr in rest:
            if register in reads_of(instr):
                return instr if self._takes_all(instr, register) else None
            if instr.op not in _BETWEEN:
                return None
        return None

    def _takes_all(self, instr: Instr, register: int) -> bool:
        args = cast("tuple[Any, ...]", instr.args)
        if instr.op == "callb":
            return args[1] in _TAKERS and args[2] == (register,)
        return instr.op == "callm" and args[2] == "join" and args[3] == (register,) and self._is_text(args[1])

    def _is_text(self, register: int) -> bool:
        writers = self.writers.get(register, [])
        return bool(writers) and all(
            (writer.op == "const" and type(writer.args[1]) is str)
            or (writer.op == "method" and self._is_text(cast(int, writer.args[1])))
            for writer in writers
        )


def _readers(function: Function) -> Counter[int]:
    return Counter(register for instr in flatten(function.body) for register in reads_of(instr))


def _as_list(function: Function) -> Function:
    """A function that gives the list of what a generator yields."""
    found, done = function.registers, function.registers + 1

    def changed(block: Block) -> Block:
        return tuple([each for instr in block for each in one(instr)])

    def one(instr: Instr) -> list[Instr]:
        if instr.op == "yield":
            sent, value = cast("tuple[int, int]", instr.args)
            append = Instr("callm", (done, found, "append", (value,), ()), instr.span)
            return [append, Instr("const", (sent, None), instr.span)]
        if instr.op == "return":
            return [instr._replace(args=(found,))]
        args = [
            changed(value) if kind == "B" else handlers(value) if kind == "H" else value
            for kind, value in zip(OPERANDS[instr.op], cast("tuple[Any, ...]", instr.args), strict=True)
        ]
        return [instr._replace(args=tuple(args))]

    def handlers(all_of: Any) -> Any:
        return tuple([(changed(t), r, x, changed(b)) for t, r, x, b in all_of])

    return function._replace(
        params=tuple([param._replace(default=False) for param in function.params]),
        registers=function.registers + 2,
        body=(Instr("list", (found, ()), function.span), *changed(function.body)),
        kind="",
    )
