"""asyncio for programs: coroutines run side by side as fibers, in the order in which CPython's loop would run them.

What is not here has no meaning without threads, sockets and processes. ``to_thread`` and ``run_in_executor`` just call.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import CoroutineType
from typing import Any, Final

from noodle_ray.core.vm import sets
from noodle_ray.core.vm.generators import groups, locks, queues
from noodle_ray.core.vm.generators.awaiting import is_coroutine_function
from noodle_ray.core.vm.generators.handles import Handle, TimerHandle
from noodle_ray.core.vm.generators.loop import Loop
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.generators.tasks import (
    CURRENT,
    CancelledError,
    Future,
    InvalidStateError,
    Task,
    ensure_future,
    get_loop,
    running,
)
from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules import on_start

FIRST_COMPLETED: Final = "FIRST_COMPLETED"
FIRST_EXCEPTION: Final = "FIRST_EXCEPTION"
ALL_COMPLETED: Final = "ALL_COMPLETED"


def run(main: Any, *, debug: Any = None) -> Any:
    """Run a coroutine in a loop of its own; cancel what it leaves running."""
    if CURRENT.running is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop")
    if not isinstance(main, CoroutineType):
        raise ValueError(f"a coroutine was expected, got {main!r}")
    return Runner().once(main)


class Runner:
    """``with asyncio.Runner() as runner``: several coroutines in one loop."""

    def __init__(self, *, debug: Any = None, loop_factory: Any = None) -> None:
        self._loop: Loop | None = None

    def __enter__(self) -> "Runner":
        self.get_loop()
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self.close()

    def get_loop(self) -> Loop:
        """Its loop."""
        if self._loop is None:
            self._loop = Loop()
        return self._loop

    def run(self, coro: Any, *, context: Any = None) -> Any:
        """Run a coroutine to its end."""
        if not isinstance(coro, CoroutineType):
            raise ValueError(f"a coroutine was expected, got {coro!r}")
        if CURRENT.running is not None:
            raise RuntimeError("Runner.run() cannot be called from a running event loop")
        loop = self.get_loop()
        return loop.run_until_complete(loop.create_task(coro))

    def once(self, coro: Any) -> Any:
        """Run one coroutine, and close. A limit closes nothing: nothing of the program may run for it."""
        try:
            result = self.run(coro)
        except LIMITS:
            raise
        except BaseException:
            self.close()
            raise
        self.close()
        return result

    def close(self) -> None:
        """Cancel what still runs."""
        loop, self._loop = self._loop, None
        if loop is None or loop.is_closed():
            return
        left = list(loop.tasks)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(_gather(left, True, loop))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def new_event_loop() -> Loop:
    """A loop."""
    return Loop()


def set_event_loop(loop: Loop | None) -> None:
    """Make a loop the one that `get_event_loop` gives."""
    CURRENT.set = loop


def current_task(loop: Any = None) -> Task | None:
    """The task that runs now."""
    return (loop or running()).current


def all_tasks(loop: Any = None) -> Any:
    """The tasks that are not done."""
    return sets.set((loop or running()).tasks)


def create_task(coro: Any, *, name: Any = None, context: Any = None) -> Task:
    """Run a coroutine side by side with what runs now."""
    return running().create_task(coro, name=name)


def ensure(obj: Any, *, loop: Any = None) -> Future:
    """A future itself, or a task for what else can be awaited."""
    return ensure_future(obj, loop=loop)


async def sleep(delay: Any, result: Any = None) -> Any:
    """Wait for so many seconds."""
    loop = running()
    if delay <= 0:
        loop.wait_in(None)
        return result
    future = loop.create_future()
    handle = loop.call_later(delay, _set_unless_done, future, result)
    try:
        return await future
    finally:
        handle.cancel()


def _set_unless_done(future: Future, result: Any = None) -> None:
    if not future.done():
        future.set_result(result)


class _Gathered(Future):
    """What `gather` gives: to cancel it is to cancel all it waits for."""

    def __init__(self, children: list[Future], loop: Loop) -> None:
        super().__init__(loop=loop)
        self.children = children
        self.asked_to_cancel = False

    def cancel(self, msg: Any = None) -> bool:
        """Cancel all that are not done."""
        if self.done():
            return False
        cancelled = [child.cancel(msg=msg) for child in self.children]
        if any(cancelled):
            self.asked_to_cancel = True
        return any(cancelled)


def gather(*coros_or_futures: Any, return_exceptions: Any = False) -> Future:
    """A future of the results of all these, in their order."""
    if not coros_or_futures:
        empty = get_loop().create_future()
        empty.set_result([])
        return empty
    return _gather(coros_or_futures, return_exceptions, None)


def _gather(awaitables: Iterable[Any], return_exceptions: Any, loop: Loop | None) -> Future:
    made: dict[int, tuple[Any, Future]] = {}
    children: list[Future] = []
    finished = 0
    outer: _Gathered | None = None

    def done(future: Future) -> None:
        nonlocal finished
        finished += 1
        if outer is None or outer.done():
            return
        if not return_exceptions:
            if future.cancelled():
                outer.set_exception(future.make_cancelled_error())
                return
            if future.exception() is not None:
                outer.set_exception(future.exception())
                return
        if finished == len(made):
            results = [_outcome(child) for child in children]
            if outer.asked_to_cancel:
                outer.set_exception(future.make_cancelled_error())
            else:
                outer.set_result(results)

    for awaitable in awaitables:
        if id(awaitable) not in made:
            future = ensure_future(awaitable, loop=loop)
            loop = loop or future.loop
            made[id(awaitable)] = awaitable, future
            future.add_done_callback(done)
        children.append(made[id(awaitable)][1])
    assert loop is not None
    outer = _Gathered(children, loop)
    return outer


def _outcome(future: Future) -> Any:
    if future.cancelled():
        return future.make_cancelled_error()
    error = future.exception()
    return future.result() if error is None else error


async def wait_for(fut: Any, timeout: Any) -> Any:
    """The result, if it comes within so many seconds; else TimeoutError, and what was waited for is cancelled."""
    loop = running()
    if timeout is None:
        return await ensure_future(fut) if not isinstance(fut, CoroutineType) else await fut
    if timeout <= 0:
        fut = ensure_future(fut, loop=loop)
        if fut.done():
            return fut.result()
        await _cancel_and_wait(fut, loop)
        return _result_or_timeout(fut)
    waiter = loop.create_future()
    handle = loop.call_later(timeout, _set_unless_done, waiter)
    release = partial(_release, waiter)
    fut = ensure_future(fut, loop=loop)
    fut.add_done_callback(release)
    try:
        try:
            await waiter
        except CancelledError:
            if fut.done():
                return fut.result()
            fut.remove_done_callback(release)
            await _cancel_and_wait(fut, loop)
            raise
        if fut.done():
            return fut.result()
        fut.remove_done_callback(release)
        await _cancel_and_wait(fut, loop)
        return _result_or_timeout(fut)
    finally:
        handle.cancel()


def _release(waiter: Future, future: object) -> None:
    _set_unless_done(waiter)


def _result_or_timeout(future: Future) -> Any:
    try:
        return future.result()
    except CancelledError as error:
        raise TimeoutError from error


async def _cancel_and_wait(future: Future, loop: Loop) -> None:
    waiter = loop.create_future()
    release = partial(_release, waiter)
    future.add_done_callback(release)
    try:
        future.cancel()
        await waiter
    finally:
        future.remove_done_callback(release)


async def wait(fs: Any, *, timeout: Any = None, return_when: Any = ALL_COMPLETED) -> Any:
    """Wait for tasks: those that are done, and those that are not."""
    if isinstance(fs, Future | CoroutineType):
        raise TypeError(f"expect a list of futures, not {type(fs).__name__}")
    if not fs:
        raise ValueError("Set of Tasks/Futures is empty.")
    if return_when not in (FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED):
        raise ValueError(f"Invalid return_when value: {return_when}")
    futures = list(dict.fromkeys(fs))
    if any(isinstance(future, CoroutineType) for future in futures):
        raise TypeError("Passing coroutines is forbidden, use tasks explicitly.")
    await _wait([ensure_future(future) for future in futures], timeout, return_when, running())
    done = sets.set([future for future in futures if future.done()])
    return done, sets.set([future for future in futures if not future.done()])


async def _wait(futures: list[Future], timeout: Any, return_when: str, loop: Loop) -> None:
    waiter = loop.create_future()
    handle = None if timeout is None else loop.call_later(timeout, _set_unless_done, waiter)
    counter = len(futures)

    def completed(future: Future) -> None:
        nonlocal counter
        counter -= 1
        failed = not future.cancelled() and future.exception() is not None
        if counter <= 0 or return_when == FIRST_COMPLETED or (return_when == FIRST_EXCEPTION and failed):
            if handle is not None:
                handle.cancel()
            _set_unless_done(waiter)

    for future in futures:
        future.add_done_callback(completed)
    try:
        await waiter
    finally:
        if handle is not None:
            handle.cancel()
        for future in futures:
            future.remove_done_callback(completed)


def as_completed(fs: Any, *, timeout: Any = None) -> Iterator[Any]:
    """Coroutines that give the results in the order in which they come."""
    if isinstance(fs, Future | CoroutineType):
        raise TypeError(f"expect an iterable of futures, not {type(fs).__name__}")
    done = queues.Queue()
    loop = get_loop()
    todo = {ensure_future(future, loop=loop): None for future in dict.fromkeys(fs)}
    handle: TimerHandle | None = None

    def on_timeout() -> None:
        for future in todo:
            future.remove_done_callback(completed)
            done.put_nowait(None)
        todo.clear()

    def completed(future: Future) -> None:
        if todo:
            del todo[future]
            done.put_nowait(future)
            if not todo and handle is not None:
                handle.cancel()

    async def next_one() -> Any:
        future = await done.get()
        if future is None:
            raise TimeoutError
        return future.result()

    next_one.__qualname__ = "as_completed.<locals>._wait_for_one"
    for future in todo:
        future.add_done_callback(completed)
    if todo and timeout is not None:
        handle = loop.call_later(timeout, on_timeout)
    for _ in range(len(todo)):
        yield next_one()


def shield(arg: Any) -> Future:
    """A future whose cancellation does not reach what it waits for."""
    inner = ensure_future(arg)
    if inner.done():
        return inner
    outer = inner.loop.create_future()

    def inner_done(inner: Future) -> None:
        if outer.cancelled():
            return
        if inner.cancelled():
            outer.cancel()
        elif inner.exception() is not None:
            outer.set_exception(inner.exception())
        else:
            outer.set_result(inner.result())

    def outer_done(outer: Future) -> None:
        if not inner.done():
            inner.remove_done_callback(inner_done)

    inner.add_done_callback(inner_done)
    outer.add_done_callback(outer_done)
    return outer


async def to_thread(func: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function: there are no threads, so it is just called."""
    await sleep(0)
    return func(*args, **kwargs)


