"""What a process loads before it becomes a worker or forks some: once locked down, it can import nothing."""

import gc
from collections.abc import Iterable
from importlib import import_module
from typing import Final

from noodle_ray.core.nbc import digest

TIERS: Final = {"interpreter": "noodle_ray.core.vm.interpreter", "python": "noodle_ray.core.vm.pytier.run"}
_LAZY: Final = (
    "noodle_ray.core.nbc.verifier",
    "noodle_ray.core.sandbox.worker",
    "greenlet",
    "json",
    "math",
    "unicodedata",
)
"""What the runtime imports only when a program first needs it."""


def load(tiers: Iterable[str] = TIERS) -> None:
    """Import all that a run on these tiers can need; a run that needs another tier is not possible."""
    for name in (*_LAZY, *(TIERS[tier] for tier in tiers)):
        import_module(name)
    digest(b"")


def warm() -> None:
    """Import all that a run can need, execute a little program on each tier, and settle the heap for forking."""
    load()
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
