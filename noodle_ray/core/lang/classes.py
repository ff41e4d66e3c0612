"""Where a program's classes get to, and the properties in them."""

from collections.abc import Iterable
from typing import Any, Final, cast

from noodle_ray.core.nbc.module import Function, Instr
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of
from noodle_ray.core.vm.catalog import module_of

_DECORATORS: Final = frozenset({"property", "classmethod", "staticmethod"})
_DECORATING_METHODS: Final = frozenset({"getter", "setter", "deleter"})
_OF_CLASSES: Final = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
"""Methods that are given a class."""
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


def has_properties_as_values(functions: dict[int, Function], classes: set[str], properties: set[str]) -> bool:
    """True if a property may be had as a value, and so get into a class that is there already: from the body of a
    class, or as an attribute of the class itself. ``properties`` are their names."""
    if any(function.kind == "class" and _hands_on(function, properties) for function in functions.values()):
        return True
    if not properties:
        return False
    given = _given_classes(functions)
    uses = [_Classes(function, classes, index in given) for index, function in functions.items()]
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


def _given_classes(functions: dict[int, Function]) -> set[int]:
    """The functions whose first argument is a class."""
    found: set[int] = set()
    for function in functions.values():
        if function.kind != "class":
            continue
        made: dict[int, int] = {}
        texts: dict[int, object] = {}
        for instr in flatten(function.body):
            args = cast("tuple[Any, ...]", instr.args)
            if instr.op == "func":
                made[args[0]] = args[1]
            elif instr.op == "const":
                texts[args[0]] = args[1]
            elif instr.op == "setindex" and texts.get(args[1]) not in _OF_CLASSES:
                continue
            elif instr.op != "callb" or args[1] == "classmethod":
                found.update(made[register] for register in reads_of(instr) if register in made)
    return found


class _Classes:
    """What a function reads of classes, ``read``, and of what may be one if any function hands on a class,
    ``unknown``; ``loose`` tells that this one does."""

    def __init__(self, function: Function, classes: set[str], given: bool) -> None:
        self.read: set[str] = set()
        self.unknown: set[str] = set()
        self.loose = False
        cells = (*function.cells, *function.free)
        held: set[int] = {0} if given and function.params else set()
        for instr in flatten(function.body):
            op, args = instr.op, cast("tuple[Any, ...]", instr.args)
            used = held.intersection(reads_of(instr))
            if op == "attr":
                (self.read if used else self.unknown).add(args[2])
            if used and not self._is_use(instr, used):
                self.loose = True
            if (
                op == "class"
                or (op == "gget" and args[1] in classes)
                or (op == "cget" and cells[args[1]] in classes)
                or (op == "attr" and (args[2] == "__class__" or args[2] in classes))
                or (op == "callb" and (args[1] == "type" or (given and args[1] in ("super", ".super"))))
                or (used and (_decorates(instr) or op in ("move", "index")))
            ):
                held.add(args[0])

    def _is_use(self, instr: Instr, used: set[int]) -> bool:
        """True if what is done with a class does not hand it on."""
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op in ("call", "attr", "method", "callm", "index"):
            return used == {args[1]} and (op == "callm" or used.isdisjoint(_rest(args)))
        if op == "setattr" or op == "delattr":
            return used == {args[0]}
        if op == "callb":
            return args[1] in _TYPE_TESTS or _decorates(instr)
        return op in ("class", "gset", "move", "cset", "raise", "try", "cmp", "setindex", "if")


def _rest(args: tuple[Any, ...]) -> set[int]:
    """The registers that a call is given."""
    found: set[int] = set()
    for each in args[2:]:
        if type(each) is tuple:
            found.update(one[1] if type(one) is tuple else one for one in each)
    return found
