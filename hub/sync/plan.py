"""A page of records becomes a plan: what is to be done with each, field by field, and by which rule.

    records -> read (types) -> link (source + key) -> row in hand -> references -> create | update | close | reject

Planning reads and locks, and writes nothing. Applying a page and storing a plan for later start from the same rows.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, any_, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import KeyedColumnElement

from hub.models import Grid, Link, Party, PlanAction, uuid7
from hub.models.base import Base
from hub.plugin import Place, Record
from hub.services import grids
from hub.sync.kinds import KINDS, TOP_LEVELS, Found, Kind, Values
from hub.sync.places import Places


@dataclass(slots=True)
class Planned:
    """What is to be done with one record. `action` None: nothing, it says nothing new."""

    record: Record
    kind: str
    action: PlanAction | None
    entity_id: UUID | None = None
    row: Mapping[str, Any] | None = None
    new: Values = field(default_factory=dict)
    hash: bytes | None = None
    linked: bool = False
    rule: str = ""
    waits: bool = False

    @property
    def old(self) -> Values:
        return {column: self.row[column] for column in self.new} if self.row else {}


@dataclass(slots=True)
class _Reading:
    """A record whose scalars were understood."""

    record: Record
    values: Values
    hash: bytes
    link: tuple[UUID, bytes | None] | None = None


def fingerprint(record: Record) -> bytes:
    """The same for the same content, however its fields are ordered: 16 bytes."""
    content = orjson.dumps((record.deleted, record.fields), option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.blake2b(content, digest_size=16).digest()


async def plan(session: AsyncSession, source_id: UUID, records: Sequence[Record], places: Places) -> list[Planned]:
    """What is to be done with these records, kind after kind. Of two with the same key the later one counts."""
    latest = {(record.kind, record.key): record for record in records}
    planned: list[Planned] = [
        Planned(record, record.kind, PlanAction.REJECT, rule=f"No kind {record.kind!r}. There are: {', '.join(KINDS)}.")
        for record in latest.values()
        if record.kind not in KINDS
    ]
    for kind in KINDS.values():
        chosen = [record for record in latest.values() if record.kind == kind.name]
        if chosen:
            planned += await _plan_kind(session, source_id, kind, chosen, places)
    return planned


async def _plan_kind(
    session: AsyncSession, source_id: UUID, kind: Kind, records: list[Record], places: Places
) -> list[Planned]:
    readings, planned = _read(kind, records)
    await _link(session, source_id, kind, readings)
    fresh: list[_Reading] = []
    for reading in readings:
        if reading.link and reading.link[1] == reading.hash:
            planned.append(Planned(reading.record, kind.name, None, reading.link[0], linked=True))
        else:
            fresh.append(reading)
    if fresh:
        planned += await _Matching(session, kind, fresh, places).decide()
    return planned


def _read(kind: Kind, records: Iterable[Record]) -> tuple[list[_Reading], list[Planned]]:
    """The records whose scalars make sense, and refusals for the others."""
    readers = kind.readers()
    known = {*readers, *kind.references, *kind.nested}
    readings: list[_Reading] = []
    refused: list[Planned] = []
    for record in records:
        values: Values = {}
        try:
            name = "key"
            if not record.key or "\x00" in record.key:
                raise ValueError("a record needs a key without NUL bytes")
            for name, value in record.fields.items():
                if name in readers:
                    column, read = readers[name]
                    values[column] = None if value is None or value == "" else read(value)
                elif name not in known:
                    raise ValueError(f"a {kind.name} has no such field. It has: {', '.join(sorted(known))}")
            readings.append(_Reading(record, values, fingerprint(record)))
        except (ValueError, TypeError) as error:
            refused.append(Planned(record, kind.name, PlanAction.REJECT, rule=f"{name}: {error}."))
    return readings, refused


async def _link(session: AsyncSession, source_id: UUID, kind: Kind, readings: list[_Reading]) -> None:
    """Find out which rows the source's keys mean already."""
    keys = [reading.record.key for reading in readings]
    links = await session.execute(
        select(Link.key, Link.entity_id, Link.hash).where(
            Link.source_id == source_id, Link.kind == kind.name, among(Link.__table__.c.key, keys)
        )
    )
    known = {key: (entity_id, hash) for key, entity_id, hash in links}
    for reading in readings:
        reading.link = known.get(reading.record.key)


def among(column: KeyedColumnElement[Any], wanted: Iterable[Any]) -> ColumnElement[bool]:
    """`column = ANY(array)`: one parameter, however many values."""
    kind = Uuid() if isinstance(column.type, Uuid) else Text()
    return column == any_(literal(list(wanted), ARRAY(kind)))


