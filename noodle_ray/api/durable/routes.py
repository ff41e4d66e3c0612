"""`/v1/runs`: runs that are stored before they are acknowledged, and what can be done with them."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body
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
    SignalBody,
    StartBody,
    WaitQuery,
)
from noodle_ray.api.problems import BAD_BODY
from noodle_ray.api.routes_runs import arguments_of, budget_of, json_response, limits_of, program_of, value_of
from noodle_ray.api.routing import adder, checked, query_of
from noodle_ray.api.services import Services
from noodle_ray.api.tenancy import own_run, tenant_of
from noodle_ray.core.runs.budgets import Budget
from noodle_ray.core.runs.durable import DurableRuns, Submission
from noodle_ray.core.runs.programs import Found, find
from noodle_ray.core.runs.programs import parse as parse_reference
from noodle_ray.core.runs.quotas import Quota
from noodle_ray.core.runs.terms import current
from noodle_ray.core.store.records import Filter, Run
from noodle_ray.core.vm.limits import Limits
from noodle_ray.errors import RequestError

M = TypeVar("M", bound=BaseModel)


class DurableHandlers:
    """The handlers. They take the bare request, as `RunHandlers` do; the store opens when one of them needs it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.settings

    async def start(self, request: Request) -> Response:
        """Store a run."""
        query_of(request, NoQuery)
        order = await self._body(request, StartBody)
        key = _key(request, order.idempotency_key)
        limits = limits_of(order.limits, self._settings, self._services.quotas.of(tenant_of(request)))
        args, kwargs = arguments_of(order)
        found = await self._found(order, tenant_of(request)) if order.program is not None else None
        module = found.module if found else await self._services.executor.module(program_of(order, self._settings))
        self._services.executor.tools.check(module.models, tenant_of(request))
        asked = Submission(
            module.digest,
            module.nbc,
            tenant=tenant_of(request),
            entry=order.entry,
            args=args,
            kwargs=kwargs,
            limits=limits,
            tier=order.tier,
            seed=order.seed,
            idempotency=key,
            program=found.program.name if found else None,
            version=found.program.version if found else None,
            reference=order.program,
            budget=_kept(budget_of(order.budget, self._services.executor.most)),
            within=order.within,
            terms=current(),
            wanted=limits_of(order.limits, self._settings, Quota()),
        )
        run, created = await (await self._services.durable()).submit(asked)
        return _stored(run, created)

    async def list(self, request: Request) -> Response:
        """List runs, the latest first."""
        asked = query_of(request, ListQuery)
        store = (await self._services.durable()).store
        tenant, name, version = tenant_of(request), asked.program, None
        if name is not None and "@" in name:
            name, which = parse_reference(name)
            version = which if isinstance(which, int) else (await store.program(tenant, name, which)).version
        wanted = Filter(tenant, asked.status, name, asked.parent, created_from=asked.since, version=version)
        found = await store.page(wanted, before=asked.before, limit=asked.limit + 1)
        shown = found[: asked.limit]
        more = len(found) > asked.limit
        return json_response({"data": [info(run) for run in shown], "next": shown[-1].id if more else None})

    async def show(self, request: Request, run: str) -> Response:
        """Show a run."""
        query_of(request, NoQuery)
        return json_response(detail(await own_run(request, (await self._services.durable()).store, run)))

    async def wait(self, request: Request, run: str) -> Response:
        """Show a run when it has ended, or after a while."""
        timeout = min(query_of(request, WaitQuery).timeout, self._settings.max_wait)
        runs = await self._of(request, run)
        async with CancelOnDisconnect(request):
            found = await runs.wait(run, timeout)
        return json_response(detail(found))

    async def delete(self, request: Request, run: str) -> Response:
        """Delete a run that has ended."""
        query_of(request, NoQuery)
        await (await self._of(request, run)).delete(run)
        return Response(status_code=204)

    async def events(self, request: Request, run: str) -> Response:
        """Tell what happens to a run."""
        after = query_of(request, EventsQuery).after
        seen = request.headers.get("last-event-id")
        if seen is not None:  # a browser sends it when it connects again, to the address it had before
            after = checked(EventsQuery, {"after": seen}).after
        store = (await self._of(request, run)).store
        return await EventStream(request, store, run, after, self._services.quotas).begun()

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
        query_of(request, NoQuery)
        order = await self._body(request, RetryBody)
        runs = await self._services.durable()
        had = (await own_run(request, runs.store, run)).limits
        limits = None
        if order.limits is not None:
            quota = self._services.quotas.of(tenant_of(request))
            limits = limits_of(order.limits, self._settings, quota, Limits(**had))  # type: ignore[arg-type]
        budget = None
        if order.budget is not None:
            budget = _kept(budget_of(order.budget, self._services.executor.most)) or {}
        return json_response(detail(await runs.retry(run, limits, budget)))

    async def fork(self, request: Request, run: str) -> Response:
        """Start a run that gets another answer to one effect."""
        query_of(request, NoQuery)
        order = await self._body(request, ForkBody)
        key = _key(request, order.idempotency_key)
        value = value_of(order.value)
        made, created = await (await self._of(request, run)).fork(run, order.key, value, idempotency=key)
        return _stored(made, created)

    async def signal(self, request: Request, run: str, name: str) -> Response:
        """Signal a run."""
        query_of(request, NoQuery)
        order = await self._body(request, SignalBody)
        key = _key(request, order.idempotency_key)
        runs = await self._of(request, run)
        fresh = await runs.signal(run, name, value_of(order.value), idempotency=key)
        return _stored(await runs.store.get(run), fresh)

    async def _found(self, order: StartBody, tenant: str) -> Found:
        store = await self._services.store()
        return await find(store, self._services.executor, tenant, order.program or "")

    async def _command(
        self, request: Request, run: str, command: Callable[[DurableRuns, str], Awaitable[Run]]
    ) -> Response:
        query_of(request, NoQuery)
        await self._body(request, EmptyBody)
        return json_response(detail(await command(await self._of(request, run), run)))

    async def _of(self, request: Request, run: str) -> DurableRuns:
        """The durable runs, if this one is the request's tenant's. Raises UnknownRun."""
        runs = await self._services.durable()
        await own_run(request, runs.store, run)
        return runs

    async def _body(self, request: Request, model: type[M]) -> M:
        body = await read_body(request, self._settings.max_body, self._settings.body_timeout)
        return parse(model, body or b"{}")


