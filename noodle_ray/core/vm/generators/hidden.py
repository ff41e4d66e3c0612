"""What the compiler calls for ``await``, ``async``, ``match`` and what a program asks about itself, by names that no
program can spell."""

from noodle_ray.core.vm import matching
from noodle_ray.core.vm.classes.functions import is_program_function
from noodle_ray.core.vm.generators import awaiting
from noodle_ray.core.vm.names import mark
from noodle_ray.core.vm.state import S
from noodle_ray.light import Any, Callable, Final, Iterator

_MISSING: Final = object()
ANNOTATIONS: Final = mark("__annotations__")
"""Where a function has its annotations."""


def annotate(annotations: dict[str, Any], /) -> Callable[[Any], Any]:
    """What gives a function its annotations."""

    def decorate(function: Any) -> Any:
        if is_program_function(function):
            function.__dict__[ANNOTATIONS] = annotations
        return function

    return decorate


def all_globals(known: dict[str, Any], names: tuple[str, ...], /) -> dict[str, Any]:
    """``globals()``: a table of what the top level's names are bound to now. ``known`` has imports and models."""
    S.charge(len(names))
    found: dict[str, Any] = {"__name__": S.name, "__doc__": None}
    for name in names:
        value = S.lookup(name, known.get(name, _MISSING))
        if value is not _MISSING:
            found[name] = value
    return found


def all_locals(known: dict[str, Any], /) -> dict[str, Any]:
    """``locals()``."""
    return known


def each(function: Callable[[Any], Any], elements: Any, /) -> Iterator[Any]:
    """What the function returns for each element, of which each runs as a fiber of its own."""
    return S.fibers.each(function, elements)


class Keys:
    """What a builtin calls in the place of a function, for each of these elements in turn."""

    __slots__ = ("_rows",)

    def __init__(self, function: Callable[[Any], Any], elements: Any, /) -> None:
        self._rows = S.fibers.each(function, elements)

    def __call__(self, _: Any, /) -> Any:
        return next(self._rows)

    def __repr__(self) -> str:
        return "<function>"


Keys.__name__ = Keys.__qualname__ = "function"
Keys.__module__ = "builtins"

HELPERS: Final[dict[str, Any]] = {
    **awaiting.HELPERS,
    **matching.HELPERS,
    ".annotate": annotate,
    ".each": each,
    ".globals": all_globals,
    ".keys": Keys,
    ".locals": all_locals,
}
