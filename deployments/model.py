"""A registered model as a deployment of its own, or several small ones as one."""

import os
import re
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.config import RequestRouterConfig

from deployments.config import GRACE, ModelScale
from deployments.placement import Nodes, actor_options, scale_of
from deployments.scaling import LATENCY
from deployments.versions import digest, pin
from deployments.wire.server import offer
from noodle_ray.ahr.engines.base import Call
from noodle_ray.ahr.generation.answers import Chunk
from noodle_ray.ahr.replica import ModelReplica
from noodle_ray.ahr.shared import SharedModels
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.terms import Packed

ROUTER = "deployments.wire.choices.TwoChoicesRouter"
AFFINITY_ROUTER = "deployments.affinity.AffinityRouter"

LAST_WORDS = 1.0
"""Seconds from noticing that an engine hangs to the end of its process: enough for its callers to be told."""


class Model(ModelReplica):
    """A replica that frees its model, and the temporary files of its engine, when Serve stops it. When its engine hangs
    it ends itself: Serve would ask it three times first, and meanwhile send it calls.
    """

    def __init__(self, specs: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(specs)
        self.on_hang(leave)
        self._at_once = any(map(_unrepeatable, specs))

    async def record_replica_metadata(self) -> dict[str, Any]:
        """What Serve tells callers of this replica: where its own connection is."""
        return await offer(self._at_once)

    async def answers(self, *asked: Any) -> AsyncIterator[list[tuple[bool, Any, dict[str, Any]]]]:
        """`ask`, as a stream of one piece."""
        yield await self.ask(*asked)

    def record_autoscaling_stats(self) -> dict[str, float]:
        """What `LatencyPolicy` looks at; Serve asks for it."""
        return {LATENCY: self.latency()}

    def __del__(self) -> None:
        if hasattr(self, "_batcher"):
            self.close()


class SharedHost:
    """A replica that holds several models, each loaded at its first call; which one a call means, its handle says."""

    def __init__(self, models: Mapping[str, Sequence[Mapping[str, Any]]], memory: int) -> None:
        self._models = SharedModels(models, memory << 20, leave)
        self._at_once = any(_unrepeatable(spec) for specs in models.values() for spec in specs)

    async def record_replica_metadata(self) -> dict[str, Any]:
        """See `Model`."""
        return await offer(self._at_once)

    async def ask(
        self, calls: Sequence[Call], terms: Sequence[Packed] = (), version: str = ""
    ) -> list[tuple[bool, Any, dict[str, Any]]]:
        """See `ModelReplica.ask`."""
        async with self._models.using(serve.get_multiplexed_model_id()) as replica:
            return await replica.ask(calls, terms, version)

    async def answers(self, *asked: Any) -> AsyncIterator[list[tuple[bool, Any, dict[str, Any]]]]:
        """`ask`, as a stream of one piece."""
        yield await self.ask(*asked)

    async def generate(self, *order: Any) -> AsyncIterator[list[Chunk]]:
        """See `ModelReplica.generate`."""
        async with self._models.using(serve.get_multiplexed_model_id()) as replica:
            async for chunks in replica.generate(*order):
                yield chunks

    async def stats(self) -> dict[str, Any]:
        """See `ModelReplica.stats`."""
        async with self._models.using(serve.get_multiplexed_model_id()) as replica:
            return await replica.stats()

    def check_health(self) -> None:
        """Raise when one of the models stopped working; Serve then replaces the replica."""
        self._models.check_health()

    def __del__(self) -> None:
        if hasattr(self, "_models"):
            self._models.close()


def _unrepeatable(spec: Mapping[str, Any]) -> bool:
    """Whether a call may not be made twice, because nobody knows what it does (`deployments.remote.plan_of`)."""
    return ModelSpec.from_dict(dict(spec)).scheme == "python"


def leave() -> None:
    """End this process soon: a thread that hangs cannot be ended otherwise."""
    threading.Timer(LAST_WORDS, os._exit, (1,)).start()


def deployment_name(model: str, specs: Sequence[ModelSpec], cluster: Nodes) -> str:
    """Return the deployment's name; two models never share one, nor two versions of one that fit beside each other.

    So a new version is loaded while the old one serves. Of what a model reserves, a GPU for example, there may be no
    second: there the old version stops first.
    """
    reserves = any(actor_options(specs[0], cluster).get(what) for what in ("num_cpus", "num_gpus", "resources"))
    return _name("Model", model, [] if reserves else [spec.to_dict() for spec in specs])


def shared_name(share: str, models: Mapping[str, Sequence[ModelSpec]]) -> str:
    """Return the name of the deployment that holds just these models."""
    return _name("Shared", share, {key: [spec.to_dict() for spec in specs] for key, specs in models.items()})


def _name(kind: str, name: str, content: Any) -> str:
    return f"{kind}-{re.sub(r'[^A-Za-z0-9_-]', '-', name)}-{digest(name, content)[:8]}"


def model_deployment(name: str, specs: Sequence[ModelSpec], default: ModelScale, cluster: Nodes) -> Application:
    """Bind the deployment of a version and those it falls back on, where and as often as its options say."""
    scale = scale_of(specs[0], default, cluster)
    options = _options(scale) | {"ray_actor_options": actor_options(specs[0], cluster)}
    if specs[0].generates and scale.max_replicas > 1:
        options["request_router_config"] = RequestRouterConfig(request_router_class=AFFINITY_ROUTER)
    deployment = serve.deployment(Model, name=name, **options)
    described = [spec.to_dict() for spec in specs]
    return pin(deployment, described).bind(described)


def shared_deployment(name: str, models: Mapping[str, Sequence[ModelSpec]], scale: ModelScale) -> Application:
    """Bind the deployment that all models with this name as their option ``share`` live in."""
    deployment = serve.deployment(
        SharedHost,
        name=name,
        ray_actor_options={"num_cpus": 0},
        **_options(scale) | {"request_router_config": RequestRouterConfig(request_router_class=AFFINITY_ROUTER)},
    )
    plain = {key: [spec.to_dict() for spec in specs] for key, specs in models.items()}
    return pin(deployment, plain, scale.shared_memory).bind(plain, scale.shared_memory)


def _options(scale: ModelScale) -> dict[str, Any]:
    return {
        "health_check_period_s": 10,
        "health_check_timeout_s": 60,
        "graceful_shutdown_wait_loop_s": 0.2,
        "graceful_shutdown_timeout_s": GRACE,
        "request_router_config": RequestRouterConfig(request_router_class=ROUTER),
        **scale.options(),
    }
