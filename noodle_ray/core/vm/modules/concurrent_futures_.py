"""concurrent.futures with threads: workers are fibers, so that calls of models made by several of them overlap."""

from collections import deque, namedtuple
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from greenlet import GreenletExit  # type: ignore[import-untyped]

from noodle_ray.core.vm.classes.kinds import clean_error
from noodle_ray.core.vm.generators.parking import Parking, deadline
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import on_start, threading_
from noodle_ray.core.vm.modules.vetting import finite, readers
from noodle_ray.core.vm.sets import set as ordered
from noodle_ray.core.vm.state import S
from noodle_ray.core.vm.strings import to_str
from noodle_ray.core.vm.types import call_of

FIRST_COMPLETED: Final = "FIRST_COMPLETED"
FIRST_EXCEPTION: Final = "FIRST_EXCEPTION"
ALL_COMPLETED: Final = "ALL_COMPLETED"
_PENDING, _RUNNING, _CANCELLED, _FINISHED = "pending", "running", "cancelled", "finished"
_DEFAULT_WORKERS: Final = 32


class Error(Exception):
    """Base of the module's errors."""


class CancelledError(Error):
    """The future was cancelled."""


class InvalidStateError(Error):
    """The operation is not allowed in this state."""


class BrokenExecutor(RuntimeError):
    """The executor can do no more."""


class BrokenThreadPool(BrokenExecutor):
    """What began its workers failed."""


_BROKEN: Final = "A thread initializer failed, the thread pool is not usable anymore"


class Future:
    """concurrent.futures.Future."""

    def __init__(self) -> None:
        self._state = _PENDING
        self._result: Any = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Any], Any]] = []
        self.parking = Parking()

    def __repr__(self) -> str:
        if self._state == _FINISHED:
            what = f"returned {type(self._result).__name__}"
            if self._error is not None:
                what = f"raised {type(self._error).__name__}"
            return f"<Future state=finished {what}>"
        return f"<Future state={self._state}>"

    def done(self) -> bool:
        """Whether it has a result, an exception or was cancelled."""
        return self._state in (_FINISHED, _CANCELLED)

    def running(self) -> bool:
        """Whether a worker has it."""
        return self._state == _RUNNING

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._state == _CANCELLED

    def cancel(self) -> bool:
        """Cancel it, if no worker has it yet."""
        if self._state in (_RUNNING, _FINISHED):
            return False
        if self._state == _PENDING:
            self._end(_CANCELLED)
        return True

    def result(self, timeout: Any = None) -> Any:
        """The result, waited for. Raises its exception."""
        self._wait(timeout)
        if self._error is not None:
            raise self._error
        return self._result

    def exception(self, timeout: Any = None) -> BaseException | None:
        """The exception, waited for, or None."""
        self._wait(timeout)
        return self._error

    def add_done_callback(self, fn: Any) -> None:
        """Have a function called with this future when it is done."""
        if self.done():
            _call_back(fn, self)
        else:
            self._callbacks.append(fn)

    def set_running_or_notify_cancel(self) -> bool:
        """What an executor asks before it runs the call."""
        if self._state == _CANCELLED:
            return False
        if self._state != _PENDING:
            raise InvalidStateError(f"Future in unexpected state: {self._state.upper()}")
        self._state = _RUNNING
        return True

    def set_result(self, result: Any) -> None:
        """Make it done."""
        self._check_open()
        self._result = result
        self._end(_FINISHED)

    def set_exception(self, exception: Any) -> None:
        """Make it done with an exception."""
        self._check_open()
        self._error = exception
        self._end(_FINISHED)

    def _check_open(self) -> None:
        if self.done():
            raise InvalidStateError(f"{self._state.upper()}: {self!r}")

    def _end(self, state: str) -> None:
        self._state = state
        self.parking.wake_all()
        callbacks, self._callbacks = self._callbacks, []
        for each in callbacks:
            _call_back(each, self)

    def _wait(self, timeout: Any) -> None:
        if not self.done():
            self.parking.wait(deadline(timeout))
            if not self.done():
                raise TimeoutError
        if self._state == _CANCELLED:
            raise CancelledError


def _call_back(function: Any, future: Future) -> None:
    """Call a callback. What it raises is nobody's business, as in CPython, where it is logged."""
    try:
        call_of(function)(future)
    except (*LIMITS, GreenletExit):
        raise
    except Exception:
        S.charge(1)


