"""A page of records becomes a plan: what is to be done with each, field by field, and by which rule.

    records -> read (types) -> link (source + key) -> row in hand -> references -> create | update | close | reject

Planning reads and locks, and writes nothing. Applying a page and storing a plan for later start from the same rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Link, PlanAction, uuid7
from hub.plugin import Record
from hub.sync.kinds import KINDS, Found, Kind, Values
from hub.sync.places import Places
from hub.sync.reading import Reading, Readings
from hub.sync.references import References, among


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


async def plan(session: AsyncSession, source_id: UUID, readings: Readings, places: Places) -> list[Planned]:
    """What is to be done with these records, kind after kind."""
    planned = [Planned(record, record.kind, PlanAction.REJECT, rule=reason) for record, reason in readings.refused]
    for name, understood in readings.understood.items():
        kind, fresh = KINDS[name], []
        await _link(session, source_id, kind, understood)
        for reading in understood:
            if reading.link and reading.link[1] == reading.hash:
                planned.append(Planned(reading.record, name, None, reading.link[0], linked=True))
            else:
                fresh.append(reading)
        if fresh:
            planned += await _Matching(kind, fresh, References(places)).decide(session)
    return planned


async def _link(session: AsyncSession, source_id: UUID, kind: Kind, readings: list[Reading]) -> None:
    """Find out which rows the source's keys mean already."""
    keys = among(Link.__table__.c.key, [reading.record.key for reading in readings])
    mine = (keys, Link.source_id == source_id, Link.kind == kind.name)
    links = await session.execute(select(Link.key, Link.entity_id, Link.hash).where(*mine))
    known = {key: (entity_id, hash) for key, entity_id, hash in links}
    for reading in readings:
        reading.link = known.get(reading.record.key)


DEEPEST = 50


