import asyncio
from datetime import date

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Claim, Person, Project, RequestKind, RequestStatus, ServiceItem, uuid7
from hub.services import claims, resources, service_items
from tests.services.town import HUB, Town, founded


async def held(town: Town) -> list[Claim]:
    async with town.database.read() as session:
        return list(await session.scalars(select(Claim).where(Claim.withdrawn_at.is_(None))))


async def test_a_published_wish_is_claimed_once_and_given_back(database: Database) -> None:
    town = await founded(database)
    wish = await town.put(RequestStatus.TRIAGED, kind=RequestKind.WISH, public=True)
    merchant = Viewer("merchant", ROLES["partner"], (), town.police)
    claim = await town.do(claims.claim, viewer=merchant, request_id=wish.id, note="送一台轮椅")
    assert (claim.party_id, claim.request_id, claim.note) == (town.police, wish.id, "送一台轮椅")
    with pytest.raises(Conflict, match=r"^派出所 has claimed it already\.$"):
        await town.do(claims.claim, viewer=merchant, request_id=wish.id)
    await town.do(claims.withdraw, claim.id, viewer=merchant)
    with pytest.raises(Conflict, match=r"^The claim was given back already\.$"):
        await town.do(claims.withdraw, claim.id, viewer=merchant)
    await town.do(claims.claim, viewer=merchant, request_id=wish.id)
    assert len(await held(town)) == 1


async def test_only_what_is_open_and_in_sight_is_claimed(database: Database) -> None:
    town = await founded(database)
    merchant = Viewer("merchant", ROLES["partner"], (), town.police)
    hidden, ended = await town.put(RequestStatus.TRIAGED), await town.put(RequestStatus.CLOSED, public=True)
    done = await town.do(resources.create_project, title="义诊", done_on=date(2026, 1, 1))
    with pytest.raises(NotFound):
        await town.do(claims.claim, viewer=merchant, request_id=hidden.id)
    with pytest.raises(Conflict, match=r" is CLOSED: claim one that is open\.$"):
        await town.do(claims.claim, viewer=merchant, request_id=ended.id)
    with pytest.raises(Conflict, match=r"^义诊 was done on 2026-01-01: claim another one\.$"):
        await town.do(claims.claim, viewer=merchant, project_id=done.id)
    assert await held(town) == []


async def test_one_claims_one_thing_for_ones_own_party(database: Database) -> None:
    town = await founded(database)
    project = await town.do(resources.create_project, title="义诊")
    merchant = Viewer("merchant", ROLES["partner"], (), town.police)
    with pytest.raises(Invalid, match=r"^Claim one thing: give a request, a project or a service item\.$"):
        await town.do(claims.claim, viewer=merchant)
    with pytest.raises(Invalid, match=r"^Whose claim is it\? Give the party\.$"):
        await town.do(claims.claim, project_id=project.id)
    with pytest.raises(Forbidden, match=r"^You claim for your own party only\."):
        await town.do(claims.claim, viewer=merchant, project_id=project.id, party_id=town.water_works)
    noted = await town.do(claims.claim, project_id=project.id, party_id=town.water_works)
    assert [claim.id for claim in await held(town)] == [noted.id]


async def test_one_over_is_refused_and_a_place_given_back_is_free_again(database: Database) -> None:
    town = await founded(database)
    project = await town.do(resources.create_project, title="义诊", capacity=1, practice="dongsheng")
    first = await town.do(claims.claim, project_id=project.id, party_id=town.police)
    assert first.practice == "dongsheng"
    full = r"^义诊 has room for 1, and all of it is taken: claim another one, or wait until somebody gives it back\.$"
    with pytest.raises(Conflict, match=full):
        await town.do(claims.claim, project_id=project.id, party_id=town.water_works)
    with pytest.raises(Conflict, match=r"^派出所 has claimed it already\.$"):
        await town.do(claims.claim, project_id=project.id, party_id=town.police)
    assert [claim.id for claim in await held(town)] == [first.id]
    await town.do(claims.withdraw, first.id)
    await town.do(claims.claim, project_id=project.id, party_id=town.water_works)
    assert [claim.party_id for claim in await held(town)] == [town.water_works]


