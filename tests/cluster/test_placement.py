"""What a model's deployment asks of Ray: a share of a GPU where the cluster has one, none elsewhere."""

from typing import Any

import pytest

from deployments.config import ModelScale
from deployments.model import model_deployment
from deployments.placement import Nodes
from deployments.remote import plan_of
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.lengths import SHORT_BATCH


@pytest.mark.parametrize(("asked", "cluster", "granted"), [(0.25, 1, 0.25), (1, 4, 1), (0.25, 0, 0), (0, 4, 0)])
def test_deployment_asks_for_the_models_share_of_a_gpu(asked: float, cluster: float, granted: float) -> None:
    spec = ModelSpec("m", "gguf:/m.gguf", "generation", "llama.cpp", "1", {"gpus": asked} if asked else {})
    deployment = model_deployment(spec.name, [spec], ModelScale(), Nodes(({"GPU": cluster},), ({},)))._bound_deployment
    assert deployment.ray_actor_options["num_gpus"] == granted
    assert deployment.ray_actor_options["num_cpus"] == 0


CLUSTER = Nodes(({"CPU": 4, "GPU": 1}, {"CPU": 8, "vault": 2}), ({"tier": "fast"}, {"tier": "slow", "zone": "north"}))


def _options(**options: Any) -> Any:
    spec = ModelSpec("m", "onnx:/m.onnx", "tensors", "onnxruntime", "1", options)
    return model_deployment(spec.name, [spec], ModelScale(), CLUSTER)._bound_deployment


@pytest.mark.parametrize(
    ("options", "least"),
    [
        ({}, 1),
        ({"resources": {"vault": 1}}, 1),
        ({"resources": {"vault": 1}, "labels": {"zone": "north"}}, 1),
        ({"resources": {"vault": 3}}, 0),
        ({"resources": {"vault": 1}, "labels": {"tier": "fast"}}, 0),
        ({"labels": {"tier": "golden"}, "min_replicas": 2}, 0),
        ({"min_replicas": 0}, 0),
        ({"min_replicas": 3}, 3),
    ],
)
def test_model_that_no_node_can_hold_yet_has_no_replica(options: dict[str, Any], least: int) -> None:
    deployment = _options(**options)
    assert deployment._deployment_config.autoscaling_config.min_replicas == least
    assert deployment.ray_actor_options.get("resources", {}) == options.get("resources", {})
    assert deployment.ray_actor_options.get("label_selector", {}) == options.get("labels", {})


def test_replicas_follow_the_queue_within_the_models_bounds() -> None:
    scaling = _options(
        min_replicas=0, max_replicas=9, target_queue=3, idle_timeout=5
    )._deployment_config.autoscaling_config
    assert (scaling.min_replicas, scaling.max_replicas, scaling.target_ongoing_requests) == (0, 9, 3)
    assert (scaling.downscale_to_zero_delay_s, scaling.look_back_period_s) == (5, 11)


def test_plan_knows_what_callers_must_know() -> None:
    spec = ModelSpec("m", "gguf:/m.gguf", "generation", "llama.cpp", "1", {"slots": 3, "max_replicas": 2})
    plan = plan_of(spec, ModelScale(), CLUSTER)
    assert (plan.apart, plan.slots, plan.repeatable, plan.sleeps, plan.shared) == (True, 6, True, False, False)
    own = ModelSpec("m", "python:x:Y", options={"share": "small", "start_timeout": 7})
    plan = plan_of(own, ModelScale(), CLUSTER)
    assert (plan.apart, plan.repeatable, plan.sleeps, plan.shared, plan.start_timeout) == (
        False, False, True, True, 7.0
    )  # fmt: skip


@pytest.mark.parametrize(
    ("task", "source", "options", "most"),
    [
        ("embedding", "wheel:x", {}, SHORT_BATCH),
        ("embedding", "wheel:x", {"max_batch": 16}, 0),
        ("reranking", "wheel:x", {}, 0),
        ("embedding", "python:x:Y", {}, 0),
    ],
)
def test_plan_has_larger_batches_for_short_texts(task: str, source: str, options: dict[str, Any], most: int) -> None:
    spec = ModelSpec("m", source, task, "python" if source[0] == "p" else "onnxruntime", "1", options)
    assert plan_of(spec, ModelScale(), CLUSTER).max_short == most


@pytest.mark.parametrize(
    ("options", "nodes", "busy"),
    [
        ({}, 1, 1),  # a second one on the same cores would only slow it down
        ({}, 3, 2),
        ({"max_replicas": 5}, 1, 5),
        ({"max_replicas": 1}, 3, 1),
        ({"target_latency": 1}, 1, 2),
    ],
)
def test_replicas_that_do_not_generate_are_kept_busy_together_where_they_have_cores_of_their_own(
    options: dict[str, Any], nodes: int, busy: int
) -> None:
    cluster = Nodes(({"CPU": 2},) * nodes, ({},) * nodes)
    spec = ModelSpec("m", "onnx:/m.onnx", "embedding", "onnxruntime", "1", options)
    assert plan_of(spec, ModelScale(max_replicas=2), cluster).slots == busy
