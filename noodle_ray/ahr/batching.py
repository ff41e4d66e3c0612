"""Calls of many callers, collected into batches for one engine."""

import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import Call, Engine, failed
from noodle_ray.errors import ModelError

Waiting = tuple[Call, "Future[Any]", float]


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
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(engine.parallel)]
        for thread in self._threads:
            thread.start()

    def submit(self, calls: Sequence[Call]) -> "list[Future[Any]]":
        """Queue calls; each future gives the model's answer or raises ModelError. Does not block."""
        now = time.monotonic()
        futures: list[Future[Any]] = [Future() for _ in calls]
        with self._changed:
            room = 0 if self._closed else max(0, self.max_queue - len(self._waiting))
            accepted = list(zip(calls[:room], futures, strict=False))
            self._waiting.extend((call, future, now) for call, future in accepted)
            self._changed.notify(len(accepted))
        for future in futures[len(accepted) :]:
            future.set_exception(self._refusal())
        return futures

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
        seconds ``queued`` and over all batches of seconds ``computing``.
        """
        with self._changed:
            return {
                "calls": sum(size * count for size, count in self._sizes.items()),
                "batches": self._sizes.total(),
                "batch_sizes": dict(sorted(self._sizes.items())),
                "waiting": len(self._waiting),
                "queued": self._queued,
                "computing": self._computing,
            }

    def close(self) -> None:
        """Refuse new calls, fail those that wait, and return when those in flight are done."""
        with self._changed:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for _, future, _ in left:
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
            size = min(self.max_batch, len(self._waiting))
            return [self._waiting.popleft() for _ in range(size)]

    def _wait_for_company(self) -> None:
        while 0 < len(self._waiting) < self.max_batch:
            left = self._waiting[0][2] + self.max_wait - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(left)

    def _run(self, batch: list[Waiting]) -> None:
        live = [entry for entry in batch if entry[1].set_running_or_notify_cancel()]
        if not live:
            return
        started = time.monotonic()
        answers = self._answers([call for call, _, _ in live])
        ended = time.monotonic()
        with self._changed:
            self._sizes[len(live)] += 1
            self._queued += sum(started - arrived for _, _, arrived in live)
            self._computing += ended - started
        for (_, future, _), answer in zip(live, answers, strict=True):
            if isinstance(answer, ModelError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _answers(self, calls: list[Call]) -> list[Any]:
        try:
            answers = self.engine.infer(calls)
        except Exception as error:  # an engine that breaks its contract must not end this thread
            return [failed(self._name, error)] * len(calls)
        if len(answers) != len(calls):
            return [failed(self._name, "the engine lost answers")] * len(calls)
        return answers
