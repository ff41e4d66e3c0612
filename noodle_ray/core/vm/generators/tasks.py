"""Futures and tasks of asyncio for programs. A task is a fiber: it runs until it must wait, then goes to its loop."""

from collections.abc import Callable, Generator
from types import CoroutineType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]

from noodle_ray.core.vm.classes.kinds import clean_error
from noodle_ray.core.vm.generators.awaiting import Awaitable, await_, is_awaitable
from noodle_ray.core.vm.generators.passing import LIMITS
from noodle_ray.core.vm.sharing import sharing
from noodle_ray.core.vm.state import S

if TYPE_CHECKING:
    from noodle_ray.core.vm.generators.loop import Loop


class CancelledError(BaseException):
    """The task was cancelled."""


class InvalidStateError(Exception):
    """The operation is not allowed in this state."""


class Current:
    """In this process's one run: the loop that is running, the one that was set, and how many tasks there were."""

    __slots__ = ("running", "set", "tasks")
    make: "ClassVar[type[Loop]]"

    def __init__(self) -> None:
        self.running: Loop | None = None
        self.set: Loop | None = None
        self.tasks = 0


CURRENT: Final = Current()
_MODEL: Final = object()
"""What a task waits for that waits for a model."""


def running() -> "Loop":
    """The loop that runs. Raises RuntimeError."""
    if CURRENT.running is None:
        raise RuntimeError("no running event loop")
    return CURRENT.running


def get_loop() -> "Loop":
    """The loop that runs, or else the one that was set or made before."""
    if CURRENT.running is not None:
        return CURRENT.running
    if CURRENT.set is None:
        CURRENT.set = CURRENT.make()
    return CURRENT.set


_PENDING: Final = "PENDING"
_CANCELLED: Final = "CANCELLED"
_FINISHED: Final = "FINISHED"


class Future(Awaitable):
    """A result that is not there yet."""

    def __init__(self, *, loop: "Loop | None" = None) -> None:
        self.loop = loop or get_loop()
        self._state = _PENDING
        self._result: Any = None
        self._error: BaseException | None = None
        self._trace: tuple[Any, list[Any]] = (None, [])
        self._callbacks: list[Callable[[Any], object]] = []
        self._message: Any = None

    def __repr__(self) -> str:
        if self._state == _FINISHED:
            ending = f" exception={self._error!r}" if self._error is not None else f" result={self._result!r}"
            return f"<{type(self).__name__} finished{ending}>"
        return f"<{type(self).__name__} {self._state.lower()}>"

    def done(self) -> bool:
        """Whether it has a result, an exception or was cancelled."""
        return self._state != _PENDING

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self._state == _CANCELLED

    def cancel(self, msg: Any = None) -> bool:
        """Cancel it, if it is not done."""
        if self._state != _PENDING:
            return False
        self._state = _CANCELLED
        self._message = msg
        self._schedule()
        return True

    def result(self) -> Any:
        """The result. Raises its exception."""
        if self._state == _CANCELLED:
            raise self.make_cancelled_error()
        if self._state != _FINISHED:
            raise InvalidStateError("Result is not ready.")
        if self._error is not None:
            raise self._restored(self._error)
        return self._result

    def exception(self) -> BaseException | None:
        """The exception, or None."""
        if self._state == _CANCELLED:
            raise self.make_cancelled_error()
        if self._state != _FINISHED:
            raise InvalidStateError("Exception is not set.")
        return self._error

    def set_result(self, result: Any) -> None:
        """Make it done."""
        if self._state != _PENDING:
            raise InvalidStateError("invalid state")
        self._result = result
        self._state = _FINISHED
        self._schedule()

    def set_exception(self, exception: Any) -> None:
        """Make it done with an exception."""
        if self._state != _PENDING:
            raise InvalidStateError("invalid state")
        if isinstance(exception, type):
            exception = exception()
        if type(exception) is StopIteration:
            raise TypeError("StopIteration interacts badly with generators and cannot be raised into a Future")
        self._error = exception
        self._trace = exception.__traceback__, list(exception.__dict__.get("noodle_trace", ()))
        self._state = _FINISHED
        self._schedule()

    def add_done_callback(self, fn: Callable[[Any], object], *, context: Any = None) -> None:
        """Have a function called with this future when it is done."""
        if self._state != _PENDING:
            self.loop.call_soon(fn, self)
        else:
            self._callbacks.append(fn)

    def remove_done_callback(self, fn: Callable[[Any], object]) -> int:
        """Do not call a function; how many there were."""
        kept = [callback for callback in self._callbacks if callback != fn]
        removed = len(self._callbacks) - len(kept)
        self._callbacks[:] = kept
        return removed

    def get_loop(self) -> "Loop":
        """The loop it belongs to."""
        return self.loop

    def make_cancelled_error(self) -> CancelledError:
        """The exception that says it was cancelled."""
        return CancelledError() if self._message is None else CancelledError(self._message)

    def __await__(self) -> Generator[Any, Any, Any]:
        if not self.done():
            self.loop.wait_in(self)
        if not self.done():
            raise RuntimeError("await wasn't used with future")
        return self.result()
        yield

    def _restored(self, error: BaseException) -> BaseException:
        """An exception with the traceback that it came with, however often it was raised since."""
        traceback, noted = self._trace
        if noted or "noodle_trace" in error.__dict__:
            error.__dict__["noodle_trace"] = list(noted)
        return error.with_traceback(traceback)

    def _schedule(self) -> None:
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            self.loop.call_soon(callback, self)


