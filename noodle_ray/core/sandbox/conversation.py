"""What one run asks and is answered: it outlives the workers that execute the run.

A run whose fibers all wait can leave its worker. What it asked stays under way, and when an answer has come the run is
repeated by any worker: it gets the frames of answers that it had, in the order in which it had them, and so comes to
where it was. A frame is sent when everything that it answers has been asked; a run takes one frame at a time, so what
it does depends on their order and on nothing else, unless it waits for timers, and such a run keeps its worker.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from noodle_ray.core.sandbox import messages
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.sandbox.outcome import Outcome
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.sandbox.wire import WireError
from noodle_ray.core.vm.clock import MAX_READINGS
from noodle_ray.core.vm.host import GUESSES, TELL, EffectAnswer, EffectRequest
from noodle_ray.errors import ModuleError, NoodleError, RunError

Answers: TypeAlias = Awaitable[list[EffectAnswer]] | AsyncIterator[list[EffectAnswer]]
Effects: TypeAlias = Callable[[list[EffectRequest]], Answers]
"""Answers a batch of effects: all at once (a coroutine), or as they get ready (an asynchronous iterator)."""
OnReadings: TypeAlias = Callable[[dict[str, list[float]]], None]
"""Takes what a run read off its clock, before the effects that were asked after it."""
OnParked: TypeAlias = Callable[[bool], None]
"""Is told when a run leaves its worker, and when it wants one again."""

MAX_KEPT: Final = 8 << 20
"""Bytes of answers that are kept to repeat a run. One that got more keeps its worker; those of the background do so
while they wait for models."""
MARK: Final = "@"
"""How the names of effects begin that are not asked of models."""
DIVERGED: Final = "NOODLE-E0512"
"""Error code: a run that was repeated asked something else than before."""
_REPEAT: Final = 4.0
_REPEAT_MORE: Final = 10.0


class Holder(Protocol):
    """The worker that has the run."""

    def send_answers(self, answers: list[EffectAnswer]) -> bytes:
        """Send answers; returns the frame."""

    def go_live(self, left: float) -> None:
        """The run has come to where it was, and has so many seconds left."""


class Diverged(RunError):
    """A repeated run asked something else than it did before."""

    default_code = DIVERGED


class _Asked:
    """An effect: the digest of what was asked, and when it was asked and answered, in seconds of the run."""

    __slots__ = ("_call", "_request", "end", "start")

    def __init__(self, request: EffectRequest, start: float) -> None:
        self._call = b""
        self._request: EffectRequest | None = request
        self.start = self.end = start

    def call(self) -> bytes:
        """The digest, which is computed once, and not before somebody needs it: a model that is asked does not wait."""
        if self._request is not None:
            self._call, self._request = messages.digest_of(self._request), None
        return self._call


class _Frame(NamedTuple):
    keys: tuple[str, ...]
    data: bytes


class Conversation:
    """One run, whichever worker has it. ``effects`` answers what it asks; ``background`` runs leave workers to others.

    The run's time passes while it executes and while it waits for answers; not while it waits for a worker, and not
    while it is repeated. Its deadline, and what it is told of its duration, count this time.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        request: RunRequest,
        effects: Effects | None,
        on_readings: OnReadings | None = None,
        on_parked: OnParked | None = None,
        background: bool = False,
    ) -> None:
        self.request = request.seeded()
        self.background = background
        self.parks = 0
        self.outstanding = 0
        """What the worker that has the run waits for."""
        self.live = True
        """Whether the run is past what it did before."""
        self.keeps = bool(request.profile)
        """Whether the run cannot leave its worker any more."""
        self.costly = False
        """Whether the run leaves its worker only for what may take long: it has much to repeat."""
        self._loop = loop
        self._effects = effects
        self._on_readings = on_readings
        self._on_parked = on_parked
        self._asked: dict[str, _Asked] = {}
        self._frames: list[_Frame] = []
        self._kept = 0
        self._readings: dict[str, list[float]] = {}
        self._left = MAX_READINGS
        self._guesses: set[str] = set()
        self._most_guesses = self.request.speculate * GUESSES
        self._to_tell = self.request.limits.output
        self._shift = _shift(request.readings)
        self._holder: Holder | None = None
        self._held_back = False
        self._seen: set[str] = set()
        self._repeated = 0
        self._next = 0
        self._again = 0
        self._repeat_to = 0
        self._spent = 0.0
        self._since: float | None = None
        self._wake: asyncio.Future[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._guessing: set[asyncio.Task[None]] = set()
        self._waits = 0
        self._calls = 0
        self._closed = False

    def only_waits(self) -> bool:
        """Whether the run waits for no model, but for a time, a signal or another run: that may take long."""
        return self._waits > 0 and not self._calls

    def attempt(self) -> RunRequest:
        """What the next worker is asked to run."""
        if not self.parks:
            return self.request
        limits = self.request.limits
        readings = {place: list(values) for place, values in self.request.readings.items()}
        for place, values in self._readings.items():
            readings.setdefault(place, []).extend(values)
        limits = limits._replace(deadline=limits.deadline * _REPEAT + _REPEAT_MORE)  # the rest comes with `go_live`
        return self.request._replace(limits=limits, readings=readings, shift=self._shift)

    def begin(self, holder: Holder) -> None:
        """A worker has the run, and begins it, perhaps anew."""
        self._holder = holder
        self._seen = set()
        self._repeated = self._again = self._next = self.outstanding = 0
        self._held_back = False
        self.live = not self.parks
        if self.parks:
            self._again, self._repeated = self._repeat_to, len(self._asked)
        else:
            self._since = self._loop.time()

    def ask(self, requests: list[EffectRequest], readings: dict[str, list[float]]) -> None:
        """Take what the worker asks. Raises WireError for what no run asks, and Diverged."""
        if readings:
            self._left -= sum(max(len(values), 1) for values in readings.values())
            if self._left < 0:
                raise WireError("received more readings than a run makes")
            for place, values in readings.items():
                self._readings.setdefault(place, []).extend(values)
            if self._on_readings is not None:
                self._on_readings(readings)
        fresh = []
        now = self.seconds()
        for request in requests:
            key = request.key
            if key in self._seen:
                raise WireError(f"effect {key[:64]} was asked twice")
            self._seen.add(key)
            known = self._asked.get(key)
            if known is None:
                self._asked[key] = _Asked(request, now)
                fresh.append(request)
                if request.model == TELL:
                    self._to_tell -= sum(len(text) for text in request.args if isinstance(text, str))
                    if self._to_tell < 0:
                        raise WireError("received more texts than a run may tell")
                if request.model[:1] == MARK:
                    self._waits += 1
                else:
                    self._calls += 1
            elif known.call() != messages.digest_of(request):
                raise Diverged(f"when the run was repeated, it asked something else at effect {key[:64]}")
            else:
                self._repeated -= 1
        self.outstanding += len(requests)
        if self.outstanding > messages.MAX_OUTSTANDING:
            raise WireError(f"more than {messages.MAX_OUTSTANDING} model calls wait for their answers")
        if fresh:
            self._send_on(fresh)
        if not self.live:
            self._pump()

    def guess(self, requests: list[EffectRequest]) -> None:
        """Take which calls may come. A run that is repeated says it again, also at the wait where it left, and is not
        heard. Raises WireError for more than a run tells."""
        guess = getattr(self._effects, "guess", None)
        if not self.live or guess is None:
            return
        fresh = {request.key: request for request in requests if request.key not in self._guesses}
        if not fresh:
            return
        if len(self._guesses) + len(fresh) > self._most_guesses:
            raise WireError("received more guesses than a run may make")
        self._guesses.update(fresh)
        task = self._loop.create_task(guess(list(fresh.values())))
        for tasks in (self._tasks, self._guessing):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    def drop(self, keys: list[str]) -> None:
        """Take which of them do not. Others than were told are not heard: a worker does not know which of its guesses
        could not be sent."""
        drop = getattr(self._effects, "drop", None)
        known = [key for key in keys if key in self._guesses]
        if drop is not None and known:
            drop(known)

    def hold_back(self, wanted: bool) -> None:
        """Send no more answers to the worker, as it is to leave the run; or go on with it."""
        self._held_back = wanted
        if not wanted:
            self._pump()

    def park(self) -> None:
        """The worker has left the run."""
        self._spent, self._since = self.seconds(), self._loop.time()
        self.parks += 1
        self._repeat_to = self._next
        self._holder = None
        self._seen = set()
        if self._on_parked is not None:
            self._on_parked(True)

    async def answered(self) -> None:
        """Wait until the run has an answer that it had not when it left its worker, or its time is over."""
        if len(self._frames) <= self._repeat_to:
            self._wake = self._loop.create_future()
            left = self.request.limits.deadline - self._spent
            timer = self._loop.call_later(max(left, 0.0), _finish, self._wake)
            try:
                await self._wake
            finally:
                timer.cancel()
                self._wake = None
        self._spent, self._since = self.seconds(), None
        if self._on_parked is not None:
            self._on_parked(False)

    def fail(self, error: Exception) -> None:
        """End the wait of `answered` with an error."""
        if self._wake is not None and not self._wake.done():
            self._wake.set_exception(error)

    def seconds(self) -> float:
        """How long the run has lasted."""
        return self._spent + (self._loop.time() - self._since if self._since is not None else 0.0)

    def progressed(self, usage: dict[str, object]) -> None:
        """The worker tells what the run has used by now."""
        progressed = getattr(self._effects, "progressed", None)
        if progressed is not None:
            progressed(usage)

    def complete(self, outcome: Outcome) -> None:
        """Say in the outcome of a run that was repeated what one has that was not."""
        if not self.parks:
            return
        usage: Any = outcome["usage"]
        usage["wall_seconds"] = max(self.seconds(), usage["computing_seconds"])
        usage["waiting_seconds"] = usage["wall_seconds"] - usage["computing_seconds"]
        events: Any = outcome["events"]
        for event in events:
            asked = self._asked.get(event.get("key"))
            if asked is not None:
                event["start"], event["end"] = asked.start, asked.end

    def close(self) -> None:
        """Drop what is under way."""
        self._holder = None
        self._closed = True
        for task in self._tasks:
            task.cancel()

    def _send_on(self, requests: list[EffectRequest]) -> None:
        """Have requests answered: at once where ``effects`` can do so, else in a task."""
        open_ = {request.key: request for request in requests}
        begin = getattr(self._effects, "begin", None)
        try:
            # a guess that came before is sent by a task, and is to be found by those that claim it
            if begin is not None and not self._guessing and begin(requests, partial(self._give, open_)):
                return
        except Exception as error:
            self._take([EffectAnswer(key, False, _failure(error)) for key in list(open_)], open_)
            return
        task = self._loop.create_task(self._answer(requests, open_))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _give(self, open_: dict[str, EffectRequest], answers: list[EffectAnswer]) -> None:
        if self._closed:
            return
        try:
            self._take(answers, open_)
        except Exception as error:
            self._take([EffectAnswer(key, False, _failure(error)) for key in list(open_)], open_)

    async def _answer(self, requests: list[EffectRequest], open_: dict[str, EffectRequest]) -> None:
        try:
            if self._effects is None:
                raise ModuleError("no models are available to this run", code="NOODLE-E0601")
            answers = self._effects(requests)
            if isinstance(answers, AsyncIterator):
                async for some in answers:
                    self._take(some, open_)
            else:
                self._take(await answers, open_)
            failure = ("NOODLE-E0604", "the model did not answer")
        except Exception as error:
            failure = _failure(error)
        if open_:
            self._take([EffectAnswer(key, False, failure) for key in list(open_)], open_)

    def _take(self, answers: Iterable[EffectAnswer], open_: dict[str, EffectRequest]) -> None:
        taken = [(answer, request) for answer in answers if (request := open_.pop(answer.key, None)) is not None]
        if not taken:
            return
        given = [answer for answer, _ in taken]
        now = self.seconds()
        for answer, request in taken:
            self._asked[answer.key].end = now
            if request.model[:1] == MARK:
                self._waits -= 1
            else:
                self._calls -= 1
        self._pass_on(given)
        if self._wake is not None:
            _finish(self._wake)
        elif not self.live:
            self._pump()
        for answer in given:
            self._asked[answer.key].call()

    def _pass_on(self, answers: list[EffectAnswer]) -> None:
        """Send answers or keep them, in as few frames as hold them."""
        holder = self._holder
        try:
            if self.live and holder is not None and not self._held_back:
                data = self._send(holder, answers)
                self._next += 1
            else:
                data = messages.write_answers(0, answers)
        except WireError:
            if len(answers) == 1:
                raise
            half = len(answers) // 2
            self._pass_on(answers[:half])
            self._pass_on(answers[half:])
            return
        self._keep(_Frame(tuple([answer.key for answer in answers]), data))

    def _send(self, holder: Holder, answers: list[EffectAnswer]) -> bytes:
        data = holder.send_answers(answers)
        self.outstanding -= len(answers)
        return data

    def _keep(self, frame: _Frame) -> None:
        if self.keeps and self.live and not self._held_back:
            return
        self._kept += len(frame.data)
        self._frames.append(frame)
        if self._kept > MAX_KEPT:
            self.costly = True
        if self.costly and not self.background and self.live and not self._held_back:
            self.keeps = True
            self._frames.clear()

    def _pump(self) -> None:
        """Send what may be sent of the frames that are there."""
        holder = self._holder
        while holder is not None and not self._held_back:
            if not self.live and self._next >= self._again and not self._repeated:
                self.live = True
                self._since = self._loop.time()
                holder.go_live(max(self.request.limits.deadline - self._spent, 0.0))
            if self._next >= len(self._frames):
                return
            frame = self._frames[self._next]
            if not self._seen.issuperset(frame.keys):
                return
            self._next += 1
            self._send(holder, _answers(frame.data))


def _answers(frame: bytes) -> list[EffectAnswer]:
    """The answers that a frame of `messages.write_answers` has."""
    message: Any = CODEC.unpack(memoryview(frame)[4:])
    return [EffectAnswer(*answer) for answer in message[2]]


def _failure(error: Exception) -> tuple[str, str]:
    if isinstance(error, NoodleError):
        return error.code, error.message
    return "NOODLE-E0604", f"the model call failed: {error}"


def _finish(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _shift(readings: dict[str, list[float]]) -> float:
    """What the run's clock that never goes back is ahead of this machine's, if it comes with readings of another's."""
    known = [max(values) for place, values in readings.items() if place[0] == "m" and values]
    return max(known) - time.monotonic() if known else 0.0
