"""The executor as a deployment: it is the HTTP ingress and runs programs itself, so that a cached one costs no hop."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.serve import Application
from ray.serve.handle import DeploymentHandle

from deployments.config import Scale
from deployments.counters import leave_counters  # before anything that loads prometheus_client
from noodle_ray.ahr import codes
from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.served import Route, route
from noodle_ray.api.app import create_app
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.api.settings import Settings
from noodle_ray.core.runs import executor as runs
from noodle_ray.core.runs.batcher import Call, model_failure
from noodle_ray.core.runs.modules import Compilation
from noodle_ray.core.runs.node import RunsNode
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.location import Location
from noodle_ray.errors import ModelError, PlatformError
from noodle_ray.observability.metrics import Metrics

READY_SECONDS = 5.0
"""How long an answer about readiness is good: asking must stay cheap, because anyone may."""
PROBE_SECONDS = 10.0


class Executor:
    """A replica: the API, a pool of sandbox workers, and handles to the compiler and the models."""

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self,
        compiler: DeploymentHandle,
        models: dict[str, DeploymentHandle],
        routes: dict[str, Route],
        specs: list[dict[str, Any]],
        settings: dict[str, Any],
        token: str,
        created: int,
        store: Location,
    ) -> None:
        self._token = token
        self._models = models
        self._infos = [ModelInfo(**{name: spec[name] for name in ModelInfo.model_fields}) for spec in specs]
        self._probed = (0.0, "it is starting")
        self._probing: asyncio.Task[str] | None = None
        values = Settings(**settings)
        metrics = Metrics()
        self._pool = WorkerPool(
            min_size=values.worker_count(), max_size=values.max_worker_count(), queue_limit=values.max_waiting_runs
        )
        await self._pool.start()
        remote = _RemoteModels(models, routes, values.max_generation_wait)
        executor = runs.Executor(self._pool, _RemoteCompiler(compiler), remote, on_batch=metrics.on_batch)
        self._node = RunsNode(
            store, _Counted(executor, metrics), slots=values.slots(), lease_seconds=values.durable_lease
        )
        self._services = Services(
            executor,
            values,
            metrics,
            lambda: self._infos,
            self.ready,
            self._note_pool,
            remote.generate,
            created,
            remote.stats,
            self._node.runs,
        )
        self._node.start()

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Build the API once the replica is initialized; Serve calls this."""
        return create_app(self._services, self._token)

    async def ready(self) -> str:
        """Return '' when workers and all models answer, else a sentence. All askers share one probe."""
        at, answer = self._probed
        if time.monotonic() - at < READY_SECONDS and not answer:
            return answer
        if self._probing is None:
            self._probing = asyncio.ensure_future(self._probe())
            self._probing.add_done_callback(lambda _: setattr(self, "_probing", None))
        return await asyncio.shield(self._probing)

    async def _probe(self) -> str:
        answer = "" if self._pool.stats().size else "no sandbox worker is alive"
        names = list(self._models)
        probes = [asyncio.wait_for(_answer(self._models[name].stats.remote()), PROBE_SECONDS) for name in names]
        results = await asyncio.gather(*probes, return_exceptions=True)
        missing = [name for name, result in zip(names, results, strict=True) if isinstance(result, BaseException)]
        if missing:
            answer = f"these models do not answer: {', '.join(missing)}"
        self._probed = (time.monotonic(), answer)
        return answer

    def check_health(self) -> None:
        """Raise when the pool has no worker; Serve then replaces the replica."""
        self._note_pool()
        if not self._pool.stats().size:
            raise PlatformError("no sandbox worker is alive", code="NOODLE-E0803")

    def _note_pool(self) -> None:
        stats = self._pool.stats()
        self._services.metrics.on_pool(stats.size, stats.busy, stats.queued)

    async def __del__(self) -> None:
        """Serve awaits this when it stops the replica."""
        leave_counters()
        if hasattr(self, "_node"):
            await self._node.close()
        if hasattr(self, "_pool"):
            await self._pool.close()


class _Counted:
    """An executor whose durable runs the metrics see, each attempt that ended as one."""

    def __init__(self, executor: runs.Executor, metrics: Metrics) -> None:
        self._executor = executor
        self._metrics = metrics

    async def execute(self, request: RunRequest, journal: runs.DurableJournal) -> runs.Outcome:
        outcome = await self._executor.execute(request, journal)
        self._metrics.on_run(outcome["error"]["code"] if outcome["error"] else "", outcome["usage"])
        return outcome


class _RemoteCompiler:
    """The compiler behind a handle."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle

    async def compile(self, source: str) -> Compilation:
        return await self._ask(self._handle.compile.remote(source))

    async def admit(self, nbc: bytes) -> Compilation:
        return await self._ask(self._handle.admit.remote(nbc))

    async def fetch(self, digest: str) -> Compilation:
        return await self._ask(self._handle.fetch.remote(digest))

    async def _ask(self, response: Any) -> Compilation:
        result: Compilation = await response
        return result


class _RemoteModels:
    """The models behind handles."""

    def __init__(self, handles: dict[str, DeploymentHandle], routes: dict[str, Route], patience: float) -> None:
        self._handles = handles
        self._routes = routes
        self._patience = patience
        self._streaming: dict[str, DeploymentHandle] = {}

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        name, version = route(self._routes, model)
        handle = self._handles[name]
        asked = handle.infer_pinned.remote(version, calls) if version else handle.infer.remote(calls)
        answers: list[tuple[bool, object]] = await asked
        return answers

    async def stats(self, model: str) -> dict[str, Any]:
        name, version = route(self._routes, model)
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                found: dict[str, Any] = await self._handles[name].stats.remote()
        except Exception as error:
            code, message = model_failure(model, error)
            raise ModelError(message, code=code) from error
        if version and found["version"] != version:
            raise ModelError(
                f"the version {version!r} of {model!r} is not what serves: {found['version']!r} does",
                code=codes.LOAD_FAILED,
            )
        return found

    async def generate(self, model: str, order: dict[str, Any]) -> AsyncGenerator[list[Chunk]]:
        name, version = route(self._routes, model)
        handle = self._streaming.get(name)
        if handle is None:
            handle = self._streaming[name] = self._handles[name].options(stream=True)
        response = handle.generate.remote(order, self._patience, version)
        ended = False
        try:
            async for chunks in response:
                yield chunks
            ended = True
        except Exception as error:
            ended = True
            code, message = model_failure(model, error)
            raise ModelError(message, code=code) from error
        finally:
            if not ended:
                response.cancel()


async def _answer(response: Any) -> Any:
    return await response


def executor_deployment(
    *,
    compiler: Application,
    models: dict[str, Any],
    routes: dict[str, Route],
    specs: list[dict[str, Any]],
    settings: dict[str, Any],
    token: str,
    created: int,
    store: Location,
    scale: Scale,
) -> Application:
    """Bind the deployment."""
    deployment = serve.deployment(
        serve.ingress()(Executor),
        name="Executor",
        ray_actor_options={"num_cpus": 0},
        health_check_period_s=5,
        health_check_timeout_s=30,
        graceful_shutdown_wait_loop_s=0.2,
        graceful_shutdown_timeout_s=10,
        **scale.options(),
    )
    return deployment.bind(
        compiler=compiler,
        models=models,
        routes=routes,
        specs=specs,
        settings=settings,
        token=token,
        created=created,
        store=store,
    )
