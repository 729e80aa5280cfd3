"""What comes again by a rule: RRULE of RFC 5545, checked here and nowhere else, and its occurrences in China.

    FREQ=DAILY                           每天            FREQ=MONTHLY;BYMONTHDAY=5,15,25    逢5进圈
    FREQ=WEEKLY;BYDAY=SA,SU              红色周末        FREQ=MONTHLY;INTERVAL=3            每季度

Taken are rules for people: of days and larger, never of less than a day. The days are looked at one period after the
other up to the last one that is asked for, so that a rule which never comes again costs no more than another: a library
that looks on until it has found something would look until the year 9999.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from hub.checks import Fault, times_faults
from hub.errors import Invalid
from hub.services.working_days import CHINA

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_OCCURRENCES, MOST_DAYS, LONGEST = 1_000, 3 * 366, 500
FIRST_YEAR, LAST_YEAR, NEVER_DAYS = 1949, 2149, 30 * 366
INSTEAD = {
    "BYSECOND": "BYHOUR and BYMINUTE",
    "BYYEARDAY": "BYMONTH and BYMONTHDAY",
    "BYWEEKNO": "BYMONTH and BYDAY",
    "BYEASTER": "BYMONTH and BYMONTHDAY",
    "DTSTART": "the first day beside the rule, not in it",
}
AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
WEEK_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")

Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, read. `text` is how it is written; an empty part says nothing."""

    text: str
    freq: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    months: frozenset[int] = frozenset()
    month_days: frozenset[int] = frozenset()
    week_days: frozenset[tuple[int, int]] = frozenset()  # which one of the month or year, 0 for each; Monday is 0
    positions: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    week_start: int = 0


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
        """How long it takes each time: an hour, or the whole day, unless that is said."""
        if self.minutes is not None:
            return timedelta(minutes=self.minutes)
        return timedelta(days=1) if self.whole_day else timedelta(hours=1)

    def all(self, until: date) -> Iterator[datetime]:
        """When it comes, in China's zone, up to and with that day."""
        last = min(until, self.ends_on) if self.ends_on is not None else until
        for found in _counted(self, last):
            yield found.replace(tzinfo=CHINA)

    def between(self, since: date, until: date) -> list[datetime]:
        """When it comes from one day to another, both included. Raises Invalid for more than can be told at once."""
        must_be_span(since, until)
        found: list[datetime] = []
        for one in self.all(until):
            if one.date() >= since:
                found.append(one)
            if len(found) > MOST_OCCURRENCES:
                raise Invalid(
                    f"It comes more than {MOST_OCCURRENCES} times from {since} to {until}: ask for fewer days.",
                    field="to",
                )
        return found

    def around(self, since: date, until: date) -> tuple[datetime | None, datetime | None]:
        """The last time before these days, and the first one after them, within three years."""
        before: datetime | None = None
        for one in self.all(min(until, date(LAST_YEAR, 1, 1)) + timedelta(days=MOST_DAYS)):
            if one.date() < since:
                before = one
            elif one.date() > until:
                return before, one
        return before, None


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


def problem(rule: str) -> str | None:
    """The words of a refusal, if the rule is none."""
    try:
        read_rule(rule)
    except Invalid as error:
        return str(error)
    return None


def clock(at: str | None) -> time | None:
    """A time of day. Raises Invalid."""
    if at is None:
        return None
    if (found := AT.fullmatch(at.strip())) is None:
        raise Invalid(f"at is {at!r}: write the time of day as 19:30.", field="at")
    return time(int(found[1]), int(found[2]))


@lru_cache(1024)
def read_rule(rule: str) -> Rule:
    """The rule that a text is. Raises Invalid."""
    text = rule.strip().upper().removeprefix("RRULE:").rstrip(";")
    if not text or len(text) > LONGEST:
        raise _wrong("The rule is empty or longer than 500 characters: write for example FREQ=WEEKLY;BYDAY=SA,SU.")
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if name in INSTEAD:
            raise _wrong(f"{name} is not taken: write {INSTEAD[name]}.")
        if name not in READERS or not equals or not value:
            raise _wrong(f"{part!r} is no part of a rule: write one of {', '.join(READERS)}, as FREQ=MONTHLY.")
        if name in parts:
            raise _wrong(f"{name} stands there twice: put its values into one, parted by commas.")
        parts[name] = value
    if "FREQ" not in parts:
        raise _wrong("FREQ is missing: begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY.")
    read = Rule(text, **{READERS[name][0]: READERS[name][1](value) for name, value in parts.items()})  # type: ignore[arg-type]  # each reader is its field's
    return _fitting(read)


