"""What stands in one cell of a row: text, a word of a list, a number, a time. Whatever cannot be read is Unreadable."""

import json
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from plugins.hotline12345.dialects import BLANKS, Dialect

__all__ = ["CHINA", "Row", "Unreadable", "decimal", "first", "moment", "path", "text", "word"]

CHINA = timezone(timedelta(hours=8))
EXCEL_BEGINS = datetime(1899, 12, 30, tzinfo=CHINA)
EXCEL_SERIAL = re.compile(r"\d{5}(\.\d+)?")
EPOCH = re.compile(r"\d{10}(\d{3})?")
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?")
WRITTEN = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?)?[分秒]?)?\s*(?P<zone>Z|[+-]\d\d:?\d\d)?"
)

LONGEST_WORD = 40
EXAMPLES = {
    "kind": "APPEAL",
    "status": "IN_PROGRESS",
    "urgency": "NORMAL",
    "satisfaction": "SATISFIED",
    "channel": "HOTLINE_12345",
    **dict.fromkeys(("solved", "caller_confidential", "flag"), "YES"),
}

Row = Mapping[str, Any]


class Unreadable(ValueError):
    """A cell that says something which cannot be understood. The message names the column and the next step."""


def text(value: object) -> str | None:
    """What stands in a cell, or None for nothing."""
    if value is None:
        return None
    if isinstance(value, float):
        value = int(value) if value.is_integer() and abs(value) < 2**53 else repr(value)
    plain = str(value).strip()
    return None if plain in BLANKS else plain


def first(row: Row, dialect: Dialect, field: str) -> tuple[str | None, str | None]:
    """The first filled source name of a field and what it holds; (name, None) if all are empty, else (None, None)."""
    there = None
    for name in dialect.fields.get(field, ()):
        if name in row:
            there = there or name
            if (value := text(row[name])) is not None:
                return name, value
    return there, None


def path(row: Row, dialect: Dialect, names: Sequence[str]) -> tuple[str, ...]:
    """The parts of a path: one field for each, or one field with arrows."""
    ends = dialect.ends["category"]
    cells = (text(row.get(name)) for name in names)
    return tuple(part.strip() for cell in cells if cell for part in ends.split(cell) if part.strip())


def word(dialect: Dialect, field: str, name: str, value: str) -> str | None:
    """What a word of a list means."""
    if value in dialect.words[field]:
        return dialect.words[field][value]
    told = f"column {name}: the word '{value[:40]}' is unknown."
    if len(value) > LONGEST_WORD:
        raise Unreadable(f"{told} Correct it at the hotline.")
    setting = json.dumps({field: {value: EXAMPLES[field]}}, ensure_ascii=False)
    raise Unreadable(
        f"{told} Add it to the setting words, with what it means in place of {EXAMPLES[field]}: "
        f"--set words={shlex.quote(setting)}"
    )


def decimal(name: str, value: str) -> float:
    """A number."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Unreadable(f"column {name}: '{value[:40]}' is not a number. Correct it at the hotline.")
    return number


def moment(dialect: Dialect, name: str, value: str) -> datetime:
    """A time in the dialect's own way, or in one of those in which people and spreadsheets write it; Chinese time where
    no zone is named."""
    for form in dialect.times:
        try:
            written = datetime.strptime(value, form)
        except ValueError:
            continue
        return written if written.tzinfo else written.replace(tzinfo=CHINA)
    try:
        if EXCEL_SERIAL.fullmatch(value):
            return EXCEL_BEGINS + timedelta(seconds=round(float(value) * 86400))
        if EPOCH.fullmatch(value):
            return datetime.fromtimestamp(int(value[:10]), CHINA)
        parts = COMPACT.fullmatch(value) or WRITTEN.fullmatch(value)
        if parts is not None:
            zone = parts.groupdict().get("zone")
            year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
            there = CHINA if zone is None else datetime.strptime(zone, "%z").tzinfo
            return datetime(year, month, day, hour, minute, second, tzinfo=there)
    except ValueError:
        pass
    raise Unreadable(f"column {name}: '{value[:40]}' is not a time that can be read. Correct it at the hotline.")
