"""`/v1/chat/completions`, `/v1/completions`, `/v1/embeddings` and `/v1/models`."""

import base64
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from noodle_ray.ahr import codes
from noodle_ray.ahr.engines.base import wrong
from noodle_ray.ahr.registry import unknown_model
from noodle_ray.api.body import parse, read_body
from noodle_ray.api.calling import asked
from noodle_ray.api.openai.errors import response_of
from noodle_ray.api.openai.generating import Stream, answered, generations
from noodle_ray.api.openai.orders import Order, chat_orders, completion_orders
from noodle_ray.api.openai.replies import ChatReply, CompletionReply
from noodle_ray.api.openai.schemas import ChatBody, CompletionBody, EmbeddingBody, ModelCard, ModelList, OpenAiError
from noodle_ray.api.routes_runs import json_response
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.core.runs.batcher import Call, Reply
from noodle_ray.core.vm.packed import array_json
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import ModelError

B = TypeVar("B", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Any]]


class OpenAiHandlers:
    """The handlers. They take the bare request, and turn every error into one of OpenAI's shape."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.posts: dict[str, Handler] = {
            "/v1/chat/completions": self._told(self._chat),
            "/v1/completions": self._told(self._completion),
            "/v1/embeddings": self._told(self._embed),
        }

    def _told(self, handler: Callable[[Request], Awaitable[Response]]) -> Handler:
        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except ClientDisconnect:
                raise
            except Exception as error:
                return response_of(error, request.scope["trace_id"])

        return handle

    async def _body(self, request: Request, model: type[B]) -> B:
        settings = self._services.settings
        return parse(model, await read_body(request, settings.max_body, settings.body_timeout))

    def _known(self, name: str) -> ModelInfo:
        found = {model.name: model for model in self._services.models()}
        if name not in found:
            raise unknown_model(name, sorted(found))
        return found[name]

    async def _chat(self, request: Request) -> Response:
        body = await self._body(request, ChatBody)
        return await self._generate(request, body, lambda: chat_orders(body), ChatReply(body.model))

    async def _completion(self, request: Request) -> Response:
        body = await self._body(request, CompletionBody)
        return await self._generate(request, body, lambda: completion_orders(body), CompletionReply(body.model))

    async def _generate(
        self,
        request: Request,
        body: ChatBody | CompletionBody,
        orders_of: Callable[[], list[Order]],
        reply: ChatReply | CompletionReply,
    ) -> Response:
        model = self._known(body.model)
        if model.task not in ("", "generation"):
            raise wrong(f"the model {model.name!r} has the task {model.task}; it does not generate texts")
        orders = orders_of()
        told = generations(self._services, model.name, orders)
        if not body.stream:
            return json_response(reply.whole(await answered(request, told, len(orders))))
        with_usage = body.stream_options is not None and bool(body.stream_options.include_usage)
        return await Stream(request, told, reply, len(orders), with_usage).begun()

    async def _embed(self, request: Request) -> Response:
        body = await self._body(request, EmbeddingBody)
        model = self._known(body.model)
        if model.task not in ("", "embedding"):
            raise wrong(f"the model {model.name!r} has the task {model.task}; it does not embed")
        texts = self._texts(body.input)
        calls: list[Call] = [((text,), {"usage": True}) for text in texts]
        replies = await asked(request, self._services, model.name, calls)
        values = [_answer(reply, place) for place, reply in enumerate(replies)]
        tokens = sum(value["tokens"] for value in values)
        self._services.metrics.on_tokens(model.name, tokens, 0)
        data = [
            {"object": "embedding", "index": place, "embedding": _vector(value["answer"], body)}
            for place, value in enumerate(values)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return json_response({"object": "list", "data": data, "model": model.name, "usage": usage})

    def _texts(self, given: str | list[Any]) -> list[str]:
        texts = [given] if isinstance(given, str) else given
        most = self._services.settings.max_infer_inputs
        if not 0 < len(texts) <= most:
            raise wrong(f"input must be a text or a list of 1 to {most} texts")
        if not all(isinstance(text, str) for text in texts):
            raise wrong("input must be a text or a list of texts; token ids are not supported")
        return texts

    def list(self) -> ModelList:
        """All models."""
        return ModelList(data=[self._card(model) for model in self._services.models()])

    def show(self, request: Request, name: str) -> Response:
        """One model."""
        if name.endswith("/infer"):
            raise HTTPException(405, headers={"Allow": "POST"})
        try:
            return json_response(self._card(self._known(name)).model_dump())
        except ModelError as error:
            return response_of(error, request.scope["trace_id"])

    def _card(self, model: ModelInfo) -> ModelCard:
        return ModelCard(id=model.name, created=self._services.created, **model.model_dump())


def openai_routes(handlers: OpenAiHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["OpenAI"])
    bodies: dict[str, tuple[str, type[BaseModel]]] = {
        "/v1/chat/completions": ("Go on with a chat", ChatBody),
        "/v1/completions": ("Go on with a text", CompletionBody),
        "/v1/embeddings": ("Embed texts", EmbeddingBody),
    }
    for path, (summary, body) in bodies.items():
        router.add_api_route(path, handlers.posts[path], methods=["POST"], **_documented(summary, body))

    @router.get("/v1/models", response_model=ModelList, **_documented("List the registered models", None))
    async def models() -> ModelList:
        return handlers.list()

    # Registered after `/v1/models/{name}/infer`, which is longer and takes POST.
    @router.get("/v1/models/{name:path}", **_documented("Describe a model", None))
    async def model(request: Request, name: str) -> Response:
        return handlers.show(request, name)

    return router


def _documented(summary: str, body: type[BaseModel] | None) -> dict[str, Any]:
    errors = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{OpenAiError.__name__}"}}}}
    statuses = {401: "The token is missing or wrong.", 404: "No such model."}
    if body is not None:
        statuses |= {400: "The body is not acceptable.", 429: "Too much waits already.", 502: "The engine failed."}
    options: dict[str, Any] = {
        "summary": summary,
        "responses": {status: {"description": text, **errors} for status, text in statuses.items()},
    }
    if body is not None:
        schema = {"$ref": f"#/components/schemas/{body.__name__}"}
        options["response_model"] = None
        options["openapi_extra"] = {
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}
        }
    return options


def _answer(reply: Reply, place: int) -> dict[str, Any]:
    if not reply.ok:
        assert isinstance(reply.value, tuple)
        code, message = reply.value
        raise ModelError(f"input.{place}: {message}", code=code)
    if not isinstance(reply.value, dict):
        raise ModelError("the model did not answer with a vector", code=codes.ENGINE_FAILED)
    return reply.value


def _vector(value: Any, body: EmbeddingBody) -> Any:
    packed = array_json(value)["$array"]
    if body.dimensions not in (None, packed["shape"][0]):
        raise wrong(f"dimensions: this model's vectors have {packed['shape'][0]}, and cannot be made shorter")
    if body.encoding_format != "base64":
        return to_json(value)
    # Engines compute in float32 on little-endian machines, which is what clients expect.
    return packed["data"] if packed["dtype"] == "float32" else base64.b64encode(_float32(value)).decode()


def _float32(value: Any) -> bytes:
    from array import array

    return array("f", to_json(value)).tobytes()
