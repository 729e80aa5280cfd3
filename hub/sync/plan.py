"""A page of records becomes a plan: what is to be done with each, field by field, and by which rule.

    records -> read (types) -> link (source + key) -> row in hand -> references -> create | update | close | reject

Planning reads and locks, and writes nothing. Applying a page and storing a plan for later start from the same rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Link, PlanAction, Request, uuid7
from hub.models.base import now
from hub.plugin import Place
from hub.prepared import given
from hub.services.changes import plain
from hub.services.shapes import shape
from hub.sync import bulk, capacities, nested, sought, steps
from hub.sync.kind import Found, Kind, Values
from hub.sync.kinds import KINDS
from hub.sync.ownership import Owners, owners, tell_what_stays
from hub.sync.planned import Brought, Kept, Planned
from hub.sync.reading import GONE, Known, Reading, Readings
from hub.sync.references import References, among, locked
from hub.sync.sought import Sought


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is planned, and the ids that new rows must have: of a stored plan those that it promised."""

    at: datetime = field(default_factory=now)
    ids: Mapping[tuple[str, str], UUID] = field(default_factory=dict)


async def plan(
    session: AsyncSession, source_id: UUID, readings: Readings, ahead: Brought | None, moment: Moment | None = None
) -> list[Planned]:
    """What is to be done with these records, kind after kind.

    `ahead`: what earlier pages of a mere plan bring; what these bring is added. None: each page is written in turn.
    """
    moment = moment or Moment()
    brought: Brought = {} if ahead is None else ahead
    last = next(reversed(readings.understood), None)
    planned: list[Planned] = []
    for name in readings.understood:
        kind, fresh = KINDS[name], []
        await _link(session, source_id, kind, readings.understood[name])
        references = References(brought)
        await readings.translate(name, [one for one in readings.raw(name) if one.may_be_news()])
        readings.understand(name)
        waiting = await _come_since(session, kind, readings.understood[name], references)
        await readings.translate(name, [one for one in readings.raw(name) if one.record.key in waiting])
        readings.understand(name, waiting)
        for reading in readings.understood[name]:
            if reading.link is not None and reading.says_nothing_new() and reading.record.key not in waiting:
                link = reading.link
                planned.append(Planned(reading.record, name, None, link.id, linked=True, link_at=link.at))
            else:
                fresh.append(reading)
        if fresh:
            decided = await _Matching(kind, fresh, references, source_id, moment).decide(session)
            if kind.nested:
                await nested.compare(session, decided)
            if kind.model is Request:
                await steps.follow(session, decided)
            await capacities.keep(session, kind, decided, planned)
            planned += decided
            if kind.table.name in NAMED and (ahead is not None or name != last):
                for one in decided:
                    one.bring(brought)
    refused = (Planned(record, record.kind, PlanAction.REJECT, rule=reason) for record, reason in readings.refused)
    planned = [*refused, *planned]
    if ahead is not None:
        await tell_what_stays(session, source_id, planned)
    return planned


_LINKS = shape(Link).table.c
_MINE = _LINKS.source_id == given("source"), _LINKS.kind == given("kind")
_SAID = _LINKS.key, _LINKS.entity_id, _LINKS.hash, _LINKS.at, _LINKS.later, _LINKS.unknown
_KNOWN = bulk.Query(select(*_SAID).where(*_MINE, among(_LINKS.key, given("keys"))))
_CALLED = bulk.Query(select(*_SAID[1::-1], _LINKS.hash).where(*_MINE, among(_LINKS.entity_id, given("ids"))))


async def _link(session: AsyncSession, source_id: UUID, kind: Kind, readings: list[Reading]) -> None:
    """Find out which rows the source's keys mean already."""
    keys = [reading.record.key for reading in readings]
    links = await _KNOWN.rows(session, source=source_id, kind=kind.name, keys=keys)
    known = {key: Known(*said) for key, *said in links}
    for reading in readings if known else ():
        if (link := known.get(reading.record.key)) is not None:
            reading.link = link
            reading.forget()


