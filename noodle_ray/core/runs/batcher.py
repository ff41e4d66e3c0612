"""Model calls of all runs, gathered into batches.

A call to an idle model goes out at once: an empty queue costs no waiting. While batches are under way, calls
gather, and leave together as soon as one of the batches is back. So batches grow with load by themselves, and no
timer has to be tuned (the same idea as Nagle's algorithm without its delay, RFC 896).
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, Protocol

from noodle_ray.errors import ModelError, NoodleError

MODEL_FAILED = "NOODLE-E0605"
"""Error code: the model's engine or replica failed."""

MODEL_BUSY = "NOODLE-E0608"
"""Error code: too many calls wait for this model."""

Call = tuple[tuple[object, ...], dict[str, object]]
"""One call of a model: positional and keyword arguments."""


class ModelHost(Protocol):
    """Runs batches on models; in this process or behind Serve handles."""

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        """Return per call, in order, (True, answer) or (False, (code, message)). May raise for the whole batch."""


class Batch(NamedTuple):
    """Which batch a call went in: a number that no other batch of this process has, and how many calls it held."""

    id: int
    size: int


class Reply(NamedTuple):
    """The answer to one call. If not ``ok``, ``value`` is a pair (code, message)."""

    ok: bool
    value: object
    batch: Batch | None


class _Pending(NamedTuple):
    call: Call
    future: "asyncio.Future[Reply]"


class _Lane:
    """One model's queue."""

    __slots__ = ("queue", "scheduled", "under_way")

    def __init__(self) -> None:
        self.queue: deque[_Pending] = deque()
        self.scheduled = False
        self.under_way = 0


class EffectBatcher:
    """Gathers calls per model. Belongs to one event loop.

    At most ``max_batch`` calls go in a batch, ``max_under_way`` batches of a model are out at a time (two keep the
    model busy while answers travel), and ``max_queue`` calls of a model wait; more are refused with E0605.
    """

    def __init__(
        self,
        host: ModelHost,
        *,
        max_batch: int = 32,
        max_under_way: int = 2,
        max_queue: int = 4096,
        on_batch: Callable[[str, int], None] | None = None,
    ) -> None:
        self._host = host
        self._max_batch = max_batch
        self._max_under_way = max_under_way
        self._max_queue = max_queue
        self._on_batch = on_batch
        self._lanes: dict[str, _Lane] = {}
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(self, model: str, call: Call) -> "asyncio.Future[Reply]":
        """Queue a call; the future always gets a Reply, never an exception. Cancelling it drops a waiting call."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        lane = self._lanes.get(model)
        if lane is None:
            lane = self._lanes[model] = _Lane()
        if len(lane.queue) >= self._max_queue:
            message = f"{self._max_queue} calls already wait for model {model!r}; try again later"
            future.set_result(Reply(False, (MODEL_BUSY, message), None))
            return future
        lane.queue.append(_Pending(call, future))
        if not lane.scheduled and lane.under_way < self._max_under_way:
            lane.scheduled = True
            # One turn of the loop: calls that arrive together leave together.
            loop.call_soon(self._flush, model, lane)
        return future

    def waiting(self) -> dict[str, int]:
        """Calls that wait, by model."""
        return {model: len(lane.queue) for model, lane in self._lanes.items()}

    def _flush(self, model: str, lane: _Lane) -> None:
        lane.scheduled = False
        while lane.queue and lane.under_way < self._max_under_way:
            batch: list[_Pending] = []
            while lane.queue and len(batch) < self._max_batch:
                pending = lane.queue.popleft()
                if not pending.future.cancelled():
                    batch.append(pending)
            if batch:
                lane.under_way += 1
                task = asyncio.get_running_loop().create_task(self._send(model, lane, batch))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        if not lane.queue and not lane.under_way:
            self._lanes.pop(model, None)

    async def _send(self, model: str, lane: _Lane, batch: list[_Pending]) -> None:
        label = Batch(next(self._ids), len(batch))
        if self._on_batch is not None:
            self._on_batch(model, len(batch))
        try:
            answers = await self._host.infer(model, [pending.call for pending in batch])
            if len(answers) != len(batch):
                message = f"model {model!r} gave {len(answers)} answers to {len(batch)} calls"
                raise ModelError(message, code=MODEL_FAILED)
        except Exception as error:
            answers = [(False, model_failure(model, error))] * len(batch)
        finally:
            lane.under_way -= 1
            self._flush(model, lane)
        for pending, (ok, value) in zip(batch, answers, strict=True):
            if not pending.future.done():
                pending.future.set_result(Reply(ok, value, label))


def model_failure(model: str, error: Exception) -> tuple[str, str]:
    """The code and the message of what a model host raised."""
    for candidate in (getattr(error, "cause", None), error):  # Ray wraps what a replica raised
        if isinstance(candidate, NoodleError):
            return candidate.code, candidate.message
    return MODEL_FAILED, f"model {model!r} failed: {type(error).__name__}: {error}"[:500]
