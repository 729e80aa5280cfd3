from datetime import date
from typing import Any

import pytest

from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import AgreementKind, Alliance, AllianceKind, MatchBasis, Organization, OrganizationKind, uuid7
from hub.services import agreements, alliances
from tests.services.town import HUB, Town, founded


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


def merchant(town: Town, name: str, industry: str | None, **more: Any) -> Organization:
    place = {"grid_id": town.community.id, "grid_path": town.community.path}
    kind = {"organization_kind": OrganizationKind.MERCHANT, "public": True, "industry": industry}
    return Organization(id=uuid7(), name=name, **(place | kind | more))


async def test_merchants_of_the_same_industry_nearby_are_suggested(database: Database, count_statements: Any) -> None:
    town = await founded(database)
    bases = {"match_basis": [MatchBasis.INDUSTRY, MatchBasis.RELATEDNESS], "grid_id": town.community.id}
    kind = {"alliance_kind": AllianceKind.MERCHANTS}
    ours = await town.do(alliances.create_alliance, name="餐饮联盟", **kind, **bases)
    other = await town.do(alliances.create_alliance, name="无依据", **kind, grid_id=town.community.id)
    street = {"grid_id": town.street.id, "grid_path": town.street.path}
    made = {
        "甲": merchant(town, "甲", "餐饮"),
        "乙": merchant(town, "乙", "餐饮"),
        "丙": merchant(town, "丙", "理发"),
        "丁": merchant(town, "丁", "餐饮", **street),
        "戊": merchant(town, "戊", "餐饮", closed_on=date(2020, 1, 1)),
        "己": merchant(town, "己", None, **street),
        "庚": merchant(town, "庚", "餐饮"),
    }
    async with database.write(HUB) as session:
        session.add_all(made.values())
    for one in (ours, other):
        await town.do(alliances.join, one.id, party_id=made["甲"].id)
    await town.do(alliances.join, ours.id, party_id=made["庚"].id)
    await town.do(alliances.leave, ours.id, party_id=made["庚"].id)
    pair = {"agreement_kind": AgreementKind.PAIRING, "title": "结对", "partner_id": made["甲"].id}
    await town.do(agreements.create_agreement, party_id=made["己"].id, **pair)
    async with database.read() as session:
        with count_statements() as seen:
            found, none = await alliances.suggested_members(session, HUB, [ours, other])
    assert [(one.party.name, one.reasons) for one in found] == [
        ("乙", ["The same industry as members (行业相近): 餐饮"]),
        ("己", ["It has signed something with a member (关联性强)"]),
    ]
    assert none == []  # it says no basis
    assert len(seen) == 3
