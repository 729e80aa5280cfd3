"""Rules of what comes again: RRULE of RFC 5545, read and checked here and nowhere else.

    FREQ=DAILY                           每天            FREQ=MONTHLY;BYMONTHDAY=5,15,25    逢5进圈
    FREQ=WEEKLY;BYDAY=SA,SU              红色周末        FREQ=MONTHLY;INTERVAL=3            每季度

Taken are rules for people: of days and larger, never of less than a day.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache

from hub.errors import Invalid
from hub.services.working_days import CHINA

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LONGEST, MOST_CLOCKS = 500, 48
INSTEAD = {
    "BYSECOND": "BYHOUR and BYMINUTE",
    "BYYEARDAY": "BYMONTH and BYMONTHDAY",
    "BYWEEKNO": "BYMONTH and BYDAY",
    "BYEASTER": "BYMONTH and BYMONTHDAY",
    "DTSTART": "the first day beside the rule, not in it",
}
WEEK_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")


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
    if (clocks := max(len(rule.hours), 1) * max(len(rule.minutes), 1)) > MOST_CLOCKS:
        raise _wrong(f"BYHOUR and BYMINUTE make {clocks} times of day: at most {MOST_CLOCKS} are taken.")
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
        if not re.fullmatch(r"[0-9]{1,5}", value) or not least <= int(value) <= most:
            raise _wrong(f"{name}={value}: write a number from {least} to {most}.")
        return int(value)

    return read


def _numbers(name: str, least: int, most: int, *, back: bool = False) -> Callable[[str], tuple[int, ...]]:
    """Several numbers; `back`: they may count from the end."""

    def read(value: str) -> tuple[int, ...]:
        found = set[int]()
        for one in value.split(","):
            said = int(one) if re.fullmatch(r"[+-]?[0-9]{1,3}", one) else None
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
