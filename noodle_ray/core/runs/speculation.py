"""Calls of models that a run may come to make, made while it waits for what decides that.

A worker tells which calls may come; here is decided which of them are made. A call that the run makes after all is
answered by an equal one that was made early. What is made early and not asked for is dropped, and nothing of it is seen
but its cost: it is in no journal, and no answer of it, and no failure, reaches a program.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.core.runs.budgets import NANOS, Meter, Tokens
from noodle_ray.core.runs.once import key_of
from noodle_ray.core.runs.results import Ask, pass_on
from noodle_ray.core.vm.host import EffectRequest


class SpeculationWatcher(Protocol):
    """Who counts; see `noodle_ray.observability.metrics`."""

    def on_speculation(self, model: str, used: bool) -> None:
        """A call that was made early was asked for, or it was not."""


class _Flight:
    """A call that was made early. ``keys`` are those of the worker's guesses that it serves."""

    __slots__ = ("future", "keys", "request")

    def __init__(self, request: EffectRequest, future: "asyncio.Future[Reply]") -> None:
        self.request = request
        self.keys = {request.key}
        self.future = future


class Speculation:
    """The early calls of one run: ``most`` in all, and none for which its budget has no room.

    Belongs to one event loop.
    """

    def __init__(self, most: int, meter: Meter, watcher: SpeculationWatcher | None = None) -> None:
        self._left = most
        self._meter = meter
        self._watcher = watcher
        self._flights: dict[bytes, _Flight] = {}
        self._keys: dict[str, bytes] = {}
        self._over: set[str] = set()
        """Guesses of which it is known what became; a run that is repeated tells of them again."""
        self._calls = self._used = 0
        self._wasted = Tokens()
        self._nanos = 0

    def guess(self, request: EffectRequest, ask: Ask) -> None:
        """Make a call that may come, if it may be made early and none like it is under way."""
        digest = key_of(request.model, (request.args, request.kwargs))
        if digest is None or request.key in self._keys or request.key in self._over:
            return
        flight = self._flights.get(digest)
        if flight is None:
            if self._left <= 0 or not self._meter.may_guess(request):
                return
            self._left -= 1
            self._calls += 1
            self._meter.guess(request)
            flight = self._flights[digest] = _Flight(request, ask())
            flight.future.add_done_callback(partial(self._answered, flight))
        flight.keys.add(request.key)
        self._keys[request.key] = digest

    def claim(self, model: str, call: Call, ask: Ask) -> "asyncio.Future[Reply] | None":
        """The answer to a call that was made early; ``ask`` makes it again if that one failed. None if it was not."""
        digest = key_of(model, call) if self._flights else None
        flight = self._flights.pop(digest, None) if digest is not None else None
        if flight is None:
            return None
        for key in flight.keys:
            del self._keys[key]
        self._over |= flight.keys
        self._used += 1
        self._meter.take_guess(flight.request)
        self._note(flight, used=True)
        mine: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        mine.add_done_callback(lambda _: flight.future.cancel())
        flight.future.add_done_callback(partial(_follow, mine, ask))
        return mine

    def drop(self, keys: list[str]) -> None:
        """Of these guesses it is known that they are wrong: stop the calls that serve no other."""
        for key in keys:
            self._over.add(key)  # also of one that has not come to its turn
            digest = self._keys.pop(key, None)
            if digest is None:
                continue
            flight = self._flights[digest]
            flight.keys.discard(key)
            if not flight.keys:
                del self._flights[digest]
                self._waste(flight)

    def close(self) -> None:
        """The run is over: stop what nobody has asked for."""
        flights, self._flights = self._flights, {}
        self._keys.clear()
        self._left = 0
        for flight in flights.values():
            self._waste(flight)

    def usage(self) -> dict[str, Any]:
        """What was made early, for the run's usage: ``calls``, how many were ``used`` and how many ``wasted``, and what
        the wasted ones took, as far as they were answered."""
        if not self._calls:
            return {}
        told: dict[str, Any] = {
            "calls": self._calls,
            "used": self._used,
            "wasted": self._calls - self._used,
            "prompt_tokens": self._wasted.prompt,
            "completion_tokens": self._wasted.completion,
            "cost": self._nanos / NANOS,
        }
        return {"speculation": told}

    def _answered(self, flight: _Flight, future: "asyncio.Future[Reply]") -> None:
        if not future.cancelled() and future.exception() is None:
            self._meter.guessed(flight.request, Tokens(*future.result().tokens))

    def _waste(self, flight: _Flight) -> None:
        future = flight.future
        if future.done() and not future.cancelled() and future.exception() is None:
            tokens = Tokens(*future.result().tokens)
            self._wasted = Tokens(self._wasted.prompt + tokens.prompt, self._wasted.completion + tokens.completion)
            self._nanos += self._meter.nanos_of(flight.request, tokens)
        else:
            self._nanos += self._meter.nanos_of(flight.request, Tokens())
        future.cancel()
        self._note(flight, used=False)

    def _note(self, flight: _Flight, used: bool) -> None:
        if self._watcher is not None:
            self._watcher.on_speculation(flight.request.model, used)


def _follow(
    mine: "asyncio.Future[Reply]", ask: Callable[[], "asyncio.Future[Reply]"], early: "asyncio.Future[Reply]"
) -> None:
    """A call that failed early may not fail now: it is made as it would have been."""
    if mine.done():
        return
    if early.cancelled() or early.exception() is not None or not early.result().ok:
        own = ask()
        mine.add_done_callback(lambda _: own.cancel())
        own.add_done_callback(partial(pass_on, mine))
        return
    pass_on(mine, early)
