"""The bisect module: CPython's own, which searches in logarithmic time."""

import bisect
from collections.abc import Callable
from typing import Any, Final

from noodle_ray.core.vm.catalog import MODULES
from noodle_ray.core.vm.types import call_of


def _vetted(name: str) -> Callable[..., Any]:
    function = getattr(bisect, name)

    def search(*args: Any, **kwargs: Any) -> Any:
        if "key" in kwargs:
            kwargs["key"] = call_of(kwargs["key"])
        return function(*args, **kwargs)

    search.__name__ = search.__qualname__ = name
    return search


MEMBERS: Final[dict[str, Any]] = {name: _vetted(name) for name in MODULES["bisect"]}
