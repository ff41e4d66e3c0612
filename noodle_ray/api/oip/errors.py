"""Errors in the shape of the Open Inference Protocol, with Noodle's codes."""

import json
import logging
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Scope

from noodle_ray.api.problems import BAD_BODY, BAD_JSON, BUG, RETRY_AFTER, status_of
from noodle_ray.errors import NoodleError, RequestError

OPEN_PATHS: Final = frozenset({"/v2/health/live", "/v2/health/ready"})

_log = logging.getLogger("noodle.api")


def speaks_oip(scope: Scope) -> bool:
    """Whether a request is for one of these routes."""
    path: str = scope["path"]
    return path == "/v2" or path.startswith("/v2/")


def bad(message: str) -> RequestError:
    """The error for a request of the wrong form."""
    return RequestError(message, code=BAD_BODY)


def error_response(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error as a response."""
    all_headers = dict(headers or {})
    if status in (429, 503):
        all_headers.setdefault("Retry-After", RETRY_AFTER)
    return Response(json.dumps({"error": message, "code": code}), status, all_headers, "application/json")


def response_of(error: Exception, trace_id: str) -> Response:
    """What went wrong as a response: 400 for what is not acceptable, as the protocol has it; a bug is logged."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            return error_response(400, BAD_JSON, f"the body is not JSON: {first['msg']}")
        where = ".".join(str(part)[:100] for part in first["loc"])
        return error_response(400, BAD_BODY, f"{where or 'body'}: {first['msg']}")
    if isinstance(error, NoodleError):
        status = status_of(error)
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        return error_response(400 if status == 422 else status, error.code, message)
    _log.error("unexpected error, trace %s", trace_id, exc_info=error)
    return error_response(500, BUG, "the platform failed on this request; its log has more under this trace id")