def iscoroutine(obj: Any) -> bool:
    """Whether this is a coroutine."""
    return isinstance(obj, CoroutineType)


def isfuture(obj: Any) -> bool:
    """Whether this is a future or a task."""
    return isinstance(obj, Future)


def _public(kind: type, *more: str) -> dict[str, Any]:
    names = [name for name in dir(kind) if not name.startswith("_")]
    return {name: getattr(kind, name) for name in (*names, *more) if callable(getattr(kind, name))}


_ASYNC: Final = ("__aenter__", "__aexit__")
_HIDDEN: Final = ("make_cancelled_error", "wait_in", "block", "awake", "hop", "run", "once", "seconds")


def _register(kind: type, name: str, module: str, *more: str, **attributes: Callable[[Any], Any]) -> None:
    methods = {key: method for key, method in _public(kind, *more).items() if key not in _HIDDEN}
    register(kind, methods=methods, attributes=attributes)
    kind.__name__ = kind.__qualname__ = name
    kind.__module__ = module


_kind: Any
for _kind, _name in ((Future, "Future"), (Task, "Task"), (_Gathered, "_GatheringFuture")):
    _register(_kind, _name, "_asyncio" if _kind is not _Gathered else "asyncio.tasks")
    register(_kind, methods={"__await__": _kind.__await__})
