"""`/healthz`, `/readyz` and `/metrics`."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import NOT_READY, problem
from noodle_ray.api.schemas import Health
from noodle_ray.api.services import Services
from noodle_ray.observability.metrics import CONTENT_TYPE

_METRICS: dict[str, Any] = {
    "summary": "Metrics in Prometheus' text format",
    "responses": {
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}},
        **{status: answer for status, answer in documented("", None, Health)["responses"].items() if status != 200},
    },
}


def health_routes(services: Services) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["operation"])

    @router.get("/healthz", **documented("Whether the process is alive; needs no token", None, Health))
    async def healthz() -> Health:
        return Health(status="ok")

    @router.get("/readyz", **documented("Whether runs and models are served; needs no token", None, Health, 503))
    async def readyz(request: Request) -> Response:
        missing = await services.ready()
        if missing:
            return problem(503, NOT_READY, missing, trace_id=request.scope["trace_id"])
        return Response(b'{"status":"ok"}', 200, None, "application/json")

    @router.get("/metrics", response_class=Response, **_METRICS)
    async def metrics() -> Response:
        services.note_pool()
        return Response(services.metrics.render(), 200, None, CONTENT_TYPE)

    return router
