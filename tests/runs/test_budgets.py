"""Budgets of runs and allowances of tenants, with real workers and a real store."""

import asyncio
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from noodle_ray.core.runs.batcher import Call, EffectBatcher
from noodle_ray.core.runs.budget_file import load_budgets
from noodle_ray.core.runs.budgets import Allowance, Budget, Meter, Price, Spending, Tokens
from noodle_ray.core.runs.executor import Outcome, Program
from noodle_ray.core.runs.quotas import Quota
from noodle_ray.core.runs.replay import replay
from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.runs.tools.spec import ToolSpec
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.records import Bounds, Filter, Spent
from noodle_ray.core.store.spending import forget
from noodle_ray.core.store.status import Status
from noodle_ray.core.store.store import Store
from noodle_ray.core.vm.host import EffectRequest
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import UsageError
from tests.runs.places import Place, asked, result

pytestmark = pytest.mark.asyncio(loop_scope="module")
PRICES = {"m": Price(Decimal("0.001"), Decimal(2), Decimal(10)), "tool:note": Price(Decimal("0.5"))}
HEADER = "from noodle_ray import model, tool, ModelError\nm = model('m')\n"
MANY = HEADER + "def main(n):\n    print('begun')\n    return [m('x' * 10, max_tokens=20) for _ in range(n)]\n"
CHAIN = HEADER + "def main():\n    x = 'x'\n    for _ in range(9):\n        x = m(x)\n"
STUBBORN = HEADER + (
    "def main():\n    told = []\n    while True:\n        try:\n            told.append(m('x'))\n"
    "        except BaseException as e:\n            print('caught', e)\n"
    "        finally:\n            print(len(told))\n"
)


class Metered:
    """A model whose calls take 10 tokens of prompt and 5 of completion, or as many as they say. It remembers how many
    were under way at the same time."""

    def __init__(self) -> None:
        self.calls = self.open = self.most = 0
        self.prompt = 10

    async def infer(self, model: str, calls: list[Call]) -> list[tuple[bool, object, tuple[int, int]]]:
        self.calls += len(calls)
        self.open += len(calls)
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.001)
        self.open -= len(calls)
        return [(True, "y", (self.prompt, kwargs.get("tokens", 5))) for _, kwargs in calls]  # type: ignore[misc]


@pytest_asyncio.fixture(loop_scope="module")
async def metered(place: Place) -> Place:
    """A place with prices."""
    place.models = Metered()  # type: ignore[assignment]
    place.executor.batcher = EffectBatcher(place.models)
    place.executor.prices = PRICES
    place.executor.tools = ToolHost({"note": ToolSpec(python="tests.runs.functions:note")})
    return place


async def run(place: Place, source: str, *args: object, tenant: str = "", **budget: Any) -> Outcome:
    _, outcome = await place.executor.run(
        Program(source=source), args=list(args), budget=Budget(**budget), tenant=tenant
    )
    return outcome


async def test_usage_of_an_unbounded_run_is_exact(metered: Place) -> None:
    outcome = await run(metered, MANY, 7)
    usage = outcome["usage"]
    assert (usage["model_calls"], usage["prompt_tokens"], usage["completion_tokens"]) == (7, 70, 35)
    assert usage["cost"] == pytest.approx(7 * (0.001 + 20e-6 + 50e-6), abs=1e-12)


@pytest.mark.parametrize(
    ("budget", "calls"),
    [
        ({"model_calls": 5}, 5),
        ({"model_calls": 0}, 0),
        ({"tokens": 15 * 5}, 5),
        ({"tokens": 15 * 5 + 1}, 6),  # the last one exceeds it
        ({"cost": 0.00107 * 4}, 4),
        ({"cost": 0.0}, 0),
    ],
)
async def test_parallel_branches_stop_where_one_after_the_other_would(
    metered: Place, budget: dict[str, float], calls: int
) -> None:
    outcome = await run(metered, MANY, 50, **budget)
    assert outcome["error"] is not None
    assert (outcome["error"]["code"], outcome["stdout"], metered.models.calls) == ("NOODLE-E0522", "begun\n", calls)  # type: ignore[attr-defined]
    assert outcome["usage"].get("prompt_tokens", 0) == 10 * calls
    assert outcome["usage"]["model_calls"] == calls


