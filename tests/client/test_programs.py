"""Published programs through the client and a connection, against a real server."""

import itertools
from typing import Any

import pytest

import noodle_ray as noodle
from noodle_ray.client.connection import Connection
from noodle_ray.client.durable import AsyncRuns
from noodle_ray.client.http import Client
from noodle_ray.errors import ModelError, PlatformError, RequestError, RunError
from tests.client.conftest import Served

ADD = "def main(a, b=1):\n    return a + b"


def test_program_is_published_called_and_removed(platform: Served) -> None:
    with Client(platform.url, platform.token) as client:
        assert client.publish("add", source=ADD, alias="prod")["version"] == 1
        assert client.publish("add", source="def main(a, b=2):\n    return a * b")["created_version"]
        add = client.program("add@prod")
        assert (add(2), add(2, b=5), client.program("add")(4)) == (3, 7, 8)
        assert (add.show()["source"], [one["version"] for one in client.programs.versions("add")]) == (ADD, [2, 1])
        with pytest.raises(RunError) as failed:
            add(None)
        assert failed.value.type == "TypeError"  # type: ignore[attr-defined]
        run = add.start(1, idempotency_key="programs")
        assert client.runs.wait(run["id"])["result"] == 2
        assert client.runs.replay(run["id"])["same"]
        assert client.programs.check("add", source=ADD.replace("+", "-"))["differ"][0]["differences"]["result"] == [
            2,
            0,
        ]
        with pytest.raises(RequestError) as refused:
            client.publish("add", source=ADD.replace("+", "-"), check=1, same=True)
        assert (refused.value.code, refused.value.differ[0]["run"]) == ("NOODLE-E0740", run["id"])  # type: ignore[attr-defined]
        client.programs.alias("add", "prod", 2)
        assert add(4) == 8
        client.programs.drop_alias("add", "prod")
        assert "add" in [one["name"] for one in client.programs.list()[0]]
        client.programs.remove("add")
        with pytest.raises(RequestError, match="there is no program 'add'"):
            add(1)


@noodle.program
def shout(text: str) -> str:
    return text.upper()


def test_function_is_published_by_a_connection(connected: Connection) -> None:
    assert [tool["name"] for tool in connected.tools()] == ["find", "note"]
    assert connected.usage()["budget"] == {}
    assert connected.run("1", budget={"model_calls": 0}).result == 1
    connected.publish("shout", shout)
    assert connected.program("shout")("hi") == "HI"
    connected.programs.remove("shout")


def test_budget_is_passed_on(platform: Served) -> None:
    source = (
        "from noodle_ray import model\nlength = model('length')\ndef main(words):\n    return [*map(length, words)]\n"
    )
    with Client(platform.url, platform.token) as client:
        assert client.run(source=source, args=["abc"], budget={"model_calls": 2})["error"]["code"] == "NOODLE-E0522"
        run = client.start(source=source, args=["abc"], budget={"model_calls": 2})["id"]
        assert client.runs.wait(run)["error"]["code"] == "NOODLE-E0522"
        client.runs.retry(run, budget={})
        assert client.runs.wait(run)["result"] == [1, 1, 1]
        client.publish("budgeted", source=source)
        assert client.program("budgeted").run("abc", budget={"model_calls": 0}).error["code"] == "NOODLE-E0522"  # type: ignore[index]
        client.programs.remove("budgeted")
        assert client.tools()
        assert client.usage()["window"] is None


def test_many_runs_are_replayed_in_order_and_a_few_at_a_time(platform: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    under_way = most = 0
    replay = AsyncRuns.replay

    async def counted(self: AsyncRuns, run: str, **how: Any) -> dict[str, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await replay(self, run, **how)
        finally:
            under_way -= 1

    monkeypatch.setattr(AsyncRuns, "replay", counted)
    with Client(platform.url, platform.token) as client:
        client.publish("many", source=ADD)
        add = client.program("many")
        runs = [client.runs.wait(add.start(number)["id"])["id"] for number in range(7)]
        reports = list(client.runs.replays(of="many", at_once=3))
        assert [report["run"] for report in reports] == runs[::-1]
        assert (all(report["same"] for report in reports), most) == (True, 3)
        gone, mine = client.runs.replays(runs=["0" * 32, runs[0]])
        assert (gone["problem"].code, mine["same"]) == ("NOODLE-E0731", True)
        assert [report["run"] for report in client.runs.replays(of="many@1", limit=2)] == runs[:-3:-1]
        endless = client.runs.replays(runs=itertools.repeat(runs[0]), source=ADD.replace("+", "-"))
        assert [next(endless)["differences"]["result"] for _ in range(9)] == [[1, -1]] * 9
        endless.close()  # type: ignore[attr-defined]
        assert under_way == 0
        with pytest.raises(ModelError, match="there is no model named"):
            list(client.runs.replays(of="many", ask={"length": "lenght"}))
        checked = client.programs.check("many", source=ADD.replace("+", "-"))
        assert (checked["checked"], checked["differing"], len(checked["differ"])) == (7, 7, 7)
        client.programs.remove("many")


def test_damaged_run_stops_no_other_replay(platform: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def damaged(self: AsyncRuns, run: str, **how: Any) -> dict[str, Any]:
        raise PlatformError("a stored object is missing", code="NOODLE-E0824")

    monkeypatch.setattr(AsyncRuns, "replay", damaged)
    with Client(platform.url, platform.token) as client:
        assert [one["problem"].code for one in client.runs.replays(runs=["a", "b"])] == ["NOODLE-E0824"] * 2
