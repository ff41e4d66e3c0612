"""What a process loads before it becomes a worker or forks some: once locked down, it can import nothing."""

import gc

from noodle_ray.core.nbc import digest
from noodle_ray.core.sandbox.guess import Needs
from noodle_ray.core.sandbox.wire import load_msgpack
from noodle_ray.core.vm import execute
from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.core.vm.modules import preload
from noodle_ray.core.vm.strings import CHARMAPS, CODECS
from noodle_ray.light import Final, WarningsIgnored, import_module

TIERS: Final = {"interpreter": "noodle_ray.core.vm.interpreter", "python": "noodle_ray.core.vm.pytier.run"}
_ALWAYS: Final = ("noodle_ray.core.nbc.verifier", "noodle_ray.core.sandbox.worker")
_LAZY: Final = (
    "noodle_ray.core.vm.classes.access",
    "noodle_ray.core.vm.classes.functions_of",
    "_blake2",
    "_heapq",
    "greenlet",
    "unicodedata",
    CHARMAPS,
    *CODECS.values(),
)
"""What the runtime imports only when a program first needs it."""
_LATER: Final = (
    "noodle_ray.core.nbc.verifier.known",
    "noodle_ray.core.nbc.verifier.ready",
    "noodle_ray.core.vm.classes.abstract",
    "noodle_ray.core.vm.gathering",
    "noodle_ray.core.vm.generators.hidden",
    "noodle_ray.core.vm.modules.typing_",
    "noodle_ray.core.vm.speculation.guesses",
    "noodle_ray.core.vm.speculation.plan",
)
"""What it imports only for programs that are not simple."""


def load(needs: Needs = Needs()) -> None:  # noqa: B008 (immutable)
    """Import all that a run with these needs can use; no other can run."""
    lazy, later = () if needs.lean else _LAZY, () if needs.simple else _LATER
    for name in (*_ALWAYS, *lazy, *later, *(TIERS[tier] for tier in needs.tiers)):
        import_module(name)
    if needs.lean:
        execute.lean = True
    else:
        load_msgpack()
    preload(name for name in needs.modules if name in MODULES)
    WarningsIgnored().begin()  # telling of one would import what a locked process cannot
    digest(b"")


def warm() -> None:
    """Import all that a run can need, execute a little program on each tier, and settle the heap for forking."""
    load()
    import_module("noodle_ray.core.vm.profiler")
    import_module("noodle_ray.core.vm.native.shared")
    from noodle_ray.core.nbc import encode
    from noodle_ray.core.nbc import load as load_module
    from noodle_ray.core.nbc.module import Function, Instr, Module

    here = (1, 0, 1, 1)
    body = (
        Instr("const", (0, 1), here),
        Instr("binop", (1, "+", 0, 0), here),
        Instr("return", (1,), here),
    )
    function = Function("<module>", (), 2, (), (), (), body, here)
    module = load_module(encode(Module((function,), (), ())))
    for tier in ("interpreter", "python"):
        execute.execute(module, tier=tier)
    gc.collect()
    gc.freeze()
