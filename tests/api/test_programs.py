"""`/v1/programs`: publishing, naming, running by name, checking a new version, replaying; and what is refused."""

import asyncio
import base64
from typing import Any

import pytest

from noodle_ray.core import nbc
from noodle_ray.core.lang import compile_source
from noodle_ray.core.runs import programs
from noodle_ray.core.runs.replay import replay
from tests.api.conftest import AUTHORIZATION, Api
from tests.api.test_durable import ended, get, start

LENGTHS = """
from noodle_ray import model
length = model("length")

def main(words: list[str]):
    return [length(word) for word in words]
"""
OTHERWISE = LENGTHS.replace("length(word) ", 'length(word + "!") ')
DOUBLED = LENGTHS.replace("length(word) ", "2 * length(word) ")


async def put(api: Api, path: str, body: object) -> tuple[int, dict[str, Any]]:
    response = await api.client.put(f"/v1/programs/{path}", json=body, headers=AUTHORIZATION)
    return response.status_code, response.json()


async def delete(api: Api, path: str) -> int:
    return (await api.client.delete(f"/v1/programs/{path}", headers=AUTHORIZATION)).status_code


async def show(api: Api, name: str) -> dict[str, Any]:
    found: dict[str, Any] = (await get(api, f"/v1/programs/{name}")).json()
    return found


async def test_program_has_versions_and_aliases_and_is_deleted(api: Api) -> None:
    status, first = await put(api, "count", {"source": LENGTHS, "alias": "prod"})
    assert (status, first["version"], first["models"], first["aliases"]) == (201, 1, ["length"], {"prod": 1})
    status, again = await put(api, "count", {"source": LENGTHS})
    assert (status, again["version"], again["created_version"]) == (200, 1, False)
    module = nbc.encode(compile_source(DOUBLED))
    status, second = await put(api, "count", {"nbc": base64.b64encode(module).decode()})
    assert (status, second["version"], second["module"], second["source"]) == (201, 2, nbc.digest(module), None)
    assert ((await show(api, "count"))["version"], (await show(api, "count@prod"))["source"]) == (2, LENGTHS)
    assert await put(api, "count/aliases/prod", {"version": 2}) == (200, (await show(api, "count@prod")))
    await put(api, "also", {"program": "count@1"})
    first_page = (await get(api, "/v1/programs?limit=1")).json()
    assert ([one["name"] for one in first_page["data"]], first_page["next"]) == (["also"], "also")
    rest = (await get(api, "/v1/programs?after=also")).json()
    assert ([(one["name"], one["version"]) for one in rest["data"]], rest["next"]) == ([("count", 2)], None)
    versions = (await get(api, "/v1/programs/count/versions")).json()
    assert ([one["version"] for one in versions["data"]], versions["aliases"]) == ([2, 1], {"prod": 2})
    assert [await delete(api, "count/aliases/prod") for _ in "12"] == [204, 404]
    assert [await delete(api, "count") for _ in "12"] == [204, 404]
    assert (await get(api, "/v1/programs/count")).json()["code"] == "NOODLE-E0733"


async def test_program_is_run_by_name_version_and_alias_and_its_runs_are_counted(api: Api) -> None:
    await put(api, "count", {"source": LENGTHS, "alias": "prod"})
    await put(api, "count", {"source": DOUBLED})
    for reference, version, result in [("count", 2, [6]), ("count@1", 1, [3]), ("count@prod", 1, [3])]:
        reply = (await api.post("/v1/run", {"program": reference, "args": [["abc"]]})).json()
        assert (reply["result"], reply["program"]) == (result, f"count@{version}")
        run = await ended(api, (await start(api, None, program=reference, args=[["abc"]]))["id"])
        assert (run["result"], run["program"], run["version"]) == (result, "count", version)
    assert (await api.post("/v1/run", {"program": "count@2"})).json()["error"]["code"] == "NOODLE-E0502"
    assert [run["version"] for run in (await get(api, "/v1/runs?program=count")).json()["data"]] == [1, 1, 2]
    counted = {
        one["version"]: one["statistics"] for one in (await get(api, "/v1/programs/count/versions")).json()["data"]
    }
    fuel = [counted[version].pop("fuel") for version in (1, 2)]
    assert counted == {
        1: {"started": 4, "succeeded": 4, "failed": 0, "model_calls": 4},
        2: {"started": 3, "succeeded": 2, "failed": 1, "model_calls": 2},
    }
    assert all(fuel)


async def test_key_gives_the_same_run_when_the_alias_has_moved_meanwhile(api: Api) -> None:
    await put(api, "count", {"source": LENGTHS, "alias": "prod"})
    order = {"program": "count@prod", "args": [["a"]], "idempotency_key": "k"}
    first = (await api.post("/v1/runs", order)).json()
    await put(api, "count", {"source": DOUBLED, "alias": "prod"})
    again = await api.post("/v1/runs", order)
    assert (again.status_code, again.json()["id"], again.json()["version"]) == (202, first["id"], 1)
    assert (await api.post("/v1/runs", {**order, "program": "count"})).json()["code"] == "NOODLE-E0730"


