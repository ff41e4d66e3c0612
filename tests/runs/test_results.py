"""Answers that are kept across runs: who gets them, what never is kept, and how much is."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from noodle_ray.core.runs.batcher import Answered, Call, EffectBatcher, Reply, Shape
from noodle_ray.core.runs.results import OVERHEAD, Kept, ResultCache
from noodle_ray.core.runs.terms import PRIORITIES, Terms
from noodle_ray.core.vm.packed import Packed

ANNE, BEN = Terms(tenant="anne"), Terms(tenant="ben")


class Models:
    """Models that answer what they are asked and how often they were asked it, once their gate opens. The answers of
    all but ``other`` are kept, while what ``meant`` says is what ``loaded`` says."""

    def __init__(self) -> None:
        self.meant = self.loaded = "v1"
        self.asked: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()

    def kept(self, model: str) -> Kept | None:
        return None if model == "other" else Kept(model.partition("@")[0], self.meant)

    def shape(self, model: str) -> Shape:
        return Shape()

    async def infer(self, model: str, calls: list[Call]) -> Any:
        raise AssertionError("calls come with terms")

    async def ask(self, model: str, calls: list[Call], terms: list[Terms]) -> list[Answered]:
        for call in calls:
            self.asked[repr(call)] += 1
        await self.gate.wait()
        told = {"usage": {"prompt_tokens": 3, "completion_tokens": 1}, "version": self.loaded}
        failed = ("NOODLE-E0603", "no")
        return [
            Answered(False, failed, told)
            if call[0] == ("bad",)
            else Answered(True, [*call[0], self.asked[repr(call)]], told)
            for call in calls
        ]


class Noted:
    """What a cache tells its watcher."""

    def __init__(self) -> None:
        self.hits = self.misses = self.size = self.evicted = 0

    def on_result(self, model: str, hit: bool) -> None:
        assert model in ("m", "n")
        self.hits += hit
        self.misses += not hit

    def on_results(self, size: int, evicted: int) -> None:
        self.size = size
        self.evicted += evicted


class Asking:
    """Models behind a batcher with a cache."""

    def __init__(self, capacity: int = 1 << 20) -> None:
        self.models, self.noted = Models(), Noted()
        self.batcher = EffectBatcher(self.models)
        self.batcher.results = ResultCache(capacity, self.models.kept, self.noted)

    def begin(self, *args: object, model: str = "m", terms: Terms = ANNE, **options: object) -> "asyncio.Future[Reply]":
        return self.batcher.submit(model, (args, options), terms)

    async def __call__(self, *args: object, model: str = "m", terms: Terms = ANNE, **options: object) -> Reply:
        return await self.begin(*args, model=model, terms=terms, **options)


async def test_equal_call_is_answered_without_the_model_and_takes_no_tokens() -> None:
    ask = Asking()
    first = await ask("x", b=1, a={"k": Packed("float32", (1,), b"1234")})
    again = await ask("x", a={"k": Packed("float32", (1,), b"1234")}, b=1)
    assert (first.tokens, again.tokens, again.batch) == ((3, 1), (0, 0), None)
    assert again.value == first.value == ["x", 1]
    assert again.value is not first.value
    assert (ask.noted.hits, ask.noted.misses) == (1, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), (1.0,)),
        ((1,), (True,)),
        ((0.0,), (-0.0,)),
        (("1",), (b"1",)),
        ((["a"],), (("a",),)),
        ((["a", "b"],), (["ab"],)),
        (("a", "b"), (["a", "b"],)),
        (({"a": 1, "b": 2},), ({"b": 2, "a": 1},)),
        ((Packed("float32", (2,), b"12345678"),), (Packed("int64", (1,), b"12345678"),)),
    ],
    ids=repr,
)
async def test_calls_that_differ_only_in_type_or_order_are_two(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    ask = Asking()
    await ask(*one)
    await ask(*other)
    assert (ask.noted.hits, ask.noted.misses) == (0, 2)


async def test_tenant_never_gets_what_another_asked() -> None:
    ask = Asking()
    assert [(await ask("x", terms=terms)).value for terms in (ANNE, BEN, ANNE, BEN)] == [["x", 1], ["x", 2]] * 2


async def test_owner_who_shares_a_tenants_turn_does_not_get_what_that_asked() -> None:
    ask = Asking()
    owner, named = Terms(tenant="anne"), Terms(tenant="anne", whose="anne")
    assert [(await ask("x", terms=terms)).value for terms in (owner, named, owner)] == [["x", 1], ["x", 2], ["x", 1]]


async def test_failures_are_not_kept() -> None:
    ask = Asking()
    assert [(await ask("bad")).ok for _ in range(2)] == [False, False]
    assert ask.noted.misses == 2


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"temperature": 0.7}, 2),
        ({"temperature": [0]}, 2),
        ({"temperature": 0.7, "seed": None}, 2),
        ({"temperature": 0.7, "seed": 1}, 1),
        ({"temperature": 0}, 1),
        ({"temperature": None}, 1),
    ],
)
async def test_calls_that_draw_at_random_are_not_kept(options: dict[str, Any], asked: int) -> None:
    ask = Asking()
    await ask("x", **options)
    await ask("x", **options)
    assert ask.models.asked.total() == asked


async def test_models_that_did_not_ask_for_it_keep_nothing() -> None:
    ask = Asking()
    assert [(await ask("x", model="other")).value for _ in range(2)] == [["x", 1], ["x", 2]]
    assert (ask.noted.hits, ask.noted.misses, ask.noted.size) == (0, 0, 0)


async def test_version_that_is_meant_answers_and_nothing_of_another_is_kept() -> None:
    ask = Asking()
    await ask("x")
    ask.models.meant = "v2"
    assert (await ask("x")).value == ["x", 2]  # v1 answered, as v2 could not be loaded
    ask.models.loaded = "v2"
    assert [(await ask("x")).value for _ in range(2)] == [["x", 3]] * 2
    ask.models.meant = "v1"
    assert (await ask("x", model="m@old")).value == ["x", 1]


async def test_what_was_used_longest_ago_goes_when_the_cache_is_full() -> None:
    ask = Asking(capacity=8 * (OVERHEAD + 100))
    for number in range(20):
        await ask(number)
        await ask(0)
    assert ask.models.asked[repr(((0,), {}))] == 1
    assert ask.noted.size <= 8 * (OVERHEAD + 100)
    assert ask.noted.evicted
    await ask(1)
    assert ask.models.asked[repr(((1,), {}))] == 2
    size = ask.noted.size
    await ask("x" * 300)
    assert ask.noted.size == size  # it is over its share


async def test_equal_calls_under_way_are_one() -> None:
    ask = Asking()
    ask.models.gate.clear()
    asked = [ask.begin("x"), ask.begin("x"), ask.begin("x", terms=BEN)]
    await asyncio.sleep(0)
    ask.models.gate.set()
    assert [reply.value for reply in await asyncio.gather(*asked)] == [["x", 2], ["x", 2], ["x", 2]]
    assert [reply.tokens for reply in await asyncio.gather(*asked)] == [(3, 1), (0, 0), (3, 1)]
    assert ask.models.asked.total() == 2


async def test_call_asks_itself_when_the_one_that_it_waited_for_was_cancelled() -> None:
    ask = Asking()
    ask.models.gate.clear()
    first, *rest = (ask.begin("x") for _ in range(4))
    await asyncio.sleep(0)
    first.cancel()
    rest[0].cancel()
    await asyncio.sleep(0)
    ask.models.gate.set()
    assert [reply.tokens for reply in await asyncio.gather(*rest[1:])] == [(3, 1), (0, 0)]
    assert not ask.batcher.under_way()


@pytest.mark.parametrize("hurry", ["priority", "deadline"])
async def test_urgent_call_waits_for_no_other(hurry: str) -> None:
    terms = ANNE._replace(priority=PRIORITIES["interactive"]) if hurry == "priority" else ANNE.within(60)
    ask = Asking()
    ask.models.gate.clear()
    asked = [ask.begin("x"), ask.begin("x", terms=terms)]
    await asyncio.sleep(0)
    ask.models.gate.set()
    assert [reply.tokens for reply in await asyncio.gather(*asked)] == [(3, 1), (3, 1)]
