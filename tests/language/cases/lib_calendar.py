# --- months and leap years
import calendar
print(calendar.isleap(2024), calendar.leapdays(2000, 2024), calendar.monthrange(2024, 2), calendar.weekday(2024, 2, 29))
print(calendar.month_name[2], calendar.day_abbr[0], list(calendar.month_abbr), calendar.MONDAY, calendar.SUNDAY)
calendar.monthcalendar(2024, 2)
# --- a month as text
import calendar
print(calendar.month(2024, 2))
calendar.prmonth(2024, 9)
calendar.TextCalendar(calendar.SUNDAY).formatmonth(2024, 2)
# --- a calendar's dates
import calendar
c = calendar.Calendar(firstweekday=6)
print(list(c.iterweekdays()), len(list(c.itermonthdates(2024, 2))), c.monthdayscalendar(2024, 2)[0], c.firstweekday)
list(c.itermonthdays2(2024, 2))[:3], str(c.monthdatescalendar(2024, 2)[0][0])
# --- the first weekday
import calendar
print(calendar.firstweekday())
calendar.setfirstweekday(calendar.SUNDAY)
print(calendar.firstweekday(), calendar.weekheader(3))
calendar.setfirstweekday(calendar.MONDAY)
calendar.setfirstweekday(7)
# --- a month that does not exist
import calendar
try:
    calendar.monthrange(2024, 13)
except calendar.IllegalMonthError as e:
    print(e)
calendar.timegm((2024, 1, 1, 0, 0, 0)), len(calendar.calendar(2024)) > 1000
