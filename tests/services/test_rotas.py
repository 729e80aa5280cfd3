"""Rotas and turns: entering them, taking them, relieving one another, noting what was held; and what that comes to."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import EntryAction, Person, Rota, Series, SeriesKind, ServiceMode, Shift, now, uuid7
from hub.services import occurrences, rotas
from hub.services.working_days import CHINA, local_day
from tests.services.town import HUB, Town, founded

DAY = date(2026, 3, 5)
EVENING = {"title": "七点半岗哨", "rule": "FREQ=DAILY", "at": "19:30", "minutes": 60, "starts_on": date(2026, 3, 1)}


def at(hour: int, minute: int = 30, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=CHINA)


async def people(town: Town, *names: str) -> list[UUID]:
    """Persons of the community."""
    made = [Person(id=uuid7(), name=name, grid_id=town.community.id, grid_path=town.community.path) for name in names]
    async with town.database.write(HUB) as session:
        session.add_all(made)
    return [one.id for one in made]


async def posted(town: Town, **more: Any) -> Rota:
    rota: Rota = await town.do(rotas.create_rota, grid_id=town.community.id, **(EVENING | more))
    return rota


async def of(town: Town, rota: Rota, since: date, until: date, viewer: Viewer = HUB) -> list[occurrences.Occurrence]:
    async with town.database.read() as session:
        (found,) = await occurrences.of_rotas(session, viewer, [rota], since=since, until=until)
    assert isinstance(found, list)
    return found


async def complied(town: Town, rota: Rota, since: date, until: date) -> occurrences.Compliance:
    async with town.database.read() as session:
        (found,) = await occurrences.rotas_comply(session, HUB, [rota], since=since, until=until)
    assert isinstance(found, occurrences.Compliance)
    return found


async def test_a_rota_is_entered_and_changed(database: Database) -> None:
    town = await founded(database)
    made = await posted(town, actions=[EntryAction.LEAFLET], modes=[ServiceMode.ONLINE], rule=" rrule:freq=daily ")
    assert (made.rule, made.grid_path, made.actions, made.modes) == (
        "FREQ=DAILY",
        town.community.path,
        ["LEAFLET"],
        ["ONLINE"],
    )
    changed = await town.do(rotas.update_rota, made.id, rule="FREQ=MONTHLY;BYMONTHDAY=5,15,25", at=None, minutes=None)
    assert (changed.rule, changed.at, changed.title) == ("FREQ=MONTHLY;BYMONTHDAY=5,15,25", None, "七点半岗哨")
    with pytest.raises(Invalid, match=r"^BYMONTHDAY=55: write numbers from 1 to 31"):
        await town.do(rotas.update_rota, made.id, rule="FREQ=MONTHLY;BYMONTHDAY=55")
    with pytest.raises(Invalid, match="ends_on is 2026-02-01, before 2026-03-01"):
        await town.do(rotas.update_rota, made.id, ends_on=date(2026, 2, 1))
    with pytest.raises(Forbidden):
        await town.do(rotas.update_rota, made.id, title="岗哨", viewer=Viewer("c", ROLES["clerk"], ("1/",)))


async def test_volunteers_relay_one_another_in_the_evening(database: Database) -> None:
    town = await founded(database)
    rota, (one, two, three) = await posted(town), await people(town, "甲", "乙", "丙")
    first = await town.do(rotas.assign_shift, rota_id=rota.id, person_id=one, starts_at=at(19))
    assert (first.starts_at, first.ends_at) == (at(19), at(20))
    rest = await town.do(rotas.relieve_shift, first.id, person_id=two, at=at(20, 0))
    relay = await town.do(rotas.relieve_shift, rest.id, person_id=three, at=at(20))
    assert [(turn.starts_at, turn.ends_at) for turn in (rest, relay)] == [(at(20, 0), at(20)), (at(20), at(21, 0))]
    (evening,) = await of(town, rota, DAY, DAY)
    assert [person.name for person in evening.on_duty] == ["甲", "乙", "丙"]
    assert [turn.relieves_id for turn in evening.shifts] == [None, first.id, rest.id]
    assert evening.shifts[0].ends_at == at(20, 0)
    over = await town.do(rotas.relieve_shift, relay.id, person_id=one)  # the whole turn
    (evening,) = await of(town, rota, DAY, DAY)
    assert [turn.id for turn in evening.shifts] == [first.id, rest.id, over.id]


async def test_a_turn_is_taken_when_the_rota_comes_and_by_one_who_is_free(database: Database) -> None:
    town = await founded(database)
    rota, (one, two) = await posted(town), await people(town, "甲", "乙")
    turn = await town.do(rotas.assign_shift, rota_id=rota.id, person_id=one, starts_at=at(19))
    before = await town.counts(), await shifts(town)
    refusals: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        (
            rotas.assign_shift,
            {"starts_at": at(8)},
            Invalid,
            "no turn at 2026-03-05 08:30. The next one is at 2026-03-05 19:30",
        ),
        (rotas.assign_shift, {"starts_at": at(21)}, Invalid, "The next one is at 2026-03-06 19:30"),
        (rotas.assign_shift, {"starts_at": at(19), "ends_at": at(18)}, Invalid, "The turn ends before it begins"),
        (rotas.assign_shift, {"starts_at": at(19, 45)}, Conflict, "甲 has a turn at that time already"),
        (rotas.assign_shift, {"starts_at": at(19), "person_id": town.police}, Invalid, "派出所 is no person"),
    ]
    for verb, given, kind, message in refusals:
        with pytest.raises(kind, match=message):
            await town.do(verb, **({"rota_id": rota.id, "person_id": one} | given))
    with pytest.raises(Invalid, match="The turn runs from 2026-03-05 19:30 to 2026-03-05 20:30: relieve it then"):
        await town.do(rotas.relieve_shift, turn.id, person_id=two, at=at(22))
    with pytest.raises(Conflict, match="甲 has that turn already"):
        await town.do(rotas.relieve_shift, turn.id, person_id=one)
    elsewhere = Viewer("c", ROLES["clerk"], ("1/",))
    with pytest.raises(NotFound):  # a person who is not public is not to be seen from there
        await town.do(rotas.relieve_shift, turn.id, person_id=two, viewer=elsewhere)
    assert (await town.counts(), await shifts(town)) == before


async def shifts(town: Town) -> int | None:
    async with town.database.read() as session:
        return await session.scalar(select(func.count()).select_from(Shift))


@pytest.mark.parametrize("how", ["assigned", "relieving"])
async def test_of_two_turns_at_once_in_two_rotas_a_person_gets_one(database: Database, how: str) -> None:
    town = await founded(database)
    (one, two), first, second = await people(town, "甲", "乙"), await posted(town), await posted(town, title="另一岗哨")
    turn = await town.do(rotas.assign_shift, rota_id=second.id, person_id=two, starts_at=at(19))
    async with database.write(HUB) as session:
        await rotas.assign_shift(session, HUB, rota_id=first.id, person_id=one, starts_at=at(19))
        await session.flush()
        meanwhile = asyncio.create_task(
            town.do(rotas.assign_shift, rota_id=second.id, person_id=one, starts_at=at(19))
            if how == "assigned"
            else town.do(rotas.relieve_shift, turn.id, person_id=one)
        )
        await asyncio.wait([meanwhile], timeout=1)  # it waits for the person
    with pytest.raises(Conflict, match=r"^甲 has a turn at that time already: choose another time, or another person"):
        await meanwhile
    async with database.read() as session:
        mine = select(Shift.rota_id).where(Shift.person_id == one, Shift.withdrawn_at.is_(None))
        assert (await session.scalars(mine)).all() == [first.id]


async def test_a_turn_that_was_held_stays_held(database: Database) -> None:
    town = await founded(database)
    rota, (one, two) = await posted(town), await people(town, "甲", "乙")
    turn = await town.do(rotas.assign_shift, rota_id=rota.id, person_id=one, starts_at=at(19))
    await town.do(rotas.note_held, turn.id, held=True)
    before = await shifts(town), await complied(town, rota, DAY, DAY)
    for given in ({}, {"at": at(19)}):
        with pytest.raises(Conflict, match=r"^The turn was held: nobody can take over all of it\."):
            await town.do(rotas.relieve_shift, turn.id, person_id=two, **given)
    assert (await shifts(town), await complied(town, rota, DAY, DAY)) == before
    assert before[1].held == 1
    await town.do(rotas.relieve_shift, turn.id, person_id=two, at=at(20, 0))  # who was there may be relieved
    assert (await complied(town, rota, DAY, DAY)).held == 1


@pytest.mark.parametrize("what", ["rota", "series"])
async def test_what_lasts_some_minutes_begins_at_a_time_of_day(database: Database, what: str) -> None:
    town = await founded(database)
    create, update = getattr(rotas, f"create_{what}"), getattr(rotas, f"update_{what}")
    said: dict[str, Any] = EVENING | ({"series_kind": SeriesKind.ACTIVITY} if what == "series" else {})
    message = r"^minutes is {}, and no time of day is said: give `at` as 09:00, or leave minutes empty\.$"
    with pytest.raises(Invalid, match=message.format(60)):
        await town.do(create, grid_id=town.community.id, **said | {"at": None})
    made = await town.do(create, grid_id=town.community.id, **said)
    with pytest.raises(Invalid, match=message.format(60)):
        await town.do(update, made.id, at=None)
    async with database.read() as session:
        rows = (await session.scalars(select(Rota if what == "rota" else Series))).all()
    assert [(row.id, row.at, row.minutes) for row in rows] == [(made.id, "19:30", 60)]
    await town.do(update, made.id, at=None, rule="FREQ=DAILY;BYHOUR=19")
    assert (await town.do(update, made.id, rule="FREQ=DAILY", minutes=None)).minutes is None


async def test_what_was_held_of_what_was_due(database: Database) -> None:
    town = await founded(database)
    today = local_day(now())
    rota, (one, two) = (
        await posted(town, starts_on=today - timedelta(days=9), at="00:00"),
        await people(town, "甲", "乙"),
    )
    for ago, person, held in ((4, one, True), (3, two, False), (2, one, True), (2, two, True)):
        begin = at(0, 0, today - timedelta(days=ago))
        turn = await town.do(rotas.assign_shift, rota_id=rota.id, person_id=person, starts_at=begin)
        await town.do(rotas.note_held, turn.id, held=held)
    found = await complied(town, rota, today - timedelta(days=4), today + timedelta(days=9))
    assert (found.due, found.held, found.missed) == (found.held + found.missed, 2, found.due - 2)
    assert found.due in (4, 5)  # today's hour may not be over yet
    alone = await complied(town, rota, today - timedelta(days=4), today - timedelta(days=1))
    assert (alone.due, alone.held, alone.missed, alone.rate) == (4, 2, 2, 0.5)
    future = await complied(town, rota, today + timedelta(days=2), today + timedelta(days=9))
    assert (future.due, future.rate) == (0, None)
    begin = at(0, 0, today + timedelta(days=2))
    to_come = await town.do(rotas.assign_shift, rota_id=rota.id, person_id=one, starts_at=begin)
    with pytest.raises(Conflict, match="note it when it has"):
        await town.do(rotas.note_held, to_come.id, held=True)


async def test_one_gives_up_ones_own_turn_and_no_other(database: Database) -> None:
    town = await founded(database)
    rota, (one, two) = await posted(town), await people(town, "甲", "乙")
    turn = await town.do(rotas.assign_shift, rota_id=rota.id, person_id=one, starts_at=at(19))
    me, other = (Viewer(name, ROLES["resident"], (), id) for name, id in (("one", one), ("two", two)))
    with pytest.raises(NotFound):
        await town.do(rotas.withdraw_shift, turn.id, viewer=other)
    gone = await town.do(rotas.withdraw_shift, turn.id, viewer=me)
    assert gone.withdrawn_at is not None
    with pytest.raises(Conflict, match="given up: choose one that stands"):
        await town.do(rotas.note_held, turn.id, held=True)
    (evening,) = await of(town, rota, DAY, DAY)
    assert (evening.shifts, evening.on_duty) == ([], [])


async def test_who_is_on_duty_is_told_to_those_who_may_see_the_person(database: Database) -> None:
    town = await founded(database)
    rota, (one,) = await posted(town), await people(town, "甲")
    await town.do(rotas.assign_shift, rota_id=rota.id, person_id=one, starts_at=at(19))
    (evening,) = await of(town, rota, DAY, DAY, viewer=Viewer())
    assert (evening.starts_at, evening.shifts, evening.on_duty) == (at(19), [], [])


async def test_a_rule_that_is_none_fails_alone(database: Database) -> None:
    town = await founded(database)
    good, bad = await posted(town), Rota(title="坏", rule="FREQ=MINUTELY", starts_on=DAY)
    async with database.write(HUB) as session:
        session.add(bad)
    async with database.read() as session:
        found = await occurrences.of_rotas(session, HUB, [bad, good], since=DAY, until=DAY)
        assert isinstance(found[0], Invalid)
        assert isinstance(found[1], list)
        with pytest.raises(Invalid, match="at most three years"):
            await occurrences.of_rotas(session, HUB, [good], since=DAY, until=date(2031, 1, 1))
