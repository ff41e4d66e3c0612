"""The sched module: a queue of calls, each at its time, by the clock and the waiting that the program gives it."""

import heapq
from collections import namedtuple
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import time_
from noodle_ray.core.vm.modules.vetting import readers
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of

Event: Final[Any] = namedtuple("Event", "time, priority, sequence, action, argument, kwargs")
_NONE: Final = object()


class scheduler:  # the name is CPython's
    """sched.scheduler."""

    def __init__(self, timefunc: Any = time_.monotonic, delayfunc: Any = time_.sleep) -> None:
        self._queue: list[Any] = []
        self._made = 0
        self.timefunc = call_of(timefunc)
        self.delayfunc = call_of(delayfunc)

    def enterabs(self, time: Any, priority: Any, action: Any, argument: Any = (), kwargs: Any = _NONE) -> Any:
        """Have something called at a time."""
        S.charge(16 + len(self._queue).bit_length() * 4)
        event = Event(time, priority, self._made, action, argument, {} if kwargs is _NONE else kwargs)
        self._made += 1
        heapq.heappush(self._queue, event)
        return event

    def enter(self, delay: Any, priority: Any, action: Any, argument: Any = (), kwargs: Any = _NONE) -> Any:
        """Have something called after a while."""
        return self.enterabs(self.timefunc() + delay, priority, action, argument, kwargs)

    def cancel(self, event: Any) -> None:
        """Take an event back."""
        S.charge(4 + 2 * len(self._queue))
        self._queue.remove(event)
        heapq.heapify(self._queue)

    def empty(self) -> bool:
        """Whether nothing is to be called any more."""
        return not self._queue

    def run(self, blocking: Any = True) -> Any:
        """Call what is to be called, each at its time."""
        while self._queue:
            S.charge(16 + len(self._queue).bit_length() * 4)
            event = self._queue[0]
            now = self.timefunc()
            if event.time > now:
                if not blocking:
                    return event.time - now
                self.delayfunc(event.time - now)
                continue
            heapq.heappop(self._queue)
            call_of(event.action)(*event.argument, **event.kwargs)
            self.delayfunc(0)
        return None

    @property
    def queue(self) -> list[Any]:
        """The events that are to come, in their order."""
        S.charge(4 + 8 * len(self._queue))
        return sorted(self._queue)


register(
    Event,
    methods={"count": tuple.count, "index": tuple.index},
    attributes=readers(*Event._fields),
)
register(
    scheduler,
    methods={name: getattr(scheduler, name) for name in ("cancel", "empty", "enter", "enterabs", "run")},
    attributes=readers("queue", "timefunc", "delayfunc"),
)
for _kind in (Event, scheduler):
    _kind.__module__ = "sched"

MEMBERS: dict[str, Any] = {"Event": Event, "scheduler": scheduler}
