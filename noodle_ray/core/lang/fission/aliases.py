"""Which objects the registers of a function may hold, and whether anybody else can have them.

Objects are told apart by the instruction that makes them (Andersen, "Program Analysis and Specialization for the C
Programming Language", 1994): of each register and each container it is known what it may hold, whatever the order in
which the instructions run. Only where an object gets out of the function is remembered by place.
"""

from collections.abc import Iterable
from typing import Any, Final, cast

from noodle_ray.core.lang.purity import MUTATORS, READERS, Facts, Region
from noodle_ray.core.nbc.module import Block, Function, Instr
from noodle_ray.core.nbc.walk import reads_of, writes_of
from noodle_ray.core.vm.names import CALLBACK_KEYWORDS, PURE_BUILTINS

FOREIGN: Final = -1
"""Stands for all objects that were not made by an instruction of the function."""
_IMMUTABLE: Final = frozenset({"const", "cmp", "format", "concat", "slice"})
_NUMBERS: Final = frozenset(
    {"bool", "chr", "float", "hash", "hex", "int", "isinstance", "len", "ord", "print", "range", "repr", "str"}
)
"""Builtins whose result is immutable and holds nothing."""
_MAKERS: Final = frozenset(
    {"bytearray", "bytes", "collections.Counter", "collections.OrderedDict", "collections.defaultdict",
     "collections.deque", "dict", "enumerate", "frozenset", "json.dumps", "json.loads", "list", "reversed", "round",
     "set", "sorted", "tuple", "zip"}
)  # fmt: skip
"""Builtins whose result is new, and holds at most what the arguments hold."""
_MAKING_METHODS: Final = frozenset(
    {
        "copy",
        "items",
        "most_common",
        "split",
        "splitlines",
        "values",
        "keys",
        *(MUTATORS - {"pop", "popitem", "setdefault"}),
    }
)
_TEXT_METHODS: Final = frozenset(
    {"count", "endswith", "format", "index", "isdigit", "join", "lower", "lstrip", "replace", "rstrip", "startswith",
     "strip", "title", "upper"}
)  # fmt: skip
_QUIET: Final = frozenset({"check", "break", "continue", "unset", "force", "barrier", "gdel", "delindex"})
_STORES: Final = {"setindex": (0, 2), "setadd": (0, 1)}
_BULK: Final = frozenset({"extend", "update", "kwmerge"})


