"""Where a program's classes get to, and the properties in them."""

from collections.abc import Iterable
from typing import Any, Final, cast

from noodle_ray.core.nbc.module import Function, Instr
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of
from noodle_ray.core.vm.catalog import module_of

_DECORATORS: Final = frozenset({"property", "classmethod", "staticmethod"})
_DECORATING_METHODS: Final = frozenset({"getter", "setter", "deleter"})
_GIVEN: Final = {
    "__new__": 0, "__init_subclass__": 0, "__class_getitem__": 0, "__subclasshook__": 0, "__exit__": 1, "__aexit__": 1,
    "__set_name__": 1, "__get__": 2,
}  # fmt: skip
"""Methods that are given a class, and the parameter that is."""
_PASSING: Final = frozenset({"move", "index", "tuple", "and", "or", "ifx", "for"})
"""Opcodes whose results may be the class they are given, or hold it."""
_READERS: Final = frozenset({"getattr", "operator.attrgetter", ".match_class", ".globals", ".locals"})
"""Builtins that read attributes whose names are not in the text as such."""
_SOURCES: Final = frozenset(
    {"sys.exc_info", "sys.exception", "typing.get_type_hints", "dataclasses.fields", ".globals", ".locals", "globals",
     "locals", "operator.attrgetter"}
)  # fmt: skip
"""Builtins that may give classes of the program, without being given one."""
_QUIET_NAMES: Final = frozenset(
    {"__init__", "__name__", "__qualname__", "__class__", "__doc__", "__module__", "__cause__", "__context__",
     "__post_init__", "__str__", "__repr__", "__format__", "__eq__", "__ne__", "__lt__", "__hash__", "__len__",
     "__contains__", "__notes__", "__add__", "__sub__", "__enter__"}
)  # fmt: skip
"""Special names whose values are no classes, but for ``__class__``, which is looked after."""
_GIVING_NAMES: Final = frozenset({"mro", "exc_type", "exc_info", "registry", "default_factory"})
"""Other attributes that may be, or hold, classes of the program."""
_TYPE_TESTS: Final = frozenset(
    {"id", "isinstance", "issubclass", "print", "repr", "super", "type", ".match_class", ".super"}
)
"""Builtins that do not hand on a class."""
CLASS_DECORATORS: Final = frozenset({"dataclasses.dataclass", "functools.total_ordering", "typing.final"})


def known_classes(functions: Iterable[Function]) -> set[str]:
    """Names of classes that are never given to anything else."""
    found: set[str] = set()
    others: set[str] = set()
    for function in functions:
        writers: dict[int, Instr] = {}
        for instr in flatten(function.body):
            if instr.op == "class":
                found.add(str(instr.args[1]))
            elif instr.op == "gset":
                writer = writers.get(cast(int, instr.args[1]))
                if writer is None or not (writer.op == "class" or _decorates(writer)):
                    others.add(str(instr.args[0]))
            for register in writes_of(instr):
                writers[register] = instr
    return found - others


def has_properties_as_values(functions: dict[int, Function], properties: set[str]) -> bool:
    """True if a property may be had as a value, and so get into a class that is there already: from the body of a
    class, or as an attribute of the class itself. ``properties`` are their names."""
    if any(function.kind == "class" and _hands_on(function, properties) for function in functions.values()):
        return True
    if not properties:
        return False
    given = _given_classes(functions)
    names = {str(i.args[1]) for function in functions.values() for i in flatten(function.body) if i.op == "class"}
    uses = [_Classes(function, names, properties, given.get(index, set())) for index, function in functions.items()]
    loose = any(use.loose for use in uses)
    return any(
        not use.read.isdisjoint(properties) or (loose and not use.unknown.isdisjoint(properties)) for use in uses
    )


def _hands_on(function: Function, properties: set[str]) -> bool:
    """True if the body of a class does anything with a property but keep it under a name."""
    held: set[int] = set()
    texts: dict[int, object] = {}
    for instr in flatten(function.body):
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op == "const":
            texts[args[0]] = args[1]
        used = held.intersection(reads_of(instr))
        decorates = op in ("attr", "callm") and args[2] in _DECORATING_METHODS
        if used and not decorates and not (op == "setindex" and args[0] == 0) and not _makes_property(op, args):
            return True
        if (
            op in ("call", "callm")
            or _makes_property(op, args)
            or (op == "index" and texts.get(args[2], "") in properties)
        ):
            held.add(args[0])
    return False


def _decorates(instr: Instr) -> bool:
    """True for a decorator of classes that gives the class itself, or its like."""
    return instr.op == "callb" and instr.args[1] in CLASS_DECORATORS


def _makes_property(op: str, args: tuple[Any, ...]) -> bool:
    return op == "callb" and (args[1] in _DECORATORS or module_of(args[1]) == "functools")


def _given_classes(functions: dict[int, Function]) -> dict[int, set[int]]:
    """The functions that are given a class, and in which registers."""
    found: dict[int, set[int]] = {}
    for function in functions.values():
        if function.kind != "class":
            continue
        made: dict[int, int] = {}
        texts: dict[int, object] = {}
        for instr in flatten(function.body):
            args = cast("tuple[Any, ...]", instr.args)
            place = 0
            if instr.op == "func":
                made[args[0]] = args[1]
                continue
            if instr.op == "const":
                texts[args[0]] = args[1]
            elif instr.op == "setindex":
                if texts.get(args[1]) not in _GIVEN:
                    continue
                place = _GIVEN[str(texts[args[1]])]
            elif instr.op == "callb" and args[1] != "classmethod":
                continue
            for index in {made[register] for register in reads_of(instr) if register in made}:
                params = functions[index].params
                plain = all(param.kind in ("pos", "pos_only") for param in params[: place + 1])
                given = {place} if plain and len(params) > place else set(range(len(params)))
                found.setdefault(index, set()).update(given)
    return found