async def test_calls_overlap_as_far_as_the_budget_is_sure_to_have_room(metered: Place) -> None:
    outcome = await run(metered, MANY, 8, tokens=100_000)
    assert outcome["error"] is None
    assert metered.models.most == 8  # type: ignore[attr-defined]
    metered.models.most = 0  # type: ignore[attr-defined]
    await run(metered, MANY, 8, tokens=250)  # of which one call may take 94
    assert metered.models.most == 2  # type: ignore[attr-defined]


async def test_program_cannot_catch_it(metered: Place) -> None:
    outcome = await run(metered, STUBBORN, model_calls=3)
    assert outcome["error"] is not None
    assert (outcome["error"]["code"], outcome["error"]["type"]) == ("NOODLE-E0522", "LimitExceeded")
    assert outcome["stdout"] == "1\n2\n3\n"
    assert outcome["usage"]["model_calls"] == 3  # the fourth was asked for, and not made
    assert metered.models.calls == 3  # type: ignore[attr-defined]


async def test_calls_without_tokens_cost_what_a_call_does(metered: Place) -> None:
    source = MANY.replace("max_tokens=20", "tokens=0")
    metered.models.prompt = 0  # type: ignore[attr-defined]
    outcome = await run(metered, source, 9, tokens=1, cost=0.0035)
    assert (outcome["error"]["code"], metered.models.calls) == ("NOODLE-E0522", 4)  # type: ignore[index, attr-defined]
    assert "prompt_tokens" not in outcome["usage"]
    assert outcome["usage"]["cost"] == 0.004


async def test_tools_have_a_budget_of_their_own_and_cost(metered: Place) -> None:
    source = HEADER + "note = tool('note')\ndef main():\n    m('x')\n    return [note(x) for x in 'abc']\n"
    outcome = await run(metered, source, tool_calls=2, model_calls=1)
    assert outcome["error"] is not None
    assert (outcome["error"]["code"], outcome["usage"]["cost"]) == ("NOODLE-E0522", 1.00107)
    outcome = await run(metered, source, cost=0.6)
    assert (outcome["error"] or {})["code"] == "NOODLE-E0522"
    assert (outcome["usage"]["tool_calls"], outcome["usage"]["cost"]) == (2, 1.00107)  # the third was refused
    assert (await run(metered, source, tool_calls=3))["error"] is None


async def test_durable_run_counts_what_its_journal_has_and_goes_on_with_more(metered: Place) -> None:
    async with metered.node() as runs:
        first, _ = await runs.submit(asked(MANY, 6, budget={"tokens": 45}))
        ended = await runs.wait(first.id, 20)
        assert (ended.status, (ended.error or {})["code"]) == (Status.FAILED, "NOODLE-E0522")
        assert [(entry.prompt_tokens, entry.completion_tokens) for entry in await metered.store.journal(first.id)] == [
            (10, 5),
        ] * 3  # fmt: skip
        await runs.retry(first.id, budget={"tokens": 75})
        ended = await runs.wait(first.id, 20)
        assert (ended.error or {})["code"] == "NOODLE-E0522"
        assert metered.models.calls == 5  # type: ignore[attr-defined]
        await runs.retry(first.id, budget={})
        ended = await runs.wait(first.id, 20)
    assert (result(ended)[0], metered.models.calls) == (["y"] * 6, 6)  # type: ignore[attr-defined]
    assert ended.usage is not None
    assert (ended.usage["prompt_tokens"], ended.usage["completion_tokens"]) == (60, 30)
    assert (await replay(metered.store, metered.executor, first.id)).same


async def test_run_without_a_budget_of_its_own_has_that_of_the_platform(metered: Place) -> None:
    metered.executor.most = Budget(model_calls=2, tokens=1000)
    async with metered.node() as runs:
        first, _ = await runs.submit(asked(MANY, 5))
        other, _ = await runs.submit(asked(MANY, 5, budget={"model_calls": 4}))
        ended = [await runs.wait(run.id, 20) for run in (first, other)]
    assert [(run.error or {})["code"] for run in ended] == ["NOODLE-E0522"] * 2
    assert metered.models.calls == 6  # type: ignore[attr-defined]


async def test_run_that_a_program_starts_has_the_budget_of_its_caller(metered: Place) -> None:
    other = asked(MANY)
    await metered.store.publish("t", "many", other.digest, other.nbc, 1000.0)
    source = "from noodle_ray import run_program\ndef main():\n    return run_program('many', 5)\n"
    async with metered.node() as runs:
        run, _ = await runs.submit(asked(source, budget={"model_calls": 3}))
        ended = await runs.wait(run.id, 20)
    assert ended.status is Status.FAILED
    assert "budget" in (ended.error or {})["message"]
    assert metered.models.calls == 3  # type: ignore[attr-defined]


