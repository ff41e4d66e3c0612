"""Group commit: everything that writes at the same time shares a transaction, and so the wait for the disk.

One thread per process takes what is queued, executes it in one transaction, and commits. What arrives meanwhile is the
next group. So a lone writer waits for nobody, groups grow with load, and no timer has to be tuned.

An operation is a function of a connection that may be executed again after a rollback: when a group fails, its
operations run again one by one, so that the one at fault is alone with its error. When the connection breaks, even
during the commit, the group runs again once; so every operation must find out that it has been done already.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar, cast, runtime_checkable

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from noodle_ray.core.store.engine import WRITES
from noodle_ray.core.store.errors import StoreUnavailable, failed
from noodle_ray.core.store.spending import lock

T = TypeVar("T")
R = TypeVar("R", covariant=True)
MAX_GROUP: Final = 512
"""Operations in one transaction."""


class Many(Protocol[R]):
    """Operations of a kind that are cheaper together: `together` executes them, and gives a result or error each."""

    def together(self, connection: Connection, operations: Sequence[Any]) -> list[Any]:
        """Execute these, all of this class."""


@runtime_checkable
class Atomic(Many[R], Protocol[R]):
    """Operations that may be one statement, which needs no transaction around it: two round trips less."""

    def atomic(self, dialect: str, operations: Sequence[Any]) -> bool:
        """Whether `together` is one statement for these."""


@dataclass(frozen=True, slots=True)
class Counting(Generic[T]):
    """An operation that changes ``sums``, by tenant and window of time. A group locks all of its operations' before
    anything else, in one order: those of another node cannot wait for it while it waits for them."""

    sums: tuple[tuple[str, str], ...]
    operation: Callable[[Connection], T]

    def __call__(self, connection: Connection) -> T:
        """Execute it."""
        return self.operation(connection)


class _Job(NamedTuple):
    operation: Callable[[Connection], Any] | Many[Any]
    future: "asyncio.Future[Any]"
    loop: asyncio.AbstractEventLoop


class Writer:
    """The thread that writes. Its `write` may be used from any event loop."""

    def __init__(self, engine: Engine, max_group: int = MAX_GROUP) -> None:
        self._engine = engine.execution_options(**{WRITES: True})
        self._dialect = engine.dialect.name
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._max_group = max_group
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False
        self.groups = 0
        self.operations = 0

    async def write(self, operation: "Callable[[Connection], T] | Many[T]") -> T:
        """The operation's result, once it is on disk. Raises what it raises, and StoreUnavailable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._lock:
            if self._closed:
                raise StoreUnavailable("the store was closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="noodle-store-writer", daemon=True)
                self._thread.start()
            self._queue.put(_Job(operation, future, loop))
        return await future

    def close(self) -> None:
        """Write what is queued, and end the thread."""
        with self._lock:
            self._closed = True
            thread = self._thread
            self._queue.put(None)
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            last = False
            while len(group) < self._max_group:
                try:
                    job = self._queue.get_nowait()
                except Empty:
                    break
                if job is None:
                    last = True
                    break
                group.append(job)
            _hand_over(self._commit(group))
            if last:
                return

    def _commit(self, group: list[_Job], again: bool = True) -> "list[tuple[_Job, Any]]":
        self.groups += 1
        self.operations += len(group)
        try:
            if _is_atomic(self._dialect, group):
                with self._single.connect() as connection:
                    return _execute(connection, group)
            with self._engine.begin() as connection:
                return _execute(connection, group)
        except Exception as error:
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                if again:
                    return self._commit(group, again=False)
                return [(job, translated(error)) for job in group]
            if len(group) == 1:
                return [(group[0], translated(error))]
            return [answer for job in group for answer in self._commit([job])]


def translated(error: Exception) -> Exception:
    """StoreUnavailable for what the database or its driver raised; anything else as it is."""
    return failed("the database", error) if isinstance(error, SQLAlchemyError) else error


def _is_atomic(dialect: str, group: list[_Job]) -> bool:
    first = group[0].operation
    if not isinstance(first, Atomic) or any(type(job.operation) is not type(first) for job in group):
        return False
    return first.atomic(dialect, [job.operation for job in group])


def _execute(connection: Connection, group: list[_Job]) -> "list[tuple[_Job, Any]]":
    answers: list[tuple[_Job, Any]] = []
    sums = {key for job in group for key in getattr(job.operation, "sums", ())}
    if len(sums) > 1:
        lock(connection, sums)
    together: dict[type, list[_Job]] = {}
    for job in group:
        if callable(job.operation):
            answers.append((job, job.operation(connection)))
        else:
            together.setdefault(type(job.operation), []).append(job)
    for jobs in together.values():
        first = cast("Many[Any]", jobs[0].operation)
        results = first.together(connection, [job.operation for job in jobs])
        answers += zip(jobs, results, strict=True)
    return answers


def _hand_over(answers: "list[tuple[_Job, Any]]") -> None:
    """Wake each event loop once, for all of its answers."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Job, Any]]] = {}
    for answer in answers:
        loops.setdefault(answer[0].loop, []).append(answer)
    for loop, its in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, its)
        except RuntimeError:  # that loop is closed: nobody waits any more
            continue


def _settle(answers: "list[tuple[_Job, Any]]") -> None:
    for job, value in answers:
        if job.future.done():
            continue
        if isinstance(value, Exception):
            job.future.set_exception(value)
        else:
            job.future.set_result(value)
