"""Replays over HTTP under other models, checks of many runs, and the check that publishing makes by itself."""

import asyncio
from typing import Any

import pytest

from noodle_ray.api.settings import Settings
from noodle_ray.core.runs.batcher import Call
from noodle_ray.core.runs.budgets import Allowance, Budget, Spending
from noodle_ray.core.runs.quotas import Quota
from noodle_ray.errors import ModelError
from tests.api.conftest import Api
from tests.api.test_durable import ended, get, start
from tests.api.test_programs import DOUBLED, LENGTHS, OTHERWISE, delete, put, show

CHAIN = """
from noodle_ray import model
length = model("length")

def main(text: str):
    first = length(text)
    return [first, length("x" * first)]
"""


def longer(api: Api) -> list[str]:
    """Let ``length@2`` find texts longer by one, and ``length@9`` be unknown; notes whom was asked."""
    told: list[str] = []

    async def infer(model: str, calls: list[Call]) -> list[tuple[bool, object]]:
        told.extend([model] * len(calls))
        if model == "length@9":
            raise ModelError("no model 'length@9' is registered", code="NOODLE-E0601")
        return [(True, len(str(args[0])) + (model == "length@2")) for args, _ in calls]

    api.models.infer = infer  # type: ignore[assignment, method-assign]
    return told


async def replayed(api: Api, run: str, **order: object) -> dict[str, Any]:
    found: dict[str, Any] = (await api.post(f"/v1/runs/{run}/replay", order)).json()
    return found


async def started(api: Api, program: str, *words: str) -> str:
    """A run of a program that has ended."""
    run: str = (await start(api, None, program=program, args=[list(words)]))["id"]
    await ended(api, run)
    return run


async def test_run_is_replayed_under_another_model_through_dependent_calls(api: Api) -> None:
    run = (await start(api, CHAIN, args=["abc"]))["id"]
    await ended(api, run)
    told = longer(api)
    found = await replayed(api, run, ask={"length": "length@2"})
    assert (found["stopped"], found["result"], found["asked"]) == ("", [4, 5], {"length": 2})
    assert found["differences"]["result"] == [[3, 3], [4, 5]]
    assert [change["after"] for change in found["changes"]] == [4]
    assert [one["program"] for one in found["divergences"]] == ["length('xxxx')"]
    assert found["usage"]["model_calls"] == 2
    assert told == ["length@2"] * 2
    assert (await replayed(api, run, ask=["length"]))["same"]
    assert (await replayed(api, run, ask_all=True))["asked"] == {}
    bounded = await replayed(api, run, ask={"length": "length@2"}, budget={"model_calls": 1})
    assert bounded["error"]["code"] == "NOODLE-E0522"


async def test_replay_spends_what_its_tenant_may(api: Api) -> None:
    run = (await start(api, CHAIN, args=["abc"]))["id"]
    await ended(api, run)
    api.services.executor.spending = Spending(
        {"": Allowance(Budget(model_calls=1), "ever")}, {}, api.services.store, lambda: 0.0
    )
    assert (await replayed(api, run))["same"]
    assert (await replayed(api, run, ask=["length"]))["error"]["code"] == "NOODLE-E0524"


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        ({"ask": {"length": "lenght"}}, 404, "NOODLE-E0601"),
        ({"ask": {"length": "length@9"}}, 404, "NOODLE-E0601"),
        ({"ask": {"lenght": "length"}}, 422, "NOODLE-E0746"),
        ({"ask": ["lenght"]}, 422, "NOODLE-E0746"),
        ({"ask": {"length": "tool:note"}}, 422, "NOODLE-E0746"),
        ({"ask": {"tool:note": "length"}}, 422, "NOODLE-E0746"),
        ({"ask": {"@sleep": "length"}}, 422, "NOODLE-E0746"),
        ({"ask": {"length": ""}}, 422, "NOODLE-E0703"),
        ({"ask": {"": "length"}}, 422, "NOODLE-E0703"),
        ({"ask": {"length": 1}}, 422, "NOODLE-E0703"),
        ({"ask": {"length": {"length": "length"}}}, 422, "NOODLE-E0703"),
        ({"ask": "length"}, 422, "NOODLE-E0703"),
        ({"ask": {f"m{number}": "length" for number in range(101)}}, 422, "NOODLE-E0703"),
        ({"ask": ["length"] * 101}, 422, "NOODLE-E0703"),
        ({"ask": ["m" * 201]}, 422, "NOODLE-E0703"),
        ({"ask": {"length": "m" * 201}}, 422, "NOODLE-E0703"),
        ({"ask": ["length"], "budget": {"model_calls": -1}}, 422, "NOODLE-E0703"),
        ({"ask_all": 1}, 422, "NOODLE-E0703"),
    ],
)
async def test_replay_that_asks_what_cannot_be_asked_is_refused(
    api: Api, order: dict[str, Any], status: int, code: str
) -> None:
    run = (await start(api, CHAIN, args=["abc"]))["id"]
    await ended(api, run)
    told = longer(api)
    answer = await api.post(f"/v1/runs/{run}/replay", order)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert set(told) <= {"length@9"}


