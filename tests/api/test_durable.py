"""`/v1/runs`: stored runs over HTTP, what can be done with them, and what is refused."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from noodle_ray.core.runs.node import RunsNode
from noodle_ray.core.store.location import Location, locate
from noodle_ray.errors import PlatformError
from tests.api.conftest import AUTHORIZATION, Api

LENGTHS = """
from noodle_ray import model
length = model("length")

def main(words: list[str]):
    print("counting")
    return [length(word) for word in words]
"""
ENDLESS = "while True:\n    pass"


async def start(api: Api, source: str | None = LENGTHS, **more: object) -> dict[str, Any]:
    response = await api.post("/v1/runs", {**({} if source is None else {"source": source}), **more})
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"/v1/runs/{response.json()['id']}"
    found: dict[str, Any] = response.json()
    return found


async def get(api: Api, path: str, **headers: str) -> httpx.Response:
    return await api.client.get(path, headers=AUTHORIZATION | headers)


async def ended(api: Api, run: str) -> dict[str, Any]:
    found: dict[str, Any] = (await get(api, f"/v1/runs/{run}/wait?timeout=30")).json()
    return found


async def running(api: Api, run: str) -> None:
    while (await get(api, f"/v1/runs/{run}")).json()["status"] != "running":
        await asyncio.sleep(0.02)


def events_of(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    found = []
    for block in text.split("\n\n"):
        if block and not block.startswith(":"):
            fields = dict(line.split(": ", 1) for line in block.splitlines())
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


async def test_run_is_stored_and_ends(api: Api) -> None:
    run = await start(api, args=[["a", "bcd"]])
    found = await ended(api, run["id"])
    assert (found["status"], found["result"], found["stdout"], found["error"]) == (
        "succeeded", [1, 3], "counting\n", None,
    )  # fmt: skip
    assert found["args"] == [["a", "bcd"]]
    assert found["usage"]["model_calls"] == 2
    assert (await get(api, f"/v1/runs/{run['id']}")).json() == found


async def test_run_that_raises_has_failed(api: Api) -> None:
    found = await ended(api, (await start(api, "print('a'); 1 / 0"))["id"])
    assert (found["status"], found["error"]["type"], found["stdout"]) == ("failed", "ZeroDivisionError", "a\n")


async def test_result_has_values_that_json_lacks(api: Api) -> None:
    found = await ended(api, (await start(api, "{(1, 2): float('nan')}"))["id"])
    assert found["status"] == "succeeded"
    assert found["result"] == {"$dict": [[[1, 2], {"$float": "nan"}]]}


async def test_equal_requests_under_one_key_are_one_run(api: Api) -> None:
    first = await start(api, args=[["a"]], idempotency_key="k")
    response = await api.client.post(
        "/v1/runs", json={"source": LENGTHS, "args": [["a"]]}, headers=AUTHORIZATION | {"Idempotency-Key": "k"}
    )
    assert (response.status_code, response.json()["id"]) == (202, first["id"])
    assert response.headers["idempotent-replayed"] == "true"
    other = await api.post("/v1/runs", {"source": LENGTHS, "args": [["b"]], "idempotency_key": "k"})
    assert (other.status_code, other.json()["code"]) == (409, "NOODLE-E0730")
    await ended(api, first["id"])
    assert api.models.batches == [1]


async def test_list_has_filters_and_pages(api: Api) -> None:
    ids = [(await start(api, f"{number} / {number}"))["id"] for number in range(5)]
    for run in ids:
        await ended(api, run)
    ids.sort(reverse=True)
    pages, before = [], ""
    while True:
        page = (await get(api, f"/v1/runs?limit=2{before}")).json()
        pages.append([run["id"] for run in page["data"]])
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert pages == [ids[:2], ids[2:4], ids[4:]]
    failed = (await get(api, "/v1/runs?status=failed")).json()["data"]
    assert [run["error"]["type"] for run in failed] == ["ZeroDivisionError"]
    assert len((await get(api, "/v1/runs?since=0")).json()["data"]) == 5
    assert (await get(api, "/v1/runs?since=4e9")).json() == {"data": [], "next": None}
    assert (await get(api, "/v1/runs?program=p")).json()["data"] == []


async def test_run_is_paused_resumed_cancelled_retried_and_deleted(api: Api) -> None:
    run = (await start(api, ENDLESS, limits={"deadline": 60}))["id"]
    await running(api, run)

    async def command(name: str, body: object = None) -> tuple[int, str]:
        response = await api.post(f"/v1/runs/{run}/{name}", body if body is not None else {})
        return response.status_code, response.json().get("status") or response.json()["code"]

    assert await command("pause") == (200, "paused")
    assert await command("pause") == (200, "paused")
    assert await command("resume") in [(200, "queued"), (200, "running")]  # a node may have it already
    deleted = await api.client.delete(f"/v1/runs/{run}", headers=AUTHORIZATION)
    assert (deleted.status_code, deleted.json()["code"]) == (409, "NOODLE-E0732")
    assert await command("cancel") == (200, "cancelled")
    assert (await api.post(f"/v1/runs/{run}/resume", {})).json()["code"] == "NOODLE-E0732"
    assert (await command("retry", {"limits": {"fuel": 1000}}))[0] == 200
    found = await ended(api, run)
    assert (found["status"], found["error"]["code"]) == ("failed", "NOODLE-E0401")
    assert (found["limits"]["fuel"], found["limits"]["deadline"]) == (1000, 60)
    assert found["attempt"] == 1  # what the command set going was not stopped by it
    deleted = await api.client.delete(f"/v1/runs/{run}", headers=AUTHORIZATION)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await get(api, f"/v1/runs/{run}")).status_code == 404


async def test_fork_asks_only_what_depends_on_the_other_answer(api: Api) -> None:
    run = (await start(api, args=[["a", "bcd"]]))["id"]
    await ended(api, run)
    told = events_of((await get(api, f"/v1/runs/{run}/events")).text)
    key = next(data["key"] for _, kind, data in told if kind == "effect")
    asked = sum(api.models.batches)
    response = await api.post(f"/v1/runs/{run}/fork", {"key": key, "value": 100, "idempotency_key": "f"})
    assert response.status_code == 202
    found = await ended(api, response.json()["id"])
    assert (sorted(found["result"])[-1], found["parent"], found["fork_key"]) == (100, run, key)
    assert sum(api.models.batches) == asked
    again = await api.post(f"/v1/runs/{run}/fork", {"key": key, "value": 100, "idempotency_key": "f"})
    assert again.json()["id"] == found["id"]
    assert [each["id"] for each in (await get(api, f"/v1/runs?parent={run}")).json()["data"]] == [found["id"]]
    unknown = await api.post(f"/v1/runs/{run}/fork", {"key": "no", "value": 1})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "NOODLE-E0511")


async def test_events_are_told_and_go_on_after_a_position(api: Api) -> None:
    run = (await start(api, args=[["a", "bc"]]))["id"]
    response = await get(api, f"/v1/runs/{run}/events")  # from before its end to its end
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events_of(response.text)
    assert [kind for _, kind, _ in told][-3:] == ["effect", "effect", "succeeded"]
    assert [position for position, _, _ in told] == sorted({position for position, _, _ in told})
    middle = told[-3][0]
    for path, headers in ((f"?after={middle}", {}), ("?after=-1", {"Last-Event-ID": str(middle)})):
        again = await get(api, f"/v1/runs/{run}/events{path}", **headers)
        assert events_of(again.text) == told[-2:]
    assert (await get(api, f"/v1/runs/{run}/events?after={told[-1][0]}")).status_code == 204


async def test_events_of_a_run_that_waits_come_while_it_does(api: Api) -> None:
    run = (await start(api, ENDLESS, limits={"deadline": 60}))["id"]
    await running(api, run)
    reading = asyncio.ensure_future(get(api, f"/v1/runs/{run}/events"))
    await asyncio.sleep(0.2)
    await api.post(f"/v1/runs/{run}/cancel", {})
    assert events_of((await reading).text)[-1][1] == "cancelled"


async def test_wait_gives_up_after_its_timeout(api: Api) -> None:
    run = (await start(api, ENDLESS, limits={"deadline": 60}))["id"]
    assert (await get(api, f"/v1/runs/{run}/wait?timeout=0")).json()["status"] in ("queued", "running")
    await api.post(f"/v1/runs/{run}/cancel", {})


REFUSED: list[tuple[bytes, int, str]] = [
    (b"{", 400, "NOODLE-E0702"),
    (b"", 422, "NOODLE-E0703"),
    (b"[]", 422, "NOODLE-E0703"),
    (b'{"source": "1", "module": "' + b"0" * 64 + b'"}', 422, "NOODLE-E0703"),
    (b'{"source": "1", "idempotency_key": ""}', 422, "NOODLE-E0703"),
    (b'{"source": "1", "idempotency_key": 7}', 422, "NOODLE-E0703"),
    (b'{"source": "1", "idempotency_key": "' + b"k" * 201 + b'"}', 422, "NOODLE-E0703"),
    (b'{"source": "1", "idempotency_key": "a\\u0000"}', 422, "NOODLE-E0734"),
    (b'{"source": "1", "tenant": "other"}', 422, "NOODLE-E0703"),
    (b'{"source": "1", "entry": "a\\u0000"}', 422, "NOODLE-E0734"),
    (b'{"source": "1", "limits": {"fuel": 9000000000000}}', 422, "NOODLE-E0703"),
    (b'{"source": "1", "args": [{"$float": "one"}]}', 422, "NOODLE-E0703"),
    (b'{"source": "1", "seed": -1}', 422, "NOODLE-E0703"),
    (b'{"module": "' + b"0" * 64 + b'"}', 404, "NOODLE-E0309"),
    (b'{"source": "undefined_name"}', 422, "NOODLE-E0201"),
    (b'{"source": "' + b"#" * 2_000_001 + b'"}', 413, "NOODLE-E0704"),
]


async def test_start_is_refused(api: Api) -> None:
    for body, status, code in REFUSED:
        response = await api.client.post("/v1/runs", content=body, headers=AUTHORIZATION)
        assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert (await get(api, "/v1/runs")).json()["data"] == []


async def test_two_keys_that_differ_are_refused(api: Api) -> None:
    headers = AUTHORIZATION | {"Idempotency-Key": "a"}
    response = await api.client.post("/v1/runs", json={"source": "1", "idempotency_key": "b"}, headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "NOODLE-E0703")


async def test_unknown_run_is_a_problem(api: Api) -> None:
    gets = ["", "/wait?timeout=0", "/events"]
    posts = ["/cancel", "/pause", "/resume", "/retry"]
    addresses = [("GET", path) for path in gets] + [("POST", path) for path in posts] + [("DELETE", "")]
    for run in ("0" * 32, "nonsense", "%00", "..%2f..", "'; drop table runs; --", "9" * 5000):
        for method, path in addresses:
            response = await api.client.request(method, f"/v1/runs/{run}{path}", headers=AUTHORIZATION)
            assert response.status_code == 404, (method, path, run)
            assert response.json()["code"] in ("NOODLE-E0731", "NOODLE-E0705")


async def test_list_refuses_what_it_does_not_know(api: Api) -> None:
    wrong = ["limit=0", "limit=1001", "limit=x", "limit=1&limit=2", "status=dead", "since=nan", "since=x", "tenant=a"]
    for query in [*wrong, f"program={'p' * 202}", "before=" + "x" * 65]:
        response = await get(api, f"/v1/runs?{query}")
        assert (response.status_code, response.json()["code"]) == (422, "NOODLE-E0703"), query
    for query in ("before=nonsense", "program=%00"):
        response = await get(api, f"/v1/runs?{query}")
        assert (response.status_code, response.json()["code"]) == (422, "NOODLE-E0734"), query


async def test_positions_times_and_bodies_of_commands_are_checked(api: Api) -> None:
    run = (await start(api, "1"))["id"]
    await ended(api, run)
    for path in ("events?after=-2", "events?after=9223372036854775808", "events?after=x", "wait?timeout=-1"):
        response = await get(api, f"/v1/runs/{run}/{path}")
        assert (response.status_code, response.json()["code"]) == (422, "NOODLE-E0703"), path
    assert (await get(api, f"/v1/runs/{run}/events", **{"Last-Event-ID": "x"})).status_code == 422
    for command, body in (("cancel", {"why": 1}), ("retry", {"limits": {"fuel": 0}}), ("fork", {"key": "a"})):
        assert (await api.post(f"/v1/runs/{run}/{command}", body)).status_code == 422, command
    assert (await api.post(f"/v1/runs/{run}/explode", {})).status_code == 404
    assert (await api.client.put(f"/v1/runs/{run}", headers=AUTHORIZATION)).status_code == 405


async def test_runs_need_the_token(api: Api) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("GET", f"/{'0' * 32}/events"), ("DELETE", f"/{'0' * 32}")):
        assert (await api.client.request(method, f"/v1/runs{path}")).status_code == 401


async def test_api_document_has_what_it_refers_to(api: Api) -> None:
    text = (await get(api, "/openapi.json")).text
    document = json.loads(text)
    assert set(re.findall(r'"\$ref":"#/components/schemas/(\w+)"', text)) <= set(document["components"]["schemas"])
    assert "$defs" not in text
    (status,) = (each for each in document["paths"]["/v1/runs"]["get"]["parameters"] if each["name"] == "status")
    assert "paused" in status["schema"]["anyOf"][0]["enum"]
    assert set(document["paths"]["/v1/runs"]["post"]["responses"]) >= {"202", "401", "409", "422", "503"}


def test_platform_without_durable_runs_loads_no_database() -> None:
    code = "import sys, noodle_ray.api.app, noodle_ray.core.runs.node\n"
    code += "print({'sqlalchemy', 'alembic', 'fsspec'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


async def test_nothing_is_opened_before_it_is_needed(api: Api, tmp_path: Path) -> None:
    await api.run("1 + 1")
    assert not (tmp_path / "noodle.db").exists()
    await start(api, "1")
    assert (tmp_path / "noodle.db").exists()


@pytest.fixture
async def node(api: Api, tmp_path: Path) -> AsyncIterator[RunsNode]:
    """A second process's part in the same store."""
    made = RunsNode(locate("", "", tmp_path), api.services.executor, slots=2, lease_seconds=15.0)
    yield made
    await made.close()