def _fitting(rule: Rule) -> Rule:
    """The rule, if its parts go together."""
    if rule.count is not None and rule.until is not None:
        raise _wrong("COUNT and UNTIL are both there: write one of them.")
    if rule.freq in ("DAILY", "WEEKLY") and any(ordinal for ordinal, _ in rule.week_days):
        raise _wrong("BYDAY counts days of a month, as 2MO does, in MONTHLY and YEARLY rules only: write MO.")
    if rule.freq == "WEEKLY" and rule.month_days:
        raise _wrong("BYMONTHDAY does not go with FREQ=WEEKLY: write FREQ=MONTHLY.")
    if rule.positions and not (rule.months or rule.month_days or rule.week_days or rule.hours or rule.minutes):
        raise _wrong("BYSETPOS chooses among days: write BYDAY or BYMONTHDAY beside it.")
    return rule


def _wrong(message: str) -> Invalid:
    return Invalid(message, field="rule")


# --- the parts


def _freq(value: str) -> str:
    if value not in FREQUENCIES:
        often = (
            "HOURLY, MINUTELY and SECONDLY are too often for people; for hours of a day write FREQ=DAILY;BYHOUR=9,14."
        )
        raise _wrong(f"FREQ={value}: write DAILY, WEEKLY, MONTHLY or YEARLY. {often}")
    return value


def _whole(name: str, least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch(r"\d{1,5}", value) or not least <= int(value) <= most:
            raise _wrong(f"{name}={value}: write a number from {least} to {most}.")
        return int(value)

    return read


def _numbers(name: str, least: int, most: int, *, back: bool = False) -> Callable[[str], tuple[int, ...]]:
    """Several numbers; `back`: they may count from the end."""

    def read(value: str) -> tuple[int, ...]:
        found = set[int]()
        for one in value.split(","):
            said = int(one) if re.fullmatch(r"[+-]?\d{1,3}", one) else None
            if said is None or not least <= (abs(said) if back else said) <= most:
                ends = f", or -{least} to -{most} from the end" if back else ""
                raise _wrong(f"{name}={value}: write numbers from {least} to {most}{ends}, parted by commas.")
            found.add(said)
        return tuple(sorted(found))

    return read


def _week_days(value: str) -> frozenset[tuple[int, int]]:
    found = set[tuple[int, int]]()
    for one in value.split(","):
        day = WEEK_DAY.fullmatch(one)
        if day is None or (day[1] and not 1 <= abs(int(day[1])) <= 53):
            raise _wrong(f"BYDAY={value}: write days as MO,TU,WE,TH,FR,SA,SU; 1MO is the first Monday, -1FR the last.")
        found.add((int(day[1] or 0), DAYS.index(day[2])))
    return frozenset(found)


def _until(value: str) -> datetime:
    """The last moment, as clocks in China show it."""
    found = UNTIL.fullmatch(value)
    try:
        if found is not None and found[2] is None:
            return datetime.combine(datetime.strptime(found[1], "%Y%m%d"), time.max)
        if found is not None:
            said = datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S")
            return said.replace(tzinfo=UTC).astimezone(CHINA).replace(tzinfo=None) if found[3] else said
    except (ValueError, OverflowError):
        pass
    raise _wrong(f"UNTIL={value}: write a day as 20261231, or a moment as 20261231T155959Z.")


def _week_start(value: str) -> int:
    if value not in DAYS:
        raise _wrong(f"WKST={value}: write MO or SU.")
    return DAYS.index(value)


READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    "FREQ": ("freq", _freq),
    "INTERVAL": ("interval", _whole("INTERVAL", 1, 1000)),
    "COUNT": ("count", _whole("COUNT", 1, 10_000)),
    "UNTIL": ("until", _until),
    "BYMONTH": ("months", lambda value: frozenset(_numbers("BYMONTH", 1, 12)(value))),
    "BYMONTHDAY": ("month_days", lambda value: frozenset(_numbers("BYMONTHDAY", 1, 31, back=True)(value))),
    "BYDAY": ("week_days", _week_days),
    "BYSETPOS": ("positions", _numbers("BYSETPOS", 1, 366, back=True)),
    "BYHOUR": ("hours", _numbers("BYHOUR", 0, 23)),
    "BYMINUTE": ("minutes", _numbers("BYMINUTE", 0, 59)),
    "WKST": ("week_start", _week_start),
}


