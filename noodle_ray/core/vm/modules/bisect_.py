"""The bisect module: CPython's own, which searches in logarithmic time."""

import bisect
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.core.vm.classes.kinds import is_instance
from noodle_ray.core.vm.methods import attribute
from noodle_ray.core.vm.types import call_of

_PLACES: Final = {
    "insort": bisect.bisect,
    "insort_left": bisect.bisect_left,
    "insort_right": bisect.bisect_right,
}
"""What finds the place at which an element goes in, by the method ``insert`` of an object of the program."""


def _vetted(name: str) -> Callable[..., Any]:
    function = getattr(bisect, name)
    place = _PLACES.get(name)

    def search(*args: Any, **kwargs: Any) -> Any:
        if "key" in kwargs:
            kwargs["key"] = call_of(kwargs["key"])
        if place is not None and len(args) > 1 and is_instance(args[0]):
            key = kwargs.get("key")
            sought = args[1] if key is None else key(args[1])
            attribute(args[0], "insert")(place(args[0], sought, *args[2:], **kwargs), args[1])
            return None
        return function(*args, **kwargs)

    search.__name__ = search.__qualname__ = name
    return search


MEMBERS: Final[dict[str, Any]] = {name: _vetted(name) for name in MODULES["bisect"]}
