"""One run, from a source or a module's hash to an outcome.

A program whose source was seen before costs no hop to another process but the sandbox worker's: its module comes
from this process's cache. Model calls of all runs meet in one `EffectBatcher`.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple, NoReturn, Protocol

from noodle_ray.core.runs import continuation
from noodle_ray.core.runs.batcher import MODEL_BUSY, MODEL_FAILED, Batch, EffectBatcher, ModelHost, Reply
from noodle_ray.core.runs.continuation import Continuation, Journal
from noodle_ray.core.runs.modules import Compilation, Compiled, Compiler, Lru
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits

Outcome = dict[str, Any]
"""A run's outcome as plain data; see `noodle_ray.core.vm.execute.Outcome` for its fields."""

Effects = Callable[[list[EffectRequest]], AsyncIterator[list[EffectAnswer]]]
OnReadings = Callable[[dict[str, list[float]]], None]
TRANSIENT = frozenset({MODEL_FAILED, MODEL_BUSY})
"""Codes of failed model calls that may well succeed a moment later."""


class Pool(Protocol):
    """What an executor needs of a `noodle_ray.core.sandbox.pool.WorkerPool`."""

    async def run(self, request: RunRequest, effects: Effects, on_readings: OnReadings | None = None) -> Outcome:
        """Run in a sandbox worker. Raises RequestError E0707 if too many runs wait."""


class RunJournal(Protocol):
    """What an executor needs of a run's journal. What it raises ends the run."""

    def recall(self, request: EffectRequest) -> EffectAnswer | None:
        """The answer that is known for a request."""

    async def keep(self, answered: list[tuple[EffectRequest, EffectAnswer]]) -> None:
        """Remember answers; when this returns, the program gets them."""


class DurableJournal(RunJournal, Protocol):
    """A journal that outlives the process."""

    patience: tuple[float, ...]
    """Seconds to wait before each further try of a model call that failed for a transient reason."""

    def read(self, readings: dict[str, list[float]]) -> None:
        """Take what the run read off its clock; it is to be kept with the next answers."""


class Program(NamedTuple):
    """What to run: exactly one of source text, a known module's digest, or NBC bytes."""

    source: str | None = None
    digest: str | None = None
    nbc: bytes | None = None


class Executor:
    """Runs programs on a pool of sandbox workers. Belongs to one event loop.

    ``cache_bytes`` bounds the sources and modules kept in memory.
    """

    def __init__(
        self,
        pool: Pool,
        compiler: Compiler,
        models: ModelHost,
        *,
        cache_bytes: int = 64 << 20,
        on_batch: Callable[[str, int], None] | None = None,
    ) -> None:
        self._pool = pool
        self._compiler = compiler
        self._modules: Lru[str, Compiled] = Lru(cache_bytes)
        self._sources: Lru[bytes, Compiled] = Lru(cache_bytes)
        self._compiling: dict[bytes | str, asyncio.Task[Compilation]] = {}
        self.batcher = EffectBatcher(models, on_batch=on_batch)

    async def module(self, program: Program) -> Compiled:
        """Return the program's module. Raises CompileError, or ModuleError (E0309 if the digest is not known)."""
        if program.source is not None:
            key = hashlib.sha256(program.source.encode("utf-8", "surrogatepass")).digest()
            return self._sources.get(key) or await self._compile(key, program.source)
        if program.nbc is not None:
            return await self._admit(program.nbc)
        digest = program.digest or ""
        return self._modules.get(digest) or self._keep((await self._compiler.fetch(digest)).unwrap())

    async def run(
        self,
        program: Program,
        *,
        entry: str | None = None,
        args: list[object] | None = None,
        kwargs: dict[str, object] | None = None,
        limits: Limits | None = None,
        tier: str = "auto",
        seed: int | None = None,
    ) -> tuple[Compiled, Outcome]:
        """Run a program. Raises what `module` raises, and RequestError E0707 when the queue is full.

        What goes wrong inside the program is in the outcome's ``error``. If fuel ended the run, the outcome has a
        ``continuation`` for `resume`. Cancelling kills the run.
        """
        module = await self.module(program)
        request = RunRequest(
            module.nbc, module.digest, entry, args or [], kwargs or {}, limits or Limits(), tier, seed=seed
        ).seeded()
        return module, await self._execute(request, Journal())

    async def resume(self, stopped: Continuation) -> tuple[Compiled, Outcome]:
        """Go on with a run that fuel ended, as `run` does. Raises ModuleError if its module is not valid."""
        module = await self._admit(stopped.request.module)
        return module, await self._execute(stopped.request, Journal(stopped.answers))

    async def execute(self, request: RunRequest, journal: DurableJournal) -> Outcome:
        """Run with a journal: what it knows is not asked again, and each answer is kept before the program gets it.

        Raises what the journal raises; then the run was stopped where it was. Raises also what the pool raises.
        """
        effects = _RunEffects(self.batcher, journal, journal.patience)
        running = asyncio.ensure_future(self._pool.run(request, effects, journal.read))
        try:
            either: set[asyncio.Future[Any]] = {running, effects.failed}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if effects.failed.done():
                effects.failed.result()
            outcome = await running
        finally:
            effects.close()
            if not running.done():
                running.cancel()
                await asyncio.wait({running})
        effects.annotate(outcome)
        return outcome

    async def _execute(self, request: RunRequest, journal: Journal) -> Outcome:
        effects = _RunEffects(self.batcher, journal)
        try:
            outcome = await self._pool.run(request, effects)
        finally:
            effects.close()
        effects.annotate(outcome)
        text = continuation.of(request, outcome, journal)
        if text is not None:
            outcome["continuation"] = text
        return outcome

    async def _compile(self, key: bytes, source: str) -> Compiled:
        task = self._compiling.get(key)
        if task is None:  # equal sources that arrive together are compiled once
            task = asyncio.ensure_future(self._compiler.compile(source))
            self._compiling[key] = task
            task.add_done_callback(lambda _: self._compiling.pop(key, None))
        module = (await asyncio.shield(task)).unwrap(source)
        self._sources.put(key, module, len(module.nbc) + 200)
        return self._keep(module)

    async def _admit(self, nbc: bytes) -> Compiled:
        known = self._modules.get(hashlib.sha256(nbc).hexdigest())
        return known or self._keep((await self._compiler.admit(nbc)).unwrap())

    def _keep(self, module: Compiled) -> Compiled:
        self._modules.put(module.digest, module, len(module.nbc) + 200)
        return module