async def test_tenants_share_what_they_may_spend_among_runs_and_nodes(metered: Place, tmp_path: Path) -> None:
    async def store() -> Store:
        return metered.store

    now = [1_000_000_000.0]
    allowances = {"a": Allowance(Budget(model_calls=10), "day"), "*": Allowance(Budget(cost=0.003), "ever")}
    spending = Spending(allowances, PRICES, store, lambda: now[0])
    other = Spending(allowances, PRICES, store, lambda: now[0])  # as another node has it
    metered.executor.spending = spending
    outcomes = await asyncio.gather(*[run(metered, MANY, 4, tenant="a") for _ in range(5)])
    codes = [outcome["error"] and outcome["error"]["code"] for outcome in outcomes]
    assert metered.models.calls == 10  # type: ignore[attr-defined]
    assert sum(outcome["usage"]["model_calls"] for outcome in outcomes) == 10
    assert set(codes) <= {None, "NOODLE-E0524"}
    assert codes.count("NOODLE-E0524") >= 3
    report = await other.report("a")
    assert (report["since"], report["budget"]) == ("2001-09-09", {"model_calls": 10})
    assert report["spent"]["model_calls"] == 10
    assert not await other.admit("a", "m")
    now[0] += 86_400
    assert await other.admit("a", "m")
    outcome = await run(metered, CHAIN, tenant="b")
    assert outcome["error"]["code"] == "NOODLE-E0524"  # type: ignore[index]
    assert (await other.report("c"))["spent"] == {"model_calls": 0, "tool_calls": 0, "tokens": 0, "cost": 0.0}
    assert (await other.report("b"))["spent"]["model_calls"] == 3
    metered.executor.spending = Spending({}, PRICES, store, lambda: now[0])
    assert (await metered.executor.spending.report("b"))["window"] is None


async def test_tool_that_was_called_has_its_answer_although_its_cost_cannot_be_counted(
    metered: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def store() -> Store:
        return metered.store

    async def spend(*args: Any) -> Spent:
        if args[3] is None:  # the settling
            raise StoreUnavailable("gone")
        return Spent()

    monkeypatch.setattr("noodle_ray.core.runs.budgets._PATIENCE", ())
    monkeypatch.setattr(metered.store, "spend", spend)
    metered.executor.spending = Spending({"*": Allowance(Budget(cost=9.0))}, PRICES, store, lambda: 0.0)
    source = "from noodle_ray import tool\ndef main():\n    return tool('note')('paid')\n"
    outcome = await run(metered, source)
    assert (outcome["error"], outcome["usage"]["cost"]) == (None, 0.5)


async def test_spending_is_exact_when_many_add_at_once(metered: Place) -> None:
    await asyncio.gather(*[metered.store.spend("t", "ever", Spent(1, 0, 7, 11)) for _ in range(40)])
    assert await metered.store.spent("t", "ever") == Spent(40, 0, 280, 440)


async def test_prices_are_rounded_to_a_billionth_for_each_call() -> None:
    price = Price(prompt=Decimal("0.0005"), completion=Decimal(3))
    assert [price.nanos(Tokens(n, 0)) for n in (1, 2, 3)] == [0, 1, 2]  # 0.5, 1, 1.5: to the even one
    assert price.nanos(Tokens(0, 7)) == 21_000
    meter = Meter(Budget(), {"org/m": price})
    meter.count(EffectRequest("/1", "org/m@prod", (), {}), Tokens(0, 1_000_000))
    assert meter.usage()["cost"] == 3.0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("run: {calls: 1}", "calls"),
        ("run: {cost: -1}", "greater than"),
        ("run: {tokens: 1.5}", "integer"),
        ("prices: {m: {prompt: .nan}}", "finite"),
        ("prices: {m: {prompt: 0.0000000001}}", "decimal places"),
        ("tenants: {a: {fuel: 1.5}}", "integer"),
        ("tenants: {a: {memory: 0}}", "greater than"),
        ("tenants: {a: {deadline: .inf}}", "finite"),
        ("run: {fuel: 5}", "fuel"),
        ("tenants: {a: {window: week}}", "'day', 'month' or 'ever'"),
        ("- 1", "dictionary"),
    ],
)
async def test_bad_file_of_budgets_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "budgets.yaml").write_text(text)
    with pytest.raises(UsageError) as wrong:
        load_budgets(str(tmp_path / "budgets.yaml"))
    assert (wrong.value.code, told in wrong.value.message) == ("NOODLE-E0934", True), wrong.value.message


