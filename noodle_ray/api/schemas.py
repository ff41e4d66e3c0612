"""What goes over the wire, as Pydantic models. Requests are strict: no field is ignored, no type is guessed."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of a compiled module, in hex.")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class LimitsBody(_Request):
    """Bounds of the run. What is left out has its default."""

    fuel: Annotated[int | None, Field(gt=0, description="Units of executed bytecode.")] = None
    memory: Annotated[int | None, Field(ge=1 << 20, description="Bytes.")] = None
    deadline: Annotated[float | None, Field(gt=0, description="Seconds of wall time.", allow_inf_nan=False)] = None
    recursion: Annotated[int | None, Field(gt=0, description="Nested calls.")] = None
    output: Annotated[int | None, Field(ge=0, description="Characters of stdout.")] = None


class BudgetBody(_Request):
    """The most that the run may spend; it ends when it would ask for more. What is left out has the platform's."""

    model_calls: Annotated[int | None, Field(ge=0, lt=1 << 53)] = None
    tool_calls: Annotated[int | None, Field(ge=0, lt=1 << 53)] = None
    tokens: Annotated[int | None, Field(ge=0, lt=1 << 53, description="Of prompts and completions together.")] = None
    cost: Annotated[
        float | None, Field(ge=0, le=1e9, allow_inf_nan=False, description="At the platform's declared prices.")
    ] = None
    speculate: Annotated[
        int | None,
        Field(ge=0, le=10_000, description="Calls of models that may be made before it is known that they are wanted."),
    ] = None


class RunBody(_Request):
    """A program to run: exactly one of ``source``, ``module``, ``nbc`` and ``program``."""

    source: Annotated[str | None, Field(description="Noodle source text.")] = None
    module: Annotated[Digest | None, Field(description="The hash of a module compiled before.")] = None
    nbc: Annotated[str | None, Field(description="A compiled module, in base64.")] = None
    program: Annotated[
        str | None, Field(max_length=300, description="A published one: `NAME`, `NAME@VERSION` or `NAME@ALIAS`.")
    ] = None
    entry: Annotated[
        str | None,
        Field(max_length=200, pattern=r"^([^*]|$)", description="The function to call; `main` if there is one."),
    ] = None
    args: Annotated[list[Any], Field(description="Positional arguments.")] = []
    kwargs: Annotated[dict[str, Any], Field(description="Keyword arguments.")] = {}
    limits: LimitsBody | None = None
    budget: BudgetBody | None = None
    tier: Literal["auto", "interpreter", "python", "native"] = "auto"
    seed: Annotated[
        int | None, Field(ge=0, lt=1 << 53, description="What its random numbers come from; a fresh one by default.")
    ] = None

    @model_validator(mode="after")
    def _one_program(self) -> "RunBody":
        if sum(given is not None for given in (self.source, self.module, self.nbc, self.program)) != 1:
            raise ValueError("give exactly one of source, module, nbc and program")
        return self


class ResumeBody(_Request):
    """A run to go on with: what the reply to a run that fuel ended had as its ``continuation``."""

    continuation: Annotated[str, Field(description="The stopped run, as its reply gave it.")]
    fuel: Annotated[
        int | None,
        Field(ge=0, description="On top of its limit; by default as much again, or none after NOODLE-E0524."),
    ] = None


class Frame(BaseModel):
    """One frame of a traceback, outermost first. Lines count from 1, columns from 0."""

    line: int
    column: int
    function: str


class RunFailure(BaseModel):
    """What ended the program: its own uncaught exception, a limit, or the loss of its worker."""

    code: Annotated[str, Field(examples=["NOODLE-E0501"])]
    type: Annotated[str, Field(examples=["ZeroDivisionError"])]
    message: str
    traceback: list[Frame]


class Speculation(BaseModel):
    """Calls of models that were made before it was known that they are wanted, and what those took that were not."""

    calls: int
    used: int
    wasted: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


class Usage(BaseModel):
    """What the run used."""

    fuel: int
    memory_peak_bytes: int
    model_calls: int
    model_batches: int
    tool_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: Annotated[float, Field(description="At the platform's declared prices.")] = 0.0
    speculation: Speculation | None = None
    seed: int
    wall_seconds: float
    queued_seconds: float
    computing_seconds: float
    waiting_seconds: float


class Event(BaseModel):
    """One model call: seconds since the run's start, and which batch it shared with how many calls."""

    key: str
    model: str
    start: float
    end: float
    batch: int | None = None
    batch_size: int | None = None


class RunReply(BaseModel):
    """The outcome. A program that failed is a success of the platform: status 200 with ``error`` set."""

    result: Any
    stdout: str
    error: RunFailure | None
    usage: Usage
    tier: str
    module: Digest
    program: Annotated[str | None, Field(description="The published version that ran, as `NAME@VERSION`.")] = None
    trace_id: str
    timeline: list[Event]
    continuation: Annotated[
        str | None, Field(description="After fuel ran out: what `/v1/resume` takes to go on with the run.")
    ] = None


class CompileBody(_Request):
    """A source to compile."""

    source: Annotated[str, Field(description="Noodle source text.")]
    text: Annotated[bool, Field(description="Also return the module's text form.")] = False


class CompileReply(BaseModel):
    """A compiled module. Its hash can be run until the platform's store drops it."""

    module: Digest
    models: list[str]
    size: Annotated[int, Field(description="Bytes of NBC.")]
    nbc: Annotated[str, Field(description="The module, in base64.")]
    text: str | None = None


class ModelInfo(BaseModel):
    """A registered model."""

    name: str
    task: str
    engine: str
    source: str
    version: str


class InferBody(_Request):
    """Inputs for a model; each is the first argument of one call, ``options`` are the keyword arguments of all.

    ``arrays`` says how arrays come back: as lists, or packed as dtype, shape and data in base64.
    """

    inputs: Annotated[list[Any], Field(min_length=1)]
    options: dict[str, Any] = {}
    arrays: Literal["lists", "packed"] = "lists"


class InferUsage(BaseModel):
    """How the inputs were batched."""

    model_calls: int
    model_batches: int
    wall_seconds: float


class InferReply(BaseModel):
    """One output per input, in order."""

    outputs: list[Any]
    usage: InferUsage
    trace_id: str


class Health(BaseModel):
    """The platform's state."""

    status: Literal["ok"]


class DiagnosticBody(BaseModel):
    """One finding of the compiler. Lines count from 1, columns from 0, the end is exclusive."""

    code: str
    message: str
    line: int
    column: int
    end_line: int
    end_column: int
    hint: str
    picture: Annotated[str, Field(description="The source line with a caret under the finding.")]


class Problem(BaseModel):
    """RFC 9457 problem details, with Noodle's error code."""

    type: Annotated[str, Field(examples=["urn:noodle:error:NOODLE-E0703"])]
    title: str
    status: int
    detail: str
    code: Annotated[str, Field(examples=["NOODLE-E0703"])]
    trace_id: str | None = None
    errors: Annotated[list[dict[str, Any]] | None, Field(description="What is wrong with which field.")] = None
    diagnostics: list[DiagnosticBody] | None = None


class ToolArguments(BaseModel):
    """What a tool would be called with."""

    model_config = ConfigDict(extra="forbid", strict=True)

    args: Annotated[list[Any], Field(description="Positional arguments.")] = []
    kwargs: Annotated[dict[str, Any], Field(description="Keyword arguments.")] = {}
