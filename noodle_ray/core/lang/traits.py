"""What the objects of a program's own classes and its generators may do when they are merely used.

With a class that defines ``__add__``, an addition may run code of the program; with a generator, a loop may. A
program without them has none of this, and its operators, loops and attributes do nothing but what they say.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, cast

from noodle_ray.core.lang.classes import has_properties_as_values, known_classes
from noodle_ray.core.nbc.module import Function, Instr
from noodle_ray.core.nbc.walk import flatten, reads_of, writes_of
from noodle_ray.core.vm.catalog import module_of
from noodle_ray.core.vm.names import CALLBACK_KEYWORDS, EXCEPTIONS, FUNCTIONS

_NONE: Final[frozenset[str]] = frozenset()
_ITERATION: Final = frozenset({"__iter__", "__next__", "__getitem__", "__len__", "__length_hint__", "__reversed__"})
_TRUTH: Final = frozenset({"__bool__", "__len__"})
_HASHING: Final = frozenset({"__hash__", "__eq__"})
_ORDER: Final = frozenset({"__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"})
_TEXT: Final = frozenset({"__str__", "__repr__", "__format__", "__bytes__"})
_ALONE: Final = (
    _TEXT | _TRUTH | _ITERATION - {"__getitem__"} | {"__hash__", "__index__", "__neg__", "__pos__", "__invert__"}
)
"""Methods that are given nothing but their object."""
_ACCESS: Final = frozenset({"__getattr__", "__get__"})
_UNCALLED: Final = frozenset(
    {"__aenter__", "__aexit__", "__annotations__", "__call__", "__doc__", "__enter__", "__exit__", "__init__",
     "__init_subclass__", "__match_args__", "__module__", "__new__", "__post_init__", "__qualname__", "__set_name__",
     "__slots__"}
)  # fmt: skip
"""What operators and builtins do not call: only calls, class statements and ``with`` do."""
_ARITHMETIC: Final[dict[str, str]] = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "<<": "lshift",
    ">>": "rshift", "&": "and", "|": "or", "^": "xor", "@": "matmul",
}  # fmt: skip
_OPERATORS: Final = {op: frozenset({f"__{name}__", f"__r{name}__", f"__i{name}__"}) for op, name in _ARITHMETIC.items()}
"""The methods that operators are."""
_BINARY: Final = {
    **_OPERATORS,
    "*": _OPERATORS["*"] | {"__index__"},
    "%": _OPERATORS["%"] | _TEXT | {"__getitem__", "__missing__", "__index__", "__int__", "__float__"},
}
"""With what texts and lists call of their operands."""
_UNARY: Final = {
    "-": frozenset({"__neg__"}), "+": frozenset({"__pos__"}), "~": frozenset({"__invert__"}), "not": _TRUTH,
}  # fmt: skip
_COMPARE: Final = {
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), _ORDER),
    **dict.fromkeys(("is", "is not"), _NONE),
    **dict.fromkeys(("in", "not in"), _ITERATION | _HASHING | {"__contains__"}),
}
_OF: Final[dict[str, frozenset[str]]] = {
    "index": _HASHING | {"__getitem__", "__missing__", "__class_getitem__", "__index__"},
    "setindex": _HASHING | {"__setitem__", "__index__"},
    "delindex": _HASHING | {"__delitem__", "__index__"},
    "format": _TEXT,
    **dict.fromkeys(("set", "dict", "setadd", "emit", "emit2"), _HASHING),
    **dict.fromkeys(("if", "ifx", "and", "or", "while"), _TRUTH),
    **dict.fromkeys(("attr", "callm", "method"), _ACCESS),
}
_OF_BUILTINS: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(EXCEPTIONS, _NONE),
    **dict.fromkeys(("callable", "id", "isinstance", "issubclass", "type"), _NONE),
    **dict.fromkeys((".match_mapping", ".match_sequence", ".name", ".super"), _NONE),
    **dict.fromkeys(("ascii", "repr", "str"), _TEXT),
    "bool": _TRUTH,
    "len": frozenset({"__len__"}),
    **dict.fromkeys(("chr", "range"), frozenset({"__index__"})),
    **dict.fromkeys(("iter", "list", "tuple", "reversed"), _ITERATION),
    "enumerate": _ITERATION | {"__index__"},
    "zip": _ITERATION | _TRUTH,
    **dict.fromkeys(("all", "any"), _ITERATION | _TRUTH),
    **dict.fromkeys(("max", "min"), _ITERATION | _ORDER),
    "sorted": _ITERATION | _ORDER | _TRUTH | {"__index__"},
    **dict.fromkeys(("dict", "frozenset", "set"), _ITERATION | _HASHING),
    "sum": _ITERATION | _BINARY["+"],
}
_PLAIN_OPS: Final = frozenset({"const", "tuple", "list", "dict", "set", "comp", "totuple", "concat", "format", "slice"})
PLAIN_BUILTINS: Final = frozenset(
    {"range", "list", "dict", "set", "frozenset", "sorted", "tuple", "str", "len", "repr"}
)
"""Builtins whose results are objects of builtin types, and no iterators."""
TEXT_BUILTINS: Final = frozenset({"str", "repr"})
"""Those whose results may be of a class of the program that is derived from ``str``."""
PLAIN_METHODS: Final = frozenset({"split", "splitlines", "strip", "lower", "upper", "replace", "join"})
"""Methods whose results are, whatever has them besides objects of the program."""
_ITERATED: Final[dict[str, int]] = {
    "for": 1, "unpack": 0, "unpackx": 0, "totuple": 1, "extend": 1, "update": 1, "kwmerge": 1, "gather": 2,
    "inplace": 3, "setindex": 2, "cmp": 3,
}  # fmt: skip
"""Opcodes that may go through a value, and which operand it is."""
_ITERATING_OPERATORS: Final = {"inplace": ("+", "|"), "cmp": ("in", "not in")}
"""With which operators those do that have one."""
_TESTED: Final[dict[str, int]] = {"if": 0, "ifx": 1, "and": 1, "or": 1, "while": 1}
"""Opcodes that ask whether a value is true, and which operand it is."""
_NOT_ITERATING: Final = EXCEPTIONS | frozenset(
    {"abs", "bin", "bool", "callable", "chr", "complex", "divmod", "float", "format", "hash", "hex", "id", "int",
     "isinstance", "issubclass", "json.dumps", "json.loads", "len", "oct", "ord", "pow", "print", "range", "repr",
     "round", "slice", "str", "type", ".match_class", ".match_keys", ".match_mapping", ".match_sequence", ".name",
     ".super"}
)  # fmt: skip
"""Builtins that do not go through their arguments."""
_KEEPING_METHODS: Final = frozenset(
    {
        *(name for name in str.__dict__ if not name.startswith("__") and name != "join"),
        *("add", "append", "appendleft", "clear", "copy", "discard", "get", "insert", "items", "keys", "pop", "remove"),
        *("findall", "fullmatch", "group", "match", "popitem", "popleft", "reverse", "search", "setdefault", "sort"),
        *("isoformat", "strftime", "values"),
    }
)
"""Methods of builtin types that do not go through their arguments."""
_QUIET_METHODS: Final = frozenset(
    {"append", "clear", "copy", "endswith", "items", "keys", "lower", "replace", "split", "splitlines", "startswith",
     "strip", "upper", "values"}
)  # fmt: skip
"""Methods of builtin types that use nothing of their arguments and elements."""
_COUNTING_METHODS: Final = frozenset({"endswith", "replace", "split", "splitlines", "startswith"})
"""Those of them that may be given numbers, and objects that stand for one."""
_MAKES_NAMES: Final = frozenset(
    {"setattr", "collections.namedtuple", "typing.NamedTuple", "types.SimpleNamespace", "dataclasses.make_dataclass",
     "argparse.Namespace", "vars"}
)  # fmt: skip
"""Builtins that make attributes of names that are not in the text as such."""
_HIDDEN_WAYS: Final = frozenset({"__dict__", "__setattr__"})
"""Attributes that do."""
_VIEWS: Final = frozenset({"keys", "items"})
"""Methods whose results are views, whose operators go through the other operand."""
_TAKING: Final = frozenset(
    {
        "callb",
        "check",
        "cmp",
        "extend",
        "for",
        "format",
        "if",
        "join",
        "totuple",
        "unpack",
        "unpackx",
        "update",
        "while",
    }
)
"""Opcodes and methods that keep no view they are given."""
_CONSTRUCTORS: Final = frozenset({"__init__", "__new__", "__call__", "__post_init__"})
"""What may run when a class is raised."""
_BASES: Final = EXCEPTIONS | frozenset({"object", "type", "collections.namedtuple", "typing.NamedTuple"})
_BASE_MODULES: Final = frozenset({"abc", "collections.abc", "enum", "typing"})
_CONTAINER_BASES: Final = frozenset({"ChainMap", "Counter", "DefaultDict", "Deque", "OrderedDict"})
"""Of the module ``typing``, other names for classes of ``collections``."""
_VALUE_OPS: Final = frozenset({"binop", "unop", "inplace", "cmp", "index", "setindex", "delindex", "callb", "format"})
_LAZY_KINDS: Final = frozenset({"generator", "coroutine", "async_generator"})
_TAKING_ALL: Final = frozenset(
    {"all", "any", "dict", "extend", "frozenset", "join", "list", "max", "min", "set", "sorted", "sum", "tuple",
     "update"}
)  # fmt: skip
"""Builtins and methods that go through what they are given and do not keep it."""
_TEXT_BASES: Final = frozenset({"str", "enum.StrEnum"})
_PAIRED: Final = frozenset({"dict", "update"})
"""What goes through the elements of what it is given, too, if that is no dict."""
_MERGING: Final = frozenset({"update", "kwmerge"})
"""Opcodes that ask whether an object has the method ``keys``."""
_SAFE_MEMBERS: Final = frozenset({"func", "const", "class", "list", "dict", "tuple", "set", "binop", "unop", "comp"})
"""Opcodes whose results, as members of a class, do nothing when they are read from an object."""


class Traits:
    """Read off all functions of a program once. ``lazy``: going through a value may run code. ``names`` are those of
    attributes that may hold functions of the program, ``properties`` those that may run code when read, ``constructs``
    tells that raising a class may run code, ``deep`` that code of the library may call methods of the program,
    ``nests`` that containers may hold iterators of the program's, ``texts`` that the text of an object may be an object
    of a class of the program."""

    def __init__(self, functions: dict[int, Function]) -> None:
        self.dunders: set[str] = set()
        self.names: set[str] = set()
        self.properties: set[str] = set()
        self.wild = False
        self.deep = False
        self.constructs = False
        self.nests = self.texts = False
        self._formats = self._slices = self._views = self._makes_properties = False
        self.lazy = any(function.kind in _LAZY_KINDS for function in functions.values())
        classes = known_classes(functions.values())
        for function in functions.values():
            if function.kind == "class":
                self._read_class(function)
            self._read(function, classes)
        self._makes_properties = self._makes_properties or has_properties_as_values(functions, self.properties)
        self.properties |= self._set_properties(functions.values())
        generators = {index for index, function in functions.items() if function.kind in _LAZY_KINDS}
        self.nests = self.nests or any(self._keeps_generators(one, generators) for one in functions.values())
        self.texts = self.deep or (self.texts and not _TEXT.isdisjoint(self.dunders))
        self.wild = self.wild or self.deep
        self.constructs = self.wild or bool(_CONSTRUCTORS & self.dunders)
        self._slices = self._slices or bool(_OF["index"] & self.dunders)
        self.dunders -= _UNCALLED
        operators = [*_OPERATORS.values(), *(used for op, used in _UNARY.items() if op != "not")]
        self.arithmetic = self.deep or any(used & self.dunders for used in operators)

    def _read(self, function: Function, classes: set[str]) -> None:
        writers: dict[int, Instr] = {}
        views: set[int] = set()
        for instr in flatten(function.body):
            op, args = instr.op, cast("tuple[Any, ...]", instr.args)
            if op == "callm" and args[2] in _VIEWS:
                views.add(args[0])
            if (op in ("attr", "method") and args[2] in _VIEWS) or (
                views
                and op not in _TAKING
                and not (op == "callm" and args[2] in _TAKING)
                and views & {*reads_of(instr)}
            ):
                self._views = True
            if op == "setattr" or op == "delattr":
                self._name(str(args[1]))
            elif op == "bget" or op == "callb":
                self._builtin(str(args[1]))
                if args[1] == "property" and (op == "bget" or function.kind != "class"):
                    self._makes_properties = True
            elif op == "class":
                self.wild = self.wild or any(keyword == "metaclass" for keyword, _ in args[4])
                bases = [writers.get(one) for one in args[3]]
                self.deep = self.deep or not all(_is_known_base(base, writers, classes) for base in bases)
                self.texts = self.texts or any(
                    base is not None and base.op in ("bget", "callb") and base.args[1] in _TEXT_BASES for base in bases
                )
            elif op == "setindex":
                key = writers.get(args[1])
                self._slices = self._slices or (key is not None and key.op == "slice")
            if op in ("attr", "callm", "method") and args[2] in _HIDDEN_WAYS:
                self.wild = True
            if op in ("attr", "callm", "method") and args[2] in ("format", "format_map"):
                template = writers.get(args[1])
                self._formats = self._formats or template is None or not _is_simple(template)
            for register in writes_of(instr):
                writers[register] = instr

    def _set_properties(self, functions: Iterable[Function]) -> set[str]:
        """Names under which properties may have been put into classes that were there before."""
        found: set[str] = set()
        for function in functions:
            writers: dict[int, Instr] = {}
            for instr in flatten(function.body):
                if instr.op == "setattr":
                    writer = writers.get(cast(int, instr.args[2]))
                    op = writer.op if writer else ""
                    read = writer is not None and op == "attr" and writer.args[2] in self.properties
                    if read or (self._makes_properties and op not in _SAFE_MEMBERS):
                        found.add(str(instr.args[1]))
                for register in writes_of(instr):
                    writers[register] = instr
        return found

    def _keeps_generators(self, function: Function, generators: set[int]) -> bool:
        """True if a generator may be kept as an element: all but an expression that is gone through at once."""
        if function.kind in _LAZY_KINDS and function.name != "<genexpr>":
            return True
        made = {instr.args[0] for instr in flatten(function.body) if instr.op == "func" and instr.args[1] in generators}
        if not made:
            return False
        results: set[int] = set()
        readers = Counter(register for instr in flatten(function.body) for register in reads_of(instr))
        for instr in flatten(function.body):
            args = cast("tuple[Any, ...]", instr.args)
            if instr.op == "call" and args[1] in made:
                results.add(args[0])
                made.discard(args[1])
        for instr in flatten(function.body):
            for register in results.intersection(reads_of(instr)):
                if readers[register] == 1 and self._takes_all(instr, register):
                    results.discard(register)
        return bool(made or results)

    def _takes_all(self, instr: Instr, register: int) -> bool:
        args = cast("tuple[Any, ...]", instr.args)
        if instr.op == "callb":
            return args[1] in _TAKING_ALL and args[2][:1] == (register,) and (len(args[2]) == 1 or args[1] == "sum")
        if instr.op == "callm":
            return args[2] in _TAKING_ALL and args[2] not in self.names and args[3] == (register,)
        return instr.op in ("for", "unpack", "unpackx", "totuple") or (instr.op == "extend" and args[1] == register)

    def _read_class(self, function: Function) -> None:
        constants: dict[Any, str] = {}
        writers: dict[Any, str] = {}
        for instr in flatten(function.body):
            op, args = instr.op, instr.args
            if op == "const" and type(args[1]) is str:
                constants[args[0]] = args[1]
                self._name(args[1])
            elif op == "setindex":
                if args[0] == 0 and args[1] in constants and writers.get(args[2]) not in _SAFE_MEMBERS:
                    self.properties.add(constants[args[1]])
                continue
            if args:
                writers[args[0] if type(args[0]) is int else None] = op

    def _name(self, name: str) -> None:
        if name.startswith("__") and name.endswith("__"):
            self.dunders.add(name)
        self.names.add(name)

    def _builtin(self, name: str) -> None:
        if name in _MAKES_NAMES:
            self.wild = True
        elif name == "collections.defaultdict":
            self.dunders.add("__missing__")
        elif name == "functools.cached_property":
            self.dunders.add("__get__")
        elif name == "dataclasses.field":
            self.dunders.add("__post_init__")
        elif name == "slice":
            self._slices = True
        elif module_of(name) == "itertools":
            self.lazy = self.nests = True

    def signature(self) -> tuple[object, ...]:
        """Equal for programs in which the same code runs for the same instructions."""
        flags = (self.wild, self.lazy, self.deep, self.constructs, self._formats, self._slices, self._views)
        names = (frozenset(self.dunders), frozenset(self.names), frozenset(self.properties))
        return (*names, flags, self.nests, self.texts)

    @property
    def any(self) -> bool:
        """False for a program of plain functions, in which using a value runs no code."""
        return self.lazy or self.wild or bool(self.dunders or self.names)

    def runs(self, instr: Instr, plain: set[int]) -> bool:
        """True if the instruction may run code of the program that it does not call. ``plain`` registers hold objects
        of builtin types, which do nothing of their own when gone through, read or tested."""
        op = instr.op
        args: Any = instr.args
        if self.deep and op in _VALUE_OPS and self._is_foreign(instr, plain):
            return True
        if self._goes_deep(op, args, plain):
            return True
        if op == "callb":
            return self._builtin_runs(args[1], _arguments(args), plain)
        if op == "callm":
            return self._method_runs(args[2], args[1], _arguments(args), plain)
        if (self.lazy or _ITERATION & self.dunders) and self._goes_through(op, args, plain):
            return True
        if op in _TESTED and args[_TESTED[op]] in plain:
            return False
        if op == "method" and args[1] in plain:
            return False
        if op in ("attr", "method") and (args[2] in self.properties or self.wild):
            return True
        if op == "index" and args[1] in plain:
            return bool((_HASHING | {"__index__"}) & self.dunders)
        return bool(_dunders_of(op, args) & self.dunders)

    def calls_nothing(self, name: str) -> bool:
        """True if a builtin runs no code of the program, whatever it is given."""
        return not (self.deep or self._builtin_runs(name, (-1,), set()))

    def is_own(self, name: str, receiver: int, plain: set[int]) -> bool:
        """True if a method of this name may be the program's."""
        return receiver not in plain and (name in self.names or self.wild or bool(_ACCESS & self.dunders))

    @property
    def receives(self) -> bool:
        """True if operators and builtins may give the program's methods an object besides their own."""
        return self.deep or bool(self.dunders - _ALONE)

    def _is_foreign(self, instr: Instr, plain: set[int]) -> bool:
        quiet = instr.op == "callb" and not _OF_BUILTINS.get(str(instr.args[1]), _TEXT)
        return not quiet and not plain.issuperset(reads_of(instr))

    def _goes_through(self, op: str, args: Any, plain: set[int]) -> bool:
        if op in ("binop", "inplace") and self._views and args[1] in "&|-^":
            return not plain.issuperset(args[2:])
        if op not in _ITERATED or args[_ITERATED[op]] in plain:
            return False
        if op == "setindex":
            return self._slices
        return op not in _ITERATING_OPERATORS or args[1] in _ITERATING_OPERATORS[op]

    def _goes_deep(self, op: str, args: Any, plain: set[int]) -> bool:
        """True if the elements of what is given may be gone through, or a method ``keys`` may be called."""
        if op == "inplace":
            given = args[3:] if args[1] == "|" else ()
        elif op in _MERGING:
            return "keys" in self.names and args[1] not in plain
        else:
            given = args[-2][:1] if op in ("callb", "callm") and args[1 if op == "callb" else 2] in _PAIRED else ()
        if not given or ~given[0] in plain:
            return False
        return self.nests or bool(_ITERATION & self.dunders) or ("keys" in self.names and given[0] not in plain)

    def _builtin_runs(self, name: str, args: tuple[int, ...], plain: set[int]) -> bool:
        if not args:
            return False
        if name == ".match_class" and (self.properties or self.wild):
            return True
        if self.lazy and name not in _NOT_ITERATING and not plain.issuperset(args):
            return True
        used = _OF_BUILTINS.get(name)
        return bool(self.dunders) if used is None else bool(used & self.dunders)

    def _method_runs(self, name: str, receiver: int, args: tuple[int, ...], plain: set[int]) -> bool:
        if self.is_own(name, receiver, plain):
            return True
        if self.lazy and name not in _KEEPING_METHODS and not plain.issuperset(args):
            return True
        if name in ("format", "format_map") and self._formats and (self.properties or self.wild):
            return True
        if name in _COUNTING_METHODS:
            return "__index__" in self.dunders and not plain.issuperset(args)
        return bool(self.dunders) and name not in _QUIET_METHODS


