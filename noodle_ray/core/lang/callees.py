"""Which functions a value may be, followed through parameters, results, closures, globals and attributes.

A flow analysis of the whole program without regard to the order in which it runs (Shivers, "Control-Flow Analysis in
Scheme", 1988, of order zero); attributes are told apart by name only. A function that gets where it is not followed may
be called by anybody, with anything, and so may one that nothing calls, but for ``entry``. A run itself calls
functions with plain data only.
"""

from collections.abc import Iterable
from typing import Any, Final, cast

from noodle_ray.core.lang.classes import CLASS_DECORATORS
from noodle_ray.core.lang.traits import PLAIN_BUILTINS, PLAIN_METHODS, TEXT_BUILTINS, Traits
from noodle_ray.core.nbc.module import Function, Instr
from noodle_ray.core.nbc.ops import MAKERS
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of
from noodle_ray.core.vm.catalog import module_of
from noodle_ray.core.vm.names import EXCEPTIONS, MODULES, TOOL

MODEL: Final = -1
"""Stands for all models among the functions that a value may be."""
QUIET: Final = -2
"""Stands for builtins that call nothing and change nothing."""
ANY: Final = -3
"""Stands for all that is not known."""

Node = tuple[object, ...]
_ESCAPE: Final[Node] = ("escape",)
_QUIET_BUILTINS: Final = frozenset({"abs", "bool", "chr", "float", "hash", "int", "len", "ord", "repr", "round", "str"})
_DATA: Final = frozenset(
    {"const", "format", "concat", "effect", "unset", "check", "force", "barrier", "break", "continue"}
)
"""Opcodes whose results are no functions, and whose operands get nowhere."""
_CONTAINERS: Final = frozenset({"list", "tuple", "set", "dict", "totuple", "comp"})
"""Opcodes whose results are new objects of builtin types, which may hold anything."""
_THROUGH: Final = frozenset({"enumerate", "reversed", "zip"})
"""Builtins that go through what they are given when their result is gone through."""
_TESTS: Final = frozenset({"if", "while", "try"})
_GLOBAL_NAMES: Final = frozenset({".globals", ".locals"})
_HIDDEN_WAYS: Final = frozenset(
    {"__dict__", "__setattr__", "__getattribute__", "__getattr__", "__delattr__", "__getstate__", "__reduce__",
     "__reduce_ex__"}
)  # fmt: skip
_BY_NAME: Final = {"getattr": 1, "operator.attrgetter": 0, "operator.methodcaller": 0}
"""Builtins that reach an attribute whose name is a text, and the first argument that is one."""
_CLASS_MAKERS: Final = frozenset({"vars", "abc.ABCMeta"})
_SIMPLE_BASES: Final = EXCEPTIONS | {
    "object", "int", "float", "str", "list", "dict", "tuple", "set", "frozenset", "abc.ABC",
    "typing.Protocol", "typing.Generic",
}  # fmt: skip
"""Classes whose operators and methods never give an object of a subclass."""
_KNOWN_MODULES: Final = frozenset(
    {"", "abc", "base64", "binascii", "bisect", "cmath", "collections", "copy", "dataclasses", "datetime",
     "fractions", "functools", "hashlib", "heapq", "html", "itertools", "json", "keyword", "math", "noodle_ray",
     "numbers", "operator", "random", "re", "secrets", "statistics", "string", "struct", "textwrap", "time", "typing",
     "unicodedata"}
)  # fmt: skip
"""Modules none of whose objects has a method that changes something, besides those of ``_TAKEN``."""
_TAKEN: Final = frozenset(
    {
        *(name for kind in (str, bytearray, list, dict, set, tuple, int, float, complex) for name in kind.__dict__),
        *("add_note", "appendleft", "cache_clear", "close", "elements", "extendleft", "fill", "move_to_end", "popleft"),
        *("rotate", "send", "subtract", "throw", "with_traceback", "register", "dispatch", "asend", "athrow", "aclose"),
        *("now", "today", "utcnow", "getter", "setter", "deleter", "new_child", "func", "fget", "fset", "fdel", "args"),
        *("keywords", "kwargs", "default", "default_factory", "obj", "object", "registry", "maps", "type", "value"),
        *("metadata", "template", "compare", "code", "name", "reason", "errno", "strerror", "filename", "filename2"),
        *("path", "msg", "text", "lineno", "offset", "end_lineno", "end_offset", "print_file_and_line", "message"),
        *("exceptions", "encoding", "start", "end", "stop", "step", "data", "doc", "pos", "string", "pattern", "flags"),
        *("delimiter", "idpattern", "braceidpattern", "init", "hash", "repr", "kw_only", "tzinfo", "bound", "maxlen"),
        *("attrname", "dispatcher", "_value_", "_name_", "memo", "scan_once", "parse_object", "parse_array"),
        *("parse_string", "item_separator", "key_separator", "wordsep_re", "wordsep_simple_re", "sentence_end_re"),
        *("skipkeys", "ensure_ascii", "check_circular", "allow_nan", "sort_keys", "indent", "separators", "default"),
        *("object_hook", "parse_float", "parse_int", "parse_constant", "strict", "object_pairs_hook", "width"),
        *("initial_indent", "subsequent_indent", "expand_tabs", "replace_whitespace", "fix_sentence_endings"),
        *("break_long_words", "drop_whitespace", "break_on_hyphens", "tabsize", "max_lines", "placeholder"),
        *(name for members in MODULES.values() for name in members),
    }
)
"""Names that objects which are not of the program's own classes may have, for what they do or for any value."""


