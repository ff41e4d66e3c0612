"""Two tenants behind a gate that tells them apart: what one has, the other cannot see, change or spend."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from noodle_ray.core.runs.budgets import Allowance, Budget, Spending
from tests.api.conftest import AUTHORIZATION, TOKEN, Api
from tests.api.test_durable import ended, start

CHAT = {"model": "talk", "messages": [{"role": "user", "content": "a b"}]}


@pytest.fixture
async def other(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client that the gate says is of the tenant ``them``."""
    transport = httpx.ASGITransport(theirs(api), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://noodle", headers=AUTHORIZATION) as client:
        yield client


def theirs(api: Api) -> Any:
    """The app behind such a gate."""
    inner = api.client._transport.app  # type: ignore[attr-defined]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await inner({**scope, "tenant": "them"}, receive, send)

    return app


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


async def test_idempotency_key_of_another_tenant_is_free(api: Api, other: httpx.AsyncClient) -> None:
    body = {"source": "1", "idempotency_key": "k"}
    mine, same = (await api.post("/v1/runs", body)).json(), (await api.post("/v1/runs", body)).json()
    their = (await other.post("/v1/runs", json={"source": "2", "idempotency_key": "k"})).json()
    assert (mine["id"] == same["id"], mine["id"] == their["id"]) == (True, False)


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