async def test_new_version_is_checked_against_what_runs_did(api: Api) -> None:
    await put(api, "count", {"source": LENGTHS})
    run = (await start(api, None, program="count", args=[["a"]]))["id"]
    await ended(api, run)
    asked = list(api.models.batches)
    status, refused = await put(api, "count", {"source": OTHERWISE, "check": 10})
    assert (status, refused["code"], refused["checked"], [one["run"] for one in refused["differ"]]) == (
        409, "NOODLE-E0740", 1, [run],
    )  # fmt: skip
    assert refused["differ"][0]["divergences"][0]["journal"] == "length('a')"
    assert (await show(api, "count"))["latest"] == 1
    checked = (await api.post("/v1/programs/count/check", {"source": DOUBLED})).json()
    assert (checked["checked"], checked["differ"][0]["differences"]["result"]) == (1, [[1], [2]])
    assert checked["differ"][0]["fits"]
    assert (await put(api, "count", {"source": DOUBLED, "check": 10, "same": True}))[0] == 409
    status, made = await put(api, "count", {"source": DOUBLED, "check": 10})
    assert (status, made["version"], made["checked"]) == (201, 2, 1)
    assert api.models.batches == asked  # no replay asked a model


async def test_run_is_replayed_as_it_was_up_to_an_effect_with_another_program_or_other_answers(api: Api) -> None:
    run = (await start(api, LENGTHS, args=[["a", "bc"]]))["id"]
    await ended(api, run)

    async def replayed(**order: object) -> dict[str, Any]:
        found: dict[str, Any] = (await api.post(f"/v1/runs/{run}/replay", order)).json()
        return found

    plain = await replayed()
    assert (plain["same"], plain["result"], plain["answered"]) == (True, [1, 2], 2)
    stopped = await replayed(to_effect=1)
    assert not stopped["same"]
    assert "length('bc')" in stopped["stopped"]
    assert (await replayed(source=DOUBLED))["differences"]["result"] == [[1, 2], [2, 4]]
    assert (await replayed(source=OTHERWISE))["divergences"][0]["program"] == "length('a!')"
    asked = sum(api.models.batches)
    assert (await replayed(ask=["length"]))["same"]
    assert sum(api.models.batches) == asked + 2
    assert (await api.post("/v1/runs/0/replay", {})).json()["code"] == "NOODLE-E0731"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "a@b", {"source": "1"}, 422, "NOODLE-E0741"),
        ("PUT", "%20", {"source": "1"}, 422, "NOODLE-E0741"),
        ("PUT", "x" * 101, {"source": "1"}, 422, "NOODLE-E0741"),
        ("PUT", "a", {}, 422, "NOODLE-E0703"),
        ("PUT", "a", {"source": "1", "module": "0" * 64}, 422, "NOODLE-E0703"),
        ("PUT", "a", {"source": "1", "check": 101}, 422, "NOODLE-E0703"),
        ("PUT", "a", {"source": "1", "owner": "me"}, 422, "NOODLE-E0703"),
        ("PUT", "a", {"source": "1", "alias": "7"}, 422, "NOODLE-E0741"),
        ("PUT", "a", {"source": "1", "alias": "latest"}, 422, "NOODLE-E0741"),
        ("PUT", "a", {"source": "import os"}, 422, None),
        ("PUT", "a", {"nbc": "!"}, 422, "NOODLE-E0703"),
        ("PUT", "a", {"nbc": "AAAA"}, 422, "NOODLE-E0301"),
        ("PUT", "a", {"module": "0" * 64}, 404, "NOODLE-E0309"),
        ("PUT", "a", {"program": "b"}, 404, "NOODLE-E0733"),
        ("PUT", "a?x=1", {"source": "1"}, 422, "NOODLE-E0703"),
        ("PUT", "a/aliases/prod", {"version": 1}, 404, "NOODLE-E0733"),
        ("PUT", "a/aliases/prod", {"version": 1 << 31}, 422, "NOODLE-E0703"),
        ("PUT", "a/aliases/..%2F..", {"version": 1}, 404, "NOODLE-E0705"),
        ("GET", "a@0", None, 422, "NOODLE-E0741"),
        ("GET", "a@99999999999", None, 422, "NOODLE-E0741"),
        ("GET", "a@\u0661", None, 422, "NOODLE-E0741"),
        ("GET", "?limit=0", None, 422, "NOODLE-E0703"),
        ("GET", "a/versions", None, 404, "NOODLE-E0733"),
        ("DELETE", "a", None, 404, "NOODLE-E0733"),
    ],
)  # fmt: skip
async def test_bad_request_is_a_problem(
    api: Api, method: str, path: str, body: object, status: int, code: str | None
) -> None:
    separator = "" if path.startswith("?") else "/"
    response = await api.client.request(method, f"/v1/programs{separator}{path}", json=body, headers=AUTHORIZATION)
    assert response.status_code == status, response.text
    assert response.json()["code"] == code or (code is None and "diagnostics" in response.json())
    assert (await get(api, "/v1/programs")).json() == {"data": [], "next": None}


