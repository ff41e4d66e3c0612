"""`/v1/ws`."""

import contextlib

from fastapi import APIRouter
from starlette.websockets import WebSocket

from noodle_ray.api.openai.programs import ProgramModels
from noodle_ray.api.problems import problem_of
from noodle_ray.api.services import Services
from noodle_ray.api.tenancy import tenant_of
from noodle_ray.api.ws.connection import Connection
from noodle_ray.api.ws.messages import PROTOCOL
from noodle_ray.errors import RequestError


def ws_routes(services: Services, programs: ProgramModels) -> APIRouter:
    """Build the route. The gate has checked the token."""
    router = APIRouter()

    @router.websocket("/v1/ws")
    async def ws(websocket: WebSocket) -> None:
        offered = websocket.scope.get("subprotocols", ())
        header = (b"traceparent", websocket.scope["traceparent"].encode())
        with contextlib.ExitStack() as watch:
            try:
                watch.enter_context(services.quotas.watch(tenant_of(websocket)))
            except RequestError as error:
                await websocket.send_denial_response(problem_of(error, websocket.scope["trace_id"]))
                return
            await websocket.accept(PROTOCOL if PROTOCOL in offered else None, headers=[header])
            await Connection(websocket, services, programs).serve()

    return router
