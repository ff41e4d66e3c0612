"""What durable runs wait for beside models: a time, a signal, the end of a run that they started.

When such a wait begins, its end is written to the journal; so whoever executes the run later waits until the same time.
Its answer is an answer in the journal as a model's is, and a signal is taken in the transaction that writes it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from noodle_ray.core.runs.batcher import Reply
from noodle_ray.core.runs.family import fuel_of
from noodle_ray.core.sandbox.local_waits import refused
from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.store.records import Run, Signal
from noodle_ray.core.store.status import Status
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.waiting import LONGEST, RUN, SIGNAL, SLEEP, is_wait_name
from noodle_ray.errors import NoodleError

FAILED: Final = "NOODLE-E0514"
"""Error code: a run that was started by another failed, was cancelled, or could not be started."""
_STEP: Final = 3600.0
"""The most seconds to wait before looking at the clock again: somebody may set it."""

Start = Callable[[EffectRequest, str, list[object], dict[str, object]], Awaitable[str]]
"""Starts a run of a program for an effect, or finds the one that was started; returns its id."""
Until = Callable[[EffectRequest, float | None], Awaitable[float | None]]
"""When the wait of an effect ends that may last so long: as the journal has it, which learns it now if it has not."""


class _Open(NamedTuple):
    kind: str
    name: str
    until: float | None
    answer: "asyncio.Future[Reply]"
    fuel: int


class Waits:
    """The waits of one attempt. ``take`` notes that a signal answers an effect; ``opened`` is called when there is
    something new to look for in the store, and ``look`` looks for signals now: one that is there beats a timeout."""

    def __init__(
        self,
        clock: Callable[[], float],
        until: Until,
        take: Callable[[str, str], None],
        start: Start,
        opened: Callable[[], None],
        look: Callable[[], Awaitable[None]],
    ) -> None:
        self.left: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        """Has what the run waits for, as `Run.waits` does, when it is to leave its node."""
        self._clock = clock
        self._until = until
        self._take = take
        self._start = start
        self._opened = opened
        self._look = look
        self._asked = 0
        self._open: dict[str, _Open] = {}
        self._given: set[str] = set()

    async def answer(self, request: EffectRequest) -> Reply:
        """Wait for what was asked for."""
        self._asked += 1
        try:
            return await self._answer(request)
        finally:
            self._asked -= 1

    async def _answer(self, request: EffectRequest) -> Reply:
        match request.model, request.args, request.kwargs:
            case ("@sleep", (float() | int() as seconds,), {}) if 0 <= seconds <= LONGEST:
                await self._wait(request, SLEEP, "", float(seconds))
                return Reply(True, None, None)
            case ("@signal", (str(name), None | float() | int() as seconds), {}) if is_wait_name(name) and (
                seconds is None or 0 <= seconds <= LONGEST
            ):
                reply = await self._wait(request, SIGNAL, name, None if seconds is None else float(seconds))
                return reply or Reply(True, [False, None], None)
            case ("@run", (str(program), [*args], dict(kwargs)), {}) if is_wait_name(program):
                try:
                    run = await self._start(request, program, args, kwargs)
                except NoodleError as error:
                    return Reply(
                        False, (FAILED, f"program '{program}' was not started: {error.message} [{error.code}]"), None
                    )
                reply = await self._wait(request, RUN, run, None)
                assert reply is not None
                return reply
        return Reply(False, refused(request), None)

    def signals(self) -> set[str]:
        """The names of signals that are waited for."""
        return {each.name for each in self._open.values() if each.kind == SIGNAL}

    def runs(self) -> set[str]:
        """The runs whose end is waited for."""
        return {each.name for each in self._open.values() if each.kind == RUN}

    def offer(self, signal: Signal) -> None:
        """Give a signal to who waits for one of its name, the first that came."""
        for key, each in self._open.items():
            if (each.kind, each.name) == (SIGNAL, signal.name) and not each.answer.done():
                if signal.id not in self._given:
                    self._given.add(signal.id)
                    self._take(signal.id, key)
                    each.answer.set_result(Reply(True, [True, CODEC.unpack(signal.value)], None))
                return

    def ended(self, run: Run) -> None:
        """A run has ended: tell who waits for it."""
        for each in self._open.values():
            if (each.kind, each.name) == (RUN, run.id) and not each.answer.done():
                each.answer.set_result(_result_of(run, each.fuel))

    def due(self) -> float | None:
        """When the first of the waits ends; None if none does by itself."""
        return min((each.until for each in self._open.values() if each.until is not None), default=None)

    def waiting(self) -> bool:
        """Whether all that was asked for is waited for by now, and nothing has come."""
        return self._asked == len(self._open) and not any(each.answer.done() for each in self._open.values())

    def _describe(self) -> dict[str, Any]:
        told: dict[str, Any] = {"until": self.due(), "signals": sorted(self.signals()), "runs": sorted(self.runs())}
        return {name: value for name, value in told.items() if value}

    def leave(self) -> None:
        """Have the run leave its node."""
        if not self.left.done():
            self.left.set_result(self._describe())

    async def _wait(self, request: EffectRequest, kind: str, name: str, seconds: float | None) -> Reply | None:
        """Until somebody answers, or for so long: then None."""
        until = await self._until(request, seconds)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._open[request.key] = _Open(kind, name, until, answer, request.fuel)
        self._opened()
        try:
            while not answer.done():
                left = None if until is None else min(until - self._clock(), _STEP)
                if left is not None and left <= 0:
                    if kind == SIGNAL:
                        await self._look()
                    return answer.result() if answer.done() else None
                await asyncio.wait({answer}, timeout=left)
            return answer.result()
        finally:
            del self._open[request.key]


def time_text(at: float | None) -> str:
    """A time as people read it, in UTC."""
    return "" if at is None else f" until {datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _result_of(run: Run, lent: int) -> Reply:
    fuel = fuel_of(run.usage, lent)
    if run.status is Status.SUCCEEDED:
        packed: Any = CODEC.unpack(run.result or b"")
        return Reply(True, packed[0], None, fuel=fuel)
    why = f": {run.error['message']} [{run.error['code']}]" if run.error else ""
    return Reply(False, (FAILED, f"run {run.id} {run.status}{why}"[:2000]), None, fuel=fuel)
