"""`/v1/tools` and `/v1/usage`: what programs may call, and what they may spend."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body
from noodle_ray.api.openapi import documented
from noodle_ray.api.routes_runs import arguments_of, json_response
from noodle_ray.api.routing import told
from noodle_ray.api.schemas import ToolArguments
from noodle_ray.api.services import Services
from noodle_ray.api.tenancy import tenant_of


class ToolInfo(BaseModel):
    """A tool that programs of this token may call."""

    name: str
    description: str
    signature: Annotated[str, Field(description="What it takes, as one line.")]
    parameters: Annotated[dict[str, Any] | None, Field(description="A JSON schema of its named arguments.")]


class ToolList(BaseModel):
    """All of them, by name."""

    data: list[ToolInfo]


class ToolChecked(BaseModel):
    """The tool takes the arguments, as far as can be told without calling it."""

    name: str
    ok: bool


class UsageReport(BaseModel):
    """What the programs of this token may spend in a window of time, and have spent in this one."""

    window: Annotated[str | None, Field(description="day, month or ever; null: nothing is bounded or counted.")]
    since: Annotated[str | None, Field(description="What the window begins with, in UTC.")]
    budget: dict[str, float]
    spent: dict[str, float]
    limits: Annotated[dict[str, float], Field(description="The most memory and time that one run may have.")]


def tool_routes(services: Services) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["tools"])

    @router.get("/v1/tools", operation_id="tools", **documented("List the tools of programs", None, ToolList))
    async def tools(request: Request) -> Response:
        return json_response({"data": services.executor.tools.listed(tenant_of(request))})

    @router.post(
        "/v1/tools/{name}/check",
        operation_id="check_tool",
        **documented("Check arguments of a tool, and call nothing", ToolArguments, ToolChecked, 403, 408, 413, 422),
    )
    @told
    async def check_tool(request: Request, name: str) -> Response:
        settings = services.settings
        order = parse(ToolArguments, await read_body(request, settings.max_body, settings.body_timeout) or b"{}")
        args, kwargs = arguments_of(order)
        await services.executor.tools.check_arguments(name, args, kwargs, tenant_of(request))
        return json_response({"name": name, "ok": True})

    @router.get(
        "/v1/usage", operation_id="usage", **documented("What may be spent, and was", None, UsageReport, 501, 503)
    )
    async def usage(request: Request) -> Response:
        tenant = tenant_of(request)
        quota = services.quotas.of(tenant)
        limits = {name: most for name in ("memory", "deadline") if (most := getattr(quota, name)) is not None}
        return json_response({**await services.executor.spending.report(tenant), "limits": limits})

    return router
