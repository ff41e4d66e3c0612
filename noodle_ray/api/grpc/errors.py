"""Errors as gRPC has them: a status, and Noodle's code in the trailing metadata."""

import logging
from typing import Final

import grpc
from pydantic import ValidationError

from noodle_ray.api.problems import BAD_BODY, BUG, status_of
from noodle_ray.errors import NoodleError

CODE_KEY: Final = "noodle-code"
"""The key of the trailing metadata that has Noodle's code."""
MAX_DETAILS: Final = 2000
"""Characters of a message: gRPC sends it as a header, and clients take few of those."""

_CODES: Final = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    413: grpc.StatusCode.INVALID_ARGUMENT,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
    504: grpc.StatusCode.DEADLINE_EXCEEDED,
}

_log = logging.getLogger("noodle.api")


def told(error: Exception, trace_id: str) -> tuple[int, str, str]:
    """The HTTP status that it would have, Noodle's code, and a message; a bug is logged."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part)[:100] for part in first["loc"])
        return 400, BAD_BODY, f"{where or 'request'}: {first['msg']}"
    if isinstance(error, NoodleError):
        message = f"{error.message}; {error.hint}" if error.hint else error.message
        return status_of(error), error.code, message[:MAX_DETAILS]
    _log.error("unexpected error, trace %s", trace_id, exc_info=error)
    return 500, BUG, "the platform failed on this request; its log has more under this trace id"


def grpc_status(status: int) -> grpc.StatusCode:
    """The status of gRPC that says what this one of HTTP does."""
    return _CODES.get(status, grpc.StatusCode.INTERNAL)
