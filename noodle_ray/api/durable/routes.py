"""`/v1/runs`: runs that are stored before they are acknowledged, and what can be done with them."""

import functools
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body, validation_problem
from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.durable.events import EventStream
from noodle_ray.api.durable.replies import detail, info
from noodle_ray.api.durable.schemas import (
    EmptyBody,
    EventsQuery,
    ForkBody,
    ListQuery,
    NoQuery,
    RetryBody,
    RunDetail,
    RunPage,
    StartBody,
    WaitQuery,
)
from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import BAD_BODY
from noodle_ray.api.routes_runs import arguments_of, json_response, limits_of, program_of
from noodle_ray.api.services import Services
from noodle_ray.core.runs.durable import DurableRuns, Submission
from noodle_ray.core.store.records import Filter, Run
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.values import from_json
from noodle_ray.errors import RequestError

M = TypeVar("M", bound=BaseModel)
TENANT = ""
"""Whose runs they are: a platform has one token, and so one tenant."""


class DurableHandlers:
    """The handlers. They take the bare request, as `RunHandlers` do; the store opens when one of them needs it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.settings

    async def start(self, request: Request) -> Response:
        """Store a run."""
        _query(request, NoQuery)
        order = await self._body(request, StartBody)
        key = _key(request, order.idempotency_key)
        program = program_of(order, self._settings)
        limits = limits_of(order.limits, self._settings)
        args, kwargs = arguments_of(order)
        module = await self._services.executor.module(program)
        asked = Submission(
            module.digest,
            module.nbc,
            tenant=TENANT,
            entry=order.entry,
            args=args,
            kwargs=kwargs,
            limits=limits,
            tier=order.tier,
            seed=order.seed,
            idempotency=key,
        )
        run, created = await (await self._services.durable()).submit(asked)
        return _stored(run, created)

    async def list(self, request: Request) -> Response:
        """List runs, the latest first."""
        asked = _query(request, ListQuery)
        wanted = Filter(TENANT, asked.status, asked.program, asked.parent, created_from=asked.since)
        store = (await self._services.durable()).store
        found = await store.page(wanted, before=asked.before, limit=asked.limit + 1)
        shown = found[: asked.limit]
        more = len(found) > asked.limit
        return json_response({"data": [info(run) for run in shown], "next": shown[-1].id if more else None})

    async def show(self, request: Request, run: str) -> Response:
        """Show a run."""
        _query(request, NoQuery)
        return json_response(detail(await (await self._services.durable()).store.get(run)))

    async def wait(self, request: Request, run: str) -> Response:
        """Show a run when it has ended, or after a while."""
        timeout = min(_query(request, WaitQuery).timeout, self._settings.max_wait)
        runs = await self._services.durable()
        async with CancelOnDisconnect(request):
            found = await runs.wait(run, timeout)
        return json_response(detail(found))

    async def delete(self, request: Request, run: str) -> Response:
        """Delete a run that has ended."""
        _query(request, NoQuery)
        await (await self._services.durable()).delete(run)
        return Response(status_code=204)

    async def events(self, request: Request, run: str) -> Response:
        """Tell what happens to a run."""
        after = _query(request, EventsQuery).after
        seen = request.headers.get("last-event-id")
        if seen is not None:  # a browser sends it when it connects again, to the address it had before
            after = _checked(EventsQuery, {"after": seen}).after
        store = (await self._services.durable()).store
        return await EventStream(request, store, run, after).begun()

    async def cancel(self, request: Request, run: str) -> Response:
        """End a run for good."""
        return await self._command(request, run, DurableRuns.cancel)

    async def pause(self, request: Request, run: str) -> Response:
        """Take a run off its node."""
        return await self._command(request, run, DurableRuns.pause)

    async def resume(self, request: Request, run: str) -> Response:
        """Let a paused run go on."""
        return await self._command(request, run, DurableRuns.resume)

    async def retry(self, request: Request, run: str) -> Response:
        """Execute a failed or cancelled run again."""
        _query(request, NoQuery)
        order = await self._body(request, RetryBody)
        runs = await self._services.durable()
        limits = None
        if order.limits is not None:
            had = (await runs.store.get(run)).limits
            limits = limits_of(order.limits, self._settings, Limits(**had))  # type: ignore[arg-type]
        return json_response(detail(await runs.retry(run, limits)))

    async def fork(self, request: Request, run: str) -> Response:
        """Start a run that gets another answer to one effect."""
        _query(request, NoQuery)
        order = await self._body(request, ForkBody)
        key = _key(request, order.idempotency_key)
        try:
            value = from_json(order.value)
        except (ValueError, TypeError):
            message = 'value: {"$float": ...} holds "nan", "inf" or "-inf", and {"$dict": ...} a list of pairs'
            raise RequestError(message, code=BAD_BODY) from None
        made, created = await (await self._services.durable()).fork(run, order.key, value, idempotency=key)
        return _stored(made, created)

    async def _command(
        self, request: Request, run: str, command: Callable[[DurableRuns, str], Awaitable[Run]]
    ) -> Response:
        _query(request, NoQuery)
        await self._body(request, EmptyBody)
        return json_response(detail(await command(await self._services.durable(), run)))

    async def _body(self, request: Request, model: type[M]) -> M:
        body = await read_body(request, self._settings.max_body, self._settings.body_timeout)
        return parse(model, body or b"{}")


def durable_routes(handlers: DurableHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["durable runs"])

    def add(
        method: str,
        path: str,
        handler: Callable[..., Awaitable[Response]],
        summary: str,
        *problems: int,
        body: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        reply: type[BaseModel] = RunDetail,
        status: int = 200,
    ) -> None:
        options = documented(summary, body, reply, 422, 501, 503, *problems)
        told = options["responses"].pop(200)
        options["responses"][status] = told if status != 204 else {"description": "It is gone."}
        if query is not None:
            options.setdefault("openapi_extra", {})["parameters"] = _parameters(query)
        name = f"{handler.__name__}_durable"
        router.add_api_route(
            f"/v1/runs{path}", _told(handler), methods=[method], operation_id=name, status_code=status, **options
        )

    add("POST", "", handlers.start, "Store a run and start it", 404, 408, 409, 413, body=StartBody, status=202)
    add("GET", "", handlers.list, "List runs, the latest first", query=ListQuery, reply=RunPage)
    add("GET", "/{run}", handlers.show, "Show a run", 404)
    add("DELETE", "/{run}", handlers.delete, "Delete a run that has ended", 404, 409, status=204)
    add("GET", "/{run}/wait", handlers.wait, "Wait for a run to end", 404, query=WaitQuery)
    add("GET", "/{run}/events", handlers.events, "What happens to a run, as SSE", 404, query=EventsQuery)
    add("POST", "/{run}/cancel", handlers.cancel, "End a run for good", 404, 409, body=EmptyBody)
    add("POST", "/{run}/pause", handlers.pause, "Take a run off its node", 404, 409, body=EmptyBody)
    add("POST", "/{run}/resume", handlers.resume, "Let a paused run go on", 404, 409, body=EmptyBody)
    add("POST", "/{run}/retry", handlers.retry, "Run a failed or cancelled run again", 404, 409, body=RetryBody)
    add("POST", "/{run}/fork", handlers.fork, "Fork a run from an effect", 404, 409, body=ForkBody, status=202)
    return router


def _told(handler: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    """The handler, with what it says about a body or a query made a problem."""

    @functools.wraps(handler)
    async def handle(request: Request, **path: str) -> Response:
        try:
            return await handler(request, **path)
        except ValidationError as error:
            return validation_problem(error, request.scope["trace_id"])

    return handle


def _stored(run: Run, created: bool) -> Response:
    headers = {"Location": f"/v1/runs/{run.id}"}
    if not created:
        headers["Idempotent-Replayed"] = "true"
    return json_response(detail(run), 202, headers)


def _key(request: Request, given: str | None) -> str | None:
    """The idempotency key, from the body or the header."""
    header = request.headers.get("idempotency-key")
    if header is None:
        return given
    if given is not None and given != header:
        raise RequestError("idempotency_key: differs from the header Idempotency-Key", code=BAD_BODY)
    return _checked(StartBody, {"source": "", "idempotency_key": header}).idempotency_key


def _query(request: Request, model: type[M]) -> M:
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) != len(pairs):
        raise RequestError("a parameter of the address is given twice", code=BAD_BODY)
    return _checked(model, values)


def _checked(model: type[M], values: dict[str, str]) -> M:
    return model.model_validate(values)


def _parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    """What OpenAPI says about a query; it has no definitions of its own, so they are put where they are named."""
    schema = query.model_json_schema()
    named = {f"#/$defs/{name}": found for name, found in schema.get("$defs", {}).items()}
    parameters = []
    for name, field in schema["properties"].items():
        description = field.pop("description", "")
        if "anyOf" in field:
            field["anyOf"] = [named.get(option.get("$ref", ""), option) for option in field["anyOf"]]
        parameters.append({"name": name, "in": "query", "description": description, "schema": field})
    return parameters
