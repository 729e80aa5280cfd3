"""What stands in one cell of a row: text, a word of a list, a number, a time. Whatever cannot be read is Unreadable."""

import json
import math
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any

from plugins.hotline12345.dialects import BLANKS, Dialect

__all__ = [
    "CHINA",
    "CONVERTERS",
    "Convert",
    "Row",
    "Unreadable",
    "decimal",
    "moment",
    "path",
    "text",
    "word",
]

CHINA = timezone(timedelta(hours=8))
EXCEL_BEGINS = datetime(1899, 12, 30, tzinfo=CHINA)
EXCEL_SERIAL = re.compile(r"\d{5}(\.\d+)?")
EPOCH = re.compile(r"\d{10}(\d{3})?")
COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?()")
WRITTEN = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时](\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?)?[分秒]?)?\s*(Z|[+-]\d\d:?\d\d)?"
)
ZEROS = bytes.maketrans(b"123456789", b"000000000")
USUAL = frozenset({b"0000-00-00 00:00:00", b"0000-00-00T00:00:00"})

LONGEST_WORD = 40
LONGEST_PATH = 200
ANSWERS = {"YES": True, "NO": False, None: None}
EXAMPLES = {
    "kind": "APPEAL",
    "status": "IN_PROGRESS",
    "urgency": "NORMAL",
    "satisfaction": "SATISFIED",
    "channel": "HOTLINE_12345",
    **dict.fromkeys(("solved", "caller_confidential", "flag"), "YES"),
}

Convert = Callable[[Dialect, str, str, str], Any]
"""The dialect, the field, its column, what stands there -> what it means."""
Row = Mapping[str, Any]


class Unreadable(ValueError):
    """A cell that says something which cannot be understood. The message names the column and the next step."""


def text(value: object) -> str | None:
    """What stands in a cell, or None for nothing."""
    if not isinstance(value, str):
        if value is None:
            return None
        if isinstance(value, float):
            value = int(value) if value.is_integer() and abs(value) < 2**53 else repr(value)
        value = str(value)
    plain = value.strip()
    return None if plain in BLANKS else plain


def path(dialect: Dialect, cells: Iterable[object]) -> tuple[str, ...]:
    """The parts of a path: one cell for each, or one cell with arrows."""
    filled = tuple([plain for cell in cells if (plain := text(cell)) is not None])
    return (known_parts if len("".join(filled)) <= LONGEST_PATH else parts)(dialect, filled)


def parts(dialect: Dialect, cells: tuple[str, ...]) -> tuple[str, ...]:
    ends = dialect.ends["category"]
    return tuple(part.strip() for cell in cells for part in ends.split(cell) if part.strip())


known_parts = lru_cache(maxsize=4096)(parts)


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
    shape = value.encode(errors="surrogatepass").translate(ZEROS)
    try:
        if shape in USUAL:
            return datetime.fromisoformat(f"{value}+08:00")
        if spans := (known_spans if len(shape) <= LONGEST_WORD else spans_of)(shape):
            year, month, day, hour, minute, second = [int(value[span] or 0) for span in spans[:6]]
            zone = value[spans[6]]
            return datetime(year, month, day, hour, minute, second, 0, zoned(zone) if zone else CHINA)
        if EXCEL_SERIAL.fullmatch(value):
            return EXCEL_BEGINS + timedelta(seconds=round(float(value) * 86400))
        if EPOCH.fullmatch(value):
            return datetime.fromtimestamp(int(value[:10]), CHINA)
    except ValueError:
        pass
    raise Unreadable(f"column {name}: '{value[:40]}' is not a time that can be read. Correct it at the hotline.")


def spans_of(shape: bytes) -> list[slice]:
    """Where year, month, day, hour, minute, second and zone stand in times of this shape, 2026/3/2 being 0000/0/0."""
    written = shape.decode(errors="surrogatepass")
    parts = WRITTEN.fullmatch(written) or COMPACT.fullmatch(written)
    return [slice(*parts.span(at)) if parts[at] else slice(0) for at in range(1, 8)] if parts else []


known_spans = lru_cache(maxsize=1024)(spans_of)


@lru_cache(maxsize=64)
def zoned(zone: str) -> tzinfo | None:
    return datetime.strptime(zone, "%z").tzinfo


def as_text(dialect: Dialect, field: str, name: str, value: str) -> str:
    return value


def as_answer(dialect: Dialect, field: str, name: str, value: str) -> bool | None:
    return ANSWERS[word(dialect, field, name, value)]


def as_flag(dialect: Dialect, field: str, name: str, value: str) -> bool:
    return word(dialect, "flag", name, value) == "YES"


def as_times(dialect: Dialect, field: str, name: str, value: str) -> int:
    """How often: a number, or a word for once or never."""
    return int(value) if value.isdecimal() and len(value) < 5 else int(as_flag(dialect, field, name, value))


def as_moment(dialect: Dialect, field: str, name: str, value: str) -> datetime:
    return moment(dialect, name, value)


def as_handler(dialect: Dialect, field: str, name: str, value: str) -> str:
    return dialect.ends["handlers"].split(value, maxsplit=1)[0].strip()


CONVERTERS: Mapping[str, Convert] = {
    **dict.fromkeys(("title", "content", "place", "result"), as_text),
    **dict.fromkeys(("kind", "channel", "status", "urgency", "satisfaction"), word),
    **dict.fromkeys(("submitted_at", "due_at", "handled_at", "closed_at"), as_moment),
    "supervised": as_flag,
    "urged": as_times,
    "solved": as_answer,
    "assignee": as_handler,
}
