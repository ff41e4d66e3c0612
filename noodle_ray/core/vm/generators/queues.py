"""asyncio's queues for programs, as CPython has them."""

from collections import deque
from heapq import heappop, heappush
from typing import Any

from noodle_ray.core.vm.generators.locks import Event
from noodle_ray.core.vm.generators.tasks import Future, running


class QueueEmpty(Exception):
    """There is nothing to get."""


class QueueFull(Exception):
    """There is no room to put something."""


class Queue:
    """First in, first out, up to ``maxsize`` items if that is positive."""

    def __init__(self, maxsize: int = 0) -> None:
        self.maxsize = maxsize
        self._getters: deque[Future] = deque()
        self._putters: deque[Future] = deque()
        self._unfinished = 0
        self._finished = Event()
        self._finished.set()
        self._items: Any = self._make()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at 0x0 {self._described()}>"

    def __str__(self) -> str:
        return f"<{type(self).__name__} {self._described()}>"

    def _described(self) -> str:
        text = f"maxsize={self.maxsize!r}"
        if self._items:
            text += f" _queue={list(self._items)!r}"
        if self._getters:
            text += f" _getters[{len(self._getters)}]"
        if self._putters:
            text += f" _putters[{len(self._putters)}]"
        return text + (f" tasks={self._unfinished}" if self._unfinished else "")

    def _make(self) -> Any:
        return deque()

    def _get(self) -> Any:
        return self._items.popleft()

    def _put(self, item: Any) -> None:
        self._items.append(item)

    def qsize(self) -> int:
        """How many items there are."""
        return len(self._items)

    def empty(self) -> bool:
        """Whether there are none."""
        return not self._items

    def full(self) -> bool:
        """Whether there is no room."""
        return 0 < self.maxsize <= len(self._items)

    async def put(self, item: Any) -> None:
        """Put an item in when there is room."""
        while self.full():
            putter = running().create_future()
            self._putters.append(putter)
            try:
                await putter
            except BaseException:
                _give_up(putter, self._putters)
                if not self.full() and not putter.cancelled():
                    _wake_next(self._putters)
                raise
        self.put_nowait(item)

    def put_nowait(self, item: Any) -> None:
        """Put an item in. Raises QueueFull."""
        if self.full():
            raise QueueFull
        self._put(item)
        self._unfinished += 1
        self._finished.clear()
        _wake_next(self._getters)

    async def get(self) -> Any:
        """Take an item out when there is one."""
        while self.empty():
            getter = running().create_future()
            self._getters.append(getter)
            try:
                await getter
            except BaseException:
                _give_up(getter, self._getters)
                if not self.empty() and not getter.cancelled():
                    _wake_next(self._getters)
                raise
        return self.get_nowait()

    def get_nowait(self) -> Any:
        """Take an item out. Raises QueueEmpty."""
        if self.empty():
            raise QueueEmpty
        item = self._get()
        _wake_next(self._putters)
        return item

    def task_done(self) -> None:
        """What was taken out is dealt with."""
        if self._unfinished <= 0:
            raise ValueError("task_done() called too many times")
        self._unfinished -= 1
        if self._unfinished == 0:
            self._finished.set()

    async def join(self) -> None:
        """Wait until everything that was put in is dealt with."""
        if self._unfinished > 0:
            await self._finished.wait()


class PriorityQueue(Queue):
    """Lowest first."""

    def _make(self) -> Any:
        return []

    def _get(self) -> Any:
        return heappop(self._items)

    def _put(self, item: Any) -> None:
        heappush(self._items, item)


class LifoQueue(Queue):
    """Last in, first out."""

    def _make(self) -> Any:
        return []

    def _get(self) -> Any:
        return self._items.pop()


def _give_up(waiter: Future, waiters: "deque[Future]") -> None:
    waiter.cancel()
    if waiter in waiters:
        waiters.remove(waiter)


def _wake_next(waiters: "deque[Future]") -> None:
    while waiters:
        waiter = waiters.popleft()
        if not waiter.done():
            waiter.set_result(None)
            break
