"""What is due by the rules (应到) and what came of it (实到): occurrences of rotas and series, and their compliance.

A turn belongs to the last occurrence of its rota that began before it, so that a relay goes on under the one it began
with. A meeting or an activity belongs to the occurrence of its series that is nearest in time: it may be held a little
earlier or later than the rule says.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid
from hub.models import Activity, Meeting, Person, Rota, Series, Shift, now
from hub.services import activities, deliberation, parties, recurrence, rotas, stations

MOST_ROWS = 5_000


@dataclass(slots=True)
class Occurrence:
    """One time that a rule is due, and what there is of it."""

    starts_at: datetime
    ends_at: datetime
    shifts: list[Shift] = field(default_factory=list)
    on_duty: list[Person] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Compliance:
    """How often it was due, until now, and how often it was held."""

    due: int
    held: int

    @property
    def missed(self) -> int:
        return self.due - self.held

    @property
    def rate(self) -> float | None:
        return self.held / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a rule is due in the days that are asked for, and the last time before and the first after them."""

    starts: list[datetime]
    lasts: timedelta
    before: datetime | None
    after: datetime | None

    def occurrences(self) -> list[Occurrence]:
        return [Occurrence(one.astimezone(UTC), (one + self.lasts).astimezone(UTC)) for one in self.starts]

    def latest(self, moment: datetime) -> int | None:
        """The number of the occurrence that began last before a moment."""
        at = bisect_right(self.starts, moment) - 1
        return at if at >= 0 and (self.after is None or moment < self.after) else None

    def nearest(self, moment: datetime) -> int | None:
        """The number of the occurrence that is nearest to a moment; None where one outside of these days is nearer."""
        all_ = [*filter(None, (self.before,)), *self.starts, *filter(None, (self.after,))]
        at = bisect_right(all_, moment)
        near = min(all_[max(at - 1, 0) : at + 1], key=lambda one: abs(one - moment), default=None)
        return self.starts.index(near) if near in self.starts else None

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when to when something may belong to these."""
        first = self.before or self.starts[0] - timedelta(days=recurrence.MOST_DAYS)
        return first, self.after or self.starts[-1] + timedelta(days=recurrence.MOST_DAYS)


Calendars = Mapping[UUID, Calendar | Invalid]


def _calendars(rows: Sequence[Rota | Series], since: date, until: date) -> Calendars:
    """When each of them is due. Raises Invalid for days that make no sense; a rule that is none stands in its place."""
    recurrence.must_be_span(since, until)
    return {row.id: _calendar(row, since, until) for row in rows}


def _calendar(row: Rota | Series, since: date, until: date) -> Calendar | Invalid:
    try:
        times = rotas.times(row)
        return Calendar(times.between(since, until), times.lasts, *times.around(since, until))
    except Invalid as error:
        return error


async def of_rotas(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Rota], *, since: date, until: date
) -> list[list[Occurrence] | Invalid]:
    """When each rota is due in these days, with the turns that are taken and by whom, as the viewer sees them."""
    calendars = _calendars(rows, since, until)
    found = {id: one if isinstance(one, Invalid) else one.occurrences() for id, one in calendars.items()}
    if bounds := _bounds(calendars):
        wanted = rotas.shifts(viewer).where(Shift.rota_id.in_(list(found)), Shift.withdrawn_at.is_(None))
        wanted = wanted.where(Shift.starts_at >= bounds[0], Shift.starts_at < bounds[1])
        turns = (await session.scalars(wanted.order_by(Shift.starts_at, Shift.id).limit(MOST_ROWS))).all()
        persons = parties.persons(viewer).where(Person.id.in_({turn.person_id for turn in turns}))
        people = {one.id: one for one in await session.scalars(persons)} if turns else {}
        for turn in turns:
            if (one := _place(calendars, found, turn.rota_id, turn.starts_at, near=False)) is not None:
                one.shifts.append(turn)
                if turn.person_id in people and people[turn.person_id] not in one.on_duty:
                    one.on_duty.append(people[turn.person_id])
    return [found[row.id] for row in rows]


async def of_series(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Series], *, since: date, until: date
) -> list[list[Occurrence] | Invalid]:
    """When each series is due in these days, with the meetings and activities of it, as the viewer sees them."""
    calendars = _calendars(rows, since, until)
    found = {id: one if isinstance(one, Invalid) else one.occurrences() for id, one in calendars.items()}
    if bounds := _bounds(calendars):
        for meeting in await session.scalars(_within(deliberation.meetings(viewer), Meeting, found, bounds)):
            if (one := _place(calendars, found, meeting.series_id, meeting.held_at, near=True)) is not None:
                one.meetings.append(meeting)
        for activity in await session.scalars(_within(stations.activities(viewer), Activity, found, bounds)):
            if (one := _place(calendars, found, activity.series_id, activity.starts_at, near=True)) is not None:
                one.activities.append(activity)
    return [found[row.id] for row in rows]


async def rotas_comply(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Rota], *, since: date, until: date
) -> list[Compliance | Invalid]:
    """How often each rota was due in these days, until now, and held: at least one turn of it was."""
    calendars = _calendars(rows, since, until)
    held: set[tuple[UUID, int]] = set()
    if bounds := _bounds(calendars):
        for id, starts_at, was_held in await session.execute(rotas.turns(list(calendars), *bounds)):
            if was_held and (place := _number(calendars, id, starts_at, near=False)) is not None:
                held.add(place)
    return [_complied(row.id, calendars[row.id], held) for row in rows]


async def series_comply(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Series], *, since: date, until: date
) -> list[Compliance | Invalid]:
    """How often each series was due in these days, until now, and held: a meeting or an activity of it was."""
    calendars = _calendars(rows, since, until)
    held: set[tuple[UUID, int]] = set()
    if bounds := _bounds(calendars):
        ids = list(calendars)
        for statement in (deliberation.held(ids, *bounds), activities.took_place(ids, *bounds)):
            for id, moment in await session.execute(statement):
                if (place := _number(calendars, id, moment, near=True)) is not None:
                    held.add(place)
    return [_complied(row.id, calendars[row.id], held) for row in rows]


def _complied(id: UUID, calendar: Calendar | Invalid, held: set[tuple[UUID, int]]) -> Compliance | Invalid:
    """What is still to end is not due yet; unless it was held already."""
    if isinstance(calendar, Invalid):
        return calendar
    mine = {at for of, at in held if of == id}
    due = {at for at, one in enumerate(calendar.starts) if one + calendar.lasts <= now()} | mine
    return Compliance(len(due), len(mine))


def _bounds(calendars: Calendars) -> tuple[datetime, datetime] | None:
    """From when to when anything may belong to any of them."""
    spans = [one.span for one in calendars.values() if isinstance(one, Calendar) and one.starts]
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _within(chosen: Any, model: Any, ids: Iterable[UUID], bounds: tuple[datetime, datetime]) -> Any:
    """The rows of some series at those times that were not called off."""
    moment = model.held_at if model is Meeting else model.starts_at
    chosen = chosen.where(model.series_id.in_(list(ids)), model.closed_on.is_(None))
    return chosen.where(moment >= bounds[0], moment <= bounds[1]).order_by(moment, model.id).limit(MOST_ROWS)


def _number(calendars: Calendars, id: UUID | None, moment: datetime, *, near: bool) -> tuple[UUID, int] | None:
    """Of which rule, and which of its occurrences, something is that happened then."""
    calendar = calendars.get(id) if id is not None else None
    if id is None or not isinstance(calendar, Calendar):
        return None
    at = calendar.nearest(moment) if near else calendar.latest(moment)
    return None if at is None else (id, at)


def _place(
    calendars: Calendars,
    found: Mapping[UUID, list[Occurrence] | Invalid],
    id: UUID | None,
    moment: datetime,
    *,
    near: bool,
) -> Occurrence | None:
    """The occurrence that something belongs to."""
    place = _number(calendars, id, moment, near=near)
    mine = found[place[0]] if place is not None else None
    return mine[place[1]] if place is not None and isinstance(mine, list) else None
