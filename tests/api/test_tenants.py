"""Two tenants behind a gate that tells them apart: what one has, the other cannot see, change or spend."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import httpx
import pytest

from noodle_ray.core.runs.budgets import Allowance, Budget, Spending
from noodle_ray.core.runs.quotas import Quota
from noodle_ray.core.runs.terms import current
from tests.api.conftest import AUTHORIZATION, THEIRS, TOKEN, Api
from tests.api.test_durable import ended, start

CHAT = {"model": "talk", "messages": [{"role": "user", "content": "a b"}]}


@pytest.fixture
async def other(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the tenant ``them``."""
    transport = httpx.ASGITransport(api.client._transport.app, raise_app_exceptions=False)  # type: ignore[attr-defined]
    headers = {"Authorization": f"Bearer {THEIRS}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://noodle", headers=headers) as client:
        yield client


def theirs(api: Api) -> Any:
    """The app, to which every request comes with the token of ``them``."""
    inner = api.client._transport.app  # type: ignore[attr-defined]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
        headers.append((b"authorization", f"Bearer {THEIRS}".encode()))
        await inner({**scope, "headers": headers}, receive, send)

    return app


class Socket:
    """A WebSocket that stays open."""

    def __init__(self, app: Any, headers: list[tuple[bytes, bytes]], subprotocols: Sequence[str] = ()) -> None:
        self._in: asyncio.Queue[Any] = asyncio.Queue()
        self._out: asyncio.Queue[Any] = asyncio.Queue()
        self._in.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket", "path": "/v1/ws", "raw_path": b"/v1/ws", "query_string": b"", "root_path": "",
            "headers": headers, "subprotocols": list(subprotocols), "scheme": "ws",
        }  # fmt: skip
        self._task = asyncio.ensure_future(app(scope, self._in.get, self._out.put))

    async def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The next answer, or how the socket was closed."""
        self._in.put_nowait({"type": "websocket.receive", "text": json.dumps({"id": "a", **asked})})
        while (message := await asyncio.wait_for(self._out.get(), 20))["type"] == "websocket.accept":
            pass
        found: dict[str, Any] = json.loads(message["text"]) if "text" in message else message
        return found

    async def leave(self) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self._task


async def over_socket(app: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """The last answer to one request of a WebSocket."""
    last: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    messages = [{"type": "websocket.connect"}, {"type": "websocket.receive", "text": json.dumps({"id": "a", **asked})}]

    async def receive() -> Any:
        if messages:
            return messages.pop(0)
        await asyncio.wait({last}, timeout=20)
        return {"type": "websocket.disconnect", "code": 1000}

    async def send(message: Any) -> None:
        told = json.loads(message.get("text", "{}"))
        if told.get("type") not in (None, "chunk", "event") and not last.done():
            last.set_result(told)

    scope = {
        "type": "websocket", "path": "/v1/ws", "raw_path": b"/v1/ws", "query_string": b"", "root_path": "",
        "headers": [(b"authorization", f"Bearer {TOKEN}".encode())], "subprotocols": [], "scheme": "ws",
    }  # fmt: skip
    await app(scope, receive, send)
    return last.result()


async def test_run_of_another_tenant_is_not_there(api: Api, other: httpx.AsyncClient) -> None:
    run = (await start(api, "1 / 0"))["id"]
    had = await ended(api, run)
    asked: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("GET", "/wait?timeout=0", None),
        ("GET", "/events", None),
        ("DELETE", "", None),
        ("POST", "/cancel", {}),
        ("POST", "/pause", {}),
        ("POST", "/resume", {}),
        ("POST", "/retry", {}),
        ("POST", "/retry", {"limits": {"fuel": 9}}),
        ("POST", "/fork", {"key": "/1", "value": 1}),
        ("POST", "/signals/go", {"value": 1}),
        ("POST", "/replay", {}),
        ("POST", "/replay", {"ask": {"nothing": "length"}, "ask_all": True}),
    ]
    for method, path, body in asked:
        answer = await other.request(method, f"/v1/runs/{run}{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOODLE-E0731"), (method, path)
        assert answer.json()["detail"] == f"there is no run '{run}'"
    told = await over_socket(theirs(api), {"type": "watch", "body": {"run": run}})
    assert (told["type"], told["status"], told["error"]["code"]) == ("error", 404, "NOODLE-E0731")
    assert (await other.get("/v1/runs")).json()["data"] == []
    assert await ended(api, run) == had
    assert (await over_socket(api.client._transport.app, {"type": "watch", "body": {"run": run}}))["type"] == "done"  # type: ignore[attr-defined]


async def test_programs_and_schedules_of_another_tenant_are_not_there(api: Api, other: httpx.AsyncClient) -> None:
    put = partial(api.client.put, headers=AUTHORIZATION)
    chat = "def main(messages):\n    return 'mine'"
    assert (await put("/v1/programs/mine", json={"source": chat, "alias": "live"})).status_code == 201
    assert (await put("/v1/schedules/daily", json={"program": "mine", "cron": "0 3 * * *"})).status_code == 201
    assert (await put("/v1/schedules/told", json={"program": "mine", "topic": "news"})).status_code == 201
    asked: list[tuple[str, str, object]] = [
        ("GET", "/v1/programs/mine", None),
        ("GET", "/v1/programs/mine@live", None),
        ("GET", "/v1/programs/mine/versions", None),
        ("POST", "/v1/programs/mine/check", {"source": "1"}),
        ("PUT", "/v1/programs/mine/aliases/live", {"version": 1}),
        ("DELETE", "/v1/programs/mine/aliases/live", None),
        ("DELETE", "/v1/programs/mine", None),
        ("POST", "/v1/run", {"program": "mine"}),
        ("POST", "/v1/runs", {"program": "mine@1"}),
        ("PUT", "/v1/schedules/theirs", {"program": "mine", "cron": "0 3 * * *"}),
        ("GET", "/v1/runs?program=mine@live", None),
    ]
    for method, path, body in asked:
        answer = await other.request(method, path, json=body)
        assert (answer.status_code, answer.json().get("code")) == (404, "NOODLE-E0733"), (method, path)
    body = {"model": "noodle:mine", "messages": [{"role": "user", "content": ""}]}
    assert (await other.post("/v1/chat/completions", json=body)).json()["error"]["code"] == "NOODLE-E0733"
    told = await over_socket(theirs(api), {"type": "chat", "body": body})
    assert (told["type"], told["error"]["code"]) == ("error", "NOODLE-E0733")
    for method in ("GET", "DELETE"):
        answer = await other.request(method, "/v1/schedules/daily")
        assert (answer.status_code, answer.json()["code"]) == (404, "NOODLE-E0738")
    for path in ("/v1/programs", "/v1/schedules", "/v1/runs?program=mine"):
        assert (await other.get(path)).json()["data"] == []
    assert "noodle:mine" not in (await other.get("/v1/models")).text
    assert (await other.post("/v1/events/news", json={"value": 1})).json()["started"] == []
    # Under the same names they have their own, and ours are as before.
    assert (await other.put("/v1/programs/mine", json={"source": "'theirs'"})).json()["version"] == 1
    assert (await other.put("/v1/schedules/daily", json={"program": "mine", "topic": "news"})).status_code == 201
    assert len((await other.post("/v1/events/news", json={"value": 1})).json()["started"]) == 1
    assert (await other.delete("/v1/programs/mine")).status_code == 204
    mine = await api.client.get("/v1/programs/mine@live", headers=AUTHORIZATION)
    assert (mine.json()["source"], mine.json()["version"]) == (chat, 1)
    daily = (await api.client.get("/v1/schedules/daily", headers=AUTHORIZATION)).json()
    assert (daily["cron"], daily["last_run"]) == ("0 3 * * *", None)


async def test_run_cannot_start_a_program_of_another_tenant(api: Api, other: httpx.AsyncClient) -> None:
    await api.client.put("/v1/programs/mine", json={"source": "1"}, headers=AUTHORIZATION)
    source = "from noodle_ray import run_program\nrun_program('mine')"
    run = (await other.post("/v1/runs", json={"source": source})).json()["id"]
    found = (await other.get(f"/v1/runs/{run}/wait?timeout=30")).json()
    assert (found["status"], "there is no program 'mine'" in found["error"]["message"]) == ("failed", True)


async def test_runs_of_a_tenant_are_its_own_from_end_to_end(api: Api, other: httpx.AsyncClient) -> None:
    waits = "from noodle_ray import wait_for_signal\nwait_for_signal('go')"
    run = (await other.post("/v1/runs", json={"source": waits})).json()["id"]
    for path in ("", "/wait?timeout=0", "/events"):
        answer = await api.client.get(f"/v1/runs/{run}{path}", headers=AUTHORIZATION)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOODLE-E0731")
    assert (await other.post(f"/v1/runs/{run}/signals/go", json={"value": 7})).status_code == 202
    assert (await other.get(f"/v1/runs/{run}/wait?timeout=30")).json()["result"] == 7
    assert [one["id"] for one in (await other.get("/v1/runs")).json()["data"]] == [run]
    forked = (await other.post(f"/v1/runs/{run}/fork", json={"key": "/1", "value": 8})).json()["id"]
    assert (await other.get(f"/v1/runs/{forked}/wait?timeout=30")).json()["result"] == 8
    assert (await api.client.get(f"/v1/runs?parent={run}", headers=AUTHORIZATION)).json()["data"] == []


async def test_every_route_is_a_tenants_or_says_that_it_is_the_owners(api: Api, other: httpx.AsyncClient) -> None:
    paths = (await other.get("/openapi.json")).json()["paths"]
    owners = set()
    for path, operations in paths.items():
        for method in operations:
            answer = await other.request(method, re.sub(r"\{.*?\}", "x", path))
            assert answer.status_code != 401, (method, path)
            if answer.status_code == 403:
                assert answer.json()["code"] == "NOODLE-E0747"
                owners.add(path)
    assert owners == {"/metrics"}
    ways = ("/metrics/", "//metrics", "/metrics%2F", "/%6detrics", "/v1/../metrics", "/metrics%0A", "/metrics%0D%0A")
    for path in ways:
        answer = await other.get(path)
        assert (answer.status_code, "noodle_" in answer.text) in ((307, False), (403, False), (404, False)), path


async def test_token_of_a_tenant_ends_when_it_is_revoked(api: Api, other: httpx.AsyncClient) -> None:
    socket = Socket(api.client._transport.app, [(b"authorization", f"Bearer {THEIRS}".encode())])  # type: ignore[attr-defined]
    assert (await socket.ask({"type": "infer", "body": {"model": "length", "inputs": ["a"]}}))["type"] == "result"
    assert (await other.get("/v1/usage")).status_code == 200
    api.tokens.take({})
    for method, path in (("GET", "/v1/usage"), ("POST", "/v1/run"), ("GET", "/metrics"), ("GET", "/docs")):
        answer = await other.request(method, path)
        assert (answer.status_code, THEIRS in answer.text) == (401, False)
    closed = await socket.ask({"type": "infer", "body": {"model": "length", "inputs": ["a"]}})
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    assert (await api.client.get("/v1/usage", headers=AUTHORIZATION)).status_code == 200


async def test_browser_of_a_tenant_names_its_token_as_a_subprotocol(api: Api) -> None:
    allowances = {"them": Allowance(Budget(model_calls=0), "ever")}
    api.services.executor.spending = Spending(allowances, {}, api.services.store, lambda: 0.0)
    socket = Socket(api.client._transport.app, [], ["noodle.v1", f"bearer.{THEIRS}"])  # type: ignore[attr-defined]
    told = await socket.ask({"type": "infer", "body": {"model": "length", "inputs": ["a"]}})
    assert (told["status"], told["error"]["code"]) == (403, "NOODLE-E0524")
    await socket.leave()


async def test_turn_of_a_tenant_is_its_own_whatever_it_says(api: Api, other: httpx.AsyncClient) -> None:
    turns = []
    submit = api.services.executor.batcher.submit
    api.services.executor.batcher.submit = lambda *args, **more: (
        turns.append((current().tenant, current().whose)) or submit(*args, **more)
    )  # type: ignore[method-assign, func-returns-value]
    body = {"inputs": ["a"]}
    for client, headers in ((other, {}), (other, {"Noodle-Tenant": "us"}), (api.client, AUTHORIZATION)):
        assert (await client.post("/v1/models/length/infer", json=body, headers=headers)).status_code == 200
    named = AUTHORIZATION | {"Noodle-Tenant": "us"}
    assert (await api.client.post("/v1/models/length/infer", json=body, headers=named)).status_code == 200
    assert turns == [("them", "them"), ("them", "them"), ("", ""), ("us", "")]


async def test_token_stands_in_no_metric(api: Api, other: httpx.AsyncClient) -> None:
    await other.get(f"/v1/{THEIRS}")
    await other.get(f"/docs?token={THEIRS}")
    assert THEIRS not in (await api.client.get("/metrics", headers=AUTHORIZATION)).text


async def test_idempotency_key_of_another_tenant_is_free(api: Api, other: httpx.AsyncClient) -> None:
    body = {"source": "1", "idempotency_key": "k"}
    mine, same = (await api.post("/v1/runs", body)).json(), (await api.post("/v1/runs", body)).json()
    their = (await other.post("/v1/runs", json={"source": "2", "idempotency_key": "k"})).json()
    assert (mine["id"] == same["id"], mine["id"] == their["id"]) == (True, False)


async def test_request_is_the_same_when_the_tenant_may_have_less_by_then(api: Api) -> None:
    body = {"source": "1", "idempotency_key": "q"}
    mine = (await api.post("/v1/runs", body)).json()
    api.services.quotas._quotas[""] = Quota(memory=20 << 20, deadline=2.0)
    same = await api.post("/v1/runs", body)
    assert same.json()["id"] == mine["id"]
    other = await api.post("/v1/runs", {**body, "limits": {"memory": 20 << 20}})
    assert other.json()["code"] == "NOODLE-E0730"


@pytest.mark.parametrize(
    ("kind", "body", "calls"),
    [
        ("chat", {**CHAT, "n": 2}, 2),
        ("complete", {"model": "talk", "prompt": "a b"}, 1),
        ("embed", {"model": "vector", "input": ["a", "b"]}, 2),
        ("infer", {"model": "length", "inputs": ["a", "b", "c"]}, 3),
    ],
)
async def test_requests_over_a_websocket_count_for_their_tenant(
    api: Api, other: httpx.AsyncClient, kind: str, body: dict[str, Any], calls: int
) -> None:
    allowances = {"them": Allowance(Budget(model_calls=calls), "ever"), "": Allowance(Budget(model_calls=0), "ever")}
    api.services.executor.spending = Spending(allowances, {}, api.services.store, lambda: 0.0)
    asked = {"type": kind, "body": body}
    assert (await over_socket(theirs(api), asked))["type"] in ("done", "result")
    assert (await other.get("/v1/usage")).json()["spent"]["model_calls"] == calls
    for app in (theirs(api), api.client._transport.app):  # type: ignore[attr-defined]
        told = await over_socket(app, asked)
        assert (told["type"], told["status"], told["error"]["code"]) == ("error", 403, "NOODLE-E0524")
    assert (await api.client.get("/v1/usage", headers=AUTHORIZATION)).json()["spent"]["model_calls"] == 0