async def test_node_that_stops_gives_its_runs_to_another(api: Api, node: RunsNode) -> None:
    first = await node.runs()
    run = (await start(api, ENDLESS, limits={"deadline": 60}))["id"]
    await running(api, run)
    owner = (await get(api, f"/v1/runs/{run}")).json()["node"]
    assert owner
    paused = await first.pause(run)  # by a node that does not execute it
    assert paused.owner is None
    await first.resume(run)
    await running(api, run)
    await first.cancel(run)
    assert (await ended(api, run))["status"] == "cancelled"


async def test_node_finds_a_store_that_another_made(api: Api, node: RunsNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("noodle_ray.core.runs.node.LOOK_SECONDS", 0.01)
    node.start()
    await asyncio.sleep(0.05)
    assert node._runs is None
    await start(api, "1")
    while node._runs is None:
        await asyncio.sleep(0.01)


async def test_store_of_another_machine_is_refused(api: Api, tmp_path: Path) -> None:
    here = locate("", "", tmp_path)
    assert here.place is not None
    elsewhere = here._replace(place=("another kernel", *here.place[1:]))
    node = RunsNode(elsewhere, api.services.executor, slots=2, lease_seconds=15.0)
    with pytest.raises(PlatformError) as caught:
        await node.runs()
    assert caught.value.code == "NOODLE-E0825"
    assert not (tmp_path / "noodle.db").exists()
    await node.close()
    with pytest.raises(PlatformError):
        await node.runs()


@pytest.mark.parametrize("objects", ["", "nosuchprotocol://bucket"])
async def test_database_that_cannot_be_had_is_a_platform_error(api: Api, tmp_path: Path, objects: str) -> None:
    (tmp_path / "noodle.db").mkdir()
    location = Location(f"sqlite:///{tmp_path / 'noodle.db'}", objects or str(tmp_path / "objects"))
    node = RunsNode(location, api.services.executor, slots=2, lease_seconds=15.0)
    for _ in range(2):
        with pytest.raises(PlatformError) as caught:
            await node.runs()
        assert caught.value.code == "NOODLE-E0820"
    await node.close()


@pytest.mark.parametrize(
    ("database", "objects", "shared"),
    [("", "", False), ("postgresql://host/x", "", False), ("postgresql://host/x", "s3://bucket", True)],
)
def test_only_files_bind_a_store_to_a_machine(database: str, objects: str, shared: bool, tmp_path: Path) -> None:
    location = locate(database, objects, tmp_path)
    assert (location.place is None) is shared
    location.check()
    assert location.may_hold_runs() is bool(database)


APPROVAL = """
from noodle_ray import wait_for_signal

def main():
    return wait_for_signal("approval", timeout=1000)
"""


async def signalled(api: Api, run: str, name: str = "approval", body: object = None, **headers: str) -> httpx.Response:
    path = f"/v1/runs/{run}/signals/{name}"
    content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
    return await api.client.post(path, content=content, headers=AUTHORIZATION | headers)


async def test_run_gets_a_signal_once_however_often_it_is_sent(api: Api) -> None:
    run = (await start(api, APPROVAL))["id"]
    while not (found := (await get(api, f"/v1/runs/{run}")).json())["waits"]:
        await asyncio.sleep(0.02)
    assert (found["status"], found["waits"]["signals"]) == ("waiting", ["approval"])
    assert found["waits"]["until"] > found["created"] + 900
    sent = {"value": {"by": ["Ann", {"$float": "nan"}]}, "idempotency_key": "k"}
    replies = [await signalled(api, run, body=sent) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [202, 202]
    assert [reply.headers.get("idempotent-replayed") for reply in replies] == [None, "true"]
    other = await signalled(api, run, body={"value": 1}, **{"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["code"]) == (409, "NOODLE-E0730")
    assert "the idempotency key 'k' belongs" in other.json()["detail"]
    done = await ended(api, run)
    assert done["result"] == sent["value"]
    late = await signalled(api, run)
    assert (late.status_code, late.json()["code"]) == (409, "NOODLE-E0732")
    told = events_of((await get(api, f"/v1/runs/{run}/events")).text)
    assert [kind for _, kind, _ in told] == [
        *("running", "waits", "waiting", "queued", "running", "effect", "succeeded"),
    ]
    assert told[2][2]["signals"] == ["approval"]


BAD_SIGNALS: list[tuple[str, object, int, str]] = [
    ("x" * 201, {}, 422, "NOODLE-E0734"),
    ("a%00b", {}, 422, "NOODLE-E0734"),
    ("a%0Ab", {}, 404, "NOODLE-E0705"),
    ("go", {"vaule": 1}, 422, "NOODLE-E0703"),
    ("go", {"value": {"$float": "one"}}, 422, "NOODLE-E0703"),
    ("go", {"value": 1, "idempotency_key": ""}, 422, "NOODLE-E0703"),
    ("go", b"{", 400, "NOODLE-E0702"),
    ("go", {"value": "x" * (1 << 20)}, 413, "NOODLE-E0736"),
]


async def test_signals_that_no_run_takes_are_refused_and_lose_nothing(api: Api) -> None:
    run = (await start(api, APPROVAL))["id"]
    for name, body, status, code in BAD_SIGNALS:
        refused = await signalled(api, run, name, body)
        assert (refused.status_code, refused.json()["code"]) == (status, code), (name, body)
    unknown = await signalled(api, "0" * 32)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "NOODLE-E0731")
    assert (await signalled(api, run, body={"value": "yes"})).status_code == 202
    assert (await ended(api, run))["result"] == "yes"


async def test_plain_run_sleeps_and_cannot_be_signalled(api: Api) -> None:
    slept = await api.run("from noodle_ray import sleep\nsleep(0.01)\n'awake'")
    assert slept["result"] == "awake"
    refused = await api.run(APPROVAL)
    assert refused["error"]["code"] == "NOODLE-E0513"  # type: ignore[index]


async def test_reader_that_begins_behind_all_events_is_sent_away_when_the_run_has_ended(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("noodle_ray.api.durable.events.COMMENT_SECONDS", 0.0)
    run = (await start(api, ENDLESS, limits={"deadline": 60}))["id"]
    reading = asyncio.ensure_future(get(api, f"/v1/runs/{run}/events?after={1 << 62}"))
    await running(api, run)
    await api.post(f"/v1/runs/{run}/cancel", {})
    async with asyncio.timeout(20):
        assert "event:" not in (await reading).text