class _Counter:
    """How many executors a run has made without a name for their threads."""

    def __init__(self) -> None:
        self.made = 0


_counter: Final = _Counter()
on_start(_counter.__init__)  # type: ignore[misc]


class ThreadPoolExecutor:
    """concurrent.futures.ThreadPoolExecutor."""

    def __init__(
        self, max_workers: Any = None, thread_name_prefix: Any = "", initializer: Any = None, initargs: Any = ()
    ) -> None:
        if max_workers is None:
            max_workers = _DEFAULT_WORKERS
        if max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        if not thread_name_prefix:
            thread_name_prefix = f"ThreadPoolExecutor-{_counter.made}"
            _counter.made += 1
        self._most = max_workers
        self._prefix = to_str(thread_name_prefix)
        self._begin = None if initializer is None else partial(call_of(initializer), *initargs)
        self._queue: deque[tuple[Future, Callable[[], Any]]] = deque()
        self._threads: list[Any] = []
        self._idle = Parking()
        self._closed = False
        self._broken = False

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future:
        """Have a worker call a function."""
        if self._broken:
            raise BrokenThreadPool(_BROKEN)
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        S.charge(40)
        future = Future()
        self._queue.append((future, partial(call_of(fn), *args, **kwargs)))
        if len(self._idle):
            self._idle.wake()
        elif len(self._threads) < self._most:
            name = f"{self._prefix}_{len(self._threads)}"
            thread = threading_.Thread(target=self._work, name=name)
            self._threads.append(thread)
            threading_.start_thread(thread)
            if len(self._threads) == 1:
                S.fibers.exits.append(self.shutdown)  # after, and so before, the wait for all threads
        return future

    def map(self, fn: Any, *iterables: Any, timeout: Any = None, chunksize: Any = 1) -> Any:
        """Have workers call a function for each element; the results in their order."""
        until = deadline(timeout)
        futures = [self.submit(fn, *each) for each in zip(*map(finite, iterables), strict=False)]
        return _Results(futures, until)

    def shutdown(self, wait: Any = True, *, cancel_futures: Any = False) -> None:
        """Take no more calls, and wait for those that were taken."""
        self._closed = True
        if cancel_futures:
            for future, _ in self._queue:
                future.cancel()
            self._queue.clear()
        self._idle.wake_all()
        if wait:
            for thread in self._threads:
                threading_.join_thread(thread)

    def __enter__(self) -> "ThreadPoolExecutor":
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.shutdown(wait=True)

    def _work(self) -> None:
        if self._begin is not None and not self._has_begun(self._begin):
            return
        while True:
            while self._queue:
                _run(*self._queue.popleft())
            if self._closed:
                return
            self._idle.wait(None)

    def _has_begun(self, begin: Callable[[], Any]) -> bool:
        """Call the initializer. If it fails, nothing that was or will be submitted is done."""
        try:
            begin()
        except (*LIMITS, GreenletExit):
            raise
        except BaseException:
            self._broken = True
            while self._queue:
                self._queue.popleft()[0].set_exception(BrokenThreadPool(_BROKEN))
            return False
        return True


