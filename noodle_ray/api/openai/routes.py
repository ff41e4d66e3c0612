"""`/v1/chat/completions`, `/v1/completions`, `/v1/embeddings` and `/v1/models`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body
from noodle_ray.api.openai.embedding import embedded
from noodle_ray.api.openai.errors import error_response, response_of
from noodle_ray.api.openai.generating import ChoiceStream, answered, generations
from noodle_ray.api.openai.known import generating, known
from noodle_ray.api.openai.orders import Order, chat_orders, completion_orders
from noodle_ray.api.openai.programs import ProgramModels, is_program
from noodle_ray.api.openai.replies import ChatReply, CompletionReply
from noodle_ray.api.openai.responses.orders import chat_body, response_order
from noodle_ray.api.openai.responses.schemas import ResponseBody
from noodle_ray.api.openai.responses.telling import response
from noodle_ray.api.openai.schemas import ChatBody, CompletionBody, EmbeddingBody, ModelCard, ModelList, OpenAiError
from noodle_ray.api.problems import NO_MEMORY
from noodle_ray.api.routes_runs import json_response
from noodle_ray.api.schemas import ModelInfo
from noodle_ray.api.services import Services
from noodle_ray.api.spending import counting
from noodle_ray.api.tenancy import tenant_of
from noodle_ray.errors import NoodleError

B = TypeVar("B", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Any]]


class OpenAiHandlers:
    """The handlers. They take the bare request, and turn every error into one of OpenAI's shape."""

    def __init__(self, services: Services, programs: ProgramModels) -> None:
        self._services = services
        self._programs = programs
        self.posts: dict[str, Handler] = {
            "/v1/chat/completions": self._told(self._chat),
            "/v1/completions": self._told(self._completion),
            "/v1/responses": self._told(self._respond),
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

    async def _chat(self, request: Request) -> Response:
        body = await self._body(request, ChatBody)
        if is_program(body.model):
            return await self._program_chat(request, body)
        return await self._generate(request, body, lambda: chat_orders(body), ChatReply(body.model))

    async def _program_chat(self, request: Request, body: ChatBody) -> Response:
        chat = await self._programs.chat(tenant_of(request), body)
        services = self._services._replace(generate=chat.generate)
        return await self._tell(request, services, body, chat.name, chat.orders(body), ChatReply(body.model))

    async def _completion(self, request: Request) -> Response:
        body = await self._body(request, CompletionBody)
        return await self._generate(request, body, lambda: completion_orders(body), CompletionReply(body.model))

    async def _respond(self, request: Request) -> Response:
        body = await self._body(request, ResponseBody)
        if is_program(body.model):
            asked = chat_body(body)
            chat = await self._programs.chat(tenant_of(request), asked)
            services = self._services._replace(generate=chat.generate)
            return await response(request, body, generations(services, chat.name, chat.orders(asked)))
        model = generating(self._services, body.model)
        services = counting(self._services, tenant_of(request))
        return await response(request, body, generations(services, model.name, [response_order(body)]))

    async def _generate(
        self,
        request: Request,
        body: ChatBody | CompletionBody,
        orders_of: Callable[[], list[Order]],
        reply: ChatReply | CompletionReply,
    ) -> Response:
        model = generating(self._services, body.model)
        services = counting(self._services, tenant_of(request))
        return await self._tell(request, services, body, model.name, orders_of(), reply)

    async def _tell(
        self,
        request: Request,
        services: Services,
        body: ChatBody | CompletionBody,
        model: str,
        orders: list[Order],
        reply: ChatReply | CompletionReply,
    ) -> Response:
        told = generations(services, model, orders)
        if not body.stream:
            return json_response(reply.whole(await answered(request, told, len(orders))))
        with_usage = body.stream_options is not None and bool(body.stream_options.include_usage)
        return await ChoiceStream(request, told, reply, len(orders), with_usage).begun()

    async def _embed(self, request: Request) -> Response:
        return json_response(await embedded(self._services, request, await self._body(request, EmbeddingBody)))

    async def list(self, request: Request) -> ModelList:
        """All models, and the published programs that answer chats."""
        models = [self._card(model) for model in self._services.models()]
        return ModelList(data=[*models, *await self._programs.cards(tenant_of(request))])

    async def show(self, request: Request, name: str) -> Response:
        """One model."""
        if name.endswith("/infer"):
            raise HTTPException(405, headers={"Allow": "POST"})
        try:
            if is_program(name):
                return json_response((await self._programs.card(tenant_of(request), name)).model_dump())
            return json_response(self._card(known(self._services, name)).model_dump())
        except NoodleError as error:
            return response_of(error, request.scope["trace_id"])

    def _card(self, model: ModelInfo) -> ModelCard:
        return ModelCard(id=model.name, created=self._services.created, **model.model_dump())


def openai_routes(handlers: OpenAiHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["OpenAI"])
    bodies: dict[str, tuple[str, type[BaseModel]]] = {
        "/v1/chat/completions": ("Go on with a chat", ChatBody),
        "/v1/completions": ("Go on with a text", CompletionBody),
        "/v1/responses": ("Go on with a conversation", ResponseBody),
        "/v1/embeddings": ("Embed texts", EmbeddingBody),
    }
    for path, (summary, body) in bodies.items():
        router.add_api_route(path, handlers.posts[path], methods=["POST"], **_documented(summary, body))

    @router.api_route("/v1/responses/{rest:path}", methods=["GET", "POST", "DELETE"], include_in_schema=False)
    async def kept(rest: str) -> Response:
        """Always 404."""
        return error_response(404, NO_MEMORY, "this platform keeps no responses: there is none to get or change")

    @router.get("/v1/models", response_model=ModelList, **_documented("List the registered models", None))
    async def models(request: Request) -> Response:
        return json_response((await handlers.list(request)).model_dump())

    # Registered after `/v1/models/{name}/infer`, which is longer and takes POST.
    @router.get("/v1/models/{name:path}", **_documented("Describe a model", None))
    async def model(request: Request, name: str) -> Response:
        return await handlers.show(request, name)

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
