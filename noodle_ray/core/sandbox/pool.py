"""A pool of warm workers for an event loop: what the executor uses.

Workers are forked by a fork server, never from the calling process, so the pool works inside a Ray actor, with
threads and under uvloop. It belongs to the loop that started it and must be used from that loop only.
"""

import asyncio
import contextlib
import os
from collections import deque
from types import TracebackType
from typing import NamedTuple

from noodle_ray.core.sandbox import outcome
from noodle_ray.core.sandbox.lockdown import Layer
from noodle_ray.core.sandbox.pooled import Answers, Effects, OnReadings, PooledWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.spawn import ForkServerProcess
from noodle_ray.errors import PlatformError, RequestError

__all__ = ["Answers", "Effects", "OnReadings", "PoolStats", "WorkerPool"]


class PoolStats(NamedTuple):
    """How many workers there are, how many of them have a run, how many runs wait; and counts since the start."""

    size: int
    busy: int
    queued: int
    runs: int
    replaced: int


class WorkerPool:
    """Warm workers, at least ``min_size`` and at most ``max_size`` of them; further runs wait, ``queue_limit`` at most.

    A worker above ``min_size`` that was idle for ``idle_seconds`` is let go, and every worker after ``max_runs``
    runs. Use the pool as an asynchronous context manager, or call `start` and `close`.
    """

    def __init__(
        self,
        *,
        min_size: int = 1,
        max_size: int | None = None,
        queue_limit: int = 256,
        idle_seconds: float = 60.0,
        max_runs: int = 10_000,
    ) -> None:
        self._min_size = min_size
        self._max_size = max(max_size if max_size is not None else os.cpu_count() or 1, min_size, 1)
        self._queue_limit = queue_limit
        self._idle_seconds = idle_seconds
        self._max_runs = max_runs
        self._workers: dict[int, PooledWorker] = {}
        self._dying: dict[int, PooledWorker] = {}
        self._idle: list[PooledWorker] = []
        self._waiting: deque[asyncio.Future[PooledWorker]] = deque()
        self._server: ForkServerProcess | None = None
        self._trimmer: asyncio.TimerHandle | None = None
        self._runs = 0
        self._replaced = 0
        self._state = "new"

    async def __aenter__(self) -> "WorkerPool":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> list[Layer]:
        """Start ``min_size`` workers, wait until they are ready, and return their layers of protection.

        Raises PlatformError if they do not start.
        """
        if self._state != "new":
            raise PlatformError("a worker pool starts once; make a new one", code="NOODLE-E0803")
        self._loop = asyncio.get_running_loop()
        self._state = "open"
        layers: list[Layer] = []
        try:
            for _ in range(self._min_size):
                self._idle.append(self._spawn())
            for worker in list(self._idle):
                layers = await asyncio.shield(worker.ready)
        except BaseException:
            await self.close()
            raise
        return layers

    async def run(
        self, request: RunRequest, effects: Effects | None = None, on_readings: OnReadings | None = None
    ) -> outcome.Outcome:
        """Execute one run and return its outcome; ``effects`` answers its model calls, batch by batch, and
        ``on_readings`` is told what the run read off its clock before it asked for them.

        Raises RequestError E0707 when the queue is full, ModuleError for an invalid module, WireError for
        arguments that are not plain data, PlatformError if no worker starts or the pool closes. A worker that
        dies, hangs or overruns is an outcome with an error, and is replaced. Cancelling kills the worker.
        """
        if self._state != "open":
            raise PlatformError("the worker pool is not open", code="NOODLE-E0803")
        arrived = self._loop.time()
        worker = self._take() or await self._wait()
        queued = self._loop.time() - arrived
        self._runs += 1
        try:
            result = await worker.run(request, effects, on_readings)
        finally:
            self._release(worker)
        usage = result["usage"]
        assert isinstance(usage, dict)
        usage["queued_seconds"] = queued
        return result

    def stats(self) -> PoolStats:
        """Return the pool's numbers."""
        size = len(self._workers)
        return PoolStats(size, size - len(self._idle), len(self._waiting), self._runs, self._replaced)

    async def close(self) -> None:
        """Kill all workers and the fork server, and wait until they are gone. Their runs raise PlatformError."""
        self._state = "closed"
        closing = PlatformError("the worker pool was closed", code="NOODLE-E0803")
        if self._trimmer is not None:
            self._trimmer.cancel()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(closing)
        for worker in [*self._workers.values(), *self._dying.values()]:
            worker.abort(closing)
        self._idle.clear()
        self._dying.clear()
        if self._server is not None:
            await self._end_server(self._server)

    def _take(self) -> PooledWorker | None:
        """Return an idle worker, the last used first, or a new one; None if the pool is at its largest."""
        while self._idle:
            worker = self._idle.pop()
            if worker.alive():
                return worker
        return self._spawn() if len(self._workers) < self._max_size else None

    async def _wait(self) -> PooledWorker:
        if len(self._waiting) >= self._queue_limit:
            raise RequestError(
                f"too many runs are waiting ({self._queue_limit}); try again in a moment", code="NOODLE-E0707"
            )
        turn: asyncio.Future[PooledWorker] = self._loop.create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._release(turn.result())
            else:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(turn)
            raise

    def _release(self, worker: PooledWorker) -> None:
        if self._state != "open":
            return
        if not worker.gone and worker.runs >= self._max_runs:
            worker.kill("it had its share of runs")
        if worker.gone:
            self._fill()
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(worker)
                return
        worker.idle_since = self._loop.time()
        self._idle.append(worker)
        if len(self._idle) > self._min_size and self._trimmer is None:
            self._trimmer = self._loop.call_later(self._idle_seconds, self._trim)

    def _fill(self) -> None:
        """Give waiting runs new workers where there is room, and keep the pool at its smallest size."""
        while len(self._workers) < self._max_size and (self._waiting or len(self._workers) < self._min_size):
            try:
                worker = self._spawn()
            except PlatformError as error:
                for turn in self._waiting:
                    if not turn.done():
                        turn.set_exception(error)
                self._waiting.clear()
                return
            self._release(worker)

    def _trim(self) -> None:
        self._trimmer = None
        now = self._loop.time()
        for worker in list(self._idle):
            if len(self._workers) > self._min_size and now - worker.idle_since >= self._idle_seconds:
                self._idle.remove(worker)
                worker.kill("it was idle")
        if len(self._idle) > self._min_size:
            self._trimmer = self._loop.call_later(self._idle_seconds, self._trim)

    def _spawn(self) -> PooledWorker:
        if self._server is None:
            self._server = server = ForkServerProcess()
            self._loop.add_reader(server.control.fileno(), self._on_news, server)
        worker = PooledWorker(self._loop, self._server, self._on_gone)
        self._workers[worker.tag] = worker
        return worker

    def _on_gone(self, worker: PooledWorker) -> None:
        self._workers.pop(worker.tag, None)
        self._replaced += 1
        if worker in self._idle:
            self._idle.remove(worker)
            if self._state == "open" and worker.ready.done():
                self._loop.call_soon(self._fill_if_open)
        self._dying[worker.tag] = worker

    def _fill_if_open(self) -> None:
        if self._state == "open":
            self._fill()

    def _on_news(self, server: ForkServerProcess) -> None:
        deaths = server.deaths()
        for tag, how in deaths or ():
            worker = self._workers.get(tag) or self._dying.get(tag)
            if worker is not None:
                worker.died(how)
            self._dying.pop(tag, None)
        if deaths is None:
            self._loop.remove_reader(server.control.fileno())
            self._server = None
            for worker in [*self._workers.values(), *self._dying.values()]:
                worker.died("the fork server ended")
            self._dying.clear()
            server.close()
            server.process.poll()

    async def _end_server(self, server: ForkServerProcess) -> None:
        self._server = None
        self._loop.remove_reader(server.control.fileno())
        server.close()
        watch = os.pidfd_open(server.process.pid)
        ended = asyncio.Event()
        self._loop.add_reader(watch, ended.set)
        try:
            await ended.wait()
        finally:
            self._loop.remove_reader(watch)
            os.close(watch)
            server.process.wait()
