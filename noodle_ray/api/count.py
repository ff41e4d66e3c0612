"""Counts requests by route and status."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from noodle_ray.observability.metrics import Metrics


class CountRequests:
    """ASGI middleware. The label is the route's template, so that no client can make labels up."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 500

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            route = str(scope.get("route_path") or getattr(scope.get("route"), "path", ""))
            self._metrics.on_request(route, status, time.monotonic() - started)
