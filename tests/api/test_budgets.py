"""Budgets over HTTP: of runs, and what a tenant may spend."""

from decimal import Decimal

import pytest

from noodle_ray.core.runs.budgets import Allowance, Budget, Price, Spending
from noodle_ray.core.runs.quotas import Quota, Quotas
from tests.api.conftest import Api
from tests.api.test_durable import LENGTHS, ended, get, start

WORDS = [["a", "bc", "def", "g"]]


async def test_run_ends_with_its_budget_and_is_retried_with_more(api: Api) -> None:
    reply = await api.run(LENGTHS, args=WORDS, budget={"model_calls": 3})
    assert reply["error"]["code"] == "NOODLE-E0522"  # type: ignore[index]
    assert sum(api.models.batches) == 3
    run = await start(api, LENGTHS, args=WORDS, budget={"model_calls": 2, "tokens": 9})
    found = await ended(api, run["id"])
    assert (found["status"], found["error"]["code"], found["budget"]) == (
        "failed", "NOODLE-E0522", {"model_calls": 2, "tokens": 9},
    )  # fmt: skip
    again = await api.post(f"/v1/runs/{run['id']}/retry", {"budget": {"model_calls": 4}})
    assert again.json()["budget"] == {"model_calls": 4}
    found = await ended(api, run["id"])
    assert (found["status"], found["result"], sum(api.models.batches)) == ("succeeded", [1, 2, 3, 1], 7)


async def test_platform_has_a_budget_for_runs_that_have_none_and_the_most(api: Api) -> None:
    api.services.executor.most = Budget(model_calls=3)
    assert (await api.run(LENGTHS, args=WORDS))["error"]["code"] == "NOODLE-E0522"  # type: ignore[index]
    for path in ("/v1/run", "/v1/runs"):
        refused = await api.post(path, {"source": LENGTHS, "args": WORDS, "budget": {"model_calls": 4}})
        assert (refused.status_code, refused.json()["code"]) == (422, "NOODLE-E0703")
        assert refused.json()["detail"] == "budget.model_calls: at most 3 on this platform"
    assert (await start(api, "1"))["budget"] == {"model_calls": 3}


