"""`/v1/run` and `/v1/compile`."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Protocol

import pydantic_core
from fastapi import APIRouter
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.body import parse, read_body, validation_problem
from noodle_ray.api.disconnect import CancelOnDisconnect
from noodle_ray.api.openapi import documented
from noodle_ray.api.problems import BAD_BODY, TOO_LARGE
from noodle_ray.api.schemas import BudgetBody, CompileBody, CompileReply, LimitsBody, ResumeBody, RunBody, RunReply
from noodle_ray.api.services import Services
from noodle_ray.api.settings import Settings
from noodle_ray.api.tenancy import tenant_of
from noodle_ray.core.runs import continuation
from noodle_ray.core.runs.budgets import Budget
from noodle_ray.core.runs.executor import Program
from noodle_ray.core.runs.modules import Compiled
from noodle_ray.core.runs.programs import Found, find
from noodle_ray.core.runs.quotas import Quota
from noodle_ray.core.vm.limits import Limits
from noodle_ray.core.vm.values import from_json, to_json
from noodle_ray.errors import RequestError, RunError

_DEFAULTS = Limits()


class RunHandlers:
    """The handlers. They take the bare request: bodies are bounded while they stream in, and each is parsed once."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._executor = services.executor
        self._settings = services.settings
        self._metrics = services.metrics

    async def run(self, request: Request) -> Response:
        """Run a program."""
        trace_id = request.scope["trace_id"]
        settings = self._settings
        body = await read_body(request, settings.max_body, settings.body_timeout)
        try:
            order = parse(RunBody, body)
        except ValidationError as error:
            return validation_problem(error, trace_id)
        limits = limits_of(order.limits, settings, self._services.quotas.of(tenant_of(request)))
        args, kwargs = arguments_of(order)
        found: Found | None = None
        if order.program is None:
            program = program_of(order, settings)
        else:
            store = await self._services.store()
            found = await find(store, self._executor, tenant_of(request), order.program)
            program = Program(digest=found.module.digest)
        async with CancelOnDisconnect(request):
            module, outcome = await self._executor.run(
                program,
                entry=order.entry,
                args=args,
                kwargs=kwargs,
                limits=limits,
                tier=order.tier,
                seed=order.seed,
                tenant=tenant_of(request),
                budget=budget_of(order.budget, self._executor.most),
            )
        if found is not None:
            store.count(found.program, outcome["error"] is not None, outcome["usage"])
        return self._replied(module, outcome, trace_id, found)

    async def resume(self, request: Request) -> Response:
        """Go on with a run that fuel ended."""
        trace_id = request.scope["trace_id"]
        settings = self._settings
        body = await read_body(request, settings.max_body, settings.body_timeout)
        try:
            order = parse(ResumeBody, body)
        except ValidationError as error:
            return validation_problem(error, trace_id)
        stopped = continuation.read(order.continuation).with_fuel(order.fuel)
        check_limits(stopped.request.limits._asdict(), settings)
        async with CancelOnDisconnect(request):
            module, outcome = await self._executor.resume(stopped, tenant=tenant_of(request))
        return self._replied(module, outcome, trace_id)

    def _replied(
        self, module: Compiled, outcome: dict[str, Any], trace_id: str, found: Found | None = None
    ) -> Response:
        reply = _reply(outcome)
        self._metrics.on_run(reply["error"]["code"] if reply["error"] else "", reply["usage"])
        reply["module"] = module.digest
        if found is not None:
            reply["program"] = found.reference
        reply["trace_id"] = trace_id
        return json_response(reply)

    async def compile(self, request: Request) -> Response:
        """Compile a program."""
        settings = self._settings
        try:
            order = parse(CompileBody, await read_body(request, settings.max_body, settings.body_timeout))
        except ValidationError as error:
            return validation_problem(error, request.scope["trace_id"])
        module = await self._executor.module(_source(order.source, settings))
        reply: dict[str, Any] = {
            "module": module.digest,
            "models": list(module.models),
            "size": len(module.nbc),
            "nbc": base64.b64encode(module.nbc).decode(),
        }
        if order.text:
            reply["text"] = _text_of(module.nbc)
        return json_response(reply)


def run_routes(handlers: RunHandlers) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["programs"])
    run = documented("Run a program", RunBody, RunReply, 404, 408, 413, 422, 429)
    router.add_api_route("/v1/run", handlers.run, methods=["POST"], operation_id="run", **run)
    resume = documented("Go on with a run that fuel ended", ResumeBody, RunReply, 408, 413, 422, 429)
    router.add_api_route("/v1/resume", handlers.resume, methods=["POST"], operation_id="resume", **resume)
    compile_ = documented("Compile a program", CompileBody, CompileReply, 408, 413, 422)
    router.add_api_route("/v1/compile", handlers.compile, methods=["POST"], operation_id="compile", **compile_)
    return router


