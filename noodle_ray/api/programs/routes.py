"""`/v1/programs`: publishing, showing and naming versions, checking them, and replaying runs."""

import asyncio
from collections import defaultdict
from time import time
from typing import TYPE_CHECKING, Any, TypeVar

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body
from noodle_ray.api.calling import model_named
from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.durable.schemas import NoQuery
from noodle_ray.api.problems import problem
from noodle_ray.api.programs.replies import report_info, version_info
from noodle_ray.api.programs.schemas import (
    AliasBody,
    CheckBody,
    CheckReply,
    CodeBody,
    ProgramDetail,
    ProgramPage,
    ProgramsQuery,
    PublishBody,
    PublishedReply,
    ReplayBody,
    ReportInfo,
    VersionsReply,
)
from noodle_ray.api.routes_runs import budget_of, json_response, program_of
from noodle_ray.api.routing import adder, query_of
from noodle_ray.api.services import Services
from noodle_ray.api.tenancy import own_run, tenant_of
from noodle_ray.core.runs import programs
from noodle_ray.core.runs.modules import Compiled
from noodle_ray.core.runs.replay import replay
from noodle_ray.core.runs.replay_journal import NOT_ASKED, Anew
from noodle_ray.core.store.errors import PUBLISHED_MEANWHILE, UnknownProgram
from noodle_ray.core.store.records import Filter, Program
from noodle_ray.errors import ModelError, RequestError

if TYPE_CHECKING:
    from noodle_ray.core.store.store import Store

M = TypeVar("M", bound=BaseModel)
_PUBLISHING = 3
"""How often a version is checked, while others publish versions of the same program."""


