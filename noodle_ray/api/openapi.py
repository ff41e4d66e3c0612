"""The OpenAPI document. Handlers take the bare request for speed, so what they take and give is said here."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from noodle_ray.api.durable.schemas import EmptyBody, ForkBody, RetryBody, SignalBody, StartBody
from noodle_ray.api.oip.schemas import TensorBody
from noodle_ray.api.openai.responses.schemas import ResponseBody
from noodle_ray.api.openai.schemas import ChatBody, CompletionBody, EmbeddingBody, OpenAiError
from noodle_ray.api.programs.schemas import AliasBody, CheckBody, PublishBody, ReplayBody
from noodle_ray.api.schedules.schemas import EventBody, ScheduleBody
from noodle_ray.api.schemas import CompileBody, InferBody, Problem, ResumeBody, RunBody, ToolArguments
from noodle_ray.api.tei.schemas import EmbedBody, PredictBody, RerankBody

_REF = "#/components/schemas/{model}"
_MODELS: tuple[type[BaseModel], ...] = (RunBody, ResumeBody, CompileBody, InferBody, Problem)
_MODELS += (ChatBody, CompletionBody, EmbeddingBody, ResponseBody, OpenAiError)
_MODELS += (StartBody, EmptyBody, RetryBody, ForkBody, SignalBody)
_MODELS += (ScheduleBody, EventBody, ToolArguments)
_MODELS += (PublishBody, CheckBody, AliasBody, ReplayBody)
_MODELS += (EmbedBody, RerankBody, PredictBody, TensorBody)
_PROBLEMS = {
    400: "The body is not JSON.",
    401: "The token is missing or wrong.",
    403: "This tenant may not.",
    404: "No such module, model, program or run.",
    408: "The body did not arrive in time.",
    409: "The run's status or the program's runs do not allow it, or the idempotency key belongs to another request.",
    413: "The body or the program is too large.",
    422: "The body, the program or an input is not acceptable.",
    429: "Too much waits already; come back after `Retry-After` seconds.",
    500: "The platform failed.",
    501: "This machine has no store for runs.",
    502: "A model's engine failed.",
    503: "The platform is not ready, or a part of it is gone.",
}


def documented(summary: str, body: type[BaseModel] | None, reply: type[BaseModel], *problems: int) -> dict[str, Any]:
    """Return the keyword arguments of a route that takes ``body``, gives ``reply``, or one of these problems."""
    statuses = {401, 500, *problems, *([400] if body else [])}
    options: dict[str, Any] = {
        "summary": summary,
        "response_model": None,
        "responses": {200: {"model": reply}, **{status: _problem(_PROBLEMS[status]) for status in sorted(statuses)}},
    }
    if body is not None:
        schema = {"$ref": _REF.format(model=body.__name__)}
        options["openapi_extra"] = {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        }
    return options


def install_openapi(app: FastAPI, open_paths: frozenset[str]) -> None:
    """Make the app's document complete: request bodies, problems, and the token on all but ``open_paths``."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app, open_paths)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema


def _document(app: FastAPI, open_paths: frozenset[str]) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    components = document.setdefault("components", {})
    _, bodies = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REF)
    components.setdefault("schemas", {}).update(bodies["$defs"])
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    for path in open_paths:
        for operation in document["paths"].get(path, {}).values():
            operation["security"] = []
            operation["responses"].pop("401", None)
    return document


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=Problem.__name__)}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