def json_response(body: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Build a response."""
    try:
        content = pydantic_core.to_json(body, inf_nan_mode="constants")
    except ValueError:  # lone surrogates, which UTF-8 cannot carry: the standard library escapes them
        content = json.dumps(body, separators=(",", ":")).encode()
    return Response(content, status, headers, "application/json")


class Arguments(Protocol):
    """The fields of a request that give arguments."""

    args: list[Any]
    kwargs: dict[str, Any]


class Code(Protocol):
    """The fields of a request that give a program."""

    source: str | None
    module: str | None
    nbc: str | None


def program_of(order: Code, settings: Settings) -> Program:
    """What to run, if it is no published program."""
    if order.source is not None:
        return _source(order.source, settings)
    if order.module is not None:
        return Program(digest=order.module)
    try:
        return Program(nbc=base64.b64decode(order.nbc or "", validate=True))
    except (binascii.Error, ValueError):
        raise RequestError("nbc: not base64", code=BAD_BODY) from None


_FORMS = '{"$float": ...} holds "nan", "inf" or "-inf", {"$bytes": ...} base64, and {"$dict": ...} a list of pairs'


def value_of(given: object) -> object:
    """What JSON stands for. Raises RequestError E0703."""
    try:
        return from_json(given)
    except (ValueError, TypeError):
        message = f"value: {_FORMS}"
        raise RequestError(message, code=BAD_BODY) from None


def arguments_of(order: Arguments) -> tuple[list[object], dict[str, object]]:
    """Positional and keyword arguments as values of programs."""
    if not order.args and not order.kwargs:
        return [], {}
    try:
        return [from_json(value) for value in order.args], {k: from_json(v) for k, v in order.kwargs.items()}
    except (ValueError, TypeError):
        message = f"args: {_FORMS}"
        raise RequestError(message, code=BAD_BODY) from None


def _source(source: str, settings: Settings) -> Program:
    if len(source) > settings.max_source or len(source.encode()) > settings.max_source:
        message = f"the program is larger than {settings.max_source} bytes, the most this platform takes"
        raise RequestError(message, code=TOO_LARGE)
    return Program(source=source)


def limits_of(body: LimitsBody | None, settings: Settings, quota: Quota, defaults: Limits = _DEFAULTS) -> Limits:
    """The limits, where what is not given is as in ``defaults``, as far as the tenant may have that."""
    if body is None:
        return quota.within(defaults)
    given = {name: value for name in Limits._fields if (value := getattr(body, name)) is not None}
    check_limits(given, settings)
    for name in ("memory", "deadline"):
        most = getattr(quota, name)
        if most is not None and given.get(name, 0) > most:
            raise RequestError(f"limits.{name}: at most {most} for this tenant", code=BAD_BODY)
    return quota.within(defaults._replace(**given))


def budget_of(body: BudgetBody | None, most: Budget) -> Budget:
    """The budget. Raises RequestError E0703 for more than the platform allows."""
    ordinary = Budget().within(most)
    if body is None:
        return ordinary
    chosen = ordinary._asdict()
    for name, bound in most._asdict().items():
        value = getattr(body, name)
        if value is not None:
            if bound is not None and value > bound:
                raise RequestError(f"budget.{name}: at most {bound} on this platform", code=BAD_BODY)
            chosen[name] = value
    return Budget(**chosen)


def check_limits(given: dict[str, Any], settings: Settings) -> None:
    """Raise RequestError E0703 for a limit over what the platform allows."""
    for name, value in given.items():
        most = getattr(settings, f"max_{name}")
        if value > most:
            raise RequestError(f"limits.{name}: at most {most} on this platform", code=BAD_BODY)


def _reply(outcome: dict[str, Any]) -> dict[str, Any]:
    usage = outcome["usage"]
    usage.setdefault("queued_seconds", 0.0)
    error = outcome["error"]
    result = None
    if error is None:
        try:
            result = to_json(outcome["result"])
        except RunError as failure:
            error = {"code": failure.code, "type": "RunError", "message": failure.message, "traceback": []}
    return {
        "result": result,
        "stdout": outcome["stdout"],
        "error": error,
        "usage": usage,
        "tier": outcome["tier"],
        "timeline": outcome["events"],
        **({"continuation": outcome["continuation"]} if "continuation" in outcome else {}),
    }


def _text_of(data: bytes) -> str:
    from noodle_ray.core import nbc

    return nbc.to_text(nbc.load(data))
