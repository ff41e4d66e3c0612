"""Generations of one request: several at once, counted, and told over HTTP."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from noodle_ray.ahr.generation.answers import Answer, Chunk
from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.openai.errors import body_of
from noodle_ray.api.openai.orders import Order
from noodle_ray.api.openai.replies import ChatReply, CompletionReply
from noodle_ray.api.services import Services

Told = AsyncGenerator[tuple[int, list[Chunk]]]

AHEAD: Final = 2
"""Lists of chunks per generation that wait here for a client that reads slowly."""


async def generations(services: Services, model: str, orders: list[Order]) -> Told:
    """Run one generation per order; tell their chunks, with the order's place, as they come.

    Who reads slowly holds up these generations, and no others: each waits when `AHEAD` of its lists were not read.
    Closing this, or an error in one of them, ends all. Raises ModelError.
    """
    if len(orders) == 1:
        async with contextlib.aclosing(_counted(services, model, orders[0])) as told:
            async for chunks in told:
                yield 0, chunks
        return
    queue: asyncio.Queue[tuple[int, list[Chunk]] | Exception | None] = asyncio.Queue(AHEAD * len(orders))

    async def pump(place: int, order: Order) -> None:
        try:
            async with contextlib.aclosing(_counted(services, model, order)) as told:
                async for chunks in told:
                    await queue.put((place, chunks))
            await queue.put(None)
        except Exception as error:
            await queue.put(error)

    tasks = [asyncio.create_task(pump(place, order)) for place, order in enumerate(orders)]
    left = len(tasks)
    try:
        while left:
            found = await queue.get()
            if isinstance(found, Exception):
                raise found
            if found is None:
                left -= 1
            else:
                yield found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _counted(services: Services, model: str, order: Order) -> AsyncGenerator[list[Chunk]]:
    """One generation, which the metrics see."""
    metrics, started = services.metrics, time.monotonic()
    begun = told = False
    metrics.generations_waiting.inc()
    try:
        async with contextlib.aclosing(services.generate(model, order)) as chunks_of:
            async for chunks in chunks_of:
                for chunk in chunks:
                    if "queued" in chunk:
                        if not begun:  # one whose replica was lost begins again
                            begun = True
                            metrics.generations_waiting.dec()
                            metrics.on_generation_start(model, chunk["queued"])
                    elif not told and chunk.keys() & {"text", "reasoning", "tool_calls"}:
                        told = True
                        metrics.on_first_token(model, time.monotonic() - started)
                    if "usage" in chunk:
                        metrics.on_tokens(model, chunk["usage"]["prompt_tokens"], chunk["usage"]["completion_tokens"])
                chunks = [chunk for chunk in chunks if "queued" not in chunk]
                if chunks:
                    yield chunks
    finally:
        if begun:
            metrics.on_generation_end(model)
        else:
            metrics.generations_waiting.dec()


async def answered(request: Request, told: Told, count: int) -> list[Answer]:
    """Wait for all of the texts. Raises ModelError, or ClientDisconnect when nobody waits for them any more."""
    answers = [Answer() for _ in range(count)]
    async with contextlib.aclosing(told), CancelOnDisconnect(request):
        async for place, chunks in told:
            for chunk in chunks:
                answers[place].add(chunk)
    return answers


class Stream(Response):
    """A response that tells generations as server-sent events. The first chunk is awaited before it begins, so that
    what is refused gets an error's status (`begun`).
    """

    LAST = b"data: [DONE]\n\n"

    def __init__(self, request: Request, told: Told) -> None:
        super().__init__()
        self._request = request
        self._told = told
        self._first: tuple[int, list[Chunk]] | None = None

    async def begun(self) -> "Stream":
        """Wait for the first chunk. Raises ModelError, or ClientDisconnect."""
        try:
            async with CancelOnDisconnect(self._request):
                self._first = await anext(self._told, None)
        except BaseException:
            await self._told.aclose()
            raise
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell it all; end the generations when the client goes away."""
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache")]
        # Proxies that buffer would make one long text of it.
        headers.append((b"x-accel-buffering", b"no"))
        with contextlib.suppress(ClientDisconnect, OSError):
            async with contextlib.aclosing(self._told), CancelOnDisconnect(self._request):
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                async for events in self._events(scope["trace_id"]):
                    await send({"type": "http.response.body", "body": events, "more_body": True})
                await send({"type": "http.response.body", "body": self.LAST})

    def _events(self, trace_id: str) -> AsyncIterator[bytes]:
        raise NotImplementedError


class ChoiceStream(Stream):
    """The choices of a chat or a completion, in pieces."""

    def __init__(
        self, request: Request, told: Told, reply: ChatReply | CompletionReply, count: int, with_usage: bool
    ) -> None:
        super().__init__(request, told)
        self._reply = reply
        self._count = count
        self._with_usage = with_usage

    async def _events(self, trace_id: str) -> AsyncIterator[bytes]:
        usages: list[dict[str, int]] = [{} for _ in range(self._count)]
        yield _joined([piece for place in range(self._count) if (piece := self._reply.begin(place))])
        try:
            if self._first is not None:
                yield self._pieces(*self._first, usages)
            async for place, chunks in self._told:
                yield self._pieces(place, chunks, usages)
        except Exception as error:
            yield _event(body_of(error, trace_id)[1])
            return
        if self._with_usage:
            yield _event(self._reply.end(usages))

    def _pieces(self, place: int, chunks: list[Chunk], usages: list[dict[str, int]]) -> bytes:
        for chunk in chunks:
            usages[place] = chunk.get("usage", usages[place])
        return _joined([piece for chunk in chunks if (piece := self._reply.piece(place, chunk))])


def _joined(pieces: list[dict[str, Any]]) -> bytes:
    return b"".join(map(_event, pieces))


def _event(body: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"
