"""Calls of many callers, collected into batches for one engine; and generations that are told piece by piece."""

import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple, cast

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, Emit, Engine, Generative, failed
from noodle_ray.errors import ModelError


class Waiting(NamedTuple):
    """A call or, with ``emit``, a generation (``order``). It is dropped at the time ``until``."""

    future: "Future[Any]"
    arrived: float
    until: float = float("inf")
    call: Call = ((), {})
    order: Mapping[str, Any] = {}
    emit: Emit | None = None


class Batcher:
    """Collects calls from any thread and hands them to the engine, at most ``max_batch`` at a time.

    A call waits for company at most ``max_wait`` seconds; while the engine is busy the next batch forms by itself.
    As many batches are in flight as the engine runs in parallel. More than ``max_queue``
    waiting calls are refused with ModelError E0608.
    """

    def __init__(
        self, engine: Engine, max_batch: int | None = None, max_wait: float = 0.002, max_queue: int = 8192
    ) -> None:
        self.engine = engine
        self._name = engine.name
        self.max_batch = max_batch or engine.max_batch
        self.max_wait = max_wait
        self.max_queue = max_queue
        self._waiting: deque[Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._sizes: Counter[int] = Counter()
        self._queued = self._computing = 0.0
        self._streams = self._streaming = 0
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(engine.parallel)]
        for thread in self._threads:
            thread.start()

    def submit(self, calls: Sequence[Call]) -> "list[Future[Any]]":
        """Queue calls; each future gives the model's answer or raises ModelError. Does not block."""
        now = time.monotonic()
        futures: list[Future[Any]] = [Future() for _ in calls]
        self._queue([Waiting(future, now, call=call) for call, future in zip(calls, futures, strict=True)])
        return futures

    def stream(self, order: Mapping[str, Any], emit: Emit, patience: float = float("inf")) -> "Future[None]":
        """Queue a generation, in the same queue as calls, for at most ``patience`` seconds.

        ``emit`` gets ``{"queued": seconds}`` when it begins, then its chunks. The future is done when it is told, or
        raises ModelError: E0609 when it waited too long. Cancelling the future drops a generation that waits.
        """
        now = time.monotonic()
        future: Future[None] = Future()
        self._queue([Waiting(future, now, now + patience, order=order, emit=emit)])
        return future

    def _queue(self, entries: list[Waiting]) -> None:
        with self._changed:
            room = 0 if self._closed else max(0, self.max_queue - len(self._waiting))
            self._waiting.extend(entries[:room])
            self._changed.notify(len(entries[:room]))
        for entry in entries[:room]:
            entry.future.add_done_callback(lambda future: self._forget(future) if future.cancelled() else None)
        for entry in entries[room:]:
            entry.future.set_exception(self._refusal())

    def _forget(self, future: "Future[Any]") -> None:
        """Make the place of a cancelled call free for others."""
        with self._changed:
            self._waiting = deque(entry for entry in self._waiting if entry.future is not future)

    def _refusal(self) -> ModelError:
        if self._closed:
            return ModelError("the model was closed", code=codes.ENGINE_FAILED)
        return ModelError(
            f"{self.max_queue:,} calls wait for this model already", code=codes.OVERLOADED, hint="try again later"
        )

    def alive(self) -> bool:
        """Whether its threads run: false after ``close``, or when one of them died."""
        return all(thread.is_alive() for thread in self._threads)

    def stats(self) -> dict[str, Any]:
        """``calls``, ``batches``, ``batch_sizes`` (size -> how often), ``waiting``, and the sums over all calls of
        seconds ``queued`` and over all batches of seconds ``computing``; ``streams`` that ran, and those
        ``streaming`` now.
        """
        with self._changed:
            return {
                "calls": sum(size * count for size, count in self._sizes.items()),
                "batches": self._sizes.total(),
                "batch_sizes": dict(sorted(self._sizes.items())),
                "waiting": len(self._waiting),
                "queued": self._queued,
                "computing": self._computing,
                "streams": self._streams,
                "streaming": self._streaming,
            }

    def close(self) -> None:
        """Refuse new calls, fail those that wait, and return when those in flight are done."""
        with self._changed:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for entry in left:
            future = entry.future
            if future.set_running_or_notify_cancel():
                future.set_exception(self._refusal())
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._next():
            self._run(batch)

    def _next(self) -> list[Waiting]:
        """The next batch; empty when closed."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            self._wait_for_company()
            batch: list[Waiting] = []
            while self._waiting and len(batch) < self.max_batch:
                if self._waiting[0].emit is not None and batch:
                    break
                batch.append(self._waiting.popleft())
                if batch[-1].emit is not None:
                    break
            return batch

    def _wait_for_company(self) -> None:
        while 0 < len(self._waiting) < self.max_batch and self._waiting[0].emit is None:
            left = self._waiting[0].arrived + self.max_wait - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(left)

    def _run(self, batch: list[Waiting]) -> None:
        live = [entry for entry in batch if entry.future.set_running_or_notify_cancel()]
        if not live:
            return
        started = time.monotonic()
        if live[0].emit is not None:
            self._generate(live[0], live[0].emit, started)
            return
        answers = self._answers([entry.call for entry in live])
        ended = time.monotonic()
        with self._changed:
            self._sizes[len(live)] += 1
            self._queued += sum(started - entry.arrived for entry in live)
            self._computing += ended - started
        for entry, answer in zip(live, answers, strict=True):
            if isinstance(answer, ModelError):
                entry.future.set_exception(answer)
            else:
                entry.future.set_result(answer)

    def _generate(self, entry: Waiting, emit: Emit, started: float) -> None:
        if started > entry.until:
            entry.future.set_exception(
                ModelError(
                    f"the call waited for the model {self._name!r} longer than it may",
                    code=codes.EXPIRED,
                    hint="try again later",
                )
            )
            return
        with self._changed:
            self._streaming += 1
            self._queued += started - entry.arrived
        failure: ModelError | None = None
        try:
            if not emit({"queued": started - entry.arrived}):
                cast(Generative, self.engine).generate(entry.order, emit)
        except ModelError as error:
            failure = error
        except Exception as error:  # an engine that breaks its contract must not end this thread
            failure = failed(self._name, error)
        with self._changed:
            self._streaming -= 1
            self._streams += 1
            self._computing += time.monotonic() - started
        if failure is None:
            entry.future.set_result(None)
        else:
            entry.future.set_exception(failure)

    def _answers(self, calls: list[Call]) -> list[Any]:
        try:
            answers = self.engine.infer(calls)
        except Exception as error:  # an engine that breaks its contract must not end this thread
            return [failed(self._name, error)] * len(calls)
        if len(answers) != len(calls):
            return [failed(self._name, "the engine lost answers")] * len(calls)
        return answers