def durable_routes(handlers: DurableHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["durable runs"])

    add = adder(router, "durable")
    every, one = "/v1/runs", "/v1/runs/{run}"
    signals = f"{one}/signals/{{name:path}}"
    add("POST", every, handlers.start, "Store a run and start it", RunDetail, 404, 408, 409, 413,
        body=StartBody, status=202)  # fmt: skip
    add("GET", every, handlers.list, "List runs, the latest first", RunPage, query=ListQuery)
    add("GET", one, handlers.show, "Show a run", RunDetail, 404)
    add("DELETE", one, handlers.delete, "Delete a run that has ended", RunDetail, 404, 409, status=204)
    add("GET", f"{one}/wait", handlers.wait, "Wait for a run to end", RunDetail, 404, query=WaitQuery)
    add("GET", f"{one}/events", handlers.events, "What happens to a run, as SSE", RunDetail, 404, query=EventsQuery)
    add("POST", f"{one}/cancel", handlers.cancel, "End a run for good", RunDetail, 404, 409, body=EmptyBody)
    add("POST", f"{one}/pause", handlers.pause, "Take a run off its node", RunDetail, 404, 409, body=EmptyBody)
    add("POST", f"{one}/resume", handlers.resume, "Let a paused run go on", RunDetail, 404, 409, body=EmptyBody)
    add("POST", f"{one}/retry", handlers.retry, "Run a failed or cancelled run again", RunDetail, 404, 409,
        body=RetryBody)  # fmt: skip
    add("POST", signals, handlers.signal, "Signal a run", RunDetail, 404, 408, 409, 413, body=SignalBody, status=202)
    add("POST", f"{one}/fork", handlers.fork, "Fork a run from an effect", RunDetail, 404, 409,
        body=ForkBody, status=202)  # fmt: skip
    return router


def _kept(budget: Budget) -> dict[str, float] | None:
    """What is stored of a budget; None for one without bounds."""
    return {name: bound for name, bound in budget._asdict().items() if bound is not None} or None


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
    return checked(StartBody, {"source": "", "idempotency_key": header}).idempotency_key
