"""Rules of recurrence (RRULE of RFC 5545) as far as people go by them: of days and longer, of days that there are."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time

from dateutil.rrule import rrulestr

OFTEN = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
BOUNDS = {
    "INTERVAL": (1, 1000),
    "COUNT": (1, 10_000),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (1, 31),
    "BYSETPOS": (1, 366),
    "BYHOUR": (0, 23),
    "BYMINUTE": (0, 59),
}
FROM_THE_END = ("BYMONTHDAY", "BYSETPOS")
PARTS = ("FREQ", *BOUNDS, "BYDAY", "UNTIL", "WKST")
UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")
DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
INSTEAD = "Write for example FREQ=MONTHLY;BYMONTHDAY=5,15,25."


def wrong_rule(rule: str, starts_on: date) -> str | None:
    """What is wrong with a rule, and what to write instead."""
    parts = dict(part.strip().upper().partition("=")[::2] for part in rule.split(";"))
    if parts.get("FREQ") not in OFTEN:
        return f"FREQ={parts.get('FREQ', '')} is none. Begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."
    for name, value in parts.items():
        if name not in PARTS:
            return f"{name} is no part of a rule. Write one of: {', '.join(PARTS)}."
        if name in BOUNDS and (words := _beyond(name, value)) is not None:
            return words
        if name == "BYDAY" and not all(DAY.fullmatch(one) for one in value.split(",")):
            return f"BYDAY={value}: write days as MO,TU,WE,TH,FR,SA,SU; 1MO is the first Monday, -1FR the last Friday."
    until = parts.get("UNTIL", "20261231")
    if not UNTIL.fullmatch(until):
        return f"UNTIL={until}: write the last day as 20261231."
    if not _there_are(parts):
        return f"BYMONTH={parts['BYMONTH']} has no day {parts['BYMONTHDAY']}. Choose days that there are."
    try:
        rrulestr(rule, dtstart=datetime.combine(starts_on, time(), UTC if until.endswith("Z") else None))
    except (ValueError, TypeError) as error:
        return f"{rule} is no rule: {error}. {INSTEAD}"
    return None


def _beyond(name: str, value: str) -> str | None:
    least, most = BOUNDS[name]
    sign = "-?" if name in FROM_THE_END else ""
    for one in value.split(","):
        if not re.fullmatch(rf"{sign}[0-9]{{1,5}}", one) or not least <= abs(int(one)) <= most:
            end = f", or -{least} to -{most} from the end" if sign else ""
            return f"{name}={value}: write numbers from {least} to {most}{end}."
    return None


def _there_are(parts: dict[str, str]) -> bool:
    """Whether some month of a rule has some day of it."""
    if "BYMONTH" not in parts or "BYMONTHDAY" not in parts:
        return True
    months = [int(one) for one in parts["BYMONTH"].split(",")]
    return any(
        abs(int(day)) <= monthrange(2028, month)[1] for month in months for day in parts["BYMONTHDAY"].split(",")
    )
