"""The locks of threading for programs. Only one thread runs at a time; these are where one lets others go on."""

from collections.abc import Callable
from typing import Any

from noodle_ray.core.vm.fibers import Fiber
from noodle_ray.core.vm.generators.parking import Parking, deadline
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.types import call_of


class BrokenBarrierError(RuntimeError):
    """threading.BrokenBarrierError."""


class _Managed:
    """What ``with`` acquires and releases."""

    __slots__ = ()

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take it; whether that worked."""
        raise NotImplementedError

    def release(self) -> None:
        """Give it back."""
        raise NotImplementedError

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.release()


def _until(blocking: Any, timeout: Any) -> float | None:
    """When a wait for a lock ends. Raises ValueError in CPython's words."""
    if not isinstance(timeout, int | float):
        raise TypeError(f"'{type(timeout).__name__}' object cannot be interpreted as an integer or float")
    if not blocking and timeout != -1:
        raise ValueError("can't specify a timeout for a non-blocking call")
    if timeout < 0 and timeout != -1:
        raise ValueError("timeout value must be positive")
    return deadline(None if timeout == -1 else timeout)


class Lock(_Managed):
    """threading.Lock."""

    __slots__ = ("_held", "_parking")

    def __init__(self) -> None:
        self._held = False
        self._parking = Parking()

    def __repr__(self) -> str:
        return f"<{'locked' if self._held else 'unlocked'} _thread.lock object>"

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take it, waiting for it if need be."""
        until = _until(blocking, timeout)
        while self._held:
            if not blocking or not self._parking.wait(until):
                return False
        self._held = True
        return True

    def release(self) -> None:
        """Give it back, whoever has it."""
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False
        self._parking.wake()

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._held


class RLock(_Managed):
    """threading.RLock."""

    __slots__ = ("_count", "_owner", "_parking")

    def __init__(self) -> None:
        self._owner: Fiber | None = None
        self._count = 0
        self._parking = Parking()

    def __repr__(self) -> str:
        return f"<{'locked' if self._count else 'unlocked'} _thread.RLock object count={self._count}>"

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take it, once more if this thread has it already."""
        until = _until(blocking, timeout)
        me = S.fibers.current
        while self._count and self._owner is not me:
            if not blocking or not self._parking.wait(until):
                return False
        self._owner = me
        self._count += 1
        return True

    def release(self) -> None:
        """Give it back as often as it was taken."""
        if not self._count or self._owner is not S.fibers.current:
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1
        if not self._count:
            self._owner = None
            self._parking.wake()

    def is_mine(self) -> bool:
        """Whether the current thread has it."""
        return self._count > 0 and self._owner is S.fibers.current

    def free(self) -> int:
        """Give it back at once; how often it was taken."""
        count, self._count, self._owner = self._count, 0, None
        self._parking.wake()
        return count

    def regain(self, count: int) -> None:
        """Take it as often as it was."""
        self.acquire()
        self._count = count


class Condition(_Managed):
    """threading.Condition."""

    __slots__ = ("_lock", "_parking")

    def __init__(self, lock: Any = None) -> None:
        if lock is not None and not isinstance(lock, Lock | RLock):
            raise TypeError(f"a condition needs a Lock or an RLock, not '{type(lock).__name__}'")
        self._lock: Lock | RLock = RLock() if lock is None else lock
        self._parking = Parking()

    def __repr__(self) -> str:
        return f"<Condition({self._lock!r}, {len(self._parking)})>"

    def acquire(self, blocking: Any = True, timeout: Any = -1) -> bool:
        """Take its lock."""
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        """Give its lock back."""
        self._lock.release()

    def _check_owned(self, what: str) -> None:
        lock = self._lock
        if not (lock.is_mine() if isinstance(lock, RLock) else lock.locked()):
            raise RuntimeError(f"cannot {what} on un-acquired lock")

    def wait(self, timeout: Any = None) -> bool:
        """Wait until somebody notifies, without the lock."""
        self._check_owned("wait")
        lock, count = self._lock, 1
        if isinstance(lock, RLock):
            count = lock.free()
        else:
            lock.release()
        try:
            return self._parking.wait(deadline(timeout))
        finally:
            if isinstance(lock, RLock):
                lock.regain(count)
            else:
                lock.acquire()

    def wait_for(self, predicate: Any, timeout: Any = None) -> Any:
        """Wait until something is true; what it came to."""
        predicate = call_of(predicate)
        until = deadline(timeout)
        result = predicate()
        while not result:
            if until is not None and S.clock.monotonic() >= until:
                break
            self.wait(None if until is None else max(0.0, until - S.clock.monotonic()))
            result = predicate()
        return result

    def notify(self, n: Any = 1) -> None:
        """Let so many go on that wait."""
        self._check_owned("notify")
        self._parking.wake(int(n))

    def notify_all(self) -> None:
        """Let all go on that wait."""
        self._check_owned("notify")
        self._parking.wake_all()


