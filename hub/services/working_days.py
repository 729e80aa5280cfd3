"""Working days of the Chinese calendar: public holidays are off, make-up workdays (调休) are on.

The State Council publishes a year's arrangement in the autumn before it; the library `chinesecalendar` carries what is
published. For other years `known` is False: then Monday to Friday count, except the holidays with a fixed date. Nothing
here raises for a year that is not known.

A day is a day in China (UTC+8, no summer time), whatever the zone of the time that is given.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone

import chinese_calendar
from sqlalchemy import ColumnElement, Date, cast, func

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
YEARS = frozenset(day.year for day in chinese_calendar.constants.holidays)
LAST_SECOND = time(23, 59, 59)
FIRST_YEAR, LAST_YEAR = 1000, 9998
"""What people may say of time: from any such moment on and back one can reckon. Python's own years end with 9999."""


def known(day: date) -> bool:
    """Whether the year's official arrangement of holidays and make-up workdays is known here."""
    return day.year in YEARS


def is_working_day(day: date) -> bool:
    """Whether people work on this day: make-up weekends do count, public holidays do not."""
    if known(day):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5 and (day.month, day.day) not in FIXED_HOLIDAYS


def local_day(moment: datetime) -> date:
    """The day in China of a moment."""
    return moment.astimezone(CHINA).date()


def today() -> ColumnElement[date]:
    """The day in China, as the database knows it when it is asked."""
    return cast(func.timezone(CHINA.tzname(None), func.now()), Date)


def add(start: datetime, days: int) -> datetime:
    """The last second, in China, of the `days`-th working day after the day of `start`, which itself does not count.

    Zero days is the end of the same day, working day or not. The answer is in UTC, like every time that is stored.
    """
    if days < 0:
        raise ValueError(f"{days} working days: a deadline lies ahead, give 0 or more.")
    day = local_day(start)
    while days:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return datetime.combine(day, LAST_SECOND, CHINA).astimezone(UTC)


def between(start: datetime, end: datetime) -> int:
    """How many working days lie after the day of `start`, up to and with the day of `end`; 0 if it is not later."""
    first, last = local_day(start), local_day(end)
    return sum(is_working_day(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
