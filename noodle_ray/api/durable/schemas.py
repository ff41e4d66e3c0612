"""What `/v1/runs` takes and gives. Times are seconds since 1970-01-01 UTC."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from noodle_ray.api.schemas import Digest, LimitsBody, RunBody, RunFailure
from noodle_ray.core.store.status import Status

RunId = Annotated[str, Field(description="A run's id.", examples=["019ad1e2c3400123456789abcdef0123"])]
Key = Annotated[str, Field(min_length=1, max_length=200, description="Equal requests under one key are one run.")]


class StartBody(RunBody):
    """A program to run, as `/v1/run` takes it."""

    idempotency_key: Key | None = None


class EmptyBody(BaseModel):
    """Nothing, or an empty object."""

    model_config = ConfigDict(extra="forbid", strict=True)


class RetryBody(EmptyBody):
    """Limits that differ from those the run had."""

    limits: LimitsBody | None = None


class ForkBody(EmptyBody):
    """The effect whose answer is another one in the new run."""

    key: Annotated[str, Field(max_length=1000, description="An effect's key, as its event has it.")]
    value: Annotated[Any, Field(description="The answer.")]
    idempotency_key: Key | None = None


class _Query(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListQuery(_Query):
    """Which runs to list, the latest first."""

    status: Annotated[Status | None, Field(description="Only runs in this status.")] = None
    program: Annotated[str | None, Field(max_length=200, description="Only runs of this published program.")] = None
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
    program: str | None
    parent: Annotated[str | None, Field(description="The run that this one was forked from.")]
    fork_key: str | None
    idempotency_key: str | None
    created: float
    updated: float
    attempt: Annotated[int, Field(description="How often it was taken by a node since the last command.")]
    node: Annotated[str | None, Field(description="The node that executes it.")]
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
