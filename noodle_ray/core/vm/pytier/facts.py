"""What a module's classes define, which decides how its attributes are read and which operators may run its code."""

from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.endings import can_tell
from noodle_ray.light import Final, NamedTuple, cast

TEXTS: Final = frozenset({"__str__", "__repr__", "__format__"})


class Facts(NamedTuple):
    """``names`` are attribute names that objects of the module's classes may have, ``bodies`` those that the bodies of
    classes define; ``specials`` the special methods that its classes may define; ``methods`` the functions made in the
    bodies of classes. ``lazy`` says whether it may have iterators and objects of libraries that run its code;
    ``ends`` whether it can be told when a value is freed: a generator's ``finally`` runs then; ``paying`` whether
    methods with the names of builtin types' may let other threads run or charge fuel."""

    names: frozenset[str]
    bodies: frozenset[str]
    specials: frozenset[str]
    methods: frozenset[int]
    lazy: bool
    ends: bool
    paying: bool

    def may_define(self, *methods: str) -> bool:
        """Whether a class of the module may have one of these methods."""
        return not (self.specials.isdisjoint((*methods, "__getattr__")) and self.names.isdisjoint(methods))

    @property
    def own_texts(self) -> bool:
        """Whether ``str``, ``repr`` and ``format`` may give an object of a class derived from ``str``."""
        return self.may_define(*TEXTS)


_Keywords = tuple[tuple[str, int], ...]
NO_FACTS: Final = Facts(frozenset(), frozenset(), frozenset(), frozenset(), False, False, False)
_LAZY: Final = frozenset({"map", "filter", "iter"})
_INERT: Final = frozenset(
    (
        *("base64", "calendar", "cmath", "datetime", "decimal", "fractions", "hashlib", "json", "math", "random", "re"),
        *("statistics", "string", "textwrap", "time", "typing", "unicodedata", "urllib.parse", "uuid"),
    )
)
"""Modules whose objects run none of a program's code."""
_PAYING: Final = frozenset(
    (
        *("concurrent.futures", "configparser", "graphlib", "html.parser", "queue", "threading", "weakref"),
        "xml.etree.ElementTree",
    )
)
_MAKERS: Final = frozenset({"setattr", "vars", "functools.total_ordering", "dataclasses.make_dataclass", "enum.Enum"})


def facts_of(module: Module) -> Facts:
    """Look through a module once."""
    names: set[str] = set()
    bodies: set[str] = set()
    specials: set[str] = set()
    methods: set[int] = set()
    lazy = not _INERT.issuperset(module.imports)
    ends = can_tell(module)
    for function in module.functions:
        inside = function.kind == "class"
        lazy = lazy or function.kind not in ("", "class")
        for instr in flatten(function.body):
            if inside and instr.op == "const" and type(instr.args[1]) is str:
                text = instr.args[1]
                (specials if text.startswith("__") else bodies).add(text)
            elif inside and instr.op == "func":
                methods.add(cast(int, instr.args[1]))
            elif instr.op == "setattr":
                text = cast(str, instr.args[1])
                (specials if text.startswith("__") else names).add(text)
            elif instr.op in ("callb", "bget") and instr.args[1] in _MAKERS:
                specials.add("__getattr__")
            elif instr.op == "class" and any(keyword == "metaclass" for keyword, _ in cast(_Keywords, instr.args[4])):
                specials |= TEXTS
            elif instr.op in ("callb", "bget") and instr.args[1] in _LAZY:
                lazy = True
    names |= bodies
    paying = not _PAYING.isdisjoint(module.imports)
    shown = frozenset(specials) - _HARMLESS
    return Facts(frozenset(names), frozenset(bodies), shown, frozenset(methods), lazy, ends, paying)


_HARMLESS: Final = frozenset(
    f"__{name}__" for name in ("init", "new", "slots", "doc", "annotations", "module", "qualname", "match_args", "name")
)
