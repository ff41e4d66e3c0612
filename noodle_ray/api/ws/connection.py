"""One WebSocket: its requests run at once, and what they tell goes out one frame at a time.

A client that reads slowly stops its own requests: each waits with one frame until the last is sent. What it sends is
read all the time nevertheless, because Serve would keep it without a bound, and so that it can cancel.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator
from typing import Final

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from noodle_ray.api.openai.programs import ProgramModels
from noodle_ray.api.services import Services
from noodle_ray.api.ws.answering import answers
from noodle_ray.api.ws.listening import Audio, listening
from noodle_ray.api.ws.messages import (
    DUPLICATE,
    MAX_REQUESTS,
    TOO_MANY,
    Ask,
    Cancel,
    End,
    Frame,
    Listen,
    Message,
    Piece,
    encode,
    failure,
    id_of,
    parse,
)
from noodle_ray.errors import NoodleError, RequestError

NOT_TEXT: Final = 1003
NOT_READING: Final = 1008
NOT_ALLOWED: Final = 1008
TOO_LARGE: Final = 1009
CLOSE_SECONDS: Final = 2.0
MAX_NOTICES: Final = 64
"""Refusals and confirmations that may wait to be sent; who makes more without reading them is cut off."""

_log = logging.getLogger("noodle.api")


class Connection:
    """An accepted WebSocket."""

    def __init__(self, websocket: WebSocket, services: Services, programs: ProgramModels) -> None:
        self._websocket = websocket
        self._services = services
        self._programs = programs
        self._sending = asyncio.Lock()
        self._requests: dict[str, asyncio.Task[None]] = {}
        self._audio: dict[str, Audio] = {}
        self._notices: set[asyncio.Task[None]] = set()
        self._open = True

    async def serve(self) -> None:
        """Answer requests until the client goes, or does what it must not. Nothing of it runs on afterwards."""
        try:
            while (message := await self._websocket.receive())["type"] == "websocket.receive":
                if not await self._take(message.get("text")):
                    return
        finally:
            self._open = False
            left = [*self._requests.values(), *self._notices]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _take(self, text: str | None) -> bool:
        """Act on a message, without waiting for anything; false: the connection is closed."""
        if not self._websocket.scope["token_holds"]():
            return await self._close(NOT_ALLOWED, "the token does not hold any more")
        if text is None:
            return await self._close(NOT_TEXT, "messages are JSON in text frames")
        most = self._services.settings.max_body
        if len(text) > most or len(text.encode("utf-8", "replace")) > most:
            return await self._close(TOO_LARGE, f"a message may have {most} bytes")
        try:
            ask = parse(text)
        except ValidationError as error:
            self._notice(failure(id_of(text), error))
        else:
            self._act(ask)
        if len(self._notices) > MAX_NOTICES:
            return await self._close(NOT_READING, "answers are not read")
        return True

    def _act(self, ask: Message) -> None:
        running = self._requests.get(ask.id)
        if isinstance(ask, Cancel):
            if running is not None:
                running.cancel()
        elif isinstance(ask, Piece | End):
            if (audio := self._audio.get(ask.id)) is not None:
                audio.end() if isinstance(ask, End) else audio.add(ask.body)
        elif running is not None:
            error = RequestError("a request of this id is still being answered", code=DUPLICATE)
            self._notice(failure(ask.id, error))
        elif len(self._requests) >= MAX_REQUESTS:
            error = RequestError(f"a connection may have {MAX_REQUESTS} requests at once", code=TOO_MANY)
            self._notice(failure(ask.id, error))
        else:
            if isinstance(ask, Listen):
                self._audio[ask.id] = Audio(ask.body.rate)
            self._requests[ask.id] = asyncio.create_task(self._answer(ask))

    async def _answer(self, ask: Ask) -> None:
        started, status = time.monotonic(), 200
        last: Frame | None = None
        try:
            async with contextlib.aclosing(self._frames(ask)) as frames:
                async for frame in frames:
                    await self._send(frame)
        except asyncio.CancelledError:
            status, last = 499, {"id": ask.id, "type": "cancelled"}
        except _Gone:
            status = 499
        except Exception as error:
            if not isinstance(error, NoodleError):
                _log.error("unexpected error on a WebSocket", exc_info=error)
            last = failure(ask.id, error)
            status = last["status"]
        del self._requests[ask.id]
        self._audio.pop(ask.id, None)
        self._services.metrics.on_request(f"/v1/ws {ask.type}", status, time.monotonic() - started)
        if last is not None:
            self._notice(last)

    def _frames(self, ask: Ask) -> AsyncGenerator[Frame]:
        if isinstance(ask, Listen):
            return listening(self._services, self._websocket, ask, self._audio[ask.id])
        return answers(self._services, self._programs, self._websocket, ask)

    def _notice(self, frame: Frame) -> None:
        if self._open:
            task = asyncio.create_task(self._say(frame))
            self._notices.add(task)
            task.add_done_callback(self._notices.discard)

    async def _say(self, frame: Frame) -> None:
        with contextlib.suppress(_Gone):
            await self._send(frame)

    async def _send(self, frame: Frame) -> None:
        text = encode(frame)
        async with self._sending:
            try:
                await self._websocket.send_text(text)
            except (WebSocketDisconnect, RuntimeError, OSError):
                raise _Gone from None

    async def _close(self, code: int, reason: str) -> bool:
        self._open = False
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
            async with asyncio.timeout(CLOSE_SECONDS):  # who reads nothing does not read this either
                await self._websocket.close(code, reason)
        return False


class _Gone(Exception):
    """The client is not there any more."""
