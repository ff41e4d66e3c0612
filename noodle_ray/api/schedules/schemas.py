"""What `/v1/schedules` takes and gives. Times are seconds since 1970-01-01 UTC."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from noodle_ray.api.schemas import Digest, LimitsBody


class ScheduleBody(BaseModel):
    """When to start runs, and of what: exactly one of ``program``, ``source``, ``module`` and ``nbc``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    program: Annotated[
        str | None, Field(max_length=300, description="A published one: `NAME`, `NAME@VERSION` or `NAME@ALIAS`.")
    ] = None
    source: Annotated[str | None, Field(description="Noodle source text, which is compiled now.")] = None
    module: Annotated[Digest | None, Field(description="The hash of a module compiled before.")] = None
    nbc: Annotated[str | None, Field(description="A compiled module, in base64.")] = None
    cron: Annotated[
        str | None, Field(description="Minute, hour, day of month, month, day of week.", examples=["0 3 * * *"])
    ] = None
    topic: Annotated[str | None, Field(description="Start runs at this topic's events, instead of at times.")] = None
    timezone: Annotated[str, Field(description="The zone that the times are of.", examples=["Europe/Berlin"])] = "UTC"
    entry: Annotated[
        str | None, Field(max_length=200, pattern=r"^([^*]|$)", description="The function; `main` if there is one.")
    ] = None
    args: Annotated[list[Any], Field(description="Positional arguments of each run.")] = []
    kwargs: Annotated[dict[str, Any], Field(description="Keyword arguments of each run.")] = {}
    limits: LimitsBody | None = None
    enabled: bool = True
    missed: Annotated[
        str,
        Field(description="Of times that have passed, `latest` starts one run, `all` start one each, `none` do."),
    ] = "latest"

    @model_validator(mode="after")
    def _one_program(self) -> "ScheduleBody":
        if sum(given is not None for given in (self.program, self.source, self.module, self.nbc)) != 1:
            raise ValueError("give exactly one of program, source, module and nbc")
        return self


class ScheduleInfo(BaseModel):
    """A schedule."""

    name: str
    program: str | None
    module: Annotated[str | None, Field(description="The hash of the module that it starts, if it names no program.")]
    cron: str | None
    topic: str | None
    timezone: str
    entry: str | None
    args: list[Any]
    kwargs: dict[str, Any]
    limits: dict[str, float] | None
    enabled: bool
    missed: str
    created: float
    next_at: Annotated[float | None, Field(description="When it starts the next run.")]
    last_at: Annotated[float | None, Field(description="The time whose run it started last.")]
    last_run: Annotated[str | None, Field(description="The run that it started last.")]
    last_error: Annotated[str | None, Field(description="Why it could not be started.")]


class SchedulePage(BaseModel):
    """Some schedules."""

    data: list[ScheduleInfo]
    next: Annotated[str | None, Field(description="What the next page takes as `after`; null on the last one.")]


class SchedulesQuery(BaseModel):
    """Which schedules to list, by name."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[str, Field(max_length=200, description="Where a page ended: its `next`.")] = ""
    limit: Annotated[int, Field(ge=1, le=1000, description="Schedules in a page.")] = 100


class EventBody(BaseModel):
    """An event of a topic."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: Annotated[Any, Field(description="The last argument of each run that it starts.")] = None
    id: Annotated[
        str | None,
        Field(min_length=1, max_length=200, description="Events of one id start each run once; made up if not given."),
    ] = None


class StartedInfo(BaseModel):
    """What an event did to a schedule: a run, or why there is none."""

    schedule: str
    run: str | None
    error: dict[str, str] | None


class EventInfo(BaseModel):
    """An event that was taken."""

    topic: str
    id: str
    started: list[StartedInfo]
