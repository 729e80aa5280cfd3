import asyncio
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, NotFound
from hub.models import Claim, Organization, OrganizationKind, ReportIn, Request, RequestKind, RequestStatus
from hub.services import claims, report_ins, resources
from tests.services.town import HUB, Town, founded


def unit(town: Town) -> Viewer:
    """Somebody of the police station, who stands on no grid."""
    return Viewer("police", ROLES["partner"], (), town.police, name="police")


async def rows(town: Town, model: type[Any] = ReportIn) -> list[Any]:
    async with town.database.read() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


async def test_a_unit_reports_itself_in_leaves_and_comes_back_into_its_place(database: Database) -> None:
    town = await founded(database)
    here: dict[str, Any] = {"party_id": town.police, "grid_id": town.community.id}
    first = await town.do(report_ins.report_in, viewer=unit(town), offer="普法", practice="xiangyang", **here)
    assert (first.grid_path, first.offer, first.practice, first.left_at) == (
        town.community.path,
        "普法",
        "xiangyang",
        None,
    )
    with pytest.raises(Conflict, match=r"^派出所 has reported in there already\.$"):
        await town.do(report_ins.report_in, viewer=unit(town), **here)
    left = await town.do(report_ins.leave, first.id, viewer=unit(town))
    assert left.left_at is not None
    with pytest.raises(Conflict, match=r"^The report-in was ended already: report in anew to come back\.$"):
        await town.do(report_ins.leave, first.id, viewer=unit(town))
    again = await town.do(report_ins.report_in, viewer=unit(town), offer="义诊", **here)
    assert (again.id, again.left_at, again.offer, again.practice) == (first.id, None, "义诊", None)


async def test_who_leaves_gives_back_what_it_claimed_there_and_nothing_else(database: Database) -> None:
    town = await founded(database)
    row = await town.do(report_ins.report_in, viewer=unit(town), party_id=town.police, grid_id=town.community.id)
    wish = await town.put(RequestStatus.TRIAGED, kind=RequestKind.WISH, public=True)
    here = await town.do(resources.create_project, title="义诊", grid_id=town.community.id)
    above = await town.do(resources.create_project, title="街道义诊", grid_id=town.street.id)
    made: dict[str, UUID] = {}
    for name, thing in {"wish": {"request_id": wish.id}, "here": {"project_id": here.id}}.items():
        made[name] = (await town.do(claims.claim, viewer=unit(town), **thing)).id
    made["above"] = (await town.do(claims.claim, viewer=unit(town), project_id=above.id)).id
    made["other's"] = (await town.do(claims.claim, project_id=here.id, party_id=town.water_works)).id
    left = await town.do(report_ins.leave, row.id, viewer=unit(town))
    ended = {claim.id: claim.withdrawn_at for claim in await rows(town, Claim)}
    assert {name: ended[id] for name, id in made.items()} == {
        "wish": left.left_at,
        "here": left.left_at,
        "above": None,
        "other's": None,
    }


async def test_of_two_at_once_one_reports_in(database: Database) -> None:
    town = await founded(database)
    here: dict[str, Any] = {"party_id": town.police, "grid_id": town.community.id}
    tries = [town.do(report_ins.report_in, **here) for _ in range(3)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    refused = [str(answer) for answer in answers if isinstance(answer, Conflict)]
    assert refused == ["派出所 has reported in there already."] * 2
    assert len(await rows(town)) == 1


async def test_for_others_only_staff_of_the_place_report_in_and_end_it(database: Database) -> None:
    town = await founded(database)
    here: dict[str, Any] = {"party_id": town.water_works, "grid_id": town.community.id}
    elsewhere = Viewer("d", ROLES["district"], ("1/",), name="d")
    for viewer in (unit(town), elsewhere, town.clerk()):
        with pytest.raises(Forbidden):
            await town.do(report_ins.report_in, viewer=viewer, **here)
    assert await rows(town) == []
    row = await town.do(report_ins.report_in, **here)
    for viewer in (unit(town), elsewhere, town.clerk()):
        with pytest.raises(Forbidden):
            await town.do(report_ins.leave, row.id, viewer=viewer)
    with pytest.raises(NotFound):
        await town.do(report_ins.leave, town.police, viewer=unit(town))
    assert [row.left_at for row in await rows(town)] == [None]


async def test_no_promise_is_made_in_the_name_of_another_grids_party(database: Database) -> None:
    town = await founded(database)
    clerk = Viewer("c", ROLES["clerk"] | {"parties:write"}, (town.community.path,), name="c")
    mine, above = (
        Organization(name=name, organization_kind=OrganizationKind.UNIT, public=True, grid_path=path)
        for name, path in (("本社区单位", town.community.path), ("街道单位", town.street.path))
    )
    async with database.write(HUB) as session:
        session.add_all([mine, above])
    for party in (town.police, above.id):
        with pytest.raises(Forbidden, match=r" is not yours to write: name a grid of yours, or ask those above it\.$"):
            await town.do(
                report_ins.report_in, viewer=clerk, party_id=party, grid_id=town.community.id, offer="免费普法"
            )
    assert await rows(town) == []
    await town.do(report_ins.report_in, viewer=clerk, party_id=mine.id, grid_id=town.community.id)
    assert [row.party_id for row in await rows(town)] == [mine.id]


async def test_what_was_done_stays_claimed_by_who_did_it(database: Database) -> None:
    town = await founded(database)
    row = await town.do(report_ins.report_in, viewer=unit(town), party_id=town.police, grid_id=town.community.id)
    here = {"grid_id": town.community.id}
    done, off = [await town.do(resources.create_project, title=title, **here) for title in ("义诊", "普法")]
    wish = await town.put(RequestStatus.TRIAGED, kind=RequestKind.WISH, public=True)
    for thing in ({"project_id": done.id}, {"project_id": off.id}, {"request_id": wish.id}):
        await town.do(claims.claim, viewer=unit(town), **thing)
    await town.do(resources.update_project, done.id, done_on=date(2026, 1, 1))
    await town.do(resources.update_project, off.id, closed_on=date(2026, 1, 1))
    async with database.write(HUB) as session:
        (await session.get_one(Request, wish.id)).status = RequestStatus.CLOSED
    await town.do(report_ins.leave, row.id, viewer=unit(town))
    assert [claim.withdrawn_at for claim in await rows(town, Claim)] == [None] * 3
