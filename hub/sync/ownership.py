"""Whose word stands, for each field that a source says otherwise than the hub has it.

    pinned by a person -> it stays | rule SOURCE -> the source's | nobody else wrote it -> the source's
    -> another source has the rule SOURCE -> it stays | a person wrote it, rule HUB -> it stays
    -> the source repeats what it said before -> it stays | whoever said it last

What a source says and what does not stand is kept as withheld: it shows what the source would have, and tells later
whether the source repeats itself. Who wrote a field last is no table: the log knows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Change, Ownership, Pin, Rule, Run, RunMode, Source, Withheld
from hub.prepared import given
from hub.services.changes import plain
from hub.sync import bulk
from hub.sync.kind import EVERY, Kind
from hub.sync.kinds import KINDS
from hub.sync.planned import Kept, Planned
from hub.sync.references import among


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody wrote into some columns of a row. `source` None: a person, or the hub itself, called `who`.

    `undoes`: it took back what that run had written.
    """

    place: tuple[int, UUID]
    at: datetime
    who: str
    source: UUID | None
    said: Mapping[str, Any]
    run: UUID | None = None
    undoes: UUID | None = None


class Pinned(NamedTuple):
    """By whom a field is pinned, and why."""

    by: str | None
    reason: str | None


class Held(NamedTuple):
    """What the source said of a field and what does not stand, when by its own clock, and when by the hub's."""

    value: Any
    said_at: datetime | None
    at: datetime


@dataclass(slots=True)
class Owners:
    """What there is to know of some rows of one kind, before one source's records of them are decided."""

    kind: Kind
    source_id: UUID
    rules: dict[tuple[UUID | None, str], Rule] = field(default_factory=dict)
    pins: dict[tuple[UUID, str], Pinned] = field(default_factory=dict)
    withheld: dict[tuple[UUID, str], Held] = field(default_factory=dict)
    words: dict[UUID, list[Word]] = field(default_factory=dict)
    me: str = ""

    def concerned(self) -> set[UUID]:
        """The rows on which anybody but the source has a word: of the others every word of the source stands."""
        return {*self.words, *(id for id, _ in self.pins), *(id for id, _ in self.withheld)}

    def rule(self, source_id: UUID, name: str) -> Rule:
        """The rule for a source and a field: the most specific one."""
        for key in ((source_id, name), (source_id, EVERY), (None, name), (None, EVERY)):
            if (found := self.rules.get(key)) is not None:
                return found
        return Rule.NEWEST if name in self.kind.living else Rule.HUB

    def stays(self, id: UUID, name: str, column: str, value: Any, at: datetime) -> str | None:
        """Why a field stays as it is, though the source says `value` of it, and said so at that time; None: it goes."""
        if (pin := self.pins.get((id, name))) is not None:
            return f"pinned by {pin.by or 'a person'}{f': {pin.reason}' if pin.reason else ''}"
        mine, last = self.rule(self.source_id, name), self._last(id, column)
        if mine is Rule.SOURCE or last is None or last.source == self.source_id:
            return None
        if last.source is not None and self.rule(last.source, name) is Rule.SOURCE:
            return f"{last.who} has the word on it (rule SOURCE)"
        if last.source is None and mine is Rule.HUB:
            return f"{last.who} wrote it in the hub on {last.at:%Y-%m-%d} (rule HUB)"
        if self._repeats(id, name, column, value, last.at):
            return f"the source says what it said before {last.who} wrote it (rule {mine.name})"
        if last.at > at or (last.at == at and (last.source is None or last.who > self.me)):
            return f"{last.who} said it later, on {last.at:%Y-%m-%d} (rule {mine.name})"
        return None

    def agrees(self, id: UUID, name: str, column: str, value: Any) -> bool:
        """Whether the source says by now what somebody else wrote, and said another thing before."""
        last = self._last(id, column)
        if last is None or last.source == self.source_id:
            return False
        if (before := self.withheld.get((id, name))) is not None:
            return bool(before.value != plain(value))
        return any(word.source == self.source_id for word in self._standing(id, column))

    def _last(self, id: UUID, column: str) -> Word | None:
        standing = self._standing(id, column)
        return standing[-1] if standing else None

    def _standing(self, id: UUID, column: str) -> list[Word]:
        """The words on a column in their order, without those that were taken back."""
        standing: list[Word] = []
        for word in sorted(self.words.get(id, ()), key=lambda word: word.place):
            if column in word.said and word.undoes is not None:
                standing = [one for one in standing if one.run != word.undoes]
            elif column in word.said:
                standing.append(word)
        return standing

    def _repeats(self, id: UUID, name: str, column: str, value: Any, since: datetime) -> bool:
        """Whether the source says what it said last before that time, and nothing else in between."""
        before = self.withheld.get((id, name))
        if before is not None and (before.said_at or before.at) > since:
            return False
        if before is not None:
            return bool(before.value == plain(value))
        own = [word for word in self._standing(id, column) if word.source == self.source_id]
        return bool(own) and own[-1].said[column] == plain(value)


