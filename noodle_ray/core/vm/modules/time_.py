"""time for programs. It is read from the run's clock only; places know no time zone but UTC."""

import _strptime  # type: ignore[import-not-found]  # noqa: F401  # what strptime imports when first called
import time
from operator import attrgetter
from time import struct_time
from typing import Any, Final

from noodle_ray.core.vm.methods import register
from noodle_ray.core.vm.modules.vetting import charge_value
from noodle_ray.core.vm.state import S

_BILLION: Final = 1_000_000_000


def now() -> float:
    """time.time()."""
    return S.wall()


def time_ns() -> int:
    """time.time_ns()."""
    return int(S.wall() * _BILLION)


def monotonic() -> float:
    """time.monotonic(), and the other clocks that only run forward."""
    return S.monotonic()


def monotonic_ns() -> int:
    """time.monotonic_ns(), and the other clocks that only run forward."""
    return int(S.monotonic() * _BILLION)


def sleep(seconds: Any, /) -> None:
    """time.sleep(): other fibers go on, and so do the calls of models."""
    if not isinstance(seconds, int | float):
        raise TypeError(f"'{type(seconds).__name__}' object cannot be interpreted as an integer")
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    S.fibers.sleep(min(float(seconds), 1e9))


def _moment(seconds: Any) -> Any:
    return S.wall() if seconds is None else seconds


def gmtime(seconds: Any = None, /) -> struct_time:
    """time.gmtime(), and time.localtime(): a run's place is UTC."""
    return time.gmtime(_moment(seconds))


def strftime(format: Any, t: Any = None, /) -> str:
    """time.strftime()."""
    return time.strftime(format, gmtime() if t is None else t)


def strptime(data_string: Any, format: Any = "%a %b %d %H:%M:%S %Y", /) -> struct_time:
    """time.strptime()."""
    charge_value(data_string, 16)
    charge_value(format, 64)
    S.charge(100)
    return time.strptime(data_string, format)


def mktime(t: Any, /) -> float:
    """time.mktime(): the place is UTC."""
    year, month, day, hour, minute, second = t[:6]
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    year -= month <= 2
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1  # from March on: February is last
    days = year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719468
    return float(((days * 24 + hour) * 60 + minute) * 60 + second)


def asctime(t: Any = None, /) -> str:
    """time.asctime()."""
    return time.asctime(gmtime() if t is None else t)


def ctime(seconds: Any = None, /) -> str:
    """time.ctime()."""
    return time.asctime(gmtime(seconds))


_FIELDS: Final = (
    "tm_year tm_mon tm_mday tm_hour tm_min tm_sec tm_wday tm_yday tm_isdst tm_zone tm_gmtoff".split()  # noqa: SIM905
)
register(
    struct_time,
    methods={"count": struct_time.count, "index": struct_time.index},
    attributes={name: attrgetter(name) for name in _FIELDS},
)

MEMBERS: dict[str, Any] = {
    "altzone": 0,
    "asctime": asctime,
    "ctime": ctime,
    "daylight": 0,
    "gmtime": gmtime,
    "localtime": gmtime,
    "mktime": mktime,
    "monotonic": monotonic,
    "monotonic_ns": monotonic_ns,
    "perf_counter": monotonic,
    "perf_counter_ns": monotonic_ns,
    "process_time": monotonic,
    "process_time_ns": monotonic_ns,
    "sleep": sleep,
    "strftime": strftime,
    "strptime": strptime,
    "struct_time": struct_time,
    "thread_time": monotonic,
    "time": now,
    "time_ns": time_ns,
    "timezone": 0,
    "tzname": ("UTC", "UTC"),
}
