"""The queue module. Who waits for an item or a place lets other threads run; alone, it waits until the deadline."""

import heapq
from collections import deque
from typing import Any

from noodle_ray.core.vm.generators.parking import Parking, deadline
from noodle_ray.core.vm.methods import register
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
        self.getters, self.putters, self.joiners = Parking(), Parking(), Parking()

    def push(self, item: Any) -> None:
        """Store an item."""
        self.items.append(item)

    def pull(self) -> Any:
        """Take the next item out."""
        return self.items.popleft()

    def put(self, item: Any, block: Any = True, timeout: Any = None) -> None:
        """queue.Queue.put."""
        if 0 < self.maxsize <= len(self.items):
            until = _until(Full, block, timeout)
            while 0 < self.maxsize <= len(self.items):
                if not self.putters.wait(until):
                    raise Full
        self.push(item)
        self.unfinished += 1
        self.getters.wake()

    def get(self, block: Any = True, timeout: Any = None) -> Any:
        """queue.Queue.get."""
        if not self.items:
            until = _until(Empty, block, timeout)
            while not self.items:
                if not self.getters.wait(until):
                    raise Empty
        item = self.pull()
        self.putters.wake()
        return item

    def task_done(self) -> None:
        """queue.Queue.task_done."""
        if self.unfinished <= 0:
            raise ValueError("task_done() called too many times")
        self.unfinished -= 1
        if not self.unfinished:
            self.joiners.wake_all()

    def join(self) -> None:
        """queue.Queue.join."""
        while self.unfinished:
            self.joiners.wait(None)


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


def _until(error: type[Exception], block: Any, timeout: Any) -> float | None:
    """When a wait ends. Raises ``error`` where there is to be none."""
    if not block:
        raise error
    if timeout is not None and timeout < 0:
        raise ValueError("'timeout' must be a non-negative number")
    return deadline(timeout)


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
