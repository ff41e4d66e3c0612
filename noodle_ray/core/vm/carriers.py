"""Greenlets that carry one fiber after another.

CPython maps four pages for the frames of each greenlet when it begins, and unmaps them when it ends: that, and the
fault of the first page, may cost more than what the fiber does. So some of those that have carried a fiber to its end
wait for the next one, also of a later run. Nothing of the fiber is left in them. A greenlet begins as deep in calls as
who starts it is, and that counts for its limit of recursion as long as it lives: so only those that began as deep as
new ones would are used.
"""

import sys

from noodle_ray.light import TYPE_CHECKING, Any, Callable, Final, partial

if TYPE_CHECKING:
    from greenlet import greenlet  # type: ignore[import-untyped]

MOST: Final = 32
"""How many wait at most."""

_Work = Callable[[], None]
_idle: "list[tuple[greenlet, list[_Work]]] | None" = None
_depth = 0


def keep() -> None:
    """Have greenlets wait from now on. For a process in which one thread alone executes runs: no other could go on with
    them."""
    global _idle
    if _idle is None:
        _idle = []


def begin(deeper: int) -> None:
    """Hear that the greenlet from which those of a run's fibers begin is about to: by this many calls deeper than the
    caller."""
    global _depth
    if _idle is not None and (depth := _recursion_depth() + deeper) != _depth:
        _idle.clear()
        _depth = depth


def _recursion_depth() -> int:
    """How deep in calls this is, as CPython counts."""
    try:
        sys.setrecursionlimit(1)
    except RecursionError as error:  # "... at the recursion depth 12: the limit is too low"
        return int(str(error).rpartition("depth ")[2].partition(":")[0])
    raise AssertionError("not reached")


def carrier(work: _Work, parent: "greenlet", context: Any) -> "greenlet":
    """A greenlet that does ``work`` in a context when it is switched to, and then goes back to its parent."""
    while _idle:
        found, box = _idle.pop()
        if found:  # no limit ended it on its way to wait
            box.append(work)
            found.parent = parent
            break
    else:
        from greenlet import greenlet

        found = greenlet(partial(_carry, [work]), parent)
    found.gr_context = context
    return found


def _carry(box: "list[_Work]") -> None:
    from greenlet import getcurrent

    me, depth = getcurrent(), _depth
    while True:
        box.pop()()
        if _idle is None or len(_idle) >= MOST or depth != _depth:
            return
        _idle.append((me, box))
        me.parent.switch()