async def _come_since(session: AsyncSession, kind: Kind, readings: list[Reading], references: References) -> set[str]:
    """The keys of records that say nothing new, but name what was not known when they were applied, and is by now."""
    by_key = {
        one.record.key: sought.read(one.link.unknown)
        for one in readings
        if one.link is not None and one.link.unknown and one.link.hash == one.hash
    }
    if not by_key:
        return set()
    what = {one for several in by_key.values() for one in several if one.field in kind.references}
    await references.learn(session, kind, [{one.field: one.named} for one in what])
    siblings = {reading.values.get(kind.natural[0]) for reading in readings if not reading.unread}
    come = set()
    for one in what:
        reference = kind.references[one.field]
        above = references.above(str(one.named)) if reference.path else None
        beside = issubclass(kind.model, reference.target) and one.named in siblings
        if beside or references.find(reference.target, one.named) is not None or _last(above) != one.instead:
            come.add(one)
    return {key for key, several in by_key.items() if not come.isdisjoint(several)}


def _last(found: Found | None) -> str:
    """The code of a grid: the last one of its path."""
    return found.path.rstrip("/").rpartition("/")[2] if found and found.path else ""


DEEPEST = 50
NAMED = {reference.target.__tablename__ for kind in KINDS.values() for reference in kind.references.values()}


