"""A pool of warm workers for an event loop: what the executor uses.

A run keeps its worker while it waits for models, unless others wait for one: then it is asked to leave, keeps what it
asked and what it was answered (`conversation`), and is repeated by any worker when an answer has come.

Workers are forked by a fork server, never from the calling process, so the pool works inside a Ray actor, with
threads and under uvloop. It belongs to the loop that started it and must be used from that loop only.
"""

import asyncio
import os
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple

from noodle_ray.core.sandbox import outcome
from noodle_ray.core.sandbox.conversation import Answers, Conversation, Effects, OnParked, OnReadings
from noodle_ray.core.sandbox.lockdown import Layer
from noodle_ray.core.sandbox.pooled import LEAVE_SECONDS, PooledWorker
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.spawn import ForkServerProcess
from noodle_ray.core.sandbox.turns import Turn, Turns
from noodle_ray.errors import PlatformError, RequestError

__all__ = ["Answers", "Effects", "OnReadings", "PoolStats", "WorkerPool"]


class PoolStats(NamedTuple):
    """How many workers there are, how many of them have a run, how many runs wait for one; and counts since the start.
    ``parked`` runs wait for answers without a worker, and ``parks`` counts how often a run left one."""

    size: int
    busy: int
    queued: int
    runs: int
    replaced: int
    parked: int
    parks: int


