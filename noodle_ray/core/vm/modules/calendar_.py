"""The calendar module. Its first weekday is a run's own, and what it prints goes to the run's output."""

import calendar
from typing import Any

from noodle_ray.core.vm.methods import register, register_setters
from noodle_ray.core.vm.modules import datetime_, on_start
from noodle_ray.core.vm.modules.vetting import methods, readers, refuse_beyond_memory
from noodle_ray.core.vm.state import S

assert datetime_.MEMBERS, "importing it gives dates their attributes"
_TEXT = "formatday formatmonth formatmonthname formatweek formatweekday formatweekheader formatyear"
_DAYS = (
    "getfirstweekday itermonthdates itermonthdays itermonthdays2 itermonthdays3 itermonthdays4 iterweekdays "
    "monthdatescalendar monthdays2calendar monthdayscalendar setfirstweekday yeardatescalendar yeardays2calendar "
    "yeardayscalendar"
)


def _written(function: Any) -> Any:
    """Writing out a month or a year: the widths it is given are bounded by memory."""

    def write(*args: Any, **kwargs: Any) -> str:
        for size in (*args, *kwargs.values()):
            if isinstance(size, int):
                refuse_beyond_memory(size)
        S.charge(2000)
        text: str = function(*args, **kwargs)
        S.charge(len(text) >> 4)
        return text

    write.__name__ = write.__qualname__ = function.__name__
    return write


def _printed(function: Any, end: str) -> Any:
    def write(*args: Any, **kwargs: Any) -> None:
        S.write(_written(function)(*args, **kwargs) + end)

    return write


for _kind in (calendar.Calendar, calendar.TextCalendar, calendar.HTMLCalendar):
    register(
        _kind,
        methods=methods(_kind, _DAYS),
        attributes=readers("firstweekday"),
    )
    register_setters(_kind, "firstweekday")
register(
    calendar.TextCalendar,
    methods={name: _written(getattr(calendar.TextCalendar, name)) for name in _TEXT.split()}
    | {
        "prmonth": _printed(calendar.TextCalendar.formatmonth, ""),
        "pryear": _printed(calendar.TextCalendar.formatyear, ""),
    },
)
register(
    calendar.HTMLCalendar,
    methods={
        name: _written(getattr(calendar.HTMLCalendar, name))
        for name in (
            *("formatday", "formatmonth", "formatmonthname", "formatweek", "formatweekday", "formatweekheader"),
            *("formatyear", "formatyearpage"),
        )
    },
)

on_start(lambda: calendar.setfirstweekday(calendar.MONDAY), "calendar")

MEMBERS: dict[str, Any] = {
    name: getattr(calendar, name)
    for name in (
        *("Calendar", "FRIDAY", "HTMLCalendar", "IllegalMonthError", "IllegalWeekdayError", "MONDAY", "SATURDAY"),
        *("SUNDAY", "THURSDAY", "TUESDAY", "TextCalendar", "WEDNESDAY", "day_abbr", "day_name", "error"),
        *("firstweekday", "isleap", "leapdays", "month_abbr", "month_name", "monthcalendar", "monthrange"),
        *("setfirstweekday", "timegm", "weekday"),
    )
}
MEMBERS |= {
    "calendar": _written(calendar.calendar),
    "month": _written(calendar.month),
    "prcal": _printed(calendar.calendar, ""),
    "prmonth": _printed(calendar.month, ""),
    "week": _written(calendar.week),
    "weekheader": _written(calendar.weekheader),
}
