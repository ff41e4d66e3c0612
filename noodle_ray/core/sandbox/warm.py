"""What a process loads before it becomes a worker or forks some: once locked down, it can import nothing."""

import gc
from importlib import import_module
from typing import Final

from noodle_ray.core.nbc import digest

_INTERPRETER: Final = "noodle_ray.core.vm.interpreter"
_LAZY: Final = (
    "noodle_ray.core.nbc.verifier",
    "noodle_ray.core.vm.pytier.run",
    "noodle_ray.core.sandbox.worker",
    "greenlet",
    "json",
    "math",
    "unicodedata",
)
"""What the runtime imports only when a program first needs it."""


def load(interpreter: bool = True) -> None:
    """Import all that a run can need; without ``interpreter``, a run that needs that tier is not possible."""
    for name in _LAZY:
        import_module(name)
    if interpreter:
        import_module(_INTERPRETER)
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
