"""What the references of a page mean: rows by their code, parties also by their exact name, grids by their place."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, Text, Uuid, any_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import KeyedColumnElement

from hub.models import Grid, Party
from hub.models.base import Base
from hub.plugin import Place
from hub.sync.kind import Found, Kind
from hub.sync.places import Places
from hub.sync.planned import Brought


def among(column: KeyedColumnElement[Any], wanted: Iterable[Any]) -> ColumnElement[bool]:
    """`column = ANY(array)`: one parameter, however many values."""
    kind = Uuid() if isinstance(column.type, Uuid) else Text()
    return column == any_(literal(list(wanted), ARRAY(kind)))


async def locked(session: AsyncSession, table: Table, wanted: ColumnElement[bool]) -> list[dict[str, Any]]:
    """The rows as they stand, locked in one order for all."""
    found = await session.execute(select(table).where(wanted).order_by(table.c.id).with_for_update())
    names = tuple(map(str, found.keys()))
    return [dict(zip(names, row, strict=True)) for row in found]


def code_of(table: Table) -> KeyedColumnElement[Any]:
    """The column by which records name a table's rows."""
    return table.c["code" if "code" in table.c else "number"]


DIVISIONS = (9, 6)


class References:
    """The rows that the records of one page name, `brought` by it or known already."""

    def __init__(self, brought: Brought) -> None:
        self._brought = brought
        self._places = Places()
        self._named: dict[tuple[type[Base], str], Found] = {}
        self._asked: dict[type[Base], set[str]] = defaultdict(set)

    async def learn(self, session: AsyncSession, kind: Kind, said_by: Sequence[Mapping[str, Any]]) -> None:
        """Read every row that these records' references name: one statement a table, however many records."""
        for target, by_name in {(ref.target, ref.by_name) for ref in kind.references.values()}:
            names = [name for name, ref in kind.references.items() if ref.target is target]
            said = {value for named in said_by for name in names if (value := named.get(name))}
            places = {value for value in said if isinstance(value, Place)}
            for division in {place.under for place in places}:
                await self._places.learn(session, division)
            if codes := {str(value) for value in said - places} - self._asked[target]:
                self._asked[target] |= codes
                await self._by_code(session, target, codes)
                if by_name:
                    await self._by_name(session, codes)

    async def _by_code(self, session: AsyncSession, target: type[Base], codes: set[str]) -> None:
        table = target.metadata.tables[target.__tablename__]
        if target is Grid:
            codes = codes | {code[:length] for code in codes for length in DIVISIONS if code.isdigit()}
        tree = (table.c.path, table.c.level) if target is Grid else ()
        for code, *rest in await session.execute(
            select(code_of(table), table.c.id, *tree).where(among(code_of(table), codes))
        ):
            self._named[target, code] = Found(*rest)

    async def _by_name(self, session: AsyncSession, names: set[str]) -> None:
        """Parties by their exact name, where exactly one has it."""
        table = Party.__table__
        alike: dict[str, list[Any]] = {}
        for id, name in await session.execute(select(table.c.id, table.c.name).where(among(table.c.name, names))):
            alike.setdefault(name, []).append(id)
        for name, ids in alike.items():
            if len(ids) == 1:
                self._named.setdefault((Party, name), Found(ids[0]))

    def find(self, target: type[Base], value: object) -> Found | None:
        """The row that a code, a name or a Place means, if the hub knows it."""
        if isinstance(value, Place):
            return self._places.find(value)
        _, coming = self._brought.get((target.__tablename__, str(value)), ("", None))
        return coming or self._named.get((target, str(value)))

    def brought_as(self, kind: Kind, code: str | None) -> str | None:
        """The kind of record by which a row with this code is on its way."""
        return self._brought[kind.table.name, code][0] if code and (kind.table.name, code) in self._brought else None

    def above(self, code: str) -> Found | None:
        """The smallest known division that a statistical code lies in: its first 9 or 6 digits."""
        around = (self._named.get((Grid, code[:length])) for length in DIVISIONS if code.isdigit())
        return next(filter(None, around), None)
