"""The FastAPI application."""

from importlib.metadata import PackageNotFoundError, version

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from noodle_ray.api.auth import OPEN_PATHS, Gate
from noodle_ray.api.direct import Direct
from noodle_ray.api.durable.routes import DurableHandlers, durable_routes
from noodle_ray.api.oip.routes import OipHandlers, oip_routes
from noodle_ray.api.oip.serving import Serving
from noodle_ray.api.openai.programs import ProgramModels
from noodle_ray.api.openai.routes import OpenAiHandlers, openai_routes
from noodle_ray.api.openapi import install_openapi
from noodle_ray.api.problems import install_problem_handlers
from noodle_ray.api.programs.routes import ProgramHandlers, program_routes
from noodle_ray.api.routes_health import health_routes
from noodle_ray.api.routes_models import model_routes
from noodle_ray.api.routes_runs import RunHandlers, run_routes
from noodle_ray.api.routes_tools import tool_routes
from noodle_ray.api.schedules.routes import ScheduleHandlers, schedule_routes
from noodle_ray.api.services import Services
from noodle_ray.api.tei.routes import TeiHandlers, tei_routes
from noodle_ray.api.terms import OnTerms
from noodle_ray.api.ws.routes import ws_routes
from noodle_ray.security.tenants import Tokens

_DESCRIPTION = "Runs small AI programs next to the models they call. Errors are RFC 9457 problems."


def create_app(services: Services, tokens: Tokens) -> FastAPI:
    """Build the API around its services. Every endpoint but health needs one of the tokens."""
    app = FastAPI(title="Noodle", version=platform_version(), description=_DESCRIPTION, redoc_url=None)
    runs = RunHandlers(services)
    programs = ProgramModels(services)
    openai = OpenAiHandlers(services, programs)
    app.include_router(durable_routes(DurableHandlers(services)))
    app.include_router(program_routes(ProgramHandlers(services)))
    app.include_router(schedule_routes(ScheduleHandlers(services)))
    app.include_router(tool_routes(services))
    tei = TeiHandlers(services)
    models, infer = model_routes(services)
    for router in (run_routes(runs), models, openai_routes(openai), health_routes(services)):
        app.include_router(router)
    app.include_router(tei_routes(tei))
    app.include_router(oip_routes(OipHandlers(Serving(services, platform_version()))))
    app.include_router(ws_routes(services, programs))
    install_problem_handlers(app)
    install_openapi(app, OPEN_PATHS)

    async def on_disconnect(request: Request, error: Exception) -> Response:
        return Response(status_code=499)  # nobody reads it; the number is for logs, as nginx has it

    app.add_exception_handler(ClientDisconnect, on_disconnect)
    app.add_middleware(Direct, posts={"/v1/run": runs.run, **openai.posts, **tei.posts}, named=infer)
    app.add_middleware(OnTerms)
    app.add_middleware(Gate, tokens=tokens, metrics=services.metrics)
    return app


def platform_version() -> str:
    """The version of the package that is installed."""
    try:
        return version("noodle-ray")
    except PackageNotFoundError:
        return "0"
