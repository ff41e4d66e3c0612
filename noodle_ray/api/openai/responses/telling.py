"""A response over HTTP: whole, or as server-sent events."""

import contextlib
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.openai.errors import body_of
from noodle_ray.api.openai.generating import Stream, Told
from noodle_ray.api.openai.responses.replies import Event, ResponseReply
from noodle_ray.api.openai.responses.schemas import ResponseBody
from noodle_ray.api.routes_runs import json_response


async def response(request: Request, body: ResponseBody, told: Told) -> Response:
    """The response to ``body``, whose generation tells its chunks. Raises ModelError, or ClientDisconnect."""
    reply = ResponseReply(body)
    if body.stream:
        return await ResponseStream(request, told, reply).begun()
    async with contextlib.aclosing(told), CancelOnDisconnect(request):
        async for _, chunks in told:
            for chunk in chunks:
                for _ in reply.add(chunk):
                    pass
    for _ in reply.end():
        pass
    return json_response(reply.whole(reply.status))


class ResponseStream(Stream):
    """A response told in events, each of which names its type."""

    LAST = b""

    def __init__(self, request: Request, told: Told, reply: ResponseReply) -> None:
        super().__init__(request, told)
        self._reply = reply

    async def _events(self, trace_id: str) -> AsyncIterator[bytes]:
        yield _joined(self._reply.begin())
        try:
            if self._first is not None:
                yield _joined(event for chunk in self._first[1] for event in self._reply.add(chunk))
            async for _, chunks in self._told:
                yield _joined(event for chunk in chunks for event in self._reply.add(chunk))
        except Exception as error:
            said: dict[str, Any] = body_of(error, trace_id)[1]["error"]
            yield _joined(self._reply.fail(said["code"], said["message"]))
            return
        yield _joined(self._reply.end())


def _joined(events: Iterable[Event]) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event, separators=(",", ":")).encode())
        for event in events
    )
