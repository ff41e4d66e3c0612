"""Model calls of all runs, on their way to the models.

A call to an idle model goes out at once: an empty queue costs no waiting. While batches are under way, calls
gather, and leave together as soon as one of the batches is back. So batches grow with load by themselves, and no
timer has to be tuned (the same idea as Nagle's algorithm without its delay, RFC 896). Calls of a model that generates
go out one by one instead, as many as it has slots and some more: the engine batches them token by token, and a call
that is done waits for no other.
"""

import asyncio
import contextvars
import itertools
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any, NamedTuple, Protocol, cast

from noodle_ray.core.runs.fair import FairQueue, QueueFullError
from noodle_ray.core.runs.lengths import SHORT_TOKENS, length_of
from noodle_ray.core.runs.terms import Terms, current
from noodle_ray.errors import ModelError, NoodleError

UNKNOWN_MODEL = "NOODLE-E0601"
"""Error code: no model has this name."""

MODEL_FAILED = "NOODLE-E0605"
"""Error code: the model's engine or replica failed."""

MODEL_BUSY = "NOODLE-E0608"
"""Error code: too many calls wait for this model."""

EXPIRED = "NOODLE-E0609"
"""Error code: a call waited for the model longer than it was allowed to."""

TENANT_BUSY = "NOODLE-E0613"
"""Error code: too many calls of one tenant wait for this model."""

LOST = "NOODLE-E0615"
"""Error code: the replica that had the call is gone."""

UNAVAILABLE = frozenset({"NOODLE-E0614", LOST, "NOODLE-E0616"})
"""Error codes: the replica hung, was lost, or was not there in time."""

DROPS = {MODEL_BUSY: "full", TENANT_BUSY: "tenant", EXPIRED: "deadline"}
"""Error codes of calls that never reached an engine, and what the metrics call that."""

Call = tuple[tuple[object, ...], dict[str, object]]
"""One call of a model: positional and keyword arguments."""


NOTHING: Call = ((), {})
"""The call of whom nothing is asked any more."""

Outcome = tuple[bool, object] | tuple[bool, object, tuple[int, int]]
"""``(True, answer)`` or ``(False, (code, message))``, perhaps with the tokens of prompt and completion."""


CROWD = 1024
"""Calls that wait for models, beyond which no run gives up its worker for another one to begin."""


class Shape(NamedTuple):
    """How calls of a model go out: ``max_batch`` in a batch, ``max_under_way`` batches at a time. A batch may hold
    up to ``max_short`` calls while they are short: `SHORT_TOKENS` together. A ``certain`` model has one answer to a
    question, unless it draws at random. A ``free`` one is said to have no side effects."""

    max_batch: int = 32
    max_under_way: int = 2
    certain: bool = False
    free: bool = False
    max_short: int = 0


class Answered(NamedTuple):
    """What a model says to a call. If not ``ok``, ``value`` is a pair (code, message). ``told`` may have ``queued``, in
    seconds, of a generation ``usage``: ``prompt_tokens`` and ``completion_tokens``; and ``version``, see `Reply`.
    """

    ok: bool
    value: object
    told: Mapping[str, Any] = {}


class ModelHost(Protocol):
    """Runs batches on models; in this process or behind Serve handles."""

    async def infer(self, model: str, calls: list[Call]) -> Sequence[Outcome]:
        """Return an outcome per call, in order. May raise for the whole batch."""


class ServingHost(ModelHost, Protocol):
    """A host that knows its models, and passes the terms of calls on."""

    def shape(self, model: str) -> Shape:
        """How this model's calls go out."""

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        """Answer the calls, in order. May raise for the whole batch. Cancelling it stops the calls."""


class Batch(NamedTuple):
    """Which batch a call went in: a number that no other batch has, also of another process, unless chance wills it;
    and how many calls it held."""

    id: int
    size: int


class Reply(NamedTuple):
    """The answer to one call. If not ``ok``, ``value`` is a pair (code, message). ``batch`` is None if the call went in
    none, as one that has the answer of an equal one. ``tokens`` are those of prompt and completion, of a model that
    tells, and ``version`` tells what answered, if its answers may be kept; ``fuel`` is what a run used that was asked
    for."""

    ok: bool
    value: object
    batch: Batch | None
    tokens: tuple[int, int] = (0, 0)
    version: str = ""
    fuel: int = 0


