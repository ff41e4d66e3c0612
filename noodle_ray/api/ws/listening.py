"""Audio that comes in over a WebSocket, and what a model hears in it."""

import asyncio
import base64
import binascii
from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.websockets import WebSocket

from noodle_ray.ahr.speech import Change, Speech
from noodle_ray.api.calling import asked, values_of
from noodle_ray.api.problems import BAD_BODY
from noodle_ray.api.services import Services
from noodle_ray.api.ws.messages import TOO_FAST, Frame, Listen
from noodle_ray.errors import RequestError

MAX_WAITING: Final = 60.0
"""Seconds of audio that may wait for the model."""
_SAMPLE: Final = 2  # bytes


class Audio:
    """The pieces of one recording, 16 bits a sample, that came in and were not heard yet."""

    def __init__(self, rate: int) -> None:
        self._most = int(MAX_WAITING * rate) * _SAMPLE
        self._waiting = bytearray()
        self._ended = False
        self._error: RequestError | None = None
        self._more = asyncio.Event()

    def add(self, piece: str) -> None:
        """Take more, in base64; after the end it is ignored. What is none, or too much, fails the request."""
        if self._ended:
            return
        try:
            data = base64.b64decode(piece, validate=True)
        except (binascii.Error, ValueError):
            self._fail("audio: it is not base64", BAD_BODY)
            return
        if len(data) % _SAMPLE:
            self._fail("audio: a piece has whole samples of 16 bits", BAD_BODY)
        elif len(self._waiting) + len(data) > self._most:
            self._fail(f"audio comes faster than the model hears it: {MAX_WAITING:.0f} seconds wait", TOO_FAST)
        else:
            self._waiting += data
            self._more.set()

    def end(self) -> None:
        """No more comes."""
        self._ended = True
        self._more.set()

    def _fail(self, message: str, code: str) -> None:
        self._error = self._error or RequestError(message, code=code)
        self._more.set()

    async def take(self) -> tuple[bytes, bool]:
        """All that waits, once there is something, and whether it is the last. Raises RequestError."""
        await self._more.wait()
        self._more.clear()
        if self._error is not None:
            raise self._error
        data, self._waiting = bytes(self._waiting), bytearray()
        return data, self._ended


async def listening(services: Services, client: WebSocket, ask: Listen, audio: Audio) -> AsyncGenerator[Frame]:
    """The frames that tell where somebody speaks; see `speech.Speech`. Raises NoodleError."""
    body = ask.body
    speech, state, length, ended = Speech(body.rate, body.threshold), "", 0, False
    data = b""  # so that a model that hears nothing refuses at once
    while True:
        options: dict[str, Any] = {"rate": body.rate, "state": state, "last": ended}
        replies = await asked(client, services, body.model, [((data,), options)])
        (answer,) = values_of(replies, "audio")
        if not isinstance(answer, dict) or not {"probabilities", "state"} <= answer.keys():
            raise RequestError(f"model: {body.model} hears no voices", code=BAD_BODY)
        state = answer["state"]
        length += len(data) // _SAMPLE
        changes = speech.hear(answer["probabilities"].tolist())
        for change in changes + (speech.end(length) if ended else []):
            yield {"id": ask.id, "type": "speech", "body": _told(change, body.rate)}
        if ended:
            yield {"id": ask.id, "type": "done", "seconds": length / body.rate}
            return
        data, ended = await audio.take()


def _told(change: Change, rate: int) -> dict[str, float]:
    end = {} if change.end is None else {"end": change.end / rate}
    return {"start": change.start / rate, **end}
