from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.db import Database
from hub.models import Need, Resource, ResourceKind
from tests.schema.api import Api
from tests.schema.city import City, add

QUERY = """query ($order: [ResourceOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  resources(orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { code } edges { cursor }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
NUL = urlsafe_b64encode(orjson.dumps(["title,id", "\0", str(UUID(int=1))])).decode().rstrip("=")


async def stock(database: Database, *values: tuple[str, int | None]) -> None:
    rows = [
        Resource(code=f"{place:02}", title=title, resource_kind=ResourceKind.OTHER, capacity=capacity)
        for place, (title, capacity) in enumerate(values)
    ]
    await add(database, *rows)


async def page(api: Api, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api(QUERY, **arguments))["resources"]
    return found


def codes(page: dict[str, Any]) -> list[str]:
    return [row["code"] for row in page["nodes"]]


async def forward(api: Api, order: list[str], size: int) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        one = await page(api, order=order, first=size, after=after)
        found += codes(one)
        if not one["pageInfo"]["hasNextPage"]:
            return found
        after = one["pageInfo"]["endCursor"]


async def backward(api: Api, order: list[str], size: int) -> list[str]:
    found: list[str] = []
    before = None
    while True:
        one = await page(api, order=order, last=size, before=before)
        found = codes(one) + found
        if not one["pageInfo"]["hasPreviousPage"]:
            return found
        before = one["pageInfo"]["startCursor"]


async def test_both_directions_cross_nulls_and_ties_and_meet(api: Api, database: Database) -> None:
    await stock(database, ("b", 2), ("a", None), ("b", None), ("a", 1), ("a", 2), ("c", 2), ("c", None))
    for order, expected in {
        ("CAPACITY_ASC", "CODE_ASC"): ["03", "00", "04", "05", "01", "02", "06"],
        ("CAPACITY_DESC", "CODE_DESC"): ["06", "02", "01", "05", "04", "00", "03"],
        ("TITLE_ASC", "CAPACITY_DESC"): ["01", "04", "03", "02", "00", "06", "05"],
        ("CAPACITY_DESC", "TITLE_ASC"): ["01", "02", "06", "04", "00", "05", "03"],
    }.items():
        for size in (1, 2, 3, 7):
            assert await forward(api, list(order), size) == expected
            assert await backward(api, list(order), size) == expected


async def test_rows_that_come_in_between_move_nothing(api: Api, database: Database) -> None:
    await stock(database, ("b", 1), ("d", 1), ("f", 1))
    first = await page(api, order=["TITLE_ASC"], first=2)
    await add(database, *(Resource(title=title, resource_kind=ResourceKind.OTHER) for title in "aceg"))
    second = await page(api, order=["TITLE_ASC"], first=9, after=first["pageInfo"]["endCursor"])
    assert codes(second) == [None, "02", None]  # e, f, g
    again = await page(api, order=["TITLE_ASC"], last=9, before=first["pageInfo"]["endCursor"])
    assert codes(again) == [None, "00", None]  # a, b, c


async def test_page_info_says_what_lies_on_either_side(api: Api, database: Database) -> None:
    await stock(database, ("a", 1), ("b", 1), ("c", 1))
    middle = await page(api, first=1, after=(await page(api, first=1))["pageInfo"]["endCursor"])
    assert (middle["totalCount"], codes(middle)) == (3, ["01"])
    info = middle["pageInfo"]
    assert (info["hasNextPage"], info["hasPreviousPage"]) == (True, True)
    assert info["startCursor"] == info["endCursor"] == middle["edges"][0]["cursor"]
    assert (await page(api, first=0))["pageInfo"]["hasNextPage"] is True


@pytest.mark.reads
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"first": 1, "last": 1}, "INVALID", "not for both"),
        ({"first": -1}, "INVALID", "must lie between 0 and 200"),
        ({"first": 201}, "INVALID", "must lie between 0 and 200"),
        ({"last": 201}, "INVALID", "must lie between 0 and 200"),
        ({"after": "nonsense"}, "BAD_CURSOR", "is no cursor"),
        ({"after": "%%%"}, "BAD_CURSOR", "is no cursor"),
        ({"before": "WyJ0aXRsZSxpZCIsMSwyXQ"}, "BAD_CURSOR", "is no cursor"),  # ["title,id",1,2]
        ({"after": NUL}, "BAD_CURSOR", "is no cursor"),
        ({"before": "WyJ0aXRsZSxpZCJd"}, "BAD_CURSOR", "is no cursor"),  # ["title,id"]
    ],
)
async def test_what_cannot_be_is_refused(api: Api, arguments: dict[str, Any], code: str, said: str) -> None:
    refusal, message = await api.refused(QUERY, **arguments)
    assert (refusal, said in message) == (code, True), message


async def test_a_cursor_of_another_order_is_refused(api: Api, database: Database) -> None:
    await stock(database, ("a", 1))
    cursor = (await page(api, order=["TITLE_ASC"]))["pageInfo"]["endCursor"]
    for order in (["TITLE_DESC"], ["CAPACITY_ASC"], ["TITLE_ASC", "CODE_ASC"]):
        code, message = await api.refused(QUERY, order=order, after=cursor)
        assert (code, message.startswith("The cursor belongs to another order.")) == ("BAD_CURSOR", True)


async def test_each_parent_has_its_own_page(api: Api, city: City) -> None:
    rows = [
        Need(title=f"{code[-1]}{n}", grid_id=grid.id, grid_path=grid.path)
        for code, grid in city.grids.items()
        if len(code) == 12
        for n in range(3)
    ]
    await add(city.database, *rows)
    data = await api(
        "{ grids(filter: {level: COMMUNITY}) { nodes { needs(first: 2, orderBy: TITLE_ASC)"
        " { totalCount nodes { title } pageInfo { hasNextPage } } } } }"
    )
    pages = [grid["needs"] for grid in data["grids"]["nodes"]]
    assert [[need["title"] for need in one["nodes"]] for one in pages] == [["10", "11"], ["20", "21"], ["10", "11"]]
    assert [(one["totalCount"], one["pageInfo"]["hasNextPage"]) for one in pages] == [(3, True)] * 3


VALUES = st.lists(st.tuples(st.sampled_from("aAbÄ中 "), st.none() | st.integers(-2, 2)), max_size=12)
ORDERS = st.lists(
    st.sampled_from(["TITLE_ASC", "TITLE_DESC", "CAPACITY_ASC", "CAPACITY_DESC", "CODE_DESC"]), min_size=1, max_size=3
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES, order=ORDERS, size=st.integers(1, 5))
async def test_pages_put_together_are_the_whole_list(
    api: Api, database: Database, values: list[tuple[str, int | None]], order: list[str], size: int
) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql("DELETE FROM resources")
    await stock(database, *values)
    whole = codes(await page(api, order=order, first=200))
    assert sorted(whole) == [f"{place:02}" for place in range(len(values))]
    assert await forward(api, order, size) == whole
    assert await backward(api, order, size) == whole
