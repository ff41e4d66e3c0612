"""Errors over HTTP: RFC 9457 problem details with Noodle's codes.

=====  ======================================================================================================
code   meaning
=====  ======================================================================================================
E0701  no token, or not the right one (401)
E0702  the body is not JSON (400)
E0703  the body is JSON but not what the endpoint takes (422)
E0704  the body or the program is too large (413)
E0705  there is nothing at this address (404)
E0706  the method is not one this address takes (405)
E0707  too many runs wait (429, with Retry-After)
E0708  the body did not arrive in time (408)
E0709  the platform is not ready (503, with Retry-After)
E0747  the owner's business, and not a tenant's (403)
E0750  a header that names no priority, tenant or deadline (400)
E0755  nothing of earlier responses is kept (404, and 400 where a field needs them)
E0756  a request over a WebSocket has the id of one that is still being answered (409)
E0757  a WebSocket has too many requests at once (429)
E0800  the platform has a bug (500)
=====  ======================================================================================================
"""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from noodle_ray.api.allowed import allowed_methods
from noodle_ray.core.lang import render
from noodle_ray.errors import (
    CompileError,
    ModelError,
    ModuleError,
    NoodleError,
    PlatformError,
    RequestError,
    RunError,
)

UNAUTHORIZED: Final = "NOODLE-E0701"
BAD_JSON: Final = "NOODLE-E0702"
BAD_BODY: Final = "NOODLE-E0703"
TOO_LARGE: Final = "NOODLE-E0704"
NOT_FOUND: Final = "NOODLE-E0705"
BAD_METHOD: Final = "NOODLE-E0706"
BUSY: Final = "NOODLE-E0707"
SLOW_BODY: Final = "NOODLE-E0708"
NOT_READY: Final = "NOODLE-E0709"
NOT_OWNER: Final = "NOODLE-E0747"
NO_MEMORY: Final = "NOODLE-E0755"
BUG: Final = "NOODLE-E0800"

RETRY_AFTER: Final = "1"
"""Seconds after which a refused client may come again: a queue of the default size drains in less."""

_STATUS: Final[dict[str, int]] = {
    UNAUTHORIZED: 401,
    BAD_JSON: 400,
    BAD_BODY: 422,
    TOO_LARGE: 413,
    NOT_OWNER: 403,
    NOT_FOUND: 404,
    BAD_METHOD: 405,
    BUSY: 429,
    SLOW_BODY: 408,
    NOT_READY: 503,
    BUG: 500,
    "NOODLE-E0309": 404,  # unknown module
    "NOODLE-E0601": 404,  # unknown model
    "NOODLE-E0524": 403,  # a tenant that may spend no more
    "NOODLE-E0603": 422,  # a model refused its input
    "NOODLE-E0802": 422,  # arguments that no worker takes: too large, or nested too deeply
    "NOODLE-E0608": 429,  # too many calls wait for a model
    "NOODLE-E0609": 429,  # a call waited too long
    "NOODLE-E0613": 429,  # too many calls of one tenant wait
    "NOODLE-E0614": 504,  # the engine hung
    "NOODLE-E0615": 503,  # the replica was lost
    "NOODLE-E0616": 503,  # no replica was there in time
    "NOODLE-E0617": 422,  # an input that does not fit into memory
    "NOODLE-E0750": 400,  # a priority, tenant or deadline that is none
    "NOODLE-E0610": 422,  # max_tokens was too few
    "NOODLE-E0730": 409,  # an idempotency key of another request
    "NOODLE-E0756": 409,  # an id that is in use
    "NOODLE-E0757": 429,  # too many requests at once
    "NOODLE-E0758": 429,  # audio comes faster than a model hears it
    "NOODLE-E0731": 404,  # unknown run
    "NOODLE-E0732": 409,  # a run's status does not allow it
    "NOODLE-E0733": 404,  # unknown program
    "NOODLE-E0734": 422,  # a name or cursor that cannot be stored
    "NOODLE-E0735": 429,  # too many signals that the run has not taken
    "NOODLE-E0739": 409,  # a run that was started by one that has not ended
    "NOODLE-E0737": 422,  # a cron expression, time zone or policy that is none
    "NOODLE-E0738": 404,  # unknown schedule
    "NOODLE-E0770": 413,  # a module that is too large for a schedule
    "NOODLE-E0745": 422,  # a topic that is none, or has too many schedules
    "NOODLE-E0760": 409,  # a tenant with too many published versions
    "NOODLE-E0761": 409,  # a tenant with too many schedules
    "NOODLE-E0762": 429,  # a tenant that watches too much
    "NOODLE-E0736": 413,  # a signal's value is too large
    "NOODLE-E0740": 409,  # a new version that does not fit what runs did
    "NOODLE-E0748": 409,  # a program that somebody else published meanwhile
    "NOODLE-E0741": 422,  # no name of a program, alias or version
    "NOODLE-E0742": 422,  # a program that answers no chats, or not with this option
    "NOODLE-E0743": 422,  # a program that names a tool it may not call
    "NOODLE-E0746": 422,  # what a replay is to ask anew is no model
    "NOODLE-E0824": 500,  # a stored object is missing or damaged
    "NOODLE-E0825": 501,  # no store on this machine
}

