"""The status machine of durable runs: which status may follow which, and by what.

::

    submit ──> queued ──claim──> running ──finish──> succeeded | failed
                 ^                │  │ ^
                 │<───release─────┘  │ └──claim (its lease ran out, or its wait is over)
                 │                   └──park──> waiting ──signal──> queued
    cancel: queued, running, waiting, paused ──> cancelled
    pause:  queued, running, waiting ──> paused ──resume──> queued
    retry:  failed, cancelled ──> queued

Every arrow but those of an owner (finish, release, park) raises the run's epoch, which fences whoever owned it before.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Status(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


TERMINAL: Final = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
"""A run in one of these does nothing any more by itself."""


class Command(NamedTuple):
    """What a user may ask of a run: from which statuses, and to which."""

    name: str
    sources: frozenset[Status]
    target: Status


CANCEL: Final = Command(
    "cancel", frozenset({Status.QUEUED, Status.RUNNING, Status.WAITING, Status.PAUSED}), Status.CANCELLED
)
PAUSE: Final = Command("pause", frozenset({Status.QUEUED, Status.RUNNING, Status.WAITING}), Status.PAUSED)
RESUME: Final = Command("resume", frozenset({Status.PAUSED}), Status.QUEUED)
RETRY: Final = Command("retry", frozenset({Status.FAILED, Status.CANCELLED}), Status.QUEUED)
WAKE: Final = Command("wake", frozenset({Status.WAITING}), Status.QUEUED)
COMMANDS: Final = (CANCEL, PAUSE, RESUME, RETRY, WAKE)

OWNER_TARGETS: Final = frozenset({Status.SUCCEEDED, Status.FAILED, Status.QUEUED, Status.WAITING})
"""Where a running run may go by its owner: it finishes, gives the run back, or parks it."""
