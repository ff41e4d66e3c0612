"""The verifier: a module that passes cannot make its host go wrong, whoever wrote it.

``shape`` checks each part alone (types, operand kinds, sizes), ``names`` what is spelled, ``tree`` how functions hang
together, ``flow`` what each block can rely on, ``handlers`` what names the exceptions to catch, ``lookups`` what
methods are looked up for, ``ready`` that nothing uses a value which a program must not see. Each trusts the ones
before it, and what ``shape`` tells of a function's opcodes spares it those that look for others. docs/nbc.md has the
rules.
"""

from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.verifier.flow import check_flow
from noodle_ray.core.nbc.verifier.handlers import check_handlers
from noodle_ray.core.nbc.verifier.lookups import check_lookups
from noodle_ray.core.nbc.verifier.names import check_names
from noodle_ray.core.nbc.verifier.shape import check_shape
from noodle_ray.core.nbc.verifier.tree import check_tree
from noodle_ray.core.nbc.verifier.uses import may_be_unready, used_imports, used_models

__all__ = ["used_imports", "used_models", "verify", "verify_decoded"]

MIN_FUNCTIONS = 8
"""Functions of a module from which on it is worth to look for those that are known."""


def verify(module: Module) -> None:
    """Raise ModuleError (E0310 to E0341) with the first rule that ``module`` breaks; return if there is none."""
    parts = check_shape(module)
    check_names(module, parts)
    check_tree(module, parts)
    unready = False
    for function, one in zip(module.functions, parts, strict=True):
        check_flow(function)
        if "try" in one.opcodes:
            check_handlers(function)
        if "method" in one.opcodes:
            check_lookups(function)
        unready = unready or may_be_unready(function, one.opcodes)
    if unready:
        from noodle_ray.core.nbc.verifier.ready import check_ready  # most modules do without

        check_ready(module)


def verify_decoded(module: Module) -> None:
    """``verify`` for what ``decode`` gave, quicker where functions were verified before."""
    if len(module.functions) >= MIN_FUNCTIONS:
        try:
            from noodle_ray.core.nbc.verifier.known import is_sound
        except ImportError:  # a worker for one run, which can import nothing more and has verified nothing before
            return verify(module)
        if is_sound(module):
            return
    verify(module)
