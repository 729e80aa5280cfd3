from typing import Any

import pytest

from hub.models import RequestStatus, Satisfaction, Station, StationTier, Urgency
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, ask, gid

QUERY = "query ($filter: RequestFilter) { requests(filter: $filter, orderBy: NUMBER_ASC) { nodes { number } } }"


async def chosen(api: Api, filter: Any) -> str:
    """The numbers of the requests that are let through, in a row."""
    data = await api(QUERY, ADMIN, filter=filter)
    return " ".join(row["number"] for row in data["requests"]["nodes"])


@pytest.mark.reads
@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (None, "R1 R2 R3 R4"),
        ({}, "R1 R2 R3 R4"),
        ({"status": None}, "R1 R2 R3 R4"),
        ({"status": "CLOSED"}, "R2"),
        ({"status": ["CLOSED", "RECEIVED"]}, "R1 R2 R3 R4"),
        ({"status": []}, ""),
        ({"satisfaction": [None]}, "R1 R2 R3 R4"),
        ({"satisfaction": ["SATISFIED"]}, ""),
        ({"number": "R1"}, "R1"),
        ({"number": ["R1", "R3", "R7"]}, "R1 R3"),
        ({"numberText": {"startsWith": "r"}}, "R1 R2 R3 R4"),
        ({"public": True}, "R4"),
        ({"public": False}, "R1 R2 R3"),
        ({"open": True}, "R1 R3 R4"),
        ({"open": False}, "R2"),
        ({"closedAt": {"null": False}}, "R2"),
        ({"closedAt": {"null": True}}, "R1 R3 R4"),
        ({"submittedAt": {"gte": "2026-03-01T13:00:00+08:00", "lt": "2026-03-01T15:00:00+08:00"}}, "R2 R3"),
        ({"submittedAt": {"eq": "2026-03-01T04:00:00Z"}}, "R1"),
        ({"urged": {"gt": 0}}, ""),
        ({"urged": {"lte": 0}}, "R1 R2 R3 R4"),
        ({"urged": {"gte": None}}, "R1 R2 R3 R4"),
        ({"under": {"code": "150602001"}}, "R1 R2 R3"),
        ({"grid": {"code": "150602001001"}}, "R1 R2"),
        ({"grid": {"parent": {"name": {"contains": "公园"}}}}, "R4"),
        ({"assignee": {"null": True}}, "R3 R4"),
        ({"assignee": {"null": False}}, "R1 R2"),
        ({"assignee": {"type": "ORGANIZATION"}}, "R1"),
        ({"mergedInto": {"null": False}}, ""),
        ({"not": {"status": "CLOSED"}}, "R1 R3 R4"),
        ({"not": {"closedAt": {"gt": "2026-01-01T00:00:00Z"}}}, "R1 R3 R4"),
        ({"or": [{"number": "R1"}, {"public": True}]}, "R1 R4"),
        ({"or": []}, ""),
        ({"and": [{"status": "RECEIVED"}, {"not": {"public": True}}]}, "R1 R3"),
        ({"and": []}, "R1 R2 R3 R4"),
        ({"number": ["R1", "R2"], "status": "CLOSED"}, "R2"),
    ],
)
async def test_what_a_filter_lets_through(api: Api, city: City, filter: Any, expected: str) -> None:
    assert await chosen(api, filter) == expected


async def test_text_is_taken_as_it_stands(api: Api, city: City) -> None:
    for number, title in {"P": "100% sure", "U": "a_b", "B": "a\\b", "X": "axb", "L": "Street Lamp"}.items():
        await ask(city, number, "150602001001", title=title)
    for test, expected in (
        ({"contains": "%"}, "P"),
        ({"contains": "a_b"}, "U"),
        ({"contains": "a\\b"}, "B"),
        ({"contains": "LAMP"}, "L"),
        ({"startsWith": "a_"}, "U"),
        ({"startsWith": "street"}, "L"),
        ({"eq": "street lamp"}, ""),
        ({"in": ["axb", "a_b"]}, "U X"),
        ({"ne": "axb", "startsWith": "a"}, "B U"),
    ):
        assert await chosen(api, {"title": test}) == expected, test


