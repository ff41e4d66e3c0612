"""The heapq module: CPython's own, charged for what grows with the heap."""

import heapq
from typing import Any, Final

from noodle_ray.core.vm.builtins.iteration import metered
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.types import call_of


def heapify(*args: Any) -> None:
    """heapq.heapify."""
    if args:
        charge_value(args[0], 2)
    heapq.heapify(*args)


def nlargest(n: Any, iterable: Any, key: Any = None) -> list[Any]:
    """heapq.nlargest."""
    return heapq.nlargest(n, metered(iterable), call_of(key))


def nsmallest(n: Any, iterable: Any, key: Any = None) -> list[Any]:
    """heapq.nsmallest."""
    return heapq.nsmallest(n, metered(iterable), call_of(key))


def merge(*iterables: Any, key: Any = None, reverse: Any = False) -> Any:
    """heapq.merge."""
    return heapq.merge(*iterables, key=call_of(key), reverse=reverse)


MEMBERS: Final[dict[str, Any]] = {
    "heapify": heapify,
    "heappop": heapq.heappop,
    "heappush": heapq.heappush,
    "heappushpop": heapq.heappushpop,
    "heapreplace": heapq.heapreplace,
    "merge": merge,
    "nlargest": nlargest,
    "nsmallest": nsmallest,
}
