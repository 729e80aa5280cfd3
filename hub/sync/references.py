"""What the references of a page mean: rows by their code, parties also by their exact name, grids by their place."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, Text, Uuid, any_, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import KeyedColumnElement

from hub.later import Later
from hub.models import Grid, Party
from hub.models.base import Base
from hub.plugin import Place
from hub.prepared import given
from hub.services.shapes import shape
from hub.sync import bulk
from hub.sync.kind import Found, Kind
from hub.sync.places import Places
from hub.sync.planned import Brought


def among(column: KeyedColumnElement[Any], wanted: Iterable[Any] | Later) -> ColumnElement[bool]:
    """`column = ANY(array)`: one parameter, however many values."""
    kind = Uuid() if isinstance(column.type, Uuid) else Text()
    return column == any_(literal(wanted if isinstance(wanted, Later) else list(wanted), ARRAY(kind)))


async def locked(session: AsyncSession, table: Table, wanted: Mapping[str, Iterable[Any]]) -> list[dict[str, Any]]:
    """The rows that have a wanted value in one of these columns, as they stand, locked in one order for all."""
    rows = await _locked(table, tuple(wanted)).rows(session, **{name: list(values) for name, values in wanted.items()})
    return [dict(zip(table.c.keys(), row, strict=True)) for row in rows]


@cache
def _locked(table: Table, names: Sequence[str]) -> bulk.Query:
    wanted = or_(*(among(table.c[name], given(name)) for name in names))
    return bulk.Query(select(table).where(wanted).order_by(table.c.id).with_for_update())


def code_of(table: Table) -> KeyedColumnElement[Any]:
    """The column by which records name a table's rows."""
    return table.c["code" if "code" in table.c else "number"]


@cache
def _by_code(target: type[Base]) -> bulk.Query:
    table = shape(target).table
    tree = (table.c.path, table.c.level) if target is Grid else ()
    return bulk.Query(select(code_of(table), table.c.id, *tree).where(among(code_of(table), given("codes"))))


_PARTIES = shape(Party).table.c
_BY_NAME = bulk.Query(select(_PARTIES.id, _PARTIES.name).where(among(_PARTIES.name, given("names"))))
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
        if target is Grid:
            codes = codes | {code[:length] for code in codes for length in DIVISIONS if code.isdigit()}
        for code, *rest in await _by_code(target).rows(session, codes=codes):
            self._named[target, code] = Found(*rest)

    async def _by_name(self, session: AsyncSession, names: set[str]) -> None:
        """Parties by their exact name, where exactly one has it."""
        alike: dict[str, list[Any]] = {}
        for id, name in await _BY_NAME.rows(session, names=names):
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
