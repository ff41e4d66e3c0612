"""The bodies of these routes. Strict: what is neither known nor without effect here is refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

NO_EFFECT = "Accepted for compatibility; has no effect here."
_Ignored = Annotated[Any, Field(description=NO_EFFECT)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class StreamOptions(_Body):
    """What a stream tells besides text."""

    include_usage: bool | None = None
    include_obfuscation: _Ignored = None


class Sampling(_Body):
    """What all generations have in common: the model, and how tokens are chosen."""

    model: Annotated[str, Field(max_length=200)]
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: Annotated[int | None, Field(ge=-(1 << 63), lt=1 << 64)] = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    cache_prompt: Annotated[bool | None, Field(description="Reuse the start of a slot's last prompt.")] = None
    user: _Ignored = None
    service_tier: _Ignored = None
    safety_identifier: _Ignored = None
    prompt_cache_key: _Ignored = None
    prompt_cache_retention: _Ignored = None


class _Generation(Sampling):
    """What chats and completions have in common."""

    max_tokens: int | None = None
    n: Annotated[int | None, Field(ge=1, le=16)] = None
    stream_options: StreamOptions | None = None
    structured_outputs: Annotated[
        dict[str, Any] | None, Field(description="One of `json` (a schema), `choice` and `regex`, as vLLM has it.")
    ] = None
    logit_bias: Annotated[dict[str, Any] | None, Field(max_length=0, description="Not supported.")] = None
    store: _Ignored = None
    metadata: _Ignored = None


class ChatBody(_Generation):
    """A chat to go on with."""

    messages: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]
    max_completion_tokens: int | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int | None, Field(ge=0, le=20)] = None
    tools: list[Any] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    modalities: list[Literal["text"]] | None = None


class CompletionBody(_Generation):
    """Texts to go on with, without a chat."""

    prompt: str | list[Any]
    logprobs: Annotated[int | None, Field(ge=0, le=5)] = None
    echo: Annotated[Literal[False] | None, Field(description="Not supported.")] = None
    suffix: Annotated[None, Field(description="Not supported.")] = None
    best_of: Annotated[Literal[1] | None, Field(description="Not supported.")] = None


class EmbeddingBody(_Body):
    """Texts to embed."""

    model: Annotated[str, Field(max_length=200)]
    input: str | list[Any]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int | None, Field(ge=1)] = None
    user: _Ignored = None


class ModelCard(BaseModel):
    """A registered model."""

    id: str
    object: Literal["model"] = "model"
    created: Annotated[int, Field(description="When the platform that serves it was started, in Unix time.")]
    owned_by: str = "noodle"
    name: str
    task: str
    engine: str
    source: str
    version: str


class ModelList(BaseModel):
    """All registered models."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class OpenAiError(BaseModel):
    """What went wrong, in OpenAI's shape."""

    class Inner(BaseModel):
        """Message and codes."""

        message: str
        type: Annotated[str, Field(examples=["invalid_request_error"])]
        param: str | None
        code: Annotated[str, Field(examples=["NOODLE-E0703"])]

    error: Inner
