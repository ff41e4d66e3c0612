"""`/v1/schedules`: storing, showing and deleting schedules; and `/v1/events`, at which some of them start runs."""

from time import time
from typing import Any
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body
from noodle_ray.api.durable.schemas import NoQuery
from noodle_ray.api.routes_runs import arguments_of, json_response, limits_of, program_of, value_of
from noodle_ray.api.routing import adder, query_of
from noodle_ray.api.schedules.schemas import (
    EventBody,
    EventInfo,
    ScheduleBody,
    ScheduleInfo,
    SchedulePage,
    SchedulesQuery,
)
from noodle_ray.api.services import Services
from noodle_ray.api.tenancy import tenant_of
from noodle_ray.core.runs import programs
from noodle_ray.core.runs.schedules import (
    BAD_SCHEDULE,
    Started,
    UnknownSchedule,
    check_schedule,
    next_time,
    started_by,
)
from noodle_ray.core.runs.topics import check_topic
from noodle_ray.core.store.records import Schedule
from noodle_ray.core.vm.values import to_json
from noodle_ray.errors import RequestError


class ScheduleHandlers:
    """The handlers. They take the bare request, as `RunHandlers` do; the store opens when one of them needs it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._settings = services.settings

    async def put(self, request: Request, name: str) -> Response:
        """Store a schedule, in place of one of the same name."""
        query_of(request, NoQuery)
        programs.check_name(name)
        body = await read_body(request, self._settings.max_body, self._settings.body_timeout)
        order = parse(ScheduleBody, body or b"{}")
        if (order.cron is None) == (order.topic is None):
            raise RequestError("a schedule has either a cron expression or a topic", code=BAD_SCHEDULE)
        if order.topic is None:
            check_schedule(order.cron or "", order.timezone, order.missed)
        else:
            check_topic(order.topic)
        tenant, now = tenant_of(request), time()
        quota = self._services.quotas.of(tenant)
        limits = None if order.limits is None else limits_of(order.limits, self._settings, quota)._asdict()
        store = await self._services.store()
        started = await self._started(order, tenant)
        before = await store.schedule(tenant, name)
        made = Schedule(
            tenant,
            name,
            order.program or "",
            None,
            order.cron or "",
            started.packed(),
            order.enabled,
            None,
            before.created if before else now,
            entry=order.entry,
            limits=limits,
            timezone=order.timezone,
            missed=order.missed,
            topic=order.topic,
            **({} if before is None else _last(before)),
        )
        if order.enabled and order.topic is None:
            made = made._replace(next_at=next_time(made, now))
        await store.put_schedule(made, most=quota.schedules)
        return json_response(_info(made), 200 if before else 201)

    async def _started(self, order: ScheduleBody, tenant: str) -> Started:
        """What the schedule is to start. A module of its own is verified here, once; a program must be there."""
        args, kwargs = arguments_of(order)
        executor = self._services.executor
        if order.program is not None:
            await programs.find(await self._services.store(), executor, tenant, order.program)
            return Started(args, kwargs)
        module = await executor.module(program_of(order, self._settings))
        executor.tools.check(module.models, tenant)
        return Started(args, kwargs, module.digest, module.nbc)

    async def tell(self, request: Request, topic: str) -> Response:
        """Take an event, and start the runs of its topic's schedules."""
        query_of(request, NoQuery)
        check_topic(topic)
        body = await read_body(request, self._settings.max_body, self._settings.body_timeout)
        order = parse(EventBody, body or b"{}")
        event = uuid4().hex if order.id is None else order.id
        runs = await self._services.durable()
        started = await runs.topics.tell(tenant_of(request), topic, event, value_of(order.value), time())
        told = [
            {
                "schedule": one.schedule,
                "run": one.run,
                "error": None if one.error is None else {"code": one.error.code, "message": one.error.message},
            }
            for one in started
        ]
        return json_response({"topic": topic, "id": event, "started": told}, 202)

    async def page(self, request: Request) -> Response:
        """List schedules, by name."""
        asked = query_of(request, SchedulesQuery)
        store = await self._services.store()
        found = await store.schedules(tenant_of(request), after=asked.after, limit=asked.limit + 1)
        shown, more = found[: asked.limit], len(found) > asked.limit
        return json_response({"data": [_info(one) for one in shown], "next": shown[-1].name if more else None})

    async def show(self, request: Request, name: str) -> Response:
        """Show a schedule."""
        query_of(request, NoQuery)
        store = await self._services.store()
        found = await store.schedule(tenant_of(request), programs.check_name(name))
        if found is None:
            raise UnknownSchedule(name)
        return json_response(_info(found))

    async def remove(self, request: Request, name: str) -> Response:
        """Delete a schedule; the runs that it started stay."""
        query_of(request, NoQuery)
        store = await self._services.store()
        if not await store.drop_schedule(tenant_of(request), programs.check_name(name)):
            raise UnknownSchedule(name)
        return Response(status_code=204)


def schedule_routes(handlers: ScheduleHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["schedules"])

    add = adder(router, "schedule")
    one = "/v1/schedules/{name}"
    add("PUT", one, handlers.put, "Store a schedule", ScheduleInfo, 403, 404, 408, 413, body=ScheduleBody, status=201)
    add("GET", "/v1/schedules", handlers.page, "List schedules", SchedulePage, query=SchedulesQuery)
    add("GET", one, handlers.show, "Show a schedule", ScheduleInfo, 404)
    add("DELETE", one, handlers.remove, "Delete a schedule", ScheduleInfo, 404, status=204)
    add("POST", "/v1/events/{topic}", handlers.tell, "Take an event", EventInfo, 408, 413, body=EventBody, status=202)
    return router


def _last(before: Schedule) -> dict[str, Any]:
    return {"last_at": before.last_at, "last_run": before.last_run, "last_error": before.last_error}


def _info(schedule: Schedule) -> dict[str, Any]:
    started = started_by(schedule)
    return {
        "name": schedule.name,
        "program": schedule.program or None,
        "module": started.digest,
        "cron": schedule.cron or None,
        "topic": schedule.topic,
        "timezone": schedule.timezone,
        "entry": schedule.entry,
        "args": [to_json(value) for value in started.args],
        "kwargs": {name: to_json(value) for name, value in started.kwargs.items()},
        "limits": schedule.limits,
        "enabled": schedule.enabled,
        "missed": schedule.missed,
        "created": schedule.created,
        "next_at": schedule.next_at,
        **_last(schedule),
    }
