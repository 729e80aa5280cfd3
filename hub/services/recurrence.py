"""What comes again by a rule (RRULE), and its occurrences in China.

The days are looked at one period after the other, from the first to the last one that is asked for, so that a rule
which never comes again costs no more than another, nor does an old one: a library that looks on until it has found
something would look until the year 9999. Where a rule counts (COUNT), its end is found once, and remembered.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from hub.checks import Fault, times_faults
from hub.errors import Invalid
from hub.services.rrule import Rule, read_rule
from hub.services.working_days import CHINA

MOST_OCCURRENCES, MOST_DAYS = 1_000, 3 * 366
FIRST_YEAR, LAST_YEAR, NEVER_DAYS = 1949, 2149, 30 * 366
LAST_DAY = date(LAST_YEAR + 4, 1, 1)
AT = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Times:
    """A rule with what stands beside it: from when to when, at what time of day, and for how long."""

    rule: Rule
    starts_on: date
    ends_on: date | None = None
    at: time | None = None
    minutes: int | None = None

    @property
    def whole_day(self) -> bool:
        """Whether no time of day is said."""
        return self.at is None and not self.rule.hours and not self.rule.minutes

    @property
    def lasts(self) -> timedelta:
        """How long it takes each time: the whole day where no time of day is said, else what is said, or an hour."""
        if self.whole_day:
            return timedelta(days=1)
        return timedelta(hours=1) if self.minutes is None else timedelta(minutes=self.minutes)

    def all(self, until: date, *, since: date | None = None) -> Iterator[datetime]:
        """When it comes, in China's zone, up to and with one day, and from the other one on."""
        for found in _from(self, since or self.starts_on, min(until, self.ends_on or until, LAST_DAY)):
            if since is None or found.date() >= since:
                yield found.replace(tzinfo=CHINA)

    def between(self, since: date, until: date) -> list[datetime]:
        """When it comes from one day to another, both included. Raises Invalid for more than can be told at once."""
        must_be_span(since, until)
        found: list[datetime] = []
        for one in self.all(until, since=since):
            found.append(one)
            if len(found) > MOST_OCCURRENCES:
                raise Invalid(
                    f"It comes more than {MOST_OCCURRENCES} times from {since} to {until}: ask for fewer days.",
                    field="to",
                )
        return found

    def around(self, since: date, until: date) -> tuple[datetime | None, datetime | None]:
        """The last time before these days, and the first one after them, within three years."""
        before = None if (found := _last(self, since)) is None else found.replace(tzinfo=CHINA)
        further = self.all(min(until, date(LAST_YEAR, 1, 1)) + timedelta(days=MOST_DAYS), since=until)
        return before, next((one for one in further if one.date() > until), None)


def must_be_span(since: date, until: date) -> None:
    """Raise Invalid unless these are days in order, and not too far from one another."""
    if until < since:
        raise Invalid(f"{until} lies before {since}: give the earlier day first.", field="to")
    if (until - since).days > MOST_DAYS or not FIRST_YEAR <= since.year <= LAST_YEAR:
        raise Invalid(
            f"From {since} to {until} is too far: at most three years, from {FIRST_YEAR} to {LAST_YEAR}.", field="to"
        )


def times(
    rule: str, starts_on: date, *, ends_on: date | None = None, at: str | None = None, minutes: int | None = None
) -> Times:
    """A rule with what stands beside it, once it makes sense. Raises Invalid, naming the part and what to write."""
    read = read_rule(rule)
    if not FIRST_YEAR <= starts_on.year <= LAST_YEAR:
        raise Invalid(f"starts_on is {starts_on}: give a day from {FIRST_YEAR} to {LAST_YEAR}.", field="starts_on")
    if ends_on is not None and ends_on < starts_on:
        raise Invalid(f"ends_on is {ends_on}, before {starts_on}: give a later day.", field="ends_on")
    if minutes is not None and not 1 <= minutes <= 24 * 60:
        raise Invalid(f"minutes is {minutes}: give 1 to {24 * 60}, a day.", field="minutes")
    made = Times(read, starts_on, ends_on, clock(at), minutes)
    if made.at is not None and (read.hours or read.minutes):
        raise Invalid("The time of day is said twice: leave out `at`, or BYHOUR and BYMINUTE.", field="at")
    if next(made.all(starts_on + timedelta(days=NEVER_DAYS)), None) is None:
        raise Invalid(
            f"{read.text} never comes from {starts_on} on: choose days that there are, within its first and last day.",
            field="rule",
        )
    return made


def entered(
    rule: str, starts_on: date, *, ends_on: date | None = None, at: str | None = None, minutes: int | None = None
) -> Times:
    """The same for what a person writes: what lasts some minutes begins at a time of day. A source may leave that open.

    Raises Invalid.
    """
    made = times(rule, starts_on, ends_on=ends_on, at=at, minutes=minutes)
    if made.whole_day and minutes is not None:
        raise Invalid(
            f"minutes is {minutes}, and no time of day is said: give `at` as 09:00, or leave minutes empty.",
            field="minutes",
        )
    return made


@times_faults.answered_by
def faults(said: Mapping[str, Any]) -> Sequence[Fault]:
    """The part that is refused, and the words, where it makes no sense."""
    try:
        times(
            said["rule"],
            said["starts_on"],
            ends_on=said.get("ends_on"),
            at=said.get("at"),
            minutes=said.get("minutes"),
        )
    except Invalid as error:
        return [((error.field or "rule",), str(error))]
    return []


