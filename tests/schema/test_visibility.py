"""Who sees what, by every way that leads to a row."""

from typing import Any

import pytest
from sqlalchemy import func, select

from hub.auth import Viewer
from hub.db import Database
from hub.models import Change, Request
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, ask, gid

NUMBERS = ("R1", "R2", "R3", "R4")


def viewer(city: City, who: str) -> Viewer | None:
    return {
        "nobody": None,
        "clerk of 林荫": city.clerk("150602001001"),
        "clerk of the street": city.clerk("150602001"),
        "clerk elsewhere": city.clerk("150602002001"),
        "clerk of the district": city.clerk("150602"),
        "handler": city.handler(),
        "admin": ADMIN,
    }[who]


SEEN = {
    "nobody": {"R4"},
    "clerk of 林荫": {"R1", "R2", "R4"},
    "clerk of the street": {"R1", "R2", "R3", "R4"},
    "clerk elsewhere": {"R4"},
    "clerk of the district": {"R1", "R2", "R3", "R4"},
    "handler": {"R1", "R4"},
    "admin": {"R1", "R2", "R3", "R4"},
}


@pytest.mark.reads
@pytest.mark.parametrize("who", SEEN)
async def test_every_way_to_a_request_shows_the_same(api: Api, city: City, who: str) -> None:
    asker = viewer(city, who)
    roots = await api("{ requests { totalCount nodes { number } } }", asker)
    assert {row["number"] for row in roots["requests"]["nodes"]} == SEEN[who]
    assert roots["requests"]["totalCount"] == len(SEEN[who])
    ids = {number: gid(request) for number, request in city.requests.items()}
    nodes = await api(
        "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Request { number } } }", asker, ids=[*ids.values()]
    )
    assert [row and row["number"] for row in nodes["nodes"]] == [n if n in SEEN[who] else None for n in NUMBERS]
    for number, id in ids.items():
        one = await api(
            "query ($n: String, $id: ID!) { request(number: $n) { number } node(id: $id) { id } }",
            asker,
            n=number,
            id=id,
        )
        assert (one["request"] is not None, one["node"] is not None) == (number in SEEN[who],) * 2
    nested = await api('{ grid(code: "150602") { requests { totalCount nodes { number } } } }', asker)
    assert {row["number"] for row in nested["grid"]["requests"]["nodes"]} == SEEN[who]
    counted = await api('{ tally(of: REQUESTS, by: [], under: {code: "15"}) { count } }', asker)
    assert counted["tally"] == [{"count": len(SEEN[who])}]


@pytest.mark.parametrize(("who", "sees"), [("nobody", False), ("clerk elsewhere", False), ("clerk of 林荫", True)])
async def test_a_hidden_person_is_hidden_at_every_edge(api: Api, city: City, who: str, sees: bool) -> None:
    asker = viewer(city, who)
    request = city.requests["R2"]
    async with city.database.write(ADMIN) as session:
        (await session.get_one(Request, request.id)).public = True
    data = await api(
        "{ persons { nodes { name } } parties(filter: {type: PERSON}) { totalCount }"
        ' request(number: "R2") { assignee { name } }'
        ' one: requests(filter: {assignee: {name: {eq: "李雷"}}}) { totalCount }'
        ' none: requests(filter: {number: "R2", assignee: {null: true}}) { totalCount }'
        ' tally(of: REQUESTS, by: [ASSIGNEE], filter: {number: "R2"}) { keys { value label } } }',
        asker,
    )
    assert data["persons"]["nodes"] == ([{"name": "李雷"}] if sees else [])
    assert data["parties"]["totalCount"] == int(sees)
    assert data["request"]["assignee"] == ({"name": "李雷"} if sees else None)
    assert (data["one"]["totalCount"], data["none"]["totalCount"]) == (int(sees), int(not sees))
    assert data["tally"][0]["keys"][0]["label"] == ("李雷" if sees else None)
    assert data["tally"][0]["keys"][0]["value"] == (gid(city.person) if sees else None)


@pytest.mark.reads
async def test_parts_of_a_public_request_that_name_people_are_for_insiders(api: Api, city: City) -> None:
    query = '{ request(number: "R4") { events { totalCount nodes { at } } history { totalCount } } }'
    outside = (await api(query))["request"]
    assert (outside["events"], outside["history"]) == ({"totalCount": 0, "nodes": []}, {"totalCount": 0})
    inside = (await api(query, city.clerk("150602002001")))["request"]
    assert (inside["events"]["totalCount"], inside["history"]["totalCount"]) == (1, 1)


async def test_a_caller_is_masked_and_only_for_the_own_grid(api: Api, city: City) -> None:
    query = '{ request(number: "R3") { caller { name phone confidential } } }'
    own = await api(query, city.clerk("150602001002"))
    assert own["request"]["caller"] == {"name": "王*", "phone": "138****1234", "confidential": True}
    async with city.database.write(ADMIN) as session:
        (await session.get_one(Request, city.requests["R3"].id)).public = True
    assert (await api(query))["request"]["caller"] is None
    assert (await api(query, city.clerk("150602002001")))["request"]["caller"] is None


@pytest.mark.reads
async def test_missing_and_hidden_look_the_same(api: Api, city: City) -> None:
    hidden = gid(city.requests["R1"])
    missing = gid(Request(id=city.organization.id))
    answers = [await api.post("query ($id: ID!) { node(id: $id) { id } }", id=id) for id in (hidden, missing)]
    assert answers[0].content == answers[1].content
    assert answers[0].json()["data"] == {"node": None}


async def test_another_tenants_row_changes_no_byte(api: Api, city: City) -> None:
    asker = city.clerk("150602001001")
    query = (
        "{ requests(orderBy: TITLE_ASC) { totalCount nodes { number title } pageInfo { hasNextPage endCursor } }"
        ' grid(code: "15") { requests { totalCount } }'
        " tally(of: REQUESTS, by: [STATUS, GRID]) { count keys { value } } }"
    )
    before = (await api.post(query, asker)).content
    await ask(city, "R9", "150602002001")
    assert (await api.post(query, asker)).content == before


async def test_reading_writes_nothing(api: Api, city: City, database: Database) -> None:
    async def changes() -> Any:
        async with database.read() as session:
            return await session.scalar(select(func.count()).select_from(Change))

    before = await changes()
    await api("{ requests { nodes { events { nodes { at } } } } grids { nodes { leader { name } } } }", ADMIN)
    assert await changes() == before
