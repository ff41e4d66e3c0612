"""Where a model's replicas may run, and how many there are, by the model's options and what the cluster has."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import ray

from deployments.config import ModelScale
from noodle_ray.ahr.replica import gpu_share
from noodle_ray.ahr.spec import ModelSpec


class Nodes(NamedTuple):
    """What the cluster has: per living node its resources and its labels."""

    resources: tuple[Mapping[str, float], ...] = ()
    labels: tuple[Mapping[str, str], ...] = ()

    def most(self, resource: str) -> float:
        """What the best node has of a resource."""
        return max((float(node.get(resource, 0)) for node in self.resources), default=0.0)

    def total(self, resource: str) -> float:
        """What all of them have together."""
        return sum(float(node.get(resource, 0)) for node in self.resources)

    def can_hold(self, spec: ModelSpec) -> bool:
        """Whether some node has the labels and the resources of its own kind that a model needs."""
        wanted, labels = dict(spec.options.get("resources", {})), dict(spec.options.get("labels", {}))
        return any(
            all(node.get(name, 0) >= amount for name, amount in wanted.items()) and labels.items() <= marks.items()
            for node, marks in zip(self.resources, self.labels, strict=True)
        )


def nodes() -> Nodes:
    """The cluster as it is now; none without a cluster."""
    if not ray.is_initialized():
        return Nodes()
    alive = sorted((node for node in ray.nodes() if node["Alive"]), key=lambda node: str(node["NodeID"]))
    return Nodes(tuple(node["Resources"] for node in alive), tuple(node.get("Labels") or {} for node in alive))


def scale_of(spec: ModelSpec, default: ModelScale, cluster: Nodes) -> ModelScale:
    """How many replicas. A model that no node can hold yet has none, so that the platform starts without it: its calls
    wait for a node, and its first one has a replica started.
    """
    options = spec.options
    least = int(options.get("min_replicas", default.min_replicas))
    most = max(int(options.get("max_replicas", max(default.max_replicas, least))), least, 1)
    if (options.get("resources") or options.get("labels")) and not cluster.can_hold(spec):
        least = 0
    return default.model_copy(
        update={
            "min_replicas": least,
            "max_replicas": most,
            "target_ongoing_requests": float(options.get("target_queue", default.target_ongoing_requests)),
            "idle_timeout": float(options.get("idle_timeout", default.idle_timeout)),
            "target_latency": options.get("target_latency", default.target_latency),
        }
    )


def actor_options(spec: ModelSpec, cluster: Nodes) -> dict[str, Any]:
    """What a replica asks of Ray. A share of a GPU only where the cluster has it; all else must be there."""
    asked: dict[str, Any] = {
        "num_cpus": spec.options.get("cpus", 0),
        "num_gpus": gpu_share(spec, cluster.total("GPU")),
    }
    if resources := spec.options.get("resources"):
        asked["resources"] = dict(resources)
    if labels := spec.options.get("labels"):
        asked["label_selector"] = dict(labels)
    return asked