class WorkerPool:
    """Warm workers, at least ``min_size`` and at most ``max_size`` of them; further runs wait, ``queue_limit`` at most.
    Runs of the background have half of the workers at most.

    A worker above ``min_size`` that was idle for ``idle_seconds`` is let go, and every worker after ``max_runs``
    runs. While ``max_parked`` runs are without a worker, none leaves its own for others to begin. Use the pool as an
    asynchronous context manager, or call `start` and `close`.
    """

    def __init__(
        self,
        *,
        min_size: int = 1,
        max_size: int | None = None,
        queue_limit: int = 256,
        idle_seconds: float = 60.0,
        max_runs: int = 10_000,
        max_parked: int = 4096,
    ) -> None:
        self._min_size = min_size
        self._max_size = max(max_size if max_size is not None else os.cpu_count() or 1, min_size, 1)
        self._queue_limit = queue_limit
        self._idle_seconds = idle_seconds
        self._max_runs = max_runs
        self._max_parked = max_parked
        self.crowded: Callable[[], bool] = lambda: False
        """Whether so much waits for models already that no more runs shall begin by others' leaving."""
        self._workers: dict[int, PooledWorker] = {}
        self._dying: dict[int, PooledWorker] = {}
        self._idle: list[PooledWorker] = []
        self._turns = Turns()
        self._most_behind = max(self._max_size // 2, 1)
        self._behind = 0
        self._parked: set[Conversation] = set()
        self._parks = 0
        self._presser: asyncio.TimerHandle | None = None
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
        self,
        request: RunRequest,
        effects: Effects | None = None,
        on_readings: OnReadings | None = None,
        on_parked: OnParked | None = None,
        background: bool = False,
    ) -> outcome.Outcome:
        """Execute one run and return its outcome; ``effects`` answers its model calls, batch by batch, and
        ``on_readings`` is told what the run read off its clock before it asked for them. ``on_parked`` is told when
        the run waits without a worker, and when it wants one again.

        Raises RequestError E0707 when the queue is full, ModuleError for an invalid module, WireError for
        arguments that are not plain data, PlatformError if no worker starts or the pool closes. A worker that
        dies, hangs or overruns is an outcome with an error, and is replaced. Cancelling kills the worker.
        """
        if self._state != "open":
            raise PlatformError("the worker pool is not open", code="NOODLE-E0803")
        talk = Conversation(self._loop, request, effects, on_readings, on_parked, background)
        queued = 0.0
        self._runs += 1
        try:
            while True:
                arrived = self._loop.time()
                worker = self._take(talk) or await self._wait(talk)
                queued += self._loop.time() - arrived
                try:
                    result = await worker.run(talk)
                finally:
                    self._behind -= background
                    self._release(worker)
                if result is not None:
                    break
                self._parks += 1
                self._parked.add(talk)
                try:
                    await talk.answered()
                finally:
                    self._parked.discard(talk)
        finally:
            talk.close()
        talk.complete(result)
        usage = result["usage"]
        assert isinstance(usage, dict)
        usage["queued_seconds"] = queued
        return result

    def stats(self) -> PoolStats:
        """Return the pool's numbers."""
        size = len(self._workers)
        busy, parked = size - len(self._idle), len(self._parked)
        return PoolStats(size, busy, len(self._turns), self._runs, self._replaced, parked, self._parks)

    async def close(self) -> None:
        """Kill all workers and the fork server, and wait until they are gone. Their runs raise PlatformError."""
        self._state = "closed"
        closing = PlatformError("the worker pool was closed", code="NOODLE-E0803")
        for timer in (self._trimmer, self._presser):
            if timer is not None:
                timer.cancel()
        self._turns.fail(closing)
        for talk in self._parked:
            talk.fail(closing)
        for worker in [*self._workers.values(), *self._dying.values()]:
            worker.abort(closing)
        self._idle.clear()
        self._dying.clear()
        if self._server is not None:
            await self._end_server(self._server)

    def _take(self, talk: Conversation) -> PooledWorker | None:
        """An idle worker for a run, the last used first, or a new one; None if the pool is at its largest."""
        if talk.background and self._behind >= self._most_behind:
            return None
        found = None
        while self._idle and found is None:
            worker = self._idle.pop()
            if worker.alive():
                found = worker
        if found is None and len(self._workers) < self._max_size:
            found = self._spawn()
        if found is not None:
            self._behind += talk.background
        return found

    async def _wait(self, talk: Conversation) -> PooledWorker:
        if not talk.parks and self._turns.new() >= self._queue_limit:
            raise RequestError(
                f"too many runs are waiting ({self._queue_limit}); try again in a moment", code="NOODLE-E0707"
            )
        turn = Turn(self._loop.create_future(), talk)
        self._turns.add(turn)
        self._press()
        try:
            return await turn.worker
        except asyncio.CancelledError:
            got = turn.worker
            if got.done() and not got.cancelled() and got.exception() is None:
                self._behind -= talk.background
                self._release(got.result())
            else:
                self._turns.remove(turn)
            raise

    def _release(self, worker: PooledWorker) -> None:
        if self._state != "open":
            return
        if not worker.gone and worker.runs >= self._max_runs:
            worker.kill("it had its share of runs")
        if worker.gone:
            self._fill()
            return
        turn = self._next_turn()
        if turn is not None:
            self._behind += turn.talk.background
            turn.worker.set_result(worker)
            return
        worker.idle_since = self._loop.time()
        self._idle.append(worker)
        if len(self._idle) > self._min_size and self._trimmer is None:
            self._trimmer = self._loop.call_later(self._idle_seconds, self._trim)

    def _next_turn(self) -> Turn | None:
        return self._turns.take(self._behind < self._most_behind)

    def _fill(self) -> None:
        """Give waiting runs new workers where there is room, and keep the pool at its smallest size."""
        while len(self._workers) < self._max_size and (
            self._turns.wanted(self._behind < self._most_behind) or len(self._workers) < self._min_size
        ):
            try:
                worker = self._spawn()
            except PlatformError as error:
                self._turns.fail(error)
                return
            self._release(worker)

    def _press(self) -> None:
        """While runs wait for workers, ask those that have waited longest for answers to leave theirs."""
        if self._presser is not None:
            self._presser.cancel()
            self._presser = None
        if self._state != "open":
            return
        now, later = self._loop.time(), []
        busy = [worker for worker in self._workers.values() if worker.busy() and (self._turns or worker.only_waits())]
        leaving = sum(worker.leaving(now) for worker in busy)
        if leaving:
            later.append(now + LEAVE_SECONDS)
        # those of the background get the place of one of theirs, when they have all that they may have
        front = self._turns.wanted(False)
        crowded = self._behind >= self._most_behind
        going_on = len(self._turns) - self._turns.new()  # whose place in the parked may be taken
        room = max(0 if self.crowded() else self._max_parked - len(self._parked), going_on)
        if room <= 0 and self._turns:
            later.append(now + LEAVE_SECONDS)
        wanted = min(front if crowded else len(self._turns), room) - leaving
        behind = min(self._turns.wanted(True) - front, room) if crowded else 0
        for at, _, worker in sorted((at, worker.tag, worker) for worker in busy if (at := worker.ripe()) is not None):
            if wanted <= 0 and not (behind > 0 and worker.background()) and not worker.only_waits():
                continue
            if at > now:
                later.append(at)
                continue
            if behind > 0 and worker.background():
                behind -= 1
            else:
                wanted -= 1
            worker.ask_to_leave()
        if later:
            self._presser = self._loop.call_later(max(min(later) - now, 0.001), self._press)

    def _on_quiet(self, worker: PooledWorker) -> None:
        if (self._turns or worker.only_waits()) and self._presser is None:
            self._press()

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
        worker = PooledWorker(self._loop, self._server, self._on_gone, self._on_quiet)
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
