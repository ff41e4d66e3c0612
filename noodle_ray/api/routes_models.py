"""`/v1/models/{name}/infer`."""

import asyncio
import time

from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body, validation_problem
from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import BAD_BODY
from noodle_ray.api.routes_runs import json_response
from noodle_ray.api.schemas import InferBody, InferReply
from noodle_ray.api.services import Services
from noodle_ray.core.runs.batcher import Reply
from noodle_ray.core.vm.packed import array_json
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError, RequestError


def model_routes(services: Services) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["models"])
    settings, batcher = services.settings, services.executor.batcher

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
        futures = [batcher.submit(name, ((value,), order.options)) for value in order.inputs]
        try:
            async with CancelOnDisconnect(request):
                replies = await asyncio.gather(*futures)
        finally:
            for future in futures:
                future.cancel()
        usage = {
            "model_calls": len(replies),
            "model_batches": len({reply.batch.id for reply in replies if reply.batch is not None}),
            "wall_seconds": time.monotonic() - started,
        }
        return json_response(
            {"outputs": _outputs(replies, order.arrays == "packed"), "usage": usage, "trace_id": trace_id}
        )

    return router


def _outputs(replies: list[Reply], packed: bool) -> list[object]:
    for index, reply in enumerate(replies):
        if not reply.ok:
            assert isinstance(reply.value, tuple)
            code, message = reply.value
            raise ModelError(message if len(replies) == 1 else f"inputs.{index}: {message}", code=code)
    return [to_json(reply.value, packed=array_json if packed else None) for reply in replies]
