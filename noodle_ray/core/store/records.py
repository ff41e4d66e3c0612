"""What the store keeps, as typed records. Times are seconds since 1970-01-01 UTC."""

from typing import Any, Final, NamedTuple

from noodle_ray.core.store.status import Status

STRIDE: Final = 1 << 24
"""Positions of one epoch: a run's event has the position ``epoch * STRIDE + n``. Whoever raises the epoch takes n = 0,
and its owner counts on from there, so positions grow without a counter that every write would have to change."""


def run_id(now: float, random: bytes) -> str:
    """A run's id: milliseconds since 1970 and ten random bytes, in hex. So ids are in the order of time."""
    return f"{int(now * 1000):012x}{random[:10].hex():0>20}"


def is_run_id(text: str) -> bool:
    """Whether this has the form of a run's id."""
    return len(text) == 32 and frozenset("0123456789abcdef").issuperset(text)


def time_of(run: str) -> float:
    """When a run's id was made."""
    return int(run[:12], 16) / 1000


class NewRun(NamedTuple):
    """A run to be stored. ``arguments`` is the packed pair of positional and keyword arguments; ``fingerprint`` tells
    requests apart that come under one idempotency key. ``caller`` is the run that started it and waits for it.
    ``priority`` is a value of `core.runs.terms.PRIORITIES`; its calls of models share the turn of ``turn``, or of its
    tenant if that is None."""

    id: str
    tenant: str
    digest: str
    nbc: bytes
    arguments: bytes
    limits: dict[str, float]
    seed: int
    created: float
    entry: str | None = None
    tier: str = "auto"
    program: str | None = None
    version: int | None = None
    deadline: float | None = None
    idempotency: str | None = None
    fingerprint: str = ""
    parent: str | None = None
    fork_key: str | None = None
    caller: str | None = None
    budget: dict[str, float] | None = None
    priority: int = 1
    turn: str | None = None


class Run(NamedTuple):
    """A stored run. ``due`` is when somebody may claim it: when it is to start, when its owner's lease runs out, when
    its wait ends, or never. ``failures`` counts attempts that the platform lost. ``result`` and ``error`` are set when
    it has ended; ``result`` is the packed pair of result and output. ``waits`` says what one that waits is waiting for:
    ``until`` a time, ``signals`` of these names, the end of ``runs``."""

    id: str
    tenant: str
    digest: str
    arguments: bytes
    limits: dict[str, float]
    seed: int
    created: float
    entry: str | None
    tier: str
    program: str | None
    version: int | None
    deadline: float | None
    idempotency: str | None
    fingerprint: str
    parent: str | None
    fork_key: str | None
    budget: dict[str, float] | None
    status: Status
    updated: float
    due: float | None
    attempt: int
    failures: int
    owner: str | None
    epoch: int
    result: bytes | None
    error: dict[str, Any] | None
    usage: dict[str, Any] | None
    waits: dict[str, Any] | None = None
    caller: str | None = None
    priority: int = 1
    turn: str | None = None


class Lease(NamedTuple):
    """The right to execute a run and to write its journal, until somebody has a higher epoch."""

    run: str
    owner: str
    epoch: int


class Entry(NamedTuple):
    """One answered effect. ``call`` is the digest of what was asked and ``asked`` shows it to people; ``value`` is the
    packed answer. An ``inherited`` entry comes from the run that this one was forked from, or from before a retry:
    another call may take its place. ``batch`` is the number of the batch in which it went to a model, which calls of
    other runs may share, and ``batch_size`` how many calls that held; 0 if it went in none."""

    key: str
    position: int
    model: str
    call: bytes
    asked: str
    ok: bool
    value: bytes
    at: float
    inherited: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0
    batch: int = 0
    batch_size: int = 0


def last_position(lease: Lease) -> int:
    """The position of how an owner leaves a run: the last one of its epoch."""
    return (lease.epoch + 1) * STRIDE - 1


class Event(NamedTuple):
    """Something that happened to a run. A position is never used twice, and later events have higher ones."""

    position: int
    type: str
    data: dict[str, Any]
    at: float


class Loan(NamedTuple):
    """Fuel that an attempt of a run borrows, which its tenant may use in a window of time. What a ``caller`` lent to a
    run comes out of its own loan. One that is not stored has the epoch 0."""

    tenant: str
    since: str
    run: str
    epoch: int = 0
    caller: str | None = None

    @property
    def window(self) -> tuple[str, str]:
        """The key of the sums that it is counted in."""
        return self.tenant, self.since


