"""What `/v1/runs` takes and gives. Times are seconds since 1970-01-01 UTC."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from noodle_ray.api.schemas import BudgetBody, Digest, LimitsBody, RunBody, RunFailure
from noodle_ray.core.store.status import Status

RunId = Annotated[str, Field(description="A run's id.", examples=["019ad1e2c3400123456789abcdef0123"])]
MAX_WITHIN = 10 * 366 * 86_400.0
Key = Annotated[str, Field(min_length=1, max_length=200, description="Equal requests under one key are one run.")]


class StartBody(RunBody):
    """A program to run, as `/v1/run` takes it."""

    idempotency_key: Key | None = None
    within: Annotated[
        float | None,
        Field(gt=0, le=MAX_WITHIN, allow_inf_nan=False, description="Seconds from now in which it ends, or fails."),
    ] = None


class EmptyBody(BaseModel):
    """Nothing, or an empty object."""

    model_config = ConfigDict(extra="forbid", strict=True)


class RetryBody(EmptyBody):
    """Limits that differ from those the run had, and another budget in place of its own."""

    limits: LimitsBody | None = None
    budget: BudgetBody | None = None


class ForkBody(EmptyBody):
    """The effect whose answer is another one in the new run."""

    key: Annotated[str, Field(max_length=1000, description="An effect's key, as its event has it.")]
    value: Annotated[Any, Field(description="The answer.")]
    idempotency_key: Key | None = None


class SignalBody(EmptyBody):
    """A signal's value."""

    value: Annotated[Any, Field(description="What the run gets.")] = None
    idempotency_key: Key | None = None


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListQuery(_Query):
    """Which runs to list, the latest first."""

    status: Annotated[Status | None, Field(description="Only runs in this status.")] = None
    program: Annotated[str | None, Field(max_length=201, description="Only runs of a program, or version.")] = None
    parent: Annotated[str | None, Field(max_length=64, description="Only forks of this run.")] = None
    since: Annotated[
        float | None, Field(allow_inf_nan=False, description="Only runs stored at this time or later.")
    ] = None
    before: Annotated[str | None, Field(max_length=64, description="Where a page ended: its `next`.")] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="Runs in a page.")] = 100


class WaitQuery(_Query):
    """How long to wait."""

    timeout: Annotated[float, Field(ge=0, allow_inf_nan=False, description="Seconds; the platform has a maximum.")] = (
        30.0
    )


class EventsQuery(_Query):
    """Where to begin."""

    after: Annotated[int, Field(ge=-1, lt=1 << 63, description="Only events after this position.")] = -1


class NoQuery(_Query):
    """No parameters."""


class RunInfo(BaseModel):
    """A stored run."""

    id: RunId
    status: Status
    module: Digest
    entry: str | None
    tier: str
    seed: int
    limits: dict[str, float]
    budget: Annotated[dict[str, float] | None, Field(description="The most that it may spend, of what is bounded.")]
    program: Annotated[str | None, Field(description="The published program that it was started by.")]
    version: Annotated[int | None, Field(description="The version that the program's name meant then.")]
    parent: Annotated[str | None, Field(description="The run that this one was forked from.")]
    fork_key: str | None
    idempotency_key: str | None
    created: float
    updated: float
    attempt: Annotated[int, Field(description="How often it was taken by a node since the last command.")]
    node: Annotated[str | None, Field(description="The node that executes it.")]
    caller: Annotated[str | None, Field(description="The run that started this one and waits for it.")]
    deadline: Annotated[float | None, Field(description="When it has ended, or fails.")]
    priority: Annotated[str, Field(description="How urgent its calls of models are.")]
    waits: Annotated[
        dict[str, Any] | None,
        Field(description="What a waiting run waits for: `until` a time, `signals` of these names, the end of `runs`."),
    ]
    error: Annotated[RunFailure | None, Field(description="Why it failed.")]
    usage: Annotated[dict[str, Any] | None, Field(description="What its last attempt used, once it has ended.")]


class RunDetail(RunInfo):
    """A stored run with what it was given and what it gave."""

    args: list[Any]
    kwargs: dict[str, Any]
    result: Any
    stdout: str


class RunPage(BaseModel):
    """Some runs."""

    data: list[RunInfo]
    next: Annotated[str | None, Field(description="What the next page takes as `before`; null on the last one.")]
