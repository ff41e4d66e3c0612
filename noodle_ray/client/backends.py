"""Where a driver's programs run: on a platform over HTTP, or in sandbox workers of this machine without one."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from noodle_ray.client.http import AsyncClient, run_module
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import ModelError, NoodleError

if TYPE_CHECKING:
    from noodle_ray.core.runs.batcher import Answered, Shape
    from noodle_ray.core.runs.batcher import Call as ModelCall
    from noodle_ray.core.runs.terms import Terms

QUEUE = 10_000
"""Runs that may wait for a local worker: enough for any ``concurrency`` of a map."""


class Call(NamedTuple):
    """One run of a compiled program. Arguments are plain data; tuples and sets in them arrive as lists."""

    digest: str
    nbc: bytes
    entry: str | None
    args: list[Any]
    kwargs: dict[str, Any]
    limits: Limits
    tier: str


class Backend(Protocol):
    """Runs programs and asks models, on the driver's background loop."""

    async def run(self, call: Call) -> dict[str, Any]:
        """Run a program and return its outcome, whose result is JSON data."""

    async def resume(self, continuation: str, fuel: int | None) -> dict[str, Any]:
        """Go on with a run that fuel ended and return its outcome."""

    async def infer(self, model: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Ask a model once."""

    async def aclose(self) -> None:
        """Give back what this holds."""


class RemoteBackend:
    """A platform."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client

    async def run(self, call: Call) -> dict[str, Any]:
        """Run a program on the platform."""
        return await run_module(
            self.client,
            call.digest,
            call.nbc,
            entry=call.entry,
            args=call.args,
            kwargs=call.kwargs,
            limits=call.limits,
            tier=call.tier,
        )

    async def resume(self, continuation: str, fuel: int | None) -> dict[str, Any]:
        """Go on with a run on the platform."""
        return await self.client.resume(continuation, fuel=fuel)

    async def infer(self, model: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Ask one of the platform's models."""
        if len(args) == 2 and isinstance(args[0], str) and not kwargs:
            return await self.client.rerank(model, args[0], args[1])
        if len(args) != 1:
            message = f"a model takes one positional argument, or a query and documents, but not {len(args)}"
            raise ModelError(message, code="NOODLE-E0603")
        return await self.client.ask(model, args[0], kwargs)

    async def aclose(self) -> None:
        """Close the connections."""
        await self.client.aclose()


class LocalModelHost:
    """The models of this process, as `noodle_ray.core.runs.batcher.ServingHost`."""

    def shape(self, model: str) -> "Shape":
        """Generations go out one by one, all else in batches."""
        from noodle_ray.client.models import local_models
        from noodle_ray.core.runs.batcher import Shape

        with contextlib.suppress(ModelError):  # its calls will say that nobody knows it
            if slots := local_models().slots(model):
                return Shape(1, 2 * slots)
        return Shape()

    async def infer(self, model: str, calls: "list[ModelCall]") -> list[tuple[bool, object]]:
        """Return (True, answer) or (False, (code, message)) per call."""
        return [(found.ok, found.value) for found in await self.ask(model, calls, None)]

    async def ask(self, model: str, calls: "list[ModelCall]", terms: "list[Terms] | None") -> "list[Answered]":
        """Answer the calls. Cancelling it drops those that wait, and stops generations at the next token."""
        from noodle_ray.client.models import local_models
        from noodle_ray.core.runs.batcher import Answered

        tickets = await asyncio.to_thread(local_models().submit, model, calls, terms)
        try:
            answers = await asyncio.gather(*map(asyncio.wrap_future, tickets), return_exceptions=True)
        finally:
            for ticket in tickets:
                ticket.cancel()
        return [
            Answered(False, (answer.code, answer.message), ticket.told)
            if isinstance(answer, NoodleError)
            else Answered(True, answer, ticket.told)
            for answer, ticket in zip(answers, tickets, strict=True)
        ]


class LocalBackend:
    """A pool of sandbox workers on this machine, started with the first run; models load into this process."""

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers
        self._starting = asyncio.Lock()
        self._warmed: set[str] = set()
        self._pool: Any = None
        self._executor: Any = None

    async def run(self, call: Call) -> dict[str, Any]:
        """Run a program in a sandbox worker."""
        from noodle_ray.core.runs.executor import Program
        from noodle_ray.core.vm.values import from_json, to_json

        executor = await self._started()
        program = Program(nbc=call.nbc)
        await self._warm((await executor.module(program)).models)
        _, outcome = await executor.run(
            program,
            entry=call.entry,
            args=[from_json(to_json(value)) for value in call.args],
            kwargs={name: from_json(to_json(value)) for name, value in call.kwargs.items()},
            limits=call.limits,
            tier=call.tier,
        )
        return {**outcome, "result": from_json(to_json(outcome["result"]))}

    async def resume(self, continuation: str, fuel: int | None) -> dict[str, Any]:
        """Go on with a run in a sandbox worker."""
        from noodle_ray.core.runs.continuation import read
        from noodle_ray.core.vm.values import from_json, to_json

        executor = await self._started()
        _, outcome = await executor.resume(read(continuation).with_fuel(fuel))
        return {**outcome, "result": from_json(to_json(outcome["result"]))}

    async def infer(self, model: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Ask a model of this process."""
        from noodle_ray.client.models import local_models

        return await asyncio.to_thread(local_models().call, model, *args, **kwargs)

    async def aclose(self) -> None:
        """Stop the workers."""
        pool, self._pool, self._executor = self._pool, None, None
        if pool is not None:
            await pool.close()

    async def _warm(self, models: tuple[str, ...]) -> None:
        """Load models that no program called before; the program's deadline is for the program."""
        cold = [name for name in models if name not in self._warmed]
        if cold:
            from noodle_ray.client.models import local_models

            await asyncio.to_thread(local_models().warm, cold)
            self._warmed.update(cold)

    async def _started(self) -> Any:
        async with self._starting:
            if self._executor is None:
                from noodle_ray import paths
                from noodle_ray.core.runs.compiler import CompilerService
                from noodle_ray.core.runs.executor import Executor
                from noodle_ray.core.runs.modules import ModuleStore
                from noodle_ray.core.sandbox.pool import WorkerPool

                pool = WorkerPool(min_size=1, max_size=self._workers, queue_limit=QUEUE)
                await pool.start()
                self._pool = pool
                compiler = CompilerService(ModuleStore(paths.cache_dir() / "modules"))
                self._executor = Executor(self._pool, compiler, LocalModelHost())
            return self._executor