class Task(Future):
    """A coroutine that runs as a fiber."""

    def __init__(self, coro: Any, *, loop: "Loop | None" = None, name: Any = None) -> None:
        super().__init__(loop=loop)
        if not isinstance(coro, CoroutineType):
            raise TypeError(f"a coroutine was expected, got {coro!r}")
        CURRENT.tasks += 1
        self._name = f"Task-{CURRENT.tasks}" if name is None else str(name)
        self._coro: CoroutineType[Any, Any, Any] = coro
        self.fiber = S.fibers.child()
        self.fiber.task = self
        self._waiting: Future | None = None
        self._blocked = False
        self._must_cancel = False
        self._cancels = 0
        self._ended: tuple[Any, BaseException | None] | None = None
        self.loop.tasks[self] = None
        self.loop.call_soon(self._step)

    def __repr__(self) -> str:
        return f"<Task {self._state.lower()} name={self._name!r} coro=<{self._coro.__qualname__}()>>"

    def get_name(self) -> str:
        """Its name."""
        return self._name

    def set_name(self, value: object) -> None:
        """Name it."""
        self._name = str(value)

    def get_coro(self) -> Any:
        """Its coroutine."""
        return self._coro

    def set_result(self, result: Any) -> None:
        """A task's result is its coroutine's."""
        raise RuntimeError("Task does not support set_result operation")

    def set_exception(self, exception: Any) -> None:
        """A task's exception is its coroutine's."""
        raise RuntimeError("Task does not support set_exception operation")

    def cancel(self, msg: Any = None) -> bool:
        """Have CancelledError raised in it where it waits."""
        if self.done():
            return False
        self._cancels += 1
        if self._waiting is not None and self._waiting.cancel(msg=msg):
            return True
        self._must_cancel = True
        self._message = msg
        if self._blocked:
            self.awake()
        return True

    def cancelling(self) -> int:
        """How often it was asked to end."""
        return self._cancels

    def uncancel(self) -> int:
        """Take back one `cancel`."""
        if self._cancels > 0:
            self._cancels -= 1
        return self._cancels

    # what fibers ask of it

    def block(self) -> None:
        """Wait for an answer of a model while the loop goes on."""
        self._blocked = True
        self.loop.wait_in(_MODEL)

    def awake(self) -> None:
        """Go on in the loop's next round."""
        if self._blocked:
            self._blocked = False
            self.loop.call_soon(self._step)

    def hop(self) -> None:
        """Let the loop go round once."""
        self.loop.wait_in(None)

    # its steps

    def _step(self, error: BaseException | None = None) -> None:
        if self.done():
            return
        if self._must_cancel:
            if not isinstance(error, CancelledError):
                error = self.make_cancelled_error()
            self._must_cancel = False
        self._waiting = None
        asked = self._run(error)
        if self._ended is not None:
            self._finish(*self._ended)
        elif asked is None:
            self.loop.call_soon(self._step)
        elif asked is self:
            self.loop.call_soon(self._step, RuntimeError(f"Task cannot await on itself: {self!r}"))
        elif asked is not _MODEL:
            asked.add_done_callback(self._wakeup)
            self._waiting = asked
            if self._must_cancel and asked.cancel(msg=self._message):
                self._must_cancel = False

    def _wakeup(self, future: Future) -> None:
        self._step()  # which takes the result, or meets the exception, where it waits

    def _run(self, error: BaseException | None) -> Any:
        """Run the fiber until it waits or ends; what it waits for."""
        fibers, fiber = S.fibers, self.fiber
        before, fibers.current, self.loop.current = fibers.current, fiber, self
        try:
            if fiber.base is None:
                fiber.base = fiber.greenlet = sharing(greenlet(self._whole))
                fibers.live.add(fiber)
                return fiber.base.switch(error)
            fiber.base.parent = getcurrent()
            assert fiber.greenlet is not None
            return fiber.greenlet.switch() if error is None else fiber.greenlet.throw(error)
        finally:
            fibers.current, self.loop.current = before, None

    def _whole(self, error: BaseException | None) -> None:
        try:
            if error is not None:
                self._coro.throw(error)
            value = await_(self._coro)
            S.fibers.barrier()
        except (*LIMITS, GreenletExit):
            raise
        except BaseException as raised:
            clean_error(raised)
            self._ended = None, raised
        else:
            self._ended = S.fibers.force(value), None

    def _finish(self, value: Any, error: BaseException | None) -> None:
        S.fibers.live.discard(self.fiber)
        self.loop.tasks.pop(self, None)
        if error is None:
            if self._must_cancel:
                self._must_cancel = False
                super().cancel(self._message)
            else:
                super().set_result(value)
        elif isinstance(error, CancelledError):
            super().cancel(error.args[0] if error.args else None)
        else:
            super().set_exception(error)


def ensure_future(awaitable: Any, *, loop: "Loop | None" = None) -> Future:
    """A future itself, or a task for what else can be awaited."""
    if isinstance(awaitable, Future):
        if loop is not None and awaitable.loop is not loop:
            raise ValueError("The future belongs to a different loop than the one specified as the loop argument")
        return awaitable
    if not isinstance(awaitable, CoroutineType):
        if not (is_awaitable(awaitable) or (S.fibers.calls and type(awaitable) in _ANSWERS)):
            raise TypeError("An asyncio.Future, a coroutine or an awaitable is required")
        awaitable = _wrapped(awaitable)
    return (loop or get_loop()).create_task(awaitable)


_ANSWERS: Final = (str, int, float, bool, list, dict)


async def _wrapped(awaitable: Any) -> Any:
    return await_(awaitable)
