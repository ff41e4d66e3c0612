"""`/v1/ws` with the client of `websockets`, over real connections."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from noodle_ray.client.http import AsyncClient
from tests.client.conftest import Served


def _address(platform: Served) -> str:
    return f"ws{platform.url.removeprefix('http')}/v1/ws"


def _bearer(platform: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {platform.token}"}


@pytest.fixture
async def ws(platform: Served) -> AsyncIterator[ClientConnection]:
    """An open connection."""
    async with connect(_address(platform), additional_headers=_bearer(platform)) as made:
        yield made


def _ask(request: str, kind: str, **body: Any) -> str:
    return json.dumps({"id": request, "type": kind, "body": body})


def _chat(request: str, text: str, **more: Any) -> str:
    return _ask(request, "chat", model="talk", messages=[{"role": "user", "content": text}], **more)


async def _read(ws: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(ws.recv(), 30))


async def _all(ws: ClientConnection, *requests: str) -> dict[str, list[Any]]:
    """The frames of these requests, until each has ended."""
    frames: dict[str, list[Any]] = {request: [] for request in requests}
    left = set(requests)
    while left:
        frame = await _read(ws)
        frames[frame["id"]].append(frame)
        if frame["type"] != "chunk":
            left.remove(frame["id"])
    return frames


async def test_requests_at_once_get_their_own_answers(ws: ClientConnection) -> None:
    await ws.send(_chat("a", "one two"))
    await ws.send(_ask("b", "embed", model="vector", input=["abc"]))
    await ws.send(_ask("c", "infer", model="length", inputs=["four", "12345"]))
    await ws.send(_ask("d", "complete", model="talk", prompt="x y z"))
    frames = await _all(ws, "a", "b", "c", "d")
    chat = frames["a"]
    deltas = [frame["body"]["choices"][0]["delta"] for frame in chat[:-1]]
    assert [delta["content"] for delta in deltas if delta] == ["one", "two"]
    assert (chat[-1]["type"], chat[-1]["usage"]["completion_tokens"]) == ("done", 2)
    assert frames["b"][0]["body"]["data"][0]["embedding"] == pytest.approx([3.0, 0.3])
    assert frames["c"][0]["body"]["outputs"] == [4, 5]
    assert [frame["body"]["choices"][0]["text"] for frame in frames["d"][:-1]][:3] == ["x", "y", "z"]


async def test_id_can_be_used_again_once_it_has_ended_but_not_before(ws: ClientConnection) -> None:
    for _ in range(3):
        await ws.send(_chat("same", "x"))
        assert (await _all(ws, "same"))["same"][-1]["type"] == "done"
    await ws.send(_chat("same", "one hold"))
    assert (await _read(ws))["type"] == "chunk"
    await ws.send(_chat("same", "x"))
    refused = await _read(ws)
    assert (refused["status"], refused["error"]["code"]) == (409, "NOODLE-E0756")
    await ws.send('{"id": "same", "type": "cancel"}')
    assert (await _read(ws))["type"] == "cancelled"


async def test_cancel_ends_that_generation_alone(ws: ClientConnection, platform: Served) -> None:
    before = len(platform.models.ended)
    await ws.send(_chat("a", "one hold"))
    await ws.send(_chat("b", "two hold"))
    assert {(await _read(ws))["id"] for _ in range(2)} == {"a", "b"}
    await ws.send('{"id": "a", "type": "cancel"}')
    await ws.send('{"id": "nobody", "type": "cancel"}')
    assert await _read(ws) == {"id": "a", "type": "cancelled"}
    assert platform.models.ended[before:] == ["ended early"]
    await ws.send(_chat("c", "x"))
    assert (await _all(ws, "c"))["c"][-1]["type"] == "done"


async def test_generations_end_when_the_client_goes_away(platform: Served) -> None:
    before = len(platform.models.ended)
    async with connect(_address(platform), additional_headers=_bearer(platform)) as ws:
        await ws.send(_chat("a", "one hold"))
        await ws.send(_chat("b", "two hold"))
        assert {(await _read(ws))["id"] for _ in range(2)} == {"a", "b"}
    deadline = time.monotonic() + 30
    while len(platform.models.ended) < before + 2:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert platform.models.ended[before:] == ["ended early"] * 2


BAD: list[tuple[str, str | None, int, str]] = [
    ("{", None, 400, "NOODLE-E0702"),
    ("[" * 100_000, None, 400, "NOODLE-E0702"),
    ("5", None, 422, "NOODLE-E0703"),
    ("{}", None, 422, "NOODLE-E0703"),
    ('{"id": 5, "type": "chat"}', None, 422, "NOODLE-E0703"),
    ('{"id": "", "type": "cancel"}', "", 422, "NOODLE-E0703"),
    ('{"id": "x", "type": "dance"}', "x", 422, "NOODLE-E0703"),
    ('{"id": "x", "type": "cancel", "body": {}}', "x", 422, "NOODLE-E0703"),
    ('{"id": "x", "type": "chat"}', "x", 422, "NOODLE-E0703"),
    (json.dumps({"id": "y" * 201, "type": "cancel"}), "y" * 200, 422, "NOODLE-E0703"),
    (_chat("x", "one", temperature=9), "x", 422, "NOODLE-E0603"),
    (_chat("x", "one", surprise=9), "x", 422, "NOODLE-E0703"),
    (_chat("x", "busy"), "x", 429, "NOODLE-E0608"),
    (_chat("x", "break"), "x", 502, "NOODLE-E0605"),
    (_chat("x", "bug"), "x", 500, "NOODLE-E0800"),
    (_ask("x", "chat", model="vector", messages=[{"role": "user", "content": "x"}]), "x", 422, "NOODLE-E0603"),
    (_ask("x", "embed", model="nope", input="x"), "x", 404, "NOODLE-E0601"),
    (_ask("x", "embed", model="vector", input=[]), "x", 422, "NOODLE-E0603"),
    (_ask("x", "infer", model="nope", inputs=[1]), "x", 404, "NOODLE-E0601"),
    (_ask("x", "infer", model="length", inputs=[]), "x", 422, "NOODLE-E0703"),
    (_ask("x", "infer", model="length", inputs=[5]), "x", 422, "NOODLE-E0603"),
    (_ask("x", "infer", model="lost", inputs=["x"]), "x", 502, "NOODLE-E0605"),
    (_ask("x", "infer", model="length", inputs=["x"] * 1025), "x", 422, "NOODLE-E0703"),
]


async def test_bad_message_is_an_error_and_ends_nothing(ws: ClientConnection) -> None:
    for text, request, status, code in BAD:
        await ws.send(text)
        frame = await _read(ws)
        assert (frame["id"], frame["type"], frame["status"], frame["error"]["code"]) == (
            request,
            "error",
            status,
            code,
        ), (
            text[:200],
            frame,
        )
    await ws.send(_chat("a", "x"))
    assert (await _all(ws, "a"))["a"][-1]["type"] == "done"


@pytest.mark.parametrize(("content", "code"), [(b"\0", 1003), ("x" * (9 << 20), 1009), ("x" * (17 << 20), 1009)])
async def test_what_is_no_message_closes_the_connection(ws: ClientConnection, content: Any, code: int) -> None:
    await ws.send(content)
    with pytest.raises(ConnectionClosed) as caught:
        await asyncio.wait_for(ws.recv(), 30)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == code


async def test_connection_has_so_many_requests_at_once(ws: ClientConnection) -> None:
    for n in range(33):
        await ws.send(_chat(str(n), "hold"))
    frame = await _read(ws)
    assert (frame["id"], frame["status"], frame["error"]["code"]) == ("32", 429, "NOODLE-E0757")


async def test_token_is_a_header_or_a_subprotocol(platform: Served) -> None:
    for wrong in (
        {},
        {"additional_headers": {"Authorization": "Bearer wrong"}},
        {"subprotocols": ["noodle.v1", "bearer.wrong"]},
        {"additional_headers": {"Cookie": f"noodle_token={platform.token}"}},
    ):
        with pytest.raises(InvalidStatus) as caught:
            await connect(_address(platform), **wrong).__aenter__()
        assert caught.value.response.status_code == 401
        assert json.loads(caught.value.response.body or b"")["code"] == "NOODLE-E0701"
    offered: Any = ["noodle.v1", f"bearer.{platform.token}"]
    async with connect(_address(platform), subprotocols=offered) as ws:
        assert ws.subprotocol == "noodle.v1"
        await ws.send(_chat("a", "x"))
        assert (await _all(ws, "a"))["a"][-1]["type"] == "done"
    with pytest.raises(InvalidStatus):
        await connect(f"{_address(platform)}/nothing", additional_headers=_bearer(platform)).__aenter__()


def _deaf(platform: Served) -> connect:
    """A connection that takes little before it is read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    host, _, port = platform.url.removeprefix("http://").partition(":")
    made.connect((host, int(port)))
    return connect(
        _address(platform),
        sock=made,
        additional_headers=_bearer(platform),
        max_queue=1,
        max_size=None,
        compression=None,
        close_timeout=0.1,
    )


