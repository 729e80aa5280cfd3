"""What comes again (轮值, 系列): rotas and series, and the turns that people take in a rota."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import TypedDict, TypeVar, Unpack
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Activity, EntryAction, Person, Rota, Series, SeriesKind, ServiceMode, Shift, now, uuid7
from hub.services import alliances, parties, recurrence, stations, writing
from hub.services.recurrence import Times
from hub.services.working_days import CHINA, local_day

WRITE = "resources:write"
OF_THE_RULE = ("rule", "starts_on", "ends_on", "at", "minutes")
LONGEST_TURN = timedelta(days=1)
Row = TypeVar("Row", Rota, Series)


def visible(viewer: Viewer) -> Select[Rota]:
    """Everybody may see when somebody is on duty; who it is, stands in the shifts."""
    return select(Rota)


def series(viewer: Viewer) -> Select[Series]:
    """Everybody may see which meetings and activities come again."""
    return select(Series)


def shifts(viewer: Viewer) -> Select[Shift]:
    """Those of visible persons."""
    return select(Shift).where(Shift.person_id.in_(parties.persons(viewer).with_only_columns(Person.id)))


def turns(rotas: Iterable[UUID], since: datetime, until: datetime) -> Select[UUID | None, datetime, bool | None]:
    """When turns begin that stand, and whether they were held. Everybody may know that; by whom, shifts() tells."""
    wanted = select(Shift.rota_id, Shift.starts_at, Shift.held).where(Shift.rota_id.in_(rotas))
    return wanted.where(Shift.withdrawn_at.is_(None), Shift.starts_at >= since, Shift.starts_at < until)


class RotaFields(TypedDict, total=False):
    """What can be written of a rota: what is left out stays, None empties."""

    title: str
    rule: str
    starts_on: date
    ends_on: date | None
    at: str | None
    minutes: int | None
    code: str | None
    practice: str | None
    station_id: UUID | None
    grid_id: UUID | None
    actions: list[EntryAction]
    modes: list[ServiceMode]


class SeriesFields(TypedDict, total=False):
    """What can be written of a series."""

    title: str
    series_kind: SeriesKind
    rule: str
    starts_on: date
    ends_on: date | None
    at: str | None
    minutes: int | None
    code: str | None
    practice: str | None
    organizer_id: UUID | None
    alliance_id: UUID | None
    station_id: UUID | None
    grid_id: UUID | None


NAMES: writing.Names = {
    "station_id": stations.by_id,
    "organizer_id": parties.living,
    "alliance_id": alliances.by_id,
}


async def create_rota(session: AsyncSession, viewer: Viewer, **fields: Unpack[RotaFields]) -> Rota:
    """Enter a rota (轮值): when somebody is on duty, as a rule (RRULE) with its first day."""
    viewer.must(WRITE)
    given = await _with_place(session, viewer, fields)
    return await _entered(session, viewer, Rota, given, "title", "rule", "starts_on")


async def update_rota(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[RotaFields]) -> Rota:
    """Change what is given of a rota; `ends_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "rota", id, visible(viewer).where(Rota.id == id))
    return await _changed(session, viewer, row, fields)


async def create_series(session: AsyncSession, viewer: Viewer, **fields: Unpack[SeriesFields]) -> Series:
    """Enter a series of meetings or activities (系列): when they are due, as a rule (RRULE) with its first day."""
    viewer.must(WRITE)
    given = await _with_place(session, viewer, fields)
    return await _entered(session, viewer, Series, given, "title", "series_kind", "rule", "starts_on")


async def update_series(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[SeriesFields]) -> Series:
    """Change what is given of a series; `ends_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "series", id, series(viewer).where(Series.id == id))
    return await _changed(session, viewer, row, fields)


def times(row: Rota | Series) -> Times:
    """When it comes. Raises Invalid where its rule is none."""
    return recurrence.times(row.rule, row.starts_on, ends_on=row.ends_on, at=row.at, minutes=row.minutes)


async def assign_shift(
    session: AsyncSession,
    viewer: Viewer,
    *,
    rota_id: UUID,
    person_id: UUID,
    starts_at: datetime,
    ends_at: datetime | None = None,
) -> Shift:
    """Give a person a turn in a rota (排班), at a time when it comes, to its end unless another one is given."""
    viewer.must(WRITE)
    rota = await writing.found(session, "rota", rota_id, visible(viewer).where(Rota.id == rota_id))
    writing.must_cover(viewer, rota.grid_path)
    person = await _person(session, viewer, person_id)
    end = _must_come_then(rota, starts_at)
    made = Shift(id=uuid7(), rota_id=rota.id, person_id=person.id, starts_at=starts_at, practice=rota.practice)
    made.ends_at = end if ends_at is None else ends_at
    if not starts_at < made.ends_at <= starts_at + LONGEST_TURN:
        raise Invalid(
            "The turn ends before it begins, or after more than a day: give an end within it.", field="ends_at"
        )
    await _must_be_free(session, person, made)
    session.add(made)
    return made


