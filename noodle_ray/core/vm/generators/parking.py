"""Fibers that wait for one another, as threads do for locks and queues, and what a thread runs in.

A thread is a fiber. It runs from the moment it is started until it must wait, and so does everybody else: there is one
schedule, which is one of those that CPython may choose.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from noodle_ray.core.vm.fibers import Fiber
from noodle_ray.core.vm.sharing import sharing
from noodle_ray.core.vm.state import S

_LONGEST: Final = 1e9


def deadline(timeout: float | None) -> float | None:
    """When a wait of so many seconds ends; None for one without an end."""
    if timeout is None:
        return None
    seconds = float(timeout)
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    return S.clock.monotonic() + min(seconds, _LONGEST)


class Parking:
    """Fibers that wait for the same thing. The first that came is the first that goes on."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: deque[Fiber] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, until: float | None) -> bool:
        """Let others go on until this one is woken, or until this time of the clock; whether it was woken."""
        me = S.fibers.current
        self._waiting.append(me)
        S.charge(8)
        try:
            while me in self._waiting:
                if until is not None and S.clock.monotonic() >= until:
                    return False
                S.fibers.pause(until)
            return True
        finally:
            if me in self._waiting:
                self._waiting.remove(me)

    def wake(self, count: int = 1) -> None:
        """Let so many go on, in their order, when their turn comes."""
        while count > 0 and self._waiting:
            count -= 1
            S.fibers.wake(self._waiting.popleft())

    def wake_all(self) -> None:
        """Let all go on."""
        self.wake(len(self._waiting))


def start(function: Callable[[], object], known: Callable[[Fiber], object]) -> None:
    """Run a function as a thread: at once, until it waits or ends. ``known`` is given its fiber before that.

    The function must let nothing out but what ends the run.
    """
    from greenlet import greenlet  # type: ignore[import-untyped]

    fibers = S.fibers
    S.charge(100)
    fibers._check_open()
    hub = fibers.start_hub()
    fiber = fibers.child()
    fiber.context = None
    fiber.depth = 0  # a thread has a stack of its own
    fiber.greenlet = fiber.base = sharing(greenlet(partial(_run, fiber, function), hub))
    known(fiber)
    fibers.live.add(fiber)
    fibers.ready.append(fiber)
    fibers.ready.append(fibers.current)
    fibers.switch_to_hub()


def _run(fiber: Fiber, function: Callable[[], Any]) -> None:
    function()
    S.fibers.live.discard(fiber)
