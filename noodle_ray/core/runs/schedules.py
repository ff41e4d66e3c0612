"""Schedules: runs that start at times which a cron expression gives, of published programs or of modules of their own.

Every node looks for schedules whose time has come. It starts the run under an idempotency key that is made of the
schedule and that time, and moves the schedule on then, if nobody else did. So a crash between the two loses no start,
and however many nodes there are, a time starts one run.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from noodle_ray.core.sandbox.messages import CODEC
from noodle_ray.core.store.errors import StoreUnavailable
from noodle_ray.core.store.records import Schedule
from noodle_ray.errors import NoodleError, RequestError

BAD_SCHEDULE: Final = "NOODLE-E0737"
"""Error code: a cron expression, time zone or policy that is none."""
UNKNOWN_SCHEDULE: Final = "NOODLE-E0738"
"""Error code: there is no schedule of this name."""
TOO_LARGE: Final = "NOODLE-E0770"
"""Error code: a module is too large to be part of a schedule."""
MAX_MODULE: Final = 128 << 10
"""Bytes of a module that is part of a schedule: whoever lists schedules reads them."""
POLICIES: Final = ("latest", "all", "none")
"""What becomes of times that have passed: the latest starts a run, each does, or none that is more than `LATE` old."""
LATE: Final = 60.0
"""Seconds after its time at which a run still starts, whatever the policy."""
_LONGEST: Final = 200
_MOST: Final = 10_000
"""Times that are looked through for the latest that has passed."""

_log = logging.getLogger("noodle.runs")

NextTime = Callable[[Schedule, float], float | None]
"""The first time of a schedule after this one; None if there is none."""
Start = Callable[[Schedule, str], Awaitable[str]]
"""Starts the run of a schedule under an idempotency key; returns its id."""


class ScheduleStore(Protocol):
    """The part of `noodle_ray.core.store.store.Store` that schedules need."""

    async def due_schedules(self, now: float, limit: int = 100) -> list[Schedule]: ...

    async def advance(self, schedule: Schedule, moved: Schedule) -> bool: ...


class Started(NamedTuple):
    """What a schedule starts: arguments, and the module if it has one of its own."""

    args: list[object]
    kwargs: dict[str, object]
    digest: str | None = None
    nbc: bytes | None = None

    def packed(self) -> bytes:
        """For `Schedule.arguments`. Raises WireError for arguments that are not data, RequestError E0770."""
        if self.nbc is None:
            return CODEC.pack([self.args, self.kwargs])
        if len(self.nbc) > MAX_MODULE:
            raise RequestError(
                f"the module has {len(self.nbc)} bytes, and one of a schedule at most {MAX_MODULE}",
                code=TOO_LARGE,
                hint="publish the program, and let the schedule name it",
            )
        return CODEC.pack(list(self))


def started_by(schedule: Schedule) -> Started:
    """What a schedule starts."""
    found: Any = CODEC.unpack(schedule.arguments)
    return Started(*found)


class UnknownSchedule(RequestError):
    """There is no such schedule."""

    default_code = UNKNOWN_SCHEDULE

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no schedule {name[:128]!r}")


def check_schedule(cron: str, timezone: str, missed: str) -> None:
    """Raise RequestError E0737 for what no schedule can have."""
    if missed not in POLICIES:
        raise RequestError(f"missed is one of {', '.join(POLICIES)}, and not {missed[:50]!r}", code=BAD_SCHEDULE)
    zone = _zone(timezone)
    if len(cron) > _LONGEST:
        raise RequestError(f"a cron expression has at most {_LONGEST} characters", code=BAD_SCHEDULE)
    if not cron.isascii() or len(cron.split()) != 5:
        message = "a cron expression has five fields: minute, hour, day of month, month, day of week"
        raise RequestError(message, code=BAD_SCHEDULE)
    try:
        CronSim(cron, datetime.now(zone))
    except CronSimError as error:
        raise RequestError(f"{cron!r} is no cron expression: {error}", code=BAD_SCHEDULE) from None


def next_time(schedule: Schedule, after: float) -> float | None:
    """The first time of a schedule after this one, in seconds since 1970; None if it has none in fifty years.

    A time that a change of clocks skips comes right after it, one that it repeats comes once, as in Debian's cron, if
    clocks go back by whole hours.
    """
    begin = datetime.fromtimestamp(after, UTC).astimezone(_zone(schedule.timezone))
    try:
        found: datetime = next(CronSim(schedule.cron, begin))
    except StopIteration:
        return None
    except CronSimError as error:
        raise RequestError(f"{schedule.cron!r} is no cron expression: {error}", code=BAD_SCHEDULE) from None
    return found.timestamp()


class Scheduler:
    """Starts the runs whose time has come."""

    def __init__(self, store: ScheduleStore, start: Start, next_time: NextTime = next_time) -> None:
        self._store = store
        self._start = start
        self._next = next_time
        self._told: set[str] = set()

    async def look(self, now: float) -> int:
        """Start what is due; returns how many schedules were moved on. Raises StoreUnavailable.

        One that cannot be followed, as its time zone is not known here, is tried again later, and stops none.
        """
        moved = 0
        for schedule in await self._store.due_schedules(now):
            try:
                moved += await self._fire(schedule, now)
            except StoreUnavailable:
                raise
            except Exception as error:  # a time zone that this machine does not know, say, and another may
                if schedule.name not in self._told:
                    self._told.add(schedule.name)
                    _log.warning("the schedule %r cannot be followed here", schedule.name, exc_info=error)
        return moved

    async def _fire(self, schedule: Schedule, now: float) -> bool:
        seen = schedule.next_at
        assert seen is not None
        chosen, following = self._times(schedule, seen, now)
        changed = schedule._replace(next_at=following)
        if chosen is not None:
            changed = changed._replace(last_at=chosen, last_run=None, last_error=None)
            try:
                # the key has the time that was seen: who sees a later one as the latest starts the same run
                key = f"@schedule {schedule.name} {schedule.created:.6f} {seen:.3f}"
                changed = changed._replace(last_run=await self._start(schedule, key))
            except StoreUnavailable:
                raise
            except NoodleError as error:
                changed = changed._replace(last_error=why_not(error))
        return await self._store.advance(schedule, changed)

    def _times(self, schedule: Schedule, seen: float, now: float) -> tuple[float | None, float | None]:
        """The time whose run is started now, and when to look again."""
        latest, following = seen, self._next(schedule, seen)
        if schedule.missed == "all":
            return seen, following
        for _ in range(_MOST):
            if following is None or following > now:
                break
            latest, following = following, self._next(schedule, following)
        else:
            latest, following = following or latest, self._next(schedule, now)
        if schedule.missed == "none" and now - latest > LATE:
            return None, following
        return latest, following


def why_not(error: NoodleError) -> str:
    """What a schedule shows of why its run could not be started."""
    return f"{error.message} [{error.code}]"[:1000]


def _zone(name: str) -> ZoneInfo:
    try:
        if len(name) > _LONGEST:
            raise ValueError
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # what is no name of a zone, or none that this machine knows
        message = f"{name[:100]!r} is no time zone that is known here; 'UTC' and 'Europe/Berlin' are such names"
        raise RequestError(message, code=BAD_SCHEDULE) from None
