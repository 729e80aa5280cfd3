"""The rows that a page writes, gathered and sent together: COPY for new ones, one statement a shape for changes."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import CHANNEL, Origin, driver
from hub.models import Base, Change, ChangeKind, Link, Request, TallyDelta, uuid7
from hub.models.base import now
from hub.prepared import given
from hub.services import shapes, tally_keeping
from hub.services.changes import changed
from hub.services.shapes import Row, written
from hub.sync import archive, bulk

HIDDEN = "***"
SORT = tally_keeping.SORT
"""What a request is counted by."""
LINK = tuple(Link.__table__.c.keys())
PLACED = ("id", "request_id", "grid_path", "path")
"""What tells where a change happened."""
CHANGE = (
    *("id", "at", "kind", "entity", "entity_id", "subject_id", "grid_path"),
    *("patch", "reverse", "actor", "run_id", "said_at"),
)


class Batch:
    """What one transaction will write. Every row that is added says its change, as the log wants it.

    `shown` masks words for an admin: what a source names and nobody knows, it names often.
    """

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.at: datetime = now()
        self.shown = cache(archive.told)
        self._new: dict[type[Base], list[Row]] = defaultdict(list)
        self._changed: dict[tuple[type[Base], tuple[str, ...]], list[Sequence[Any]]] = defaultdict(list)
        self._changes: list[tuple[ChangeKind, str, Row, Row, Row, datetime | None]] = []
        self._gone: dict[type[Base], list[UUID]] = defaultdict(list)
        self._more: Counter[tuple[Any, ...]] = Counter()
        self._links: list[Sequence[Any]] = []
        self._said_again: list[Sequence[Any]] = []

    def create(self, model: type[Base], values: Row, entity: str, said_at: datetime | None = None) -> None:
        """A new row. Columns that `values` lacks get the model's defaults. `said_at`: when the source said so."""
        told, secret = self.put(model, values), shapes.shape(model).secret
        patch = {name: value for name, value in told.items() if name not in secret} if secret else told
        self._changes.append((ChangeKind.CREATED, entity, told, patch, {}, said_at))

    def put(self, model: type[Base], values: Row) -> Row:
        """A new row of which another one's change tells, as UNTOLD says; the row with vocabularies by name."""
        told = shapes.shape(model).told(values)
        self._new[model].append(told)
        return told

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
        told, old = shape.told(new), shape.told({name: row[name] for name in new})
        sent = told | {name: written(told[name]) for name in shape.parts if told.get(name) is not None}
        sent |= {"updated_at": self.at} if "updated_at" in shape.fixed else {}
        names = tuple(sorted(sent))
        self._changed[model, names].append((row["id"], *map(sent.get, names)))
        patch, reverse = ({**said, **dict.fromkeys(shape.secret & said.keys(), HIDDEN)} for said in (told, old))
        after = {name: told.get(name, row.get(name)) for name in PLACED}
        self._changes.append((kind, entity, after, patch, reverse, said_at))
        if model is Request and not new.keys().isdisjoint(SORT):
            before = shape.told({name: row[name] for name in SORT})
            self._more[tuple(before.values())] -= 1
            self._more[tuple({**before, **told}[name] for name in SORT)] += 1

    def remove(self, model: type[Base], row: Mapping[str, Any], entity: str) -> None:
        """Take a row away that nothing speaks of any more; the log keeps what it held."""
        shape = shapes.shape(model)
        held = shape.told(dict(row))
        self._gone[model].append(row["id"])
        reverse = {**held, **dict.fromkeys(shape.secret & held.keys(), HIDDEN)}
        self._changes.append((ChangeKind.DELETED, entity, held, {}, reverse, None))

    def link(self, row: Sequence[Any], *, known: bool = False) -> None:
        """What a source calls a row, in the order of the table: no noun, so no change is said of it."""
        (self._said_again if known else self._links).append(row)

    async def write(self, session: AsyncSession) -> None:
        """Send everything in the order in which the tables depend on one another."""
        raw = await driver(session)
        models = sorted(self._new, key=lambda model: _DEPENDENCE[model.__tablename__])
        for model in models:
            shape, new = shapes.shape(model), self._new[model]
            names = shape.filled(new, SORT if model is Request else ())
            rows = list(shape.rows(new, self.at, names))
            if model is Request:
                self._more.update(map(itemgetter(*map(names.index, SORT)), rows))
            await bulk.copy(raw, model, rows, names)
        if self._links:
            await bulk.copy(raw, Link, self._links)
        if self._said_again:
            await bulk.update(raw, Link, LINK[:3], LINK[3:], self._said_again)
        for (model, names), changed_rows in self._changed.items():
            await bulk.update(raw, model, ("id",), names, changed_rows)
        for gone, ids in self._gone.items():
            table = gone.metadata.tables[gone.__tablename__]
            await session.execute(delete(table).where(table.c.id.in_(ids)))
        if deltas := [(uuid7(), count, *sort) for sort, count in self._more.items() if count]:
            await bulk.copy(raw, TallyDelta, deltas, ("id", "count", *SORT))
        if self._changes:
            await bulk.copy(raw, Change, (self._told(*one) for one in self._changes), CHANGE)
            entities = changed(entity for _, entity, *_ in self._changes)
            await _TOLD.rows(session, entities=entities)

    def _told(
        self, kind: ChangeKind, entity: str, row: Row, patch: Row, reverse: Row, said_at: datetime | None
    ) -> tuple[Any, ...]:
        """A change as the log's COPY takes it."""
        path = row.get("grid_path") or row.get("path")
        actor, run = self.origin.actor, self.origin.run_id
        both = written(patch), written(reverse) if reverse else "{}"
        subject = row.get("request_id")
        return (uuid7(), self.at, kind._name_, entity, row["id"], subject, path, *both, actor, run, said_at)


_TOLD = bulk.Query(select(func.pg_notify(CHANNEL, given("entities"))))
_DEPENDENCE = {table.name: position for position, table in enumerate(Base.metadata.sorted_tables)}
