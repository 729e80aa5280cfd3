"""What the hub suggests for a need and for a resource, why, and what it costs to ask."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql

from hub import models
from hub.db import Database
from hub.models import Grid, Need, Project, Resource, ResourceKind, uuid7
from hub.models.matching import MOST
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, gid

Counting = Callable[[], AbstractContextManager[list[str]]]
HERE, NEXT, AWAY = "150602001001", "150602001002", "150602002001"  # two communities of one street, one of another
SHORT = "sameCategory place onTime room resource { code }"


def resource(city: City, code: str, grid: str | None, category: str | None = None, **more: Any) -> Resource:
    where = city.grids[grid] if grid else None
    place = {"grid_id": where and where.id, "grid_path": where and where.path}
    kind = {"resource_kind": ResourceKind.SERVICE}
    return Resource(id=uuid7(), code=code, title=code, category=category, **place, **kind, **more)


def need(city: City, code: str, grid: str, category: str | None = None, **more: Any) -> Need:
    place = {"grid_id": city.grids[grid].id, "grid_path": city.grids[grid].path}
    return Need(id=uuid7(), code=code, title=code, category=category, **place, **more)


async def suggested(api: Api, code: str, asked: str = "score resource { code }", executor: str = "engine") -> Any:
    query = f'{{ needs(filter: {{code: ["{code}"]}}) {{ nodes {{ suggestedResources {{ nodes {{ {asked} }} }} }} }} }}'
    answer = (await api.post(query, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor, answer
    return answer["data"]["needs"]["nodes"][0]["suggestedResources"]["nodes"]


async def codes(api: Api, code: str) -> list[str]:
    return [one["resource"]["code"] for one in await suggested(api, code)]


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_category_place_time_and_room_speak_for_a_resource(api: Api, city: City, executor: str) -> None:
    until = {"available_from": date(2027, 1, 1), "available_until": date(2027, 12, 31)}
    async with city.database.write(ADMIN) as session:
        grid = await session.get_one(Grid, city.grids[HERE].id)
        other = await session.get_one(Grid, city.grids[NEXT].id)
        (grid.latitude, grid.longitude), (other.latitude, other.longitude) = (39.0, 110.0), (39.005, 110.0)
    await add(
        city.database,
        need(city, "n", HERE, "文化/书画", wanted_on=date(2027, 5, 1)),
        resource(city, "best", HERE, "文化/书画", capacity=3, **until),
        resource(city, "next", NEXT, "文化/戏曲"),
        resource(city, "away", AWAY, "文化/书画"),
        resource(city, "near", HERE, "医疗"),
        resource(city, "nowhere", None, "文化/书画"),
        resource(city, "unfit", AWAY, "医疗"),
        resource(city, "late", HERE, "文化/书画", available_from=date(2027, 6, 1)),
        resource(city, "over", HERE, "文化/书画", available_until=date(2027, 4, 30)),
        resource(city, "gone", HERE, "文化/书画", closed_on=date(2026, 1, 1)),
    )
    found = await suggested(api, "n", "score reasons metres " + SHORT, executor)
    assert {one["resource"]["code"]: one["score"] for one in found} == {
        "best": 100,
        "next": 50,
        "away": 40,
        "nowhere": 40,
        "near": 40,
    }
    assert [one["score"] for one in found] == [100, 50, 40, 40, 40]
    assert found[0]["reasons"] == [
        "The same category (类别相同): 文化/书画",
        "On the same grid (同一网格)",
        "0 m away (直线距离)",
        "To be had on the day for which it is wanted (时间符合)",
        "Room for 3 more (剩余容量)",
    ]
    assert found[1]["reasons"] == [
        "A category of the same sort (大类相同): 文化",
        "In the same street (同一街道)",
        "557 m away (直线距离)",
    ]
    assert {key: found[1][key] for key in ("sameCategory", "place", "onTime", "room")} == {
        "sameCategory": False,
        "place": "STREET",
        "onTime": False,
        "room": None,
    }


async def test_what_is_full_used_or_declined_is_not_suggested(api: Api, city: City) -> None:
    one, other = need(city, "n", HERE, "文化"), need(city, "m", HERE, "文化")
    rooms = [resource(city, code, HERE, "文化", capacity=1) for code in ("full", "free")]
    await add(city.database, one, other, *rooms, resource(city, "bad", HERE, "文化"), resource(city, "used", HERE))
    used = resource(city, "used2", HERE, "文化")
    await add(city.database, used)
    await add(
        city.database,
        Project(title="p", need_id=other.id, resource_id=rooms[0].id),
        Project(title="q", need_id=other.id, resource_id=rooms[1].id, done_on=date(2026, 1, 1)),
        Project(title="r", need_id=one.id, resource_id=used.id),
    )
    assert sorted(await codes(api, "n")) == ["bad", "free", "used"]
    data = await api('{ resource(code: "bad") { id } needs(filter: {code: ["n"]}) { nodes { id } } }', ADMIN)
    ids = {"r": data["resource"]["id"], "n": data["needs"]["nodes"][0]["id"]}
    decline = """mutation ($n: ID!, $r: ID!) {
        declineMatch(needId: $n, resourceId: $r, reason: "太远") { reason need { code } } }"""
    assert (await api(decline, ADMIN, **ids))["declineMatch"] == {"reason": "太远", "need": {"code": "n"}}
    assert (await api.refused(decline, ADMIN, **ids))[0] == "CONFLICT"
    assert sorted(await codes(api, "n")) == ["free", "used"]
    assert sorted(await codes(api, "m")) == ["bad", "used", "used2"]


async def test_a_need_that_is_met_asks_for_nothing(api: Api, city: City) -> None:
    met = need(city, "n", HERE, "文化", met_at=city.requests["R1"].submitted_at)
    await add(city.database, met, resource(city, "r", HERE, "文化"))
    assert await codes(api, "n") == []


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_both_sides_agree_and_a_page_of_either_costs_one_statement(
    api: Api, city: City, count_statements: Counting, executor: str
) -> None:
    sorts = ("文化", "医疗", "法律/咨询", "法律/调解", None)
    grids = (HERE, NEXT, AWAY, "150602001", "150602")
    await add(
        city.database,
        *(need(city, f"n{at}", grids[at % 5], sorts[at % 4]) for at in range(12)),
        *(resource(city, f"r{at}", grids[at % 4], sorts[at % 5], capacity=at or None) for at in range(12)),
    )
    needs = "{ needs { nodes { code suggestedResources(first: 50) { nodes { score resource { code } } } } } }"
    rest = "{ resources { nodes { code suggestedNeeds(first: 50) { nodes { score need { code } } } } } }"
    with count_statements() as seen:
        answers = [(await api.post(query, ADMIN, executor=executor)).json()["data"] for query in (needs, rest)]
    assert len(seen) == (4 if executor == "engine" else 6), seen
    one = {
        (row["code"], it["resource"]["code"], it["score"])
        for row in answers[0]["needs"]["nodes"]
        for it in row["suggestedResources"]["nodes"]
    }
    other = {
        (it["need"]["code"], row["code"], it["score"])
        for row in answers[1]["resources"]["nodes"]
        for it in row["suggestedNeeds"]["nodes"]
    }
    assert one == other
    assert len(one) > 20


async def test_the_candidates_are_bounded_and_a_page_goes_on(api: Api, city: City) -> None:
    await add(city.database, need(city, "n", HERE, "文化"))
    await add(city.database, *(resource(city, f"r{at:03}", HERE, "文化") for at in range(150)))
    query = """query ($after: String) { needs { nodes { suggestedResources(first: 15, after: $after) {
        totalCount nodes { resource { code } } pageInfo { hasNextPage endCursor } } } } }"""
    first = (await api(query, ADMIN))["needs"]["nodes"][0]["suggestedResources"]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"]) == (MOST, True)
    rest = (await api(query, ADMIN, after=first["pageInfo"]["endCursor"]))["needs"]["nodes"][0]["suggestedResources"]
    found = [one["resource"]["code"] for page in (first, rest) for one in page["nodes"]]
    assert (len(found), len(set(found)), rest["pageInfo"]["hasNextPage"]) == (MOST, MOST, False)


async def test_a_person_confirms_and_there_is_a_project(api: Api, city: City) -> None:
    asked, room = need(city, "n", HERE, "文化", practice="xiangyang"), resource(city, "r", HERE, "文化", capacity=1)
    await add(city.database, asked, room)
    ids = {"n": gid(asked), "r": gid(room), "o": gid(city.organization)}
    confirm = """mutation ($n: ID!, $r: ID!, $o: ID, $t: String) {
        confirmMatch(needId: $n, resourceId: $r, ownerId: $o, title: $t) {
          title category practice doneOn need { code } resource { code } owner { name } grid { code } } }"""
    made = (await api(confirm, city.clerk(HERE), t="书画进社区", **ids))["confirmMatch"]
    assert made == {
        "title": "书画进社区",
        "category": "文化",
        "practice": "xiangyang",
        "doneOn": None,
        "need": {"code": "n"},
        "resource": {"code": "r"},
        "owner": {"name": "安居物业"},
        "grid": {"code": HERE},
    }
    assert await codes(api, "n") == []


@pytest.mark.parametrize(
    ("model", "key", "index"),
    [
        (models.SuggestedResource, models.SuggestedResource.need_id, "pk_needs"),
        (models.SuggestedNeed, models.SuggestedNeed.resource_id, "pk_resources"),
    ],
)
async def test_who_asks_about_one_makes_the_database_reckon_one(
    city: City, database: Database, model: Any, key: Any, index: str
) -> None:
    asked = select(model).where(key == uuid7())
    told = str(asked.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    async with database.read() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {told}")))
    assert f"Index Scan using {index}" in plan, plan