@pytest.mark.parametrize("what", ["project_id", "service_item_id"])
async def test_of_many_at_once_as_many_get_a_place_as_there_are(database: Database, what: str) -> None:
    town = await founded(database)
    thing = (
        await town.do(resources.create_project, title="义诊", capacity=2)
        if what == "project_id"
        else ServiceItem(id=uuid7(), title="义诊", capacity=2)
    )
    claimants = [Person(id=uuid7(), name=f"志愿者{at}", public=True) for at in range(5)]
    async with database.write(HUB) as session:
        session.add_all([*claimants, *([thing] if isinstance(thing, ServiceItem) else [])])
    tries = [town.do(claims.claim, party_id=one.id, **{what: thing.id}) for one in claimants]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    refused = [str(answer).partition(":")[0] for answer in answers if isinstance(answer, Conflict)]
    assert refused == ["义诊 has room for 2, and all of it is taken"] * 3
    assert len(await held(town)) == 2


async def test_room_is_not_made_smaller_than_what_is_taken(database: Database) -> None:
    town = await founded(database)
    project = await town.do(resources.create_project, title="义诊", capacity=3)
    item = await town.do(service_items.create_service_item, title="修水管", grid_id=town.community.id)
    for party in (town.police, town.water_works):
        await town.do(claims.claim, project_id=project.id, party_id=party)
        await town.do(claims.claim, service_item_id=item.id, party_id=party)
    small = r"^2 have a place in {}: give a capacity of 2 or more, or wait until somebody gives one back\.$"
    with pytest.raises(Conflict, match=small.format("义诊")):
        await town.do(resources.update_project, project.id, capacity=1)
    with pytest.raises(Conflict, match=small.format("修水管")):
        await town.do(service_items.update_service_item, item.id, capacity=1)
    async with database.read() as session:
        stand = (
            (await session.get_one(Project, project.id)).capacity,
            (await session.get_one(ServiceItem, item.id)).capacity,
        )
    assert stand == (3, None)
    for update, id in ((resources.update_project, project.id), (service_items.update_service_item, item.id)):
        assert (await town.do(update, id, capacity=2)).capacity == 2


async def test_what_is_off_the_list_is_not_claimed(database: Database) -> None:
    town = await founded(database)
    off = ServiceItem(id=uuid7(), title="修水管", closed_on=date(2026, 1, 1))
    still = ServiceItem(id=uuid7(), title="修电器", closed_on=date(2099, 1, 1))
    async with database.write(HUB) as session:
        session.add_all([off, still])
    with pytest.raises(Conflict, match=r"^修水管 is off the list since 2026-01-01: claim another one\.$"):
        await town.do(claims.claim, service_item_id=off.id, party_id=town.police)
    claim = await town.do(claims.claim, service_item_id=still.id, party_id=town.police)
    assert [one.id for one in await held(town)] == [claim.id]


async def test_a_slip_of_mutual_aid_is_taken_by_a_skill(database: Database) -> None:
    town = await founded(database)
    item = ServiceItem(id=uuid7(), title="修水管")
    plumber = Person(id=uuid7(), name="李师傅", public=True, skills=["水电", "木工"])
    async with database.write(HUB) as session:
        session.add_all([item, plumber])
    claim = await town.do(claims.claim, service_item_id=item.id, party_id=plumber.id, skill=" 水电 ")
    assert (claim.service_item_id, claim.skill, claim.project_id, claim.request_id) == (item.id, "水电", None, None)
    with pytest.raises(NotFound):
        await town.do(claims.claim, service_item_id=plumber.id, party_id=plumber.id)
    with pytest.raises(Invalid, match=r"^Claim one thing:"):
        await town.do(claims.claim, service_item_id=item.id, project_id=item.id, party_id=plumber.id)
    assert [one.id for one in await held(town)] == [claim.id]
