"""The FastAPI application."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from noodle_ray.api.auth import OPEN_PATHS, Gate
from noodle_ray.api.direct import Direct
from noodle_ray.api.durable.routes import DurableHandlers, durable_routes
from noodle_ray.api.oip.routes import OipHandlers, oip_routes
from noodle_ray.api.openai.routes import OpenAiHandlers, openai_routes
from noodle_ray.api.openapi import install_openapi
from noodle_ray.api.problems import install_problem_handlers
from noodle_ray.api.routes_health import health_routes
from noodle_ray.api.routes_models import model_routes
from noodle_ray.api.routes_runs import RunHandlers, run_routes
from noodle_ray.api.services import Services
from noodle_ray.api.tei.routes import TeiHandlers, tei_routes

_DESCRIPTION = "Runs small AI programs next to the models they call. Errors are RFC 9457 problems."


def create_app(services: Services, token: str) -> FastAPI:
    """Build the API around its services. Every endpoint but health needs the token."""
    app = FastAPI(title="Noodle", version=_version(), description=_DESCRIPTION, redoc_url=None)
    runs = RunHandlers(services)
    openai = OpenAiHandlers(services)
    app.include_router(durable_routes(DurableHandlers(services)))
    tei = TeiHandlers(services)
    for router in (run_routes(runs), model_routes(services), openai_routes(openai), health_routes(services)):
        app.include_router(router)
    app.include_router(tei_routes(tei))
    app.include_router(oip_routes(OipHandlers(services, _version())))
    install_problem_handlers(app)
    install_openapi(app, OPEN_PATHS)

    async def on_disconnect(request: Request, error: Exception) -> Response:
        return Response(status_code=499)  # nobody reads it; the number is for logs, as nginx has it

    app.add_exception_handler(ClientDisconnect, on_disconnect)
    app.add_middleware(Direct, posts={"/v1/run": runs.run, **openai.posts, **tei.posts})
    app.add_middleware(Gate, token=token, metrics=services.metrics)
    return app


def _version() -> str:
    try:
        return version("noodle-ray")
    except PackageNotFoundError:
        return "0"
