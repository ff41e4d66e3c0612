"""The compiler as a deployment."""

from ray import serve
from ray.serve import Application

from deployments.config import Scale
from deployments.versions import pin
from noodle_ray import paths
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.modules import ModuleStore

HEAD = {"node:__internal_head__": 0.001}
"""Places an actor on the head node: compiler replicas share the module store on its disk."""


class Compiler(CompilerService):
    """A replica. Executors come here when they do not know a source or a module's hash."""

    def __init__(self) -> None:
        super().__init__(ModuleStore(paths.cache_dir() / "modules"))

    def check_health(self) -> None:
        """Healthy as long as it answers."""


def compiler_deployment(scale: Scale) -> Application:
    """Bind the deployment."""
    deployment = serve.deployment(
        Compiler,
        name="Compiler",
        ray_actor_options={"num_cpus": 0, "resources": HEAD},
        health_check_period_s=10,
        health_check_timeout_s=30,
        graceful_shutdown_wait_loop_s=0.2,
        graceful_shutdown_timeout_s=5,
        **scale.options(),
    )
    return pin(deployment).bind()