class Callees:
    """The functions that each register of a program may hold, by index, with MODEL, QUIET and ANY among them."""

    def __init__(self, functions: list[Function], traits: Traits, entry: int | None) -> None:
        self._functions = functions
        self._traits = traits
        self._sets: dict[Node, set[int]] = {}
        self._edges: dict[Node, list[Node]] = {}
        self._calls: dict[Node, list[tuple[int, Instr]]] = {}
        self._waiting: list[tuple[Node, set[int]]] = []
        self._escaped: set[int] = set()
        self._called: set[int] = set()
        self._pairs: set[Node] = set()  # whose elements are tuples; registers without a name are written once
        self._parents = {
            cast(int, instr.args[MAKERS[instr.op]]): index
            for index, function in enumerate(functions)
            for instr in flatten(function.body)
            if instr.op in MAKERS
        }
        self.unknown = self._is_unknown()
        if self.unknown:
            return
        self._open = self._open_names()
        self._derived = self._open is None or self._has_other_bases()  # operators may give objects of own classes
        for index, function in enumerate(functions):
            for instr in flatten(function.body):
                self._instr(index, instr)
            if function.kind == "class":
                self._members(index, function)
        for index, function in enumerate(functions):
            if function.kind == "class":
                self._escape(index)
        self._settle()
        for index, function in enumerate(functions):
            if function.params and index not in self._called and index != entry:
                self._escape(index)
        self._settle()

    def of(self, function: int, register: int) -> frozenset[int]:
        """What a register may hold; empty if it is not known."""
        return self._known(("r", function, register))

    def is_plain(self, function: int, register: int) -> bool:
        """True if a register only ever holds objects that run no code when they are gone through or tested."""
        return not self.unknown and ANY not in self._sets.get(("r", function, register), ())

    def named(self, name: str) -> frozenset[int]:
        """What an attribute of this name may be, of whatever object; empty if it is not known."""
        if self.unknown or self._is_open(name):
            return frozenset()
        return self._known(("f", name))

    def _known(self, node: Node) -> frozenset[int]:
        found = self._sets.get(node, ()) if not self.unknown else ()
        if ANY in found or any(one >= 0 and self._functions[one].kind for one in found):
            return frozenset()
        return frozenset(found)

    # what cannot be followed

    def _is_unknown(self) -> bool:
        """True if the program has ways to values that are not followed."""
        for function in self._functions:
            for op, args, _ in flatten(function.body):
                if op in ("callb", "bget") and args[1] in _GLOBAL_NAMES:
                    return True
                if op == "setattr" and str(args[1]).startswith("__") and args[1] != "__doc__":
                    return True
        return False

    def _is_open(self, name: str) -> bool:
        """True if it is not known what attributes of this name may be."""
        return self._open is None or name in self._open or name.startswith("__")

    def _open_names(self) -> set[str] | None:
        """Attributes that may be set otherwise than by name, or that other objects than the program's have; None for
        all."""
        opened: set[str] = set()
        for function in self._functions:
            constants: dict[object, str] = {}
            kept: set[object] = set()
            for instr in flatten(function.body):
                op, args = instr.op, cast("tuple[Any, ...]", instr.args)
                if op in ("attr", "callm", "method", "setattr", "delattr"):
                    name = str(args[1] if op in ("setattr", "delattr") else args[2])
                    if name in _HIDDEN_WAYS:
                        return None
                    if name in _TAKEN:
                        opened.add(name)
                elif _is_hidden_way(op, args, function):
                    return None
                if function.kind == "class" and op == "const" and type(args[1]) is str:
                    if args[0] in kept:
                        opened.add(constants[args[0]])
                    constants[args[0]] = args[1]
                    kept.add(args[0])
                elif function.kind == "class" and op == "setindex" and args[0] == 0:
                    kept.discard(args[1])
            opened.update(constants[register] for register in kept)
        if self._traits.wild or self._traits.dunders & {"__getattr__", "__get__"}:
            return None
        return opened | self._traits.properties

    def _has_other_bases(self) -> bool:
        """True if a class may have bases whose operators and methods give objects of the subclass."""
        waiting: list[Node] = [
            ("r", index, register)
            for index, function in enumerate(self._functions)
            for instr in flatten(function.body)
            if instr.op == "class"
            for register in cast("tuple[int, ...]", instr.args[3])
        ]
        if not waiting:
            return False
        written: dict[Node, list[tuple[int, Instr]]] = {}
        for index, function in enumerate(self._functions):
            for instr in flatten(function.body):
                for register in writes_of(instr):
                    written.setdefault(("r", index, register), []).append((index, instr))
                if instr.op == "gset":
                    written.setdefault(("g", instr.args[0]), []).append((index, instr))
                elif instr.op == "cset":
                    written.setdefault(self._cell(index, cast(int, instr.args[0])), []).append((index, instr))
        seen = set(waiting)
        while waiting:
            node = waiting.pop()
            if node not in written:
                return True
            if node[0] == "r" and cast(int, node[2]) < len(self._functions[cast(int, node[1])].params):
                return True
            for index, instr in written[node]:
                if instr.op == "class" or (instr.op == "bget" and instr.args[1] in _SIMPLE_BASES):
                    continue
                source = self._source(index, instr)
                if source is None:
                    return True
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
        return False

    def _source(self, index: int, instr: Instr) -> Node | None:
        """From where an instruction has the class that it writes."""
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        if op == "gget":
            return ("g", args[1])
        if op == "cget":
            return self._cell(index, args[1])
        if op == "callb" and args[1] in CLASS_DECORATORS and len(args[2]) == 1:
            return ("r", index, args[2][0])
        generic = op == "index" and "__class_getitem__" not in self._traits.dunders
        return ("r", index, args[1]) if op in ("move", "gset", "cset") or generic else None

    # constraints

    def _instr(self, index: int, instr: Instr) -> None:
        op, args = instr.op, cast("tuple[Any, ...]", instr.args)
        target: Node = ("r", index, args[0]) if args else ()

        def register(number: int) -> Node:
            return ("r", index, number)

        if op in _DATA or (op == "cmp" and str(args[1]).startswith("is")):
            if op == "effect":
                self._leave(index, reads_of(instr))
            elif op == "format" and self._traits.texts:
                self._add(target, ANY)
        elif op in _CONTAINERS or self._is_plain(op, args):
            self._leave(index, reads_of(instr))
        elif op == "move":
            self._edge(register(args[1]), target)
        elif op == "gget":
            self._edge(("g", args[1]), target)
        elif op == "gset":
            self._edge(register(args[1]), ("g", args[0]))
        elif op == "cget":
            self._edge(self._cell(index, args[1]), target)
        elif op == "cset":
            self._edge(register(args[1]), self._cell(index, args[0]))
        elif op == "bget":
            self._add(target, QUIET if args[1] in _QUIET_BUILTINS and not self._traits.any else ANY)
        elif op == "func":
            self._add(target, args[1])
            defaults = [place for place, param in enumerate(self._functions[args[1]].params) if param.default]
            for place, value in zip(defaults, args[2], strict=True):
                self._edge(register(value), ("r", args[1], place))
        elif op == "model":
            self._add(target, ANY if str(args[1]).startswith(TOOL) else MODEL)
        elif op in ("and", "or"):
            self._edge(register(args[1]), target)
            self._edge(register(args[3]), target)
        elif op == "ifx":
            self._edge(register(args[3]), target)
            self._edge(register(args[5]), target)
        elif op == "attr":
            self._edge(register(args[1]), _ESCAPE)
            self._attribute(args[2], target)
        elif op == "setattr":
            self._edge(register(args[2]), ("f", args[1]))
            self._leave(index, (args[0], args[2]))
        elif op == "call":
            self._when_known(register(args[1]), index, instr)
        elif op == "callb":
            self._builtin(index, instr)
        elif op == "return":
            self._edge(register(args[0]), ("ret", index))
        elif op == "for" and register(args[1]) in self._pairs:
            self._leave(index, (args[1],))
        elif op == "gather":
            self._edge(register(args[2]), _ESCAPE)
            self._called.add(args[3])
            if register(args[2]) not in self._pairs:
                self._add(("r", args[3], 0), ANY)
            self._edge(("ret", args[3]), _ESCAPE)
        elif op == "class":
            self._leave(index, reads_of(instr))
            self._add(target, ANY)
        elif op not in _TESTS:
            self._leave(index, reads_of(instr))
            for written in writes_of(instr):
                self._add(register(written), ANY)
        if op == "try":
            for written in writes_of(instr):
                self._add(register(written), ANY)

    def _is_plain(self, op: str, args: tuple[Any, ...]) -> bool:
        """True for an instruction whose result is an object of a builtin type."""
        if op == "unop" and args[1] == "not":
            return True
        if self._derived or (self._traits.texts and op == "binop" and args[1] == "%"):
            return False
        if op == "callm":
            return args[2] in PLAIN_METHODS and args[2] not in self._traits.names
        return op in ("binop", "unop") and not self._traits.arithmetic

    def _leave(self, index: int, registers: Iterable[int]) -> None:
        for register in registers:
            self._edge(("r", index, register), _ESCAPE)

    def _attribute(self, name: str, target: Node) -> None:
        if self._is_open(name) or name not in self._traits.names:
            self._add(target, ANY)
        else:
            self._edge(("f", name), target)

    def _cell(self, index: int, place: int) -> Node:
        function = self._functions[index]
        name = (*function.cells, *function.free)[place]
        while name not in self._functions[index].cells:
            if index not in self._parents:
                return ("cell", -1, name)
            index = self._parents[index]
        return ("cell", index, name)

    def _members(self, index: int, function: Function) -> None:
        """What a class has under a name is what its objects have, too."""
        constants: dict[object, str] = {}
        for instr in flatten(function.body):
            args = cast("tuple[Any, ...]", instr.args)
            if instr.op == "const" and type(args[1]) is str:
                constants[args[0]] = args[1]
            elif instr.op == "setindex" and args[0] == 0 and args[1] in constants:
                self._edge(("r", index, args[2]), ("f", constants[args[1]]))

    def _builtin(self, index: int, instr: Instr) -> None:
        target, name, given = cast("tuple[int, str, tuple[int, ...]]", instr.args[:3])
        if name == "functools.partial" and given:
            self._edge(("r", index, given[0]), ("r", index, target))
            self._leave(index, reads_of(instr))
            return
        if name == ".each" and given:  # only ever of a part of the function around, with an element
            self._when_known(("r", index, given[0]), index, instr)
            self._leave(index, given[1:])
        else:
            self._leave(index, reads_of(instr))
        if name in ("enumerate", "zip") and target >= len(self._functions[index].locals):
            self._pairs.add(("r", index, target))
        if name in _THROUGH:
            for register in given:
                self._edge(("r", index, register), ("r", index, target))
        elif name not in PLAIN_BUILTINS or (self._traits.texts and name in TEXT_BUILTINS):
            self._add(("r", index, target), ANY)

    # propagation

    def _add(self, node: Node, one: int) -> None:
        held = self._sets.setdefault(node, set())
        if one not in held:
            held.add(one)
            self._waiting.append((node, {one}))

    def _edge(self, source: Node, target: Node) -> None:
        self._edges.setdefault(source, []).append(target)
        for one in tuple(self._sets.get(source, ())):
            self._flow(one, target)

    def _flow(self, one: int, target: Node) -> None:
        if target == _ESCAPE:
            self._escape(one)
        else:
            self._add(target, one)

    def _when_known(self, callee: Node, index: int, instr: Instr) -> None:
        self._calls.setdefault(callee, []).append((index, instr))
        for one in tuple(self._sets.get(callee, ())):
            self._call(one, index, instr)

    def _settle(self) -> None:
        while self._waiting:
            node, new = self._waiting.pop()
            for one in new:
                for target in tuple(self._edges.get(node, ())):
                    self._flow(one, target)
                for index, instr in tuple(self._calls.get(node, ())):
                    self._call(one, index, instr)

    def _escape(self, one: int) -> None:
        """A function may be called by code that is not followed."""
        if one < 0 or one in self._escaped:
            return
        self._escaped.add(one)
        for place in range(len(self._functions[one].params)):
            self._add(("r", one, place), ANY)
        self._edge(("ret", one), _ESCAPE)

    def _call(self, one: int, index: int, instr: Instr) -> None:
        """What a call does if this is what it calls."""
        args = cast("tuple[Any, ...]", instr.args)
        if instr.op == "callb":
            if one >= 0:
                self._called.add(one)
                self._add(("r", one, 0), ANY)
                self._edge(("ret", one), _ESCAPE)
            return
        target, _, given, named = args
        node: Node = ("r", index, target)
        if one < 0:
            self._leave(index, [*given, *(register for _, register in named)])
            if one != MODEL:
                self._add(node, ANY)
            return
        self._called.add(one)
        function = self._functions[one]
        positional = [place for place, param in enumerate(function.params) if param.kind in ("pos", "pos_only")]
        names = {param.name: place for place, param in enumerate(function.params) if param.kind in ("pos", "kw_only")}
        for place, register in enumerate(given):
            self._pass(index, register, one, positional[place] if place < len(positional) else None)
        for name, register in named:
            self._pass(index, register, one, names.get(name))
        if function.kind:
            self._add(node, ANY)
            self._edge(("ret", one), _ESCAPE)
        else:
            self._edge(("ret", one), node)

    def _pass(self, index: int, register: int, callee: int, place: int | None) -> None:
        self._edge(("r", index, register), _ESCAPE if place is None else ("r", callee, place))


