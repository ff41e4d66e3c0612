"""The queue module. A program has no threads: who waits for another's item or place waits until the run's deadline."""

import heapq
from collections import deque
from typing import Any

from noodle_ray.core.vm.limits import LimitExceeded
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import OPEN_TYPES


class Empty(Exception):
    """queue.Empty."""


class Full(Exception):
    """queue.Full."""


class Queue:
    """queue.Queue."""

    def __init__(self, maxsize: Any = 0) -> None:
        self.maxsize = maxsize
        self.items: Any = deque()
        self.unfinished = 0

    def push(self, item: Any) -> None:
        """Store an item."""
        self.items.append(item)

    def pull(self) -> Any:
        """Take the next item out."""
        return self.items.popleft()

    def put(self, item: Any, block: Any = True, timeout: Any = None) -> None:
        """queue.Queue.put."""
        if 0 < self.maxsize <= len(self.items):
            _wait(Full, block, timeout)
        self.push(item)
        self.unfinished += 1

    def get(self, block: Any = True, timeout: Any = None) -> Any:
        """queue.Queue.get."""
        if not self.items:
            _wait(Empty, block, timeout)
        return self.pull()

    def task_done(self) -> None:
        """queue.Queue.task_done."""
        if self.unfinished <= 0:
            raise ValueError("task_done() called too many times")
        self.unfinished -= 1

    def join(self) -> None:
        """queue.Queue.join."""
        if self.unfinished:
            _wait(Full, True, None)


class LifoQueue(Queue):
    """queue.LifoQueue."""

    def __init__(self, maxsize: Any = 0) -> None:
        super().__init__(maxsize)
        self.items = []

    def pull(self) -> Any:
        """Take the newest item out."""
        return self.items.pop()


class PriorityQueue(Queue):
    """queue.PriorityQueue."""

    def __init__(self, maxsize: Any = 0) -> None:
        super().__init__(maxsize)
        self.items = []

    def push(self, item: Any) -> None:
        """Store an item where its rank is."""
        heapq.heappush(self.items, item)

    def pull(self) -> Any:
        """Take the least item out."""
        return heapq.heappop(self.items)


class SimpleQueue(Queue):
    """queue.SimpleQueue."""

    def __init__(self) -> None:
        super().__init__()


def _wait(error: type[Exception], block: Any, timeout: Any) -> None:
    """What waiting for what nobody will do comes to."""
    if not block:
        raise error
    if timeout is None:
        S.tripped = "deadline"
        raise LimitExceeded("deadline")
    if timeout < 0:
        raise ValueError("'timeout' must be a non-negative number")
    S.fibers.sleep(min(float(timeout), 1e9))
    raise error


for _kind in (Queue, LifoQueue, PriorityQueue, SimpleQueue):
    _kind.__module__ = "queue"
    register(
        _kind,
        methods={
            "put": Queue.put,
            "get": Queue.get,
            "put_nowait": lambda self, item: self.put(item, False),
            "get_nowait": lambda self: self.get(False),
            "qsize": lambda self: len(self.items),
            "empty": lambda self: not self.items,
            "full": lambda self: 0 < self.maxsize <= len(self.items),
        },
    )
for _kind in (Queue, LifoQueue, PriorityQueue):
    register(
        _kind,
        methods={"task_done": Queue.task_done, "join": Queue.join},
        attributes={"maxsize": lambda self: self.maxsize},
    )
for _error in (Empty, Full):
    _error.__module__ = "queue"
    OPEN_TYPES[_error] = _error

MEMBERS: dict[str, Any] = {
    "Empty": Empty,
    "Full": Full,
    "LifoQueue": LifoQueue,
    "PriorityQueue": PriorityQueue,
    "Queue": Queue,
    "SimpleQueue": SimpleQueue,
}