async def relieve_shift(
    session: AsyncSession, viewer: Viewer, id: UUID, *, person_id: UUID, at: datetime | None = None
) -> Shift:
    """Let a person relieve another one (换岗, 接岗). At the beginning, as without `at`, the whole turn is taken over;
    in the midst of it, the rest; at its end, a turn as long follows. One that was held is not taken over whole."""
    old = await _kept(session, viewer, id)
    at = old.starts_at if at is None else at
    if old.held and at == old.starts_at:
        raise Conflict(
            "The turn was held: nobody can take over all of it. Give a later time, from which on it is the rest."
        )
    if not old.starts_at <= at <= old.ends_at:
        raise Invalid(
            f"The turn runs from {_told(old.starts_at)} to {_told(old.ends_at)}: relieve it then.", field="at"
        )
    person = await _person(session, viewer, person_id)
    if person.id == old.person_id:
        raise Conflict(f"{person.name} has that turn already: name somebody else.")
    if await session.scalar(select(Shift.id).where(Shift.relieves_id == old.id, Shift.withdrawn_at.is_(None)).limit(1)):
        raise Conflict("Somebody relieves that turn already: relieve theirs.")
    end = old.ends_at if at < old.ends_at else at + (old.ends_at - old.starts_at)
    made = Shift(
        id=uuid7(), rota_id=old.rota_id, activity_id=old.activity_id, person_id=person.id, practice=old.practice
    )
    made.starts_at, made.ends_at, made.relieves_id = at, end, old.id
    await _must_be_free(session, person, made)
    if at == old.starts_at:
        old.withdrawn_at = now()
    elif at < old.ends_at:
        old.ends_at = at
    session.add(made)
    return made


async def note_held(session: AsyncSession, viewer: Viewer, id: UUID, *, held: bool) -> Shift:
    """Note whether a turn was held (到岗登记), once it has begun."""
    row = await _kept(session, viewer, id)
    if row.starts_at > now():
        raise Conflict(f"The turn begins at {_told(row.starts_at)}: note it when it has.")
    row.held = held
    return row


async def withdraw_shift(session: AsyncSession, viewer: Viewer, id: UUID) -> Shift:
    """Give up a turn (退出班次), one's own or one in a rota of one's grid."""
    row = await _kept(session, viewer, id, own=True)
    if row.held:
        raise Conflict("The turn was held: there is nothing to give up.")
    row.withdrawn_at = now()
    return row


async def _entered(
    session: AsyncSession, viewer: Viewer, model: type[Row], fields: Mapping[str, object], *needed: str
) -> Row:
    writing.must_have(fields, *needed)
    row = model(id=uuid7())
    fields = dict(fields) | _ruled(row, fields)
    return await writing.enter(session, viewer, row, fields, *needed, names=NAMES)


async def _changed(session: AsyncSession, viewer: Viewer, row: Row, fields: Mapping[str, object]) -> Row:
    return await writing.change(session, viewer, row, dict(fields) | _ruled(row, fields), names=NAMES)


def _ruled(row: Rota | Series, fields: Mapping[str, object]) -> dict[str, object]:
    """The rule as it is kept, if it makes sense with what stands beside it. Raises Invalid."""
    if not fields.keys() & set(OF_THE_RULE):
        return {}
    rule, starts_on, ends_on, at, minutes = (fields.get(name, getattr(row, name)) for name in OF_THE_RULE)
    if rule is None or starts_on is None:
        raise Invalid("A rule and its first day cannot be empty: leave them out, or give them.", field="rule")
    made = recurrence.entered(rule, starts_on, ends_on=ends_on, at=at, minutes=minutes)  # type: ignore[arg-type]  # as its fields are typed
    return {"rule": made.rule.text, "at": made.at and f"{made.at:%H:%M}"}


async def _with_place(session: AsyncSession, viewer: Viewer, fields: Mapping[str, object]) -> dict[str, object]:
    """The fields, on the grid of the station where no grid is named."""
    station = fields.get("station_id")
    if isinstance(station, UUID) and fields.get("grid_id") is None:
        return dict(fields) | {"grid_id": (await stations.by_id(session, viewer, station)).grid_id}
    return dict(fields)


async def _person(session: AsyncSession, viewer: Viewer, id: UUID) -> Person:
    """The person, locked: of two turns that are given at once the second one waits, and is looked at then."""
    person = await parties.living(session, viewer, id)
    if not isinstance(person, Person):
        raise Invalid(f"{person.name} is no person: turns are taken by persons.", field="person_id")
    await session.get_one(Person, person.id, with_for_update=True)
    return person


async def _kept(session: AsyncSession, viewer: Viewer, id: UUID, *, own: bool = False) -> Shift:
    """The turn, locked, for those who keep its rota; `own`: or for whose turn it is."""
    if not own or viewer.party_id is None:
        viewer.must(WRITE)
    row = await writing.found(session, "shift", id, shifts(viewer).where(Shift.id == id))
    keeper: Rota | Activity | None = await session.get(
        Rota if row.rota_id else Activity, row.rota_id or row.activity_id
    )
    if not (own and row.person_id == viewer.party_id):
        viewer.must(WRITE)
        writing.must_cover(viewer, keeper.grid_path if keeper is not None else None)
    if row.withdrawn_at is not None:
        raise Conflict("That turn was given up: choose one that stands.")
    return row


def _must_come_then(rota: Rota, moment: datetime) -> datetime:
    """When the turn ends that a rota has at that moment. Raises Invalid, naming the next one."""
    made, day = times(rota), local_day(moment)
    for begin in made.between(day - timedelta(days=1), day):
        if begin <= moment < begin + made.lasts:
            return begin + made.lasts
    _, after = made.around(day, day)
    later = [one for one in made.between(day, day) if one > moment]
    following = next(iter(later), after)
    instead = f"The next one is at {_told(following)}." if following else "It has none after that."
    raise Invalid(f"The rota {rota.title} has no turn at {_told(moment)}. {instead}", field="starts_at")


async def _must_be_free(session: AsyncSession, person: Person, turn: Shift) -> None:
    """Raise Conflict if the person has another turn at the same time."""
    same = select(Shift.id).where(Shift.person_id == person.id, Shift.withdrawn_at.is_(None))
    if await session.scalar(same.where(Shift.starts_at < turn.ends_at, Shift.ends_at > turn.starts_at).limit(1)):
        raise Conflict(f"{person.name} has a turn at that time already: choose another time, or another person.")


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(CHINA):%Y-%m-%d %H:%M}"