class _Matching:
    """One kind's records of a page on their way to decisions."""

    def __init__(self, kind: Kind, readings: list[Reading], references: References) -> None:
        self.kind, self.readings, self.references = kind, readings, references
        self.by_id: dict[UUID, Mapping[str, Any]] = {}
        self.by_natural: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        self.in_page: dict[Any, Reading] = {}
        self.decided: dict[str, Planned] = {}
        self.deciding: list[str] = []

    async def decide(self, session: AsyncSession) -> list[Planned]:
        """A decision for every record, parents before children."""
        await self.references.learn(session, self.kind, [reading.record for reading in self.readings])
        for reading in self.readings:
            reading.natural = self._natural(reading)
            if reading.natural[0] is not None:
                self.in_page.setdefault(reading.natural, reading)
        await self._load(session)
        return [self._decision(reading) for reading in self.readings]

    def _natural(self, reading: Reading) -> tuple[Any, ...]:
        """What the record says of the columns by which a row is known."""
        found = [reading.values.get(column) for column in self.kind.natural]
        for position, (name, target) in enumerate(self.kind.natural_references):
            named = self.references.find(target, reading.record.fields.get(name))
            found[position] = named and named.id
        return tuple(found)

    async def _load(self, session: AsyncSession) -> None:
        """Lock the rows in hand: those that are linked, and those known by their natural key."""
        table, (first, *_) = self.kind.table, self.kind.natural
        linked = [reading.link[0] for reading in self.readings if reading.link]
        natural = {reading.natural[0] for reading in self.readings} - {None}
        for column, wanted in ((table.c.id, linked), (table.c[first], natural)):
            if not wanted:
                continue
            statement = select(table).where(among(column, wanted)).with_for_update()
            for row in (await session.execute(statement)).mappings():
                found = {str(name): value for name, value in row.items()}
                self.by_id[found["id"]] = found
                self.by_natural[tuple(found[name] for name in self.kind.natural)] = found

    def _decision(self, reading: Reading) -> Planned:
        key = reading.record.key
        if (known := self.decided.get(key)) is not None:
            return known
        self.deciding.append(key)
        decided = self.decided[key] = self._decide(reading)
        self.deciding.pop()
        return decided

    def _decide(self, reading: Reading) -> Planned:
        record, kind = reading.record, self.kind
        planned = self._match(reading)
        if problem := self._taken(reading, planned.row):
            return _refused(planned, problem)
        if record.deleted:
            return self._close(planned)
        values = reading.values
        found: dict[str, Found] = {}
        for name in kind.references.keys() & record.fields.keys():
            if problem := self._follow(planned, name, values, found):
                return _refused(planned, problem, waits=True)
        if planned.row is None:
            missing = [name for name in kind.required if values.get(name) is None and name not in found]
            if missing:
                return _refused(planned, f"{', '.join(missing)}: a new {kind.name} needs it.")
        if problem := kind.derive(values, planned.row, found):
            return _refused(planned, problem)
        return self._differ(planned, values)

    def _match(self, reading: Reading) -> Planned:
        """The row that a record means, and by which rule."""
        row, rule = self.by_natural.get(reading.natural), f"the same {' and '.join(self.kind.natural)}"
        if reading.link is not None and reading.link[0] in self.by_id:
            row, rule = self.by_id[reading.link[0]], "the same key"
        elif row is None:
            rule = "nothing known by this key"
        linked = reading.link is not None
        return Planned(reading.record, self.kind.name, None, row=row, hash=reading.hash, linked=linked, rule=rule)

    def _taken(self, reading: Reading, row: Mapping[str, Any] | None) -> str | None:
        """The words of a refusal if the record's own code belongs to another row or to another record of the page."""
        names, said = " and ".join(self.kind.natural), reading.record.fields.get(self.kind.natural[0])
        other, first = self.by_natural.get(reading.natural), self.in_page.get(reading.natural)
        if row is not None and other is not None and other["id"] != row["id"]:
            return f"{names}: {said} belongs to another {self.kind.name}."
        if first is not None and first is not reading:
            return f"{names}: {said} stands already at {first.record.where or first.record.key}."
        return None

    def _close(self, planned: Planned) -> Planned:
        if planned.row is None:
            planned.rule = "gone before it was known"
            return planned
        return self._differ(planned, self.kind.closing(), PlanAction.CLOSE)

    def _follow(self, planned: Planned, name: str, values: Values, found: dict[str, Found]) -> str | None:
        """Put a reference's row into `values`; the words of a refusal if it cannot be."""
        reference, value = self.kind.references[name], planned.record.fields[name]
        target: Found | None = None
        if value is not None and value != "":
            target = self.references.find(reference.target, value)
            if target is None and issubclass(self.kind.model, reference.target):
                sibling = self._sibling(str(value))
                if isinstance(sibling, str):
                    return f"{name}: {sibling}"
                target = sibling
            if target is None:
                if reference.needed(values):
                    return f"{name}: {value} is not known to the hub. Bring it in first, or in the same run."
                planned.hash = None  # look again next time
                target = self.references.above(str(value)) if reference.path else None
                if target is None and planned.row is not None:
                    return None
        values[reference.column] = target and target.id
        if reference.path:
            values[reference.path] = target and target.path
        if target is not None:
            found[name] = target
        return None

    def _sibling(self, code: str) -> Found | str | None:
        """A row that this very page brings; the words of a refusal if one waits for the other."""
        reading = self.in_page.get((code,))
        if reading is None:
            return None
        if reading.record.key in self.deciding:
            circle = self.deciding[self.deciding.index(reading.record.key) :]
            return f"a circle: {' → '.join([*circle, reading.record.key])}."
        if len(self.deciding) > DEEPEST:
            return f"more than {DEEPEST} levels, one below the other."
        sibling = self._decision(reading)
        if sibling.action is PlanAction.REJECT or sibling.entity_id is None:
            return None
        merged = {**(sibling.row or {}), **sibling.new}
        return Found(sibling.entity_id, merged.get("path"), merged.get("level"))

    def _differ(self, planned: Planned, values: Values, action: PlanAction = PlanAction.UPDATE) -> Planned:
        """Only what is new: everything for a new row, the changed columns for an old one."""
        row = planned.row
        if row is None:
            planned.action, planned.entity_id = PlanAction.CREATE, uuid7()
            planned.new = {**self.kind.defaults, **{name: value for name, value in values.items() if value is not None}}
            return planned
        planned.entity_id = row["id"]
        planned.new = {column: value for column, value in values.items() if row[column] != value}
        if planned.new or not self.kind.nested.isdisjoint(planned.record.fields):
            planned.action = action
        return planned


def _refused(planned: Planned, reason: str, *, waits: bool = False) -> Planned:
    planned.action, planned.rule, planned.waits = PlanAction.REJECT, reason, waits
    return planned