async def test_registered_model_that_the_run_does_not_ask_is_asked_nothing(api: Api) -> None:
    run = (await start(api, CHAIN, args=["abc"]))["id"]
    await ended(api, run)
    found = await replayed(api, run, ask={"mood": "length"})
    assert (found["same"], found["asked"]) == (True, {"mood": 0})


async def test_version_that_does_not_do_what_runs_did_is_refused_by_default(api: Api) -> None:
    status, first = await put(api, "count", {"source": LENGTHS})
    assert (status, first["checked"], first["unclear"]) == (201, 0, 0)
    run = await started(api, "count", "a", "bc")
    status, refused = await put(api, "count", {"source": OTHERWISE})
    assert (status, refused["code"], refused["runs"]) == (409, "NOODLE-E0740", [run])
    assert refused["differ"][0]["divergences"][0] == {
        "key": refused["differ"][0]["divergences"][0]["key"], "journal": "length('a')", "program": "length('a!')"
    }  # fmt: skip
    assert "--no-check" in refused["hint"]
    assert (await put(api, "count", {"source": LENGTHS}))[1]["checked"] == 0  # it is the latest version already
    status, made = await put(api, "count", {"source": DOUBLED})
    assert (status, made["version"], made["checked"]) == (201, 2, 1)
    status, made = await put(api, "count", {"source": OTHERWISE, "check": 0})
    assert (status, made["version"], made["checked"]) == (201, 3, 0)


async def test_version_is_checked_against_runs_of_what_it_replaces(api: Api) -> None:
    await put(api, "count", {"source": LENGTHS, "alias": "prod"})
    first = await started(api, "count@prod", "a")
    await put(api, "count", {"source": OTHERWISE, "check": 0})
    status, refused = await put(api, "count", {"source": OTHERWISE + "\n\ndef more():\n    return 1\n"})
    assert (status, refused["runs"]) == (409, [first])  # nobody has run the latest version yet
    second = await started(api, "count", "a")
    more = OTHERWISE + "\n\ndef more():\n    return 2\n"
    assert (await put(api, "count", {"source": more}))[1]["checked"] == 1
    status, refused = await put(api, "count", {"source": more + "\nmore()\n", "alias": "prod"})
    assert (status, refused["checked"], refused["runs"]) == (409, 1, [first])
    assert second not in refused["runs"]
    assert (await show(api, "count"))["aliases"] == {"prod": 1}


async def test_fix_of_what_failed_and_a_version_after_a_cancelled_run_are_published(api: Api) -> None:
    await put(api, "count", {"source": LENGTHS.replace("return", "1 / 0\n    return")})
    await started(api, "count", "a")
    assert (await put(api, "count", {"source": LENGTHS}))[0] == 201
    asleep = "from noodle_ray import sleep\n" + LENGTHS.replace("return", "sleep(3600)\n    return")
    await put(api, "asleep", {"source": asleep})
    run = (await start(api, None, program="asleep", args=[["a"]]))["id"]
    await api.post(f"/v1/runs/{run}/cancel", {})
    assert (await put(api, "asleep", {"source": asleep.replace("length(word)", "-length(word)")}))[0] == 201


