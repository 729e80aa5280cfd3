"""What stands in the cells of a row: text, a word of a list, a number, a time. What cannot be read is Unreadable."""

import json
import math
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache, partial
from typing import Any

from plugins.hotline12345.dialects import BLANKS, Dialect

__all__ = [
    "CHINA",
    "CONVERTERS",
    "Cells",
    "Convert",
    "Row",
    "Unreadable",
    "decimal",
    "filled",
    "moment",
    "path",
    "text",
    "words",
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
ANSWERS: Mapping[str | None, bool] = {"YES": True, "NO": False}
NOTHING = BLANKS | {None}
EXAMPLES = {
    "kind": "APPEAL",
    "status": "IN_PROGRESS",
    "urgency": "NORMAL",
    "satisfaction": "SATISFIED",
    "channel": "HOTLINE_12345",
    **dict.fromkeys(("solved", "caller_confidential", "flag"), "YES"),
}

Convert = Callable[[str, str], Any]
"""A column and what stands there -> what it means."""
Row = Mapping[str, Any]
Cells = Mapping[str, str]
"""Of a row the columns in which something stands, as text."""


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


def filled(row: Row, columns: Sequence[str]) -> dict[str, str]:
    """Those of these columns in which something stands."""
    found = {}
    for column in columns:
        value = row[column]
        plain = value.strip() if type(value) is str else text(value)
        if plain not in NOTHING:
            found[column] = plain
    return found  # type: ignore[return-value]  # None is NOTHING


def path(dialect: Dialect, written: Iterable[str]) -> tuple[str, ...]:
    """The parts of a path: one text for each, or one with arrows."""
    cells = tuple(written)
    return (known_parts if len("".join(cells)) <= LONGEST_PATH else parts)(dialect, cells)


def parts(dialect: Dialect, cells: tuple[str, ...]) -> tuple[str, ...]:
    ends = dialect.ends["category"]
    return tuple(part.strip() for cell in cells for part in ends.split(cell) if part.strip())


known_parts = lru_cache(maxsize=4096)(parts)


def words(dialect: Dialect, field: str, meanings: Mapping[str | None, Any] | None = None) -> Convert:
    """What the words of a list mean: a name of the hub, or what `meanings` has for that."""
    known = {word: name if meanings is None else meanings.get(name) for word, name in dialect.words[field].items()}

    def read(name: str, value: str) -> Any:
        try:
            return known[value]
        except KeyError:
            raise unknown(field, name, value) from None

    return read


def unknown(field: str, name: str, value: str) -> Unreadable:
    told = f"column {name}: the word '{value[:40]}' is unknown."
    if len(value) > LONGEST_WORD:
        return Unreadable(f"{told} Correct it at the hotline.")
    setting = json.dumps({field: {value: EXAMPLES[field]}}, ensure_ascii=False)
    return Unreadable(
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


def texts(dialect: Dialect, field: str) -> Convert:
    return lambda name, value: value


def answers(dialect: Dialect, field: str) -> Convert:
    return words(dialect, field, ANSWERS)


def flags(dialect: Dialect, field: str) -> Convert:
    return words(dialect, "flag", {**ANSWERS, None: False})


def times(dialect: Dialect, field: str) -> Convert:
    """How often: a number, or a word for once or never."""
    flag = flags(dialect, field)
    return lambda name, value: int(value) if value.isdecimal() and len(value) < 5 else int(flag(name, value))


def moments(dialect: Dialect, field: str) -> Convert:
    return partial(moment, dialect)


def handlers(dialect: Dialect, field: str) -> Convert:
    """Of several the first."""
    ends = dialect.ends["handlers"]
    return lambda name, value: ends.split(value, maxsplit=1)[0].strip()


CONVERTERS: Mapping[str, Callable[[Dialect, str], Convert]] = {
    **dict.fromkeys(("title", "content", "place", "result"), texts),
    **dict.fromkeys(("kind", "channel", "status", "urgency", "satisfaction"), words),
    **dict.fromkeys(("submitted_at", "due_at", "handled_at", "closed_at"), moments),
    "supervised": flags,
    "urged": times,
    "solved": answers,
    "assignee": handlers,
}
"""The dialect and the field -> how its cells are read."""