class Semaphore(_Managed):
    """threading.Semaphore."""

    __slots__ = ("_most", "_parking", "_value")

    def __init__(self, value: Any = 1) -> None:
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._value = int(value)
        self._most: int | None = None
        self._parking = Parking()

    def acquire(self, blocking: Any = True, timeout: Any = None) -> bool:
        """Take one of its places."""
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        until = deadline(timeout)
        while not self._value:
            if not blocking or not self._parking.wait(until):
                return False
        self._value -= 1
        return True

    def release(self, n: Any = 1) -> None:
        """Give places back."""
        if n < 1:
            raise ValueError("n must be one or more")
        if self._most is not None and self._value + n > self._most:
            raise ValueError("Semaphore released too many times")
        self._value += int(n)
        self._parking.wake(int(n))


class BoundedSemaphore(Semaphore):
    """threading.BoundedSemaphore."""

    __slots__ = ()

    def __init__(self, value: Any = 1) -> None:
        super().__init__(value)
        self._most = self._value


class Event:
    """threading.Event."""

    __slots__ = ("_parking", "_value")

    def __init__(self) -> None:
        self._value = False
        self._parking = Parking()

    def __repr__(self) -> str:
        return f"<threading.Event: {'set' if self._value else 'unset'}>"

    def is_set(self) -> bool:
        """Whether it is set."""
        return self._value

    def set(self) -> None:
        """Set it, and let all go on that wait."""
        self._value = True
        self._parking.wake_all()

    def clear(self) -> None:
        """Unset it."""
        self._value = False

    def wait(self, timeout: Any = None) -> bool:
        """Wait until it is set; whether it is."""
        if not self._value:
            self._parking.wait(deadline(timeout))
        return self._value


class Barrier:
    """threading.Barrier."""

    __slots__ = ("_action", "_broken", "_inside", "_parking", "_round", "_timeout", "parties")

    def __init__(self, parties: Any, action: Callable[[], Any] | None = None, timeout: Any = None) -> None:
        if not isinstance(parties, int):
            raise TypeError(f"'{type(parties).__name__}' object cannot be interpreted as an integer")
        self.parties = parties
        self._action = action
        self._timeout = timeout
        self._inside = 0
        self._round = 0
        self._broken = False
        self._parking = Parking()

    @property
    def n_waiting(self) -> int:
        """How many wait in it."""
        return self._inside

    @property
    def broken(self) -> bool:
        """Whether it is broken."""
        return self._broken

    def wait(self, timeout: Any = None) -> int:
        """Wait until all are there; this one's number."""
        if self._broken:
            raise BrokenBarrierError
        index, current = self._inside, self._round
        self._inside += 1
        if self._inside == self.parties:
            self._open()
            return index
        until = deadline(self._timeout if timeout is None else timeout)
        woken = self._parking.wait(until)
        if self._round != current:
            return index
        if not woken:
            self.abort()
        raise BrokenBarrierError

    def _open(self) -> None:
        try:
            if self._action is not None:
                call_of(self._action)()
        except BaseException:
            self.abort()
            raise
        self._round += 1
        self._inside = 0
        self._parking.wake_all()

    def abort(self) -> None:
        """Break it: whoever waits in it meets an error."""
        self._broken = True
        self._inside = 0
        self._parking.wake_all()

    def reset(self) -> None:
        """Mend it; whoever waits in it meets an error."""
        self._inside = 0
        self._parking.wake_all()
        self._broken = False
