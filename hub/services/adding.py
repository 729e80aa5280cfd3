"""Adding rows past the session: all new rows, their changes and the tally in one statement.

A session takes four milliseconds of Python to add a request and its first event, this a tenth of that. It knows no row
that is there already: a verb which changes something needs a session. Who listens for changes is woken up afterwards,
once for many: a NOTIFY in each transaction makes them wait for one another.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import instance_dict

from hub.auth import Viewer
from hub.db import Database, driver
from hub.models import Base, Change, ChangeKind, Request, TallyDelta, now, uuid7
from hub.prepared import Prepared
from hub.services import shapes, tally_keeping
from hub.services.changes import UNTOLD, plain
from hub.services.shapes import Row


class Adding:
    """Reads a little, then adds rows in one statement, which is their transaction."""

    def __init__(self, connection: "asyncpg.Connection[Any]", viewer: Viewer) -> None:
        self._connection, self._viewer = connection, viewer
        self._rows: list[Base] = []

    def add(self, row: Base) -> None:
        """A new row, to be sent at the end."""
        self._rows.append(row)

    @property
    def entities(self) -> set[str]:
        """The types of row that were added."""
        return {type(row).__name__ for row in self._rows}

    async def one(self, prepared: Prepared, viewer: Viewer, **given: Any) -> Any:
        """The first row of a prepared statement, if there is one."""
        return await prepared.one(self._connection, viewer, **given)

    async def send(self) -> None:
        """Everything that was added, as one statement. The rows hold their defaults from here on."""
        at = now()
        said = [_filled(row, at) for row in self._rows]
        deltas = [{"id": uuid7(), "count": 1, **_sort(row)} for row in self._rows if isinstance(row, Request)]
        sent = [(type(row), instance_dict(row)) for row in self._rows]
        sent += [(Change, one) for one in self._changes(said, at)]
        sent += [(TallyDelta, one) for one in deltas]
        values = [value for model, held in sent for value in _values(model, held, at)]
        await self._connection.execute(_statement(tuple(model for model, _ in sent)), *values)

    def _changes(self, said: Sequence[Row], at: datetime) -> Iterator[Row]:
        """What the log says of the rows: the values that they were made with."""
        places = {row.id: row.grid_path for row in self._rows if isinstance(row, Request)}
        for row, values in zip(self._rows, said, strict=True):
            if isinstance(row, UNTOLD):
                continue
            held = instance_dict(row)
            request = held.get("request_id")
            place = places.get(request) if request else held.get("grid_path") or held.get("path")
            yield {
                "id": uuid7(),
                "at": at,
                "kind": ChangeKind.CREATED,
                "entity": type(row).__name__,
                "entity_id": held["id"],
                "subject_id": request,
                "grid_path": place,
                "patch": {name: plain(value) for name, value in values.items()},
                "reverse": {},
                "actor": self._viewer.subject,
                "run_id": None,
            }


async def one(session: AsyncSession | Adding, prepared: Prepared, viewer: Viewer, **given: Any) -> Any:
    """The same in whichever transaction this is."""
    if isinstance(session, Adding):
        return await session.one(prepared, viewer, **given)
    await session.flush()
    return await prepared.one(await driver(session), viewer, **given)


@asynccontextmanager
async def adding(db: Database, viewer: Viewer) -> AsyncIterator[Adding]:
    """One operation that only adds: all of it is there at the end, or nothing."""
    async with db.direct() as connection:
        begun = Adding(connection, viewer)
        yield begun
        await begun.send()
    db.ring(begun.entities)


@cache
def _statement(models: Sequence[type[Base]]) -> str:
    """An INSERT for each row, in one statement; foreign keys are looked at when all of them are there."""
    parts, at = [], 0
    for number, model in enumerate(models):
        columns = _columns(model)
        marks = ", ".join(f"${place}" for place in range(at + 1, at + len(columns) + 1))
        table = shapes.shape(model).table.name
        parts.append(f"r{number} AS (INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}))")
        at += len(columns)
    return f"WITH {', '.join(parts)} SELECT"


@cache
def _columns(model: type[Base]) -> list[str]:
    """The columns that are sent: all but those that the database fills."""
    return [column.name for column in shapes.shape(model).table.c if column.server_default is None]


@cache
def _picked(model: type[Base]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    names = shapes.shape(model).table.c.keys()
    return itemgetter(*(names.index(name) for name in _columns(model)))


def _values(model: type[Base], held: Row, at: datetime) -> tuple[Any, ...]:
    shape = shapes.shape(model)
    told = shape.told({name: held[name] for name in shape.fixed if name in held})
    return _picked(model)(next(shape.rows([told], at)))


def _filled(row: Base, at: datetime) -> Row:
    """Give the row what its model gives by itself; the values that it was made with, as the log shows them."""
    shape, held = shapes.shape(type(row)), instance_dict(row)
    said = {name: "***" if name in shape.secret else held[name] for name in shape.fixed if name in held}
    defaults = shape.fixed | dict.fromkeys(shape.stamped, at) | {"id": uuid7()}
    held.update((name, value) for name, value in defaults.items() if name not in held)
    return said


def _sort(row: Request) -> Row:
    return {name: getattr(row, name) for name in tally_keeping.SORT}
