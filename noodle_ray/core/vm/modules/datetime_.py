"""The datetime module: CPython's types. The clock is the run's, and local time is UTC whatever the host's zone is."""

import _strptime  # type: ignore[import-not-found]  # noqa: F401  # what strptime imports when first called
import datetime
import time
from typing import Any

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import metered, methods, readers
from noodle_ray.core.vm.state import S

_UTC = datetime.UTC
_LOCAL = datetime.timezone(datetime.timedelta(0), "UTC")


def _today() -> datetime.date:
    return datetime.datetime.fromtimestamp(S.wall(), _UTC).date()


def _now(tz: Any = None) -> datetime.datetime:
    return _from_timestamp(S.wall(), tz)


def _utcnow() -> datetime.datetime:
    return _from_timestamp(S.wall())


def _from_timestamp(timestamp: Any, tz: Any = None) -> datetime.datetime:
    if tz is None:
        return datetime.datetime.fromtimestamp(timestamp, _UTC).replace(tzinfo=None)
    return datetime.datetime.fromtimestamp(timestamp, tz)


def _date_from_timestamp(timestamp: Any, /) -> datetime.date:
    return datetime.datetime.fromtimestamp(timestamp, _UTC).date()


def _timestamp(self: datetime.datetime, /) -> float:
    return (self if self.tzinfo is not None else self.replace(tzinfo=_UTC)).timestamp()


def _astimezone(self: datetime.datetime, /, tz: Any = None) -> datetime.datetime:
    aware = self if self.utcoffset() is not None else self.replace(tzinfo=_UTC)
    return aware.astimezone(_LOCAL if tz is None else tz)


def _bounds(kind: Any) -> dict[str, Any]:
    return {"max": kind.max, "min": kind.min, "resolution": kind.resolution}


_DATE = "ctime isocalendar isoformat isoweekday replace timetuple toordinal weekday"
_TIME = "dst isoformat replace tzname utcoffset"
_CLOCK = ("fold", "hour", "microsecond", "minute", "second", "tzinfo")

register(
    datetime.date,
    methods=methods(datetime.date, _DATE) | {"strftime": metered(datetime.date.strftime, 4)},
    attributes=readers("day", "max", "min", "month", "resolution", "year"),
    statics={
        **methods(datetime.date, "fromisocalendar fromisoformat fromordinal"),
        **_bounds(datetime.date),
        "fromtimestamp": _date_from_timestamp,
        "today": _today,
    },
)
register(
    datetime.datetime,
    methods=methods(datetime.datetime, f"{_DATE} {_TIME} date time timetz utctimetuple")
    | {"astimezone": _astimezone, "strftime": metered(datetime.datetime.strftime, 4), "timestamp": _timestamp},
    attributes=readers("day", "max", "min", "month", "resolution", "year", *_CLOCK),
    statics={
        **methods(datetime.datetime, "combine fromisocalendar fromisoformat fromordinal utcfromtimestamp"),
        **_bounds(datetime.datetime),
        "fromtimestamp": _from_timestamp,
        "now": _now,
        "strptime": metered(datetime.datetime.strptime, 16),
        "today": _utcnow,
        "utcnow": _utcnow,
    },
)
register(
    datetime.time,
    methods=methods(datetime.time, _TIME) | {"strftime": metered(datetime.time.strftime, 4)},
    attributes=readers("max", "min", "resolution", *_CLOCK),
    statics={**methods(datetime.time, "fromisoformat"), **_bounds(datetime.time)},
)
register(
    datetime.timedelta,
    methods=methods(datetime.timedelta, "total_seconds"),
    attributes=readers("days", "max", "microseconds", "min", "resolution", "seconds"),
    statics=_bounds(datetime.timedelta),
)
register(datetime.tzinfo, methods=methods(datetime.tzinfo, "dst fromutc tzname utcoffset"))
register(
    datetime.timezone,
    methods=methods(datetime.timezone, "dst fromutc tzname utcoffset"),
    attributes=readers("max", "min", "utc"),
    statics={name: getattr(datetime.timezone, name) for name in ("max", "min", "utc")},
)
register(type(datetime.date.min.isocalendar()), attributes=readers("week", "weekday", "year"))
register(
    time.struct_time,
    attributes=readers(
        *("tm_gmtoff", "tm_hour", "tm_isdst", "tm_mday", "tm_min", "tm_mon", "tm_sec", "tm_wday", "tm_yday"),
        *("tm_year", "tm_zone"),
    ),
)

MEMBERS: dict[str, Any] = {
    name: getattr(datetime, name)
    for name in ("MAXYEAR", "MINYEAR", "UTC", "date", "datetime", "time", "timedelta", "timezone", "tzinfo")
}
