"""What a tap says, line by line, and what its streams mean: a mapping, which is data."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal, get_args, get_type_hints
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.plugin import (
    AllianceFields,
    BadRecord,
    Caller,
    GridFields,
    MemberFields,
    OrganizationFields,
    Page,
    PersonFields,
    Place,
    Record,
    RequestFields,
    ResourceFields,
    SourceBroken,
)
from plugins.singer.processes import LIMIT, MASK, mask

__all__ = ["Messages", "Stream"]

Kind = Literal["grid", "organization", "person", "alliance", "member", "resource", "request"]
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
SHOWN = 2_000


class Stream(BaseModel):
    """One stream of the tap, and what its properties mean. A property inside another is written with a point."""

    model_config = ConfigDict(extra="forbid")

    stream: str = Field(min_length=1, title="流")
    kind: Kind = Field(title="种类", description="What a record is.")
    key: list[str] = Field([], title="主键", description="Properties that tell records apart. Empty: as the tap says.")
    fields: dict[str, str] = Field(
        title="字段", description="Property to field: {'id': 'number', 'geo.lng': 'longitude'}."
    )
    at: str | None = Field(None, title="修改时间", description="The property that says when it last changed.")
    deleted: str | None = Field(
        None, title="删除标志", description="The property that says that it is gone: true, or a time (_sdc_deleted_at)."
    )
    constants: dict[str, Any] = Field({}, title="固定值", description="Fields that are the same in every record.")
    words: dict[str, dict[str, str]] = Field(
        {}, title="用语", description="Field to values and the hub's names for them."
    )
    under: str | None = Field(None, title="所属区划", description="The division in which grids given by name lie.")

    @field_validator("key", mode="before")
    @classmethod
    def _as_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _known_fields(self) -> "Stream":
        known = [
            name for name in (*HINTS[self.kind], *(CALLER if self.kind == "request" else ())) if name not in NESTED
        ]
        for setting, named in (("fields", self.fields.values()), ("constants", self.constants), ("words", self.words)):
            for field in named:
                if field not in known:
                    raise ValueError(f"{setting}: {self.kind} has no field {field!r}, only {', '.join(known)}")
        return self

    @property
    def properties(self) -> set[str]:
        """The properties at the top that are read."""
        named = (*self.key, *self.fields, *([self.at] if self.at else ()), *([self.deleted] if self.deleted else ()))
        return {name.partition(".")[0] for name in named}


class Messages:
    """What was said since the last page, and what is known of the streams."""

    def __init__(self, streams: Sequence[Stream], zone: ZoneInfo, secrets: Sequence[str]) -> None:
        self.items: list[Record | BadRecord] = []
        self._streams = {stream.stream: stream for stream in streams}
        self._keys: dict[str, list[str]] = {}
        self._zone, self._secrets = zone, secrets
        self._state: str | None = None
        self._replaced: set[str] = set()
        self._line = 0

    def page(self, *, whole: bool = False) -> Page:
        """What was said since the last one. `whole`: all is said, so a stream that was replaced is complete."""
        kinds = {stream.kind for stream in self._streams.values()}
        kinds -= {stream.kind for name, stream in self._streams.items() if name not in self._replaced}
        page = Page(self.items, cursor=self._state, complete=frozenset(kinds) if whole else frozenset())
        self.items, self._state = [], None
        return page

    def take(self, line: bytes | None) -> None:
        """Take in one line; None is one that is too long. Raises SourceBroken for what cannot be left out."""
        self._line += 1
        if line is None:
            self.items.append(BadRecord(f"Line {self._line} of the tap is longer than {LIMIT >> 20} MB.", ""))
            return
        if not line.strip():
            return
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        match said:
            case {"type": "RECORD", "stream": str(name), "record": dict(row)}:
                if stream := self._streams.get(name):
                    self.items.append(self._read(stream, row))
            case {"type": "STATE", "value": value}:
                self._state = json.dumps(value)
            case {"type": "SCHEMA", "stream": str(name)}:
                self._keys[name] = [str(key) for key in said.get("key_properties") or ()]
            case {"type": "ACTIVATE_VERSION", "stream": str(name)}:
                self._replaced.add(name)
            case {"type": "BATCH"}:
                raise SourceBroken("The tap sends its records in files (BATCH). Switch that off in its config.")
            case {"type": str(kind)} if kind not in ("RECORD", "STATE", "SCHEMA", "ACTIVATE_VERSION"):
                pass
            case _:
                shown = mask(line[:SHOWN].decode(errors="replace"), self._secrets)
                self.items.append(BadRecord(f"Line {self._line} of the tap is no message of Singer.", shown))

    def _read(self, stream: Stream, row: Mapping[str, Any]) -> Record | BadRecord:
        names = stream.key or self._keys.get(stream.stream) or []
        parts = [_plain(_at(row, name)) for name in names]
        key = "/".join(map(str, parts)) if parts and all(type(part) in (str, int) for part in parts) else None
        name = ", ".join(names)
        where = f"{stream.stream}, {f'{name} {key}' if key else f'line {self._line}'}"
        try:
            if key is None:
                raise ValueError("it is empty, and no record can be told without it" if names else "no key is named")
            gone = _at(row, name := stream.deleted) if stream.deleted else None
            name = stream.at or ""
            at = _moment(_at(row, name), name, self._zone) if name and _at(row, name) is not None else None
            if gone not in (None, False, 0, ""):
                return Record(stream.kind, key, {}, deleted=True, where=where, at=at)
            fields: dict[str, Any] = dict(stream.constants)
            for name, field in stream.fields.items():
                if _has(row, name):
                    fields[field] = self._value(stream, field, _at(row, name))
        except ValueError as error:
            return BadRecord(f"{where}, property {name}: {error}.", self._shown(stream, row), stream.kind, key, where)
        return Record(stream.kind, key, _with_caller(fields), where=where, at=at)

    def _value(self, stream: Stream, field: str, raw: object) -> object:
        value = _plain(raw)
        if value is None or value == "":
            return None
        if not isinstance(value, (str, int, float)):
            raise ValueError(f"it holds a {type(value).__name__}, which is no value of {field}")
        if isinstance(value, str) and "\0" in value:
            raise ValueError("it holds a NUL byte")
        meanings = stream.words.get(field, {})
        if (said := str(value).strip()) in meanings:
            return meanings[said]
        hint = HINTS[stream.kind].get(field)
        if date in (hint, *get_args(hint)):
            return _moment(value, field, self._zone).date()
        if datetime in (hint, *get_args(hint)):
            return _moment(value, field, self._zone)
        if field == "grid" and stream.under and not said.isascii():
            return Place(stream.under, tuple(part.strip() for part in said.split("/")))
        return value

    def _shown(self, stream: Stream, row: Mapping[str, Any]) -> dict[str, Any]:
        """What an admin may see of a record: what is read of it, without the caller."""
        secret = {name for name, field in stream.fields.items() if field in CALLER}
        named = sorted({*stream.key, *stream.fields})
        told = {name: _at(row, name) for name in named if _has(row, name)}
        return {
            name: None if value is None else MASK if name in secret else mask(str(value)[:SHOWN], self._secrets)
            for name, value in told.items()
        }


def _has(row: Mapping[str, Any], name: str) -> bool:
    """Whether the record says anything of this property."""
    if name in row:
        return True
    first, point, rest = name.partition(".")
    inner = row.get(first)
    return bool(point) and isinstance(inner, Mapping) and _has(inner, rest)


def _at(row: Mapping[str, Any], name: str) -> Any:
    if name in row:
        return row[name]
    first, point, rest = name.partition(".")
    inner = row.get(first)
    return _at(inner, rest) if point and isinstance(inner, Mapping) else None


def _plain(value: object) -> object:
    """Whole numbers without a point: 5.0 is 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _moment(value: object, name: str, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(f"{value!r} is no time for {name} (2026-03-01T09:30:00+08:00)") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _with_caller(fields: dict[str, Any]) -> dict[str, Any]:
    """Who asked is kept in one place."""
    if not fields.keys().isdisjoint(CALLER):
        name, phone, confidential = (fields.pop(field, None) for field in CALLER)
        secret = str(confidential).strip().lower() not in NO
        who = [None if part is None else str(part) for part in (name, phone)]
        fields["caller"] = Caller(who[0], who[1], confidential=secret) if name or phone else None
    return fields
