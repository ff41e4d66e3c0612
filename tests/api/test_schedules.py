"""`/v1/schedules`, and runs that start runs."""

import asyncio
import time
from typing import Any

from tests.api.conftest import AUTHORIZATION, Api
from tests.api.test_durable import ended, get, start
from tests.api.test_programs import put as publish

GREET = "def main(name, times=1):\n    return ['hello ' + name] * times"
NIGHTLY = {
    "program": "greet",
    "cron": "0 3 * * *",
    "timezone": "Europe/Berlin",
    "args": ["Ann"],
    "kwargs": {"times": 2},
}


async def put(api: Api, name: str, body: object) -> tuple[int, dict[str, Any]]:
    response = await api.client.put(f"/v1/schedules/{name}", json=body, headers=AUTHORIZATION)
    return response.status_code, response.json()


async def delete(api: Api, name: str) -> int:
    return (await api.client.delete(f"/v1/schedules/{name}", headers=AUTHORIZATION)).status_code


async def test_schedule_is_stored_replaced_listed_and_deleted(api: Api) -> None:
    await publish(api, "greet", {"source": GREET})
    status, made = await put(api, "nightly", NIGHTLY)
    assert status == 201
    assert made == {
        **NIGHTLY, "name": "nightly", "module": None, "topic": None, "entry": None, "limits": None, "enabled": True,
        "missed": "latest", "created": made["created"], "next_at": made["next_at"], "last_at": None, "last_run": None,
        "last_error": None,
    }  # fmt: skip
    assert time.time() < made["next_at"] < time.time() + 90_000
    assert (await get(api, "/v1/schedules/nightly")).json() == made
    status, off = await put(api, "nightly", NIGHTLY | {"enabled": False, "limits": {"fuel": 1000}})
    assert (status, off["next_at"], off["created"], off["limits"]["fuel"]) == (200, None, made["created"], 1000)
    await put(api, "also", NIGHTLY)
    page = (await get(api, "/v1/schedules?limit=1")).json()
    assert ([one["name"] for one in page["data"]], page["next"]) == (["also"], "also")
    rest = (await get(api, "/v1/schedules?after=also")).json()
    assert ([one["name"] for one in rest["data"]], rest["next"]) == (["nightly"], None)
    assert await delete(api, "nightly") == 204
    gone = await get(api, "/v1/schedules/nightly")
    assert (gone.status_code, gone.json()["code"]) == (404, "NOODLE-E0738")
    assert await delete(api, "nightly") == 404


BAD_SCHEDULES: list[tuple[str, dict[str, Any], int, str]] = [
    ("bad name", {}, 422, "NOODLE-E0741"),
    ("x" * 101, {}, 422, "NOODLE-E0741"),
    ("n", {"program": "unknown"}, 404, "NOODLE-E0733"),
    ("n", {"program": "greet@9"}, 404, "NOODLE-E0733"),
    ("n", {"program": "greet@"}, 422, "NOODLE-E0741"),
    ("n", {"program": None}, 422, "NOODLE-E0703"),
    ("n", {"source": GREET}, 422, "NOODLE-E0703"),
    ("n", {"program": None, "source": "def main(:"}, 422, "NOODLE-E0001"),
    ("n", {"program": None, "source": "from noodle_ray import tool\ntool('gone')()"}, 422, "NOODLE-E0743"),
    ("n", {"program": None, "source": f"x = {'a' * 140_000!r}"}, 413, "NOODLE-E0770"),
    ("n", {"program": None, "module": "0" * 64}, 404, "NOODLE-E0309"),
    ("n", {"program": None, "nbc": "AAAA"}, 422, "NOODLE-E0301"),
    ("n", {"cron": "* * * *"}, 422, "NOODLE-E0737"),
    ("n", {"cron": "* * * * * *"}, 422, "NOODLE-E0737"),
    ("n", {"cron": "99 * * * *"}, 422, "NOODLE-E0737"),
    ("n", {"cron": 5}, 422, "NOODLE-E0703"),
    ("n", {"cron": None}, 422, "NOODLE-E0737"),
    ("n", {"topic": "both"}, 422, "NOODLE-E0737"),
    ("n", {"cron": None, "topic": "no name"}, 422, "NOODLE-E0745"),
    ("n", {"cron": None, "topic": ""}, 422, "NOODLE-E0745"),
    ("n", {"timezone": "../../etc/passwd"}, 422, "NOODLE-E0737"),
    ("n", {"timezone": "Nowhere"}, 422, "NOODLE-E0737"),
    ("n", {"missed": "some"}, 422, "NOODLE-E0737"),
    ("n", {"args": [{"$float": "x"}]}, 422, "NOODLE-E0703"),
    ("n", {"limits": {"fuel": 10**15}}, 422, "NOODLE-E0703"),
    ("n", {"entry": "*main"}, 422, "NOODLE-E0703"),
    ("n", {"crom": "* * * * *"}, 422, "NOODLE-E0703"),
]


