"""Hours: recorded, on notice, disputed, confirmed; by those who keep them, and by the person for their own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from hub.models import (
    Change,
    Organization,
    OrganizationKind,
    Person,
    ServiceMethod,
    ServiceRecord,
    ServiceStatus,
    now,
    uuid7,
)
from hub.services import service_records
from hub.services.working_days import local_day
from tests.services.town import HUB, Town, founded

AT = datetime(2026, 3, 1, 1, tzinfo=UTC)
DRAFT, ON_NOTICE, CONFIRMED, DISPUTED, WITHDRAWN = ServiceStatus


@dataclass(frozen=True)
class Corps:
    """A team on the community's grid, a volunteer in it, and those who look."""

    town: Town
    team: UUID
    person: UUID

    @property
    def volunteer(self) -> Viewer:
        return Viewer("volunteer", ROLES["resident"], (), self.person)

    def keeper(self, path: str | None = None) -> Viewer:
        return Viewer("keeper", ROLES["clerk"], (path or self.town.community.path,), uuid7())

    async def record(self, viewer: Viewer = HUB, **fields: Any) -> ServiceRecord:
        given = {"person_id": self.person, "team_id": self.team, "title": "义诊", "started_at": AT, "hours": 2.0}
        found: ServiceRecord = await self.town.do(service_records.record, viewer=viewer, **given | fields)
        return found

    async def put(self, status: ServiceStatus, **columns: Any) -> ServiceRecord:
        row = await self.record()
        async with self.town.database.write(HUB) as session:
            session.add(row)
            row.status = status
            for name, value in columns.items():
                setattr(row, name, value)
        return row

    async def get(self, id: UUID) -> ServiceRecord:
        async with self.town.database.read() as session:
            return (await session.scalars(select(ServiceRecord).where(ServiceRecord.id == id))).one()


async def corps(database: Database) -> Corps:
    town = await founded(database)
    place = {"grid_id": town.community.id, "grid_path": town.community.path}
    team = Organization(
        id=uuid7(), name="敬老队", organization_kind=OrganizationKind.VOLUNTEER_TEAM, public=True, **place
    )
    person = Person(id=uuid7(), name="乌日娜", code="V1", **place)
    async with database.write(HUB) as session:
        session.add_all([team, person])
    return Corps(town, team.id, person.id)


async def test_hours_are_recorded_put_on_notice_and_confirmed_after_it(database: Database) -> None:
    known = await corps(database)
    row = await known.record(method=ServiceMethod.TEAM)
    assert (row.status, row.method, row.hours, row.recorder_id) == (DRAFT, ServiceMethod.TEAM, 2.0, None)
    row = await known.town.do(service_records.announce, row.id, viewer=known.keeper())
    today = local_day(now())
    assert (row.status, row.notice_from, row.notice_until) == (ON_NOTICE, today, today + timedelta(days=6))
    with pytest.raises(Conflict, match=r"on public notice until \d{4}-\d\d-\d\d: confirm them after that day\.$"):
        await known.town.do(service_records.confirm, row.id)
    assert (await known.get(row.id)).status is ON_NOTICE
    ended = await known.put(ON_NOTICE, notice_until=date(2026, 3, 9))
    assert (await known.town.do(service_records.confirm, ended.id)).status is CONFIRMED


async def test_a_person_disputes_their_own_hours_and_somebody_else_decides(database: Database) -> None:
    known = await corps(database)
    row = await known.put(CONFIRMED)
    row = await known.town.do(service_records.dispute, row.id, viewer=known.volunteer, reason="时长少记一小时")
    assert (row.status, row.dispute, row.resolved_at) == (DISPUTED, "时长少记一小时", None)
    both = Viewer("both", ROLES["clerk"], (known.town.community.path,), known.person)
    with pytest.raises(Forbidden, match=r"^They are your own hours: somebody else"):
        await known.town.do(service_records.resolve, row.id, viewer=both, upheld=False, resolution="无误")
    assert (await known.get(row.id)).status is DISPUTED
    row = await known.town.do(service_records.resolve, row.id, viewer=known.keeper(), upheld=True, resolution="已核实")
    assert (row.status, row.resolution, row.resolved_at is None) == (WITHDRAWN, "已核实", False)


async def test_a_dispute_that_fails_puts_the_hours_back_where_they_stood(database: Database) -> None:
    known = await corps(database)
    until = local_day(now()) + timedelta(days=3)
    for given, back in (
        ({"notice_until": until}, ON_NOTICE),
        ({"notice_until": date(2026, 1, 1)}, CONFIRMED),
        ({}, CONFIRMED),
    ):
        row = await known.put(CONFIRMED, **given)
        await known.town.do(service_records.dispute, row.id, reason="未到场")
        row = await known.town.do(service_records.resolve, row.id, upheld=False, resolution="经核实无误")
        assert row.status is back
    again = await known.town.do(service_records.dispute, row.id, reason="仍有异议")
    assert (again.status, again.resolution, again.resolved_at) == (DISPUTED, None, None)


