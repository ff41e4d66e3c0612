# --- dates
from datetime import date
d = date(2024, 2, 29)
print(d, repr(d), d.year, d.month, d.day, d.weekday(), d.isoweekday(), d.isocalendar(), d.toordinal(), d.ctime())
print(d.replace(day=1), d.strftime("%d.%m.%y %A %j %%"), f"{d:%b %d}", d.isoformat(), d.timetuple().tm_yday)
print(date.fromisoformat("2020-01-02"), date.fromordinal(1), date.fromisocalendar(2024, 9, 4), date.min, date.max)
print(d.isocalendar().week, d.isocalendar()[0], date.resolution, hash(d) == hash(date(2024, 2, 29)))
# --- dates compare and subtract
from datetime import date, timedelta
a, b = date(2024, 1, 1), date(2024, 3, 1)
print(b - a, a + timedelta(60) == b, a < b, max(a, b), sorted([b, a]), (b - a).days, a - timedelta(weeks=1))
a < 5
# --- times
from datetime import time, timezone
t = time(13, 5, 7, 250)
print(t, repr(t), t.hour, t.minute, t.second, t.microsecond, t.tzinfo, t.fold, t.isoformat("minutes"), t.strftime("%I:%M %p"))
print(time.fromisoformat("04:05:06.7"), time.min, time.max, t.replace(hour=1), time(1, tzinfo=timezone.utc), t > time(1))
# --- datetimes
from datetime import datetime, date, time, timedelta
d = datetime(2024, 5, 6, 7, 8, 9, 10)
print(d, repr(d), d.date(), d.time(), d.isoformat(" ", "seconds"), d.ctime(), d.strftime("%Y/%m/%d %H:%M:%S.%f"))
print(datetime.combine(date(2024, 1, 1), time(5)), datetime.fromisoformat("2024-01-02T03:04:05+02:00"), d.replace(year=1))
print(d + timedelta(hours=20), d - datetime(2024, 1, 1), d.toordinal(), d.weekday(), d.timetz(), datetime.min, datetime.max)
print(isinstance(d, date), d.timetuple().tm_hour, d == datetime(2024, 5, 6, 7, 8, 9, 10), d.utctimetuple()[:3])
# --- timedeltas
from datetime import timedelta
t = timedelta(days=1, hours=25, milliseconds=5)
print(t, repr(t), t.days, t.seconds, t.microseconds, t.total_seconds(), -t, abs(-t), t * 2, t / 2, t // 7, t % timedelta(hours=1))
print(t / timedelta(minutes=1), divmod(t, timedelta(hours=7)), timedelta.max, timedelta.resolution, bool(timedelta()))
print(sum([timedelta(1), timedelta(2)], timedelta()), timedelta(1) * 0.5, str(timedelta(-1, 5)), timedelta.min)
# --- time zones
from datetime import datetime, timedelta, timezone
berlin = timezone(timedelta(hours=2), "CEST")
d = datetime(2024, 7, 1, 12, tzinfo=berlin)
print(d, d.astimezone(timezone.utc), d.utcoffset(), d.tzname(), d.dst(), d.timestamp(), repr(berlin), timezone.utc)
print(d == datetime(2024, 7, 1, 10, tzinfo=timezone.utc), d.tzinfo, timezone(timedelta(hours=-3)), d.strftime("%z %Z"))
print(datetime.fromtimestamp(0, timezone.utc), datetime.fromtimestamp(1.5, berlin), berlin.utcoffset(None))
d < datetime(2024, 1, 1)
# --- strptime
from datetime import datetime
print(datetime.strptime("06 May 2024 07:08", "%d %b %Y %H:%M"), datetime.strptime("2024-05-06 +0200", "%Y-%m-%d %z"))
datetime.strptime("2024-13-01", "%Y-%m-%d")
# --- dates out of range
from datetime import date
for args in ((2023, 2, 29), (0, 1, 1), (2024, 13, 1)):
    try:
        date(*args)
    except ValueError as e:
        print(e)
date.max + (date.max - date.min)
# --- the clock moves on
from datetime import datetime, date, timezone
a = datetime.now()
b = datetime.now(timezone.utc)
print(a.tzinfo, b.tzinfo, abs(b.timestamp() - datetime.now(timezone.utc).timestamp()) < 60, date.today() >= date(2024, 1, 1))
datetime.now() >= a, datetime.utcnow().tzinfo, datetime.today().year >= 2024, type(a).__name__
# --- days to a birthday
from datetime import date
def days_until(born: date, today: date) -> int:
    following = born.replace(year=today.year)
    if following < today:
        following = following.replace(year=today.year + 1)
    return (following - today).days
days_until(date(1990, 3, 1), date(2024, 2, 28)), days_until(date(1990, 1, 1), date(2024, 2, 28))
# --- methods that are not there
from datetime import date
date(2024, 1, 1).hour
# --- wrong arguments
from datetime import timedelta, date
for call in (lambda: timedelta("1"), lambda: date(2024), lambda: date("2024", 1, 1), lambda: date(2024, 1, 1) + 1):
    try:
        call()
    except TypeError as e:
        print(e)
