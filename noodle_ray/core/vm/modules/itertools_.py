"""The itertools module: CPython's own iterators, with the program's callables vetted and long skips metered."""

import itertools
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.builtins.iteration import metered
from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.types import call_of

_SKIP: Final = 64
"""How many elements islice may pass over in one step without paying."""


def _callable_first(name: str) -> Callable[..., Any]:
    """An iterator whose first argument is called back."""
    make = getattr(itertools, name)

    def iterator(*args: Any, **kwargs: Any) -> Any:
        return make(*map(call_of, args[:1]), *args[1:], **kwargs)

    iterator.__name__ = iterator.__qualname__ = name
    return iterator


def accumulate(*args: Any, **kwargs: Any) -> Any:
    """itertools.accumulate."""
    if "func" in kwargs:
        kwargs["func"] = call_of(kwargs["func"])
    return itertools.accumulate(*args[:1], *map(call_of, args[1:2]), *args[2:], **kwargs)


def groupby(*args: Any, **kwargs: Any) -> Any:
    """itertools.groupby."""
    if "key" in kwargs:
        kwargs["key"] = call_of(kwargs["key"])
    return itertools.groupby(*args[:1], *map(call_of, args[1:2]), *args[2:], **kwargs)


def islice(*args: Any, **kwargs: Any) -> Any:
    """itertools.islice; what it passes over pays."""
    if any(isinstance(bound, int) and bound > _SKIP for bound in (args[1:2] if len(args) > 2 else ())) or (
        len(args) > 3 and isinstance(args[3], int) and args[3] > _SKIP
    ):
        args = (metered(args[0]), *args[1:])
    return itertools.islice(*args, **kwargs)


MEMBERS: Final[dict[str, Any]] = {name: getattr(itertools, name) for name in MODULES["itertools"]}
MEMBERS.update({name: _callable_first(name) for name in ("dropwhile", "filterfalse", "starmap", "takewhile")})
MEMBERS.update({"accumulate": accumulate, "groupby": groupby, "islice": islice})

register(itertools.chain, statics={"from_iterable": itertools.chain.from_iterable})
for _name, _member in MEMBERS.items():
    if isinstance(_member, type) and _name != "chain":
        register(_member)