async def test_check_pages_through_all_runs_of_a_program_or_of_a_version(api: Api) -> None:
    await put(api, "count", {"source": LENGTHS})
    runs = [await started(api, "count", word) for word in "abcde"]
    await put(api, "count", {"source": DOUBLED})
    last = await started(api, "count", "f")
    pages, before = [], None
    while True:
        order = {"source": OTHERWISE, "runs": 4, **({"before": before} if before else {})}
        page = (await api.post("/v1/programs/count/check", order)).json()
        pages.append([report["run"] for report in page["differ"]])
        before = page["next"]
        if before is None:
            break
    assert pages == [[last, *runs[:1:-1]], [runs[1], runs[0]]]
    one = (await api.post("/v1/programs/count@2/check", {"source": OTHERWISE})).json()
    assert (one["checked"], one["differ"][0]["run"], one["next"], one["unclear"]) == (1, last, None, [])
    for path, wrong in [
        ("count@9", {}),
        ("no", {}),
        ("count@", {}),
        ("count", {"before": "x"}),
        ("count", {"runs": 101}),
    ]:
        answer = await api.post(f"/v1/programs/{path}/check", {"source": "1", **wrong})
        assert answer.status_code in (404, 422), (path, wrong)


async def test_runs_are_listed_by_version(api: Api) -> None:
    await put(api, "count", {"source": LENGTHS, "alias": "prod"})
    first = await started(api, "count", "a")
    await put(api, "count", {"source": DOUBLED})
    second = await started(api, "count", "a")
    for program, found in [
        ("count", [second, first]),
        ("count@1", [first]),
        ("count@2", [second]),
        ("count@prod", [first]),
    ]:
        assert [run["id"] for run in (await get(api, f"/v1/runs?program={program}")).json()["data"]] == found
    assert (await get(api, "/v1/runs?program=count@7")).json()["data"] == []
    assert (await get(api, "/v1/runs?program=count@no")).json()["code"] == "NOODLE-E0733"
    assert (await get(api, "/v1/runs?program=count@")).json()["code"] == "NOODLE-E0741"
    await delete(api, "count")
    assert len((await get(api, "/v1/runs?program=count@1")).json()["data"]) == 1


async def test_long_values_are_told_by_their_beginning(api: Api) -> None:
    source = "def main(words):\n    return ['x' * 100_000, len(words)]\n"
    await put(api, "long", {"source": source})
    runs = [await started(api, "long", "a") for _ in range(3)]
    answer = await api.post("/v1/programs/long/check", {"source": source.replace("100_000", "90_000")})
    found = answer.json()
    assert (found["runs"], [one["run"] for one in found["differ"]]) == (runs[::-1], runs[::-1])
    assert found["differ"][0]["result"]["bytes"] > 90_000
    assert len(answer.content) < 10_000
    answer = await api.post(f"/v1/runs/{runs[0]}/replay", {})
    assert (answer.json()["same"], len(answer.content) < 3_000) == (True, True)


class TestCrowd:
    """Publishing takes little from others."""

    @pytest.fixture
    def settings(self) -> Settings:
        return Settings(workers=2, max_check=0.5)

    @pytest.fixture
    def quotas(self) -> dict[str, Quota]:
        return {"": Quota(versions=2)}

    async def test_checks_share_two_places_and_end_in_time(self, api: Api) -> None:
        await put(api, "count", {"source": LENGTHS})
        for word in "abcd":
            await started(api, "count", word)
        executor = api.services.executor
        under_way: list[int] = [0, 0]

        async def execute(request: Any, journal: Any) -> Any:
            under_way[0] += 1
            under_way[1] = max(under_way)
            try:
                await asyncio.sleep(60)
            finally:
                under_way[0] -= 1

        executor.execute = execute  # type: ignore[method-assign]
        check = {"source": OTHERWISE}
        (status, made), *checked = await asyncio.gather(
            put(api, "count", check), *[api.post("/v1/programs/count/check", check) for _ in range(2)]
        )
        assert (status, made["checked"], made["unchecked"]) == (201, 0, 4)
        assert [len(one.json()["unchecked"]) for one in checked] == [4, 4]
        assert under_way == [0, 2]

    async def test_tenant_with_all_its_versions_is_refused_before_the_check(self, api: Api) -> None:
        await put(api, "count", {"source": LENGTHS, "alias": "old"})
        await started(api, "count", "a")
        await put(api, "count", {"source": DOUBLED})
        status, refused = await put(api, "count", {"source": OTHERWISE})
        assert (status, refused["code"]) == (409, "NOODLE-E0760")
        status, kept = await put(api, "count", {"source": DOUBLED, "alias": "old"})
        assert (status, kept["checked"]) == (200, 1)
