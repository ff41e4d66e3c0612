"""What one tenant may have: published versions, schedules, and watches that are open."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from noodle_ray.core.runs.quotas import Quota
from tests.api.conftest import AUTHORIZATION, TOKEN, Api
from tests.api.test_durable import ended, start
from tests.api.test_tenants import over_socket, theirs

WAITS = "from noodle_ray import wait_for_signal\nwait_for_signal('go')"


@pytest.fixture
def quotas() -> dict[str, Quota]:
    return {"": Quota(versions=3, schedules=2, watches=2)}


async def put(api: Api, path: str, body: dict[str, Any]) -> tuple[int, str]:
    reply = await api.client.put(path, json=body, headers=AUTHORIZATION)
    return reply.status_code, reply.json().get("code", "")


async def test_versions_of_all_programs_count_and_what_is_deleted_does_not(api: Api) -> None:
    asked = [put(api, f"/v1/programs/p{n % 3}", {"source": f"{n}"}) for n in range(12)]
    replies = await asyncio.gather(*asked)  # at once, so that none sees the room that another takes
    assert sorted(replies) == [(201, "")] * 3 + [(409, "NOODLE-E0760")] * 9
    names = [f"p{n}" for n in range(3)]
    await asyncio.gather(*[api.client.delete(f"/v1/programs/{name}", headers=AUTHORIZATION) for name in names])
    assert await put(api, "/v1/programs/p0", {"source": "'a'"}) == (201, "")
    assert await put(api, "/v1/programs/p0", {"source": "'b'"}) == (201, "")
    assert await put(api, "/v1/programs/p1", {"source": "'c'"}) == (201, "")
    assert await put(api, "/v1/programs/p1", {"source": "'c'"}) == (200, "")  # it is there already
    assert await put(api, "/v1/programs/p0", {"source": "'a'"}) == (409, "NOODLE-E0760")
    async with other(api) as them:
        assert (await them.put("/v1/programs/p0", json={"source": "1"})).status_code == 201


async def test_schedules_count_also_switched_off_and_are_replaced_all_the_same(api: Api) -> None:
    assert await put(api, "/v1/programs/p", {"source": "1"}) == (201, "")
    asked = [put(api, f"/v1/schedules/s{n}", {"program": "p", "topic": "t", "enabled": n % 2 == 0}) for n in range(8)]
    assert sorted(await asyncio.gather(*asked)) == [(201, "")] * 2 + [(409, "NOODLE-E0761")] * 6
    page = (await api.client.get("/v1/schedules", headers=AUTHORIZATION)).json()["data"]
    first, second = (one["name"] for one in page)
    assert await put(api, f"/v1/schedules/{first}", {"program": "p", "cron": "0 9 * * *"}) == (200, "")
    assert await put(api, "/v1/schedules/more", {"program": "p", "topic": "t"}) == (409, "NOODLE-E0761")
    await api.client.delete(f"/v1/schedules/{second}", headers=AUTHORIZATION)
    assert await put(api, "/v1/schedules/more", {"program": "p", "topic": "t"}) == (201, "")


async def test_streams_and_sockets_count_as_long_as_they_are_open(api: Api) -> None:
    run = (await start(api, WAITS))["id"]
    app = api.client._transport.app  # type: ignore[attr-defined]
    streams = [Watching(app, f"/v1/runs/{run}/events") for _ in range(2)]
    assert [await stream.begun for stream in streams] == [200, 200]
    for path in (f"/v1/runs/{run}/events", f"/v1/runs/{run}/events?after=3"):
        refused = await api.client.get(path, headers=AUTHORIZATION)
        assert (refused.status_code, refused.json()["code"]) == (429, "NOODLE-E0762")
        assert refused.headers["retry-after"]
    assert await Watching(app, "/v1/ws", "websocket").begun == 429
    streams[0].leave()
    await streams[0].over
    assert api.services.quotas.watching("") == 1
    told = await over_socket(app, {"type": "watch", "body": {"run": run}})  # the socket has the second place itself
    assert (told["type"], told["status"], told["error"]["code"]) == ("error", 429, "NOODLE-E0762")
    assert api.services.quotas.watching("") == 1
    async with other(api) as them:
        assert (await them.get(f"/v1/runs/{run}/events")).status_code == 404
    await api.post(f"/v1/runs/{run}/signals/go", {"value": 1})
    await ended(api, run)
    await streams[1].over
    assert api.services.quotas.watching("") == 0
    assert (await api.client.get(f"/v1/runs/{run}/events", headers=AUTHORIZATION)).status_code == 200


class Watching:
    """A client that keeps something open until it leaves."""

    def __init__(self, app: Any, path: str, kind: str = "http") -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[int] = loop.create_future()
        self._left = asyncio.Event()
        self._asked = False
        path, _, query = path.partition("?")
        scope = {
            "type": kind, "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "root_path": "", "scheme": "http", "headers": [(b"authorization", f"Bearer {TOKEN}".encode())],
            "subprotocols": [], "extensions": {"websocket.http.response": {}}, "http_version": "1.1",
        }  # fmt: skip
        self.over = asyncio.ensure_future(app(scope, self._receive, self._send))

    def leave(self) -> None:
        self._left.set()

    async def _receive(self) -> Any:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b""}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        if "status" in message and not self.begun.done():
            self.begun.set_result(message["status"])


@contextlib.asynccontextmanager
async def other(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another tenant."""
    transport = httpx.ASGITransport(theirs(api), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://noodle", headers=AUTHORIZATION) as client:
        yield client
