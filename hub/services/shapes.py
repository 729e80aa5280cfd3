"""Rows as the driver takes them, past the session: for what is written in bulk, or often."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Column, DateTime, Enum, Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import CallableColumnDefault, ScalarElementColumnDefault

from hub.models import Base

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """How new rows of a model are sent.

    fixed    column -> what it holds where nothing is said, in the table's order
    stamped  the columns that then hold the time of writing
    terms    those that hold a word of a vocabulary
    parts    those that hold JSON
    """

    table: Table
    fixed: Row
    stamped: frozenset[str]
    terms: tuple[str, ...]
    parts: tuple[str, ...]
    secret: frozenset[str]

    def told(self, values: Row) -> Row:
        """The same values with vocabularies by name, as rows and the log have them."""
        told = values.copy()
        for name in self.terms:
            if (term := told.get(name)) is not None:
                told[name] = term._name_
        return told

    def filled(self, told: Iterable[Row], wanted: Iterable[str] = ()) -> tuple[str, ...]:
        """The columns that hold something in any of these rows, and those `wanted`; the others need not be sent."""
        some = self.stamped.union(wanted, *told)
        return tuple(name for name, held in self.fixed.items() if held is not None or name in some)

    def rows(self, told: Iterable[Row], at: datetime, names: Sequence[str] = ()) -> Iterator[list[Any]]:
        """What is told and the model's defaults, of these columns, else of all; JSON as text."""
        names = names or tuple(self.fixed)
        fixed = self.told(self.fixed)
        defaults = [at if name in self.stamped else fixed[name] for name in names]
        places = [names.index(name) for name in self.parts if name in names]
        for values in told:
            row = list(map(values.get, names, defaults))
            for place in places:
                if row[place] is not None:
                    row[place] = written(row[place])
            yield row


@cache
def shape(model: type[Base]) -> Shape:
    """The shape of a model's rows."""
    table = model.metadata.tables[model.__tablename__]
    return Shape(
        table,
        fixed={column.name: _default(column) for column in table.c},
        stamped=frozenset(column.name for column in table.c if _is_stamp(column)),
        terms=tuple(column.name for column in table.c if isinstance(column.type, Enum)),
        parts=tuple(column.name for column in table.c if isinstance(column.type, JSONB)),
        secret=frozenset(column.name for column in table.c if "secret" in column.info),
    )


def _is_stamp(column: Column[Any]) -> bool:
    return isinstance(column.type, DateTime) and isinstance(column.default, CallableColumnDefault)


def _default(column: Column[Any]) -> Any:
    """What a new row holds where nothing is said: the model's fixed value, an empty list or object, or nothing."""
    if isinstance(column.default, ScalarElementColumnDefault):
        return column.default.arg
    if isinstance(column.type, JSONB) and isinstance(column.default, CallableColumnDefault):
        return column.default.arg(None)  # type: ignore[arg-type]  # list() and dict() ask for no context
    return None


def written(told: Any) -> str:
    """JSON as the driver takes it: times as ISO 8601 has them, keys as text."""
    return orjson.dumps(told, str).decode()