@pytest.mark.parametrize(
    ("verb", "status", "keywords"),
    [
        (service_records.announce, ON_NOTICE, {}),
        (service_records.announce, DISPUTED, {}),
        (service_records.confirm, DRAFT, {}),
        (service_records.confirm, DISPUTED, {}),
        (service_records.dispute, DRAFT, {"reason": "未到场"}),
        (service_records.dispute, DISPUTED, {"reason": "未到场"}),
        (service_records.dispute, WITHDRAWN, {"reason": "未到场"}),
        (service_records.resolve, CONFIRMED, {"upheld": True, "resolution": "是"}),
        (service_records.withdraw, WITHDRAWN, {}),
    ],
)
async def test_a_step_out_of_order_is_refused_and_changes_nothing(
    database: Database, verb: Callable[..., Awaitable[Any]], status: ServiceStatus, keywords: dict[str, Any]
) -> None:
    known = await corps(database)
    row = await known.put(status)
    with pytest.raises(Conflict):
        await known.town.do(verb, row.id, **keywords)
    assert (await known.get(row.id)).revision == row.revision


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"hours": 0.0}, "hours: 0 is no time that was given. Give more than 0."),
        ({"hours": -2.0}, "hours: -2 is no time that was given. Give more than 0."),
        ({"title": "  "}, "title is empty: write at least a word."),
        ({"title": "电话13900000001"}, "The title holds a mobile number, and others come to read it: leave it out."),
        ({"title": None}, "title is missing: give it."),
    ],
)
async def test_hours_that_cannot_be_are_refused(database: Database, fields: dict[str, Any], words: str) -> None:
    known = await corps(database)
    with pytest.raises(Invalid) as caught:
        await known.record(**fields)
    assert str(caught.value) == words
    async with database.read() as session:
        assert list(await session.scalars(select(ServiceRecord))) == []


async def test_words_of_a_dispute_hold_no_number_of_a_person(database: Database) -> None:
    known = await corps(database)
    row = await known.put(CONFIRMED)
    with pytest.raises(Invalid, match=r"^The reason holds an ID number, and others come to read it: leave it out\.$"):
        await known.town.do(service_records.dispute, row.id, reason="本人99010119900307100X未到场")
    with pytest.raises(Invalid, match="days is 61: give 1 to 60"):
        await known.town.do(service_records.announce, (await known.record()).id, days=61)
    assert (await known.get(row.id)).status is CONFIRMED


async def test_only_those_who_keep_the_team_s_hours_write_them(database: Database) -> None:
    known = await corps(database)
    row = await known.put(CONFIRMED)
    stranger = Viewer("stranger", ROLES["resident"], (), uuid7())
    elsewhere = Viewer("elsewhere", ROLES["district"], ("420606002/",), uuid7())
    for viewer, error in ((stranger, NotFound), (elsewhere, NotFound), (Viewer(), NotFound)):
        with pytest.raises(error):
            await known.town.do(service_records.dispute, row.id, viewer=viewer, reason="未到场")
    with pytest.raises(Unauthenticated):
        await known.record(Viewer())
    with pytest.raises(Forbidden, match="resources:write"):
        await known.record(known.volunteer)
    with pytest.raises(Forbidden, match="resources:write"):
        await known.town.do(service_records.withdraw, row.id, viewer=known.volunteer)
    assert (await known.get(row.id)).status is CONFIRMED


async def test_a_whole_team_s_hours_are_seen_elsewhere_and_not_written(database: Database) -> None:
    known = await corps(database)
    row = await known.put(CONFIRMED, person_id=None)
    elsewhere = Viewer("elsewhere", ROLES["district"], ("420606002/",), uuid7())
    with pytest.raises(Forbidden, match=r"^The grid 420606001005 is not yours to write"):
        await known.town.do(service_records.dispute, row.id, viewer=elsewhere, reason="未到场")
    assert (await known.get(row.id)).status is CONFIRMED


async def test_each_step_is_logged_with_who_took_it(database: Database) -> None:
    known = await corps(database)
    row = await known.put(CONFIRMED)
    await known.town.do(service_records.dispute, row.id, viewer=known.volunteer, reason="少记")
    async with database.read() as session:
        mine = select(Change).where(Change.entity_id == row.id).order_by(Change.position.desc(), Change.id.desc())
        last = (await session.scalars(mine.limit(1))).one()
    assert (last.actor, last.patch["status"], last.reverse["status"]) == ("volunteer", "DISPUTED", "CONFIRMED")