_STATUS_BY_CLASS: Final[list[tuple[type[NoodleError], int]]] = [
    (CompileError, 422),
    (ModuleError, 422),
    (RunError, 422),
    (ModelError, 502),
    (RequestError, 400),
    (PlatformError, 503),
]

_CODE_BY_STATUS: Final = {400: BAD_JSON, 404: NOT_FOUND, 405: BAD_METHOD, 413: TOO_LARGE}

_log = logging.getLogger("noodle.api")


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    trace_id: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """Build a problem response; ``more`` are further members of the object."""
    body: dict[str, Any] = {
        "type": f"urn:noodle:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    if trace_id is not None:
        body["trace_id"] = trace_id
    all_headers = dict(headers or {})
    if status in (429, 503):
        all_headers.setdefault("Retry-After", RETRY_AFTER)
    return Response(json.dumps(body).encode(), status, all_headers, "application/problem+json")


def problem_of(error: NoodleError, trace_id: str | None = None) -> Response:
    """Build the problem response for one of Noodle's own errors."""
    more: dict[str, Any] = {}
    if isinstance(error, CompileError):
        more["diagnostics"] = _diagnostics(error)
    elif error.hint:
        more["hint"] = error.hint
    return problem(status_of(error), error.code, error.message, trace_id=trace_id, **more)


def install_problem_handlers(app: FastAPI) -> None:
    """Make every error of the app a problem response."""

    async def on_noodle_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, NoodleError)
        return problem_of(error, request.scope.get("trace_id"))

    async def on_http_exception(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        code = _CODE_BY_STATUS.get(error.status_code, RequestError.default_code)
        detail = f"{request.method} {request.url.path[:200]}: {error.detail}"
        trace_id = request.scope.get("trace_id")
        headers = dict(error.headers or {})
        if error.status_code == 405 and (methods := allowed_methods(app, request.url.path)):
            headers["Allow"] = ", ".join(methods)
        return problem(error.status_code, code, detail, headers=headers, trace_id=trace_id)

    async def on_bug(request: Request, error: Exception) -> Response:
        trace_id = request.scope.get("trace_id")
        _log.exception("unexpected error, trace %s", trace_id, exc_info=error)
        detail = "the platform failed on this request; its log has more under this trace id"
        return problem(500, BUG, detail, trace_id=trace_id)

    app.add_exception_handler(NoodleError, on_noodle_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(Exception, on_bug)


def status_of(error: NoodleError) -> int:
    """The HTTP status of one of Noodle's own errors."""
    status = _STATUS.get(error.code)
    if status is not None:
        return status
    return next((status for kind, status in _STATUS_BY_CLASS if isinstance(error, kind)), 500)


def _diagnostics(error: CompileError) -> list[dict[str, Any]]:
    return [
        {
            "code": finding.code,
            "message": finding.message,
            "line": finding.span[0],
            "column": finding.span[1],
            "end_line": finding.span[2],
            "end_column": finding.span[3],
            "hint": finding.hint,
            "picture": render(finding, error.source, error.filename),
        }
        for finding in error.diagnostics[:100]
    ]
