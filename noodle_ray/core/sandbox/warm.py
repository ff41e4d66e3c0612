"""What a process loads before it becomes a worker or forks some: once locked down, it can import nothing."""

import gc
import warnings

from noodle_ray.core.nbc import digest
from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.core.vm.modules import preload
from noodle_ray.light import Final, Iterable, import_module

TIERS: Final = {"interpreter": "noodle_ray.core.vm.interpreter", "python": "noodle_ray.core.vm.pytier.run"}
_LAZY: Final = (
    "noodle_ray.core.nbc.verifier",
    "noodle_ray.core.sandbox.worker",
    "noodle_ray.core.vm.classes.access",
    "noodle_ray.core.vm.classes.functions_of",
    "greenlet",
    "unicodedata",
)
"""What the runtime imports only when a program first needs it."""
_LATER: Final = (
    "noodle_ray.core.nbc.verifier.ready",
    "noodle_ray.core.vm.classes.abstract",
    "noodle_ray.core.vm.generators.hidden",
    "noodle_ray.core.vm.modules.typing_",
)
"""What it imports only for programs that are not simple."""
_NOT_SIMPLE: Final = (
    *("abc", "async", "await", "class", "del", "except", "global", "isinstance", "issubclass", "match", "model"),
    *("nonlocal", "typing", "with", "yield"),
)

_CODECS: Final = ("utf-16-be", "utf-16-le", "utf-32-be", "utf-32-le")
"""Encodings of `core.vm.strings` that CPython imports when they are first used."""


def is_simple(source: str) -> bool:
    """Whether a text has none of the words whose meaning is loaded later."""
    return not any(word in source for word in _NOT_SIMPLE)


def load(tiers: Iterable[str] = TIERS, modules: Iterable[str] = MODULES, simple: bool = False) -> None:
    """Import all that a run on these tiers, with these modules of the catalog, can need; no other can run.

    A program that is not ``simple`` can need more.
    """
    for name in (*_LAZY, *(() if simple else _LATER), *(TIERS[tier] for tier in tiers)):
        import_module(name)
    for encoding in _CODECS:
        "".encode(encoding)
    preload(name for name in modules if name in MODULES)
    warnings.simplefilter("ignore")  # telling of one would import what a locked process cannot
    digest(b"")


def warm() -> None:
    """Import all that a run can need, execute a little program on each tier, and settle the heap for forking."""
    load()
    import_module("noodle_ray.core.vm.profiler")
    import_module("noodle_ray.core.vm.native.shared")
    from noodle_ray.core.nbc import encode
    from noodle_ray.core.nbc import load as load_module
    from noodle_ray.core.nbc.module import Function, Instr, Module
    from noodle_ray.core.vm.execute import execute

    here = (1, 0, 1, 1)
    body = (
        Instr("const", (0, 1), here),
        Instr("binop", (1, "+", 0, 0), here),
        Instr("return", (1,), here),
    )
    function = Function("<module>", (), 2, (), (), (), body, here)
    module = load_module(encode(Module((function,), (), ())))
    for tier in ("interpreter", "python"):
        execute(module, tier=tier)
    gc.collect()
    gc.freeze()
