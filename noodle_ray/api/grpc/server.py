"""A gRPC server in the process that answers, without a proxy.

All executors of a node listen on the same port, and the kernel shares connections out (``SO_REUSEPORT``). Serve has an
ingress for gRPC of its own. It took twice the time per small call and eight times that of one with a megabyte, it reads
whole messages before anything sees the token, and its replicas and a proxy listen on all interfaces of the machine.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from noodle_ray.ahr.codes import LOST
from noodle_ray.api.grpc.errors import CODE_KEY, grpc_status, told
from noodle_ray.api.grpc.messages import MESSAGES, SERVICE
from noodle_ray.api.grpc.service import OPEN, Client, Service
from noodle_ray.api.oip.errors import bad
from noodle_ray.api.oip.serving import Serving
from noodle_ray.api.problems import UNAUTHORIZED
from noodle_ray.api.terms import HEADERS
from noodle_ray.core.runs.terms import Terms, adopt, checked
from noodle_ray.errors import PlatformError, RequestError
from noodle_ray.observability.trace import trace_of
from noodle_ray.security.tenants import OWNER, Tokens

GRACE: Final = 300.0
"""Seconds that calls in progress get when the server stops: as long as requests over HTTP do."""
CANNOT_LISTEN: Final = "NOODLE-E0830"

_NO_TOKEN: Final = "this method needs a token of the platform; send it as metadata: authorization: Bearer TOKEN"
_MAX_CALLS: Final = 2000
_OPTIONS: Final = {
    "grpc.so_reuseport": 1,
    "grpc.max_concurrent_streams": 1000,
    # A client that is gone without a word is noticed, and its calls end.
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.http2.min_ping_interval_without_data_ms": 10_000,
    "grpc.max_metadata_size": 16 << 10,
    "grpc.absolute_max_metadata_size": 32 << 10,
}


class GrpcServer:
    """The protocol on one address. `start` it; `stop` lets calls end for `GRACE` seconds."""

    def __init__(self, serving: Serving, tokens: Tokens, address: str) -> None:
        settings = serving.services.settings
        options = {**_OPTIONS, "grpc.max_receive_message_length": settings.max_body, "grpc.max_send_message_length": -1}
        handlers = [_Methods(Service(serving), tokens, serving.services.metrics)]
        self._server = grpc.aio.server(
            handlers=handlers, options=list(options.items()), maximum_concurrent_rpcs=_MAX_CALLS
        )
        self._address = address
        self.port = 0

    async def start(self) -> None:
        """Listen. Raises PlatformError E0830."""
        try:
            self.port = self._server.add_insecure_port(self._address)
        except RuntimeError as error:
            message = f"cannot listen on {self._address} for gRPC; choose another port with NOODLE_GRPC_PORT"
            raise PlatformError(message, code=CANNOT_LISTEN) from error
        await self._server.start()

    async def stop(self) -> None:
        """Take no more calls, and end."""
        await self._server.stop(GRACE)


class _Methods(grpc.GenericRpcHandler):
    """Finds a call's method. Who has no token gets an answer before a byte of the request is read."""

    def __init__(self, service: Service, tokens: Tokens, metrics: Any) -> None:
        self._tokens = tokens
        self._metrics = metrics
        plain = {
            "ServerLive": service.server_live,
            "ServerReady": service.server_ready,
            "ModelReady": service.model_ready,
            "ServerMetadata": service.server_metadata,
            "ModelMetadata": service.model_metadata,
            "ModelInfer": service.model_infer,
        }
        self._handlers = {name: self._unary(name, method) for name, method in plain.items()}
        self._handlers["ModelStreamInfer"] = self._streaming("ModelStreamInfer", service.model_stream_infer)
        self._refused = grpc.stream_unary_rpc_method_handler(self._refuse)

    def service(self, details: Any) -> Any:
        """The handler of a call; None if the protocol has no such method, or this server lacks it."""
        service, _, name = details.method.lstrip("/").rpartition("/")
        handler = self._handlers.get(name) if service == SERVICE else None
        if handler is not None and name not in OPEN and self._tenant(details.invocation_metadata) is None:
            return self._refused
        return handler

    def _tenant(self, metadata: Any) -> str | None:
        for name, value in metadata or ():
            if name == "authorization" and isinstance(value, str):
                return self._tokens.tenant_of_header(value.encode("utf-8", "replace"))
        return None

    def _caller(self, name: str, context: Any) -> str:
        """Whose a call is now: a token may be revoked after the metadata came. Raises RequestError E0701."""
        tenant = self._tenant(context.invocation_metadata())
        if tenant is None and name not in OPEN:
            raise RequestError(_NO_TOKEN, code=UNAUTHORIZED)
        return tenant or OWNER

    async def _refuse(self, requests: Any, context: Any) -> None:
        self._metrics.on_request(f"/{SERVICE}", 401, 0.0)
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, _NO_TOKEN, ((CODE_KEY, UNAUTHORIZED),))

    # Requests are parsed here, not by gRPC: it would log each one that is malformed, with a traceback.

    def _unary(self, name: str, method: Callable[[Any, Client], Awaitable[Any]]) -> Any:
        async def handle(data: bytes, context: Any) -> Any:
            async with _Call(self._metrics, name, context) as call:
                tenant = self._caller(name, context)
                adopt(_terms(context, tenant))
                return await method(_parsed(f"{name}Request", data), Client(tenant, call.trace_id))

        return grpc.unary_unary_rpc_method_handler(handle, None, MESSAGES[f"{name}Response"].SerializeToString)

    def _streaming(self, name: str, method: Callable[[AsyncIterator[Any], Client], AsyncGenerator[Any]]) -> Any:
        async def parsed(stream: AsyncIterator[bytes], context: Any, tenant: str) -> AsyncIterator[Any]:
            adopt(_terms(context, tenant))
            async for data in stream:
                if self._caller(name, context) != tenant:
                    raise RequestError(_NO_TOKEN, code=UNAUTHORIZED)
                yield _parsed("ModelInferRequest", data)

        async def handle(stream: AsyncIterator[bytes], context: Any) -> AsyncIterator[Any]:
            async with _Call(self._metrics, name, context) as call:
                tenant = self._caller(name, context)
                requests = parsed(stream, context, tenant)
                async with contextlib.aclosing(method(requests, Client(tenant, call.trace_id))) as responses:
                    async for response in responses:
                        yield response

        return grpc.stream_stream_rpc_method_handler(handle, None, MESSAGES[f"{name}Response"].SerializeToString)


