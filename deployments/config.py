"""What `platform.yaml` may hold."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field

from noodle_ray.api.settings import Settings

GRACE = 310.0
"""Seconds that a replica which is replaced has to end what it has begun: more than the longest deadline."""
CONFIG_FILE = Path(__file__).with_name("platform.yaml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Scale(_Strict):
    """Bounds of a deployment's autoscaling, and how much one replica takes at once."""

    min_replicas: Annotated[int, Field(ge=1)] = 1
    max_replicas: Annotated[int, Field(ge=1)] = 2
    target_ongoing_requests: Annotated[float, Field(gt=0)] = 16
    max_ongoing_requests: Annotated[int, Field(ge=1)] = 256

    def options(self) -> dict[str, Any]:
        """The arguments of ``serve.deployment`` that say this."""
        return {
            "autoscaling_config": {
                "min_replicas": self.min_replicas,
                "max_replicas": max(self.min_replicas, self.max_replicas),
                "target_ongoing_requests": self.target_ongoing_requests,
            },
            "max_ongoing_requests": self.max_ongoing_requests,
        }


class ModelScale(Scale):
    """The same of a model, which may have no replica while nobody asks it: then the last one goes ``idle_timeout``
    seconds after its last call. ``shared_memory``: MiB that the models of one shared replica take together.
    ``target_latency``: see `LatencyPolicy`; None scales by what waits alone.
    """

    min_replicas: Annotated[int, Field(ge=0)] = 1
    idle_timeout: Annotated[float, Field(ge=1)] = 600.0
    shared_memory: Annotated[int, Field(ge=1)] = 1024
    target_latency: Annotated[float, Field(gt=0)] | None = None

    def options(self) -> dict[str, Any]:
        """The arguments of ``serve.deployment`` that say this."""
        said = super().options()
        said["autoscaling_config"]["max_replicas"] = max(1, self.min_replicas, self.max_replicas)
        if not self.min_replicas:
            said["autoscaling_config"]["downscale_to_zero_delay_s"] = self.idle_timeout
            # Serve averages over this time first; it must be longer than the 10 seconds between two measurements.
            said["autoscaling_config"]["look_back_period_s"] = max(11.0, min(self.idle_timeout, 30.0))
        if self.target_latency is not None:
            said["autoscaling_config"]["policy"] = {
                "policy_function": "deployments.scaling:LatencyPolicy",
                "policy_kwargs": {"target": self.target_latency},
            }
        return said


class PlatformArgs(_Strict):
    """The arguments of the application ``noodle``."""

    executor: Scale = Scale(target_ongoing_requests=128, max_ongoing_requests=2000)
    compiler: Scale = Scale()
    model: ModelScale = ModelScale(target_ongoing_requests=8, max_ongoing_requests=2048)
    settings: dict[str, Any] = {}

    def resolved_settings(self) -> Settings:
        """The settings; ``NOODLE_*`` variables win over the file."""
        given = Settings().model_dump(exclude_unset=True)
        return Settings(**{**self.settings, **given})


class PlatformConfig(NamedTuple):
    """The parsed file: Serve's own options, and the application's arguments."""

    name: str
    args: PlatformArgs
    proxy_location: str
    http_options: dict[str, Any]
    logging_config: dict[str, Any]


def load_config(host: str | None = None, port: int | None = None, path: Path = CONFIG_FILE) -> PlatformConfig:
    """Read a configuration; ``host`` and ``port`` override its address."""
    document = yaml.safe_load(path.read_bytes())
    (application,) = document["applications"]
    http_options = dict(document.get("http_options") or {})
    if host is not None:
        http_options["host"] = host
    if port is not None:
        http_options["port"] = port
    args = PlatformArgs(**(application.get("args") or {}))
    args.settings.setdefault("grpc_host", http_options.get("host", "127.0.0.1"))
    return PlatformConfig(
        application["name"],
        args,
        document.get("proxy_location", "HeadOnly"),
        http_options,
        document.get("logging_config") or {},
    )
