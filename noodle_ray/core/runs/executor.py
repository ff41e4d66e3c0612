"""One run, from a source or a module's hash to an outcome.

A program whose source was seen before costs no hop to another process but the sandbox worker's: its module comes
from this process's cache. Model calls of all runs meet in one `EffectBatcher`.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, NamedTuple, Protocol

from noodle_ray.core.runs import continuation
from noodle_ray.core.runs.batcher import EffectBatcher, ModelHost, Reply
from noodle_ray.core.runs.budgets import NO_ALLOWANCES, Budget, Prices, Spending
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.continuation import Continuation, Journal
from noodle_ray.core.runs.effects import Asked, OnTold, RunEffects, RunJournal
from noodle_ray.core.runs.fuel import Execute, within_allowance
from noodle_ray.core.runs.modules import Compilation, Compiled, Compiler, Lru
from noodle_ray.core.runs.plain_waits import PlainWaits
from noodle_ray.core.runs.quotas import Quotas
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.sandbox.outcome import died
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.records import Burnt
from noodle_ray.core.vm.host import TOLD, EffectAnswer, EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import PlatformError

Outcome = dict[str, Any]
"""A run's outcome as plain data; see `noodle_ray.core.vm.execute.Outcome` for its fields."""

Effects = Callable[[list[EffectRequest]], AsyncIterator[list[EffectAnswer]]]
OnReadings = Callable[[dict[str, list[float]]], None]
OnParked = Callable[[bool], None]
_PLAIN = PlainWaits()


class Pool(Protocol):
    """What an executor needs of a `noodle_ray.core.sandbox.pool.WorkerPool`."""

    crowded: Callable[[], bool]

    async def run(
        self,
        request: RunRequest,
        effects: Effects,
        on_readings: OnReadings | None = None,
        on_parked: OnParked | None = None,
        background: bool = False,
    ) -> Outcome:
        """Run in a sandbox worker. Raises RequestError E0707 if too many runs wait."""


