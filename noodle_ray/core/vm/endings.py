"""Whether a program can tell when a value is freed, so that every tier must free it where CPython does."""

from noodle_ray.core.nbc.module import Module
from noodle_ray.core.nbc.walk import flatten
from noodle_ray.core.vm.classes.kinds import is_instance
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.light import Any, GeneratorType, Iterator, deque

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


def has_cleanups(module: Module) -> bool:
    """Whether a generator of the program may have something to do when it is closed."""
    return any(
        function.kind == "generator" and any(instr.op in ("try", "with") for instr in flatten(function.body))
        for function in module.functions
    )


def close_generators(values: list[Any]) -> None:
    """Close the generators among the values of a program's globals when it has ended, and then those in containers and
    objects there, in the order in which CPython's collector does. What they raise is ignored, but for limits."""
    for value in [*values, *_held(values)]:
        if type(value) is GeneratorType:
            try:
                value.close()
            except LIMITS:
                raise
            except BaseException:
                continue


def _held(values: list[Any]) -> Iterator[Any]:
    """What containers and objects hold, and what that holds: of sequences the last first."""
    seen: set[int] = set()
    pending = values[::-1]
    while pending:
        value = pending.pop()
        yield value
        inner: list[Any] = []
        kinds: tuple[Any, ...] = (list, tuple, deque)
        for kind in kinds:
            if isinstance(value, kind):
                inner = [*kind.__iter__(value)]
        if isinstance(value, dict):
            inner = [*dict.values(value)][::-1]
        if is_instance(value):
            inner = [*getattr(value, "__dict__", {}).values()][::-1] + inner
        if inner and id(value) not in seen:
            seen.add(id(value))
            pending += inner


def has_finalizers(module: Module) -> bool:
    """Whether a class of the program may define ``__del__``."""
    for function in module.functions:
        if function.kind == "class":
            for instr in flatten(function.body):
                if instr.op == "const" and instr.args[1] == "__del__":
                    return True
    return False
