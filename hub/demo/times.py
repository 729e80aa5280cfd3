"""When things happened in the demo: microseconds on one line that ends on a fixed day, never today."""

from bisect import bisect_right
from datetime import date, datetime, timedelta
from functools import cache
from itertools import accumulate

from hub.demo.chance import DAY, HOUR, when
from hub.services import working_days
from hub.services.working_days import CHINA

DAYS = 1096
UNTIL = int(datetime(2026, 7, 1, tzinfo=CHINA).timestamp()) * 1_000_000
SINCE = UNTIL - DAYS * DAY
FOUNDED = SINCE - 60 * DAY
"""What was there before the first request: grids, then parties."""

EAST = 8 * HOUR
BUSY = (1, 1, 1, 1, 1, 2, 5, 10, 18, 22, 20, 14, 9, 10, 15, 18, 17, 14, 11, 10, 9, 7, 4, 2)
"""How many people ask in each hour of the day."""


def _hours() -> tuple[int, ...]:
    """The time of day by which each thousandth of a day's requests has come; the last one before the day is over."""
    bounds = [0, *accumulate(BUSY)]
    places = []
    for part in range(1001):
        asked = bounds[-1] * part / 1001
        hour = bisect_right(bounds, asked) - 1
        places.append(round((hour + (asked - bounds[hour]) / BUSY[hour]) * HOUR))
    return tuple(places)


HOURS = _hours()


def submitted(number: int, of: int, chance: float) -> int:
    """When the `number`-th of so many requests came in: they are spread over all days, and mostly over the daytime."""
    day, rest = divmod((number + chance) * DAYS / of, 1.0)
    thousandth, between = divmod(rest * 1000, 1.0)
    start, end = HOURS[int(thousandth)], HOURS[int(thousandth) + 1]
    return SINCE + int(day) * DAY + start + int(between * (end - start))


def local(moment: int) -> int:
    """The number of the day in China."""
    return (moment + EAST) // DAY


@cache
def stamp(day: int) -> str:
    """A day in a request's number."""
    return f"{date(1970, 1, 1) + timedelta(days=day):%Y%m%d}"


@cache
def due(day: int, allowance: int) -> datetime:
    """The deadline so many working days after a day."""
    return working_days.add(when(day * DAY - EAST), allowance)
