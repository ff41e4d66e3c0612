"""The gate in front of every endpoint: token, trace and count, in one layer because each layer costs every message.

Only what `OPEN_PATHS` names opens without a token. A client sends it as ``Authorization: Bearer TOKEN``; `Tokens` says
whose it is, and each route what that one may ask for. So that the pages under `/docs` work in a browser, they also take
it once as ``?token=TOKEN``, as Jupyter does, and turn it into a cookie that scripts cannot read, that no other site can
use, and that opens nothing but those pages. A WebSocket's client may also send it as the subprotocol ``bearer.TOKEN``.
"""

import time
from urllib.parse import parse_qsl

from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from noodle_ray.api.oip.errors import OPEN_PATHS as OIP_OPEN_PATHS
from noodle_ray.api.oip.errors import error_response as oip_error
from noodle_ray.api.oip.errors import speaks_oip
from noodle_ray.api.openai.errors import error_response, speaks_openai
from noodle_ray.api.problems import UNAUTHORIZED, problem
from noodle_ray.api.tei.errors import POSTS as TEI_POSTS
from noodle_ray.api.tei.errors import error_response as tei_error
from noodle_ray.api.ws.messages import BEARER
from noodle_ray.observability.metrics import Metrics
from noodle_ray.observability.trace import trace_of
from noodle_ray.security.tenants import Tokens

OPEN_PATHS = frozenset({"/healthz", "/readyz"}) | OIP_OPEN_PATHS
DOCS_PATHS = frozenset({"/docs", "/openapi.json"})
COOKIE = "noodle_token"


class Gate:
    """ASGI middleware: refuses requests without a token, sets ``scope["tenant"]`` and ``scope["trace_id"]``, answers
    `traceparent`.

    It counts requests by status and by the route's template, so that no client can make labels up.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens, metrics: Metrics) -> None:
        self._app = app
        self._tokens = tokens
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 500
        authorization = traceparent = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value
            elif name == b"traceparent":
                traceparent = value.decode("latin-1")
        trace = trace_of(traceparent)
        scope["trace_id"] = trace.trace_id
        header = (b"traceparent", trace.header().encode())

        async def send_traced(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        path = scope["path"]
        try:
            tenant = self._tokens.tenant_of_header(authorization)
            if tenant is not None:
                scope["tenant"] = tenant
            if tenant is not None or path in OPEN_PATHS:
                await self._app(scope, receive, send_traced)
            elif path in DOCS_PATHS:
                await self._docs(scope, receive, send_traced)
            else:
                await _refusal(authorization is not None, trace.trace_id, scope)(scope, receive, send_traced)
        finally:
            route = str(scope.get("route_path") or getattr(scope.get("route"), "path", ""))
            self._metrics.on_request(route, status, time.monotonic() - started)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Browsers can set no header for a WebSocket, but name subprotocols: there the token may be one of those."""
        started = time.monotonic()
        headers = dict(scope["headers"])
        trace = trace_of(headers[b"traceparent"].decode("latin-1") if b"traceparent" in headers else None)
        scope["trace_id"], scope["traceparent"] = trace.trace_id, trace.header()
        offered = scope.get("subprotocols", ())
        given = [headers[b"authorization"]] if b"authorization" in headers else []
        given += [b"Bearer " + word.removeprefix(BEARER).encode() for word in offered if word.startswith(BEARER)]
        mine = next((one for one in given if self._tokens.tenant_of_header(one) is not None), None)
        tenant = self._tokens.tenant_of_header(mine)
        try:
            if tenant is not None:
                scope["tenant"] = tenant
                scope["token_holds"] = lambda: self._tokens.tenant_of_header(mine) == tenant
                await self._app(scope, receive, send)
            else:
                refusal = _refusal(bool(given), trace.trace_id, scope)
                await WebSocket(scope, receive, send).send_denial_response(refusal)
        finally:
            route = str(getattr(scope.get("route"), "path", ""))
            self._metrics.on_request(route, 101 if tenant is not None else 401, time.monotonic() - started)

    async def _docs(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"))).get("token")
        if given is not None and self._tokens.tenant_of(given.encode("utf-8", "replace")) is not None:
            response: Response = RedirectResponse(scope["path"], status_code=303)
            response.set_cookie(COOKIE, given, httponly=True, samesite="strict", path="/")
            await response(scope, receive, send)
            return
        cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
        cookie = cookie_parser(cookies).get(COOKIE)
        if cookie is not None and self._tokens.tenant_of(cookie.encode("utf-8", "replace")) is not None:
            await self._app(scope, receive, send)
            return
        await _refusal(given is not None or cookie is not None, scope["trace_id"], scope)(scope, receive, send)


def _refusal(token_was_given: bool, trace_id: str, scope: Scope) -> Response:
    challenge = 'Bearer realm="noodle"' + (', error="invalid_token"' if token_was_given else "")
    detail = "the token is not this platform's" if token_was_given else "this endpoint needs a token"
    detail += "; send the one in the platform's token file, or your tenant's, as `Authorization: Bearer TOKEN`"
    headers = {"WWW-Authenticate": challenge}
    if speaks_openai(scope):
        return error_response(401, UNAUTHORIZED, detail, headers=headers)
    if speaks_oip(scope):
        return oip_error(401, UNAUTHORIZED, detail, headers=headers)
    if scope["path"] in TEI_POSTS:
        return tei_error(401, "Validation", UNAUTHORIZED, detail, headers=headers)
    return problem(401, UNAUTHORIZED, detail, trace_id=trace_id, headers=headers)