LONG = " ".join(["x" * 100_000] * 9)
MANY = [str(n) for n in range(20)]
"""Requests that together tell more than sockets take: the last of them wait for their reader."""


async def test_slow_reader_waits_for_itself_alone(platform: Served, ws: ClientConnection) -> None:
    before = len(platform.models.ended)
    async with _deaf(platform) as deaf:
        for request in MANY:
            await deaf.send(_chat(request, LONG))
        for _ in range(5):
            await ws.send(_chat("a", "one two"))
            assert (await _all(ws, "a"))["a"][-1]["type"] == "done"
        assert len(platform.models.ended) < before + 5 + len(MANY)
        frames = await _all(deaf, *MANY)
    assert [len(told) for told in frames.values()] == [11] * len(MANY)


async def test_who_asks_on_without_reading_is_cut_off(platform: Served) -> None:
    before = len(platform.models.ended)
    async with _deaf(platform) as deaf:
        for request in MANY:
            await deaf.send(_chat(request, LONG))
        deadline = time.monotonic() + 60
        while "ended early" not in platform.models.ended[before:]:
            assert time.monotonic() < deadline
            with contextlib.suppress(ConnectionClosed):
                await deaf.send("{")
            await asyncio.sleep(0)


WAITING = "from noodle_ray import wait_for_signal\n[wait_for_signal('go') for _ in range(2)]"


