"""``noodle tools`` against a real server."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from noodle_ray.client.http import AsyncClient
from noodle_ray.errors import RunError
from tests.cli.conftest import Command
from tests.client.conftest import Served, platform
from tests.runs import functions

__all__ = ["platform"]


@pytest.fixture
def tools(noodle: Command, platform: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """``noodle tools`` at the platform."""
    monkeypatch.setenv("NOODLE_URL", platform.url)
    monkeypatch.setenv("NOODLE_TOKEN", platform.token)
    functions.CALLS.clear()
    yield lambda *argv: noodle("tools", *argv)
    functions.CALLS.clear()


def test_tools_are_listed_and_shown(tools: Command) -> None:
    listed = json.loads(tools("list", "--json").out)["tools"]
    signatures = {one["name"]: one["signature"] for one in listed}
    assert signatures == {"note": "note(text: str) -> int", "find": "find(*, id: string, fields: array | null = ...)"}
    assert "note(text: str) -> int" in tools("list").out
    assert tools("show", "note").out == "note(text: str) -> int\nWrites a text down.\n"
    assert '"required"' in tools("show", "find").out
    gone = tools("show", "gone")
    assert (gone.status, gone.err) == (2, "error: there is no tool 'gone' here; there is find, note [NOODLE-E0743]\n")


def test_tool_is_called_as_a_program_calls_it(tools: Command) -> None:
    assert tools("call", "note", "--args", '["a"]').out == "1\n"
    assert json.loads(tools("call", "note", "--args", '{"text": "b"}', "--json").out) == {"name": "note", "result": 2}
    assert [text for text, _ in functions.CALLS] == ["a", "b"]
    refused = tools("call", "note")
    assert (refused.status, refused.err.endswith("argument: 'text' [NOODLE-E0519]\n")) == (1, True)
    assert tools("call", "gone").status == 2
    assert tools("call", "note", "--args", "{").status == 2


def test_arguments_are_checked_without_a_call(tools: Command) -> None:
    assert tools("check", "find", "--args", '{"id": "7"}').out == "find takes these arguments\n"
    wrong = tools("check", "find", "--args", '{"id": 7}')
    assert (wrong.status, "refuses id: 7 is not of type 'string' [NOODLE-E0519]" in wrong.err) == (1, True)
    assert functions.CALLS == []


def test_coroutines_call_tools_too(platform: Served) -> None:
    async def ask() -> object:
        client = AsyncClient(platform.url, platform.token)
        try:
            with pytest.raises(RunError, match="named arguments only"):
                await client.toolbox.check("find", ["7"])
            return await client.toolbox.call("note", ["c"])
        finally:
            await client.aclose()

    assert asyncio.run(ask()) == len(functions.CALLS)
