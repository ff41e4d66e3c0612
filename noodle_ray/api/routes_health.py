"""`/healthz`, `/readyz` and `/metrics`."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import NOT_OWNER, NOT_READY, problem
from noodle_ray.api.schemas import Health
from noodle_ray.api.services import Services
from noodle_ray.observability.metrics import CONTENT_TYPE
from noodle_ray.security.tenants import OWNER

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
    async def metrics(request: Request) -> Response:
        if request.scope["tenant"] != OWNER:
            detail = "this tells of all tenants: it takes the platform's own token"
            return problem(403, NOT_OWNER, detail, trace_id=request.scope["trace_id"])
        services.note_pool()
        return Response(services.metrics.render(), 200, None, CONTENT_TYPE)

    return router
