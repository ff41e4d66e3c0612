"""Calls that runs make early, with real workers and a real store."""

import asyncio
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio

from noodle_ray.core.lang import compile_source
from noodle_ray.core.runs.batcher import Answered, Call, EffectBatcher, Shape
from noodle_ray.core.runs.budgets import Allowance, Budget, Meter, Price, Spending, _most
from noodle_ray.core.runs.compiler import CompilerService
from noodle_ray.core.runs.continuation import read
from noodle_ray.core.runs.executor import Executor, Outcome, Program
from noodle_ray.core.runs.modules import ModuleStore
from noodle_ray.core.runs.replay import replay
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.runs.tools.spec import ToolSpec
from noodle_ray.core.sandbox.pool import WorkerPool
from noodle_ray.core.store.status import Status
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import CompileError
from tests.overlap.compare import answer
from tests.overlap.programs import BranchPrograms, BranchToolPrograms, Programs
from tests.runs.functions import CALLS
from tests.runs.places import Place, asked, crash, journaled, result, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
HEADER = "from noodle_ray import model, tool, ModelError\nm = model('m')\n"
BRANCH = HEADER + (
    "def main(q):\n"
    "    if m('kind ' + q) == 'a':\n"
    "        return m(f'one {q}')\n"
    "    print('other')\n"
    "    return m('two ' + q)\n"
)


class Held:
    """A model that answers what is let go, each call by itself. It remembers what was asked, and what stopped."""

    def __init__(self, free: bool = True, certain: bool = True) -> None:
        self._shape = Shape(1, 64, certain=certain, free=free)
        self.asked: list[str] = []
        self.open: list[str] = []
        self.stopped: list[str] = []
        self.held: set[str] = set()
        self.answers: dict[str, str] = {}
        self.failing: set[str] = set()
        self.changed = asyncio.Event()

    def shape(self, model: str) -> Shape:
        return self._shape

    async def infer(self, model: str, calls: list[Call]) -> Any:
        raise AssertionError("calls come with terms")

    async def ask(self, model: str, calls: list[Call], terms: Any) -> list[Answered]:
        ((args, _),) = calls
        text = str(args[0])
        self.asked.append(text)
        self.open.append(text)
        try:
            while text in self.held:
                await self.changed.wait()
        except asyncio.CancelledError:
            self.stopped.append(text)
            raise
        finally:
            self.open.remove(text)
        if text in self.failing:
            self.failing.discard(text)
            return [Answered(False, ("NOODLE-E0603", "not now"))]
        usage = {"usage": {"prompt_tokens": 10, "completion_tokens": 5}}
        return [Answered(True, self.answers.get(text, "a"), usage)]

    def hold(self, *texts: str) -> None:
        self.held.update(texts)

    def let_go(self, text: str, answer: str = "a") -> None:
        self.answers[text] = answer
        self.held.discard(text)
        self.changed.set()
        self.changed = asyncio.Event()


def put(place: Place, models: Any) -> Any:
    place.models = models
    place.executor.batcher = EffectBatcher(models)
    return models


@pytest_asyncio.fixture(loop_scope="module")
async def held(place: Place) -> Held:
    """A model that is free of side effects, and a tool."""
    place.executor.tools = ToolHost({"note": ToolSpec(python="tests.runs.functions:note")})
    place.executor.prices = {"m": Price(Decimal("0.001"))}
    found: Held = put(place, Held())
    return found


async def run(place: Place, source: str, *args: object, tenant: str = "", **budget: Any) -> Outcome:
    _, outcome = await place.executor.run(
        Program(source=source), args=list(args), budget=Budget(**budget), tenant=tenant
    )
    return outcome


async def beside(
    place: Place, source: str, condition: Callable[[], bool], then: Callable[[], None], **budget: Any
) -> Outcome:
    """Run a program, do something once this is so, and go on to its end."""
    running = asyncio.ensure_future(run(place, source, "q", **budget))
    await until(lambda: condition() or running.done())
    then()
    return await running


