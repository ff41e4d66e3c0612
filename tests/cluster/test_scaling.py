"""How many replicas there are to be, by how long calls take; decided without a cluster."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray.serve.config import AutoscalingConfig

from deployments.config import ModelScale
from deployments.model import model_deployment
from deployments.placement import Nodes
from deployments.scaling import LATENCY, LatencyPolicy
from noodle_ray.ahr.spec import ModelSpec


def _wanted(policy: Any, replicas: int, requests: float, *taken: float) -> float:
    told: Any = {LATENCY: dict(enumerate(taken))} if taken else {}
    config = AutoscalingConfig(min_replicas=0, max_replicas=8, target_ongoing_requests=4)
    context = SimpleNamespace(
        current_num_replicas=replicas,
        target_num_replicas=replicas,
        total_num_requests=requests,
        aggregated_metrics=told,
        config=config,
        policy_state={},
    )
    wanted, _ = policy(context)
    return float(wanted)


@pytest.mark.parametrize(
    ("replicas", "requests", "taken", "wanted"),
    [
        (1, 1, (0.1,), 0.25),  # fast, and few wait: as Serve has it
        (1, 8, (0.1,), 2),  # fast, and many wait
        (2, 1, (0.6, 0.1), 2),  # of one the calls take more than half of the target: none goes
        (2, 1, (1.5, 0.1), 3),
        (2, 1, (60.0, 60.0), 4),  # twice as many at most
        (2, 40, (1.5,), 10),  # what waits asks for more
        (2, 1, (), 0.25),  # replicas that have told nothing yet
        (0, 0, (), 0),
    ],
)
def test_replicas_come_while_calls_take_long(
    replicas: int, requests: float, taken: tuple[float, ...], wanted: float
) -> None:
    assert _wanted(LatencyPolicy(1.0), replicas, requests, *taken) == pytest.approx(wanted)


def test_first_call_of_a_model_that_sleeps_has_a_replica_started() -> None:
    assert _wanted(LatencyPolicy(1.0), 0, 1) >= 1


@pytest.mark.parametrize(
    ("options", "default", "target"),
    [({"target_latency": 0.5}, None, 0.5), ({}, 2.0, 2.0), ({"target_latency": 0.5}, 2.0, 0.5), ({}, None, None)],
)
def test_deployment_has_the_policy_that_the_model_or_the_platform_asks_for(
    options: dict[str, Any], default: float | None, target: float | None
) -> None:
    spec = ModelSpec("m", "onnx:/m.onnx", "tensors", "onnxruntime", "1", options)
    bound = model_deployment("m", [spec], ModelScale(target_latency=default), Nodes(({},), ({},)))._bound_deployment
    policy = bound._deployment_config.autoscaling_config.policy
    if target is None:
        assert policy.policy_function != "deployments.scaling:LatencyPolicy"
    else:
        assert (policy.policy_function, policy.policy_kwargs) == (
            "deployments.scaling:LatencyPolicy", {"target": target}
        )  # fmt: skip
