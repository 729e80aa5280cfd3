"""Past the session, which takes a third of a millisecond for a statement: what is asked and written for every page.

COPY for many new rows, one statement for new values of many old ones, and statements that are compiled once.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from typing import Any

import asyncpg
from sqlalchemy import Dialect, String, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import driver
from hub.models import Base, now
from hub.prepared import Asked, Call, Statement, compiled
from hub.services.shapes import Row, shape

DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]


async def add(session: AsyncSession, model: type[Base], rows: Iterable[Row]) -> None:
    """Add rows of which the keys are said; what else is not said is the model's default."""
    form = shape(model)
    await copy(await driver(session), model, form.rows(map(form.told, rows), now()))


class Query:
    """A statement of the session's transaction that is compiled once, and then asked of the driver itself.

    What `given(name)` stands for in it is said by name each time. What the session has not flushed, it does not see.
    """

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    @cached_property
    def _statement(self) -> Statement:
        return compiled(self._asked)

    async def rows(self, session: AsyncSession, **values: Any) -> Sequence[Sequence[Any]]:
        """The rows, by position, their values as the models have them."""
        statement = self._statement
        with _told(statement.text):
            found: Sequence[Sequence[Any]] = await (await driver(session)).fetch(
                statement.text, *statement.values(Call(values))
            )
        return [_read(row, statement) for row in found] if statement.readers else found

    async def scalar(self, session: AsyncSession, **values: Any) -> Any:
        """The first value of the first row; None where there is no row."""
        found = await self.rows(session, **values)
        return found[0][0] if found else None


def _read(row: Sequence[Any], statement: Statement) -> Sequence[Any]:
    values = list(row)
    for place, reader in statement.readers:
        values[place] = reader(values[place])
    return values


async def copy(
    raw: "asyncpg.Connection[Any]", model: type[Base], rows: Iterable[Sequence[Any]], names: Sequence[str] = ()
) -> None:
    """Add rows as the driver takes them, with all columns in the table's order, or with those named."""
    table = shape(model).table
    with _told(f"COPY {table.name}"):
        await raw.copy_records_to_table(table.name, records=rows, columns=names or table.c.keys())


async def update(
    raw: "asyncpg.Connection[Any]",
    model: type[Base],
    keys: Sequence[str],
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Give rows new values: each of `rows` holds its `keys`, then what the columns `names` are to hold."""
    with _told(f"UPDATE {model.__tablename__}"):
        await raw.execute(_update(shape(model).table, tuple(keys), tuple(names)), *map(list, zip(*rows, strict=True)))


@cache
def _update(table: Table, keys: Sequence[str], names: Sequence[str]) -> str:
    """One statement for any number of rows: an array for each column."""
    columns = ", ".join(f'"{name}"' for name in (*keys, *names))
    arrays = ", ".join(f"${place}::{_array(table, name)}" for place, name in enumerate((*keys, *names), 1))
    values = [f'"{name}" = new."{name}"' for name in names]
    values += [f'"revision" = {table.name}."revision" + 1'] if "revision" in table.c else []
    same = " AND ".join(f'{table.name}."{name}" = new."{name}"' for name in keys)
    return f"UPDATE {table.name} SET {', '.join(values)} FROM unnest({arrays}) AS new({columns}) WHERE {same}"


def _array(table: Table, name: str) -> str:
    kind = table.c[name].type
    return "text[]" if isinstance(kind, String) else f"{kind.compile(dialect=DIALECT)}[]"


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What the driver raises, as SQLAlchemy would have told it."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DBAPIError(what, None, error) from error