async def test_both_branches_are_under_way_while_the_condition_is(place: Place, held: Held) -> None:
    held.hold("kind q", "one q", "two q")
    running = asyncio.ensure_future(run(place, BRANCH, "q", speculate=8))
    await until(lambda: sorted(held.open) == ["kind q", "one q", "two q"])
    held.let_go("kind q", "b")
    await until(lambda: held.stopped == ["one q"])  # the branch that is not taken
    held.let_go("two q", "2")
    outcome = await running
    assert (outcome["result"], outcome["stdout"], outcome["error"]) == ("2", "other\n", None)
    assert (outcome["usage"]["model_calls"], outcome["usage"]["prompt_tokens"]) == (2, 20)
    told = outcome["usage"]["speculation"]
    assert (told["calls"], told["used"], told["wasted"], told["prompt_tokens"]) == (2, 1, 1, 0)
    assert held.asked == ["kind q", "one q", "two q"]


async def test_nothing_is_made_early_unless_it_is_wanted_and_the_model_is_marked(place: Place, held: Held) -> None:
    for budget, models in (({}, Held()), ({"speculate": 0}, Held()), ({"speculate": 8}, Held(free=False))):
        put(place, models)
        models.hold("kind q")
        outcome = await beside(
            place, BRANCH, lambda m=models: bool(m.open), lambda m=models: m.let_go("kind q", "b"), **budget
        )
        assert (outcome["result"], models.asked) == ("a", ["kind q", "two q"])
        assert "speculation" not in outcome["usage"]


async def test_run_makes_so_many_calls_early(place: Place, held: Held) -> None:
    held.hold("kind q")
    outcome = await beside(place, BRANCH, lambda: len(held.asked) == 2, lambda: held.let_go("kind q", "b"), speculate=1)
    assert (outcome["result"], held.asked) == ("a", ["kind q", "one q", "two q"])
    assert outcome["usage"]["speculation"]["used"] == 0


async def test_what_an_answer_took_that_nobody_wanted_is_told_beside(place: Place, held: Held) -> None:
    held.hold("kind q")

    def answered() -> bool:
        return len(held.asked) == 3 and held.open == ["kind q"]

    outcome = await beside(place, BRANCH, answered, lambda: held.let_go("kind q", "b"), speculate=8)
    usage = outcome["usage"]
    assert usage["speculation"] == {
        "calls": 2, "used": 1, "wasted": 1, "prompt_tokens": 10, "completion_tokens": 5, "cost": 0.001
    }  # fmt: skip
    assert (usage["model_calls"], usage["prompt_tokens"], usage["cost"]) == (2, 20, 0.002)


async def test_call_that_failed_early_is_made_again(place: Place, held: Held) -> None:
    held.hold("kind q")
    held.failing = {"one q", "two q"}
    outcome = await beside(place, BRANCH, lambda: len(held.asked) == 3, lambda: held.let_go("kind q"), speculate=8)
    assert (outcome["result"], outcome["error"]) == ("a", None)
    assert held.asked == ["kind q", "one q", "two q", "one q"]


async def test_calls_for_each_of_a_list_are_under_way_while_the_condition_is(place: Place, held: Held) -> None:
    held.hold("c", "q1", "q2")
    source = HEADER + "def main(q):\n    xs = ['1', '2']\n    return [m(q + x) for x in xs] if m('c') == 'a' else xs\n"
    running = asyncio.ensure_future(run(place, source, "q", speculate=8))
    await until(lambda: held.open == ["c", "q1", "q2"])
    for text, answer_ in (("q1", "one"), ("q2", "two"), ("c", "a")):
        held.let_go(text, answer_)
    outcome = await running
    assert (outcome["result"], held.asked) == (["one", "two"], ["c", "q1", "q2"])
    assert outcome["usage"]["speculation"]["used"] == 2


async def test_answer_that_was_drawn_early_is_taken_once(place: Place, held: Held) -> None:
    models = put(place, Held(certain=False))
    models.hold("c")
    source = HEADER + "def main(q):\n    if m('c') == 'a':\n        return [m('x'), m('x')]\n"
    outcome = await beside(place, source, lambda: len(models.asked) == 2, lambda: models.let_go("c"), speculate=8)
    assert (outcome["result"], models.asked) == (["a", "a"], ["c", "x", "x"])


TIGHT = [
    ({"model_calls": 2}, 2),
    ({"model_calls": 3}, 3),
    ({"tokens": 31}, 1),
    ({"cost": 0.0015}, 1),
    ({"cost": 0.002}, 2),
    ({"model_calls": 100, "tokens": 100_000, "cost": 1.0}, 3),
]
"""Budgets that are just enough for BRANCH, and how many calls are under way at once then, at most."""


