"""What goes over a WebSocket: one JSON object per message, with the id that the client gave its request."""

import json
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from noodle_ray.api.openai.schemas import ChatBody, CompletionBody, EmbeddingBody
from noodle_ray.api.problems import BAD_BODY, BAD_JSON, BUG, status_of
from noodle_ray.api.schemas import InferBody
from noodle_ray.errors import NoodleError

PROTOCOL = "noodle.v1"
"""The subprotocol."""
BEARER = "bearer."
"""What precedes the token where it comes as a subprotocol, because browsers can set no header."""

MAX_REQUESTS = 32
"""Requests of one connection at once."""
DUPLICATE = "NOODLE-E0756"
TOO_MANY = "NOODLE-E0757"
TOO_FAST = "NOODLE-E0758"

Id = Annotated[str, Field(min_length=1, max_length=200)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    id: Id


class Chat(_Message):
    """A chat to go on with; its pieces come as chunks."""

    type: Literal["chat"]
    body: ChatBody


class Complete(_Message):
    """A text to go on with; its pieces come as chunks."""

    type: Literal["complete"]
    body: CompletionBody


class Embed(_Message):
    """Texts to embed."""

    type: Literal["embed"]
    body: EmbeddingBody


class NamedInferBody(InferBody):
    """Inputs for a model, and its name."""

    model: Annotated[str, Field(max_length=200)]


class Infer(_Message):
    """Inputs for any model."""

    type: Literal["infer"]
    body: NamedInferBody


class WatchBody(BaseModel):
    """A durable run, and the position of the event that was seen last."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run: Annotated[str, Field(max_length=64)]
    after: Annotated[int, Field(ge=-1, lt=1 << 63)] = -1


class Watch(_Message):
    """What happens to a durable run, until it has ended."""

    type: Literal["watch"]
    body: WatchBody


class ListenBody(BaseModel):
    """A model that hears voices, and how the audio comes."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Annotated[str, Field(max_length=200)]
    rate: Literal[8000, 16000] = 16000
    threshold: Annotated[float, Field(ge=0.02, le=1)] = 0.5


class Listen(_Message):
    """Audio to listen to, which comes in messages of its own; what is heard comes as it is certain."""

    type: Literal["listen"]
    body: ListenBody


class Piece(_Message):
    """More audio for the request of this id: samples of 16 bits, little endian, one channel, in base64. For one that is
    not there it is no error, as that may just have ended."""

    type: Literal["audio"]
    body: str


class End(_Message):
    """There is no more audio for the request of this id."""

    type: Literal["end"]


class Cancel(_Message):
    """End the request of this id; one that is not there is no error, as it may just have ended."""

    type: Literal["cancel"]


Ask = Chat | Complete | Embed | Infer | Watch | Listen
Message = Ask | Piece | End | Cancel
_MESSAGES: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])

Frame = dict[str, Any]


def parse(text: str) -> Message:
    """Read a message. Raises ValidationError."""
    return _MESSAGES.validate_json(text)


def id_of(text: str) -> str | None:
    """The id of a message that is not acceptable, if it has one."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    given = found.get("id") if isinstance(found, dict) else None
    return given[:200] if isinstance(given, str) else None


def encode(frame: Frame) -> str:
    """A frame as text."""
    try:
        return pydantic_core.to_json(frame, inf_nan_mode="constants").decode()
    except ValueError:  # lone surrogates, which UTF-8 cannot carry: the standard library escapes them
        return json.dumps(frame, separators=(",", ":"))


def failure(request: str | None, error: Exception) -> Frame:
    """The frame that tells an error, with the status that it would have over HTTP."""
    status, code, message = 500, BUG, "the platform failed on this request; its log has more"
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part)[:100] for part in first["loc"]) or "message"
        status, code, message = 422, BAD_BODY, f"{where}: {first['msg']}"
        if first["type"] == "json_invalid":
            status, code, message = 400, BAD_JSON, f"the message is not JSON: {first['msg']}"
    elif isinstance(error, NoodleError):
        status, code = status_of(error), error.code
        message = f"{error.message}; {error.hint}" if error.hint else error.message
    return {"id": request, "type": "error", "status": status, "error": {"code": code, "message": message}}
