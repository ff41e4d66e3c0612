"""Arrays in a locked-down worker: numpy was loaded before, computes in one thread, and results arrive as lists."""

import struct

from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest
from noodle_ray.core.vm.packed import Packed
from tests.sandbox.programs import request

IMPORT = "from noodle_ray import array, model\n"


async def test_pooled_worker_computes_with_arrays() -> None:
    async with WorkerPool(min_size=1, max_size=1) as pool:
        outcome = await pool.run(
            request(f"{IMPORT}m = array.ones((300, 300))\n[(m @ m)[:1, :2], array([1.5]).exp().sum() > 4]")
        )
        assert outcome["error"] is None
        assert outcome["result"] == [[[300.0, 300.0]], True]
        outcome = await pool.run(request(f"{IMPORT}array.linspace(0, 1, 3)"))
        assert outcome["result"] == [0.0, 0.5, 1.0]


async def test_model_is_asked_with_the_numbers_of_an_array() -> None:
    asked: list[EffectRequest] = []

    async def answer(requests: list[EffectRequest]) -> list[EffectAnswer]:
        asked.extend(requests)
        return [EffectAnswer(one.key, True, one.args[0]) for one in requests]

    async with WorkerPool(min_size=1, max_size=1) as pool:
        source = f'{IMPORT}m = model("echo")\n(array(m(array([[1, 2], [3, 4]]))) * 2).sum()'
        outcome = await pool.run(request(source), answer)
    assert outcome["error"] is None
    assert outcome["result"] == 20
    assert asked[0].args[0] == Packed("int64", (2, 2), struct.pack("qqqq", 1, 2, 3, 4))
