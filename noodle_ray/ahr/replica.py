"""A model loaded in an actor. A plain class: the deployments turn it into a Serve deployment."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from noodle_ray.ahr import codes
from noodle_ray.ahr.batching import Batcher
from noodle_ray.ahr.engines.base import BATCH_TOKENS, Call, wrong
from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.latencies import Latencies
from noodle_ray.ahr.metering import metered, outcome_of
from noodle_ray.ahr.served import load_serving
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.batcher import DROPS
from noodle_ray.core.runs.terms import ORDINARY, Packed, unpacked
from noodle_ray.errors import ModelError

QUEUE = 1024
"""Calls that may wait for a replica, unless the model's option ``max_queue`` says otherwise."""
SHORT_QUEUE = 8192
"""The same of a model whose executors send hundreds of short texts at a time."""
STREAM_INTERVAL = 0.025
"""Seconds for which tokens gather after some were told, unless ``stream_interval`` says otherwise. Each telling wakes
five processes that take the engine's cores; forty a second are more than anybody reads."""
TIME_LIMIT = 300.0
"""Seconds without a sign of life after which an engine counts as hung, unless ``time_limit`` says otherwise."""


class ModelReplica:
    """One loaded copy of a model. ``spec`` is ``ModelSpec.to_dict()``, or a list of them: the version meant, then those
    that serve if it cannot be loaded. Loading happens here, so that a replica that cannot load never takes traffic;
    raises ModelError.
    """

    def __init__(self, spec: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        specs = [spec] if isinstance(spec, Mapping) else spec
        self.spec, engine = load_serving([ModelSpec.from_dict(dict(one)) for one in specs])
        self._kept_as = self.spec.kept_as
        options = self.spec.options
        self._latencies = Latencies()
        # Executors send whole batches already; while the model is busy, those of several executors join.
        self._batcher = Batcher(
            engine,
            max_wait=options.get("max_wait", 0.0),
            max_queue=options.get("max_queue", SHORT_QUEUE if getattr(engine, "max_short", 0) else QUEUE),
            max_of_tenant=options.get("max_tenant_queue"),
            max_tokens=options.get("max_batch_tokens", BATCH_TOKENS),
            time_limit=options.get("time_limit", TIME_LIMIT),
        )

    async def infer(self, calls: Sequence[Call]) -> list[tuple[bool, Any]]:
        """Per call ``(True, answer)`` or ``(False, (code, message))``. Calls of all callers share batches."""
        return [(ok, value) for ok, value, _ in await self.ask(calls)]

    async def ask(
        self, calls: Sequence[Call], terms: Sequence[Packed] = (), version: str = ""
    ) -> list[tuple[bool, Any, dict[str, Any]]]:
        """`infer` on terms, and with what is told besides the answer (`Ticket`). Cancelling it drops calls that wait,
        and stops generations at the next token. A reference that names a version is answered by no other.
        """
        if error := self.refusal(version):
            return [(False, (error.code, error.message), {})] * len(calls)
        engine = self._batcher.engine
        each_on = [unpacked(each) for each in terms]
        began = time.monotonic()
        tickets = self._batcher.submit(metered(engine, calls), each_on or None)
        futures = [asyncio.wrap_future(ticket) for ticket in tickets]
        waited = [began - on.since if on.since else 0.0 for on in each_on or [ORDINARY] * len(tickets)]
        try:
            answers = await asyncio.gather(*futures, return_exceptions=True)
        except asyncio.CancelledError:  # perhaps because it took too long
            for before in waited:
                self._latencies.note(before + time.monotonic() - began)
            raise
        finally:
            for ticket in tickets:
                ticket.cancel()
        outcomes = []
        for call, answer, ticket in zip(calls, answers, tickets, strict=True):
            ok, value, *tokens = outcome_of(engine, call, answer)
            if self._kept_as:
                ticket.told["version"] = self._kept_as
            if tokens:
                names = ("prompt_tokens", "completion_tokens")
                ticket.told.setdefault("usage", dict(zip(names, tokens[0], strict=True)))
            outcomes.append((ok, value, ticket.told))
        generates, took = hasattr(engine, "generate"), time.monotonic() - began
        for before, ticket, (ok, value, _) in zip(waited, tickets, outcomes, strict=True):
            if ok or value[0] not in DROPS:  # what is refused at once was not fast
                self._latencies.note(before + (ticket.told.get("queued", took) if generates else took))
        return outcomes

    def latency(self) -> float:
        """How many seconds calls lately took, waiting included, or, if this generates, until they began: nine of ten at
        most so many."""
        return self._latencies.high()

    def refusal(self, version: str) -> ModelError | None:
        """Why a reference that names this version cannot be answered; None if it can, or names none."""
        if not version or self.spec.label == version:
            return None
        why = f"the version {version!r} of {self.spec.name!r} could not be loaded, and {self.spec.label!r} serves"
        return ModelError(why, code=codes.LOAD_FAILED)

    async def generate(
        self,
        order: Mapping[str, Any],
        patience: float = float("inf"),
        version: str = "",
        terms: Packed | None = None,
    ) -> AsyncIterator[list[Chunk]]:
        """Generate one text, told in lists of chunks as they come; the first has ``queued``: the seconds it waited.

        ``order`` is what `Generative.generate` takes. A generation that waits ``patience`` seconds for a slot is
        dropped (E0609). Who stops listening ends it within one token. Raises ModelError.
        """
        if error := self.refusal(version):
            raise error
        if not hasattr(self._batcher.engine, "generate"):
            raise wrong(f"the model {self.spec.name!r} does not generate texts")
        telling = _Telling(self.spec.options.get("stream_interval", STREAM_INTERVAL))
        on = ORDINARY if terms is None else unpacked(terms)
        since = on.since or time.monotonic()
        done = self._batcher.stream(order, telling.tell, patience, on)
        done.add_done_callback(lambda _: telling.wake())
        try:
            began = False
            while chunks := await telling.listen(done):
                if not began and any("queued" in chunk for chunk in chunks):
                    began = True
                    self._latencies.note(time.monotonic() - since)
                yield chunks
            done.result()
        finally:
            telling.stopped = True
            done.cancel()

    async def stats(self) -> dict[str, Any]:
        """``Batcher.stats`` and ``Engine.info`` of this replica."""
        return (
            {"model": self.spec.name, "version": self.spec.label}
            | self._batcher.stats()
            | {"latency": self.latency()}
            | {"engine": self._batcher.engine.info()}
        )

    def on_hang(self, call: Callable[[], None]) -> None:
        """Call this, from any thread, when the engine hangs."""
        self._batcher.on_hang = call

    def check_health(self) -> None:
        """Raise when the batcher's threads are gone, or the engine hangs or died; Serve then replaces the replica."""
        if not self._batcher.alive() or getattr(self._batcher.engine, "dead", False):
            raise ModelError(f"the model {self.spec.name!r} stopped working", code=codes.ENGINE_FAILED)

    def close(self) -> None:
        """Finish what is in flight and free the model."""
        self._batcher.close()
        self._batcher.engine.close()


class _Telling:
    """Chunks on their way from an engine's thread to an event loop, told at most once in ``interval`` seconds; the
    first text and the end at once.
    """

    def __init__(self, interval: float) -> None:
        self.stopped = False
        self._interval = interval
        self._chunks: list[Chunk] = []
        self._lock = threading.Lock()
        self._loop = asyncio.get_running_loop()
        self._more = asyncio.Event()
        self._gathering = False

    def tell(self, chunk: Chunk) -> bool:
        """Pass a chunk on, from the engine's thread; true when nobody listens any more."""
        if chunk and not self.stopped:
            with self._lock:
                self._chunks.append(chunk)
            if not self._gathering:
                self.wake()
        return self.stopped

    def wake(self) -> None:
        """Look at what is new; may be called from any thread, also when the loop is gone."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._more.set)

    async def listen(self, done: "Future[None]") -> list[Chunk]:
        """All chunks that are there, once there are some; none at the end."""
        if self._gathering:
            self._more.clear()
            if not done.done():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._interval):
                        await self._more.wait()  # only the end wakes it
            self._gathering = False
        while True:
            self._more.clear()
            ended = done.done()
            with self._lock:
                chunks, self._chunks = self._chunks, []
            if chunks or ended:
                self._gathering = self._interval > 0 and any("queued" not in chunk for chunk in chunks)
                return chunks
            await self._more.wait()


def gpu_share(spec: ModelSpec, cluster_gpus: float) -> float:
    """``num_gpus`` for a model's replicas: what its option ``gpus`` asks for, or 0 on a cluster that has less."""
    wanted = float(spec.options.get("gpus", 0))
    return wanted if wanted <= cluster_gpus else 0.0
