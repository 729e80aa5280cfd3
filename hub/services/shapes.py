"""Rows as the driver takes them, past the session: for what is written in bulk, or often."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

import orjson
from sqlalchemy import Column, DateTime, Enum, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault
from sqlalchemy.types import TypeEngine

from hub.models import Base, uuid7
from hub.services.changes import plain

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How new rows of a model are sent: every column, in the table's order."""

    table: Table
    fixed: Row
    stamped: tuple[str, ...]
    told: tuple[tuple[str, Callable[[Any], Any]], ...]
    pick: Callable[[Row], tuple[Any, ...]]
    secret: frozenset[str]

    def row(self, values: Row, at: datetime) -> tuple[Any, ...]:
        """`values` and the model's defaults; vocabularies by name, JSON as text."""
        full = {**self.fixed, **dict.fromkeys(self.stamped, at), **values}
        for name, tell in self.told:
            if (value := full[name]) is not None:
                full[name] = tell(value)
        return self.pick(full)


@cache
def shape(model: type[Base]) -> Shape:
    """The shape of a model's rows."""
    table = model.metadata.tables[model.__tablename__]
    return Shape(
        table,
        fixed={column.name: _default(column) for column in table.c},
        stamped=tuple(column.name for column in table.c if _is_stamp(column)),
        told=tuple((column.name, _TOLD[type(column.type)]) for column in table.c if type(column.type) in _TOLD),
        pick=itemgetter(*(column.name for column in table.c)),
        secret=frozenset(column.name for column in table.c if "secret" in column.info),
    )


_TOLD: dict[type[TypeEngine[Any]], Callable[[Any], Any]] = {
    Enum: attrgetter("name"),
    JSONB: lambda value: orjson.dumps(value).decode(),
}


def _is_stamp(column: Column[Any]) -> bool:
    return isinstance(column.type, DateTime) and isinstance(column.default, CallableColumnDefault)


def _default(column: Column[Any]) -> Any:
    """What a new row holds where nothing is said: the model's fixed value, an empty list or object, or nothing."""
    if isinstance(column.default, ScalarElementColumnDefault):
        return column.default.arg
    if isinstance(column.type, JSONB) and isinstance(column.default, CallableColumnDefault):
        return column.default.arg(None)  # type: ignore[arg-type]  # list() and dict() ask for no context
    return None


def patch(values: Row) -> str:
    """Values of columns as the log has them."""
    if not values:
        return "{}"
    told = {name: value if type(value) in READY else plain(value) for name, value in values.items()}
    return orjson.dumps(told, str).decode()


READY = frozenset({str, int, float, bool, type(None), type(uuid7())})
