"""The result table: one row for each change of a request, told apart by the change's token."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator
from sqlalchemy import Connection, DateTime, Inspector, MetaData, Table, Uuid, exists, insert, inspect, select
from sqlalchemy.types import TypeEngine

from hub.plugin import Change, SourceBroken, SourceRefused
from plugins.exchange_db.tables import columns_of

__all__ = ["Results", "is_there", "write"]

Told = Literal["token", "key", "id", "status", "result", "at", "action", "note", "party"]


class Results(BaseModel):
    """Where results go, and which column holds what. The column of the token must be unique."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    table: str = Field(min_length=1, title="结果表")
    schema_: str | None = Field(None, alias="schema", title="模式")
    columns: dict[Told, str] = Field(
        {"token": "token", "key": "key", "id": "id", "status": "status", "result": "result", "at": "at"},
        title="列",
        description="What to column. key: the partner's key; id: ours; token: the same at every try.",
    )
    words: dict[str, str] = Field(
        {}, title="状态用语", description="The hub's status to the partner's: {'CLOSED': '办结'}."
    )

    @field_validator("columns")
    @classmethod
    def _has_a_token(cls, value: dict[Told, str]) -> dict[Told, str]:
        if "token" not in value:
            raise ValueError("name a column for the token: without it no row could be told from its repetition")
        return value


def write(results: Results, change: Change, zone: ZoneInfo, connection: Connection) -> None:
    """Put the row there. One that an earlier try has put there is left alone: the partner may be at work on it."""
    target = _table(results, connection)
    if change.again and _found(target, results, change.token, connection):
        return
    status, event = change.fields.get("status"), change.event
    said: dict[Told, object] = {
        "token": change.token,
        "key": change.key,
        "id": change.id,
        "status": results.words.get(str(status), status),
        "result": change.fields.get("result"),
        "at": change.at,
        "action": event and event.action,
        "note": event and event.note,
        "party": event and event.party,
    }
    values = {name: _fitting(said[what], target.c[name].type, zone) for what, name in results.columns.items()}
    connection.execute(insert(target).values(values))


def is_there(results: Results, token: str, connection: Connection) -> bool:
    """Whether a row with this token is there."""
    return _found(_table(results, connection), results, token, connection)


def _found(target: Table, results: Results, token: str, connection: Connection) -> bool:
    same = target.c[results.columns["token"]] == token
    return bool(connection.scalar(select(exists().where(same))))


def _table(results: Results, connection: Connection) -> Table:
    """The table as it is. Raises SourceBroken where it lacks a column, SourceRefused where the token may repeat."""
    known = columns_of(connection, results.table, results.schema_)
    if missing := [name for name in results.columns.values() if name not in known]:
        raise SourceBroken(
            f"The result table {results.table} has no column {', '.join(missing)}. "
            f"It has: {', '.join(known)}. Correct the settings, or ask the partner."
        )
    token = results.columns["token"]
    if [token] not in _unique(inspect(connection), results):
        raise SourceRefused(
            f"The column {token} of {results.table} is not unique, so a repeated write could not be told. "
            f"Ask the partner for a unique index on it."
        )
    return Table(results.table, MetaData(), schema=results.schema_, autoload_with=connection, resolve_fks=False)


def _unique(inspector: Inspector, results: Results) -> list[list[str]]:
    """The lists of columns that no two rows share."""
    at = (results.table, results.schema_)
    indexes = [one["column_names"] for one in inspector.get_indexes(*at) if one["unique"]]
    constraints = [one["column_names"] for one in inspector.get_unique_constraints(*at)]
    found: list[Any] = [inspector.get_pk_constraint(*at)["constrained_columns"], *indexes, *constraints]
    return found


def _fitting(value: object, kind: TypeEngine[Any], zone: ZoneInfo) -> object:
    """The value as a column of this type takes it."""
    if isinstance(value, datetime):
        local = value.astimezone(zone)
        if not isinstance(kind, DateTime):
            return local.isoformat(timespec="seconds")
        return local if kind.timezone else local.replace(tzinfo=None)
    return UUID(value) if isinstance(kind, Uuid) and isinstance(value, str) else value
