"""What a program's text seems to need of a worker, so that one for it alone is ready sooner.

A guess is enough: a worker that lacks something says so, and the run begins anew in one that has all there is.
"""

from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.light import Final, NamedTuple

_NOT_SIMPLE: Final = (
    *("abc", "async", "await", "class", "del", "except", "global", "isinstance", "issubclass", "match", "model"),
    *("nonlocal", "typing", "with", "yield", "globals", "locals", "annotations", "signature", "singledispatch"),
    *("get_type_hints", "fields"),
)
_NOT_LEAN: Final = ("attr", "bytes", "code", "dir", "finally", "hash", "import", "object", "vars")
_SUSPENDED: Final = ("def", "for", "lambda", "while")
"""What may need more on the interpreter, which is not made for loops and functions."""
_ON_PYTHON: Final = frozenset({"for", "while", "def", "try:", "lambda", "while(", "class", "with", "match"})


class Needs(NamedTuple):
    """Tiers and modules of the library to load, and whether that is all but what every program needs.

    A ``simple`` program has none of the words whose meaning is loaded later. One that is ``lean`` has also none that
    need what is imported when it is first used.
    """

    tiers: tuple[str, ...] = ("interpreter", "python")
    modules: tuple[str, ...] = tuple(MODULES)
    simple: bool = False
    lean: bool = False

    def holds(self, imports: tuple[str, ...]) -> bool:
        """Whether a worker with this has all that a module with these imports can need."""
        return len(self.tiers) == 2 and not self.simple and not self.lean and {*imports} <= {*self.modules}


def needs(file: str, tier: str) -> Needs:
    """What the program in a file seems to need on a tier."""
    try:
        with open(file, encoding="utf-8") as opened:
            text = opened.read(1 << 20)
    except (OSError, ValueError):
        return Needs(modules=())
    words = set(text.split())
    imported: set[str] = set()
    if words & {"import", "from"}:
        for line in text.splitlines():
            if line.lstrip().startswith(("import ", "from ")):
                imported.update(line.replace(",", " ").replace(";", " ").split())
    if not any(word in text for word in ("model", *MODULES["noodle_ray"])):
        imported.discard("noodle_ray")  # all else of it needs no module, and this one imports numpy
    modules = tuple([name for name in MODULES if name in imported or _top(name) in imported])
    simple = not any(word in text for word in _NOT_SIMPLE)
    lean = simple and text.isascii() and not any(word in text for word in _NOT_LEAN)
    if tier == "interpreter" or (tier == "auto" and not words & _ON_PYTHON):
        return Needs(("interpreter",), modules, simple, lean and not any(word in text for word in _SUSPENDED))
    return Needs(("python",), modules, simple, lean)


def _top(module: str) -> str:
    """The package that a dotted module may be imported through; '' for others."""
    return module.partition(".")[0] if "." in module else ""
