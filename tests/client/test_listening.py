"""Audio over `/v1/ws`: what is heard comes while it comes in, and what is wrong with it ends its request alone."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection

from noodle_ray.client.http import AsyncClient, Client
from noodle_ray.errors import NoodleError
from tests.client.conftest import Served
from tests.client.test_ws import _ask, _read, ws  # noqa: F401  # a fixture

SILENCE, SOUND = bytes(16_000), b"\1\0" * 8_000  # half a second each


def _audio(request: str, piece: bytes | str) -> str:
    body = piece if isinstance(piece, str) else base64.b64encode(piece).decode()
    return json.dumps({"id": request, "type": "audio", "body": body})


def _end(request: str) -> str:
    return json.dumps({"id": request, "type": "end"})


async def test_speech_is_told_while_it_lasts_and_when_it_has_ended(platform: Served) -> None:
    said = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield SILENCE
        yield SOUND * 2
        await said.wait()  # comes only once the beginning was told
        yield SILENCE + SOUND

    found = []
    async with AsyncClient(platform.url, platform.token) as client, client.talk() as talk:
        async for told in talk.listen("ears", pieces()):
            found.append(told)
            said.set()
    assert [sorted(told) for told in found] == [["start"], ["end", "start"], ["start"], ["end", "start"]]
    assert found[1] == {"start": pytest.approx(0.45, abs=0.05), "end": pytest.approx(1.55, abs=0.05)}
    assert found[3]["end"] == 2.5


def test_driver_without_a_loop_listens_too_and_its_audio_may_fail(platform: Served) -> None:
    def broken() -> Iterator[bytes]:
        yield SOUND
        raise OSError("the microphone is gone")

    with Client(platform.url, platform.token) as client, client.talk() as talk:
        assert [told.get("end") for told in talk.listen("ears", [SOUND, SOUND])] == [None, 1.0]
        with pytest.raises(OSError, match="microphone"):
            list(talk.listen("ears", broken()))
        with pytest.raises(NoodleError, match="hears no voices"):
            list(talk.listen("vector", [SOUND]))
        assert talk.chat("talk", "still here") == "stillhere"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([_audio("a", "no base64!")], "NOODLE-E0703"),
        ([_audio("a", b"odd")], "NOODLE-E0703"),
        ([_audio("a", SOUND * 130)], "NOODLE-E0758"),
    ],
)
async def test_wrong_audio_is_an_error_of_its_request(ws: ClientConnection, messages: list[str], code: str) -> None:  # noqa: F811
    await ws.send(_ask("a", "listen", model="ears"))
    for message in messages:
        await ws.send(message)
    frame = await _read(ws)
    while frame["type"] == "speech":
        frame = await _read(ws)
    assert (frame["id"], frame["error"]["code"]) == ("a", code)
    await ws.send(_audio("a", SOUND))  # it has ended: no error
    await ws.send(_ask("b", "infer", model="length", inputs=["abc"]))
    assert (await _read(ws))["body"]["outputs"] == [3]


@pytest.mark.parametrize(
    "body", [{"model": "ears", "rate": 44_100}, {"model": "ears", "threshold": 0}, {}, {"model": 5}]
)
async def test_what_cannot_be_listened_to_is_refused(ws: ClientConnection, body: dict[str, Any]) -> None:  # noqa: F811
    await ws.send(_ask("a", "listen", **body))
    assert (await _read(ws))["status"] == 422


async def test_listening_is_cancelled_and_its_id_is_free_again(ws: ClientConnection) -> None:  # noqa: F811
    await ws.send(_ask("a", "listen", model="ears"))
    await ws.send(_audio("a", SOUND))
    assert (await _read(ws))["body"] == {"start": 0.0}
    await ws.send(json.dumps({"id": "a", "type": "cancel"}))
    assert (await _read(ws))["type"] == "cancelled"
    await ws.send(_ask("a", "listen", model="ears"))
    await ws.send(_end("a"))
    assert await _read(ws) == {"id": "a", "type": "done", "seconds": 0.0}