class Aliases:
    """What the registers of one function may hold. ``places`` numbers its instructions in order, ``loops`` has the
    first and the last place of each loop by its id, ``escapes`` of each object the places where it gets out."""

    def __init__(self, facts: Facts, region: Region, function: Function, body: Block) -> None:
        self._facts = facts
        self._region = region
        self._held: dict[int, set[int]] = {register: {FOREIGN} for register in range(len(function.params))}
        self._contents: dict[int, set[int]] = {FOREIGN: {FOREIGN}}
        self._sources: dict[int, set[int]] = {}
        self._out: set[tuple[int, int]] = set()
        self._shared: dict[int, set[int]] = {}
        self._ending = False
        self._changed = True
        self.places: dict[int, int] = {}
        self.loops: dict[int, tuple[int, int]] = {}
        self.immutable: set[int] = set()
        self.lists: set[int] = set()
        self.loaded: set[int] = set()
        self._here = 0
        while self._changed:
            self._changed = False
            self._block(body, None)
        self.escapes: dict[int, set[int]] = {}
        for one, place in self._out:
            for reached in self.reach({one}):
                self.escapes.setdefault(reached, set()).add(place)

    def of(self, register: int) -> set[int]:
        """The objects a register may hold."""
        return self._held.get(register, set())

    def reach(self, objects: set[int]) -> set[int]:
        """The objects and all that they may hold, or go through when they are gone through."""
        found: set[int] = set()
        waiting = list(objects)
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._contents.get(one, ())
                waiting += self._sources.get(one, ())
        return found

    # what flows where

    def _give(self, register: int, objects: Iterable[int]) -> None:
        held = self._held.setdefault(register, set())
        before = len(held)
        held.update(objects)
        self._changed = self._changed or len(held) > before

    def _put(self, containers: Iterable[int], objects: Iterable[int]) -> None:
        """Containers now hold the objects, too; what is put into one that others have gets out."""
        new = [*objects]
        for one in containers:
            if one == FOREIGN:
                self._escape_objects(new)
                continue
            held = self._contents.setdefault(one, set())
            before = len(held)
            held.update(new)
            self._changed = self._changed or len(held) > before
            if one in self._shared:
                self._share(new)

    def _goes_through(self, one: int, objects: Iterable[int]) -> None:
        """An iterator or a view, which shows how others change."""
        known = self._sources.setdefault(one, set())
        before = len(known)
        known.update(objects)
        self._changed = self._changed or len(known) > before

    def _inside(self, objects: Iterable[int]) -> set[int]:
        objects = {*objects}
        found = {inner for one in objects for inner in self._contents.get(one, ())}
        return found | {FOREIGN} if any(map(self._is_shared, objects)) else found

    def _load(self, register: int, objects: Iterable[int]) -> None:
        found = self._inside(objects)
        self.loaded |= found
        self._give(register, found)

    def _escape_objects(self, objects: Iterable[int]) -> None:
        for one in objects:
            if one != FOREIGN and (one, self._here) not in self._out:
                self._out.add((one, self._here))
                self._changed = True
                if not self._ending:
                    self._share({one})

    def _share(self, objects: Iterable[int]) -> None:
        """Others can put anything into the objects from now on."""
        for one in self.reach({*objects}):
            places = self._shared.setdefault(one, set())
            if self._here not in places:
                places.add(self._here)
                self._changed = True

    def _is_shared(self, one: int) -> bool:
        """True if others may have put something into the object by now."""
        here = self._here
        return any(
            place < here or any(first <= here and place <= last for first, last in self.loops.values())
            for place in self._shared.get(one, ())
        )

    def _escape(self, registers: Iterable[int]) -> None:
        for register in registers:
            self._escape_objects(self.of(register))

    def _all(self, registers: Iterable[int]) -> set[int]:
        return {one for register in registers for one in self.of(register)}

    # code

    def _block(self, block: Block, target: int | None) -> None:
        for instr in block:
            self._instr(instr, target)

    def _place(self, instr: Instr) -> int:
        """The place of an instruction, which also names what it makes."""
        return self.places.setdefault(id(instr), len(self.places))

    def _instr(self, instr: Instr, target: int | None) -> None:
        op = instr.op
        args = cast("tuple[Any, ...]", instr.args)
        here = self._here = self._place(instr)
        self._ending = op == "return"
        if op not in _NESTED and self._hands_out(instr):
            self._escape(reads_of(instr))
            self._receive(instr)
        if op in ("move", "method"):
            self._give(args[0], self.of(args[1]))
        elif op in _IMMUTABLE:
            self.immutable.add(here)
            self._give(args[0], {here})
        elif op in ("binop", "unop", "totuple"):
            self._put({here}, self._inside(self._all(reads_of(instr))))
            self._give(args[0], {here})
        elif op in ("list", "tuple", "set", "dict"):  # of a dict its values: what can be a key does not change
            if op == "list":
                self.lists.add(here)
            self._put({here}, self._all(args[-1]))
            self._give(args[0], {here})
        elif op == "inplace":
            inner = self._inside(self.of(args[3]))
            self._put(self.of(args[2]), inner)
            self._put({here}, inner | self._inside(self.of(args[2])))
            self._give(args[0], {here, *self.of(args[2])})
        elif op == "index":
            self._load(args[0], self.of(args[1]))
            self._put({here}, self._inside(self.of(args[1])))
            self._give(args[0], {here})
        elif op in _STORES:
            container, value = _STORES[op]
            self._put(self.of(args[container]), self.of(args[value]))
        elif op in _BULK:
            self._put(self.of(args[0]), self._inside(self.of(args[1])))
        elif op == "callb":
            self._builtin(args)
        elif op == "callm":
            self._method(args)
        elif op == "effect":  # whose arguments are copied
            self._give(args[0], {FOREIGN})
        elif op in ("emit", "emit2"):
            if target is not None:
                self._put(self.of(target), self._all(args))
        elif op in _NESTED:
            self._nested(instr, args, target)
        elif op not in _QUIET:
            self._escape(reads_of(instr))
            self._receive(instr)

    def _hands_out(self, instr: Instr) -> bool:
        """True if what is read may get to code of the program, which may keep it and put anything into it."""
        traits, region = self._facts.traits, self._region
        args = cast("tuple[Any, ...]", instr.args)
        if instr.op == "callb" or instr.op == "callm":
            calls = [register for name, register in args[-1] if name in CALLBACK_KEYWORDS]
            calls += args[2][:1] if args[1] in ("map", "filter") else []
            if any(not self._facts.callback_safe(region, register) for register in calls):
                return True
        if not traits.any or (instr.op == "callb" and args[1] == "print"):
            return False
        if instr.op == "callm" and not traits.receives:
            return traits.is_own(args[2], args[1], region.plain)
        return traits.runs(instr, region.plain)

    def _receive(self, instr: Instr) -> None:
        for register in writes_of(instr):
            self._give(register, {FOREIGN})

    def _nested(self, instr: Instr, args: tuple[Any, ...], target: int | None) -> None:
        op, here = instr.op, self._here
        if op in ("and", "or"):
            self._block(args[2], target)
            self._give(args[0], self._all((args[1], args[3])))
        elif op == "ifx":
            self._block(args[2], target)
            self._block(args[4], target)
            self._give(args[0], self._all((args[3], args[5])))
        elif op in ("unpack", "unpackx"):
            for register in writes_of(instr):
                self._load(register, self.of(args[0]))
            if op == "unpackx":
                self._put({here}, self._inside(self.of(args[0])))
                self._give(args[2], {here})
        elif op == "if":
            self._block(args[1], target)
            self._block(args[2], target)
        elif op == "try":
            self._try(args, target)
        elif op == "with":
            self._escape((args[0],))
            if args[1] is not None:
                self._give(args[1], {FOREIGN})
            self._block(args[2], target)
        else:
            self._loop(op, args, target)
            self.loops.setdefault(id(instr), (here, len(self.places) - 1))
        self._here = here

    def _loop(self, op: str, args: tuple[Any, ...], target: int | None) -> None:
        if op == "for":
            self._load(args[0], self.of(args[1]))
            self._block(args[2], target)
            self._block(args[3], target)
        elif op == "while":
            for block in (args[0], *args[2:]):
                self._block(block, target)
        else:
            self.lists.update({self._here} if args[1] == "list" else ())
            self._give(args[0], {self._here})
            self._block(args[2], args[0])

    def _try(self, args: tuple[Any, ...], target: int | None) -> None:
        self._block(args[0], target)
        for types, _, exception, handler in args[1]:
            self._block(types, target)
            if exception is not None:
                self._give(exception, {FOREIGN})
            self._block(handler, target)
        self._block(args[2], target)
        self._block(args[3], target)

    def _builtin(self, args: tuple[Any, ...]) -> None:
        target, name, given, named = args
        here = self._here
        values = self._all([*given, *(register for _, register in named)])
        if name in _NUMBERS:
            self.immutable.add(here)
            self._give(target, {here})
        elif name in PURE_BUILTINS or name in ("map", "filter"):
            self._put({here}, self._inside(values))
            if name not in _MAKERS:
                self._put({here}, values)
                self._give(target, values | self._inside(values))
            if name in ("map", "filter"):
                self._put({here}, {FOREIGN})
            if name not in _MAKERS or name in ("zip", "enumerate"):
                self._put({here}, {here})
            if name not in _MAKERS or name in ("enumerate", "reversed", "zip"):
                self._goes_through(here, values)
            if name == "list" or name == "sorted":
                self.lists.add(here)
            self._give(target, {here})
        else:
            self._escape_objects(values)
            self._give(target, {FOREIGN})

    def _method(self, args: tuple[Any, ...]) -> None:
        target, receiver, name, given, named = args
        here = self._here
        registers = [*given, *(register for _, register in named)]
        own = self.of(receiver)
        if name in _TEXT_METHODS:
            self.immutable.add(here)
            self._give(target, {here})
            return
        if name not in MUTATORS and name not in READERS:
            self._escape([receiver, *registers])
            self._give(target, {FOREIGN})
            return
        values = self._all(registers[1:] if name in ("get", "setdefault", "insert", "pop") else registers)
        if name in ("append", "add", "insert", "setdefault"):
            self._put(own, values)
        elif name in MUTATORS:
            self._put(own, values | self._inside(values))
        self._put({here}, self._inside(own))
        if name in ("items", "most_common"):
            self._put({here}, {here})
        if name in ("items", "keys", "values", "elements"):
            self._goes_through(here, own)
        self._give(target, {here})
        if name not in _MAKING_METHODS:
            self._load(target, own)
            self._give(target, values)


_NESTED: Final = frozenset({"and", "or", "ifx", "unpack", "unpackx", "if", "try", "with", "for", "while", "comp"})
