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
    requests apart that come under one idempotency key."""

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


class Run(NamedTuple):
    """A stored run. ``due`` is when somebody may claim it: when it is to start, when its owner's lease runs out, when
    its wait ends, or never. ``failures`` counts attempts that the platform lost. ``result`` and ``error`` are set when
    it has ended; ``result`` is the packed pair of result and output."""

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


class Lease(NamedTuple):
    """The right to execute a run and to write its journal, until somebody has a higher epoch."""

    run: str
    owner: str
    epoch: int


class Entry(NamedTuple):
    """One answered effect. ``call`` is the digest of what was asked and ``asked`` shows it to people; ``value`` is the
    packed answer. An ``inherited`` entry comes from the run that this one was forked from, or from before a retry:
    another call may take its place."""

    key: str
    position: int
    model: str
    call: bytes
    asked: str
    ok: bool
    value: bytes
    at: float
    inherited: bool = False


def last_position(lease: Lease) -> int:
    """The position of how an owner leaves a run: the last one of its epoch."""
    return (lease.epoch + 1) * STRIDE - 1


class Event(NamedTuple):
    """Something that happened to a run. A position is never used twice, and later events have higher ones."""

    position: int
    type: str
    data: dict[str, Any]
    at: float


class Ending(NamedTuple):
    """How an owner leaves a run: for good, or back in the queue (``due`` says from when), or waiting. ``failed`` counts
    an attempt that the platform lost; one that goes back without counts as if it had not been. ``readings`` are all of
    the run's, in place of those stored before."""

    status: Status
    at: float
    result: bytes | None = None
    error: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    due: float | None = None
    failed: bool = False
    readings: bytes | None = None


class Filter(NamedTuple):
    """Which runs to list; None means any."""

    tenant: str | None = None
    status: Status | None = None
    program: str | None = None
    parent: str | None = None
    created_from: float | None = None
    created_before: float | None = None


class Program(NamedTuple):
    """One version of a named program, and what its runs did so far."""

    tenant: str
    name: str
    version: int
    digest: str
    source: str | None
    created: float
    runs: int = 0
    failures: int = 0
    fuel: int = 0
    model_calls: int = 0


class Signal(NamedTuple):
    """Something that a run may wait for, by name. Ids are the sender's: sending it twice does no harm."""

    run: str
    id: str
    name: str
    value: bytes
    at: float


class Schedule(NamedTuple):
    """When to start runs of a program."""

    tenant: str
    name: str
    program: str
    alias: str | None
    cron: str
    arguments: bytes
    enabled: bool
    next_at: float | None
    created: float
