"""The body of this route. Strict: what is neither known nor without effect here is refused."""

from typing import Annotated, Any, Literal

from pydantic import Field

from noodle_ray.api.openai.schemas import NO_EFFECT, Sampling

_Ignored = Annotated[Any, Field(description=NO_EFFECT)]
_Unkept = Annotated[Any, Field(description="Refused: this platform keeps no responses.")]

LOGPROBS = "message.output_text.logprobs"
ENCRYPTED = "reasoning.encrypted_content"
"""Asked for by clients that keep the conversation themselves; there is nothing encrypted here to include."""


class ResponseBody(Sampling):
    """A conversation to go on with: a text, or a list of messages, calls of functions and their outputs."""

    input: str | Annotated[list[dict[str, Any]], Field(max_length=1000)]
    instructions: str | None = None
    max_output_tokens: int | None = None
    tools: list[Any] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    text: Annotated[dict[str, Any] | None, Field(description="`format`: text, json_object or json_schema.")] = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = None
    include: Annotated[list[Literal["message.output_text.logprobs", "reasoning.encrypted_content"]] | None, Field()] = (
        None
    )
    metadata: Annotated[
        dict[str, Annotated[str, Field(max_length=512)]] | None,
        Field(max_length=16, description="Given back as it came."),
    ] = None
    store: Annotated[bool | None, Field(description="Only false: this platform keeps no responses.")] = None
    previous_response_id: _Unkept = None
    conversation: _Unkept = None
    prompt: _Unkept = None
    background: _Unkept = None
    truncation: Literal["disabled"] | None = None
    stream_options: _Ignored = None
    max_tool_calls: _Ignored = None
