"""Where the reading of each table stands: two positions, kept as text that remembers its type.

mark   up to here earlier runs have read
top    where the run under way ends
at     the watermark and the key of the last row that it has read
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, PlainSerializer, ValidationError, ValidationInfo
from sqlalchemy import BigInteger, BindParameter, Date, DateTime, Double, Numeric, String, Uuid, literal
from sqlalchemy.types import TypeEngine

from hub.plugin import SourceBroken

__all__ = ["Cursor", "Stand", "Stored", "before", "bound", "not_ahead", "parsed", "remembered", "storable"]

NAMES: dict[str, type] = {
    "time": datetime,
    "day": date,
    "int": int,
    "float": float,
    "number": Decimal,
    "id": UUID,
    "text": str,
}
WRITTEN = re.compile(r"(\d{4})(\D?)(\d\d)(\D?)(\d\d)(?:(\D?)(\d\d)(\D?)(\d\d)(?:(\D?)(\d\d))?)?")
COMPACT = ("%Y%m%d%H%M%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d", "%Y%m%d%H%M")


def storable(value: object) -> bool:
    """Whether a value can be a position."""
    return not isinstance(value, bool) and isinstance(value, tuple(NAMES.values()))


def _pack(value: Any) -> str | None:
    if value is None:
        return None
    name = next(name for name, kind in NAMES.items() if isinstance(value, kind))
    return f"{name}:{value.isoformat() if isinstance(value, date) else value}"


def _unpack(packed: Any, info: ValidationInfo) -> Any:
    if info.mode != "json" or packed is None:
        return packed
    name, _, text = str(packed).partition(":")
    if name not in NAMES:
        raise ValueError(f"{packed!r} is no stored value")
    kind: Any = NAMES[name]
    return kind.fromisoformat(text) if issubclass(kind, date) else kind(text)


Stored = Annotated[Any, BeforeValidator(_unpack), PlainSerializer(_pack)]


class Stand(BaseModel):
    """Where the reading of one table stands."""

    mark: Stored = None
    top: Stored = None
    at: tuple[Stored, Stored] | None = None


class Cursor(BaseModel):
    """The stand of every table, by its name."""

    tables: dict[str, Stand] = {}


def remembered(cursor: str | None) -> Cursor:
    """The positions that the hub kept for us."""
    try:
        return Cursor() if cursor is None else Cursor.model_validate_json(cursor)
    except (ValidationError, ArithmeticError):
        raise SourceBroken("The saved cursor is not one of this plugin. Reset it and run again.") from None


def bound(value: Any) -> BindParameter[Any]:
    """The value as a parameter of a statement, with the type that the drivers want to know."""
    kinds: dict[type, TypeEngine[Any]] = {
        datetime: DateTime(timezone=isinstance(value, datetime) and value.tzinfo is not None),
        date: Date(),
        int: BigInteger(),
        float: Double(),
        Decimal: Numeric(),
        UUID: Uuid(),
        str: String(),
    }
    return literal(value, next(kind for of, kind in kinds.items() if isinstance(value, of)))


def before(mark: Any, minutes: int, numbers: int) -> Any:
    """The mark less the overlap: minutes of a time, also of one that is kept as text; else so many numbers."""
    if isinstance(mark, str):
        time = parsed(mark)
        return _like(mark, time - timedelta(minutes=minutes)) if time and minutes else mark
    if isinstance(mark, date):
        return mark - timedelta(minutes=minutes)
    return mark if isinstance(mark, UUID) else mark - numbers


def not_ahead(top: Any, zone: ZoneInfo) -> Any:
    """The same, or now where it is a time to come: one row from the future must not hide all that follows."""
    time = parsed(top) if isinstance(top, str) else top
    if not isinstance(time, datetime):
        return top
    now = datetime.now(time.tzinfo or zone)
    if (time if time.tzinfo else time.replace(tzinfo=zone)) <= now:
        return top
    now = now if time.tzinfo else now.replace(tzinfo=None)
    return _like(top, now) if isinstance(top, str) else now


def parsed(text: str) -> datetime | None:
    """The time that a text holds, if it holds one: ISO 8601, 20260301093000, 2026/03/01 09:30:00."""
    written = text.strip()
    if not (written.isdigit() and len(written) in (12, 14)):
        try:
            return datetime.fromisoformat(written)
        except ValueError:
            pass
    for form in COMPACT:
        try:
            return datetime.strptime(written, form)
        except ValueError:
            continue
    return None


def _like(text: str, time: datetime) -> str:
    """The time as the text writes it, down to the second: such texts are compared letter by letter."""
    parts = iter(
        (f"{time:%Y}", *(f"{part:02d}" for part in (time.month, time.day, time.hour, time.minute, time.second)))
    )
    found = WRITTEN.match(text.strip())
    if found is None:
        return text
    return "".join((group if at % 2 else next(parts)) for at, group in enumerate(found.groups()) if group is not None)
