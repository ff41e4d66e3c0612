"""A model as it runs in an actor."""

import asyncio
import pickle
from pathlib import Path

import pytest

from noodle_ray.ahr.replica import ModelReplica, gpu_share
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError


def _spec(adder: Path, **options: object) -> ModelSpec:
    return ModelSpec("adder", f"onnx:{adder}", options=options)


def test_replica_answers_with_plain_values_that_pickle(adder: Path) -> None:
    replica = ModelReplica(_spec(adder, max_wait=0.05).to_dict())
    row = [[1, 2, 3]]

    async def both() -> list[list[tuple[bool, object]]]:
        return await asyncio.gather(
            replica.infer([((row, row, 1), {}), ((), {})]), replica.infer([((row, row, 2), {})])
        )

    (good, bad), (other,) = pickle.loads(pickle.dumps(asyncio.run(both())))
    assert good[0] is True
    assert to_json(good[1]) == {"total": [[2.0, 4.0, 6.0]], "count": 2}
    assert (type(good[1]["total"]), good[1]["total"].dtype) == (array, "float32")
    assert bad[0] is False
    assert bad[1][0] == "NOODLE-E0603"
    assert other[1]["count"] == 4
    stats = asyncio.run(replica.stats())
    assert (stats["model"], stats["calls"], stats["batches"]) == ("adder", 3, 1)
    assert stats["engine"]["device"] == "cpu"
    replica.check_health()
    replica.close()
    with pytest.raises(ModelError) as caught:
        replica.check_health()
    assert caught.value.code == "NOODLE-E0605"


def test_replica_does_not_start_when_its_model_cannot_be_loaded(adder: Path) -> None:
    adder.unlink()
    with pytest.raises(ModelError) as caught:
        ModelReplica(_spec(adder).to_dict())
    assert caught.value.code == "NOODLE-E0602"


def test_gpu_share_is_what_was_asked_where_the_cluster_has_it(adder: Path) -> None:
    assert gpu_share(_spec(adder, gpus=0.25), cluster_gpus=1) == 0.25
    assert gpu_share(_spec(adder, gpus=2), cluster_gpus=1) == 0
    assert gpu_share(_spec(adder), cluster_gpus=8) == 0
