"""What is asked of the partner's tables. Names come from the settings only, and SQLAlchemy quotes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, TableClause, and_, column, inspect, or_, select, table
from sqlalchemy.exc import NoSuchTableError

from hub.plugin import SourceBroken
from plugins.exchange_db.positions import Stand, bound, storable
from plugins.exchange_db.records import Mapping, Row

__all__ = ["Found", "begin", "check", "columns_of", "page"]


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a page, and where the last one stands; None: there are no more up to the top."""

    rows: Sequence[Row]
    last: tuple[Any, Any] | None


def columns_of(connection: Connection, name: str, schema: str | None) -> list[str]:
    """The columns of a table or view. Raises SourceBroken with those tables that there are."""
    inspector = inspect(connection)
    try:
        if found := [str(one["name"]) for one in inspector.get_columns(name, schema)]:
            return found
    except NoSuchTableError:
        pass
    known = sorted([*inspector.get_table_names(schema), *inspector.get_view_names(schema)])
    raise SourceBroken(
        f"There is no table {f'{schema}.' if schema else ''}{name}, or this account may not see it. "
        f"There are: {', '.join(known) or 'none'}. Correct the settings, or ask the partner."
    )


def check(mapping: Mapping, connection: Connection) -> None:
    """Raise SourceBroken, with what there is, where the table or one of its columns is not there."""
    known = columns_of(connection, mapping.table, mapping.schema_)
    if missing := [name for name in mapping.needed if name not in known]:
        raise SourceBroken(
            f"The table {mapping.name} has no column {', '.join(missing)}. "
            f"It has: {', '.join(known)}. Correct the settings, or ask the partner."
        )


def begin(mapping: Mapping, most: int, connection: Connection) -> tuple[Any, Sequence[Row]]:
    """The greatest watermark that there is now, and rows (so many at most) that have no place in the order."""
    source, mark, key = _parts(mapping)
    unplaced = select(*source.c).where(or_(mark.is_(None), key.is_(None))).limit(most)
    top = connection.scalar(select(mark).where(mark.is_not(None)).order_by(mark.desc()).limit(1))
    return None if top is None else _position(mapping, mapping.watermark, top), _rows(connection, unplaced)


def page(mapping: Mapping, stand: Stand, since: Any, size: int, connection: Connection) -> Found:
    """The next rows up to the top. A page never ends between rows that share watermark and key."""
    if stand.top is None:
        return Found([], None)
    source, mark, key = _parts(mapping)
    wanted = select(*source.c).where(mark <= bound(stand.top), key.is_not(None)).order_by(mark, key)
    if stand.at is not None:
        at, last = map(bound, stand.at)
        wanted = wanted.where(and_(mark >= at, or_(mark > at, key > last)))
    elif since is not None:
        wanted = wanted.where(mark >= bound(since))
    while True:
        rows = _rows(connection, wanted.limit(size + 1))
        places = [(row[mapping.watermark], row[mapping.key]) for row in rows]
        if len(rows) <= size:
            return Found(rows, None)
        if whole := places.index(places[-1]):
            at, last = places[whole - 1]
            where = (_position(mapping, mapping.watermark, at), _position(mapping, mapping.key, last))
            return Found(rows[:whole], where)
        size *= 2


def _parts(mapping: Mapping) -> tuple[TableClause, ColumnElement[Any], ColumnElement[Any]]:
    """The table with the columns that are read, its watermark and its key. Values come as the driver gives them."""
    source = table(mapping.table, *map(column, mapping.needed), schema=mapping.schema_)
    return source, source.c[mapping.watermark], source.c[mapping.key]


def _rows(connection: Connection, wanted: Any) -> Sequence[Row]:
    return [{str(name): value for name, value in row.items()} for row in connection.execute(wanted).mappings()]


def _position(mapping: Mapping, name: str, value: Any) -> Any:
    if not storable(value):
        raise SourceBroken(
            f"The column {name} of {mapping.name} holds a {type(value).__name__}: nothing can be read on from there. "
            "Name a column of times, numbers or text."
        )
    return value
