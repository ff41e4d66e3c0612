"""Who gets the next worker of a pool."""

import asyncio
from collections import deque
from typing import Final, NamedTuple

from noodle_ray.core.sandbox.conversation import Conversation
from noodle_ray.core.sandbox.pooled import PooledWorker

_SHARE: Final = 4
"""Every so many turns a run that has not begun goes before those that go on."""


class Turn(NamedTuple):
    """A run that waits for a worker; ``worker`` gets it."""

    worker: "asyncio.Future[PooledWorker]"
    talk: Conversation


class Turns:
    """Runs that wait for a worker, first come first served. Those that go on are before new ones, but do not keep them
    out for good."""

    def __init__(self) -> None:
        # by whether the run begins or goes on, and whether it is one of the background
        self._queues: dict[tuple[bool, bool], deque[Turn]] = {
            (new, background): deque() for new in (False, True) for background in (False, True)
        }
        self._given = 0

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def new(self) -> int:
        """How many have not begun."""
        return len(self._queues[True, False]) + len(self._queues[True, True])

    def add(self, turn: Turn) -> None:
        """Put a run at its end."""
        self._queues[not turn.talk.parks, turn.talk.background].append(turn)

    def remove(self, turn: Turn) -> None:
        """Take a run out; it may be gone already."""
        queue = self._queues[not turn.talk.parks, turn.talk.background]
        if turn in queue:
            queue.remove(turn)

    def wanted(self, background: bool) -> int:
        """How many could be given a worker; those of the background only if they may have one."""
        return sum(len(queue) for (_, behind), queue in self._queues.items() if background or not behind)

    def take(self, background: bool) -> Turn | None:
        """The next; one of the background only if they may have a worker."""
        first = self._given % _SHARE == _SHARE - 1
        for new in (first, not first):
            for behind in (False, True) if background else (False,):
                queue = self._queues[new, behind]
                while queue:
                    turn = queue.popleft()
                    if not turn.worker.done():
                        self._given += 1
                        return turn
        return None

    def fail(self, error: Exception) -> None:
        """End all waits with an error."""
        for queue in self._queues.values():
            for turn in queue:
                if not turn.worker.done():
                    turn.worker.set_exception(error)
            queue.clear()