@pytest.mark.parametrize(("budget", "most"), TIGHT)
async def test_budget_that_was_enough_is_enough(place: Place, held: Held, budget: dict[str, float], most: int) -> None:
    held.hold("kind q")
    plain = await beside(place, BRANCH, lambda: bool(held.open), lambda: held.let_go("kind q", "b"), **budget)
    models = put(place, Held())
    models.hold("kind q", "one q", "two q")
    seen: list[int] = []

    def go_on() -> None:
        seen.append(len(models.open))
        models.let_go("one q")
        models.let_go("two q")
        models.let_go("kind q", "b")

    early = await beside(place, BRANCH, lambda: len(models.open) == most, go_on, speculate=8, **budget)
    assert seen == [most]
    assert plain["error"] is early["error"] is None
    assert plain["result"] == early["result"]
    for name in ("model_calls", "prompt_tokens", "completion_tokens", "cost", "fuel"):
        assert plain["usage"][name] == early["usage"][name]


@pytest.mark.parametrize("most", [0, -1, True, 1 << 53, 1 << 90])
async def test_number_of_tokens_that_no_answer_has_is_not_counted_with(most: int) -> None:
    """A number without bound would be multiplied with a price, in the loop that all runs share."""
    request = EffectRequest("k", "m", ("a",), {"max_tokens": most})
    usual = EffectRequest("k", "m", ("a",), {"max_tokens": 256})
    room = sum(_most(usual))
    meter = Meter(Budget(tokens=room, speculate=1), {"m": Price(Decimal(1), Decimal(1), Decimal(1))})
    assert _most(request) == _most(usual)
    assert meter.may_guess(request)
    assert await meter.admit(request)
    assert not meter.may_guess(request)


async def test_budget_that_ends_a_run_ends_it_at_the_same_call(place: Place, held: Held) -> None:
    outcome = await run(place, BRANCH, "q", speculate=8, model_calls=1)
    assert outcome["error"] is not None
    assert (outcome["error"]["code"], outcome["usage"]["model_calls"], held.asked) == ("NOODLE-E0522", 1, ["kind q"])


async def test_who_spends_with_others_makes_no_call_early(place: Place, held: Held) -> None:
    async def store() -> Any:
        return place.store

    place.executor.spending = Spending({"rich": Allowance(Budget(tokens=10_000))}, {}, store, lambda: 0.0)
    held.hold("kind q")
    outcome = await beside(
        place, BRANCH, lambda: bool(held.open), lambda: held.let_go("kind q", "b"), tenant="rich", speculate=8
    )
    assert (outcome["result"], held.asked) == ("a", ["kind q", "two q"])


async def test_tools_are_never_called_early(place: Place, held: Held) -> None:
    CALLS.clear()
    source = HEADER + (
        "note = tool('note')\ndef main(q):\n    if m('c') == 'a':\n        return m('x')\n    note('never')\n"
    )
    held.hold("c")
    outcome = await beside(place, source, lambda: len(held.asked) == 2, lambda: held.let_go("c"), speculate=8)
    assert (outcome["result"], CALLS) == ("a", [])


async def test_durable_run_journals_what_it_asked_for_and_nothing_else(place: Place, held: Held) -> None:
    held.hold("kind q")
    async with place.node() as node:
        stored, _ = await node.submit(asked(BRANCH, "q", budget={"speculate": 8}))
        await until(lambda: len(held.asked) == 3)
        held.let_go("kind q", "b")
        ended = await node.wait(stored.id, timeout=20)
    assert result(ended) == ["a", "other\n"]
    assert ended.usage is not None
    assert ended.usage["speculation"]["wasted"] == 1
    assert [entry.key for entry in await place.store.journal(stored.id)] == ["/1", "/2"]
    report = await replay(place.store, place.executor, stored.id)
    assert report.same, report
    assert len(held.asked) == 3


async def test_run_that_goes_on_elsewhere_makes_no_call_early_that_it_has_the_answer_of(
    place: Place, held: Held
) -> None:
    source = BRANCH.replace(
        "return m('two ' + q)", "y = m('two ' + q)\n    return m('last') if m('more') == 'a' else y"
    )
    held.hold("kind q", "more")
    first = place.node()
    await first.__aenter__()
    stored, _ = await first.submit(asked(source, "q", budget={"speculate": 8}))
    await until(lambda: len(held.asked) == 5)
    held.let_go("kind q", "b")
    await journaled(place, stored.id, 2)
    assert held.asked == ["kind q", "one q", "two q", "more", "last"]
    crash(first)
    held.asked.clear()
    async with place.node() as second:
        await until(lambda: "more" in held.asked)
        held.let_go("more")
        ended = await second.wait(stored.id, timeout=20)
    assert ended.status is Status.SUCCEEDED
    assert set(held.asked) <= {"more", "last"}  # neither branch of what is known
    assert (await replay(place.store, place.executor, stored.id)).same


