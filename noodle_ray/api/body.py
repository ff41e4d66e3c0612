"""Request bodies: bounded while they stream in, then parsed strictly."""

import asyncio
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message

from noodle_ray.api.problems import BAD_BODY, BAD_JSON, SLOW_BODY, TOO_LARGE, problem
from noodle_ray.errors import RequestError

B = TypeVar("B", bound=BaseModel)


async def read_body(request: Request, limit: int, timeout: float) -> bytes:
    """Return the body. Raises RequestError E0704 as soon as it is longer than ``limit`` bytes, E0708 if it is slow."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    receive = request.receive
    try:
        async with asyncio.timeout(timeout):
            message = await receive()
            chunk: bytes = message.get("body", b"")
            if not message.get("more_body") and message["type"] == "http.request":
                if len(chunk) > limit:
                    raise _too_large(limit)
                return chunk
            return await _read_rest(request, message, limit)
    except TimeoutError:
        raise RequestError(f"the body did not arrive within {timeout:g} seconds", code=SLOW_BODY) from None


async def _read_rest(request: Request, message: Message, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await request.receive()


def parse(model: type[B], body: bytes) -> B:
    """Validate a JSON body. Raises ValidationError; `validation_problem` turns that into a response."""
    return model.model_validate_json(body)


def validation_problem(error: ValidationError, trace_id: str) -> Response:
    """Say what is wrong with a body: 400 if it is not JSON, else 422 with one entry per field."""
    findings = error.errors(include_url=False, include_context=False, include_input=False)
    first = findings[0]
    if first["type"] == "json_invalid":
        return problem(400, BAD_JSON, f"the body is not JSON: {first['msg']}", trace_id=trace_id)
    errors = [{"loc": [str(part)[:100] for part in f["loc"]], "message": f["msg"]} for f in findings[:50]]
    where = ".".join(errors[0]["loc"]) or "body"
    return problem(422, BAD_BODY, f"{where}: {first['msg']}", trace_id=trace_id, errors=errors)


def _too_large(limit: int) -> RequestError:
    return RequestError(f"the body is larger than {limit} bytes, the most this platform takes", code=TOO_LARGE)