def _terms(context: Any, tenant: str) -> Terms:
    """What the metadata say, in the names of the headers. Raises RequestError E0750."""
    metadata = context.invocation_metadata() or ()
    terms = checked(**{HEADERS[name]: str(value) for name, value in metadata if name in HEADERS})
    return terms._replace(tenant=tenant or terms.tenant, whose=tenant)


def _parsed(name: str, data: bytes) -> Any:
    try:
        return MESSAGES[name].FromString(data)
    except DecodeError:
        raise bad(f"what came is not a {name}") from None


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class _Call:
    """One call: traced, counted, and with errors of its own."""

    def __init__(self, metrics: Any, name: str, context: Any) -> None:
        self._metrics = metrics
        self._route = f"/{SERVICE}/{name}"
        self._context = context
        self._started = time.monotonic()
        given = dict(context.invocation_metadata() or ()).get("traceparent")
        trace = trace_of(given if isinstance(given, str) else None)
        self.trace_id = trace.trace_id
        self._trailing = (("traceparent", trace.header()),)

    async def __aenter__(self) -> "_Call":
        self._context.set_trailing_metadata(self._trailing)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        status, code, message = 200, "", ""
        if isinstance(error, Exception):
            status, code, message = told(error, self.trace_id)
        elif isinstance(error, asyncio.CancelledError) and not _is_cancelled():
            # Something else was cancelled, and gRPC would leave the client without an answer.
            status, code, message = 503, LOST, "the call of the model was dropped; make it again"
        elif error is not None:
            status = 499  # the client went away; the number is for the metrics, as nginx has it
        self._metrics.on_request(self._route, status, time.monotonic() - self._started)
        if code:
            await self._context.abort(grpc_status(status), message, (*self._trailing, (CODE_KEY, code)))