def clock(at: str | None) -> time | None:
    """A time of day. Raises Invalid."""
    if at is None:
        return None
    if (found := AT.fullmatch(at.strip())) is None:
        raise Invalid(f"at is {at!r}: write the time of day as 19:30.", field="at")
    return time(int(found[1]), int(found[2]))


def _from(times: Times, since: date, last: date) -> Iterator[datetime]:
    """The occurrences up to a day, as clocks in China show them; earlier ones than `since` may be left out."""
    end, number = _end(times), _number(times.rule, times.starts_on, since)
    while (period := _period(times.rule, times.starts_on, number))[0] <= last:
        for one in _within(times, *period):
            if one.date() > last or one > end:
                return
            yield one
        number += 1


def _last(times: Times, before: date) -> datetime | None:
    """The last occurrence before a day."""
    end = _end(times)
    last = min(before - timedelta(days=1), times.ends_on or LAST_DAY, end.date())
    for number in range(_number(times.rule, times.starts_on, last), -1, -1):
        period = _period(times.rule, times.starts_on, number)
        if found := [one for one in _within(times, *period) if one.date() <= last and one <= end]:
            return found[-1]
    return None


def _end(times: Times) -> datetime:
    """The last moment at which a rule may come by itself."""
    if times.rule.count is not None:
        return _counted(times)
    return times.rule.until or datetime.combine(LAST_DAY, time.max)


@lru_cache(4096)
def _counted(times: Times) -> datetime:
    """When it comes for the last time that is counted, if that is in our time."""
    left, number = times.rule.count or 0, 0
    while (period := _period(times.rule, times.starts_on, number))[0] <= LAST_DAY:
        for one in _within(times, *period):
            left -= 1
            if left == 0:
                return one
        number += 1
    return datetime.combine(LAST_DAY, time.max)


def _within(times: Times, first: date, end: date) -> Iterator[datetime]:
    """The occurrences of one period, from the first day of the rule on."""
    rule, begin = times.rule, datetime.combine(times.starts_on, times.at or time())
    clocks = [time(hour, minute) for hour in rule.hours or (begin.hour,) for minute in rule.minutes or (begin.minute,)]
    days = (first + timedelta(days=at) for at in range((end - first).days + 1))
    fitting = (day for day in days if _fits(rule, times.starts_on, day))
    if rule.positions:
        found = _chosen(list(fitting), clocks, rule.positions)
    else:
        found = (datetime.combine(day, clock) for day in fitting for clock in clocks)
    return (one for one in found if one >= begin)


def _number(rule: Rule, first: date, day: date) -> int:
    """Which of the rule's periods is the last that begins by that day; the first one is 0."""
    begin, _ = _period(rule, first, 0)
    if rule.freq in ("DAILY", "WEEKLY"):
        size, between = rule.interval * (1 if rule.freq == "DAILY" else 7), (day - begin).days
    else:
        size = rule.interval * (1 if rule.freq == "MONTHLY" else 12)
        between = (day.year - begin.year) * 12 + day.month - begin.month
    return max(between // size, 0)


def _period(rule: Rule, first: date, number: int) -> Span:
    """The first and the last day of a period that the rule looks at: a day, a week, a month or a year."""
    if rule.freq in ("DAILY", "WEEKLY"):
        size = 1 if rule.freq == "DAILY" else 7
        back = 0 if size == 1 else (first.weekday() - rule.week_start) % 7
        begin = first + timedelta(days=number * rule.interval * size - back)
        return begin, begin + timedelta(days=size - 1)
    size = 1 if rule.freq == "MONTHLY" else 12
    month = (first.month - 1 if size == 1 else 0) + number * rule.interval * size
    year, month = first.year + month // 12, month % 12 + 1
    end = month + size - 1
    return date(year, month, 1), date(year, end, monthrange(year, end)[1])


def _fits(rule: Rule, first: date, day: date) -> bool:
    """Whether the rule names the day: by its parts, or else as the first day is."""
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and day.day not in rule.month_days and day.day - _length(day) - 1 not in rule.month_days:
        return False
    if rule.week_days:
        return any(_is_week_day(rule, day, ordinal, which) for ordinal, which in rule.week_days)
    if rule.month_days or rule.freq == "DAILY":
        return True
    if rule.freq == "WEEKLY":
        return day.weekday() == first.weekday()
    return day.day == first.day and (rule.freq == "MONTHLY" or bool(rule.months) or day.month == first.month)


def _length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _is_week_day(rule: Rule, day: date, ordinal: int, which: int) -> bool:
    """Whether it is that day of the week, and that one of its month, or of its year where no month is named."""
    if day.weekday() != which:
        return False
    place, size = day.day, _length(day)
    if rule.freq == "YEARLY" and not rule.months:
        place, size = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
    return ordinal in (0, (place - 1) // 7 + 1, -((size - place) // 7 + 1))


def _chosen(days: Sequence[date], clocks: Sequence[time], positions: tuple[int, ...]) -> Iterator[datetime]:
    """Those of a period's occurrences that stand at these places among them."""
    size = len(days) * len(clocks)
    at = {place - 1 if place > 0 else size + place for place in positions}
    for day, clock in (divmod(number, len(clocks)) for number in sorted(at) if 0 <= number < size):
        yield datetime.combine(days[day], clocks[clock])
