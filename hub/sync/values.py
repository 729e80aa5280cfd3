"""From what a record says to what a column holds. A value that does not fit raises ValueError in words."""

import enum
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Date, DateTime, Enum, Float, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import CallableColumnDefault

from hub.plugin import Caller, Issue, Place
from hub.services.working_days import CHINA

Reader = Callable[[Any], Any]

TRUTHS = {"true": True, "1": True, "yes": True, "是": True, "false": False, "0": False, "no": False, "否": False}


def text(value: object) -> str:
    """Text without blanks around it; numbers are taken as they are written."""
    if type(value) is str and value.isascii() and "\x00" not in value:
        return value.strip()
    found = value if type(value) is str else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} is no text")
    if "\x00" in found:
        raise ValueError("it holds a NUL byte")
    try:
        found.encode()
    except UnicodeEncodeError as error:
        raise ValueError("it holds half a character (a lone surrogate)") from error
    return found.strip()


def whole(value: object) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is no whole number")
    try:
        found = int(value)  # type: ignore[call-overload]  # anything: int() itself decides
    except (TypeError, ValueError) as error:
        raise ValueError(f"{value!r} is no whole number") from error
    if not -(2**31) <= found < 2**31:
        raise ValueError(f"{value!r} is too large")
    return int(found)


def number(value: object) -> float:
    try:
        found = float(value)  # type: ignore[arg-type]  # as above
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{value!r} is no number") from error
    if found != found or found in (float("inf"), float("-inf")):
        raise ValueError(f"{value!r} is no number")
    return found


def truth(value: object) -> bool:
    """True and false as people and tables write them."""
    if isinstance(value, bool):
        return value
    try:
        return TRUTHS[str(value).strip().lower()]
    except KeyError:
        raise ValueError(f"{value!r} is neither yes nor no") from None


def day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(f"{value!r} is no day (write 2026-01-31)") from None


def moment(value: object) -> datetime:
    """A time with its zone."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(f"{value!r} is no time (write 2026-01-31T08:00:00+08:00)") from None
    if found.tzinfo is None:
        raise ValueError(f"{value!r} has no time zone (write 2026-01-31T08:00:00+08:00)")
    try:
        if not MINYEAR < found.year < MAXYEAR:
            found = found.astimezone(CHINA)  # its day there is reckoned with
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value!r} lies outside the years 1 to 9999") from None


def term(vocabulary: type[enum.Enum]) -> Reader:
    """A reader for the names of a vocabulary."""
    members = vocabulary.__members__

    def read(value: object) -> enum.Enum:
        try:
            return members[value]  # type: ignore[index]  # what is no name is not found
        except (KeyError, TypeError):
            raise ValueError(f"{value!r} is none of {', '.join(members)}") from None

    return read


def named(value: object) -> str | Place:
    """What names another row: a code, or a place in the source's words."""
    if isinstance(value, Place):
        return _place(value.under, tuple(value.names))
    if isinstance(value, (str, int)):
        return text(value)
    raise ValueError(f"{value!r} is neither a code nor a place")


@lru_cache(4096)
def _place(under: str, names: tuple[str, ...]) -> Place:
    """The same few places are named again and again."""
    return Place(text(under), tuple(text(name) for name in names if name))


def texts(value: object) -> list[str]:
    """A list of texts; one text stands for a list of one."""
    if isinstance(value, str):
        return [found] if (found := text(value)) else []
    if not isinstance(value, Sequence):
        raise ValueError(f"{value!r} is no list of texts")
    return [found for part in value if (found := text(part))]


def document(value: object) -> dict[str, Any]:
    """An object of JSON that PostgreSQL can keep."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{value!r} is no object")
    told = orjson.dumps(dict(value), option=orjson.OPT_NON_STR_KEYS)
    if b"\\u0000" in told:
        raise ValueError("it holds a NUL character")
    found: dict[str, Any] = orjson.loads(told)
    return found


def caller(value: object) -> Caller:
    if not isinstance(value, Caller):
        raise ValueError(f"a {type(value).__name__} is no Caller")
    name = None if value.name is None else text(value.name) or None
    phone = None if value.phone is None else text(value.phone) or None
    confidential = truth(value.confidential)
    same = name is value.name and phone is value.phone and confidential is value.confidential
    return value if same else Caller(name, phone, confidential)


def issues(value: object) -> list[Issue]:
    """The matters of one order, each with a key of its own."""
    if not isinstance(value, Sequence) or not all(isinstance(issue, Issue) for issue in value):
        raise ValueError("they are no sequence of Issue")
    found: dict[str, Issue] = {}
    for issue in value:
        key, title = text(issue.key), text(issue.title)
        if not key or not title or key in found:
            raise ValueError(f"{key!r} needs a title and must stand there once")
        found[key] = replace(issue, key=key, title=title, category=issue.category and text(issue.category))
    return list(found.values())


def reader(column: Column[Any]) -> Reader:
    """How values of this column are read, decided by its type."""
    match column.type:
        case Enum(enum_class=vocabulary) if vocabulary is not None:
            return term(vocabulary)
        case Boolean():
            return truth
        case Integer():
            return whole
        case Float():
            return number
        case DateTime():
            return moment
        case Date():
            return day
        case JSONB():
            listed = isinstance(column.default, CallableColumnDefault) and column.default.arg(None) == []  # type: ignore[arg-type]  # list() asks for no context
            return texts if listed or "listed" in column.info else document
    return text
