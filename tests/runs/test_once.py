"""Equal calls of a run: one question to the model, an answer to each."""

import asyncio
from typing import Any

from noodle_ray.core.runs.batcher import Answered, Call, EffectBatcher, Reply, Shape
from noodle_ray.core.runs.budgets import NO_ALLOWANCES
from noodle_ray.core.runs.caller import Caller
from noodle_ray.core.runs.effects import Asked, RunEffects
from noodle_ray.core.runs.executor import Journal
from noodle_ray.core.runs.once import MOST, EqualCalls
from noodle_ray.core.vm.host import EffectAnswer, EffectRequest


class Models:
    """Tells how often it was asked anything; ``dice`` may answer the same question in another way."""

    def __init__(self) -> None:
        self.asked: list[Call] = []

    def shape(self, model: str) -> Shape:
        return Shape(certain=model != "dice")

    async def infer(self, model: str, calls: list[Call]) -> Any:
        raise AssertionError("calls come with terms")

    async def ask(self, model: str, calls: list[Call], terms: Any) -> list[Answered]:
        self.asked += calls
        await asyncio.sleep(0)
        usage = {"usage": {"prompt_tokens": 3, "completion_tokens": 1}}
        bad = ("NOODLE-E0603", "no")
        return [
            Answered(False, bad) if call[0] == ("bad",) else Answered(True, len(self.asked), usage) for call in calls
        ]


class Asking:
    """One run's equal calls, in front of a batcher."""

    def __init__(self) -> None:
        self.models = Models()
        self.batcher = EffectBatcher(self.models)
        self.calls = EqualCalls(self.batcher.certain)

    def begin(self, *args: object, model: str = "m", **options: object) -> "asyncio.Future[Reply]":
        call: Call = (args, options)
        return self.calls.send(model, call, lambda: self.batcher.submit(model, call))


async def test_equal_calls_are_made_once_whenever_they_come() -> None:
    asking = Asking()
    first, again = asking.begin("a", n=1, k=2), asking.begin("a", k=2, n=1)
    assert (await again).value == (await first).value
    assert (await asking.begin("a", k=2, n=1)).value == (await first).value
    assert ((await first).tokens, (await again).tokens) == ((3, 1), (0, 0))
    batch = (await first).batch
    assert (batch and batch.size, (await again).batch) == (1, None)
    assert len(asking.models.asked) == 1


async def test_calls_that_differ_are_made() -> None:
    asking = Asking()
    for args in ((1,), (True,), (1.0,), ("1",), (b"1",), ([1],), ((1,),), (0.0,), (-0.0,)):
        await asking.begin(*args)
    await asking.begin(1, model="n")
    await asking.begin(1, k=1)
    assert len(asking.models.asked) == 11


async def test_calls_that_may_have_several_answers_are_made() -> None:
    asking = Asking()
    for _ in range(2):
        await asking.begin("a", model="dice")
        await asking.begin("a", temperature=0.7)
        await asking.begin("a", temperature=0.7, seed=1)  # one answer
    assert len(asking.models.asked) == 5


async def test_failure_is_shared_by_those_that_waited_for_it_alone() -> None:
    asking = Asking()
    first, again = asking.begin("bad"), asking.begin("bad")
    assert not (await first).ok
    assert not (await again).ok
    assert len(asking.models.asked) == 1
    await asking.begin("bad")
    assert len(asking.models.asked) == 2


async def test_call_whose_first_asker_left_is_made_for_the_other() -> None:
    asking = Asking()
    first, again = asking.begin("a"), asking.begin("a")
    first.cancel()
    assert (await again).ok
    third = asking.begin("b")
    fourth = asking.begin("b")
    fourth.cancel()  # who leaves later harms nobody
    assert (await third).ok


async def test_run_keeps_so_many_answers() -> None:
    asking = Asking()
    for number in range(MOST + 1):
        await asking.begin(number)
    await asking.begin(MOST)
    await asking.begin(1)
    assert len(asking.models.asked) == MOST + 1
    await asking.begin(0)
    assert len(asking.models.asked) == MOST + 2


async def test_effects_of_a_run_get_an_answer_each_and_count_as_calls() -> None:
    models = Models()

    async def wait(request: EffectRequest) -> Reply:
        raise AssertionError("not reached")

    asked = Asked(EffectBatcher(models), None, NO_ALLOWANCES, {})  # type: ignore[arg-type]
    effects = RunEffects(asked, Journal(), Caller(), wait)
    requests = [EffectRequest(str(number), "m", ("same",), {}) for number in range(5)]
    answers: list[EffectAnswer] = []
    async for some in effects(requests):
        answers += some
    usage = effects.meter.usage()
    assert sorted(answer.key for answer in answers) == [request.key for request in requests]
    assert {answer.value for answer in answers} == {1}
    assert (len(models.asked), usage["prompt_tokens"], usage["completion_tokens"]) == (1, 3, 1)
    effects.close()


async def test_effects_with_the_same_options_in_any_order_are_one_call() -> None:
    models = Models()

    async def wait(request: EffectRequest) -> Reply:
        raise AssertionError("not reached")

    asked = Asked(EffectBatcher(models), None, NO_ALLOWANCES, {})  # type: ignore[arg-type]
    effects = RunEffects(asked, Journal(), Caller(), wait)
    options: list[dict[str, object]] = [{"k": 1}, {"k": 1}, {"k": True}, {"k": 1, "n": 2}, {"n": 2, "k": 1}, {}]
    async for _ in effects([EffectRequest(str(number), "m", ("a",), one) for number, one in enumerate(options)]):
        pass
    assert [call[1] for call in models.asked] == [{"k": 1}, {"k": True}, {"k": 1, "n": 2}, {}]
    effects.close()


async def test_answers_that_come_together_are_told_in_the_order_they_were_asked() -> None:
    class Backwards(Models):
        def shape(self, model: str) -> Shape:
            return Shape(max_batch=1, max_under_way=9)

        async def ask(self, model: str, calls: list[Call], terms: Any) -> list[Answered]:
            for _ in range(9 - int(calls[0][0][0])):  # type: ignore[call-overload]
                await asyncio.sleep(0)
            return [Answered(True, calls[0][0][0])]

    async def wait(request: EffectRequest) -> Reply:
        raise AssertionError("not reached")

    asked = Asked(EffectBatcher(Backwards()), None, NO_ALLOWANCES, {})  # type: ignore[arg-type]
    effects = RunEffects(asked, Journal(), Caller(), wait)
    told: list[list[object]] = []
    async for some in effects([EffectRequest(str(number), "m", (number,), {}) for number in range(6)]):
        told.append([answer.value for answer in some])
        for _ in range(3):  # others come meanwhile
            await asyncio.sleep(0)
    assert sorted(value for some in told for value in some) == list(range(6))  # type: ignore[type-var]
    assert any(len(some) > 1 for some in told)
    assert all(some == sorted(some) for some in told)  # type: ignore[type-var]
    effects.close()