class _Matching:
    """One kind's records of a page on their way to decisions."""

    def __init__(
        self, kind: Kind, readings: list[Reading], references: References, source_id: UUID, moment: Moment
    ) -> None:
        self.moment = moment
        self.kind, self.readings, self.references, self.source_id = kind, readings, references, source_id
        self.never_empty, self.natural_references = kind.never_empty(), kind.natural_references
        self.names, self.alike = kind.names(), f"the same {' and '.join(kind.natural)}"
        self.owners = Owners(kind, source_id)
        self.disputed: set[UUID] = set()
        self.called: dict[UUID, str] = {}
        self.gone: set[UUID] = set()
        self.by_id: dict[UUID, Mapping[str, Any]] = {}
        self.by_natural: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        self.in_page: dict[Any, Reading] = {}
        self.decided: dict[str, Planned] = {}
        self.deciding: list[str] = []

    async def decide(self, session: AsyncSession) -> list[Planned]:
        """A decision for every record, parents before children."""
        await self.references.learn(session, self.kind, [reading.named for reading in self.readings])
        for reading in self.readings:
            reading.natural = self._natural(reading)
            if None not in reading.natural and not reading.record.deleted:
                self.in_page.setdefault(reading.natural, reading)
        await self._load(session)
        await self._names(session)
        self.owners = await owners(session, self.kind, self.source_id, list(self.by_id), self.moment.at)
        self.disputed = self.owners.concerned()
        for reading in self.readings:
            self._decision(reading)
        return list(self.decided.values())

    def _natural(self, reading: Reading) -> tuple[Any, ...]:
        """What the record says of the columns by which a row is known."""
        if not self.natural_references:
            return tuple(map(reading.values.get, self.kind.natural))
        named = (self.references.find(target, reading.named.get(name)) for name, target in self.natural_references)
        return tuple(found and found.id for found in named)

    async def _load(self, session: AsyncSession) -> None:
        """Lock the rows in hand, in one order for all: those that are linked, and those known by their natural key."""
        table, (first, *_) = self.kind.table, self.kind.natural
        linked = [reading.link.id for reading in self.readings if reading.link]
        natural = {reading.natural[0] for reading in self.readings} - {None}
        if not linked and not natural:
            return
        wanted = {"id": linked, first: natural} if first != "id" else {"id": linked}
        for found in await locked(session, table, wanted):
            self.by_id[found["id"]] = found
            natural_key = tuple(found[name] for name in self.kind.natural)
            if None not in natural_key:
                self.by_natural[natural_key] = found

    async def _names(self, session: AsyncSession) -> None:
        """What the source already calls the rows that are known by their natural key only."""
        found = [self.by_natural.get(reading.natural) for reading in self.readings if reading.link is None]
        if ids := [row["id"] for row in found if row is not None]:
            for id, key, hash in await _CALLED.rows(session, source=self.source_id, kind=self.kind.name, ids=ids):
                if hash == GONE:
                    self.gone.add(id)
                else:
                    self.called[id] = key

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
        if record.deleted:
            return self._close(planned, linked=reading.link is not None)
        if problem := self._twice(reading) or self._of_another_type(reading, planned.row):
            return _refused(planned, problem)
        if problem := self._taken(reading, planned.row):
            return _refused(planned, problem, waits=True)
        values = {**reading.values}
        if planned.row is not None:
            if reading.link.hash == GONE if reading.link else planned.row["id"] in self.gone:
                values = {**kind.reopening, **values}
            if empty := self._empty(values, reading.named):
                return _refused(planned, f"{', '.join(empty)}: a {kind.name} cannot be without it.")
        found: dict[str, Found] = {}
        for name, said in reading.named.items():
            if problem := self._follow(planned, name, said, values, found):
                return _refused(planned, problem, waits=True)
        if planned.row is None:
            missing = [name for name in kind.required if values.get(name) is None and name not in found]
            if missing:
                planned.unknown["key"] = record.key
                return _refused(planned, f"{', '.join(missing)}: a new {kind.name} needs it.")
        self._keep(planned, values, found)
        if problem := kind.derive(values, planned.row, found, self.moment.at):
            return _refused(planned, problem)
        planned.caller, planned.issues = reading.nested.get("caller"), reading.nested.get("issues") or ()
        return self._differ(planned, values)

    def _match(self, reading: Reading) -> Planned:
        """The row that a record means, and by which rule."""
        row, rule = self.by_natural.get(reading.natural), self.alike
        if reading.link is not None and reading.link.id in self.by_id:
            row, rule = self.by_id[reading.link.id], "the same key"
        elif row is None:
            rule = "nothing known by this key"
        hash, at, later = reading.remembered()
        planned = Planned(reading.record, self.kind.name, None, row=row, hash=hash, linked=reading.link is not None)
        planned.rule, planned.link_at, planned.later, planned.extra = rule, at, later, reading.extra
        planned.partial = reading.partial
        return planned

    def _twice(self, reading: Reading) -> str | None:
        """The words of a refusal if another record of the page has the same code."""
        first = self.in_page.get(reading.natural)
        if first is None or first is reading:
            return None
        return f"{self._called(reading)} stands already at {first.record.where or first.record.key}."

    def _of_another_type(self, reading: Reading, row: Mapping[str, Any] | None) -> str | None:
        """The words of a refusal if the code is that of an organization where a person is meant, or the other way."""
        other = self.references.brought_as(self.kind, reading.natural[0]) or self.kind.name
        if other != self.kind.name or (row is not None and row.get("type") is not self.kind.defaults.get("type")):
            return f"{self._called(reading)} belongs to something that is no {self.kind.name}."
        return None

    def _taken(self, reading: Reading, row: Mapping[str, Any] | None) -> str | None:
        """The words of a refusal if the record's code belongs to another row, or its row to another key."""
        other = self.by_natural.get(reading.natural)
        if row is not None and other is not None and other["id"] != row["id"]:
            return f"{self._called(reading)} belongs to another {self.kind.name}."
        if row is not None and reading.link is None and (key := self.called.get(row["id"])) is not None:
            return f"{self._called(reading)} belongs to the {self.kind.name} that this source calls {key}."
        return None

    def _called(self, reading: Reading) -> str:
        """The record's natural key in words."""
        said = (
            reading.values.get(name) or reading.record.fields.get(name.removesuffix("_id"))
            for name in self.kind.natural
        )
        return ", ".join(
            f"{name.removesuffix('_id')} {value}" for name, value in zip(self.kind.natural, said, strict=True)
        )

    def _empty(self, values: Values, named: Values) -> list[str]:
        """The fields that a row cannot be without, but that are empty here. Other such columns keep what they hold."""
        said = {**values, **{self.kind.references[name].column: code for name, code in named.items()}}
        empty = [column for column, value in said.items() if value is None and column in self.never_empty]
        for column in empty:
            values.pop(column, None)
        return [column.removesuffix("_id") for column in empty if self.never_empty[column]]

    def _close(self, planned: Planned, *, linked: bool) -> Planned:
        """A source can take away only what it brought; what ended earlier keeps its day."""
        if (row := planned.row) is None or not linked:
            planned.row = None
            planned.rule = "gone before it was known"
            return planned
        closing = self.kind.closing(self.moment.at)
        earlier = {name for name, day in closing.items() if isinstance(day, date) and row[name] and row[name] <= day}
        values = {name: value for name, value in closing.items() if name not in earlier}
        self._keep(planned, values, {})
        return self._differ(planned, {} if planned.kept else values, PlanAction.CLOSE)

    def _keep(self, planned: Planned, values: Values, found: dict[str, Found]) -> None:
        """Take out of `values` what does not stand against somebody else's word."""
        if (row := planned.row) is None or row["id"] not in self.disputed:
            return
        for column, name in self.names.items():
            if column not in values:
                continue
            at, value = planned.record.at or self.moment.at, values[column]
            why = self.owners.stays(row["id"], name, column, value, at) if row[column] != value else None
            if why is not None:
                planned.kept[name] = Kept(plain(value), why)
                reference = self.kind.references.get(name)
                for left in {column, reference.path if reference and reference.path else column}:
                    values.pop(left, None)
                found.pop(name, None)
            elif row[column] == value and self.owners.agrees(row["id"], name, column, value):
                planned.agreed[name] = plain(value)
            elif (row["id"], name) in self.owners.withheld:
                planned.settled.add(name)

    def _follow(
        self, planned: Planned, name: str, value: str | Place | None, values: Values, found: dict[str, Found]
    ) -> str | None:
        """Put a reference's row into `values`; the words of a refusal if it cannot be."""
        reference = self.kind.references[name]
        target: Found | None = None
        if value is not None:
            if issubclass(self.kind.model, reference.target):
                sibling = self._sibling(str(value))
                if isinstance(sibling, str) and reference.tree:
                    return f"{name}: {sibling}"
                target = None if isinstance(sibling, str) else sibling
            target = target or self.references.find(reference.target, value)
            if target is None:
                if reference.needed(values):
                    planned.unknown[name] = str(value)
                    return f"{name}: {value} is not known to the hub. Bring it in first, or in the same run."
                planned.unknown[name] = str(value)
                target = self.references.above(str(value)) if reference.path else None
                planned.sought.append(Sought(name, value, _last(target)))
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
        return self._decision(reading).becomes()

    def _differ(self, planned: Planned, values: Values, action: PlanAction = PlanAction.UPDATE) -> Planned:
        """Only what is new: everything for a new row, the changed columns for an old one."""
        row = planned.row
        if row is None:
            promised = self.moment.ids.get((self.kind.name, planned.record.key))
            planned.action, planned.entity_id = PlanAction.CREATE, promised or uuid7()
            planned.new = {**self.kind.defaults, **{name: value for name, value in values.items() if value is not None}}
            return planned
        planned.entity_id = row["id"]
        planned.new = {column: value for column, value in values.items() if row[column] != value}
        if planned.new:
            planned.action = action
        return planned


def _refused(planned: Planned, reason: str, *, waits: bool = False) -> Planned:
    planned.action, planned.rule, planned.waits = PlanAction.REJECT, reason, waits
    return planned
