"""What `/v1/programs` takes and gives. Times are seconds since 1970-01-01 UTC."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from noodle_ray.api.schemas import BudgetBody, Digest

Name = Annotated[str, Field(min_length=1, max_length=200)]
MAX_RUNS = 100
"""Runs that one request replays, at most."""


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CodeBody(_Request):
    """A program: exactly one of ``source``, ``module``, ``nbc`` and ``program``."""

    source: Annotated[str | None, Field(description="Noodle source text.")] = None
    module: Annotated[Digest | None, Field(description="The hash of a module compiled before.")] = None
    nbc: Annotated[str | None, Field(description="A compiled module, in base64.")] = None
    program: Annotated[str | None, Field(max_length=300, description="A published version.")] = None

    @model_validator(mode="after")
    def _one_program(self) -> "CodeBody":
        if sum(given is not None for given in (self.source, self.module, self.nbc, self.program)) != 1:
            raise ValueError("give exactly one of source, module, nbc and program")
        return self


class PublishBody(CodeBody):
    """A program's next version."""

    check: Annotated[
        int,
        Field(ge=0, le=MAX_RUNS, description="Latest runs of what it replaces to replay first; 0: none."),
    ] = MAX_RUNS
    same: Annotated[bool, Field(description="Let `check` refuse also what has another result or output.")] = False
    alias: Annotated[str | None, Field(max_length=100, description="An alias to point to it.")] = None


class CheckBody(CodeBody):
    """What could become a program's next version."""

    runs: Annotated[int, Field(ge=0, le=MAX_RUNS, description="How many of the program's latest runs to replay.")] = 20
    before: Annotated[str | None, Field(max_length=64, description="Where a page ended: its `next`.")] = None
    since: Annotated[
        float | None, Field(allow_inf_nan=False, description="Only runs stored at this time or later.")
    ] = None


class AliasBody(_Request):
    """What an alias is to mean."""

    version: Annotated[int, Field(ge=1, lt=1 << 31)]


class ReplayBody(_Request):
    """How to execute a run again; by default just as it was, asking no model."""

    to_effect: Annotated[int | None, Field(ge=0, description="Stop after so many answers of the journal.")] = None
    source: Annotated[str | None, Field(description="Another program, as source text.")] = None
    module: Annotated[Digest | None, Field(description="Another program, by its module's hash.")] = None
    nbc: Annotated[str | None, Field(description="Another program, as NBC in base64.")] = None
    program: Annotated[str | None, Field(max_length=300, description="Another program, a published one.")] = None
    ask: Annotated[
        Annotated[list[Name], Field(max_length=100)] | Annotated[dict[Name, Name], Field(max_length=100)],
        Field(description="Models to ask anew; or names that the program asks, and whom to ask instead."),
    ] = []
    ask_all: Annotated[
        bool, Field(description="Ask any other model, too, where the journal does not answer the program.")
    ] = False
    budget: Annotated[
        BudgetBody | None,
        Field(description="What may be spent on what is asked anew; by default the run's own, for the whole run."),
    ] = None

    @model_validator(mode="after")
    def _one_program(self) -> "ReplayBody":
        if sum(given is not None for given in (self.source, self.module, self.nbc, self.program)) > 1:
            raise ValueError("give at most one of source, module, nbc and program")
        return self


class ProgramsQuery(BaseModel):
    """Which programs to list, by name."""

    model_config = ConfigDict(extra="forbid")

    after: Annotated[str, Field(max_length=200, description="Where a page ended: its `next`.")] = ""
    limit: Annotated[int, Field(ge=1, le=1000, description="Programs in a page.")] = 100


class Statistics(BaseModel):
    """What the runs of a version did. Those that were cancelled, or go on, have started and not ended; a retried run
    ends once more."""

    started: int
    succeeded: int
    failed: int
    fuel: int
    model_calls: int


class VersionInfo(BaseModel):
    """A published version."""

    name: str
    version: int
    module: Digest
    created: float
    statistics: Statistics


class ProgramDetail(VersionInfo):
    """A version with all that is known of its program."""

    source: Annotated[str | None, Field(description="Its source, if it was published with one.")]
    models: list[str]
    aliases: dict[str, int]
    latest: int


class PublishedReply(ProgramDetail):
    """What was published."""

    created_version: Annotated[bool, Field(description="False if the latest version has this module already.")]
    checked: Annotated[int, Field(description="How many runs were replayed.")]
    unclear: Annotated[
        int, Field(description="How many of them do not go as they did with their own version either, or are damaged.")
    ]
    unchecked: Annotated[int, Field(description="How many runs were not replayed, as the time for checks was over.")]


class ProgramPage(BaseModel):
    """The latest version of some programs."""

    data: list[VersionInfo]
    next: Annotated[str | None, Field(description="What the next page takes as `after`; null on the last one.")]


class VersionsReply(BaseModel):
    """All versions, the latest first."""

    data: list[VersionInfo]
    aliases: dict[str, int]


class DivergenceInfo(BaseModel):
    """An effect where program and journal differ; null for what the journal does not have."""

    key: str
    journal: str | None
    program: str


class ChangeInfo(BaseModel):
    """An effect that a model answered otherwise this time. Values over 4 KiB are cut, as in `ReportInfo`."""

    key: str
    asked: str
    before: Any
    after: Any


class ReportInfo(BaseModel):
    """What a replay found; docs/runs.md, "Replay", has the meanings. A value over 4 KiB is an object of its beginning
    as `$cut`, and how many `bytes` it has. Divergences, changes and unused are the first hundred of each."""

    run: str
    fits: Annotated[bool, Field(description="It asked what the journal has, all of it, and nothing else.")]
    same: Annotated[bool, Field(description="It did exactly what the run did.")]
    stopped: Annotated[str, Field(description="Why it stopped before the end, or ''.")]
    unfinished: bool
    answered: Annotated[int, Field(description="Effects that the journal answered.")]
    asked: Annotated[dict[str, int], Field(description="Calls answered anew, by what the program calls the model.")]
    divergences: list[DivergenceInfo]
    changes: list[ChangeInfo]
    unused: list[str]
    more: Annotated[dict[str, int], Field(description="How many divergences, changes and unused are not listed.")]
    differences: Annotated[dict[str, list[Any]], Field(description="What is otherwise: before and now.")]
    result: Any
    stdout: str
    error: dict[str, Any] | None
    usage: Annotated[dict[str, Any] | None, Field(description="What the replay used, with what the journal answered.")]


class CheckReply(BaseModel):
    """What a version would do on the journals of runs."""

    module: Digest
    checked: int
    unclear: Annotated[
        list[str],
        Field(description="Runs that say nothing: damaged, or not going as they did with their own version either."),
    ]
    unchecked: Annotated[list[str], Field(description="Runs not replayed, as the time for checks was over.")]
    runs: Annotated[list[str], Field(description="The runs that would not go as they did.")]
    differ: Annotated[list[ReportInfo], Field(description="Reports of the first 20 of them.")]
    next: Annotated[str | None, Field(description="What the next page takes as `before`; null on the last one.")]
