"""Finding a dunder method of a value by its type, as CPython does for the protocols that ``with`` and ``await`` use."""

from noodle_ray.core.vm.classes.kinds import ProgramType
from noodle_ray.core.vm.methods import METHODS
from noodle_ray.light import Any, Callable, MethodType


def special(value: object, name: str) -> Callable[..., Any] | None:
    """The bound method: of a class of the program, or from the tables of `methods`. None where there is none."""
    kind = type(value)
    table: dict[type, Callable[..., Any]] = METHODS.get(name) or {}
    if kind in table:
        return MethodType(dict.__getitem__(table, kind), value)
    for base in kind.__mro__:
        if isinstance(base, ProgramType):
            if name in base.__dict__:
                found = base.__dict__[name]
                return found.__get__(value, kind) if hasattr(found, "__get__") else found  # type: ignore[no-any-return]
        elif base in table:
            return MethodType(dict.__getitem__(table, base), value)
    return None