async def test_what_is_no_schedule_is_refused_and_replaces_nothing(api: Api) -> None:
    await publish(api, "greet", {"source": GREET})
    _, made = await put(api, "n", NIGHTLY)
    for name, change, status, code in BAD_SCHEDULES:
        refused, told = await put(api, name, NIGHTLY | change)
        assert (refused, told["code"]) == (status, code), (name, change)
    assert (await get(api, "/v1/schedules/n")).json() == made
    assert (await api.client.get("/v1/schedules")).status_code == 401


async def test_schedule_starts_a_module_of_its_own(api: Api) -> None:
    module = (await api.post("/v1/compile", {"source": GREET})).json()
    bare = {"topic": "bare", "kwargs": {"times": 1}}
    for name, code in {"a": {"source": GREET}, "b": {"module": module["module"]}, "c": {"nbc": module["nbc"]}}.items():
        status, made = await put(api, name, bare | code)
        assert (status, made["program"], made["module"]) == (201, None, module["module"])
    _, told = await tell(api, "bare", {"id": "1", "value": "Ann"})
    runs = [await ended(api, one["run"]) for one in told["started"]]
    assert [(run["result"], run["program"]) for run in runs] == [(["hello Ann"], None)] * 3
    assert (await tell(api, "bare", {"id": "1", "value": "Ann"}))[1] == told
    _, timed = await put(api, "d", {"cron": "* * * * *", "source": GREET, "args": ["Bo"]})
    store = await api.services.store()
    seen = await store.schedule("", "d")
    assert seen is not None
    await store.put_schedule(seen._replace(next_at=timed["next_at"] - 3600))
    assert (await until_started(api, "d"))["result"] == ["hello Bo"]


async def until_started(api: Api, name: str) -> dict[str, Any]:
    while (run := (await get(api, f"/v1/schedules/{name}")).json()["last_run"]) is None:
        await asyncio.sleep(0.1)
    return await ended(api, run)


JOINED = {"program": "greet", "topic": "joined", "kwargs": {"times": 1}}


async def tell(api: Api, topic: str, body: object) -> tuple[int, dict[str, Any]]:
    response = await api.client.post(f"/v1/events/{topic}", json=body, headers=AUTHORIZATION)
    return response.status_code, response.json()


async def test_event_starts_one_run_of_each_schedule_of_its_topic(api: Api) -> None:
    await publish(api, "greet", {"source": GREET})
    for name, change in (("a", {}), ("b", {"entry": "nobody"}), ("off", {"enabled": False}), ("c", {"topic": "left"})):
        status, made = await put(api, name, JOINED | change)
        assert (status, made["topic"], made["cron"], made["next_at"]) == (
            201,
            change.get("topic", "joined"),
            None,
            None,
        )
    status, told = await tell(api, "joined", {"id": "1", "value": "Ann"})
    assert (status, told["id"], [one["schedule"] for one in told["started"]]) == (202, "1", ["a", "b"])
    run = told["started"][0]["run"]
    assert (await ended(api, run))["result"] == ["hello Ann"]
    assert (await get(api, "/v1/schedules/a")).json()["last_run"] == run
    assert (await tell(api, "joined", {"id": "1", "value": "Ann"}))[1] == told  # it is the same event
    other = (await tell(api, "joined", {"id": "2", "value": "Bob"}))[1]["started"][0]["run"]
    assert (await ended(api, other))["result"] == ["hello Bob"]
    again = (await tell(api, "joined", {"id": "1", "value": "Eve"}))[1]  # the id says which event it is
    assert again["started"][0]["run"] == run
    first, second = [(await tell(api, "joined", {"value": "Cid"}))[1] for _ in range(2)]
    assert first["id"] != second["id"]
    assert first["started"][0]["run"] != second["started"][0]["run"]
    assert (await tell(api, "nobody", {}))[1]["started"] == []


