"""A WebSocket through the platform's proxy, with real models."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from noodle_ray.ahr import Registry, make_spec
from noodle_ray.cluster import PlatformState
from tests.ahr.test_voice import RATE, vowel
from tests.cluster.test_openai import _running

pytestmark = [pytest.mark.cluster, pytest.mark.models]


@pytest.fixture
async def ws(platform_on_ray: PlatformState) -> AsyncIterator[ClientConnection]:
    """An open connection."""
    with pytest.raises(InvalidStatus, match="401"):
        await connect(_address(platform_on_ray)).__aenter__()
    async with connect(_address(platform_on_ray), additional_headers=_bearer(platform_on_ray)) as made:
        yield made


def _address(platform: PlatformState) -> str:
    return f"ws{platform.url.removeprefix('http')}/v1/ws"


def _bearer(platform: PlatformState) -> dict[str, str]:
    return {"Authorization": f"Bearer {Path(platform.token_file).read_text().strip()}"}


async def _read(ws: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(ws.recv(), 60))


async def test_requests_at_once_are_answered_and_cancelled(ws: ClientConnection, client: httpx.Client) -> None:
    messages = [{"role": "user", "content": "Tell a very long story."}]
    for name in ("a", "b"):
        body = {"model": "smollm2", "messages": messages, "max_tokens": 1900, "temperature": 0}
        await ws.send(json.dumps({"id": name, "type": "chat", "body": body}))
    began: set[str] = set()
    while began != {"a", "b"}:
        frame = await _read(ws)
        assert frame["type"] == "chunk"
        began.add(frame["id"])
    await ws.send(json.dumps({"id": "c", "type": "embed", "body": {"model": "minilm", "input": ["good morning"]}}))
    while (frame := await _read(ws))["id"] != "c":
        pass
    outputs = client.post("/v1/models/minilm/infer", json={"inputs": ["good morning"]}).json()["outputs"]
    assert frame["body"]["data"][0]["embedding"] == pytest.approx(outputs[0], abs=1e-6)
    for name in ("a", "b"):
        await ws.send(json.dumps({"id": name, "type": "cancel"}))
    ended: set[str] = set()
    while ended != {"a", "b"}:
        frame = await _read(ws)
        ended |= {frame["id"]} if frame["type"] == "cancelled" else set()
    while _running(client):
        await asyncio.sleep(0.05)
    await ws.send(json.dumps({"id": "a", "type": "chat", "body": {**body, "max_tokens": 2}}))
    while (frame := await _read(ws))["type"] == "chunk":
        pass
    assert (frame["type"], frame["usage"]["completion_tokens"]) == ("done", 2)


@pytest.fixture
def vad(client: httpx.Client) -> Iterator[str]:
    """Silero's detector, registered for a while."""
    registry = Registry()
    registry.add(make_spec("ears", "wheel:silero-vad", options={"file": "data/silero_vad.onnx"}))
    yield "ears"
    registry.remove("ears")
    while client.post("/v1/models/ears/infer", json={"inputs": [[0.0]]}).status_code != 404:
        time.sleep(0.3)


async def test_audio_is_heard_as_it_comes_in_by_a_model_that_came_later(
    ws: ClientConnection, client: httpx.Client, vad: str
) -> None:
    noise = np.random.default_rng(3).normal(0, 0.0005, 4 * RATE).astype(np.float32)
    noise[RATE : RATE + int(1.5 * RATE)] += vowel(1.5)
    samples = (noise * 32767).astype("<i2")
    order = {"inputs": [samples.tolist()]}
    while (reply := client.post(f"/v1/models/{vad}/infer", json=order)).status_code != 200:
        await asyncio.sleep(0.3)  # it is still being deployed
    whole = reply.json()["outputs"][0]["speech"]
    assert len(whole) == 1
    frames = await _heard(ws, vad, samples.tobytes())
    assert frames[-1] == {"id": "v", "type": "done", "seconds": 4.0}
    assert [frame["body"] for frame in frames[:-1]] == [{"start": whole[0]["start"]}, whole[0]]


async def _heard(ws: ClientConnection, model: str, data: bytes) -> list[Any]:
    await ws.send(json.dumps({"id": "v", "type": "listen", "body": {"model": model}}))
    for at in range(0, len(data), 30_000):
        piece = base64.b64encode(data[at : at + 30_000]).decode()
        await ws.send(json.dumps({"id": "v", "type": "audio", "body": piece}))
    await ws.send(json.dumps({"id": "v", "type": "end"}))
    frames = [await _read(ws)]
    while frames[-1]["type"] == "speech":
        frames.append(await _read(ws))
    return frames