async def test_rows_without_a_value_are_found_by_null_and_by_ne(api: Api, city: City) -> None:
    await ask(city, "K", "150602001001", category="噪音", satisfaction=Satisfaction.SATISFIED, solved=True)
    assert await chosen(api, {"category": {"null": False}}) == "K"
    assert await chosen(api, {"category": {"in": ["噪音", None]}}) == "K R1 R2 R3 R4"
    assert await chosen(api, {"category": {"ne": "噪音"}}) == "R1 R2 R3 R4"
    assert await chosen(api, {"satisfaction": ["SATISFIED", None], "number": ["K", "R1"]}) == "K R1"
    assert await chosen(api, {"solved": True}) == "K"
    assert await chosen(api, {"solved": [False, None]}) == "R1 R2 R3 R4"


async def test_a_list_column_is_asked_what_it_holds(api: Api, city: City) -> None:
    for name, has in {"甲": ["充电", "急救"], "乙": ["饮水"], "丙": []}.items():
        await add(city.database, Station(name=name, tier=StationTier.GRID, facilities=has))
    data = await api('{ stations(filter: {facilities: ["急救", "饮水"]}) { nodes { name facilities } } }')
    assert {row["name"]: row["facilities"] for row in data["stations"]["nodes"]} == {
        "甲": ["充电", "急救"],
        "乙": ["饮水"],
    }


@pytest.mark.reads
async def test_ids_are_a_filter_and_must_be_of_the_right_type(api: Api, city: City) -> None:
    assert await chosen(api, {"id": [gid(city.requests["R1"]), gid(city.requests["R4"])]}) == "R1 R4"
    assert await chosen(api, {"grid": {"id": gid(city.grids["150602002001"])}}) == "R4"
    assert await chosen(api, {"assignee": {"id": gid(city.organization)}}) == "R1"
    code, message = await api.refused(QUERY, ADMIN, filter={"id": gid(city.organization)})
    assert (code, "is no id of a Request" in message) == ("BAD_ID", True)


@pytest.mark.reads
@pytest.mark.parametrize(
    ("filter", "code"),
    [
        ({"null": True}, "INVALID"),
        ({"under": {"code": "1", "id": "x"}}, "BAD_USER_INPUT"),
        ({"under": {}}, "BAD_USER_INPUT"),
        ({"under": {"id": "x"}}, "BAD_ID"),
        ({"under": {"code": "nowhere"}}, "NOT_FOUND"),
        ({"submittedAt": {"gt": "2026-03-01T08:00:00"}}, "BAD_USER_INPUT"),
        ({"submittedAt": {"gt": "0001-01-01T00:00:00+14:00"}}, "BAD_USER_INPUT"),
        ({"urged": {"gt": 2**40}}, "BAD_USER_INPUT"),
        ({"status": "NOWHERE"}, "BAD_USER_INPUT"),
        ({"callerId": "x"}, "BAD_USER_INPUT"),
        ({"title": {"eq": "a\0b"}}, "INVALID"),
        ({"title": {"contains": "\0"}}, "INVALID"),
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, city: City, filter: Any, code: str) -> None:
    assert (await api.refused(QUERY, ADMIN, filter=filter))[0] == code


@pytest.mark.reads
async def test_a_filter_may_be_written_in_the_document(api: Api, city: City) -> None:
    data = await api(
        '{ requests(filter: {number: "R2", status: [CLOSED], urgency: NORMAL}) { nodes { number } } }', ADMIN
    )
    assert data["requests"]["nodes"] == [{"number": "R2"}]
    assert (city.requests["R2"].status, city.requests["R2"].urgency) == (RequestStatus.CLOSED, Urgency.NORMAL)


def nested(depth: int) -> Any:
    return {"and": [nested(depth - 1)]} if depth else {"number": "R1"}


@pytest.mark.reads
@pytest.mark.parametrize(
    ("filter", "code", "said"),
    [
        (nested(11), "INVALID", "more than 12 deep"),
        (nested(400), "BAD_USER_INPUT", "nested too deeply"),
        ({"number": ["x"] * 1001}, "INVALID", "1001 values"),
        ({"or": [{"urged": {"gt": 1}}] * 40000}, "INVALID", "40000 values"),
    ],
)
async def test_a_filter_has_a_largest_size(api: Api, city: City, filter: Any, code: str, said: str) -> None:
    found, message = await api.refused(QUERY, ADMIN, filter=filter)
    assert (found, said in message) == (code, True), message
