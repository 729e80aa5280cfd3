"""The rows that a page writes, gathered and sent together: COPY for new ones, one statement a shape for changes."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import CHANNEL, Origin, driver
from hub.models import Base, Change, ChangeKind, Link, Request, TallyDelta, Term, uuid7
from hub.models.base import now
from hub.services import shapes, tally_keeping
from hub.services.changes import changed
from hub.services.shapes import Row

HIDDEN = "***"

LinkRow = tuple[
    str, UUID, str, UUID, bytes | None, UUID | None, datetime | None, str | None, datetime | None, str | None
]


class Batch:
    """What one transaction will write. Every row that is added says its change, as the log wants it.

    Rows are shaped while they are sent, so that the database is at work on the first when the last is made.
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.at: datetime = now()
        self._new: dict[type[Base], list[Row]] = defaultdict(list)
        self._links: list[LinkRow] = []
        self._changed: dict[tuple[Table, tuple[str, ...]], list[Row]] = defaultdict(list)
        self._changes: list[tuple[ChangeKind, str, Row, Row, Row, datetime | None]] = []
        self._more: Counter[tuple[Any, ...]] = Counter()

    def create(self, model: type[Base], values: Row, entity: str, said_at: datetime | None = None) -> None:
        """A new row. Columns that `values` lacks get the model's defaults. `said_at`: when the source said so."""
        self._new[model].append(values)
        secret = shapes.shape(model).secret
        patch = {name: value for name, value in values.items() if name not in secret} if secret else values
        self._changes.append((ChangeKind.CREATED, entity, values, patch, {}, said_at))

    def change(
        self,
        model: type[Base],
        row: Mapping[str, Any],
        new: Row,
        entity: str,
        kind: ChangeKind,
        said_at: datetime | None = None,
    ) -> None:
        """New values for some columns of the row in hand; nothing else of it is touched."""
        shape = shapes.shape(model)
        parameters = {f"to_{name}": value for name, value in new.items()}
        self._changed[shape.table, tuple(sorted(new))].append({**parameters, "of": row["id"]})
        patch = {name: HIDDEN if name in shape.secret else value for name, value in new.items()}
        reverse = {name: HIDDEN if name in shape.secret else row[name] for name in new}
        after = {**row, **new}
        self._changes.append((kind, entity, after, patch, reverse, said_at))
        if model is Request:
            self._more.update({_sort(after): 1})
            self._more.subtract({_sort(row): 1})

    def link(self, row: LinkRow) -> None:
        """What a source calls a row: no noun, so no change is said of it. The order is that of the table."""
        self._links.append(row)

    async def write(self, session: AsyncSession) -> None:
        """Send everything in the order in which the tables depend on one another."""
        raw = await driver(session)
        models = sorted(self._new, key=lambda model: _DEPENDENCE[model.__tablename__])
        for table, sharing in groupby(models, key=lambda model: shapes.shape(model).table):  # types of party share one
            rows = (shapes.shape(model).row(row, self.at) for model in sharing for row in self._new[model])
            sent = self._count(rows) if table is Request.__table__ else rows
            await _copy(raw, table.name, sent, [column.name for column in table.c])
        if self._links:
            await _copy(raw, Link.__tablename__, self._links, [column.name for column in Link.__table__.c])
        for (table, names), parameters in self._changed.items():
            await session.execute(_update(table, names), parameters, execution_options={"synchronize_session": None})
        if deltas := [(uuid7(), count, *sort) for sort, count in self._more.items() if count]:
            await _copy(raw, TallyDelta.__tablename__, deltas, ("id", "count", *tally_keeping.SORT))
        if self._changes:
            await _copy(raw, Change.__tablename__, (self._told(*one) for one in self._changes), CHANGE_COLUMNS)
            entities = changed(entity for _, entity, *_ in self._changes)
            await session.execute(select(func.pg_notify(CHANNEL, entities)))

    def _count(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        """The rows of new requests on their way, counted as they are sent."""
        for row in rows:
            self._more[_sent_sort(row)] += 1
            yield row

    def _told(
        self, kind: ChangeKind, entity: str, row: Row, patch: Row, reverse: Row, said_at: datetime | None
    ) -> tuple[Any, ...]:
        """A change as the log's COPY takes it."""
        path = row.get("grid_path") or row.get("path")
        actor, run = self.origin.actor, self.origin.run_id
        both = shapes.patch(patch), shapes.patch(reverse)
        return (uuid7(), self.at, kind.name, entity, row["id"], row.get("request_id"), path, *both, actor, run, said_at)


_sent_sort = itemgetter(*(Request.__table__.c.keys().index(name) for name in tally_keeping.SORT))


def _sort(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a request is counted by, as it is sent."""
    values = (row[name] for name in tally_keeping.SORT)
    return tuple(value.name if isinstance(value, Term) else value for value in values)


_DEPENDENCE = {table.name: position for position, table in enumerate(Base.metadata.sorted_tables)}


CHANGE_COLUMNS = (
    *(
        "id",
        "at",
        "kind",
        "entity",
        "entity_id",
        "subject_id",
        "grid_path",
        "patch",
        "reverse",
        "actor",
        "run_id",
        "said_at",
    ),
)


async def _copy(
    raw: "asyncpg.Connection[Any]", table: str, rows: Iterable[tuple[Any, ...]], columns: Sequence[str]
) -> None:
    try:
        await raw.copy_records_to_table(table, records=rows, columns=columns)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:  # as SQLAlchemy would have told it
        raise DBAPIError(f"COPY {table}", None, error) from error


def _update(table: Table, names: tuple[str, ...]) -> Any:
    values: Row = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    if "revision" in table.c:
        values |= {"revision": table.c.revision + 1, "updated_at": now()}
    return update(table).where(table.c.id == bindparam("of", type_=table.c.id.type)).values(values)
