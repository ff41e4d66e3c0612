"""Topics: an event starts a run of each schedule that has its topic.

The runs start under idempotency keys that are made of the schedule and the event's id, and are stored before the event
is acknowledged. So whoever is not sure whether an event arrived sends it again, with the same id, and starts nothing
twice.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

from noodle_ray.core.runs import programs
from noodle_ray.core.runs.schedules import why_not
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.records import Schedule
from noodle_ray.errors import NoodleError, RequestError

BAD_TOPIC: Final = "NOODLE-E0745"
"""Error code: a topic that is none, or that has too many schedules."""
MOST: Final = 100
"""Schedules of one topic and tenant."""

Start = Callable[[Schedule, str, object], Awaitable[str]]
"""Starts the run of a schedule under an idempotency key, with the event's value; returns its id."""


class TopicStore(Protocol):
    """The part of `noodle_ray.core.store.store.Store` that topics need."""

    async def schedules_on(self, tenant: str, topic: str, limit: int = 100) -> list[Schedule]: ...

    async def note_start(self, schedule: Schedule) -> None: ...


class Started(NamedTuple):
    """What an event did to a schedule: the run it started, or why it could not."""

    schedule: str
    run: str | None
    error: NoodleError | None = None


def check_topic(topic: str) -> str:
    """The topic, if it is a name as programs have them. Raises RequestError E0745."""
    try:
        return programs.check_name(topic)
    except NoodleError:
        message = f"{topic[:100]!r} is no topic: a topic is a name as programs have them"
        raise RequestError(message, code=BAD_TOPIC) from None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


class Topics:
    """Starts the runs of events."""

    def __init__(self, store: TopicStore, start: Start) -> None:
        self._store = store
        self._start = start

    async def tell(self, tenant: str, topic: str, event: str, value: object, now: float) -> list[Started]:
        """Start a run of every schedule of this topic; returns them by name.

        ``event`` is the id under which the event starts each run once; ``value`` is the last argument of each. A
        schedule whose run cannot be started, because its program is gone, say, stops no other. Raises RequestError
        E0745, and StoreUnavailable: then some runs may have been started, and the same event may be told again.
        """
        found = await self._store.schedules_on(tenant, check_topic(topic), MOST + 1)
        if len(found) > MOST:
            raise RequestError(f"the topic {topic!r} has over {MOST} schedules", code=BAD_TOPIC)
        started = []
        for schedule in found:
            key = f"@event {_digest(topic, schedule.name, f'{schedule.created:.6f}', event)}"
            try:
                made = Started(schedule.name, await self._start(schedule, key, value))
            except StoreUnavailable:
                raise
            except NoodleError as error:
                made = Started(schedule.name, None, error)
            started.append(made)
            told = None if made.error is None else why_not(made.error)
            await self._store.note_start(schedule._replace(last_at=now, last_run=made.run, last_error=told))
        return started