async def test_file_of_budgets_is_read(tmp_path: Path) -> None:
    text = "prices: {m: {prompt: 0.15, call: 0.1}}\nrun: {tokens: 5}\ntenants: {'': {window: month, cost: 2.5}}\n"
    (tmp_path / "budgets.yaml").write_text(text)
    found = load_budgets(str(tmp_path / "budgets.yaml"))
    assert found.prices == {"m": Price(Decimal("0.1"), Decimal("0.15"))}
    assert (found.run, found.tenants) == (Budget(tokens=5), {"": Allowance(Budget(cost=2.5), "month")})
    assert (found.quotas, load_budgets("").run) == ({"": Quota()}, Budget())
    (tmp_path / "budgets.yaml").write_text("tenants: {'*': {versions: 5, watches: 0}, a: {schedules: 1, cost: 1}}")
    found = load_budgets(str(tmp_path / "budgets.yaml"))
    assert found.tenants == {"a": Allowance(Budget(cost=1))}
    assert found.quotas == {"*": Quota(5, 1000, 0), "a": Quota(10_000, 1)}
    (tmp_path / "budgets.yaml").write_text("tenants: {'*': {memory: 5, deadline: 0.5}, a: {fuel: 7, window: ever}}")
    found = load_budgets(str(tmp_path / "budgets.yaml"))
    assert found.tenants == {"a": Allowance(Budget(), "ever", 7)}
    assert found.quotas == {"*": Quota(memory=5, deadline=0.5), "a": Quota()}


FAMILY = (
    "from concurrent.futures import ThreadPoolExecutor\nfrom noodle_ray import model, run_program\nm = model('m')\n"
    "def main(runs, calls):\n    own = m('x')\n    with ThreadPoolExecutor(8) as pool:\n"
    "        told = list(pool.map(lambda _: ask(calls), range(runs)))\n    return told\n"
    "def ask(calls):\n    try:\n        return len(run_program('many', calls))\n"
    "    except RuntimeError as e:\n        return str(e)[-14:]\n"
)


async def publish(place: Place, name: str, source: str) -> None:
    other = asked(source)
    await place.store.publish("t", name, other.digest, other.nbc, 1000.0)


@pytest.mark.parametrize(
    ("budget", "made"),
    [({"model_calls": 14}, 14), ({"model_calls": 25}, 25), ({}, 25), ({"tokens": 15 * 25 + 1}, 25)],
)
async def test_runs_that_a_run_starts_at_once_share_its_budget_to_the_last_call(
    metered: Place, budget: dict[str, float], made: int
) -> None:
    await publish(metered, "many", MANY)
    async with metered.node(lease_seconds=9.0) as runs, metered.node(lease_seconds=9.0):
        run, _ = await runs.submit(asked(FAMILY, 4, 6, budget=budget))
        ended = await runs.wait(run.id, 20)
    told = result(ended)[0]
    assert metered.models.calls == made  # type: ignore[attr-defined]
    assert (told.count("[NOODLE-E0522]") > 0) == (made < 25)
    usage = ended.usage or {}
    assert (usage["model_calls"], usage["prompt_tokens"]) == (1, 10)
    children = usage["children"]
    assert (children["runs"], children["prompt_tokens"], children["completion_tokens"]) == (
        4, 10 * (made - 1), 5 * (made - 1),
    )  # fmt: skip
    assert children["model_calls"] == made - 1
    assert (await metered.store.versions("t", "many"))[0].model_calls == made - 1
    assert children["cost"] == pytest.approx(0.00107 * (made - 1), abs=1e-9)


async def test_run_that_was_started_goes_on_with_what_its_family_gets_more(metered: Place) -> None:
    await publish(metered, "many", MANY)
    source = "from noodle_ray import run_program\ndef main():\n    return len(run_program('many', 5))\n"
    await publish(metered, "between", source)
    source = "from noodle_ray import run_program\ndef main():\n    return run_program('between')\n"
    async with metered.node() as runs:
        run, _ = await runs.submit(asked(source, budget={"tokens": 30}))
        assert (await runs.wait(run.id, 20)).status is Status.FAILED
        assert metered.models.calls == 2  # type: ignore[attr-defined]
        await runs.retry(run.id, budget={"tokens": 75})
        ended = await runs.wait(run.id, 20)
    assert (result(ended)[0], metered.models.calls) == (5, 5)  # type: ignore[attr-defined]
    assert (ended.usage or {})["children"] | {"fuel": 0} == {
        "runs": 2, "fuel": 0, "model_calls": 5, "prompt_tokens": 50, "completion_tokens": 25, "cost": 0.00535,
    }  # fmt: skip