class _RunEffects:
    """One run's model calls: sends those that its journal cannot answer to the batcher, and remembers which batch
    each went in. ``failed`` gets the journal's exception, if it raises one; the program gets no answer then."""

    __slots__ = ("_batcher", "_batches", "_journal", "_open", "_patience", "failed")

    def __init__(self, batcher: EffectBatcher, journal: RunJournal, patience: tuple[float, ...] = ()) -> None:
        self._batcher = batcher
        self._journal = journal
        self._patience = patience
        self._open: set[asyncio.Future[Reply]] = set()
        self._batches: dict[str, Batch] = {}
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def __call__(self, requests: list[EffectRequest]) -> AsyncIterator[list[EffectAnswer]]:
        """Send the calls, and give their answers as the batches come back."""
        try:
            known = [self._journal.recall(request) for request in requests]
        except Exception as error:
            await self._stop(error)
        keys = {self._ask(asked): asked for asked, answer in zip(requests, known, strict=True) if answer is None}
        self._open.update(keys)
        recalled = [answer for answer in known if answer is not None]
        if recalled:
            yield recalled
        while keys:
            done, _ = await asyncio.wait(keys, return_when=asyncio.FIRST_COMPLETED)
            answered = []
            for future in [one for one in keys if one in done]:  # in the order they were asked
                reply, request = future.result(), keys.pop(future)
                self._open.discard(future)
                if reply.batch is not None:
                    self._batches[request.key] = reply.batch
                answered.append((request, EffectAnswer(request.key, reply.ok, reply.value)))
            try:
                await self._journal.keep(answered)
            except Exception as error:
                await self._stop(error)
            yield [answer for _, answer in answered]

    def _ask(self, request: EffectRequest) -> "asyncio.Future[Reply]":
        if not self._patience:
            return self._batcher.submit(request.model, (request.args, request.kwargs))
        return asyncio.ensure_future(self._ask_patiently(request))

    async def _ask_patiently(self, request: EffectRequest) -> Reply:
        for pause in (*self._patience, None):
            reply = await self._batcher.submit(request.model, (request.args, request.kwargs))
            if reply.ok or pause is None or not (isinstance(reply.value, tuple) and reply.value[0] in TRANSIENT):
                break
            await asyncio.sleep(pause)
        return reply

    async def _stop(self, error: Exception) -> NoReturn:
        """Tell the executor why the run must end, and give no answer until it has ended."""
        if not self.failed.done():
            self.failed.set_exception(error)
        await asyncio.get_running_loop().create_future()
        raise AssertionError("not reached")

    def close(self) -> None:
        """Drop calls that nobody waits for any more."""
        for future in self._open:
            future.cancel()
        if self.failed.done():
            self.failed.exception()  # it has been seen
        else:
            self.failed.cancel()

    def annotate(self, outcome: Outcome) -> None:
        """Say in the usage how many batches served the run, and in the timeline which call went in which."""
        if not self._batches:
            return
        outcome["usage"]["model_batches"] = len({batch.id for batch in self._batches.values()})
        for event in outcome["events"]:
            batch = self._batches.get(event["key"])
            if batch is not None:
                event["batch"], event["batch_size"] = batch
