"""Answers of models that are kept across runs, of models that are registered so.

An answer lies under the SHA-256 of who asked, which version is to answer, and what was asked; each in a form that says
where it ends and of what type it is, so that no two calls have one. A tenant finds its own answers only: else the time
that a call takes would tell what others asked.
"""

import asyncio
import hashlib
import pickle
from collections.abc import Callable, Mapping
from functools import partial
from math import inf
from typing import Final, NamedTuple, Protocol

from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.core.runs.modules import Lru
from noodle_ray.core.runs.terms import Terms
from noodle_ray.core.sandbox.wire import Codec, WireError

OVERHEAD: Final = 200
"""Bytes that an answer takes besides its own, about."""
_SHARE: Final = 8
"""One answer may take this part of the cache, so that none drives all others out."""

Ask = Callable[[], "asyncio.Future[Reply]"]
"""Asks the model."""


class Kept(NamedTuple):
    """A model whose answers are kept: what metrics call it, and the fingerprint of the version that is to answer."""

    name: str
    version: str


class ResultWatcher(Protocol):
    """Who counts; see `noodle_ray.observability.metrics`."""

    def on_result(self, model: str, hit: bool) -> None:
        """An answer was found, or the model was asked."""

    def on_results(self, size: int, evicted: int) -> None:
        """An answer was kept: bytes of all that are there now, and how many went for it."""


class _Flight(NamedTuple):
    future: "asyncio.Future[Reply]"
    priority: int


class ResultCache:
    """Keeps answers in ``capacity`` bytes; those that were used longest ago go first. Belongs to one event loop.

    ``kept`` says of a reference to a model whether its answers are kept. Never kept are failures, answers of a version
    that is not the one meant, and those of calls that draw at random. Equal calls of a tenant that are under way at
    once become one, unless the later one is more urgent or has a deadline.
    """

    def __init__(self, capacity: int, kept: Callable[[str], Kept | None], watcher: ResultWatcher | None = None) -> None:
        self._largest = capacity // _SHARE
        self._kept = kept
        self._watcher = watcher
        self._codec = Codec()
        self._entries: Lru[bytes, bytes] = Lru(capacity)
        self._flights: dict[bytes, _Flight] = {}

    def submit(self, model: str, call: Call, terms: Terms, ask: Ask) -> "asyncio.Future[Reply]":
        """The answer that is known to a call, which then took no tokens; else that of the model."""
        kept = self._kept(model)
        key = None if kept is None else self._key(kept, call, terms)
        if kept is None or key is None:
            return ask()
        return self._join(kept, key, terms, ask)

    def _join(self, kept: Kept, key: bytes, terms: Terms, ask: Ask) -> "asyncio.Future[Reply]":
        flight = self._flights.get(key)
        if flight is None or terms.until != inf or flight.priority > terms.priority:
            return self._find(kept, key) or self._lead(kept, key, terms, ask)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        flight.future.add_done_callback(partial(self._follow, future, kept, key, terms, ask))
        return future

    def _key(self, kept: Kept, call: Call, terms: Terms) -> bytes | None:
        args, options = call
        if draws(options):
            return None
        try:
            # the order of options says nothing, that in a value may: properties come in the order of a schema
            ordered = sorted(options.items(), key=_name)
            asked = self._codec.pack([terms.whose, terms.tenant, kept.version, list(args), ordered])
        except WireError:
            return None
        return hashlib.sha256(asked).digest()

    def _find(self, kept: Kept, key: bytes) -> "asyncio.Future[Reply] | None":
        packed = self._entries.get(key)
        if self._watcher is not None:
            self._watcher.on_result(kept.name, packed is not None)
        if packed is None:
            return None
        found: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        found.set_result(Reply(True, pickle.loads(packed), None))
        return found

    def _lead(self, kept: Kept, key: bytes, terms: Terms, ask: Ask) -> "asyncio.Future[Reply]":
        future = ask()
        self._flights[key] = flight = _Flight(future, terms.priority)
        future.add_done_callback(partial(self._land, kept, key, flight))
        return future

    def _land(self, kept: Kept, key: bytes, flight: _Flight, future: "asyncio.Future[Reply]") -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if future.cancelled():
            return
        reply = future.result()
        if not reply.ok or reply.version != kept.version:
            return
        packed = pickle.dumps(reply.value, pickle.HIGHEST_PROTOCOL)
        if len(packed) + OVERHEAD <= self._largest:
            evicted = self._entries.put(key, packed, len(packed) + OVERHEAD)
            if self._watcher is not None:
                self._watcher.on_results(self._entries.size, evicted)

    def _follow(
        self,
        future: "asyncio.Future[Reply]",
        kept: Kept,
        key: bytes,
        terms: Terms,
        ask: Ask,
        before: "asyncio.Future[Reply]",
    ) -> None:
        """The call before is over. What it brought was kept by now, if it could be; else this one asks itself."""
        if future.done():
            return
        if before.cancelled():  # of those that waited for it one asks
            own = self._join(kept, key, terms, ask)
        else:
            own = self._find(kept, key) or self._lead(kept, key, terms, ask)
        future.add_done_callback(lambda _: own.cancel())
        own.add_done_callback(partial(pass_on, future))


def pass_on(future: "asyncio.Future[Reply]", own: "asyncio.Future[Reply]", *, free: bool = False) -> None:
    """Let a call end as another one has; ``free``: the tokens are that one's, and so is the batch."""
    if future.done():
        return
    if own.cancelled():
        future.cancel()
    elif (error := own.exception()) is not None:
        future.set_exception(error)
    else:
        future.set_result(own.result()._replace(tokens=(0, 0), batch=None) if free else own.result())


def draws(options: Mapping[str, object]) -> bool:
    """Whether a call chooses at random: above temperature 0 without a seed."""
    temperature = options.get("temperature")
    certain = temperature is None or (type(temperature) in (int, float) and temperature == 0)
    return not certain and options.get("seed") is None


def _name(option: tuple[str, object]) -> str:
    return option[0]