class ProgramHandlers:
    """The handlers. They take the bare request, as `RunHandlers` do; the store opens when one of them needs it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.settings
        # One for each tenant, so that nobody's replays keep others' versions from being checked in time.
        self._gates: defaultdict[str, asyncio.Semaphore] = defaultdict(
            lambda: asyncio.Semaphore(programs.CHECKED_AT_ONCE)
        )

    async def publish(self, request: Request, name: str) -> Response:
        """Store a program's next version."""
        query_of(request, NoQuery)
        programs.check_name(name)
        order = await self._body(request, PublishBody)
        alias = None if order.alias is None else programs.check_alias(order.alias)
        module = await self._module(order, request)
        tenant = tenant_of(request)
        store = await self._services.store()
        most = self._services.quotas.of(tenant).versions
        for left in reversed(range(_PUBLISHING)):
            replaced, seen = await programs.runs_replaced(store, tenant, name, module.digest, alias, order.check)
            done = programs.Checked(0, [], [], [], [])
            if replaced:
                await store.check_room(tenant, name, module.digest, most)
                async with CancelOnDisconnect(request):
                    done = await self._checked(store, module, tenant, replaced, results=order.same)
                if done.differing:
                    return _refusal(name, done, request.scope["trace_id"])
            at = time()
            try:
                made = await store.publish(
                    tenant, name, module.digest, module.nbc, at, order.source, most=most, alias=alias,
                    seen=seen if order.check else None,
                )  # fmt: skip
                break
            except RequestError as error:
                if error.code != PUBLISHED_MEANWHILE or not left:
                    raise
        more = {"created_version": made.created == at, "checked": done.replayed}
        more |= {"unclear": len(done.unclear), "unchecked": len(done.unchecked)}
        return json_response({**await self._detail(made), **more}, 201 if more["created_version"] else 200)

    async def check(self, request: Request, name: str) -> Response:
        """Say what a new version would do on the journals of runs of the program, or of a version, the latest first."""
        query_of(request, NoQuery)
        order = await self._body(request, CheckBody)
        module = await self._module(order, request)
        tenant = tenant_of(request)
        store = await self._services.store()
        which = programs.parse(name)
        version = (await store.program(tenant, *which)).version if which[1] is not None else None
        await store.program(tenant, which[0])
        wanted = Filter(tenant, program=which[0], version=version, created_from=order.since)
        found = [run.id for run in await store.page(wanted, before=order.before, limit=order.runs + 1)]
        runs = found[: order.runs]
        async with CancelOnDisconnect(request):
            done = await self._checked(store, module, tenant, runs)
        return json_response(
            {
                "module": module.digest,
                "checked": done.replayed,
                "unclear": done.unclear,
                "unchecked": done.unchecked,
                "runs": done.differing,
                "differ": [report_info(report) for report in done.differ],
                "next": runs[-1] if runs and len(found) > len(runs) else None,
            }
        )

    async def page(self, request: Request) -> Response:
        """List programs, by name."""
        asked = query_of(request, ProgramsQuery)
        store = await self._services.store()
        found = await store.programs(tenant_of(request), after=asked.after, limit=asked.limit + 1)
        shown = found[: asked.limit]
        more = len(found) > asked.limit
        return json_response({"data": [version_info(one) for one in shown], "next": shown[-1].name if more else None})

    async def show(self, request: Request, name: str) -> Response:
        """Show a version: the latest, or what stands behind the name's ``@``."""
        query_of(request, NoQuery)
        store = await self._services.store()
        await store.counts.flush()
        return json_response(await self._detail(await store.program(tenant_of(request), *programs.parse(name))))

    async def versions(self, request: Request, name: str) -> Response:
        """List a program's versions, the latest first."""
        query_of(request, NoQuery)
        store = await self._services.store()
        await store.counts.flush()
        tenant = tenant_of(request)
        found = await store.versions(tenant, programs.check_name(name))
        if not found:
            raise UnknownProgram(name)
        aliases = await store.aliases(tenant, name)
        return json_response({"data": [version_info(one) for one in found], "aliases": aliases})

    async def remove(self, request: Request, name: str) -> Response:
        """Delete a program, its versions and aliases; its runs keep their modules."""
        query_of(request, NoQuery)
        if not await (await self._services.store()).drop_program(tenant_of(request), programs.check_name(name)):
            raise UnknownProgram(name)
        return Response(status_code=204)

    async def set_alias(self, request: Request, name: str, alias: str) -> Response:
        """Let an alias mean a version."""
        query_of(request, NoQuery)
        programs.check_name(name)
        programs.check_alias(alias)
        order = await self._body(request, AliasBody)
        store = await self._services.store()
        await store.set_alias(tenant_of(request), name, alias, order.version)
        return json_response(await self._detail(await store.program(tenant_of(request), name, order.version)))

    async def drop_alias(self, request: Request, name: str, alias: str) -> Response:
        """Delete an alias."""
        query_of(request, NoQuery)
        programs.check_name(name)
        if not await (await self._services.store()).drop_alias(tenant_of(request), name, programs.check_alias(alias)):
            raise UnknownProgram(name, alias)
        return Response(status_code=204)

    async def replay(self, request: Request, run: str) -> Response:
        """Execute a stored run again from its journal, and say what differs."""
        query_of(request, NoQuery)
        order = await self._body(request, ReplayBody)
        given = order.model_dump(include={"source", "module", "nbc", "program"}, exclude_none=True)
        module = await self._module(CodeBody(**given), request) if given else None
        store = await self._services.store()
        await own_run(request, store, run)
        await self._check_asked(order.ask, run)
        budget = None if order.budget is None else budget_of(order.budget, self._services.executor.most)
        async with CancelOnDisconnect(request), self._gates[tenant_of(request)]:
            report = await replay(
                store,
                self._services.executor,
                run,
                to_effect=order.to_effect,
                module=(module.digest, module.nbc) if module else None,
                ask=order.ask,
                ask_all=order.ask_all,
                budget=budget,
            )
        return json_response(report_info(report))

    async def _checked(
        self, store: "Store", module: Compiled, tenant: str, runs: list[str], *, results: bool = True
    ) -> programs.Checked:
        seconds = self._settings.max_check
        executor, gate = self._services.executor, self._gates[tenant]
        return await programs.check(store, executor, module, runs, results=results, gate=gate, seconds=seconds)

    async def _check_asked(self, ask: list[str] | dict[str, str], run: str) -> None:
        """Raise ModelError E0601 for a model that is to be asked instead of another and is not there, and RequestError
        E0746 for a name that neither the platform knows nor the run has asked."""
        models = Anew.of(ask).models
        for name, instead in models.items():
            if instead != name:
                model_named(self._services, instead)
        unknown = [name for name in models if not _is_registered(self._services, name)]
        if unknown:
            known = {entry.model for entry in await (await self._services.store()).journal(run)}
            missing = next((name for name in unknown if name not in known), None)
            if missing is not None:
                message = f"the run asks no model {missing[:100]!r}, and none of this name is registered"
                raise RequestError(message, code=NOT_ASKED)

    async def _module(self, order: CodeBody, request: Request) -> Compiled:
        if order.program is not None:
            store = await self._services.store()
            return (await programs.find(store, self._services.executor, tenant_of(request), order.program)).module
        return await self._services.executor.module(program_of(order, self._settings))

    async def _detail(self, program: Program) -> dict[str, Any]:
        store = await self._services.store()
        reference = f"{program.name}@{program.version}"
        module = (await programs.find(store, self._services.executor, program.tenant, reference)).module
        latest = await store.program(program.tenant, program.name)
        return {
            **version_info(program),
            "source": program.source,
            "models": list(module.models),
            "aliases": await store.aliases(program.tenant, program.name),
            "latest": latest.version,
        }

    async def _body(self, request: Request, model: type[M]) -> M:
        body = await read_body(request, self._settings.max_body, self._settings.body_timeout)
        return parse(model, body or b"{}")


