"""What a model's deployment asks of Ray: a share of a GPU where the cluster has one, none elsewhere."""

import pytest

from deployments.config import Scale
from deployments.model import model_deployment
from noodle_ray.ahr.spec import ModelSpec


@pytest.mark.parametrize(("asked", "cluster", "granted"), [(0.25, 1, 0.25), (1, 4, 1), (0.25, 0, 0), (0, 4, 0)])
def test_deployment_asks_for_the_models_share_of_a_gpu(asked: float, cluster: float, granted: float) -> None:
    spec = ModelSpec("m", "gguf:/m.gguf", "generation", "llama.cpp", "1", {"gpus": asked} if asked else {})
    deployment = model_deployment(spec.name, [spec], Scale(), cluster)._bound_deployment
    assert deployment.ray_actor_options["num_gpus"] == granted
    assert deployment.ray_actor_options["num_cpus"] == 0
