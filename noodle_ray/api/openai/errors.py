"""Errors in the shape that OpenAI's clients read, with Noodle's codes."""

import json
import logging
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError
from starlette.responses import Response
from starlette.types import Scope

from noodle_ray.api.problems import BAD_BODY, BAD_JSON, BUG, RETRY_AFTER, status_of
from noodle_ray.errors import NoodleError

POSTS: Final = frozenset({"/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses"})

_TYPES: Final = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}

_log = logging.getLogger("noodle.api")


def speaks_openai(scope: Scope) -> bool:
    """Whether a request is for one of these routes."""
    path: str = scope["path"]
    if path in POSTS or path.startswith("/v1/responses/"):
        return True
    return (path == "/v1/models" or path.startswith("/v1/models/")) and not path.endswith("/infer")


def error_body(status: int, code: str, message: str, param: str | None = None) -> dict[str, Any]:
    """The object that describes an error, also in the middle of a stream."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_response(
    status: int, code: str, message: str, param: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """An error as a response."""
    all_headers = dict(headers or {})
    if status in (429, 503):
        all_headers.setdefault("Retry-After", RETRY_AFTER)
    return Response(json.dumps(error_body(status, code, message, param)), status, all_headers, "application/json")


def body_of(error: Exception, trace_id: str) -> tuple[int, dict[str, Any]]:
    """Status and description of what went wrong; a bug is logged."""
    if isinstance(error, ValidationError):
        findings = error.errors(include_url=False, include_context=False, include_input=False)
        first = findings[0]
        if first["type"] == "json_invalid":
            return 400, error_body(400, BAD_JSON, f"the body is not JSON: {first['msg']}")
        where = ".".join(str(part)[:100] for part in first["loc"])
        return 400, error_body(400, BAD_BODY, f"{where}: {first['msg']}", where or None)
    if isinstance(error, NoodleError):
        status = status_of(error)
        status = 400 if status == 422 else status
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        return status, error_body(status, error.code, message)
    _log.error("unexpected error, trace %s", trace_id, exc_info=error)
    return 500, error_body(500, BUG, "the platform failed on this request; its log has more under this trace id")


def response_of(error: Exception, trace_id: str) -> Response:
    """What went wrong as a response."""
    status, body = body_of(error, trace_id)
    said = body["error"]
    return error_response(status, said["code"], said["message"], said["param"])