# --- the days


def _counted(times: Times, last: date) -> Iterator[datetime]:
    """The occurrences up to a day, as clocks in China show them."""
    rule, left = times.rule, times.rule.count
    begin = times.at or time()
    hours, minutes = rule.hours or (begin.hour,), rule.minutes or (begin.minute,)
    clocks = [time(hour, minute) for hour in hours for minute in minutes]
    for first, end in _periods(rule, times.starts_on, last):
        days = (first + timedelta(days=at) for at in range((end - first).days + 1))
        found = [datetime.combine(day, clock) for day in days if _fits(rule, times.starts_on, day) for clock in clocks]
        for one in _chosen(found, rule.positions):
            if one < datetime.combine(times.starts_on, begin):
                continue
            if one.date() > last or (rule.until is not None and one > rule.until) or left == 0:
                return
            left = None if left is None else left - 1
            yield one


def _periods(rule: Rule, first: date, last: date) -> Iterator[Span]:
    """The periods that the rule looks at, one after the other: days, weeks, months or years."""
    if rule.freq in ("DAILY", "WEEKLY"):
        days = 1 if rule.freq == "DAILY" else 7
        begin = first if days == 1 else first - timedelta(days=(first.weekday() - rule.week_start) % 7)
        for number in range(0, (last - begin).days + 1, days * rule.interval):
            yield begin + timedelta(days=number), begin + timedelta(days=number + days - 1)
        return
    months = rule.interval * (1 if rule.freq == "MONTHLY" else 12)
    begin = first.replace(day=1) if rule.freq == "MONTHLY" else first.replace(month=1, day=1)
    for number in range(0, (last.year - begin.year) * 12 + last.month - begin.month + 1, months):
        year, month = begin.year + (begin.month - 1 + number) // 12, (begin.month - 1 + number) % 12 + 1
        end = month if rule.freq == "MONTHLY" else 12
        yield date(year, month, 1), date(year, end, monthrange(year, end)[1])


def _fits(rule: Rule, first: date, day: date) -> bool:
    """Whether the rule names the day: by its parts, or else as the first day is."""
    length = monthrange(day.year, day.month)[1]
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and not {day.day, day.day - length - 1} & rule.month_days:
        return False
    if rule.week_days:
        return any(_is_week_day(rule, day, length, ordinal, which) for ordinal, which in rule.week_days)
    if rule.month_days or rule.freq == "DAILY":
        return True
    if rule.freq == "WEEKLY":
        return day.weekday() == first.weekday()
    return day.day == first.day and (rule.freq == "MONTHLY" or bool(rule.months) or day.month == first.month)


def _is_week_day(rule: Rule, day: date, length: int, ordinal: int, which: int) -> bool:
    """Whether it is that day of the week, and that one of its month, or of its year where no month is named."""
    if day.weekday() != which:
        return False
    place, size = day.day, length
    if rule.freq == "YEARLY" and not rule.months:
        place, size = day.timetuple().tm_yday, date(day.year, 12, 31).timetuple().tm_yday
    return ordinal in (0, (place - 1) // 7 + 1, -((size - place) // 7 + 1))


def _chosen(found: list[datetime], positions: tuple[int, ...]) -> list[datetime]:
    if not positions:
        return found
    at = {place - 1 if place > 0 else len(found) + place for place in positions}
    return [one for number, one in enumerate(found) if number in at]
