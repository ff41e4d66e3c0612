"""The executor as a deployment: it is the HTTP ingress and runs programs itself, so that a cached one costs no hop."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from ray import serve
from ray.serve import Application
from ray.serve.handle import DeploymentHandle

from deployments.catalog import Follower, View
from deployments.config import GRACE, Scale
from deployments.counters import leave_counters  # before anything that loads prometheus_client
from deployments.remote import Plan, RemoteModels
from deployments.versions import pin
from noodle_ray.api.app import create_app, platform_version
from noodle_ray.api.oip.serving import Serving
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.api.settings import Settings
from noodle_ray.core.runs import executor as runs
from noodle_ray.core.runs.budget_file import Budgets
from noodle_ray.core.runs.budgets import Spending
from noodle_ray.core.runs.modules import Compilation
from noodle_ray.core.runs.node import RunsNode
from noodle_ray.core.runs.quotas import Quotas
from noodle_ray.core.runs.results import ResultCache
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.runs.tools.spec import ToolSpec
from noodle_ray.core.sandbox import kernel
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.sandbox.request import RunRequest
from noodle_ray.core.store.location import Location
from noodle_ray.errors import PlatformError
from noodle_ray.observability.metrics import Metrics
from noodle_ray.security.tenants import Tokens

if TYPE_CHECKING:
    from noodle_ray.api.grpc.server import GrpcServer

if TYPE_CHECKING:
    from noodle_ray.core.store.store import Store

READY_SECONDS = 5.0
"""How long an answer about readiness is good: asking must stay cheap, because anyone may."""
PROBE_SECONDS = 10.0


class Executor:
    """A replica: the API, a pool of sandbox workers, and handles to the compiler and the models."""

    async def __init__(  # type: ignore[misc]  # Serve awaits it
        self,
        compiler: DeploymentHandle,
        models: list[DeploymentHandle],
        view: View,
        settings: dict[str, Any],
        token: str,
        created: int,
        store: Location,
        tools: dict[str, ToolSpec],
        budgets: Budgets,
    ) -> None:
        """``models`` make the models' deployments part of the application. Which is called the catalog says, or,
        if there is none, ``view``."""
        self._tokens = Tokens(token)
        self._homes: dict[str, DeploymentHandle] = {}
        self._models: dict[str, DeploymentHandle] = {}
        self._infos: list[ModelInfo] = []
        self._probed = (0.0, "it is starting")
        self._probing: asyncio.Task[str] | None = None
        values = Settings(**settings)
        metrics = Metrics()
        self._pool = WorkerPool(
            min_size=values.worker_count(), max_size=values.max_worker_count(), queue_limit=values.max_waiting_runs
        )
        await self._pool.start()
        self._tools = ToolHost(tools)
        self._remote = remote = RemoteModels({}, {}, values.max_generation_wait, metrics=metrics)
        quotas = Quotas(budgets.quotas)
        executor = runs.Executor(
            self._pool,
            _RemoteCompiler(compiler),
            remote,
            on_batch=metrics.on_batch,
            tools=self._tools,
            prices=budgets.prices,
            spending=Spending(budgets.tenants, budgets.prices, self._store, time.time),
            most=budgets.run,
            quotas=quotas,
        )
        executor.batcher.watcher = metrics
        self._batcher = executor.batcher
        self._results = ResultCache(values.result_cache, remote.kept, metrics) if values.result_cache else None
        replica = serve.get_replica_context().replica_id.unique_id
        self._follower = Follower(replica, self._take, remote.oldest)
        await self._follower.start(view)
        self._node = RunsNode(
            store,
            _Counted(executor, metrics),
            slots=values.slots(),
            lease_seconds=values.durable_lease,
            retention_days=values.retention_days,
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
            self._node.store,
            self._node.kept,
            quotas,
        )
        self._node.start()
        if values.grpc_port:
            self._grpc = await _grpc(self._services, self._tokens)

    def _take(self, view: View) -> None:
        """Use these models, and know these tokens, from now on."""
        self._tokens.take(view.tokens)
        plans = {name: Plan(*plan) for name, plan in view.plans.items()}
        self._homes = {home: self._homes.get(home) or _handle(home) for home in view.homes.values()}
        handles = {name: self._homes[home] for name, home in view.homes.items()}
        self._remote.take(view.number, handles, view.routes, plans)
        self._batcher.reshape()
        self._batcher.results = self._results if any(plan.kept_as for plan in plans.values()) else None
        self._models = {name: handle for name, handle in handles.items() if not plans[name].sleeps}
        self._infos = [ModelInfo(**{name: spec[name] for name in ModelInfo.model_fields}) for spec in view.specs]
        self._probed = (0.0, "it is looking at its models")

    async def _store(self) -> "Store":
        return await self._node.store()

    def __serve_build_asgi_app__(self) -> FastAPI:
        """Build the API once the replica is initialized; Serve calls this."""
        return create_app(self._services, self._tokens)

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

    async def check_health(self) -> None:
        """Raise when the pool has no worker; Serve then replaces the replica."""
        await self._remote.leave()
        self._note_pool()
        self._give_back()
        if not self._pool.stats().size:
            raise PlatformError("no sandbox worker is alive", code="NOODLE-E0803")

    def _give_back(self) -> None:
        """When nothing is going on, give the system what large requests and answers have left free in the heap."""
        stats = self._pool.stats()
        if not (stats.busy or stats.queued or stats.parked or self._services.executor.batcher.under_way()):
            kernel.call("malloc_trim", 0)

    def _note_pool(self) -> None:
        stats = self._pool.stats()
        batcher = self._services.executor.batcher
        self._services.metrics.on_pool(stats.size, stats.busy, stats.queued, stats.parked)
        self._services.metrics.on_queues(sum(batcher.waiting().values()), batcher.under_way())

    async def __del__(self) -> None:
        """Serve awaits this when it stops the replica."""
        leave_counters()
        if hasattr(self, "_follower"):
            self._follower.stop()
        if hasattr(self, "_grpc"):
            await self._grpc.stop()
        if hasattr(self, "_node"):
            await self._node.close()
        if hasattr(self, "_pool"):
            await self._pool.close()
        if hasattr(self, "_tools"):
            await self._tools.close()


async def _grpc(services: Services, tokens: Tokens) -> "GrpcServer":
    from noodle_ray.api.grpc.server import GrpcServer

    host, port = services.settings.grpc_host, services.settings.grpc_port
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    server = GrpcServer(Serving(services, platform_version()), tokens, address)
    await server.start()
    return server


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
        self._handle = handle.options(_by_reference=False)

    async def compile(self, source: str) -> Compilation:
        return await self._ask(self._handle.compile.remote(source))

    async def admit(self, nbc: bytes) -> Compilation:
        return await self._ask(self._handle.admit.remote(nbc))

    async def fetch(self, digest: str) -> Compilation:
        return await self._ask(self._handle.fetch.remote(digest))

    async def _ask(self, response: Any) -> Compilation:
        result: Compilation = await response
        return result


def _handle(deployment: str) -> DeploymentHandle:
    """A handle of another deployment of this application, which the catalog says is there."""
    return serve.get_deployment_handle(deployment, _check_exists=False, _record_telemetry=False)


async def _answer(response: Any) -> Any:
    return await response


def executor_deployment(
    *,
    compiler: Application,
    models: list[Any],
    view: View,
    settings: dict[str, Any],
    token: str,
    created: int,
    store: Location,
    tools: dict[str, ToolSpec],
    budgets: Budgets,
    scale: Scale,
) -> Application:
    """Bind the deployment. A replica starts before the one that it replaces stops; when models change, none is
    replaced."""
    deployment = serve.deployment(
        serve.ingress()(Executor),
        name="Executor",
        ray_actor_options={"num_cpus": 0},
        health_check_period_s=5,
        health_check_timeout_s=30,
        graceful_shutdown_wait_loop_s=0.2,
        graceful_shutdown_timeout_s=GRACE,
        max_surge_percent=100,
        **scale.options(),
    )
    return pin(deployment, settings, token, store, tools, budgets).bind(
        compiler=compiler,
        models=models,
        view=view,
        settings=settings,
        token=token,
        created=created,
        store=store,
        tools=tools,
        budgets=budgets,
    )
