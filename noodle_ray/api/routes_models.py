"""`/v1/models/{name}/infer`."""

import time

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body, validation_problem
from noodle_ray.api.calling import asked, values_of
from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import BAD_BODY
from noodle_ray.api.routes_runs import json_response
from noodle_ray.api.schemas import InferBody, InferReply
from noodle_ray.api.services import Services
from noodle_ray.core.vm.packed import array_json
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import RequestError


def model_routes(services: Services) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["models"])
    settings = services.settings

    @router.post(
        "/v1/models/{name:path}/infer", **documented("Call a model", InferBody, InferReply, 404, 408, 413, 422, 429)
    )
    async def infer(request: Request, name: str) -> Response:
        trace_id = request.scope["trace_id"]
        started = time.monotonic()
        try:
            order = parse(InferBody, await read_body(request, settings.max_body, settings.body_timeout))
        except ValidationError as error:
            return validation_problem(error, trace_id)
        if len(order.inputs) > settings.max_infer_inputs:
            raise RequestError(f"inputs: at most {settings.max_infer_inputs} on this platform", code=BAD_BODY)
        replies = await asked(request, services, name, [((value,), order.options) for value in order.inputs])
        usage = {
            "model_calls": len(replies),
            "model_batches": len({reply.batch.id for reply in replies if reply.batch is not None}),
            "wall_seconds": time.monotonic() - started,
        }
        arrays = array_json if order.arrays == "packed" else None
        outputs = [to_json(value, packed=arrays) for value in values_of(replies, "inputs")]
        return json_response({"outputs": outputs, "usage": usage, "trace_id": trace_id})

    return router
