"""`/v2`: health, metadata and inference."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from noodle_ray.api.allowed import allowed_methods
from noodle_ray.api.body import read_body
from noodle_ray.api.oip.errors import bad, error_response, response_of
from noodle_ray.api.oip.schemas import (
    Live,
    ModelMetadata,
    ModelReady,
    OipError,
    Ready,
    ServerMetadata,
    TensorBody,
    TensorReply,
)
from noodle_ray.api.oip.serving import Serving
from noodle_ray.api.oip.wire import HEADER, read, reply
from noodle_ray.api.problems import BAD_METHOD, NOT_FOUND, NOT_READY
from noodle_ray.api.routes_runs import json_response
from noodle_ray.errors import RequestError

Handler = Callable[[Request], Awaitable[Response]]


class OipHandlers:
    """The handlers of everything about a model. They turn every error into one of the protocol's shape."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._services = serving.services

    def told(self, handler: Handler) -> Handler:
        """A handler whose errors have the protocol's shape."""

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except ClientDisconnect:
                raise
            except Exception as error:
                return response_of(error, request.scope["trace_id"])

        return handle

    async def live(self, request: Request) -> Response:
        """Whether the process is alive."""
        return json_response({"live": True})

    async def ready(self, request: Request) -> Response:
        """Whether workers and all models answer."""
        missing = await self._services.ready()
        return error_response(503, NOT_READY, missing) if missing else json_response({"ready": True})

    async def server(self, request: Request) -> Response:
        """The server's name, version and extensions."""
        return json_response({"name": "noodle", "version": self._serving.version, "extensions": ["binary_tensor_data"]})

    async def model_ready(self, request: Request) -> Response:
        """Whether a replica of the model answers."""
        reference = _reference(request)
        if error := await self._serving.ready(reference):
            return error_response(503, error.code, error.message)
        return json_response({"name": reference, "ready": True})

    async def model(self, request: Request) -> Response:
        """Inputs and outputs of a model."""
        reference = _reference(request)
        found = await self._serving.signature(reference)
        ports = {side: [port.model_dump() for port in getattr(found, side)] for side in ("inputs", "outputs")}
        head = {"name": request.path_params["name"], "versions": [found.version], "platform": found.engine}
        return json_response(head | ports)

    async def infer(self, request: Request) -> Response:
        """Call a model."""
        settings = self._services.settings
        if request.headers.get("content-encoding", "identity") != "identity":
            raise bad("the body must not be compressed")
        order = read(await read_body(request, settings.max_body, settings.body_timeout), request.headers.get(HEADER))
        signature, outputs = await self._serving.infer(request, _reference(request), order.inputs)
        return reply(request.path_params["name"], signature.version, order.body, outputs)

    async def nothing(self, request: Request) -> Response:
        """Refuse what the protocol has and this server lacks, in the protocol's shape."""
        if methods := allowed_methods(request.app, request.url.path):
            message = f"this path does not take {request.method}"
            return error_response(405, BAD_METHOD, message, headers={"Allow": ", ".join(methods)})
        raise RequestError(f"there is nothing for {request.method} at this path", code=NOT_FOUND)


def _reference(request: Request) -> str:
    name, version = request.path_params["name"], request.path_params.get("version")
    return f"{name}@{version}" if version else str(name)


def oip_routes(handlers: OipHandlers) -> APIRouter:
    """Build the routes. Those of a model that say more come first: a model's name may have slashes."""
    router = APIRouter(tags=["Open Inference Protocol"])
    add = router.add_api_route
    told = handlers.told
    add("/v2/health/live", told(handlers.live), **_documented("Whether the process is alive; needs no token", Live))
    add(
        "/v2/health/ready",
        told(handlers.ready),
        **_documented("Whether models are served; needs no token", Ready, _STATUSES, 503),
    )
    add("/v2", told(handlers.server), **_documented("Describe the server", ServerMetadata, _STATUSES, 401))
    for model, names in (
        ("/v2/models/{name:path}/versions/{version:path}", ("name", "version")),
        ("/v2/models/{name:path}", ("name",)),
    ):
        places = {"parameters": [_placed(name) for name in names]}
        add(
            f"{model}/infer",
            told(handlers.infer),
            methods=["POST"],
            **_documented("Call a model with tensors", TensorReply, _STATUSES, 400, 401, 404, 413, 429, 502),
            openapi_extra=places | _BODY,
        )
        add(
            f"{model}/ready",
            told(handlers.model_ready),
            **_documented("Whether a model is served", ModelReady, _STATUSES, 401, 404, 503),
            openapi_extra=places,
        )
        add(
            model,
            told(handlers.model),
            **_documented("Describe a model", ModelMetadata, _STATUSES, 400, 401, 404),
            openapi_extra=places,
        )
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]
    add("/v2/{path:path}", told(handlers.nothing), methods=methods, include_in_schema=False)
    return router


def _placed(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": f"#/components/schemas/{TensorBody.__name__}"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
_STATUSES = {
    400: "The request is not acceptable.",
    401: "The token is missing or wrong.",
    404: "No such model.",
    413: "The body is too large.",
    429: "Too much waits already.",
    502: "The engine failed.",
    503: "Not ready.",
}


def _documented(
    summary: str, reply: type[BaseModel], texts: dict[int, str] | None = None, *statuses: int
) -> dict[str, Any]:
    errors = {status: {"model": OipError, "description": (texts or {})[status]} for status in statuses}
    return {"summary": summary, "response_model": None, "responses": {200: {"model": reply}, **errors}}