class _Classes:
    """What a function reads of classes, ``read``, and of what may be one if any function hands on a class,
    ``unknown``; ``loose`` tells that this one does, or that it has a class from elsewhere. Wherever a register may hold
    a class once, it counts as holding one."""

    def __init__(self, function: Function, names: set[str], properties: set[str], given: set[int]) -> None:
        self.read: set[str] = set()
        self.unknown: set[str] = set()
        self.loose = False
        self.kind = function.kind
        self.names = names
        self.cells = (*function.cells, *function.free)
        self.given = bool(given)
        self.instructions = list(flatten(function.body))
        self.writers: dict[int, list[Instr]] = {}
        for instr in self.instructions:
            for register in writes_of(instr):
                self.writers.setdefault(register, []).append(instr)
        self.held = set(given)
        while found := {r for i in self.instructions if self._holds(i) for r in writes_of(i)} - self.held:
            self.held |= found
        for instr in self.instructions:
            self._look(instr, properties)

    def _holds(self, instr: Instr) -> bool:
        """True if what the instruction writes may be a class, or hold one."""
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op in ("class", "gget"):
            return op == "class" or args[1] in self.names
        if op == "cget":
            return self.cells[args[1]] in self.names or self.cells[args[1]] == "__class__"
        if op in ("attr", "method"):
            return args[2] == "__class__" or args[2] in self.names
        if op == "callb" and args[1] in ("super", ".super"):
            return self.given or not self.held.isdisjoint(args[2][1:])
        if op == "callb" and not _decorates(instr):
            return bool(args[1] == "type")
        return (op in _PASSING or op == "callb") and not self.held.isdisjoint(reads_of(instr))

    def _look(self, instr: Instr, properties: set[str]) -> None:
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        used = self.held.intersection(reads_of(instr))
        name = str(args[2]) if op in ("attr", "method", "callm") else ""
        if op in ("attr", "method"):
            (self.read if used else self.unknown).add(name)
        if op in ("callb", "bget") and (args[1] in _READERS or module_of(args[1]) == "inspect"):
            self.unknown |= properties
            self.loose = self.loose or args[1] not in ("getattr", ".match_class")
        if (name.startswith("__") and name.endswith("__") and name not in _QUIET_NAMES) or name in _GIVING_NAMES:
            self.loose = True
            self.unknown |= properties
        if op in ("callb", "bget") and args[1] in _SOURCES:
            self.loose = True
        if op == "bget" and args[1] in ("classmethod", "type", "super"):
            self.loose = True
        if op == "callb" and args[1] == "classmethod" and self.kind != "class":
            self.loose = True
        if op == "setattr" and args[1] in _GIVEN:
            self.loose = True
        if op == "setindex" and self.kind == "class" and self._text(args[1]) in _GIVEN:
            self.loose = self.loose or not self._is_function(args[2])
        if used and not self._is_use(instr, used):
            self.loose = True
            if op == "callb":  # which may read all that a class has
                self.read |= properties

    def _is_use(self, instr: Instr, used: set[int]) -> bool:
        """True if what is done with a class does not hand it on."""
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op in ("call", "attr", "method", "callm", "index"):
            return used == {args[1]} and used.isdisjoint(_rest(args))
        if op in ("setattr", "delattr"):
            return used == {args[0]}
        if op == "callb":
            if args[1] == ".match_class":
                return args[2][0] not in used
            return args[1] in _TYPE_TESTS or _decorates(instr)
        if op == "class":
            return used.isdisjoint(register for _, register in args[4])
        if op in ("gset", "cset"):
            return self._is_named(args[1], args[0] if op == "gset" else self.cells[args[0]])
        if op == "setindex":
            return self.kind == "class" and args[0] == 0 and self._is_named(args[2], self._text(args[1]))
        return op in _PASSING or op in ("raise", "raise_from", "try", "cmp", "if", "unop", "check")

    def _is_named(self, register: int, name: object) -> bool:
        """True if a register holds the class of that name only."""
        writers = self.writers.get(register, ())
        return bool(writers) and all(
            (writer.op == "class" and writer.args[1] == name)
            or (_decorates(writer) and self._is_named(cast("tuple[int, ...]", writer.args[2])[0], name))
            for writer in writers
        )

    def _text(self, register: int) -> object:
        writers = self.writers.get(register, ())
        return writers[0].args[1] if len(writers) == 1 and writers[0].op == "const" else None

    def _is_function(self, register: int) -> bool:
        """True if a register holds a function of the class's body, as such or as its class method."""
        return all(
            writer.op == "func"
            or (
                writer.op == "callb"
                and writer.args[1] == "classmethod"
                and self._is_function(cast(Any, writer.args[2])[0])
            )
            for writer in self.writers.get(register, ())
        )


def _rest(args: tuple[Any, ...]) -> set[int]:
    """The registers that a call is given."""
    found: set[int] = set()
    for each in args[2:]:
        if type(each) is tuple:
            found.update(one[1] if type(one) is tuple else one for one in each)
    return found
