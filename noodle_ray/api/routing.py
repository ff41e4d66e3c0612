"""What routes with queries and bodies share: strict queries, problems for what does not fit, and their description."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import validation_problem
from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import BAD_BODY
from noodle_ray.errors import RequestError

M = TypeVar("M", bound=BaseModel)


def told(handler: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """The handler, with what it says about a body or a query made a problem."""

    @functools.wraps(handler)
    async def handle(request: Request, **path: str) -> Response:
        try:
            return await handler(request, **path)
        except ValidationError as error:
            return validation_problem(error, request.scope["trace_id"])

    return handle


def query_of(request: Request, model: type[M]) -> M:
    """The address's query. Raises RequestError E0703 for a parameter given twice, and ValidationError."""
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) != len(pairs):
        raise RequestError("a parameter of the address is given twice", code=BAD_BODY)
    return checked(model, values)


def checked(model: type[M], values: dict[str, str]) -> M:
    """Values of an address or a header as a model. Raises ValidationError."""
    return model.model_validate(values)


def parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    """What OpenAPI says about a query; it has no definitions of its own, so they are put where they are named."""
    schema = query.model_json_schema()
    named = {f"#/$defs/{name}": found for name, found in schema.get("$defs", {}).items()}
    found_parameters = []
    for name, field in schema["properties"].items():
        description = field.pop("description", "")
        if "anyOf" in field:
            field["anyOf"] = [named.get(option.get("$ref", ""), option) for option in field["anyOf"]]
        found_parameters.append({"name": name, "in": "query", "description": description, "schema": field})
    return found_parameters


def adder(router: APIRouter, noun: str) -> Callable[..., None]:
    """A function that adds routes about what the store keeps; ``noun`` ends the names of their operations."""

    def add(
        method: str,
        path: str,
        handler: Callable[..., Awaitable[Response]],
        summary: str,
        reply: type[BaseModel],
        *problems: int,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        status: int = 200,
    ) -> None:
        options = documented(summary, body, reply, 422, 501, 503, *problems)
        described = options["responses"].pop(200)
        options["responses"][status] = described if status != 204 else {"description": "It is gone."}
        if query is not None:
            options.setdefault("openapi_extra", {})["parameters"] = parameters(query)
        name = f"{handler.__name__}_{noun}"
        router.add_api_route(path, told(handler), methods=[method], operation_id=name, status_code=status, **options)

    return add