class _Matching:
    """One kind's records of a page on their way to decisions."""

    def __init__(self, session: AsyncSession, kind: Kind, readings: list[_Reading], places: Places) -> None:
        self.session, self.kind, self.readings, self.places = session, kind, readings, places
        self.table = kind.table
        self.by_id: dict[UUID, Mapping[str, Any]] = {}
        self.by_natural: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        self.named: dict[tuple[type[Base], str], Found] = {}
        self.in_page: dict[str | None, _Reading] = {}
        self.decided: dict[str, Planned] = {}
        self.deciding: list[str] = []

    async def decide(self) -> list[Planned]:
        """A decision for every record, parents before children."""
        await self._resolve()
        await self._load()
        own = self.kind.natural[0]
        if own in self.kind.fields:
            for reading in self.readings:
                self.in_page.setdefault(reading.values.get(own), reading)
        return [self._decision(reading) for reading in self.readings]

    async def _resolve(self) -> None:
        """Find every row that a reference of the page names."""
        wanted: dict[type[Base], set[str]] = {}
        by_name = False
        for reading in self.readings:
            for name, reference in self.kind.references.items():
                value = reading.record.fields.get(name)
                if isinstance(value, Place):
                    await self.places.learn(self.session, value.under)
                elif value:
                    wanted.setdefault(reference.target, set()).add(str(value))
                    by_name |= reference.by_name
        for target, codes in wanted.items():
            table = target.metadata.tables[target.__tablename__]
            columns = [table.c.id, table.c.code, *((table.c.path, table.c.level) if target is Grid else ())]
            for row in (await self.session.execute(select(*columns).where(among(table.c.code, codes)))).mappings():
                self.named[target, row["code"]] = Found(row["id"], row.get("path"), row.get("level"))
            if by_name and target is Party:
                await self._resolve_names(codes)

    async def _resolve_names(self, names: set[str]) -> None:
        """Parties by their exact name, where exactly one has it."""
        table = Party.__table__
        twice: set[str] = set()
        for id, name in await self.session.execute(select(table.c.id, table.c.name).where(among(table.c.name, names))):
            if (Party, name) in self.named:
                twice.add(name)
            self.named.setdefault((Party, name), Found(id))
        for name in twice:
            del self.named[Party, name]

    async def _load(self) -> None:
        """Lock the rows in hand: those that are linked, and those known by their natural key."""
        first = self.kind.natural[0]
        column = self.table.c[first]
        linked = [reading.link[0] for reading in self.readings if reading.link]
        natural = {value for reading in self.readings if (value := self._natural(reading)[0]) is not None}
        for condition in (
            *([among(self.table.c.id, linked)] if linked else []),
            *([among(column, natural)] if natural else []),
        ):
            statement = select(self.table).where(condition).with_for_update()
            for row in (await self.session.execute(statement)).mappings():
                found = {str(name): value for name, value in row.items()}
                self.by_id[found["id"]] = found
                self.by_natural[tuple(found[name] for name in self.kind.natural)] = found

    def _natural(self, reading: _Reading) -> tuple[Any, ...]:
        columns = {reference.column: name for name, reference in self.kind.references.items()}
        found = []
        for column in self.kind.natural:
            if column in columns:
                name = columns[column]
                named = self.named.get((self.kind.references[name].target, str(reading.record.fields.get(name))))
                found.append(named and named.id)
            else:
                found.append(reading.values.get(column))
        return tuple(found)

    def _decision(self, reading: _Reading) -> Planned:
        key = reading.record.key
        if key not in self.decided:
            self.deciding.append(key)
            try:
                self.decided[key] = self._decide(reading)
            finally:
                self.deciding.pop()
        return self.decided[key]

    def _decide(self, reading: _Reading) -> Planned:
        record, kind = reading.record, self.kind
        row, rule = self._row(reading)
        planned = Planned(record, kind.name, None, row=row, hash=reading.hash, linked=reading.link is not None)
        planned.rule = rule
        if problem := self._taken(reading, row):
            return _refused(planned, problem)
        if record.deleted:
            return self._close(planned)
        values = dict(reading.values)
        found: dict[str, Found] = {}
        for name, reference in kind.references.items():
            if name in record.fields:
                problem = self._follow(planned, name, values, found)
                if problem:
                    return _refused(planned, problem, waits=reference.required or kind.model is Grid)
        if row is None:
            missing = [name for name in kind.required if not (values.get(name) or found.get(name))]
            if missing:
                return _refused(planned, f"{', '.join(missing)}: a new {kind.name} needs it.")
        if kind.model is Grid and (problem := self._place_grid(values, row, found)):
            return _refused(planned, problem)
        kind.derive(values, row, found)
        return self._differ(planned, values)

    def _row(self, reading: _Reading) -> tuple[Mapping[str, Any] | None, str]:
        """The row that a record means, and by which rule."""
        natural = self.by_natural.get(self._natural(reading))
        linked = self.by_id.get(reading.link[0]) if reading.link else None
        if linked is not None:
            return linked, "the same key"
        if natural is not None:
            return natural, f"the same {' and '.join(self.kind.natural)}"
        return None, "nothing known by this key"

    def _taken(self, reading: _Reading, row: Mapping[str, Any] | None) -> str | None:
        """The words of a refusal if the record's own code belongs to another row or to another record of the page."""
        natural = self._natural(reading)
        other = self.by_natural.get(natural)
        names = " and ".join(self.kind.natural)
        if row is not None and other is not None and other["id"] != row["id"]:
            return f"{names}: {reading.values.get(self.kind.natural[0])} belongs to another {self.kind.name}."
        first = self.in_page.get(reading.values.get(self.kind.natural[0], ""))
        if first is not None and first is not reading:
            return f"{names}: {natural[0]} stands already at {first.record.where or first.record.key}."
        return None

    def _close(self, planned: Planned) -> Planned:
        if planned.row is None:
            planned.rule = "gone before it was known"
            return planned
        planned.entity_id = planned.row["id"]
        return self._differ(planned, self.kind.closing(), PlanAction.CLOSE)

    def _follow(self, planned: Planned, name: str, values: Values, found: dict[str, Found]) -> str | None:
        """Put a reference's row into `values`; the words of a refusal if it cannot be."""
        reference, value = self.kind.references[name], planned.record.fields[name]
        target: Found | None = None
        if value is not None and value != "":
            named = self._named(reference.target, value)
            if isinstance(named, str):
                return f"{name}: {named}"
            target = named
            if target is None:
                if reference.required or (reference.column == "parent_id" and not _may_stand_alone(self.kind, values)):
                    return f"{name}: {value} is not known to the hub. Bring it in first, or in the same run."
                planned.hash = None  # look again next time
                if planned.row is not None:
                    return None
        values[reference.column] = target and target.id
        if reference.path:
            values[reference.path] = target and target.path
        if target is not None:
            found[name] = target
        return None

    def _named(self, target: type[Base], value: object) -> Found | str | None:
        """The row that a code, a name or a Place means; the words of a refusal if it goes round in a circle."""
        if isinstance(value, Place):
            return self.places.find(value)
        return self.named.get((target, str(value))) or self._sibling(target, str(value))

    def _sibling(self, target: type[Base], code: str) -> Found | str | None:
        """A row that this very page brings."""
        reading = self.in_page.get(code)
        if reading is None or not issubclass(self.kind.model, target):
            return None
        if reading.record.key in self.deciding:
            circle = self.deciding[self.deciding.index(reading.record.key) :]
            return f"a circle: {' → '.join([*circle, reading.record.key])}."
        sibling = self._decision(reading)
        if sibling.action is PlanAction.REJECT or sibling.entity_id is None:
            return None
        merged = {**(sibling.row or {}), **sibling.new}
        return Found(sibling.entity_id, merged.get("path"), merged.get("level"))

    def _place_grid(self, values: Values, row: Mapping[str, Any] | None, found: Mapping[str, Found]) -> str | None:
        """A grid's path follows from its parent's; the words of a refusal if that made a circle."""
        code = values.get("code") or (row and row["code"])
        if row is not None and "parent_id" not in values:
            return None
        parent = found.get("parent")
        if row is not None and parent is not None and (parent.path or "").startswith(row["path"]):
            return f"parent: {planned_code(parent)} lies below {code}: that would be a circle."
        values["path"] = grids.path(parent.path if parent else None, str(code))
        return None

    def _differ(self, planned: Planned, values: Values, action: PlanAction = PlanAction.UPDATE) -> Planned:
        """Only what is new: everything for a new row, the changed columns for an old one."""
        if planned.row is None:
            planned.action, planned.entity_id = PlanAction.CREATE, uuid7()
            planned.new = {**self.kind.defaults, **{name: value for name, value in values.items() if value is not None}}
            return planned
        row = planned.row
        planned.entity_id = row["id"]
        planned.new = {column: value for column, value in values.items() if row[column] != value}
        if planned.new or (self.kind.nested and self.kind.nested & planned.record.fields.keys()):
            planned.action = action
        return planned


def planned_code(found: Found) -> str:
    """The code at the end of a path."""
    return (found.path or "").rstrip("/").rpartition("/")[2]


def _may_stand_alone(kind: Kind, values: Values) -> bool:
    """A hub may begin at a district: such a grid stands at the top until its parent is known."""
    return kind.model is not Grid or values.get("level") in TOP_LEVELS


def _refused(planned: Planned, reason: str, *, waits: bool = False) -> Planned:
    planned.action, planned.rule, planned.waits = PlanAction.REJECT, reason, waits
    return planned
