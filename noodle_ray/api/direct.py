"""A short way to the handlers of the hot path.

FastAPI's routing and dependency solving cost more than everything else this API does for a small cached program
(benchmarks: HTTP). The routes stay registered with FastAPI, which documents them; requests go straight in.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from noodle_ray.api.problems import problem_of
from noodle_ray.errors import NoodleError

Handler = Callable[[Request], Awaitable[Response]]


class Named(NamedTuple):
    """The handler of paths that have a name between a beginning and an end; it is given the request and the name.
    ``route`` is what metrics call them all."""

    start: str
    end: str
    route: str
    handler: Callable[[Request, str], Awaitable[Response]]


class Direct:
    """ASGI middleware: calls the handler of a path in ``posts``, or like ``named``, for a POST, and passes everything
    else on."""

    def __init__(self, app: ASGIApp, posts: Mapping[str, Handler], named: Named) -> None:
        self._app = app
        self._posts = posts
        self._named = named

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        handler = self._handler_of(scope) if scope.get("method") == "POST" else None
        if handler is None:
            await self._app(scope, receive, send)
            return
        try:
            response = await handler(Request(scope, receive))
        except NoodleError as error:
            response = problem_of(error, scope["trace_id"])
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it; the number is for logs, as nginx has it
        await response(scope, receive, send)

    def _handler_of(self, scope: Scope) -> Handler | None:
        path: str = scope["path"]
        if handler := self._posts.get(path):
            scope["route_path"] = path
            return handler
        start, end, route, named = self._named
        if not (path.startswith(start) and path.endswith(end) and len(path) > len(start) + len(end)):
            return None
        scope["route_path"] = route
        name = path[len(start) : -len(end)]
        return lambda request: named(request, name)