def _texts(function: Function) -> dict[int, list[object]]:
    """What each register that only constants are written to may hold."""
    found: dict[int, list[object]] = {}
    others: set[int] = set(range(len(function.params)))
    for instr in flatten(function.body):
        for register in writes_of(instr):
            if instr.op == "const":
                found.setdefault(register, []).append(instr.args[1])
            else:
                others.add(register)
    return {register: values for register, values in found.items() if register not in others}


def _is_hidden_way(op: str, args: tuple[Any, ...], function: Function) -> bool:
    """True for what may set attributes, or make classes, in a way that is not followed."""
    if op == "class":
        return any(keyword == "metaclass" for keyword, _ in args[4])
    if op == "const":
        return not _HIDDEN_WAYS.isdisjoint(args[1] if type(args[1]) is tuple else (args[1],))
    if op not in ("callb", "bget"):
        return False
    if args[1] == "type":
        return op == "bget" or len(args[2]) != 1
    if args[1] in _BY_NAME:
        first = _BY_NAME[args[1]]
        names = args[2][first : first + 1 if args[1] != "operator.attrgetter" else None] if op == "callb" else ()
        texts = _texts(function)
        return not names or any(
            type(text) is not str or "__" in text for register in names for text in texts.get(register, (None,))
        )
    return args[1] in _CLASS_MAKERS or module_of(args[1]) not in _KNOWN_MODULES