def _run(future: Future, function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
        S.fibers.barrier()
        result = S.fibers.force(result)
    except (*LIMITS, GreenletExit):
        raise
    except BaseException as error:
        clean_error(error)
        future.set_exception(error)
    else:
        future.set_result(result)


class _Results:
    """What `ThreadPoolExecutor.map` gives."""

    __slots__ = ("_futures", "_until")

    def __init__(self, futures: list[Future], until: float | None) -> None:
        self._futures = deque(futures)
        self._until = until

    def __iter__(self) -> "_Results":
        return self

    def __next__(self) -> Any:
        if not self._futures:
            raise StopIteration
        left = None if self._until is None else self._until - S.clock.monotonic()
        future = self._futures.popleft()
        try:
            return future.result(left)
        except BaseException:
            for each in self._futures:
                each.cancel()
            self._futures.clear()
            raise


class _Completed:
    """What `as_completed` gives."""

    __slots__ = ("_all", "_done", "_left", "_until")

    def __init__(self, futures: list[Future], until: float | None) -> None:
        self._all = len(futures)
        self._done = deque(each for each in futures if each.done())
        self._left = [each for each in futures if not each.done()]
        self._until = until
        for each in self._left:
            each.add_done_callback(self._note)

    def _note(self, future: Future) -> None:
        self._left.remove(future)
        self._done.append(future)

    def __iter__(self) -> "_Completed":
        return self

    def __next__(self) -> Future:
        while not self._done:
            if not self._left:
                raise StopIteration
            if not _wait_for_one(self._left, self._until):
                raise TimeoutError(f"{len(self._left)} (of {self._all}) futures unfinished")
        return self._done.popleft()


def _wait_for_one(futures: list[Future], until: float | None) -> bool:
    """Wait until one of these is done; false if the time is over."""
    parking = Parking()
    S.charge(4 * len(futures))

    def wake(future: object) -> None:
        parking.wake()

    for each in futures:
        each._callbacks.append(wake)
    try:
        return parking.wait(until)
    finally:
        for each in futures:
            if wake in each._callbacks:
                each._callbacks.remove(wake)


def as_completed(fs: Any, timeout: Any = None) -> Any:
    """concurrent.futures.as_completed."""
    return _Completed(_futures_of(fs), deadline(timeout))


def _futures_of(fs: Any) -> list[Future]:
    futures = list(dict.fromkeys(finite(fs)))
    for each in futures:
        if not isinstance(each, Future):
            raise AttributeError(f"'{type(each).__name__}' object has no attribute '_condition'")
    return futures


DoneAndNotDoneFutures: Final[Any] = namedtuple("DoneAndNotDoneFutures", "done not_done")


def wait(fs: Any, timeout: Any = None, return_when: Any = ALL_COMPLETED) -> Any:
    """concurrent.futures.wait."""
    futures = _futures_of(fs)
    until = deadline(timeout)
    if return_when not in (ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION):
        raise ValueError(f"Invalid return condition: {return_when!r}")
    while True:
        done = [each for each in futures if each.done()]
        left = [each for each in futures if not each.done()]
        failed = any(each._error is not None for each in done)
        enough = (return_when == FIRST_COMPLETED and done) or (return_when == FIRST_EXCEPTION and failed)
        if not left or enough or not _wait_for_one(left, until):
            done = [each for each in futures if each.done()]
            return DoneAndNotDoneFutures(ordered(done), ordered(each for each in futures if not each.done()))


_PUBLIC: Final = (
    *("done", "running", "cancelled", "cancel", "result", "exception", "add_done_callback", "set_result"),
    *("set_exception", "set_running_or_notify_cancel"),
)
register(Future, methods={name: getattr(Future, name) for name in _PUBLIC})
register(
    ThreadPoolExecutor,
    methods={
        name: getattr(ThreadPoolExecutor, name) for name in ("submit", "map", "shutdown", "__enter__", "__exit__")
    },
)
_kind: Any
for _kind in (_Results, _Completed):
    register(_kind, methods={"__next__": _kind.__next__, "__iter__": _kind.__iter__})
    _kind.__name__ = _kind.__qualname__ = "generator"
    _kind.__module__ = "builtins"
register(
    DoneAndNotDoneFutures,
    methods={"count": tuple.count, "index": tuple.index},
    attributes=readers("done", "not_done"),
)
DoneAndNotDoneFutures.__module__ = "concurrent.futures._base"
for _kind in (Error, CancelledError, InvalidStateError, BrokenExecutor, BrokenThreadPool):
    register(_kind)
    _kind.__module__ = f"concurrent.futures.{'thread' if _kind is BrokenThreadPool else '_base'}"
for _kind in (Future, ThreadPoolExecutor):
    _kind.__module__ = "concurrent.futures"

MEMBERS: dict[str, Any] = {
    "ALL_COMPLETED": ALL_COMPLETED,
    "BrokenExecutor": BrokenExecutor,
    "CancelledError": CancelledError,
    "FIRST_COMPLETED": FIRST_COMPLETED,
    "FIRST_EXCEPTION": FIRST_EXCEPTION,
    "Future": Future,
    "InvalidStateError": InvalidStateError,
    "ThreadPoolExecutor": ThreadPoolExecutor,
    "TimeoutError": TimeoutError,
    "as_completed": as_completed,
    "wait": wait,
}
