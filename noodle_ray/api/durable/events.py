"""The events of a run as server-sent events. A reader that was cut off goes on after the last position it has seen."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.core.runs.ports import RunStore
from noodle_ray.core.store.errors import StoreUnavailable, UnknownRun
from noodle_ray.core.store.records import Event
from noodle_ray.core.store.status import TERMINAL

FIRST_POLL: Final = 0.1
LAST_POLL: Final = 2.0
"""Seconds between looks at the store: short after an event, longer while nothing happens."""
COMMENT_SECONDS: Final = 15.0
"""How often to say something when nothing happens, so that no proxy closes the connection."""
_PAGE: Final = 500


class EventStream(Response):
    """Tells the events after a position, until the run has ended and all is told; or until it was deleted."""

    def __init__(self, request: Request, store: RunStore, run: str, after: int) -> None:
        super().__init__()
        self._request = request
        self._store = store
        self._run = run
        self._after = after

    async def begun(self) -> Response:
        """Look whether there is anything to tell: a client that has it all gets 204, which tells browsers not to
        connect again. Raises UnknownRun."""
        found = await self._store.get(self._run)
        if found.status in TERMINAL and not await self._store.events(self._run, after=self._after, limit=1):
            return Response(status_code=204)
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell them; stop when the client goes away."""
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        headers.append((b"x-accel-buffering", b"no"))
        with contextlib.suppress(ClientDisconnect, OSError):
            async with CancelOnDisconnect(self._request):
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                async for text in self._told():
                    await send({"type": "http.response.body", "body": text, "more_body": True})
                await send({"type": "http.response.body", "body": b""})

    async def _told(self) -> AsyncIterator[bytes]:
        after, pause, quiet = self._after, FIRST_POLL, 0.0
        last = ""
        yield b": events\n\n"
        while True:
            try:
                found = await self._store.events(self._run, after=after, limit=_PAGE)
                if not found and quiet >= COMMENT_SECONDS:
                    await self._store.get(self._run)
            except (UnknownRun, StoreUnavailable):
                return  # a reader that asks again learns which
            if found:
                after, last = found[-1].position, found[-1].type
                pause, quiet = FIRST_POLL, 0.0
                yield b"".join(_text(event) for event in found)
                continue
            if last in TERMINAL:
                return
            if quiet >= COMMENT_SECONDS:
                quiet = 0.0
                yield b": nothing yet\n\n"
            await asyncio.sleep(pause)
            quiet += pause
            pause = min(pause * 1.5, LAST_POLL)


def _text(event: Event) -> bytes:
    data = json.dumps({"type": event.type, "at": event.at, **event.data}, separators=(",", ":"))
    return f"id: {event.position}\nevent: {event.type}\ndata: {data}\n\n".encode()
