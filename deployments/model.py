"""A registered model as a deployment of its own."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from ray import serve
from ray.serve import Application

from deployments.config import Scale
from noodle_ray.ahr.engines.base import Call
from noodle_ray.ahr.replica import ModelReplica, gpu_share
from noodle_ray.ahr.spec import ModelSpec


class Model(ModelReplica):
    """A replica that frees its model, and the temporary files of its engine, when Serve stops it."""

    async def infer_pinned(self, version: str, calls: Sequence[Call]) -> list[tuple[bool, Any]]:
        """``infer``, but only by this version: a reference that names it must not be answered by another."""
        if error := self.refusal(version):
            return [(False, (error.code, error.message))] * len(calls)
        return await self.infer(calls)

    def __del__(self) -> None:
        if hasattr(self, "_batcher"):
            self.close()


def deployment_name(model: str) -> str:
    """Return the deployment's name; two models never share one."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", model)
    return f"Model-{plain}" if plain == model else f"Model-{plain}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def model_deployment(name: str, specs: Sequence[ModelSpec], scale: Scale, cluster_gpus: float) -> Application:
    """Bind the deployment of a version and those it falls back on; on a fraction of a GPU where the cluster has one
    and the model asks for it.
    """
    deployment = serve.deployment(
        Model,
        name=deployment_name(name),
        ray_actor_options={"num_cpus": 0, "num_gpus": gpu_share(specs[0], cluster_gpus)},
        health_check_period_s=10,
        health_check_timeout_s=60,
        graceful_shutdown_wait_loop_s=0.2,
        graceful_shutdown_timeout_s=5,
        **scale.options(),
    )
    return deployment.bind([spec.to_dict() for spec in specs])
