"""The events of a run, also as server-sent events. A reader that was cut off goes on after the last it has seen."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.core.runs.ports import RunStore
from noodle_ray.core.runs.quotas import Quotas
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

    def __init__(self, request: Request, store: RunStore, run: str, after: int, quotas: Quotas) -> None:
        super().__init__()
        self._request = request
        self._store = store
        self._run = run
        self._after = after
        self._quotas = quotas
        self._watch = contextlib.ExitStack()

    async def begun(self) -> Response:
        """Look whether there is anything to tell: a client that has it all gets 204, which tells browsers not to
        connect again. Raises UnknownRun, and RequestError E0762 if the tenant watches too much already."""
        found = await self._store.get(self._run)
        if found.status in TERMINAL and not await self._store.events(self._run, after=self._after, limit=1):
            return Response(status_code=204)
        self._watch.enter_context(self._quotas.watch(found.tenant))
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell them; stop when the client goes away."""
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        headers.append((b"x-accel-buffering", b"no"))
        with self._watch, contextlib.suppress(ClientDisconnect, OSError):
            async with CancelOnDisconnect(self._request):
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                async for text in self._told():
                    await send({"type": "http.response.body", "body": text, "more_body": True})
                await send({"type": "http.response.body", "body": b""})

    async def _told(self) -> AsyncIterator[bytes]:
        yield b": events\n\n"
        with contextlib.suppress(UnknownRun, StoreUnavailable):  # a reader that asks again learns which
            async for found in happenings(self._store, self._run, self._after):
                yield b"".join(_text(event) for event in found) or b": nothing yet\n\n"


async def happenings(store: RunStore, run: str, after: int) -> AsyncIterator[list[Event]]:
    """The events after a position as they come, until the run has ended and all is told; nothing now and then, where
    nothing happens. Raises UnknownRun, also when the run is deleted meanwhile, and StoreUnavailable."""
    pause, quiet = FIRST_POLL, 0.0
    last = ""
    while True:
        found = await store.events(run, after=after, limit=_PAGE)
        if not found and quiet >= COMMENT_SECONDS and (await store.get(run)).status in TERMINAL:
            found = await store.events(run, after=after, limit=_PAGE)
            if not found:  # who begins behind the end
                return
        if found:
            after, last = found[-1].position, found[-1].type
            pause, quiet = FIRST_POLL, 0.0
            yield found
            continue
        if last in TERMINAL:
            return
        if pause == LAST_POLL:
            await store.get(run)  # a run that was deleted has no events either
        if quiet >= COMMENT_SECONDS:
            quiet = 0.0
            yield []
        await asyncio.sleep(pause)
        quiet += pause
        pause = min(pause * 1.5, LAST_POLL)


def told(event: Event) -> dict[str, Any]:
    """An event as its reader gets it, but for its position."""
    return {"type": event.type, "at": event.at, **event.data}


def _text(event: Event) -> bytes:
    data = json.dumps(told(event), separators=(",", ":"))
    return f"id: {event.position}\nevent: {event.type}\ndata: {data}\n\n".encode()
