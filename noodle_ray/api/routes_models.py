"""`/v1/models/{name}/infer`."""

import time
from typing import Any

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body, validation_problem
from noodle_ray.api.calling import asked, values_of
from noodle_ray.api.direct import Named
from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import BAD_BODY
from noodle_ray.api.routes_runs import json_response
from noodle_ray.api.schemas import InferBody, InferReply
from noodle_ray.api.services import Services
from noodle_ray.core.vm.packed import array_json
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import RequestError


def model_routes(services: Services) -> tuple[APIRouter, Named]:
    """Build the routes, and the short way to them."""
    router = APIRouter(tags=["models"])
    settings = services.settings

    async def infer(request: Request, name: str) -> Response:
        trace_id = request.scope["trace_id"]
        try:
            order = parse(InferBody, await read_body(request, settings.max_body, settings.body_timeout))
        except ValidationError as error:
            return validation_problem(error, trace_id)
        return json_response({**await inferred(services, request, name, order), "trace_id": trace_id})

    way = Named("/v1/models/", "/infer", "/v1/models/{name:path}/infer", infer)
    described = documented("Call a model", InferBody, InferReply, 404, 408, 413, 422, 429, 502, 503)
    router.add_api_route(way.route, infer, methods=["POST"], **described)
    return router, way


async def inferred(services: Services, client: HTTPConnection, name: str, order: InferBody) -> dict[str, Any]:
    """Outputs and usage, one call per input. ``client`` is as `asked` has it. Raises ModelError, RequestError."""
    started = time.monotonic()
    most = services.settings.max_infer_inputs
    if len(order.inputs) > most:
        raise RequestError(f"inputs: at most {most} on this platform", code=BAD_BODY)
    replies = await asked(client, services, name, [((value,), order.options) for value in order.inputs])
    usage = {
        "model_calls": len(replies),
        "model_batches": len({reply.batch.id for reply in replies if reply.batch is not None}),
        "wall_seconds": time.monotonic() - started,
    }
    arrays = array_json if order.arrays == "packed" else None
    return {"outputs": [to_json(value, packed=arrays) for value in values_of(replies, "inputs")], "usage": usage}
