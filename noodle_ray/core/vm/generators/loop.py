"""The event loop of asyncio for programs: its queue of callbacks and its timers.

A task is a fiber. It runs until it must wait, and then switches to the loop, which goes round as CPython's does: the
callbacks that are ready run first in, first out, and what is done wakes others through the queue. So output comes in
CPython's order. Timers are ordered by a clock that moves only while the loop waits, so that their order does not depend
on how fast the machine is; each is really waited for. Answers of models end a wait as they come.
"""

import sys
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Final
from weakref import ref

from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

from noodle_ray.core.vm.fibers import Fiber
from noodle_ray.core.vm.generators.awaiting import AsyncGeneratorType
from noodle_ray.core.vm.generators.handles import Handle, TimerHandle
from noodle_ray.core.vm.generators.tasks import CURRENT, Current, Future, Task, ensure_future
from noodle_ray.core.vm.state import S

_BUSY: Final = 256
"""Rounds without a wait after which timers look at the clock: somebody may be waiting for one in a loop."""


class Loop:
    """An event loop."""

    def __init__(self) -> None:
        self.now = 0
        self.current: Task | None = None
        self.tasks: dict[Task, None] = {}
        self.generators: dict[int, Any] = {}
        self._began = S.clock.monotonic()
        self._ready: deque[Handle] = deque()
        self._timers: list[TimerHandle] = []
        self._stopping = False
        self._closed = False
        self._busy = 0
        self._paused = False
        self._fiber: Fiber | None = None
        self.greenlet: greenlet | None = None

    def __repr__(self) -> str:
        running, closed = self.is_running(), self._closed
        return f"<_UnixSelectorEventLoop running={running} closed={closed} debug=False>"

    # what a program may call

    def time(self) -> float:
        """The loop's clock, in seconds."""
        return self.seconds(self.now)

    def is_running(self) -> bool:
        """Whether it runs now."""
        return CURRENT.running is self

    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    def close(self) -> None:
        """Let it run no more."""
        if self.is_running():
            raise RuntimeError("Cannot close a running event loop")
        self._closed = True
        self._ready.clear()
        self._timers.clear()

    def stop(self) -> None:
        """Stop after this round."""
        self._stopping = True

    def call_soon(self, callback: Callable[..., object], *args: object) -> Handle:
        """Call in the next round."""
        self._check_open()
        handle = Handle(callback, args)
        self._ready.append(handle)
        if self._paused and self._fiber is not None:
            S.fibers.wake(self._fiber)
        return handle

    def call_later(self, delay: float, callback: Callable[..., object], *args: object) -> TimerHandle:
        """Call after so many seconds."""
        self._check_open()
        handle = TimerHandle(self, delay, callback, args)
        heappush(self._timers, handle)
        return handle

    def call_at(self, when: float, callback: Callable[..., object], *args: object) -> TimerHandle:
        """Call at this time of the loop's clock."""
        return self.call_later(when - self.time(), callback, *args)

    def create_future(self) -> "Future":
        """A future of this loop."""
        return Future(loop=self)

    def create_task(self, coro: Any, *, name: Any = None, context: Any = None) -> "Task":
        """Run a coroutine side by side with what runs now."""
        self._check_open()
        return Task(coro, loop=self, name=name)

    async def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> Any:
        """Call a function: there are no threads, so it is just called."""
        return func(*args)

    def run_until_complete(self, future: Any) -> Any:
        """Run until a future is done; its result."""
        self._check_open()
        self._check_idle()
        future = ensure_future(future, loop=self)
        future.add_done_callback(self._stop)
        try:
            self.run_forever()
        finally:
            future.remove_done_callback(self._stop)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def run_forever(self) -> None:
        """Run until `stop`."""
        self._check_open()
        self._check_idle()
        self._fiber = S.fibers.current
        self.greenlet = getcurrent()
        S.fibers.looped = True
        hooks = _hook(self)
        CURRENT.running = self
        try:
            while not self._stopping:
                self._round()
        finally:
            self._stopping = False
            CURRENT.running = None
            self.greenlet = None
            _unhook(hooks)

    async def shutdown_asyncgens(self) -> None:
        """Close the asynchronous generators that nobody finished."""
        left = list(self.generators.values())
        self.generators.clear()
        for generator in left:
            alive = generator()
            if alive is not None:
                await alive.aclose()

    async def shutdown_default_executor(self) -> None:
        """There is none."""

    # the rounds

    def seconds(self, nanoseconds: int) -> float:
        """A moment of the loop's clock in seconds, near those of the run's clock."""
        return self._began + nanoseconds / 1e9

    def _stop(self, future: object) -> None:
        self._stopping = True

    def _round(self) -> None:
        timers = self._timers
        while timers and timers[0].cancelled():
            heappop(timers)
        self._busy += 1
        if not self._ready:
            self._busy = 0
            self._wait()
        elif self._busy > _BUSY and timers and timers[0].until <= S.clock.monotonic():
            self.now = max(self.now, timers[0].due)
        while timers and timers[0].due <= self.now:
            self._ready.append(heappop(timers))
        for _ in range(len(self._ready)):
            S.charge(1)
            self._ready.popleft().run()

    def _wait(self) -> None:
        """Until the first timer is due, or an answer wakes a task."""
        first = self._timers[0] if self._timers else None
        if first is None or first.until > S.clock.monotonic():
            self._paused = True
            try:
                S.fibers.pause(None if first is None else first.until)
            finally:
                self._paused = False
        if self._ready:
            passed = int((S.clock.monotonic() - self._began) * 1e9)
            self.now = max(self.now, passed if first is None else min(passed, first.due - 1))
        elif first is not None and first.until <= S.clock.monotonic():
            self.now = max(self.now, first.due)

    def wait_in(self, what: object) -> None:
        """From a task: let the loop go on. ``what`` is a future to wait for, or None for one round."""
        task = self.current
        if task is None or S.fibers.current is not task.fiber:
            raise RuntimeError("await outside of a task: only what a task awaits may wait")
        task.fiber.greenlet = getcurrent()
        assert self.greenlet is not None
        self.greenlet.switch(what)

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError("Event loop is closed")

    def _check_idle(self) -> None:
        if self.is_running():
            raise RuntimeError("This event loop is already running")
        if CURRENT.running is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")


def _hook(loop: Loop) -> Any:
    """Have the loop close asynchronous generators that are dropped, as CPython's does."""
    before = sys.get_asyncgen_hooks()

    def first(generator: Any) -> None:
        if type(generator) is AsyncGeneratorType:
            loop.generators[id(generator)] = ref(generator)

    def last(generator: Any) -> None:
        loop.generators.pop(id(generator), None)
        if not loop.is_closed() and not S.tripped:
            loop.call_soon(_close_later, loop, generator)

    sys.set_asyncgen_hooks(first, last)
    return before


def _close_later(loop: Loop, generator: Any) -> None:
    loop.create_task(_close(generator))


async def _close(generator: Any) -> None:
    await generator.aclose()


def _unhook(hooks: Any) -> None:
    sys.set_asyncgen_hooks(*hooks)


Current.make = Loop