async def test_program_that_is_gone_is_told_and_stops_no_other(api: Api) -> None:
    for name in ("gone", "greet"):
        await publish(api, name, {"source": GREET})
        await put(api, name, JOINED | {"program": name})
    await api.client.delete("/v1/programs/gone", headers=AUTHORIZATION)
    started = (await tell(api, "joined", {"value": "Ann"}))[1]["started"]
    assert [(one["run"] is None, (one["error"] or {}).get("code")) for one in started] == [
        (True, "NOODLE-E0733"),
        (False, None),
    ]


async def test_what_is_no_event_is_refused_and_starts_nothing(api: Api) -> None:
    await publish(api, "greet", {"source": GREET})
    await put(api, "a", JOINED)
    for topic, body, status, code in (
        ("no%20name", {}, 422, "NOODLE-E0745"),
        ("x" * 101, {}, 422, "NOODLE-E0745"),
        ("joined", [], 422, "NOODLE-E0703"),
        ("joined", {"id": ""}, 422, "NOODLE-E0703"),
        ("joined", {"id": "x" * 201}, 422, "NOODLE-E0703"),
        ("joined", {"valeu": 1}, 422, "NOODLE-E0703"),
        ("joined", {"value": {"$float": "x"}}, 422, "NOODLE-E0703"),
        ("joined?x=1", {}, 422, "NOODLE-E0703"),
    ):
        refused, told = await tell(api, topic, body)
        assert (refused, told["code"]) == (status, code), (topic, body)
    assert (await api.client.post("/v1/events/joined", json={})).status_code == 401
    assert (await get(api, "/v1/schedules/a")).json()["last_at"] is None
    assert (await tell(api, "joined", {"id": "\0"}))[0] == 202


async def test_run_starts_others_and_waits_for_what_they_give(api: Api) -> None:
    await publish(api, "greet", {"source": GREET, "alias": "live"})
    source = """
from concurrent.futures import ThreadPoolExecutor
from noodle_ray import run_program
def main(names):
    with ThreadPoolExecutor() as pool:
        greetings = list(pool.map(lambda name: run_program("greet@live", name, times=2), names))
    try:
        run_program("greet", 5)
    except RuntimeError as error:
        greetings.append(str(error))
    return greetings
"""
    run = await start(api, source, args=[["Ann", "Bob"]], limits={"fuel": 10**6})
    found = await ended(api, run["id"])
    assert found["error"] is None
    assert found["result"][:2] == [["hello Ann"] * 2, ["hello Bob"] * 2]
    assert "NOODLE-E0501" in found["result"][2]
    called = [one for one in (await get(api, "/v1/runs")).json()["data"] if one["caller"] == run["id"]]
    assert sorted(one["status"] for one in called) == ["failed", "succeeded", "succeeded"]
    assert {(one["program"], one["version"]) for one in called} == {("greet", 1)}
    assert all(0 < one["limits"]["fuel"] <= 10**6 / 2 for one in called)  # parts of what the caller had left
    assert found["usage"]["children"]["runs"] == 3


async def test_run_that_cannot_be_started_is_an_error_in_the_program(api: Api) -> None:
    await publish(api, "greet", {"source": GREET})
    await publish(api, "loop", {"source": "from noodle_ray import run_program\nrun_program('loop')"})
    for call in ("'nothing'", "'bad name'", "'greet@9', 'Ann'", "'loop'"):
        found = await ended(api, (await start(api, f"from noodle_ray import run_program\nrun_program({call})"))["id"])
        assert (found["status"], found["error"]["code"]) == ("failed", "NOODLE-E0514")
