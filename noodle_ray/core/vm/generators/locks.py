"""asyncio's locks for programs, as CPython has them: who waits is woken in order, through the loop's queue."""

from collections import deque
from collections.abc import Callable
from typing import Any

from noodle_ray.core.vm.generators.tasks import CancelledError, Future, running
from noodle_ray.core.vm.state import S


class _Managed:
    """``async with`` over something that is acquired and released."""

    async def acquire(self) -> bool:
        """Take it, when it is free."""
        raise NotImplementedError

    def release(self) -> None:
        """Give it back."""
        raise NotImplementedError

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        self.release()


def _shown(lock: Any, state: str, waiters: "deque[Future] | None") -> str:
    extra = f"{state}, waiters:{len(waiters)}" if waiters else state
    return f"<asyncio.locks.{type(lock).__name__} object [{extra}]>"


class Lock(_Managed):
    """A lock that one task holds."""

    def __init__(self) -> None:
        self._waiters: deque[Future] = deque()
        self._locked = False

    def __repr__(self) -> str:
        return _shown(self, "locked" if self._locked else "unlocked", self._waiters)

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._locked

    async def acquire(self) -> bool:
        """Take it, when it is free."""
        if not self._locked and all(waiter.cancelled() for waiter in self._waiters):
            self._locked = True
            return True
        future = running().create_future()
        self._waiters.append(future)
        try:
            try:
                await future
            finally:
                self._waiters.remove(future)
        except CancelledError:
            if not self._locked:
                self._wake_first()
            raise
        self._locked = True
        return True

    def release(self) -> None:
        """Give it back; the first that waits may take it."""
        if not self._locked:
            raise RuntimeError("Lock is not acquired.")
        self._locked = False
        self._wake_first()

    def _wake_first(self) -> None:
        if self._waiters and not self._waiters[0].done():
            self._waiters[0].set_result(True)


class Event:
    """A flag that tasks wait for."""

    def __init__(self) -> None:
        self._waiters: deque[Future] = deque()
        self._value = False

    def __repr__(self) -> str:
        return _shown(self, "set" if self._value else "unset", self._waiters)

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._value

    def set(self) -> None:
        """Set it, and wake all that wait."""
        if not self._value:
            self._value = True
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(True)

    def clear(self) -> None:
        """Unset it."""
        self._value = False

    async def wait(self) -> bool:
        """Wait until it is set."""
        if self._value:
            return True
        future = running().create_future()
        self._waiters.append(future)
        try:
            await future
            return True
        finally:
            self._waiters.remove(future)


class Condition(_Managed):
    """A lock, and a place to wait for what happens while others hold it."""

    def __init__(self, lock: Any = None) -> None:
        self._lock = Lock() if lock is None else lock
        self._waiters: deque[Future] = deque()

    def __repr__(self) -> str:
        return _shown(self, "locked" if self.locked() else "unlocked", self._waiters)

    def locked(self) -> bool:
        """Whether somebody holds its lock."""
        return bool(self._lock.locked())

    async def acquire(self) -> bool:
        """Take its lock."""
        return bool(await self._lock.acquire())

    def release(self) -> None:
        """Give its lock back."""
        self._lock.release()

    async def wait(self) -> bool:
        """Give the lock back until `notify`, and take it again."""
        if not self.locked():
            raise RuntimeError("cannot wait on un-acquired lock")
        self.release()
        try:
            future = running().create_future()
            S.charge(8 + (len(self._waiters) >> 4))
            self._waiters.append(future)
            try:
                await future
                return True
            finally:
                self._waiters.remove(future)
        finally:
            await self._again()

    async def _again(self) -> None:
        cancelled = False
        while True:
            try:
                await self.acquire()
                break
            except CancelledError:
                cancelled = True
        if cancelled:
            raise CancelledError

    async def wait_for(self, predicate: Callable[[], Any]) -> Any:
        """Wait until this is true."""
        result = predicate()
        while not result:
            await self.wait()
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        """Wake so many of those that wait."""
        if not self.locked():
            raise RuntimeError("cannot notify on un-acquired lock")
        S.charge(len(self._waiters) >> 3)
        for waiter in [waiter for waiter in self._waiters if not waiter.done()][: max(n, 0)]:
            waiter.set_result(False)

    def notify_all(self) -> None:
        """Wake all that wait."""
        self.notify(len(self._waiters))