def _arguments(args: Any) -> tuple[int, ...]:
    """What a builtin or a method is given, besides what it calls."""
    return (*args[-2], *[register for name, register in args[-1] if name not in CALLBACK_KEYWORDS])


def _is_known_base(base: Instr | None, writers: dict[int, Instr], classes: set[str]) -> bool:
    """True for classes of the program, builtins and such classes of the library as call nothing by themselves."""
    if base is None:
        return False
    args = cast("tuple[Any, ...]", base.args)
    if base.op == "index":
        return _is_known_base(writers.get(args[1]), writers, classes)
    if base.op == "gget":
        return args[1] in classes
    if base.op == "class":
        return True
    if base.op not in ("bget", "callb"):
        return False
    module, _, member = str(args[1]).rpartition(".")
    return args[1] in _BASES | FUNCTIONS or (module in _BASE_MODULES and member not in _CONTAINER_BASES)


def _is_simple(template: Instr) -> bool:
    """True for a constant format without fields that read an attribute."""
    return template.op == "const" and not any(
        "." in field.split("}")[0].split(":")[0] or "{" in field for field in str(template.args[1]).split("{")[1:]
    )


def _dunders_of(op: str, args: Any) -> frozenset[str]:
    if op == "binop" or op == "inplace":
        return _BINARY[args[1]]
    if op == "unop":
        return _UNARY[args[1]]
    if op == "cmp":
        return _COMPARE[args[1]]
    return _OF.get(op, _NONE)


def makes_plain(instr: Instr, plain: set[int], traits: Traits) -> bool:
    """True if what the instruction writes is an object of a builtin type, and no iterator over another."""
    op, args = instr.op, instr.args
    if op in _PLAIN_OPS or op == "unset":
        return not (traits.texts and op == "format")
    if op == "callb":
        return args[1] in PLAIN_BUILTINS and not (traits.texts and args[1] in TEXT_BUILTINS)
    if op == "callm":
        return args[2] in PLAIN_METHODS and args[2] not in traits.names
    return op in ("move", "method") and args[1] in plain


def makes_dict(instr: Instr, plain: set[int]) -> bool:
    """True if what the instruction writes is a dict or holds nothing, which is marked by ``~register`` in ``plain``."""
    op, args = instr.op, instr.args
    if op in ("const", "dict", "unset"):
        return True
    if op == "comp":
        return args[1] == "dict"
    if op == "callb":
        return args[1] == "dict"
    return op == "move" and ~cast(int, args[1]) in plain
