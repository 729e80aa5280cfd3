"""What stands in one cell: text, a number, a day, a time. Whatever cannot be read is Unreadable; it never says what."""

import math
import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

__all__ = ["CHINA", "Unreadable", "day", "decimal", "moment", "text", "whole"]

CHINA = timezone(timedelta(hours=8))
EXACT = 2**53
BLANKS = frozenset({"", "-", "—", "/", "无", "null", "None"})
WRITTEN = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?)?[分秒]?)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?"
)


class Unreadable(ValueError):
    """A cell that cannot be understood. The words name the column and the next step, and no person."""


def text(value: object) -> str | None:
    """What stands in a cell, or None for nothing."""
    if isinstance(value, float):
        if abs(value) >= EXACT:
            raise Unreadable("a number of more than 15 digits was rounded by a spreadsheet. Export the column as text.")
        value = int(value) if value.is_integer() else repr(value)
    plain = "" if value is None else str(value).strip()
    return None if plain in BLANKS else plain


def decimal(value: object) -> float:
    try:
        found = float(value)  # type: ignore[arg-type]  # anything: float() itself decides
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise Unreadable("that is no number. Correct it at the registry.")
    return found


def whole(value: object) -> int:
    found = decimal(value)
    if not found.is_integer():
        raise Unreadable("that is no whole number. Correct it at the registry.")
    return int(found)


def moment(value: Any) -> datetime:
    """A time as people and spreadsheets write it; Chinese time where no zone is named."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=CHINA)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=CHINA)
    parts = WRITTEN.fullmatch(str(value).strip())
    try:
        if parts is not None:
            zone = CHINA if parts["zone"] is None else datetime.strptime(parts["zone"], "%z").tzinfo
            year, month, day_, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
            return datetime(year, month, day_, hour, minute, second, tzinfo=zone)
    except ValueError:
        pass
    raise Unreadable("that is no time that can be read. Write 2026-03-02 08:00.")


def day(value: Any) -> date:
    """A day, in China."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return moment(value).astimezone(CHINA).date()