async def test_run_that_leaves_its_worker_keeps_what_was_made_early(tmp_path: Path) -> None:
    held = Held()
    held.hold("kind q", "one q", "two q")
    async with WorkerPool(min_size=1, max_size=1) as pool:
        executor = Executor(pool, CompilerService(ModuleStore(tmp_path)), held)
        running = asyncio.ensure_future(
            executor.run(Program(source=BRANCH), args=["q"], budget=Budget(speculate=8), limits=Limits(deadline=60.0))
        )
        await until(lambda: len(held.open) == 3)
        _, other = await executor.run(Program(source="6 * 7"))  # which gets the only worker
        held.let_go("kind q", "b")
        await until(lambda: held.stopped == ["one q"])
        held.let_go("two q", "2")
        _, outcome = await running
    assert (other["result"], outcome["result"], outcome["error"]) == (42, "2", None)
    assert held.asked == ["kind q", "one q", "two q"]
    assert outcome["usage"]["speculation"]["used"] == 1


class Shuffled:
    """Answers each call when its turn in a random order comes."""

    def __init__(self, seed: int, free: bool) -> None:
        self._random = Random(seed)
        self._shape = Shape(1, 64, certain=True, free=free)
        self.calls = 0

    def shape(self, model: str) -> Shape:
        return self._shape

    async def infer(self, model: str, calls: list[Call]) -> Any:
        raise AssertionError("calls come with terms")

    async def ask(self, model: str, calls: list[Call], terms: Any) -> list[Answered]:
        self.calls += 1
        for _ in range(self._random.randrange(8)):
            await asyncio.sleep(0)
        texts = [str(args[0]) for args, _ in calls]
        found: Sequence[str | None] = [answer(text) for text in texts]
        return [
            Answered(True, value) if value is not None else Answered(False, ("NOODLE-E0603", f"refused {text}"))
            for text, value in zip(texts, found, strict=True)
        ]


def _seen(outcome: Outcome) -> tuple[object, ...]:
    error = outcome["error"] and {**outcome["error"], "traceback": [f["line"] for f in outcome["error"]["traceback"]]}
    usage = outcome["usage"]
    return (
        *(repr(outcome["result"]), outcome["stdout"], error, usage["fuel"], usage["model_calls"]),
        [(event["key"], event["model"]) for event in sorted(outcome["events"], key=lambda event: event["key"])],
    )


@pytest.mark.parametrize("kind", [BranchPrograms, BranchToolPrograms])
async def test_random_programs_do_the_same_with_and_without(place: Place, held: Held, kind: type[Programs]) -> None:
    place.executor.tools = ToolHost({"t": ToolSpec(python="tests.runs.functions:number")})
    used = ran = 0
    for seed in range(40):
        source = kind(seed).program()
        try:
            compile_source(source)
        except CompileError:
            continue
        told = []
        for speculate in (None, 64):
            CALLS.clear()
            put(place, Shuffled(seed, free=True))
            outcome = await run(place, source, speculate=speculate)
            told.append((_seen(outcome), list(CALLS)))
            used += outcome["usage"].get("speculation", {}).get("used", 0)
        assert told[0] == told[1], source
        ran += 1
    assert ran > 15
    assert used > 10


async def test_run_that_is_resumed_makes_no_call_early(place: Place, held: Held) -> None:
    source = BRANCH.replace("    if m(", "    for _ in range(1000):\n        pass\n    if m(", 1)
    _, stopped = await place.executor.run(
        Program(source=source), args=["q"], budget=Budget(speculate=1 << 60), limits=Limits(fuel=500)
    )
    going_on = read(stopped["continuation"]).with_fuel(100_000)
    assert going_on.budget.speculate == 1 << 60
    held.hold("kind q")
    resumed = asyncio.ensure_future(place.executor.resume(going_on))
    await until(lambda: bool(held.open))
    held.let_go("kind q", "b")
    _, ended = await resumed
    assert (ended["result"], held.asked) == ("a", ["kind q", "two q"])
    assert "speculation" not in ended["usage"]
