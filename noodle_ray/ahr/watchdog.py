"""What looks after an engine's threads: calls whose time is over, and an engine that hangs."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence

from noodle_ray.ahr import codes
from noodle_ray.ahr.heartbeat import last_beat
from noodle_ray.ahr.tickets import Ticket
from noodle_ray.errors import ModelError

TICK = 0.25
"""Seconds between two looks."""


class Watchdog:
    """Looks from time to time. ``expire`` gets the time at each look. When a thread that works on tickets gave no sign
    of life for ``limit`` seconds, ``barked`` becomes true for ever, its tickets get ModelError E0614, and ``give_up``
    is called: nothing can end a thread that hangs, so that the process has to be replaced.
    """

    def __init__(self, name: str, limit: float, expire: Callable[[float], None], give_up: Callable[[], None]) -> None:
        self.barked = False
        self._name = name
        self._limit = limit
        self._expire = expire
        self._give_up = give_up
        self._watched: dict[int, tuple[float, Sequence[Ticket]]] = {}
        self._closed = threading.Event()
        threading.Thread(target=self._look, daemon=True, name=f"watchdog-{name}").start()

    @contextlib.contextmanager
    def over(self, tickets: Sequence[Ticket]) -> Iterator[None]:
        """This thread works on these tickets meanwhile."""
        me = threading.get_ident()
        self._watched[me] = (time.monotonic(), tickets)
        try:
            yield
        finally:
            del self._watched[me]

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _look(self) -> None:
        while not self._closed.wait(min(TICK, self._limit / 4)):
            now = time.monotonic()
            self._expire(now)
            for thread, (started, tickets) in list(self._watched.items()):
                if now - max(started, last_beat(thread)) > self._limit:
                    first, self.barked = not self.barked, True
                    for ticket in tickets:
                        ticket.settle(_hung(self._name, self._limit))
                    if first:
                        self._give_up()


def _hung(name: str, limit: float) -> ModelError:
    return ModelError(f"the model {name!r} gave no sign of life for {limit:g} seconds; it is replaced", code=codes.HUNG)


def lost(name: str) -> ModelError:
    """The error for a call that another replica may answer (E0615)."""
    return ModelError(f"the replica of the model {name!r} is gone", code=codes.LOST, hint="try again")
