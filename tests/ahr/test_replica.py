"""A model as it runs in an actor."""

import asyncio
import pickle
import time
from pathlib import Path

import pytest

from noodle_ray.ahr.replica import ModelReplica, gpu_share
from noodle_ray.ahr.spec import ModelSpec
from noodle_ray.core.runs.terms import Terms
from noodle_ray.core.vm.arrays import array
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError


def _spec(adder: Path, **options: object) -> ModelSpec:
    return ModelSpec("adder", f"onnx:{adder}", options=options)


def test_replica_answers_with_plain_values_that_pickle(adder: Path) -> None:
    replica = ModelReplica(_spec(adder).to_dict())
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
    assert (stats["model"], stats["calls"]) == ("adder", 3)
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


def test_replica_tells_what_tokens_calls_took_and_answers_as_before(gguf_file: Path) -> None:
    replica = ModelReplica(ModelSpec("talk", f"gguf:{gguf_file}").to_dict())
    calls: list[tuple[tuple[object, ...], dict[str, object]]] = [
        (("Hi",), {"max_tokens": 3}),
        (("Hi",), {"max_tokens": 3, "usage": True}),
        (("Hi",), {"max_tokens": 3, "usage": False}),
        (("Hi",), {"max_tokens": 1, "schema": {"type": "array", "minItems": 3}}),
        (("Hi",), {"max_tokens": 0}),
        (("Hi",), {"usage": 1}),
    ]
    plain, told, untold, cut, refused, odd = asyncio.run(replica.ask(calls))
    replica.close()
    assert plain[0] is told[0] is untold[0] is True
    assert plain[1] == untold[1] == told[1]["answer"]
    assert told[1]["completion_tokens"] in (1, 2, 3)
    taken = [
        {name: each[2]["usage"][name] for name in ("prompt_tokens", "completion_tokens")} for each in (plain, told)
    ]
    assert taken[0] == taken[1] == {name: told[1][name] for name in taken[0]}
    assert taken[0]["prompt_tokens"] > 2
    assert (cut[0], cut[1][0], cut[2]["usage"]["completion_tokens"]) == (False, "NOODLE-E0610", 1)
    assert refused[:1] == odd[:1] == (False,)
    assert {refused[1][0], odd[1][0]} == {"NOODLE-E0603"}


def test_latency_counts_what_waited_and_was_given_up_and_not_what_was_refused(adder: Path) -> None:
    replica = ModelReplica(_spec(adder, max_queue=1).to_dict())
    row = [[1, 2, 3]]
    call = ((row, row, 1), {})
    terms = Terms(since=time.monotonic() - 5).packed()

    async def ask() -> None:
        assert replica.latency() == 0.0
        outcomes = await replica.ask([call] * 40, [Terms().packed()] * 40)
        assert any(not ok and value[0] == "NOODLE-E0608" for ok, value, _ in outcomes)
        assert len(replica._latencies._noted) == sum(ok for ok, *_ in outcomes)
        await replica.ask([call], [terms])
        assert max(seconds for _, seconds in replica._latencies._noted) > 5
        noted = len(replica._latencies._noted)
        given_up = asyncio.ensure_future(replica.ask([call], [terms]))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait([given_up])
        assert len(replica._latencies._noted) == noted + 1

    asyncio.run(ask())
    assert asyncio.run(replica.stats())["latency"] > 5
    replica.close()
