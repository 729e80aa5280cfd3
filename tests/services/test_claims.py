from datetime import date

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Claim, RequestKind, RequestStatus
from hub.services import claims, resources
from tests.services.town import Town, founded


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
    with pytest.raises(Invalid, match=r"^Claim one thing: give a request or a project\.$"):
        await town.do(claims.claim, viewer=merchant)
    with pytest.raises(Invalid, match=r"^Whose claim is it\? Give the party\.$"):
        await town.do(claims.claim, project_id=project.id)
    with pytest.raises(Forbidden, match=r"^You claim for your own party only\."):
        await town.do(claims.claim, viewer=merchant, project_id=project.id, party_id=town.water_works)
    noted = await town.do(claims.claim, project_id=project.id, party_id=town.water_works)
    assert [claim.id for claim in await held(town)] == [noted.id]