_register(Loop, "_UnixSelectorEventLoop", "asyncio.unix_events")
_register(Handle, "Handle", "asyncio.events")
_register(TimerHandle, "TimerHandle", "asyncio.events")
_register(Runner, "Runner", "asyncio.runners", "__enter__", "__exit__")
register(Runner, methods={"run": Runner.run})
for _kind in (locks.Lock, locks.Condition, locks.Semaphore, locks.BoundedSemaphore):
    _register(_kind, _kind.__name__, "asyncio.locks", *_ASYNC)
_register(locks.Event, "Event", "asyncio.locks")
_register(
    locks.Barrier, "Barrier", "asyncio.locks", *_ASYNC, broken=lambda barrier: barrier.broken,
    n_waiting=lambda barrier: barrier.n_waiting, parties=lambda barrier: barrier.parties,
)  # fmt: skip
for _kind in (queues.Queue, queues.PriorityQueue, queues.LifoQueue):
    _register(_kind, _kind.__name__, "asyncio.queues", maxsize=lambda queue: queue.maxsize)
_register(groups.TaskGroup, "TaskGroup", "asyncio.taskgroups", *_ASYNC)
_register(groups.Timeout, "Timeout", "asyncio.timeouts", *_ASYNC)
for _kind in (CancelledError, InvalidStateError, locks.BrokenBarrierError):
    register(_kind, attributes={"args": lambda error: error.args})
    _kind.__module__ = "asyncio.exceptions"