async def test_run_by_a_name_that_is_none_is_refused(api: Api) -> None:
    for path in ("/v1/run", "/v1/runs"):
        found = [(await api.post(path, {"program": name})).json()["code"] for name in ("no", "no@prod", "a b", "@")]
        assert found == ["NOODLE-E0733", "NOODLE-E0733", "NOODLE-E0741", "NOODLE-E0741"]


async def during_the_check(api: Api, monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Have somebody else do something whenever a version has been checked, and not published yet."""
    check = programs.check

    async def checked(*args: Any, **more: Any) -> programs.Checked:
        done = await check(*args, **more)
        await act()
        return done

    monkeypatch.setattr(programs, "check", checked)
    assert (await ended(api, (await start(api, None, program="count", args=[["a"]]))["id"]))["status"] == "succeeded"


async def test_version_is_checked_against_what_was_published_meanwhile(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(api, "count", {"source": LENGTHS})
    acted = []

    async def act() -> None:
        if not acted:
            acted.append(await put(api, "count", {"source": OTHERWISE, "check": 0}))
            await ended(api, (await start(api, None, program="count@2", args=[["a"]]))["id"])

    await during_the_check(api, monkeypatch, act)
    status, refused = await put(api, "count", {"source": DOUBLED})
    # It does what runs of the first version did, and not what those of the second, which replaced it meanwhile, did.
    assert (status, refused["code"], acted[0][0]) == (409, "NOODLE-E0740", 201)
    assert (await show(api, "count"))["version"] == 2


async def test_version_is_checked_against_another_program_that_took_its_name_and_numbers(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(api, "count", {"source": LENGTHS})
    acted = []

    async def act() -> None:
        if not acted:
            assert await delete(api, "count") == 204
            acted.append(await put(api, "count", {"source": OTHERWISE, "check": 0}))
            await ended(api, (await start(api, None, program="count@1", args=[["a"]]))["id"])

    await during_the_check(api, monkeypatch, act)
    status, refused = await put(api, "count", {"source": DOUBLED})
    assert (status, refused["code"], acted[0][1]["version"]) == (409, "NOODLE-E0740", 1)


async def test_version_that_somebody_else_published_meanwhile_is_not_told_as_made(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    replaced, acted = programs.runs_replaced, []

    async def slow(*args: Any) -> Any:
        found = await replaced(*args)
        if not acted:
            acted.append(None)
            acted.append(await put(api, "count", {"source": LENGTHS, "check": 0}))
        return found

    monkeypatch.setattr(programs, "runs_replaced", slow)
    status, mine = await put(api, "count", {"source": LENGTHS, "check": 0})
    assert (status, mine["version"], mine["created_version"]) == (200, 1, False)
    assert acted[1] is not None
    assert acted[1][1]["created_version"]


async def test_version_is_refused_when_others_do_not_stop_to_publish(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(api, "count", {"source": LENGTHS})
    made = []

    async def act() -> None:
        made.append(await put(api, "count", {"source": f"{LENGTHS}\n# {len(made)}\nx = {len(made)}", "check": 0}))

    await during_the_check(api, monkeypatch, act)
    status, refused = await put(api, "count", {"source": DOUBLED})
    assert (status, refused["code"]) == (409, "NOODLE-E0748")
    assert [version["version"] for _, version in made] == [2, 3, 4]
    assert (await show(api, "count"))["version"] == 4


async def test_alias_that_was_moved_meanwhile_is_checked_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(api, "count", {"source": OTHERWISE})
    await ended(api, (await start(api, None, program="count", args=[["a"]]))["id"])
    await put(api, "count", {"source": LENGTHS, "check": 0, "alias": "prod"})

    async def act() -> None:
        await put(api, "count/aliases/prod", {"version": 1})

    await during_the_check(api, monkeypatch, act)
    status, refused = await put(api, "count", {"source": DOUBLED, "alias": "prod"})
    assert (status, refused["code"]) == (409, "NOODLE-E0740")
    assert (await show(api, "count@prod"))["version"] == 1


async def test_replays_pass_the_gate_of_checks(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    run = (await start(api, LENGTHS, args=[["a"]]))["id"]
    await ended(api, run)
    running, most = 0, 0

    async def slow(*args: Any, **more: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1
        return await replay(*args, **more)

    monkeypatch.setattr("noodle_ray.api.programs.routes.replay", slow)
    replies = await asyncio.gather(*[api.post(f"/v1/runs/{run}/replay", {}) for _ in range(8)])
    assert [reply.status_code for reply in replies] == [200] * 8
    assert most == programs.CHECKED_AT_ONCE