async def owners(session: AsyncSession, kind: Kind, source_id: UUID, ids: Sequence[UUID], now: datetime) -> Owners:
    """What is known of these rows. A row that nobody else has written costs one look at the log."""
    known = Owners(kind, source_id)
    if not ids:
        return known
    known.rules = {(source, name): rule for source, name, rule in await _RULES.rows(session, kind=kind.name)}
    known.pins = {(id, name): Pinned(*said) for id, name, *said in await _PINS.rows(session, ids=ids, now=now)}
    held = await _HELD.rows(session, ids=ids, source=source_id)
    known.withheld = {(id, name): Held(*said) for id, name, *said in held}
    others = await _words(_OTHERS, session, ids, source_id)
    if others:
        known.me = await session.scalar(select(Source.name).where(Source.id == source_id)) or ""
        mine = await _words(_MINE, session, list(others), source_id)
        known.words = {id: [*found, *mine.get(id, ())] for id, found in others.items()}
    return known


async def _words(
    asked: bulk.Query, session: AsyncSession, ids: Sequence[UUID], source_id: UUID
) -> dict[UUID, list[Word]]:
    found: dict[UUID, list[Word]] = defaultdict(list)
    for entity_id, position, id, *said in await asked.rows(session, ids=ids, source=source_id):
        found[entity_id].append(Word((position, id), *said))
    return found


def _said() -> Select[*tuple[Any, ...]]:
    """What was written into some rows, when, by whom."""
    said_at = func.coalesce(Change.said_at, Change.at)
    who = func.coalesce(Source.name, Change.actor, "the hub")
    undoes = case((Run.mode == RunMode.UNDO, Run.plan_id))
    columns = (
        *(Change.entity_id, Change.position, Change.id, said_at, who, Run.source_id, Change.patch),
        *(Change.run_id, undoes),
    )
    statement = select(*columns).outerjoin(Run, Run.id == Change.run_id).outerjoin(Source, Source.id == Run.source_id)
    return statement.where(among(Change.__table__.c.entity_id, given("ids")))


_RULES = bulk.Query(select(Ownership.source_id, Ownership.field, Ownership.rule).where(Ownership.kind == given("kind")))
_PINS = bulk.Query(
    select(Pin.entity_id, Pin.field, Pin.pinned_by, Pin.reason).where(
        among(Pin.__table__.c.entity_id, given("ids")), or_(Pin.until.is_(None), Pin.until > given("now"))
    )
)
_HELD = bulk.Query(
    select(Withheld.entity_id, Withheld.field, Withheld.value, Withheld.said_at, Withheld.at).where(
        among(Withheld.__table__.c.entity_id, given("ids")), Withheld.source_id == given("source")
    )
)
_OTHERS = bulk.Query(_said().where(Run.source_id.is_distinct_from(given("source"))))
_MINE = bulk.Query(_said().where(Run.source_id == given("source")))


async def tell_what_stays(session: AsyncSession, source_id: UUID, planned: Sequence[Planned]) -> None:
    """Say of records that say nothing new what of them does not stand, by the rule that decided when they were new."""
    quiet = {one.entity_id: one for one in planned if one.action is None and one.linked and one.row is None}
    mine = (among(Withheld.__table__.c.entity_id, filter(None, quiet)), Withheld.source_id == source_id)
    held = list(await session.scalars(select(Withheld).where(*mine, Withheld.rule != ""))) if quiet else []
    for kind in {quiet[one.entity_id].kind for one in held}:
        table, columns = KINDS[kind].table, {name: column for column, name in KINDS[kind].names().items()}
        ids = [one.entity_id for one in held if quiet[one.entity_id].kind == kind]
        rows = await session.execute(select(table).where(among(table.c.id, ids)))
        by_id = {row["id"]: row for row in rows.mappings()}
        for one in held:
            row, column = by_id.get(one.entity_id), columns.get(one.field)
            if row is not None and column is not None and plain(row[column]) != one.value:
                said = quiet[one.entity_id]
                said.kept[one.field], said.still = Kept(one.value, one.rule), True