class Semaphore(_Managed):
    """A lock that so many may hold."""

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("Semaphore initial value must be >= 0")
        self._waiters: deque[Future] = deque()
        self._value = value

    def __repr__(self) -> str:
        return _shown(self, "locked" if self.locked() else f"unlocked, value:{self._value}", self._waiters)

    def locked(self) -> bool:
        """Whether nobody can take it now."""
        return self._value == 0 or any(not waiter.cancelled() for waiter in self._waiters)

    async def acquire(self) -> bool:
        """Take it, when it can be taken."""
        if not self.locked():
            self._value -= 1
            return True
        future = running().create_future()
        self._waiters.append(future)
        try:
            try:
                await future
            finally:
                self._waiters.remove(future)
        except CancelledError:
            if not future.cancelled():
                self._value += 1
                self._wake_next()
            raise
        if self._value > 0:
            self._wake_next()
        return True

    def release(self) -> None:
        """Give it back; the first that waits may take it."""
        self._value += 1
        self._wake_next()

    def _wake_next(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                self._value -= 1
                waiter.set_result(True)
                return


class BrokenBarrierError(RuntimeError):
    """The barrier was reset or aborted."""


class Barrier:
    """A place where so many tasks wait for one another."""

    def __init__(self, parties: int) -> None:
        if parties < 1:
            raise ValueError("parties must be > 0")
        self._changed = Condition()
        self._parties = parties
        self._state = "filling"
        self._count = 0

    def __repr__(self) -> str:
        extra = self._state if self._state == "broken" else f"{self._state}, waiters:{self._count}/{self._parties}"
        return f"<asyncio.locks.Barrier object [{extra}]>"

    async def __aenter__(self) -> int:
        return await self.wait()

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        """Nothing is to be given back."""

    @property
    def parties(self) -> int:
        """How many it takes."""
        return self._parties

    @property
    def n_waiting(self) -> int:
        """How many wait."""
        return self._count if self._state == "filling" else 0

    @property
    def broken(self) -> bool:
        """Whether it was aborted."""
        return self._state == "broken"

    async def wait(self) -> int:
        """Wait until as many do as it takes; which one this was."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._state not in ("draining", "resetting"))
            self._check()
            try:
                index = self._count
                self._count += 1
                if index + 1 == self._parties:
                    self._state = "draining"
                    self._changed.notify_all()
                else:
                    await self._changed.wait_for(lambda: self._state != "filling")
                    if self._state in ("broken", "resetting"):
                        raise BrokenBarrierError("Abort or reset of barrier")
                return index
            finally:
                self._count -= 1
                if self._state in ("resetting", "draining"):
                    if self._count == 0:
                        self._state = "filling"
                    self._changed.notify_all()

    def _check(self) -> None:
        if self._state == "broken":
            raise BrokenBarrierError("Barrier aborted")

    async def reset(self) -> None:
        """Begin anew; those that wait get an error."""
        async with self._changed:
            if self._count > 0:
                if self._state != "resetting":
                    self._state = "resetting"
            else:
                self._state = "filling"
            self._changed.notify_all()

    async def abort(self) -> None:
        """Let nobody wait any more."""
        async with self._changed:
            self._state = "broken"
            self._changed.notify_all()


class BoundedSemaphore(Semaphore):
    """A semaphore that is not given back more often than it was taken."""

    def __init__(self, value: int = 1) -> None:
        self._bound = value
        super().__init__(value)

    def release(self) -> None:
        """Give it back. Raises ValueError when nobody has it."""
        if self._value >= self._bound:
            raise ValueError("BoundedSemaphore released too many times")
        super().release()