class Results(Protocol):
    """What knows answers already; see `noodle_ray.core.runs.results.ResultCache`."""

    def submit(
        self, model: str, call: Call, terms: Terms, ask: Callable[[], "asyncio.Future[Reply]"]
    ) -> "asyncio.Future[Reply]":
        """The answer that is known, or that of ``ask``."""


class Watcher(Protocol):
    """Who counts; see `noodle_ray.observability.metrics`."""

    def on_answer(self, model: str, told: Mapping[str, Any]) -> None:
        """A call was answered; see `Answered`."""

    def on_drop(self, model: str, reason: str) -> None:
        """A call was not sent to the model: ``full``, ``tenant``, ``deadline`` or ``cancelled``."""

    def on_speculation(self, model: str, used: bool) -> None:
        """A call that a run made early was asked for, or it was not."""


class _Flight:
    """A batch on its way. When nobody waits for any of its calls, it is stopped."""

    __slots__ = ("landed", "task", "wanted")

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.landed = False
        self.task: asyncio.Task[None] | None = None

    def settle(self) -> None:
        self.wanted -= 1
        if not self.wanted and self.task is not None:
            self.task.cancel()


class Listener(Protocol):
    """Hears of answers in the turn of the loop in which they come: callbacks of futures are called in a later one."""

    def heard(self, future: "asyncio.Future[Reply]") -> None:
        """A call was answered. Others of its batch follow, and then `deliver`."""

    def deliver(self) -> None:
        """No more answers come in this turn."""