async def test_call_whose_answer_was_lost_is_made_again_on_what_was_granted(metered: Place) -> None:
    bounds = Bounds(5, None, 100, None)
    share = partial(metered.store.share, "t", "0" * 32)
    assert await share("1" * 32, Spent(), (3, 0), bounds) == (3, 0, Spent(3))
    assert await share("1" * 32, Spent(), (3, 0), bounds) == (3, 0, Spent(3))  # asked again, or by who came after
    assert await share("2" * 32, Spent(), (9, 2), bounds) == (2, 2, Spent(5, 2))
    assert await share("1" * 32, Spent(2, 0, 30), (2, 0), bounds) == (1, 0, Spent(5, 2, 30))
    assert await share("2" * 32, Spent(2, 2, 70), (0, 1), bounds) == (0, 0, Spent(5, 2, 100))
    assert await metered.store.spent("t", "run " + "0" * 32) == Spent(5, 2, 100)
    await metered.store.writer.write(lambda connection: forget(connection, ["0" * 32]))
    assert await metered.store.spent("t", "run " + "0" * 32) == Spent()


BURN = "def main(n):\n    x = 0\n    for i in range(n):\n        x = (x + len(str(i))) % 7\n    return x\n"
BURNERS = (
    "from concurrent.futures import ThreadPoolExecutor\nfrom noodle_ray import run_program\n"
    "def main(amounts):\n    with ThreadPoolExecutor(8) as pool:\n        told = list(pool.map(ask, amounts))\n"
    "    for amount in amounts:\n        told.append(ask(amount))\n    return told\n"
    "def ask(amount):\n    try:\n        run_program('burn', amount)\n        return ''\n"
    "    except RuntimeError as e:\n        return str(e)[-13:-1]\n"
)


async def test_runs_that_a_run_starts_use_its_fuel_and_no_more(metered: Place) -> None:
    await publish(metered, "burn", BURN)
    async with metered.node(lease_seconds=9.0) as runs, metered.node(lease_seconds=9.0):
        free, _ = await runs.submit(asked(BURNERS, [1000] * 3))
        free_usage = (await runs.wait(free.id, 20)).usage or {}
        limits = Limits(fuel=8 * (free_usage["children"]["fuel"] + free_usage["fuel"]))
        run, _ = await runs.submit(asked(BURNERS, [1000] * 3, limits=limits))
        enough = await runs.wait(run.id, 20)
        other, _ = await runs.submit(asked(BURNERS, [10**9] * 3, limits=limits))
        ended = await runs.wait(other.id, 20)
        found = [each.limits["fuel"] for each in await metered.store.page(Filter(program="burn"), limit=12)]
    assert result(enough)[0] == [""] * 6
    assert (enough.usage or {})["children"] == free_usage["children"]
    assert set(result(ended)[0]) == {"NOODLE-E0401"}
    usage = ended.usage or {}
    assert usage["children"]["runs"] == 6
    assert limits.fuel / 2 < usage["children"]["fuel"] <= limits.fuel - usage["fuel"]
    assert usage["children"]["fuel"] == sum(found[:6])


async def test_run_that_ran_out_of_its_callers_fuel_gets_more_when_the_caller_does(metered: Place) -> None:
    await publish(metered, "burn", BURN)
    source = "from noodle_ray import run_program\ndef main(n):\n    return run_program('burn', n)\n"
    async with metered.node(lease_seconds=9.0) as runs:
        run, _ = await runs.submit(asked(source, 1000, limits=Limits(fuel=20_000)))
        assert "NOODLE-E0401" in ((await runs.wait(run.id, 20)).error or {})["message"]
        await runs.retry(run.id, limits=Limits(fuel=20_000_000))
        ended = await runs.wait(run.id, 20)
    assert result(ended)[0] == sum(len(str(i)) for i in range(1000)) % 7
    assert (await replay(metered.store, metered.executor, run.id)).same


async def test_nobody_speculates_who_does_not_ask_for_it() -> None:
    platform = Budget(10, speculate=4)
    assert Budget().within(platform) == Budget().bounded_by(platform) == Budget(10)
    assert Budget(speculate=9).bounded_by(platform) == Budget(10, speculate=4)
    assert Budget(speculate=2).within(platform) == Budget(10, speculate=2)
    assert not Budget(speculate=2).bounded
