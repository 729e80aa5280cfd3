"""Mutations that write the fields of a noun: what is given is written, and a refusal changes nothing."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from string import Template
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.auth import ROLES, Viewer
from hub.models import (
    Affiliation,
    AffiliationKind,
    Alliance,
    AllianceKind,
    Base,
    Change,
    Claim,
    Member,
    Need,
    Offer,
    Post,
    PostRole,
    Project,
    ReportIn,
    Resource,
    ResourceKind,
    uuid7,
)
from schema import alliances, parties, resources
from schema.node import graphql_name
from tests.schema.api import Api, schema
from tests.schema.city import ADMIN, City, add, gid

HERE = {"code": "150602001001"}
ORGANIZATION, PERSON = {"name": "安居物业"}, {"name": "李雷"}

# name: its arguments, what is asked for, and the answer
WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "createOrganization": (
        'name: "第一支部", organizationKind: BRANCH, gridId: $grid, parentId: $organization, description: " 党员二十 "',
        "name organizationKind code public description grid { code } parent { name }",
        {"name": "第一支部", "organizationKind": "BRANCH", "code": None, "public": False, "description": "党员二十"}
        | {"grid": HERE, "parent": ORGANIZATION},
    ),
    "updateOrganization": (
        'id: $organization, code: "wy2", practice: "fancheng", closedOn: "2027-01-01"',
        "name code practice closedOn public grid { code }",
        ORGANIZATION | {"code": "wy2", "practice": "fancheng", "closedOn": "2027-01-01", "public": True, "grid": HERE},
    ),
    "createPerson": (
        'name: "韩梅梅", gridId: $grid, public: true',
        "name public code closedOn grid { code }",
        {"name": "韩梅梅", "public": True, "code": None, "closedOn": None, "grid": HERE},
    ),
    "updatePerson": ("id: $person, code: null", "name code grid { code }", PERSON | {"code": None, "grid": HERE}),
    "createPost": (
        "personId: $person, role: VOLUNTEER, organizationId: $organization, gridId: $grid, "
        'title: "楼长", since: "2026-01-01"',
        "role title public since until person { name } organization { name } grid { code }",
        {"role": "VOLUNTEER", "title": "楼长", "public": False, "since": "2026-01-01", "until": None}
        | {"person": PERSON, "organization": ORGANIZATION, "grid": HERE},
    ),
    "updatePost": (
        'id: $post, role: POLICE, until: "2026-12-31"',
        "role until person { name } grid { code }",
        {"role": "POLICE", "until": "2026-12-31", "person": PERSON, "grid": HERE},
    ),
    "affiliate": (
        "organizationId: $organization, partyId: $person, affiliationKind: FOUNDER",
        "affiliationKind until organization { name } party { name }",
        {"affiliationKind": "FOUNDER", "until": None, "organization": ORGANIZATION, "party": PERSON},
    ),
    "updateAffiliation": (
        'id: $affiliation, until: "2026-12-31"',
        "until party { name }",
        {"until": "2026-12-31", "party": ORGANIZATION},
    ),
    "reportIn": (
        'partyId: $person, gridId: $grid, hostId: $organization, offer: "普法"',
        "offer party { name } host { name } grid { code }",
        {"offer": "普法", "party": PERSON, "host": ORGANIZATION, "grid": HERE},
    ),
    "leaveReportIn": (
        "id: $reportIn",
        "offer party { name } grid { code }",
        {"offer": "普法", "party": ORGANIZATION, "grid": {"code": "150602001002"}},
    ),
    "createAlliance": (
        'name: "红色商圈", allianceKind: RED_BUSINESS, leadId: $organization, gridId: $grid, pillars: ["组织联建"]',
        "name allianceKind pillars description lead { name } grid { code }",
        {"name": "红色商圈", "allianceKind": "RED_BUSINESS", "pillars": ["组织联建"], "description": None}
        | {"lead": ORGANIZATION, "grid": HERE},
    ),
    "updateAlliance": (
        "id: $alliance, pillars: []",
        "name pillars grid { code }",
        {"name": "红色物业联盟", "pillars": [], "grid": HERE},
    ),
    "joinAlliance": (
        'id: $alliance, partyId: $person, role: "联络员", joinedOn: "2026-02-01"',
        "role joinedOn leftOn party { name } alliance { name }",
        {"role": "联络员", "joinedOn": "2026-02-01", "leftOn": None, "party": PERSON}
        | {"alliance": {"name": "红色物业联盟"}},
    ),
    "leaveAlliance": (
        'id: $alliance, partyId: $organization, leftOn: "2026-03-01"',
        "leftOn party { name }",
        {"leftOn": "2026-03-01", "party": ORGANIZATION},
    ),
    "createResource": (
        'title: "健身房", resourceKind: VENUE, ownerId: $organization, gridId: $grid, capacity: 12',
        "title resourceKind capacity code owner { name } grid { code }",
        {"title": "健身房", "resourceKind": "VENUE", "capacity": 12, "code": None, "owner": ORGANIZATION, "grid": HERE},
    ),
    "updateResource": (
        "id: $resource, capacity: null",
        "title capacity description",
        {"title": "会议室", "capacity": None, "description": "可坐三十人"},
    ),
    "createNeed": (
        'title: "缺书", gridId: $grid, raisedById: $organization, category: "文化"',
        "title category metAt raisedBy { name } grid { code }",
        {"title": "缺书", "category": "文化", "metAt": None, "raisedBy": ORGANIZATION, "grid": HERE},
    ),
    "updateNeed": (
        'id: $need, metAt: "2026-03-01T12:00:00+08:00"',
        "title metAt",
        {"title": "缺场地", "metAt": "2026-03-01T04:00:00+00:00"},
    ),
    "createProject": (
        'title: "共享会议室", needId: $need, resourceId: $resource, ownerId: $organization, gridId: $grid',
        "title doneOn need { title } resource { title } owner { name } grid { code }",
        {"title": "共享会议室", "doneOn": None, "need": {"title": "缺场地"}, "resource": {"title": "会议室"}}
        | {"owner": ORGANIZATION, "grid": HERE},
    ),
    "updateProject": (
        'id: $project, doneOn: "2026-03-01"',
        "title doneOn",
        {"title": "义诊", "doneOn": "2026-03-01"},
    ),
    "claim": (
        'requestId: $request, partyId: $organization, note: "我们来"',
        "note withdrawnAt party { name } request { number } project { title }",
        {"note": "我们来", "withdrawnAt": None, "party": ORGANIZATION, "request": {"number": "R1"}, "project": None},
    ),
    "withdrawClaim": (
        "id: $claim",
        "note party { name } project { title }",
        {"note": None, "party": ORGANIZATION, "project": {"title": "义诊"}},
    ),
}


@pytest.fixture
async def there(city: City) -> dict[str, str]:
    """The ids that the calls name: of rows to write about, and of what stands in the city."""
    grid, party = city.grids["150602001001"], city.organization.id
    place = {"grid_id": grid.id, "grid_path": grid.path}
    rows: dict[str, Any] = {
        "alliance": Alliance(id=uuid7(), name="红色物业联盟", alliance_kind=AllianceKind.RED_PROPERTY, **place),
        "post": Post(person_id=city.person.id, role=PostRole.STEWARD, **place),
        "resource": Resource(code="room", title="会议室", resource_kind=ResourceKind.VENUE, capacity=30, **place),
        "need": Need(title="缺场地", **place),
        "project": Project(id=uuid7(), title="义诊", **place),
    }
    rows["alliance"].pillars = ["组织联建", "资源联享"]
    rows["resource"].description, rows["resource"].owner_id = "可坐三十人", party
    await add(city.database, *rows.values())
    rows["affiliation"] = Affiliation(
        organization_id=party, party_id=party, affiliation_kind=AffiliationKind.MEMBER_UNIT
    )
    there = city.grids["150602001002"]
    rows["reportIn"] = ReportIn(party_id=party, offer="普法", grid_id=there.id, grid_path=there.path)
    await add(city.database, rows["affiliation"], rows["reportIn"])
    rows["claim"] = Claim(party_id=party, project_id=rows["project"].id)
    await add(city.database, rows["claim"], Member(alliance_id=rows["alliance"].id, party_id=party))
    rows |= {"grid": grid, "organization": city.organization, "person": city.person, "request": city.requests["R1"]}
    return {name: gid(row) for name, row in rows.items()}


def operation(call: str, ids: dict[str, str]) -> str:
    """The call as an operation, `$name` in it being the id of that name."""
    quoted = {name: f'"{id}"' for name, id in ids.items()}
    return f"mutation {{ done: {Template(call).substitute(quoted)} }}"


def called(name: str, there: dict[str, str], **other: str) -> str:
    """The operation that calls a mutation of the table; `other` ids take the place of those named."""
    arguments, asked, _ = WRITES[name]
    return operation(f"{name}({arguments}) {{ {asked} }}", there | other)


async def log(city: City) -> list[tuple[str, str, str | None]]:
    """The change log: what happened to which type, by whom."""
    async with city.database.read() as session:
        found = await session.scalars(select(Change).order_by(Change.position, Change.id))
        return [(change.kind.name, change.entity, change.actor) for change in found]


async def standing(city: City) -> dict[str, int]:
    """How many rows each table has, the change log among them."""
    async with city.database.read() as session:
        tables = {name: select(func.count()).select_from(table) for name, table in Base.metadata.tables.items()}
        return {name: (await session.scalars(counted)).one() for name, counted in tables.items()}


def test_the_table_has_every_mutation_and_every_id() -> None:
    own = [one for noun in (parties, alliances, resources) for one in noun.Mutation.__strawberry_definition__.fields]
    assert [graphql_name(one.python_name) for one in own] == list(WRITES)
    fields = schema()._schema.mutation_type.fields  # type: ignore[union-attr]
    for name, (arguments, _, _) in WRITES.items():
        ids = {one for one, argument in fields[name].args.items() if str(argument.type) in ("ID", "ID!")}
        given = set(re.findall(r"(\w+): \$", arguments))
        elsewhere = {"gridId", "parentId", "organizationId", "leadId", "ownerId", "raisedById", "needId", "resourceId"}
        assert given <= ids <= given | (elsewhere if name.startswith("update") else {"projectId", "serviceItemId"}), (
            name
        )


def test_what_cannot_be_left_out() -> None:
    fields = schema()._schema.mutation_type.fields  # type: ignore[union-attr]
    needed = {name: [one for one, it in fields[name].args.items() if str(it.type).endswith("!")] for name in WRITES}
    assert needed == {name: ["id"] for name in WRITES if name.startswith("update")} | {
        "createOrganization": ["name", "organizationKind"],
        "createPerson": ["name"],
        "createPost": ["personId", "role"],
        "affiliate": ["organizationId", "partyId", "affiliationKind"],
        "reportIn": ["partyId", "gridId"],
        "leaveReportIn": ["id"],
        "createAlliance": ["name", "allianceKind"],
        "joinAlliance": ["id", "partyId"],
        "leaveAlliance": ["id", "partyId"],
        "createResource": ["title", "resourceKind"],
        "createNeed": ["title", "gridId"],
        "createProject": ["title"],
        "claim": [],
        "withdrawClaim": ["id"],
    }


async def test_an_admin_writes_each_of_them(api: Api, city: City, there: dict[str, str]) -> None:
    before = len(await log(city))
    for name, (_, _, answer) in WRITES.items():
        assert (await api(called(name, there), ADMIN))["done"] == answer, name
    created, updated = "CREATED", "UPDATED"
    assert (await log(city))[before:] == [
        *((kind, entity, "admin") for entity in ("Organization", "Person", "Post") for kind in (created, updated)),
        *((kind, entity, "admin") for entity in ("Affiliation", "ReportIn") for kind in (created, updated)),
        *((kind, entity, "admin") for entity in ("Alliance", "Member") for kind in (created, updated)),
        *((kind, entity, "admin") for entity in ("Resource", "Need", "Project") for kind in (created, updated)),
        *((kind, "Claim", "admin") for kind in (created, updated)),
    ]


HIDDEN = ("updatePerson", "createPost", "updatePost", "reportIn")

ELSEWHERE = {
    "district": dict.fromkeys(WRITES, "FORBIDDEN") | dict.fromkeys(HIDDEN, "NOT_FOUND"),
    "clerk": dict.fromkeys(WRITES, "FORBIDDEN"),
    "resident": dict.fromkeys(WRITES, "FORBIDDEN"),
    "nobody": dict.fromkeys(WRITES, "UNAUTHENTICATED"),
}


@pytest.mark.parametrize("role", ELSEWHERE)
async def test_whose_grid_it_is_not_is_refused_and_changes_nothing(
    api: Api, city: City, there: dict[str, str], role: str
) -> None:
    path = city.grids["150602002001"].path
    viewer = None if role == "nobody" else Viewer(role, ROLES[role], (path,), name=role)
    before = await standing(city)
    found = {name: (await api.refused(called(name, there), viewer))[0] for name in ELSEWHERE[role]}
    assert found == ELSEWHERE[role]
    assert await standing(city) == before


async def test_an_id_of_another_type_is_refused_everywhere(api: Api, city: City, there: dict[str, str]) -> None:
    before, offer = await standing(city), gid(Offer(id=uuid7()))
    for name, (arguments, _, _) in WRITES.items():
        for one in re.findall(r"\$(\w+)", arguments):
            code, message = await api.refused(called(name, there, **{one: offer}), ADMIN)
            assert (code, f"'{offer}' is no id of a " in message) == ("BAD_ID", True), (name, one)
    code, message = await api.refused(called("createOrganization", there, organization=there["person"]), ADMIN)
    assert (code, message.partition(" is ")[2].partition(".")[0]) == ("BAD_ID", "no id of a Organization")
    assert await standing(city) == before


CHANGE = """mutation ($id: ID!, $title: String, $description: String, $capacity: Int, $owner: ID, $grid: ID) {
  updateResource(id: $id, title: $title, description: $description, capacity: $capacity, ownerId: $owner, gridId: $grid)
  { title description capacity owner { name } grid { code } history(first: 1) { nodes { patch reverse } } }
}"""
ROOM = {"title": "会议室", "description": "可坐三十人", "capacity": 30, "owner": ORGANIZATION, "grid": HERE}


@pytest.mark.parametrize(
    ("given", "changed", "patch"),
    [
        ({"description": None}, {"description": None}, {"description": None}),
        ({"capacity": 40, "title": " 大会议室 "}, {"capacity": 40, "title": "大会议室"}, None),
        (
            {"owner": None, "grid": None},
            {"owner": None, "grid": None},
            dict.fromkeys(["owner_id", "grid_id", "grid_path"]),
        ),
    ],
)
async def test_null_empties_and_what_is_left_out_stays(
    api: Api, there: dict[str, str], given: dict[str, Any], changed: dict[str, Any], patch: dict[str, Any] | None
) -> None:
    row = (await api(CHANGE, ADMIN, id=there["resource"], **given))["updateResource"]
    (change,) = row.pop("history")["nodes"]
    assert row == ROOM | changed
    written = {name: value for name, value in change["patch"].items() if name != "updated_at"}
    assert written == (changed if patch is None else patch) | {"revision": 2}
    assert change["reverse"].keys() == change["patch"].keys()


EMPTY = "cannot be empty: leave it out, or give a value."
SENSELESS = {
    "updateOrganization(id: $organization, name: null)": f"name {EMPTY}",
    "updateOrganization(id: $organization, public: null)": f"public {EMPTY}",
    "updateAlliance(id: $alliance, pillars: null)": f"pillars {EMPTY}",
    "updateNeed(id: $need, gridId: null)": f"gridId {EMPTY}",
    'createPerson(name: "韩梅梅", public: null)': f"public {EMPTY}",
    "updateResource(id: $resource, capacity: -1)": "capacity is -1: give 0 or more.",
    "claim(partyId: $organization)": "Claim one thing: give a request, a project or a service item.",
}


async def test_what_makes_no_sense_is_refused(api: Api, city: City, there: dict[str, str]) -> None:
    before = await standing(city)
    for call, message in SENSELESS.items():
        assert await api.refused(operation(f"{call} {{ id }}", there), ADMIN) == ("INVALID", message), call
    assert await standing(city) == before


async def test_a_code_is_given_once(api: Api, city: City, there: dict[str, str]) -> None:
    before = await standing(city)
    for call in (
        'createPerson(name: "韩梅梅", code: "wy")',
        f'updatePerson(id: "{there["person"]}", code: "wy")',
        'createOrganization(name: "物业", organizationKind: PROPERTY_COMPANY, code: "wy")',
    ):
        answer = (await api.post(f"mutation {{ done: {call} {{ id }} }}", ADMIN)).json()
        (error,) = answer["errors"]
        assert (answer["data"], error["extensions"]) == ({"done": None}, {"code": "CONFLICT"})
        assert error["message"] == "It exists already: Key (code)=(wy) already exists."
    assert await standing(city) == before


async def test_one_claims_for_the_own_party_and_gives_back_once(api: Api, city: City, there: dict[str, str]) -> None:
    handler, asked = city.handler(), "{ id party { name } withdrawnAt }"
    data = await api(f'mutation {{ claim(requestId: "{there["request"]}") {asked} }}', handler)
    assert (data["claim"]["party"], data["claim"]["withdrawnAt"]) == (ORGANIZATION, None)
    back = f'mutation {{ withdrawClaim(id: "{data["claim"]["id"]}") {asked} }}'
    assert isinstance((await api(back, handler))["withdrawClaim"]["withdrawnAt"], str)
    before = await standing(city)
    assert await api.refused(back, handler) == ("CONFLICT", "The claim was given back already.")
    assert await standing(city) == before


COSTS = {
    'createNeed(title: "缺书", gridId: $grid) { title }': 5,
    'createNeed(title: "缺笔", gridId: $grid, raisedById: $organization) { grid { code } }': 7,
    'updateNeed(id: $need, title: "缺桌椅") { title }': 4,
    'updateNeed(id: $need, title: "缺桌椅", raisedById: null) { metAt }': 1,
    "joinAlliance(id: $alliance, partyId: $person) { role }": 6,
}


async def test_what_it_costs(
    api: Api, there: dict[str, str], count_statements: Callable[[], AbstractContextManager[list[str]]]
) -> None:
    for call, statements in COSTS.items():
        with count_statements() as seen:
            await api(operation(call, there), ADMIN)
        assert len(seen) == statements, (call, seen)
