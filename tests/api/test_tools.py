"""Tools over HTTP: what is listed, what a program may call, and what does not begin."""

import pytest

from noodle_ray.core.runs.tools.host import ToolHost
from noodle_ray.core.runs.tools.spec import ToolSpec
from tests.api.conftest import Api
from tests.api.test_durable import ended, get, start
from tests.runs import functions

SOURCE = (
    "from noodle_ray import tool\nnote = tool('note')\ndef main(texts):\n    return [note(text) for text in texts]\n"
)


@pytest.fixture
def tools(api: Api) -> Api:
    """The API of a platform with tools."""
    functions.CALLS.clear()
    specs = {
        "note": ToolSpec(python="tests.runs.functions:note", description="Writes a text down."),
        "theirs": ToolSpec(python="tests.runs.functions:note", tenants=["them"]),
    }
    api.services.executor.tools = ToolHost(specs)
    return api


async def test_tools_are_listed_for_whoever_may_call_them(tools: Api) -> None:
    listed = (await get(tools, "/v1/tools")).json()
    note = {
        "name": "note",
        "description": "Writes a text down.",
        "signature": "note(text: str) -> int",
        "parameters": None,
    }
    assert listed == {"data": [note]}


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("note", {"args": ["a"]}, 200, None),
        ("note", {"kwargs": {"text": "a"}}, 200, None),
        ("note", {}, 422, "NOODLE-E0519"),
        ("note", {"kwargs": {"idempotency_key": "mine", "text": "a"}}, 200, None),
        ("note", {"args": ["x" * (1 << 20)]}, 422, "NOODLE-E0519"),
        ("note", {"args": "a"}, 422, "NOODLE-E0703"),
        ("note", {"arguments": []}, 422, "NOODLE-E0703"),
        ("gone", {}, 422, "NOODLE-E0743"),
        ("theirs", {"args": ["a"]}, 422, "NOODLE-E0743"),
    ],
    ids=str,
)
async def test_arguments_are_checked_and_nothing_is_called(
    tools: Api, name: str, body: object, status: int, code: str | None
) -> None:
    answer = await tools.post(f"/v1/tools/{name}/check", body)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert functions.CALLS == []


async def test_programs_call_tools_each_way_they_are_run(tools: Api) -> None:
    reply = await tools.run(SOURCE, args=[["a", "b"]])
    assert (reply["result"], reply["usage"]["tool_calls"], reply["usage"]["model_calls"]) == ([1, 2], 2, 0)  # type: ignore[index]
    assert [event["model"] for event in reply["timeline"]] == ["tool:note"] * 2  # type: ignore[attr-defined]
    run = await ended(tools, (await start(tools, SOURCE, args=[["c"]]))["id"])
    assert (run["result"], run["usage"]["tool_calls"]) == ([3], 1)
    events = (await get(tools, f"/v1/runs/{run['id']}/events")).text
    assert '"model":"tool:note"' in events
    assert [text for text, _ in functions.CALLS] == ["a", "b", "c"]
    assert (await tools.post("/v1/compile", {"source": SOURCE})).json()["models"] == ["tool:note"]


async def test_run_that_fuel_ended_calls_no_tool_again(tools: Api) -> None:
    source = "from noodle_ray import tool\nx = tool('note')('a')\nfor n in range(1000):\n    x += 1\nx"
    stopped = await tools.run(source, limits={"fuel": 500})
    resumed = (await tools.post("/v1/resume", {"continuation": stopped["continuation"], "fuel": 100_000})).json()
    assert (resumed["result"], len(functions.CALLS)) == (1001, 1)


@pytest.mark.parametrize("name", ["gone", "theirs"])
async def test_program_with_a_tool_that_it_may_not_call_does_not_begin(tools: Api, name: str) -> None:
    source = SOURCE.replace("tool('note')", f"tool('{name}')")
    await tools.client.put(
        "/v1/programs/p", json={"source": source}, headers={"Authorization": "Bearer a-token-for-tests-only"}
    )
    answers = [
        await tools.post("/v1/run", {"source": source, "args": [["a"]]}),
        await tools.post("/v1/run", {"program": "p", "args": [["a"]]}),
        await tools.post("/v1/runs", {"source": source, "args": [["a"]]}),
        await tools.post("/v1/runs", {"program": "p@1", "args": [["a"]]}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "NOODLE-E0743")] * 4
    assert {answer.json()["detail"].count(name) for answer in answers} == {1}  # it does not tell which others have
    assert (await get(tools, "/v1/runs")).json()["data"] == []
    assert functions.CALLS == []