def program_routes(handlers: ProgramHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["programs"])

    add = adder(router, "program")
    one = "/v1/programs/{name}"
    publishing = (404, 408, 409, 413, 429)
    add("PUT", one, handlers.publish, "Publish a version", PublishedReply, *publishing, body=PublishBody, status=201)
    add("GET", "/v1/programs", handlers.page, "List programs", ProgramPage, query=ProgramsQuery)
    add("GET", one, handlers.show, "Show a program, or `NAME@VERSION` of it", ProgramDetail, 404)
    add("DELETE", one, handlers.remove, "Delete a program", ProgramDetail, 404, status=204)
    add("GET", f"{one}/versions", handlers.versions, "List versions", VersionsReply, 404)
    add("POST", f"{one}/check", handlers.check, "Check what would be a version", CheckReply, 404, 413, body=CheckBody)
    add("PUT", one + "/aliases/{alias}", handlers.set_alias, "Set an alias", ProgramDetail, 404, body=AliasBody)
    add("DELETE", one + "/aliases/{alias}", handlers.drop_alias, "Delete an alias", ProgramDetail, 404, status=204)
    add("POST", "/v1/runs/{run}/replay", handlers.replay, "Replay a run", ReportInfo, 404, 413, body=ReplayBody)
    return router


def _is_registered(services: Services, name: str) -> bool:
    try:
        model_named(services, name)
    except ModelError:
        return False
    return True


def _refusal(name: str, done: programs.Checked, trace_id: str) -> Response:
    """The problem, with all runs, and reports of so many that a person looks at."""
    runs = done.differing
    detail = (
        f"the new version of {name!r} would not do what {len(runs)} of {done.replayed} runs did; it was not published"
    )
    hint = '`noodle programs publish --no-check`, or "check": 0, publishes it all the same'
    shown = [report_info(report) for report in done.differ]
    return problem(
        409,
        programs.WOULD_DIFFER,
        detail,
        trace_id=trace_id,
        hint=hint,
        checked=done.replayed,
        unclear=len(done.unclear),
        unchecked=len(done.unchecked),
        runs=runs,
        differ=shown,
    )