class Burnt(NamedTuple):
    """What an attempt used of a loan."""

    loan: Loan
    fuel: int = 0


class Ending(NamedTuple):
    """How an owner leaves a run: for good, or back in the queue (``due`` says from when), or waiting. ``failed`` counts
    an attempt that the platform lost; one that goes back without counts as if it had not been. ``readings`` are all of
    the run's, in place of those stored before. ``burnt`` is what the attempt used of a loan, if it had one."""

    status: Status
    at: float
    result: bytes | None = None
    error: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    due: float | None = None
    failed: bool = False
    readings: bytes | None = None
    waits: dict[str, Any] | None = None
    burnt: Burnt | None = None


class Spent(NamedTuple):
    """Amounts; ``nanos`` are billionths of a unit of money."""

    model_calls: int = 0
    tool_calls: int = 0
    tokens: int = 0
    nanos: int = 0


class Bounds(NamedTuple):
    """The most of each; None: without bound."""

    model_calls: int | None = None
    tool_calls: int | None = None
    tokens: int | None = None
    nanos: int | None = None


class Granted(NamedTuple):
    """How many of the calls that a run wants may begin, and what its family has spent by then."""

    model_calls: int
    tool_calls: int
    total: Spent


class Filter(NamedTuple):
    """Which runs to list; None means any. ``from_id`` is the lowest id that one may have."""

    tenant: str | None = None
    status: Status | None = None
    program: str | None = None
    parent: str | None = None
    created_from: float | None = None
    created_before: float | None = None
    version: int | None = None
    from_id: str | None = None


class Program(NamedTuple):
    """One version of a named program, and what its runs did so far: how many were started, how many of those ended
    (``runs``) and failed, and what they used."""

    tenant: str
    name: str
    version: int
    digest: str
    source: str | None
    created: float
    started: int = 0
    runs: int = 0
    failures: int = 0
    fuel: int = 0
    model_calls: int = 0


class Meant(NamedTuple):
    """What a program's name means, and an alias of it, by number and module; 0: nothing yet. Numbers alone would not
    do: those of a program that was deleted come again."""

    latest: int = 0
    alias: int = 0
    latest_digest: str = ""
    alias_digest: str = ""


class Signal(NamedTuple):
    """Something that a run may wait for, by name. Ids are the sender's: sending it twice does no harm. ``taken`` is the
    key of the effect that it answered."""

    run: str
    id: str
    name: str
    value: bytes
    at: float
    taken: str | None = None


class Schedule(NamedTuple):
    """When to start runs of a program, or, if ``program`` is '', of the module among the arguments: at times, or, if it
    has a ``topic``, at its events. ``missed`` says what becomes of times at which nobody was there: the latest of them
    starts a run, or none does. ``last_at`` is the time whose run was started last, or could not be."""

    tenant: str
    name: str
    program: str
    alias: str | None
    cron: str
    arguments: bytes
    enabled: bool
    next_at: float | None
    created: float
    entry: str | None = None
    limits: dict[str, float] | None = None
    timezone: str = "UTC"
    missed: str = "latest"
    last_at: float | None = None
    last_run: str | None = None
    last_error: str | None = None
    topic: str | None = None


DUE: Final = "@due"
"""The "model" of an entry that says until when an effect waits; its key is that of the effect and `DUE_SUFFIX`."""
DUE_SUFFIX: Final = "@"
BEGUN: Final = "@begun"
"""The "model" of an entry that says that a tool is about to be called; its key is that of the effect and
`BEGUN_SUFFIX`."""
BEGUN_SUFFIX: Final = "!"


def effect_event(
    position: int, key: str, model: str, ok: bool, asked: str, at: float, batch: int, batch_size: int
) -> "Event":
    """What an entry of a journal is among events."""
    if model == DUE:
        return Event(position, "waits", {"key": key.removesuffix(DUE_SUFFIX), "for": asked}, at)
    if model == BEGUN:
        return Event(position, "calls", {"key": key.removesuffix(BEGUN_SUFFIX), "what": asked}, at)
    data = {"key": key, "model": model, "ok": ok}
    if batch_size:
        data |= {"batch": batch, "batch_size": batch_size}
    return Event(position, "effect", data, at)


def what_ended(ending: Ending) -> dict[str, Any]:
    """What the event of an ending tells: why a run failed, or what it waits for."""
    return {"code": ending.error["code"]} if ending.error else dict(ending.waits or {})