for _kind in (queues.QueueEmpty, queues.QueueFull):
    register(_kind, attributes={"args": lambda error: error.args})
    _kind.__module__ = "asyncio.queues"
for _kind in (BaseExceptionGroup, ExceptionGroup):
    register(
        _kind,
        attributes={
            "args": lambda error: error.args,
            "message": lambda error: error.message,
            "exceptions": lambda error: error.exceptions,
        },
    )
on_start(CURRENT.__init__)  # type: ignore[misc]

MEMBERS: dict[str, Any] = {
    "ALL_COMPLETED": ALL_COMPLETED,
    "Barrier": locks.Barrier,
    "BoundedSemaphore": locks.BoundedSemaphore,
    "BrokenBarrierError": locks.BrokenBarrierError,
    "CancelledError": CancelledError,
    "Condition": locks.Condition,
    "Event": locks.Event,
    "FIRST_COMPLETED": FIRST_COMPLETED,
    "FIRST_EXCEPTION": FIRST_EXCEPTION,
    "Future": Future,
    "InvalidStateError": InvalidStateError,
    "LifoQueue": queues.LifoQueue,
    "Lock": locks.Lock,
    "PriorityQueue": queues.PriorityQueue,
    "Queue": queues.Queue,
    "QueueEmpty": queues.QueueEmpty,
    "QueueFull": queues.QueueFull,
    "Runner": Runner,
    "Semaphore": locks.Semaphore,
    "Task": Task,
    "TaskGroup": groups.TaskGroup,
    "Timeout": groups.Timeout,
    "TimeoutError": TimeoutError,
    "all_tasks": all_tasks,
    "as_completed": as_completed,
    "create_task": create_task,
    "current_task": current_task,
    "ensure_future": ensure,
    "gather": gather,
    "get_event_loop": get_loop,
    "get_running_loop": running,
    "iscoroutine": iscoroutine,
    "iscoroutinefunction": is_coroutine_function,
    "isfuture": isfuture,
    "new_event_loop": new_event_loop,
    "run": run,
    "set_event_loop": set_event_loop,
    "shield": shield,
    "sleep": sleep,
    "timeout": groups.timeout,
    "timeout_at": groups.timeout_at,
    "to_thread": to_thread,
    "wait": wait,
    "wait_for": wait_for,
}