class Pending(asyncio.Future[Reply]):
    """A call, and the answer that somebody waits for. A ``listener`` hears of that before callbacks do, unless the call
    is cancelled."""

    __slots__ = ("call", "flight", "lane", "listener", "terms", "timer")

    def __init__(self, lane: "_Lane", call: Call, terms: Terms, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.lane = lane
        self.call = call
        self.terms = terms
        self.flight: _Flight | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.listener: Listener | None = None

    def cancel(self, msg: object = None) -> bool:
        """Nobody waits for it any more."""
        cancelled = super().cancel(msg)
        if cancelled:
            self.lane.forget(self)
        return cancelled

    def answer(self, reply: Reply) -> Listener | None:
        """Give the answer, unless there is one or nobody waits for it. Returns who is to `deliver` it."""
        if self.done():
            return None
        if self.timer is not None:
            self.timer.cancel()
        self.call, self.flight = NOTHING, None  # who keeps the answer keeps no more
        self.set_result(reply)
        listener, self.listener = self.listener, None
        if listener is not None:
            listener.heard(self)
        return listener


def _length(pending: Pending) -> int:
    return length_of(pending.call[0], SHORT_TOKENS)


class _Lane:
    """One model's queue, and its calls that need none: they came in one turn of the loop in which nothing waited, and
    leave as one batch."""

    __slots__ = (
        "_fresh", "_max_of_tenant", "_max_queue", "_queue", "late", "loop", "on_cancelled", "scheduled", "shape",
        "under_way",
    )  # fmt: skip

    def __init__(self, shape: Shape, max_queue: int, max_of_tenant: int, on_cancelled: Callable[[], None]) -> None:
        self.on_cancelled = on_cancelled
        self._max_queue = max_queue
        self._max_of_tenant = max_of_tenant
        self._fresh: list[Pending] = []
        self._queue: FairQueue[Pending] | None = None
        self.loop = asyncio.get_running_loop()  # kept, as to ask for it is a system call
        self.late: dict[str, deque[Pending]] = {}  # by tenant, for whom there was no room in the queue
        self.shape = shape
        self.scheduled = False
        self.under_way = 0

    @property
    def queue(self) -> FairQueue[Pending]:
        """The queue, which most calls do without."""
        if self._queue is None:
            self._queue = FairQueue(self._max_queue, self._max_of_tenant)
        return self._queue

    def queued(self) -> int:
        """How many calls are in the queue."""
        return 0 if self._queue is None else len(self._queue)

    def waiting(self) -> int:
        """How many calls are under way to no model yet."""
        return len(self._fresh) + self.queued() + sum(map(len, self.late.values()))

    def push(self, pending: Pending) -> None:
        """Have a call leave in its turn. Raises QueueFullError."""
        fresh, terms = self._fresh, pending.terms
        if (
            self.under_way < self.shape.max_under_way
            and len(fresh) < min(self.shape.max_batch, self._max_queue, self._max_of_tenant)
            and not (self.queued() or self.late)
            and (not fresh or (fresh[0].terms.tenant == terms.tenant and fresh[0].terms.priority == terms.priority))
        ):
            fresh.append(pending)
            return
        self._enqueue_fresh()
        self.queue.push(pending, terms)

    def depart(self) -> list[Pending]:
        """The next batch, of calls that somebody waits for."""
        if 0 < len(self._fresh) <= self.shape.max_batch and self.under_way < self.shape.max_under_way:
            batch, self._fresh = self._fresh, []
            if self._queue is not None:
                self._queue.charge(batch[0].terms.tenant, float(len(batch)))
            return batch
        self._enqueue_fresh()
        batch = self._from_queue()
        self.admit()
        return batch

    def _from_queue(self) -> list[Pending]:
        """Take out what goes next, of short calls no more than leave as many for each batch that may still go: several
        replicas may wait for them. It may be that nobody waits for any of it any more.
        """
        batch: list[Pending] = []
        tokens, usual = 0, self.shape.max_batch
        share = -(-self.queued() // max(1, self.shape.max_under_way - self.under_way))
        while self.queued() and len(batch) < max(usual, min(self.shape.max_short, share)):
            if len(batch) >= usual and tokens + _length(self.queue.peek()) > SHORT_TOKENS:
                break
            pending = self.queue.pop()
            if not pending.done():
                batch.append(pending)
                tokens += _length(pending) if self.shape.max_short else 0
        return batch

    def _enqueue_fresh(self) -> None:
        for pending in self._fresh:
            self.queue.push(pending, pending.terms)
        self._fresh.clear()

    def admit(self) -> None:
        """Let those in for whom there was no room, as far as there is now."""
        for tenant, late in list(self.late.items()):
            while late:
                if late[0].done():
                    late.popleft()
                    continue
                try:
                    self.queue.push(late[0], late[0].terms)
                except QueueFullError as error:
                    if not error.of_tenant:
                        return
                    break
                late.popleft()
            else:
                del self.late[tenant]

    def forget(self, pending: Pending) -> None:
        """A call's time is over, or nobody waits for it any more."""
        if pending.timer is not None:
            pending.timer.cancel()
        if pending.flight is not None:
            pending.flight.settle()
        elif self._remove(pending):
            self.admit()
            if pending.cancelled():
                self.on_cancelled()

    def _remove(self, pending: Pending) -> bool:
        if pending in self._fresh:
            self._fresh.remove(pending)
            return True
        return self._queue is not None and self._queue.remove(pending)


class EffectBatcher:
    """Gathers calls per model. Belongs to one event loop.

    At most ``max_batch`` calls go in a batch, ``max_under_way`` batches of a model are out at a time (two keep the
    model busy while answers travel), unless the host says otherwise. ``max_queue`` calls of a model wait, at most
    ``max_of_tenant`` of one tenant; more are refused with E0608 and E0613.
    """

    def __init__(
        self,
        host: ModelHost,
        *,
        max_batch: int = 32,
        max_under_way: int = 2,
        max_queue: int = 4096,
        max_of_tenant: int = 2048,
        on_batch: Callable[[str, int], None] | None = None,
    ) -> None:
        self._host: ServingHost = (
            cast(ServingHost, host) if hasattr(host, "ask") else _Plain(host, Shape(max_batch, max_under_way))
        )
        self._max_queue = max_queue
        self._max_of_tenant = max_of_tenant
        self._on_batch = on_batch
        self.watcher: Watcher | None = None
        self.results: Results | None = None
        self._lanes: dict[str, _Lane] = {}
        self._ids = itertools.count(secrets.randbits(33) << 20 | 1)  # less than 2**53, for JSON
        self._context = contextvars.copy_context()
        self._tasks: set[asyncio.Task[None]] = set()

    def submit(
        self, model: str, call: Call, terms: Terms | None = None, *, patient: bool = False
    ) -> "asyncio.Future[Reply]":
        """Queue a call, on the terms that are current unless others are given; the future always gets a Reply, never
        an exception. Cancelling it drops a waiting call, and stops one that is under way alone. A ``patient`` call is
        not refused but waits for room: whoever makes such calls bounds them.
        """
        terms = current() if terms is None else terms
        if self.results is None:
            return self._enqueue(model, call, terms, patient)
        return self.results.submit(model, call, terms, partial(self._enqueue, model, call, terms, patient))

    def _enqueue(self, model: str, call: Call, terms: Terms, patient: bool) -> "asyncio.Future[Reply]":
        lane = self._lanes.get(model)
        if lane is None:
            on_cancelled = partial(self._drop, model, "cancelled")
            lane = _Lane(self._host.shape(model), self._max_queue, self._max_of_tenant, on_cancelled)
            self._lanes[model] = lane
        loop = lane.loop
        pending = Pending(lane, call, Terms(terms.priority, terms.tenant, terms.until, time.monotonic()), loop)
        try:
            lane.push(pending)
        except QueueFullError as error:
            if not patient:
                pending.set_result(self._refused(model, error.of_tenant))
                return pending
            lane.late.setdefault(terms.tenant, deque()).append(pending)
        if terms.until != inf:
            pending.timer = loop.call_at(terms.until, self._expire, model, pending)
        if not lane.scheduled and lane.under_way < lane.shape.max_under_way:
            lane.scheduled = True
            # One turn of the loop: calls that arrive together leave together.
            loop.call_soon(self._flush, model, lane)
        return pending

    def certain(self, model: str) -> bool:
        """Whether equal calls of a model have one answer."""
        return self._shape(model).certain

    def free(self, model: str) -> bool:
        """Whether a model is marked as free of side effects."""
        return self._shape(model).free

    def _shape(self, model: str) -> Shape:
        lane = self._lanes.get(model)
        return self._host.shape(model) if lane is None else lane.shape

    def reshape(self) -> None:
        """Ask the host anew how calls go out: its models may have changed."""
        for model, lane in self._lanes.items():
            lane.shape = self._host.shape(model)
            if not lane.scheduled:
                lane.scheduled = True
                asyncio.get_running_loop().call_soon(self._flush, model, lane)

    def waiting(self) -> dict[str, int]:
        """Calls that wait, by model."""
        return {model: lane.waiting() for model, lane in self._lanes.items()}

    def crowded(self) -> bool:
        """Whether so many calls wait that more runs would only wait too."""
        return sum(self.waiting().values()) >= CROWD

    def under_way(self) -> int:
        """Batches that are out, of all models."""
        return len(self._tasks)

    def _refused(self, model: str, of_tenant: bool) -> Reply:
        self._drop(model, "tenant" if of_tenant else "full")
        if of_tenant:
            message = f"{self._max_of_tenant} calls of this tenant already wait for model {model!r}; try again later"
            return Reply(False, (TENANT_BUSY, message), None)
        message = f"{self._max_queue} calls already wait for model {model!r}; try again later"
        return Reply(False, (MODEL_BUSY, message), None)

    def _expire(self, model: str, pending: Pending) -> None:
        if not pending.done():
            if pending.flight is None:
                self._drop(model, "deadline")
            pending.lane.forget(pending)
            reply = Reply(False, (EXPIRED, f"the call's deadline passed before {model!r} answered"), None)
            listener = pending.answer(reply)
            if listener is not None:
                _deliver(listener)

    def _note(self, model: str, answered: Answered) -> None:
        if self.watcher is None:
            return
        self.watcher.on_answer(model, answered.told)
        if not answered.ok and isinstance(answered.value, tuple) and answered.value[0] in DROPS:
            self.watcher.on_drop(model, DROPS[answered.value[0]])

    def _drop(self, model: str, reason: str) -> None:
        if self.watcher is not None:
            self.watcher.on_drop(model, reason)

    def _flush(self, model: str, lane: _Lane) -> None:
        lane.scheduled = False
        while lane.under_way < lane.shape.max_under_way and lane.waiting():
            batch = lane.depart()
            if batch:
                self._depart(model, lane, batch)
        if not lane.under_way and not lane.waiting():
            self._lanes.pop(model, None)

    def _depart(self, model: str, lane: _Lane, batch: list[Pending]) -> None:
        lane.under_way += 1
        flight = _Flight(len(batch))
        for pending in batch:
            pending.flight = flight
        # Not in the context of the request that came first: whoever cancels what that one has begun would cancel this.
        flight.task = asyncio.get_running_loop().create_task(
            self._send(model, lane, batch, flight), context=self._context.copy()
        )
        self._tasks.add(flight.task)
        flight.task.add_done_callback(self._tasks.discard)
        # A task that is cancelled before its first step runs no line of its own.
        flight.task.add_done_callback(lambda _: self._land(model, lane, flight))

    def _land(self, model: str, lane: _Lane, flight: _Flight) -> None:
        if not flight.landed:
            flight.landed = True
            lane.under_way -= 1
            self._flush(model, lane)

    async def _send(self, model: str, lane: _Lane, batch: list[Pending], flight: _Flight) -> None:
        label = Batch(next(self._ids), len(batch))
        known = True
        try:
            answers = await self._host.ask(model, [one.call for one in batch], [one.terms for one in batch])
            if len(answers) != len(batch):
                message = f"model {model!r} gave {len(answers)} answers to {len(batch)} calls"
                raise ModelError(message, code=MODEL_FAILED)
        except Exception as error:
            failure = model_failure(model, error)
            known = failure[0] != UNKNOWN_MODEL
            answers = [Answered(False, failure)] * len(batch)
        except asyncio.CancelledError:
            if flight.task is None or flight.task.cancelling():
                raise
            answers = [Answered(False, (LOST, f"the call of {model!r} was dropped on its way"))] * len(batch)
        finally:
            if known and self._on_batch is not None:  # else programs could make up names without end, which are counted
                self._on_batch(model, len(batch))
        if lane.waiting():  # else the model has nothing to do that could wait for this
            self._land(model, lane, flight)
        listeners: dict[Listener, None] = {}
        for pending, answered in zip(batch, answers, strict=True):
            self._note(model, answered)
            if not pending.done():
                usage = answered.told.get("usage") or {}
                tokens = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
                version = answered.told.get("version", "")
                listener = pending.answer(Reply(answered.ok, answered.value, label, tokens, version))
                if listener is not None:
                    listeners[listener] = None
        for listener in listeners:
            _deliver(listener)
        self._land(model, lane, flight)


def _deliver(listener: Listener) -> None:
    """Others of the batch get their answers whatever this does."""
    try:
        listener.deliver()
    except Exception as error:
        context = {"message": "a run could not take its answers", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)


class _Plain:
    """A host without shapes and terms as one that has them."""

    def __init__(self, host: ModelHost, shape: Shape) -> None:
        self._host = host
        self._shape = shape

    async def infer(self, model: str, calls: list[Call]) -> Sequence[Outcome]:
        return await self._host.infer(model, calls)

    def shape(self, model: str) -> Shape:
        return self._shape

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        return [Answered(ok, value, *map(_usage, tokens)) for ok, value, *tokens in await self.infer(model, calls)]


def _usage(tokens: tuple[int, int]) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}}


def model_failure(model: str, error: Exception) -> tuple[str, str]:
    """The code and the message of what a model host raised."""
    for candidate in (getattr(error, "cause", None), error):  # Ray wraps what a replica raised
        if isinstance(candidate, NoodleError):
            return candidate.code, candidate.message
    return MODEL_FAILED, f"model {model!r} failed: {type(error).__name__}: {error}"[:500]
