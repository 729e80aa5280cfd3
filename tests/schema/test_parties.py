"""Teams, posts, affiliations and report-ins, as the graph shows them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.models import (
    Affiliation,
    AffiliationKind,
    Claim,
    GridKind,
    Organization,
    OrganizationKind,
    Person,
    Post,
    PostRole,
    ReportIn,
    ServiceItem,
    StewardKind,
    uuid7,
)
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, gid

Counting = Callable[[], AbstractContextManager[list[str]]]
ENDED = date(2020, 1, 1)


@pytest.fixture
async def teams(city: City) -> dict[str, Any]:
    """A team of two where two must be, one of three where five must be, a committee without a rule."""
    here, there = city.grids["150602001001"], city.grids["150602001002"]
    made = {
        name: Organization(
            id=uuid7(),
            code=name,
            name=name,
            organization_kind=kind,
            public=True,
            grid_path=here.path,
            minimum_size=least,
        )
        for name, kind, least in (
            ("enough", OrganizationKind.SERVICE_TEAM, 2),
            ("few", OrganizationKind.SERVICE_TEAM, 5),
            ("committee", OrganizationKind.OWNERS_COMMITTEE, None),
        )
    }
    people = [Person(id=uuid7(), code=f"m{at}", name=f"人{at}", grid_path=here.path) for at in range(4)]
    await add(city.database, *made.values(), *people)
    posts = [
        *(Post(person_id=one.id, organization_id=made["enough"].id, role=PostRole.SPECIALIST) for one in people[:2]),
        Post(person_id=people[0].id, organization_id=made["enough"].id, role=PostRole.SECRETARY),
        Post(person_id=people[3].id, organization_id=made["enough"].id, role=PostRole.SPECIALIST, until=ENDED),
        *(Post(person_id=one.id, organization_id=made["few"].id, role=PostRole.SPECIALIST) for one in people[:3]),
        *(Post(person_id=one.id, organization_id=made["committee"].id, role=PostRole.OTHER) for one in people),
        *(Post(person_id=one.id, role=PostRole.MEMBER) for one in people[:3]),
        Post(person_id=people[3].id, role=PostRole.MEMBER, until=ENDED),
        Post(
            person_id=people[0].id,
            role=PostRole.STEWARD,
            steward_kind=StewardKind.STUDENT,
            grid_id=here.id,
            grid_path=here.path,
        ),
        Post(person_id=people[1].id, role=PostRole.STEWARD, until=ENDED, grid_id=there.id, grid_path=there.path),
    ]
    await add(city.database, *posts)
    return made | {"people": people}


SIZES = "{ organizations(filter: {code: [%s]}, orderBy: [CODE_ASC]) { nodes { code size meetsMinimum %s } } }"


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_a_team_knows_its_size_whether_it_suffices_and_its_members_share(
    api: Api, city: City, teams: dict[str, Any], count_statements: Counting, executor: str
) -> None:
    query = SIZES % ('"committee", "enough", "few"', "partyMemberShare")
    with count_statements() as seen:
        answer = (await api.post(query, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    assert answer["data"]["organizations"]["nodes"] == [
        {"code": "committee", "size": 4, "meetsMinimum": None, "partyMemberShare": 0.75},
        {"code": "enough", "size": 2, "meetsMinimum": True, "partyMemberShare": 1.0},
        {"code": "few", "size": 3, "meetsMinimum": False, "partyMemberShare": 1.0},
    ]
    assert len(seen) == 4, seen  # the page, and one for each figure


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_everybody_sees_the_size_but_the_share_of_members_is_for_those_on_the_grid(
    api: Api, city: City, teams: dict[str, Any], executor: str
) -> None:
    api.app._development = True  # everybody may choose the executor
    query = SIZES % ('"enough"', "partyMemberShare posts { totalCount }")
    for viewer, share, posts in (
        (None, None, 0),
        (city.clerk("150602002001"), None, 0),
        (city.clerk("150602001001"), 1.0, 0),  # these posts stand on no grid
    ):
        answer = (await api.post(query, viewer, executor=executor)).json()
        answer = answer["data"]["organizations"]["nodes"]
        assert answer == [
            {
                "code": "enough",
                "size": 2,
                "meetsMinimum": True,
                "partyMemberShare": share,
                "posts": {"totalCount": posts},
            }
        ]


async def test_teams_are_found_by_whether_they_suffice_and_grids_by_their_steward(
    api: Api, city: City, teams: dict[str, Any]
) -> None:
    data = await api(
        """{ enough: organizations(filter: {meetsMinimum: true}) { nodes { code } }
             few: organizations(filter: {meetsMinimum: false, organizationKind: [SERVICE_TEAM]}) { nodes { code } }
             with: grids(filter: {hasSteward: true, level: [COMMUNITY]}) { totalCount nodes { code hasSteward } }
             without: grids(filter: {hasSteward: false, level: [COMMUNITY]}) { totalCount nodes { hasSteward } }
             above: grid(code: "150602001") { hasSteward }
             students: posts(filter: {stewardKind: [STUDENT]}) { totalCount } }""",
        ADMIN,
    )
    assert (data["enough"]["nodes"], data["few"]["nodes"]) == ([{"code": "enough"}], [{"code": "few"}])
    assert data["with"] == {"totalCount": 1, "nodes": [{"code": "150602001001", "hasSteward": True}]}
    assert data["without"] == {"totalCount": 2, "nodes": [{"hasSteward": False}] * 2}
    assert (data["above"], data["students"]) == ({"hasSteward": True}, {"totalCount": 1})


async def test_who_belongs_to_a_corps_is_seen_from_both_sides(api: Api, city: City, teams: dict[str, Any]) -> None:
    corps = {"organization_id": teams["enough"].id, "practice": "fancheng"}
    hidden, public = teams["people"][0], teams["few"]
    for party, kind in ((public, AffiliationKind.MEMBER_UNIT), (hidden, AffiliationKind.FOUNDER)):
        await add(city.database, Affiliation(party_id=party.id, affiliation_kind=kind, **corps))
    query = """{ organizations(filter: {code: ["enough", "few"]}, orderBy: [CODE_ASC]) { nodes {
        affiliated(filter: {affiliationKind: [MEMBER_UNIT]}) { totalCount nodes { practice party { code } } }
        affiliations { nodes { affiliationKind organization { code } } } } } affiliations { totalCount } }"""
    data = await api(query)
    assert data["affiliations"] == {"totalCount": 1}  # what a hidden person belongs to is hidden with them
    assert data["organizations"]["nodes"] == [
        {
            "affiliated": {"totalCount": 1, "nodes": [{"practice": "fancheng", "party": {"code": "few"}}]},
            "affiliations": {"nodes": []},
        },
        {
            "affiliated": {"totalCount": 0, "nodes": []},
            "affiliations": {"nodes": [{"affiliationKind": "MEMBER_UNIT", "organization": {"code": "enough"}}]},
        },
    ]
    assert (await api("{ affiliations { totalCount } }", ADMIN))["affiliations"] == {"totalCount": 2}


async def test_the_two_subjects_that_report_in_are_told_apart(api: Api, city: City, teams: dict[str, Any]) -> None:
    grid = city.grids["150602001001"]
    parties = [teams["enough"], teams["committee"], *teams["people"]]
    rows = [ReportIn(party_id=one.id, grid_id=grid.id, grid_path=grid.path, practice="xiangyang") for one in parties]
    await add(city.database, *rows)
    data = await api(
        """{ organizations: reportIns(filter: {organization: {null: false}}) { totalCount }
             persons: reportIns(filter: {person: {null: false}, practice: {eq: "xiangyang"}, leftAt: {null: true}}) {
               totalCount nodes { person { code } organization { code } } }
             teams: reportIns(filter: {organization: {organizationKind: [SERVICE_TEAM]}}) { totalCount } }""",
        ADMIN,
    )
    assert data["organizations"] == {"totalCount": 2}
    assert (data["persons"]["totalCount"], data["teams"]["totalCount"]) == (4, 1)
    assert {row["organization"] is None and row["person"]["code"] for row in data["persons"]["nodes"]} == {
        "m0",
        "m1",
        "m2",
        "m3",
    }


REPORT_IN = """mutation ($party: ID!, $grid: ID!) { reportIn(partyId: $party, gridId: $grid) {
    party { name } organization { name } person { name } grid { code } } }"""


async def test_both_subjects_report_in_by_themselves_and_by_an_admin(api: Api, city: City) -> None:
    member = Viewer("member", ROLES["resident"], (), city.person.id, name="member")
    tries = (
        (city.handler(), city.organization, "150602002001"),
        (member, city.person, "150602002001"),
        (ADMIN, city.organization, "150602001002"),
    )
    for viewer, party, code in tries:
        found = await api(REPORT_IN, viewer, party=gid(party), grid=gid(city.grids[code]))
        who = {"organization": None, "person": None, type(party).__name__.lower(): {"name": party.name}}
        assert found["reportIn"] == who | {"party": {"name": party.name}, "grid": {"code": code}}
    async with city.database.read() as session:
        assert len((await session.scalars(select(ReportIn))).all()) == 3


async def test_a_grid_cannot_report_in(api: Api, city: City) -> None:
    grid = gid(city.grids["150602001001"])
    code, message = await api.refused(REPORT_IN, ADMIN, party=grid, grid=grid)
    assert (code, message.partition(". ")[0]) == ("BAD_ID", f"'{grid}' is no id of a Party")
    async with city.database.read() as session:
        assert (await session.scalars(select(ReportIn))).all() == []


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_a_claim_tells_whether_the_skill_is_there(
    api: Api, city: City, teams: dict[str, Any], executor: str
) -> None:
    item = ServiceItem(id=uuid7(), title="修水管", capacity=5)
    able = Person(id=uuid7(), code="able", name="李师傅", skills=["水电"], public=True)
    await add(city.database, item, able)
    pairs = ((able, "水电"), (teams["people"][1], "水电"), (teams["people"][2], None), (teams["few"], "水电"))
    await add(city.database, *(Claim(service_item_id=item.id, party_id=one.id, skill=skill) for one, skill in pairs))
    query = "{ serviceItems { nodes { capacity claims(orderBy: [CLAIMED_AT_ASC]) { nodes { skill skillMatch } } } } }"
    (found,) = (await api.post(query, ADMIN, executor=executor)).json()["data"]["serviceItems"]["nodes"]
    assert found == {
        "capacity": 5,
        "claims": {
            "nodes": [
                {"skill": "水电", "skillMatch": True},
                {"skill": "水电", "skillMatch": False},
                {"skill": None, "skillMatch": None},
                {"skill": "水电", "skillMatch": None},
            ]
        },
    }
    assert (await api('{ persons(filter: {skills: ["水电", "木工"]}) { nodes { code skills } } }'))["persons"] == {
        "nodes": [{"code": "able", "skills": ["水电"]}]
    }


async def test_an_estate_tells_how_large_it_is(api: Api, city: City) -> None:
    async with city.database.write(ADMIN) as session:
        grid = await session.merge(city.grids["150602001001"])
        grid.kind, grid.buildings, grid.households, grid.population = GridKind.RESIDENTIAL, 67, 1758, 3770
    large = "filter: {kind: [RESIDENTIAL], households: {gte: 1000}}"
    assert (await api(f"{{ grids({large}) {{ nodes {{ buildings households population }} }} }}"))["grids"]["nodes"] == [
        {"buildings": 67, "households": 1758, "population": 3770}
    ]
