"""The platform as one Serve application: executors in front, a compiler and one deployment per model behind them."""

import time
from typing import Any

import ray
from ray.serve import Application

from deployments.compiler import compiler_deployment
from deployments.config import PlatformArgs
from deployments.executor import executor_deployment
from deployments.model import model_deployment
from noodle_ray import paths
from noodle_ray.ahr.registry import Registry
from noodle_ray.ahr.served import served
from noodle_ray.core.store.location import locate
from noodle_ray.security.tokens import ensure_token


def build(args: PlatformArgs) -> Application:
    """Bind the application for the models that are registered now. Runs on the head node, where the token is."""
    found = served(Registry().entries())
    gpus = float(ray.cluster_resources().get("GPU", 0)) if ray.is_initialized() else 0.0
    models: dict[str, Any] = {
        name: model_deployment(name, specs, args.model, gpus) for name, specs in found.models.items()
    }
    settings = args.resolved_settings()
    return executor_deployment(
        compiler=compiler_deployment(args.compiler),
        models=models,
        routes=found.routes,
        specs=found.listed(),
        settings=settings.model_dump(),
        token=ensure_token(),
        created=int(time.time()),
        store=locate(settings.database, settings.objects, paths.home()),
        scale=args.executor,
    )
