from datetime import date

import pytest

from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Alliance, AllianceKind
from hub.services import alliances
from tests.services.town import Town, founded


async def allied(town: Town) -> Alliance:
    made: Alliance = await town.do(
        alliances.create_alliance,
        name="红色物业联盟",
        alliance_kind=AllianceKind.RED_PROPERTY,
        grid_id=town.community.id,
        pillars=[" 组织联建 ", "资源联享"],
    )
    return made


async def test_an_alliance_is_entered_and_changed(database: Database) -> None:
    town = await founded(database)
    made = await allied(town)
    assert (made.grid_path, made.pillars) == (town.community.path, ["组织联建", "资源联享"])
    changed = await town.do(alliances.update_alliance, made.id, lead_id=town.police)
    assert (changed.lead_id, changed.name, changed.revision) == (town.police, "红色物业联盟", 2)


async def test_a_party_joins_leaves_and_comes_back_into_its_place(database: Database) -> None:
    town = await founded(database)
    made = await allied(town)
    joined = await town.do(alliances.join, made.id, party_id=town.police, role="成员", joined_on=date(2026, 1, 5))
    with pytest.raises(Conflict, match=r"^派出所 is a member of 红色物业联盟 already\.$"):
        await town.do(alliances.join, made.id, party_id=town.police)
    with pytest.raises(Invalid, match=r"^It joined on 2026-01-05: it cannot leave before\.$"):
        await town.do(alliances.leave, made.id, party_id=town.police, left_on=date(2026, 1, 4))
    left = await town.do(alliances.leave, made.id, party_id=town.police, left_on=date(2026, 2, 1))
    assert left.left_on == date(2026, 2, 1)
    with pytest.raises(Conflict, match=r"^The party is no member of 红色物业联盟: there is nothing to leave\.$"):
        await town.do(alliances.leave, made.id, party_id=town.police)
    back = await town.do(alliances.join, made.id, party_id=town.police)
    assert (back.id, back.left_on, back.role) == (joined.id, None, None)


async def test_only_those_over_its_grid_write_an_alliance(database: Database) -> None:
    town = await founded(database)
    made = await allied(town)
    with pytest.raises(Forbidden):
        await town.do(alliances.join, made.id, party_id=town.police, viewer=town.clerk())
