"""Whether a program can tell when a value is freed, so that every tier must free it where CPython does."""

from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.walk import flatten

_GENERATORS = frozenset({"generator", "async_generator"})


def can_tell(module: Module) -> bool:
    """A generator's ``finally`` runs then, a weak reference dies, and ``__del__`` is called."""
    if "weakref" in module.imports:
        return True
    if len(module.functions) == 1:  # its top level, which is no generator
        return False
    for function in module.functions:
        if function.kind in _GENERATORS:
            return True
    return has_finalizers(module)


def has_finalizers(module: Module) -> bool:
    """Whether a class of the program may define ``__del__``."""
    for function in module.functions:
        if function.kind == "class":
            for instr in flatten(function.body):
                if instr.op == "const" and instr.args[1] == "__del__":
                    return True
    return False
