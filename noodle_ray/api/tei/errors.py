"""Errors in the shape that clients of Text Embeddings Inference read, with its statuses and Noodle's codes."""

import json
import logging
from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError
from starlette.responses import Response

from noodle_ray.ahr import codes
from noodle_ray.api.problems import BAD_BODY, BAD_JSON, BUG, RETRY_AFTER, TOO_LARGE, status_of
from noodle_ray.errors import NoodleError

POSTS: Final = frozenset({"/embed", "/rerank", "/predict"})

_log = logging.getLogger("noodle.api")


class TeiRefusal(Exception):
    """A refusal that has a status of its own there."""

    def __init__(self, status: int, kind: str, message: str, code: str = BAD_BODY) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.code = code


def too_many(size: int, most: int) -> TeiRefusal:
    """The refusal of a batch that is too large."""
    return TeiRefusal(413, "Validation", f"batch size {size} > maximum allowed batch size {most}", TOO_LARGE)


def empty(what: str) -> TeiRefusal:
    """The refusal of a batch that has nothing in it."""
    return TeiRefusal(400, "Empty", f"`{what}` cannot be empty")


def not_of_task(model: str, wanted: str, task: str) -> TeiRefusal:
    """The refusal of a model that does something else; Text Embeddings Inference blames its backend too."""
    return TeiRefusal(
        424, "Backend", f"the model {model!r} has the task {task}; this route needs {wanted}", codes.WRONG_INPUT
    )


def error_response(
    status: int, kind: str, code: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """An error as a response."""
    all_headers = dict(headers or {})
    if status in (429, 503):
        all_headers.setdefault("Retry-After", RETRY_AFTER)
    body = {"error": message, "error_type": kind, "code": code}
    return Response(json.dumps(body), status, all_headers, "application/json")


def response_of(error: Exception, trace_id: str) -> Response:
    """What went wrong as a response; a bug is logged."""
    if isinstance(error, TeiRefusal):
        return error_response(error.status, error.kind, error.code, str(error))
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            return error_response(400, "Validation", BAD_JSON, f"the body is not JSON: {first['msg']}")
        where = ".".join(str(part)[:100] for part in first["loc"])
        return error_response(422, "Validation", BAD_BODY, f"{where or 'body'}: {first['msg']}")
    if isinstance(error, NoodleError):
        status = 413 if error.code == codes.WRONG_INPUT else status_of(error)  # a text that is too long, mostly
        status = 424 if status == 502 else status
        kind = {424: "Backend", 429: "Overloaded", 503: "Unhealthy"}.get(status, "Validation")
        return error_response(
            status, kind, error.code, f"{error.message}; {error.hint}" if error.hint else error.message
        )
    _log.error("unexpected error, trace %s", trace_id, exc_info=error)
    message = "the platform failed on this request; its log has more under this trace id"
    return error_response(500, "Backend", BUG, message)
