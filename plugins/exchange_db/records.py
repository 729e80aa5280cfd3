"""What a row says: a mapping, which is data, and the record that comes of it."""

from collections.abc import Mapping as Rows
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args, get_type_hints
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.plugin import (
    AllianceFields,
    BadRecord,
    Caller,
    GridFields,
    MemberFields,
    OrganizationFields,
    PersonFields,
    Place,
    Record,
    RequestFields,
    ResourceFields,
)
from plugins.exchange_db.positions import parsed

__all__ = ["Kind", "Mapping", "Row", "plain", "read"]

Kind = Literal["grid", "organization", "person", "alliance", "member", "resource", "request"]
Row = Rows[str, Any]

HINTS: dict[str, dict[str, Any]] = {
    "grid": get_type_hints(GridFields),
    "organization": get_type_hints(OrganizationFields),
    "person": get_type_hints(PersonFields),
    "alliance": get_type_hints(AllianceFields),
    "member": get_type_hints(MemberFields),
    "resource": get_type_hints(ResourceFields),
    "request": get_type_hints(RequestFields),
}
CALLER = ("caller_name", "caller_phone", "caller_confidential")
NESTED = ("caller", "issues")
NO = frozenset(("0", "false", "f", "no", "n", "否", "不保密"))
MASK = "***"


class Mapping(BaseModel):
    """One table, and what its columns mean."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    table: str = Field(min_length=1, title="表或视图")
    schema_: str | None = Field(None, alias="schema", title="模式")
    kind: Kind = Field(title="种类", description="What a row is.")
    key: str = Field(min_length=1, title="主键列", description="Its value never changes and is never reused.")
    watermark: str = Field(min_length=1, title="水位列", description="A time or a number that grows with every change.")
    columns: dict[str, str] = Field(title="列", description="Column to field: {'gdbh': 'number', 'bt': 'title'}.")
    constants: dict[str, Any] = Field({}, title="固定值", description="Fields that are the same in every row.")
    words: dict[str, dict[str, str]] = Field(
        {}, title="用语", description="Field to values and the hub's names for them: {'status': {'03': 'CLOSED'}}."
    )
    deleted: str | None = Field(None, title="删除标志列", description="A row is gone if its value is among these:")
    deleted_values: list[str] = Field(["1", "true", "t", "yes", "y", "d", "是", "已删除"], title="删除标志值")
    under: str | None = Field(None, title="所属区划", description="The division in which grids given by name lie.")

    @model_validator(mode="after")
    def _known_fields(self) -> "Mapping":
        known = [
            name for name in (*HINTS[self.kind], *(CALLER if self.kind == "request" else ())) if name not in NESTED
        ]
        for setting, named in (
            ("columns", self.columns.values()),
            ("constants", self.constants),
            ("words", self.words),
        ):
            for field in named:
                if field not in known:
                    raise ValueError(f"{setting}: {self.kind} has no field {field!r}, only {', '.join(known)}")
        return self

    @property
    def name(self) -> str:
        return f"{self.schema_}.{self.table}" if self.schema_ else self.table

    @property
    def needed(self) -> list[str]:
        """The columns that are read."""
        return list(dict.fromkeys((self.key, self.watermark, *([self.deleted] if self.deleted else ()), *self.columns)))

    @property
    def titles(self) -> dict[str, str]:
        """Field to column, for messages."""
        return {field: column for column, field in self.columns.items()}

    def shown(self, row: Row) -> dict[str, str | None]:
        """The row as an admin may see it: without the caller."""
        secret = {column for column, field in self.columns.items() if field in CALLER}
        return {name: None if value is None else MASK if name in secret else str(value) for name, value in row.items()}


class Unreadable(ValueError):
    """What is wrong with the value of a column."""


def read(mapping: Mapping, row: Row, zone: ZoneInfo) -> Record | BadRecord:
    """The record that the row says."""
    key, changed = plain(row[mapping.key]), row[mapping.watermark]
    where = f"{mapping.name}, {mapping.key} {key}"
    if isinstance(changed, str):
        changed = parsed(changed)
    at = _moment(changed, zone) if isinstance(changed, datetime) else None
    if mapping.deleted and _is_gone(row[mapping.deleted], mapping.deleted_values):
        return Record(mapping.kind, str(key), {}, deleted=True, where=where, at=at)
    fields: dict[str, Any] = dict(mapping.constants)
    column = ""
    try:
        for column, field in mapping.columns.items():
            fields[field] = _value(mapping, field, row[column], zone)
    except Unreadable as error:
        reason = f"{where}, column {column}: {error}. Correct it there and run again."
        return BadRecord(reason, mapping.shown(row), mapping.kind, str(key), where)
    if not fields.keys().isdisjoint(CALLER):
        name, phone, confidential = (fields.pop(field, None) for field in CALLER)
        secret = str(confidential).strip().lower() not in NO
        fields["caller"] = Caller(_text(name), _text(phone), secret) if name or phone else None
    return Record(mapping.kind, str(key), fields, where=where, at=at)


def _is_gone(flag: object, words: list[str]) -> bool:
    """Whether the flag says so: one of the words, or the time of the deletion."""
    return isinstance(flag, date) or str(plain(flag)).strip().lower() in words


def plain(value: object) -> object:
    """Whole numbers without a point: 5.0 and Decimal("5.00") are 5. Other decimals as floats, ids as text."""
    if isinstance(value, (float, Decimal)) and value == value and abs(value) != float("inf"):
        return int(value) if value == int(value) else float(value)
    return str(value) if isinstance(value, UUID) else value


def _value(mapping: Mapping, field: str, raw: object, zone: ZoneInfo) -> object:
    value = plain(raw)
    if value is None or value == "":
        return None
    if not isinstance(value, (str, int, float, bool, date)):
        raise Unreadable(f"it holds a {type(value).__name__}, which is no value of {field}")
    if isinstance(value, str) and "\0" in value:
        raise Unreadable("it holds a NUL byte")
    meanings = mapping.words.get(field, {})
    if (said := str(value).strip()) in meanings:
        return meanings[said]
    hint = HINTS[mapping.kind].get(field)
    if date in (hint, *get_args(hint)):
        return _time(value, field).date()
    if datetime in (hint, *get_args(hint)):
        return _moment(_time(value, field), zone)
    if field == "grid" and mapping.under and not said.isascii():
        return Place(mapping.under, tuple(part.strip() for part in said.split("/")))
    return value.isoformat() if isinstance(value, date) else value


def _time(value: object, field: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    if (found := parsed(str(value))) is None:
        raise Unreadable(f"{value!r} is no time for {field} (2026-03-01 09:30:00)")
    return found


def _moment(time: datetime, zone: ZoneInfo) -> datetime:
    return time if time.tzinfo else time.replace(tzinfo=zone)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