class DurableJournal(RunJournal, Protocol):
    """A journal that outlives the process."""

    caller: Caller
    burnt: Burnt | None
    """What the run has used of a loan; None without one."""
    patience: tuple[float, ...]
    """Seconds to wait before each further try of a model call that failed for a transient reason."""

    def read(self, readings: dict[str, list[float]]) -> None:
        """Take what the run read off its clock; it is to be kept with the next answers."""

    def parked(self, waits: bool, only_waits: Callable[[], bool]) -> None:
        """Hear that the run waits for answers without a worker, or that it wants one again. ``only_waits`` says whether
        it waits for no model, and for nothing that has come."""

    async def wait(self, request: EffectRequest) -> Reply:
        """Wait for what is asked of no model: a time, a signal, another run."""


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
        tools: ToolHost | None = None,
        prices: Prices | None = None,
        spending: Spending | None = None,
        most: Budget = Budget(),  # noqa: B008 (immutable)
        quotas: Quotas | None = None,
    ) -> None:
        self.most = most
        self.tools = tools or ToolHost()
        self.prices = prices or {}
        self.spending = spending or NO_ALLOWANCES
        self.quotas = quotas or Quotas()
        self._pool = pool
        self._compiler = compiler
        self._modules: Lru[str, Compiled] = Lru(cache_bytes)
        self._sources: Lru[bytes, Compiled] = Lru(cache_bytes)
        self._compiling: dict[bytes | str, asyncio.Task[Compilation]] = {}
        self.batcher = EffectBatcher(models, on_batch=on_batch)
        pool.crowded = self.batcher.crowded

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
        on_told: OnTold | None = None,
        tenant: str = "",
        budget: Budget = Budget(),  # noqa: B008 (immutable)
    ) -> tuple[Compiled, Outcome]:
        """Run a program. Raises what `module` and `ToolHost.check` raise, and RequestError E0707 when too many wait.

        What goes wrong inside the program is in the outcome's ``error``. If fuel ended the run, the outcome has a
        ``continuation`` for `resume`. Cancelling kills the run. With ``on_told`` the result is not returned but told: a
        text, or the texts of an iterator as they come, from the main function or ``entry``.
        """
        module = await self.module(program)
        self.tools.check(module.models, tenant)
        if on_told is not None:
            entry = TOLD + (entry or "main")
        request = RunRequest(
            module.nbc, module.digest, entry, args or [], kwargs or {}, limits or Limits(), tier, seed=seed
        ).seeded()
        outcome = await self._execute(request, Journal(), Caller(tenant, budget=budget), on_told)
        if on_told is not None and type(outcome["result"]) is str:
            on_told(outcome["result"])
        return module, outcome

    async def resume(self, stopped: Continuation, *, tenant: str = "") -> tuple[Compiled, Outcome]:
        """Go on with a run that fuel ended, as `run` does, within the budget that it had and that of the platform, but
        without early calls.

        Raises ModuleError if its module is not valid.
        """
        module = await self._admit(stopped.request.module)
        self.tools.check(module.models, tenant)
        budget = stopped.budget.bounded_by(self.most)._replace(speculate=None)
        caller = Caller(tenant, budget=budget)
        return module, await self._execute(stopped.request, Journal(stopped.answers), caller)

    async def execute(self, request: RunRequest, journal: DurableJournal) -> Outcome:
        """Run with a journal: what it knows is not asked again, and each answer is kept before the program gets it.

        Raises what the journal raises; then the run was stopped where it was. Raises also what the pool raises.
        """
        caller = journal.caller._replace(budget=journal.caller.budget.within(self.most))
        if caller.family is not None:
            caller.family.budget = caller.family.budget.within(self.most)
            caller = caller._replace(budget=caller.budget.bounded_by(caller.family.budget))
        effects = RunEffects(self._asked(), journal, caller, journal.wait, journal.patience)
        on_parked = partial(_parked, journal, effects)
        request = request._replace(speculate=effects.may_speculate)
        run = partial(self._pool.run, effects=effects, on_readings=journal.read, on_parked=on_parked, background=True)
        keep = partial(setattr, journal, "burnt") if caller.run else None
        running = asyncio.ensure_future(self._fueled(request, effects, run, keep, replayed=keep is None))
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

    async def _execute(
        self, request: RunRequest, journal: Journal, caller: Caller, on_told: OnTold | None = None
    ) -> Outcome:
        effects = RunEffects(self._asked(), journal, caller, _PLAIN.answer, on_told=on_told)
        try:
            run = partial(self._pool.run, effects=effects)
            outcome = await self._fueled(request._replace(speculate=effects.may_speculate), effects, run)
        except PlatformError as error:
            if not effects.acted:
                raise
            outcome = died(error.message, request.tier)  # an error of the platform has clients ask again
            outcome["usage"] = {**outcome["usage"], "seed": request.seed}  # type: ignore[dict-item]
        finally:
            effects.close()
        effects.annotate(outcome)
        text = continuation.of(request, outcome, journal, caller.budget)
        if text is not None:
            outcome["continuation"] = text
        return outcome

    async def _fueled(
        self,
        request: RunRequest,
        effects: RunEffects,
        run: Execute,
        keep: Callable[[Burnt], None] | None = None,
        *,
        replayed: bool = False,
    ) -> Outcome:
        """Run within the limits of the tenant's runs, and with no more fuel than it has left."""
        caller = effects.caller
        request = request._replace(limits=self.quotas.of(caller.tenant).within(request.limits))
        told = partial(getattr, effects, "fuel")
        return await within_allowance(self.spending, caller, request, run, told, keep, replayed=replayed)

    def _asked(self) -> Asked:
        return Asked(self.batcher, self.tools, self.spending, self.prices)

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


def _parked(journal: DurableJournal, effects: RunEffects, waits: bool) -> None:
    journal.parked(waits, effects.only_waits)
