"""``asyncio.TaskGroup`` and ``asyncio.timeout`` for programs, as CPython has them."""

from typing import Any

from noodle_ray.core.vm.generators.loop import Loop
from noodle_ray.core.vm.generators.tasks import CancelledError, Future, Task, running


class TaskGroup:
    """Tasks that end before the block they are made in; when one fails, the others are cancelled."""

    def __init__(self) -> None:
        self._entered = False
        self._exiting = False
        self._aborting = False
        self._loop: Loop | None = None
        self._parent: Task | None = None
        self._parent_cancelled = False
        self._tasks: dict[Task, None] = {}
        self._errors: list[BaseException] = []
        self._completed: Future | None = None

    def __repr__(self) -> str:
        info = f" tasks={len(self._tasks)}" if self._tasks else ""
        info += f" errors={len(self._errors)}" if self._errors else ""
        info += " cancelling" if self._aborting else " entered" if self._entered else ""
        return f"<TaskGroup{info}>"

    async def __aenter__(self) -> "TaskGroup":
        if self._entered:
            raise RuntimeError(f"TaskGroup {self!r} has already been entered")
        self._loop = running()
        self._parent = self._loop.current
        if self._parent is None:
            raise RuntimeError(f"TaskGroup {self!r} cannot determine the parent task")
        self._entered = True
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: object) -> None:
        self._exiting = True
        assert self._parent is not None
        cancelled = error if kind is CancelledError else None
        if self._parent_cancelled and self._parent.uncancel() == 0:
            cancelled = None
        if kind is not None and not self._aborting:
            self._abort()
        cancelled = await self._all_done(cancelled)
        if cancelled is not None and not self._errors:
            raise cancelled
        if error is not None and kind is not CancelledError:
            self._errors.append(error)
        if self._errors:
            errors, self._errors = self._errors, []
            raise BaseExceptionGroup("unhandled errors in a TaskGroup", errors) from None

    async def _all_done(self, cancelled: BaseException | None) -> BaseException | None:
        while self._tasks:
            if self._completed is None:
                self._completed = running().create_future()
            try:
                await self._completed
            except CancelledError as again:
                if not self._aborting:
                    cancelled = again
                    self._abort()
            self._completed = None
        return cancelled

    def create_task(self, coro: Any, *, name: Any = None, context: Any = None) -> Task:
        """A task of this group."""
        if not self._entered or self._loop is None:
            raise RuntimeError(f"TaskGroup {self!r} has not been entered")
        if self._exiting and not self._tasks:
            raise RuntimeError(f"TaskGroup {self!r} is finished")
        if self._aborting:
            raise RuntimeError(f"TaskGroup {self!r} is shutting down")
        task = self._loop.create_task(coro, name=name)
        task.add_done_callback(self._on_done)
        self._tasks[task] = None
        return task

    def _abort(self) -> None:
        self._aborting = True
        for task in list(self._tasks):
            if not task.done():
                task.cancel()

    def _on_done(self, task: Task) -> None:
        self._tasks.pop(task, None)
        if self._completed is not None and not self._tasks and not self._completed.done():
            self._completed.set_result(True)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        self._errors.append(error)
        assert self._parent is not None
        if not self._parent.done() and not self._aborting and not self._parent_cancelled:
            self._abort()
            self._parent_cancelled = True
            self._parent.cancel()


class Timeout:
    """Cancels what runs in its block when time is up, and makes that a TimeoutError."""

    def __init__(self, when: float | None) -> None:
        self._state = "created"
        self._when = when
        self._handle: Any = None
        self._task: Task | None = None
        self._cancelling = 0

    def __repr__(self) -> str:
        return f"<Timeout [{self._state}]>"

    def when(self) -> float | None:
        """The time it ends."""
        return self._when

    def expired(self) -> bool:
        """Whether time was up."""
        return self._state in ("expiring", "expired")

    def reschedule(self, when: float | None) -> None:
        """Let it end at another time."""
        if self._state != "active":
            if self._state == "created":
                raise RuntimeError("Timeout has not been entered")
            raise RuntimeError(f"Cannot change state of {self._state} Timeout")
        self._when = when
        if self._handle is not None:
            self._handle.cancel()
        loop = running()
        self._handle = None
        if when is not None and when <= loop.time():
            self._handle = loop.call_soon(self._on_timeout)
        elif when is not None:
            self._handle = loop.call_at(when, self._on_timeout)

    async def __aenter__(self) -> "Timeout":
        if self._state != "created":
            raise RuntimeError("Timeout has already been entered")
        task = running().current
        if task is None:
            raise RuntimeError("Timeout should be used inside a task")
        self._state = "active"
        self._task = task
        self._cancelling = task.cancelling()
        self.reschedule(self._when)
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: object) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        assert self._task is not None
        if self._state == "expiring":
            self._state = "expired"
            if self._task.uncancel() <= self._cancelling and kind is CancelledError:
                raise TimeoutError from error
        elif self._state == "active":
            self._state = "finished"

    def _on_timeout(self) -> None:
        assert self._task is not None
        self._task.cancel()
        self._state = "expiring"
        self._handle = None


def timeout(delay: float | None) -> Timeout:
    """A timeout that ends after so many seconds."""
    return Timeout(None if delay is None else running().time() + delay)


def timeout_at(when: float | None) -> Timeout:
    """A timeout that ends at a time of the loop's clock."""
    return Timeout(when)