async def test_run_makes_calls_early_only_if_it_asks_for_it_and_no_more_than_the_platform_allows(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.services.executor.most = Budget(speculate=3)
    assert (await start(api, "1"))["budget"] is None
    assert (await start(api, "2", budget={"speculate": 2}))["budget"] == {"speculate": 2}
    refused = await api.post("/v1/run", {"source": "1", "budget": {"speculate": 4}})
    assert refused.json()["detail"] == "budget.speculate: at most 3 on this platform"
    monkeypatch.setattr(api.services.executor.batcher, "free", lambda model: True)
    source = (
        "from noodle_ray import model\nlength = model('length')\n"
        "def f(q):\n    return length(q + 'a') if length(q) > 5 else length(q + 'bc')\nf('x')\n"
    )
    plain = await api.run(source)
    early = await api.run(source, budget={"speculate": 2})
    assert plain["result"] == early["result"] == 3
    assert "speculation" not in plain["usage"]  # type: ignore[operator]
    told = early["usage"]["speculation"]  # type: ignore[index]
    assert told["used"] == 1


async def test_tenant_sees_what_was_spent_and_runs_end_when_it_is_used_up(api: Api) -> None:
    assert (await get(api, "/v1/usage")).json() == {
        "window": None,
        "since": None,
        "budget": {},
        "spent": {},
        "limits": {},
    }
    prices = {"length": Price(Decimal("0.25"))}
    allowances = {"": Allowance(Budget(model_calls=6, cost=9.0), "ever")}
    api.services.executor.prices = prices
    api.services.executor.spending = Spending(allowances, prices, api.services.store, lambda: 0.0)
    reply = await api.run(LENGTHS, args=WORDS)
    assert (reply["error"], reply["usage"]["cost"]) == (None, 1.0)  # type: ignore[index]
    assert (await api.run(LENGTHS, args=WORDS))["error"]["code"] == "NOODLE-E0524"  # type: ignore[index]
    assert (await get(api, "/v1/usage")).json() == {
        "window": "ever",
        "since": "ever",
        "budget": {"model_calls": 6, "cost": 9.0},
        "spent": {"model_calls": 6, "tool_calls": 0, "tokens": 0, "cost": 1.5},
        "limits": {},
    }
    run = await ended(api, (await start(api, LENGTHS, args=WORDS))["id"])
    assert (run["status"], run["error"]["code"]) == ("failed", "NOODLE-E0524")


async def test_calls_without_a_program_count_for_the_tenant_too(api: Api) -> None:
    prices = {"talk": Price(prompt=Decimal(100), completion=Decimal(1000))}
    allowances = {"": Allowance(Budget(model_calls=5), "ever")}
    api.services.executor.spending = Spending(allowances, prices, api.services.store, lambda: 0.0)
    chat = {"model": "talk", "messages": [{"role": "user", "content": "a b"}]}
    assert (await api.post("/v1/chat/completions", chat)).status_code == 200
    assert "[DONE]" in (await api.post("/v1/chat/completions", {**chat, "stream": True, "n": 1})).text
    assert (await api.post("/v1/models/length/infer", {"inputs": ["a", "b"]})).json()["outputs"] == [1, 1]
    spent = (await get(api, "/v1/usage")).json()["spent"]
    assert spent == {"model_calls": 4, "tool_calls": 0, "tokens": 24, "cost": 0.006}
    refused = [
        await api.post("/v1/models/length/infer", {"inputs": ["a", "b"]}),
        await api.post("/v1/chat/completions", {**chat, "n": 2}),
        await api.post("/v1/chat/completions", {**chat, "n": 2, "stream": True}),
        await api.post("/v1/responses", {"model": "talk", "input": "a", "store": False}),
        await api.post("/v1/embeddings", {"model": "vector", "input": ["a", "b"]}),
    ]
    assert [answer.status_code for answer in refused] == [403] * 5
    codes = [found.get("code") or found["error"]["code"] for found in (answer.json() for answer in refused)]
    assert codes == ["NOODLE-E0524"] * 5


@pytest.mark.parametrize(
    "budget",
    [
        {"model_calls": -1},
        {"tokens": 1.5},
        {"cost": "1"},
        {"calls": 1},
        {"cost": float("1e300")},
        [1],
        {"tokens": True},
    ],
)
async def test_bad_budget_is_refused(api: Api, budget: object) -> None:
    response = await api.post("/v1/run", {"source": "1", "budget": budget})
    assert (response.status_code, response.json()["code"]) == (422, "NOODLE-E0703")


STOPS = """
from noodle_ray import model
vector = model("vector")

def main():
    size = 1
    for _ in range(4):
        size = int(vector("x" * size)[0])
        for _ in range(500):
            size += 1
            size -= 1
    return size
"""
FUEL = {"fuel": 4500}  # enough for two calls, and not for three


@pytest.mark.parametrize("budget", [{"model_calls": 3}, {"tokens": 3}])
async def test_run_that_goes_on_after_its_fuel_has_the_budget_that_it_had(api: Api, budget: dict[str, int]) -> None:
    reply = await api.run(STOPS, budget=budget, limits=FUEL)
    assert (reply["error"]["code"], reply["usage"]["model_calls"]) == ("NOODLE-E0401", 2), reply  # type: ignore[index]
    told = (await api.post("/v1/resume", {"continuation": reply["continuation"], "fuel": 1_000_000})).json()
    assert (told["error"]["code"], told["usage"]["prompt_tokens"]) == ("NOODLE-E0522", 3)
    assert sum(api.models.batches) == 3


async def test_nobody_resumes_with_more_than_the_platform_allows(api: Api) -> None:
    reply = await api.run(STOPS, budget={"model_calls": 100}, limits=FUEL)
    api.services.executor.most = Budget(model_calls=3)
    told = (await api.post("/v1/resume", {"continuation": reply["continuation"], "fuel": 1_000_000})).json()
    assert (told["error"]["code"], sum(api.models.batches)) == ("NOODLE-E0522", 3)


async def test_fuel_of_a_tenant_is_told_and_ends_its_runs(api: Api) -> None:
    work = "total = 0\nfor k in range(2000):\n    total += k\ntotal"
    whole = (await api.run(work))["usage"]["fuel"]  # type: ignore[index]
    allowances = {"": Allowance(Budget(), "ever", whole + whole // 2)}
    api.services.executor.spending = Spending(allowances, {}, api.services.store, lambda: 0.0)
    assert (await api.run(work))["error"] is None
    stopped = await api.run(work)
    assert (stopped["error"]["code"], stopped["usage"]["fuel"]) == ("NOODLE-E0524", whole // 2)  # type: ignore[index]
    usage = (await get(api, "/v1/usage")).json()
    assert usage["budget"] == {"fuel": whole + whole // 2}
    assert (usage["spent"]["fuel"], usage["spent"]["fuel_lent"]) == (whole + whole // 2, 0)
    run = await ended(api, (await start(api, work))["id"])
    assert (run["status"], run["error"]["code"]) == ("failed", "NOODLE-E0524")
    replayed = await api.post(f"/v1/runs/{run['id']}/replay", {"source": work})
    assert (replayed.status_code, replayed.json()["code"]) == (403, "NOODLE-E0524")
    api.services.executor.spending = Spending({}, {}, api.services.store, lambda: 0.0)
    resumed = (await api.post("/v1/resume", {"continuation": stopped["continuation"]})).json()
    assert (resumed["result"], resumed["usage"]["fuel"]) == (sum(range(2000)), whole)


async def test_runs_of_a_tenant_have_no_more_memory_and_time_than_it_may(api: Api) -> None:
    quotas = Quotas({"": Quota(memory=20 << 20, deadline=2.0)})
    for services in (api.services.quotas, api.services.executor.quotas):
        services._quotas.update(quotas._quotas)
    for name, value in (("memory", 21 << 20), ("deadline", 2.5)):
        for path in ("/v1/run", "/v1/runs"):
            refused = await api.post(path, {"source": "1", "limits": {name: value}})
            assert (refused.status_code, refused.json()["code"]) == (422, "NOODLE-E0703")
            assert "for this tenant" in refused.json()["detail"]
    large = "len(bytearray(64 << 20))"
    assert (await api.run(large))["error"]["code"] == "NOODLE-E0402"  # type: ignore[index]
    run = await start(api, large)
    assert (run["limits"]["memory"], run["limits"]["deadline"]) == (20 << 20, 2.0)
    assert (await ended(api, run["id"]))["error"]["code"] == "NOODLE-E0402"
    stopped = await api.run("while True:\n    pass", limits={"fuel": 5000})
    resumed = (await api.post("/v1/resume", {"continuation": stopped["continuation"], "fuel": 10**12 - 5000})).json()
    assert resumed["error"]["code"] == "NOODLE-E0403"
    assert (await get(api, "/v1/usage")).json()["limits"] == {"memory": 20 << 20, "deadline": 2.0}
