"""`/embed`, `/rerank` and `/predict`. A server of Text Embeddings Inference has one model; here ``model`` says which,
in the body or in the query of the address, or else the default of the settings answers.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pydantic_core
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from noodle_ray.ahr import codes
from noodle_ray.api.body import parse, read_body
from noodle_ray.api.calling import answers, model_named
from noodle_ray.api.services import Services
from noodle_ray.api.tei.errors import TeiRefusal, empty, not_of_task, response_of, too_many
from noodle_ray.api.tei.schemas import EmbedBody, PredictBody, Prediction, PredictParameters, Rank, RerankBody, TeiError
from noodle_ray.api.tei.scores import predictions, ranks, vector
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError

B = TypeVar("B", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Any]]


class TeiHandlers:
    """The handlers. They take the bare request, and turn every error into one of the shape that clients read."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.posts: dict[str, Handler] = {
            "/embed": self._told(self._embed),
            "/rerank": self._told(self._rerank),
            "/predict": self._told(self._predict),
        }

    def _told(self, handler: Callable[[Request], Awaitable[Any]]) -> Handler:
        async def handle(request: Request) -> Response:
            try:
                reply = await handler(request)
            except ClientDisconnect:
                raise
            except Exception as error:
                return response_of(error, request.scope["trace_id"])
            return Response(pydantic_core.to_json(reply), 200, None, "application/json")

        return handle

    async def _body(self, request: Request, model: type[B]) -> B:
        settings = self._services.settings
        return parse(model, await read_body(request, settings.max_body, settings.body_timeout))

    def _model(self, request: Request, given: str | None, task: str) -> str:
        name = given or request.query_params.get("model") or self._default(task)
        model = model_named(self._services, name)
        if model.task not in ("", task):
            raise not_of_task(name, task, model.task)
        return name

    def _default(self, task: str) -> str:
        settings = self._services.settings
        named = {
            "embedding": settings.default_embedding_model,
            "reranking": settings.default_reranking_model,
            "classification": settings.default_classification_model,
        }[task]
        found = named or next((model.name for model in self._services.models() if model.task == task), "")
        if not found:
            raise ModelError(f"no model of the task {task} is registered", code=codes.UNKNOWN_MODEL)
        return found

    def _bounded(self, what: str, size: int) -> None:
        if not size:
            raise empty(what)
        if size > self._services.settings.max_client_batch_size:
            raise too_many(size, self._services.settings.max_client_batch_size)

    async def _embed(self, request: Request) -> list[list[float]]:
        body = await self._body(request, EmbedBody)
        model = self._model(request, body.model, "embedding")
        texts = [body.inputs] if isinstance(body.inputs, str) else body.inputs
        self._bounded("inputs", len(texts))
        if not all(isinstance(text, str) for text in texts):
            raise _malformed("inputs must be a text or a list of texts; token ids are not supported")
        unit = body.normalize is not False
        if not unit and (await self._services.stats(model))["engine"].get("unit"):
            raise _malformed(f"normalize: the vectors of {model!r} have length 1; it is registered so")
        options = {"usage": True} | _cut(body.truncate)
        found = await answers(request, self._services, model, [((text,), options) for text in texts], "inputs")
        vectors = [vector(one["answer"], None, False) for one in found]
        if body.dimensions is not None and body.dimensions > len(vectors[0]):
            raise _malformed(f"dimensions: the vectors of this model have {len(vectors[0])}")
        return [vector(one, body.dimensions, unit) for one in vectors]

    async def _rerank(self, request: Request) -> list[dict[str, Any]]:
        body = await self._body(request, RerankBody)
        model = self._model(request, body.model, "reranking")
        self._bounded("texts", len(body.texts))
        call = ((body.query, body.texts), _cut(body.truncate))
        (scores,) = await answers(request, self._services, model, [call], "texts")
        return ranks(to_json(scores), body.texts if body.return_text else None, body.raw_scores)

    async def _predict(self, request: Request) -> list[Any]:
        body = await self._body(request, PredictBody)
        model = self._model(request, body.model, "classification")
        texts, single = _sequences(body.inputs)
        self._bounded("inputs", len(texts))
        calls = [((text,), _cut(body.truncate)) for text in texts]
        found = await answers(request, self._services, model, calls, "inputs")
        asked = body.parameters or PredictParameters()
        raw = body.raw_scores or asked.function_to_apply == "none"
        told = [predictions(one["scores"], raw)[: asked.top_k] for one in found]
        return told[0] if single else told


def _sequences(given: str | list[Any]) -> tuple[list[str], bool]:
    """The texts of ``inputs``, and whether it is a single one: a list of two texts would be a pair, not a batch."""
    if isinstance(given, str):
        return [given], True
    if given and all(isinstance(text, str) for text in given):
        if len(given) > 1:
            raise _malformed("inputs: a list of texts is a pair, which is not supported; a batch is [[text], [text]]")
        return given, True
    if not all(isinstance(one, list) and len(one) == 1 and isinstance(one[0], str) for one in given):
        raise _malformed("inputs must be a text, or a list of lists of one text; pairs are not supported")
    return [text for (text,) in given], False


def _cut(truncate: bool | None) -> dict[str, object]:
    return {} if truncate is None or truncate else {"truncate": False}


def _malformed(message: str) -> TeiRefusal:
    return TeiRefusal(422, "Validation", message)


def tei_routes(handlers: TeiHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["Text Embeddings Inference"])
    bodies: dict[str, tuple[str, type[BaseModel], Any]] = {
        "/embed": ("Embed texts", EmbedBody, list[list[float]]),
        "/rerank": ("Put texts in the order in which they answer a query", RerankBody, list[Rank]),
        "/predict": ("Classify texts", PredictBody, list[Prediction] | list[list[Prediction]]),
    }
    for path, (summary, body, reply) in bodies.items():
        router.add_api_route(path, handlers.posts[path], methods=["POST"], **_documented(summary, body, reply))
    return router


_STATUSES = {
    400: "Nothing to do, or no JSON.",
    401: "The token is missing or wrong.",
    404: "No such model.",
    413: "The batch, the body or a text is too large.",
    422: "A field is not acceptable.",
    424: "The model is of another task, or its engine failed.",
    429: "Too much waits already.",
}


def _documented(summary: str, body: type[BaseModel], reply: Any) -> dict[str, Any]:
    responses: dict[int, dict[str, Any]] = {
        status: {"model": TeiError, "description": text} for status, text in _STATUSES.items()
    }
    schema = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {
        "summary": summary,
        "response_model": None,
        "responses": {200: {"model": reply}, **responses},
        "openapi_extra": {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
    }