async def test_events_of_a_run_come_until_it_has_ended_and_go_on_where_they_were(
    ws: ClientConnection, platform: Served
) -> None:
    async with AsyncClient(platform.url, platform.token) as client:
        run = (await client.start(source=WAITING))["id"]
        await ws.send(_ask("w", "watch", run=run))
        await client.runs.signal(run, "go", 1)
        seen = []
        while not seen or seen[-1]["body"]["type"] != "effect":
            seen.append(await _read(ws))
        async with connect(_address(platform), additional_headers=_bearer(platform)) as other:
            await other.send(_ask("o", "watch", run=run, after=seen[-1]["position"]))
            await client.runs.signal(run, "go", 2)
            rest = [await _read(other)]
            while rest[-1]["type"] == "event":
                rest.append(await _read(other))
        assert rest[-1] == {"id": "o", "type": "done"}
        frames = [*seen, *(await _events(ws))]
        told = [event async for event in client.runs.events(run)]
    assert [{"position": frame["position"], **frame["body"]} for frame in frames[:-1]] == told
    assert [frame["position"] for frame in frames[len(seen) : -1]] == [frame["position"] for frame in rest[:-1]]
    await ws.send(_ask("again", "watch", run=run, after=told[-1]["position"]))
    assert await _read(ws) == {"id": "again", "type": "done"}


async def _events(ws: ClientConnection) -> list[Any]:
    frames = [await _read(ws)]
    while frames[-1]["type"] == "event":
        frames.append(await _read(ws))
    return frames


async def test_watching_a_run_can_be_cancelled(ws: ClientConnection, platform: Served) -> None:
    async with AsyncClient(platform.url, platform.token) as client:
        run = (await client.start(source=WAITING))["id"]
        await ws.send(_ask("w", "watch", run=run))
        assert (await _read(ws))["type"] == "event"
        await ws.send('{"id": "w", "type": "cancel"}')
        assert (await _events(ws))[-1] == {"id": "w", "type": "cancelled"}
        assert (await client.runs.get(run))["status"] in ("running", "waiting")
        await client.runs.cancel(run)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"run": "0" * 32}, 404, "NOODLE-E0731"),
        ({"run": "../models"}, 404, "NOODLE-E0731"),
        ({"run": "x" * 65}, 422, "NOODLE-E0703"),
        ({"run": 5}, 422, "NOODLE-E0703"),
        ({"run": "0" * 32, "after": -2}, 422, "NOODLE-E0703"),
        ({"run": "0" * 32, "after": 1 << 63}, 422, "NOODLE-E0703"),
        ({"run": "0" * 32, "after": "0"}, 422, "NOODLE-E0703"),
        ({"run": "0" * 32, "more": 1}, 422, "NOODLE-E0703"),
        ({}, 422, "NOODLE-E0703"),
    ],
)
async def test_watching_what_is_not_there_is_an_error_of_that_request(
    ws: ClientConnection, body: dict[str, Any], status: int, code: str
) -> None:
    await ws.send(_ask("w", "watch", **body))
    refused = await _read(ws)
    assert (refused["id"], refused["type"], refused["status"], refused["error"]["code"]) == ("w", "error", status, code)
    await ws.send(_chat("a", "x"))
    assert (await _all(ws, "a"))["a"][-1]["type"] == "done"
