"""Likely duplicates, clusters and the clock over the graph."""

from datetime import timedelta
from typing import Any

import pytest

from hub.models import CoHandler, DuplicateSuggestion, RequestStatus, now
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, ask, gid

S = RequestStatus
HERE = "150602001001"
SIMILAR = """query ($grid: ID) { similarRequests(title: "三号楼下水道堵塞", gridId: $grid, category: "市政/排水") {
  score request { number grid { code } } reasons { kind words score } } }"""
SCORES = """query ($grid: ID) { similarRequests(title: "三号楼下水道堵塞", gridId: $grid) { score } }"""
SUGGESTED = """{ requests(orderBy: [NUMBER_ASC]) { nodes { number duplicateSuggestions(first: 3) { nodes {
  score decided reasons { kind words score } other { number } } } } } }"""
CLUSTERS = "{ requests(orderBy: [NUMBER_ASC]) { nodes { number cluster { size callers } } } }"
TOGETHER = '{ request(number: "R6") { cluster { size requests { number } } } }'
CLOCKS = """{ requests(orderBy: [NUMBER_ASC]) { nodes { number clock {
  runs pausedSince pausedDays overdueDays startedBy } } } }"""
RESPONSES = """{ request(number: "R1") { coHandlers { nodes { overdue inTime } }
  responses { nodes { party { name } inTime ok } } late: coHandlers(filter: {overdue: true}) { totalCount } } }"""
REASONS = [{"kind": "TEXT", "words": "文字相近 57%", "score": 0.571}]


async def drains(city: City, *numbers: str, **more: Any) -> None:
    for number in numbers:
        words = {"title": "三号楼下水道堵了", "category": "市政/排水/下水道", "submitted_at": now()} | more
        await ask(city, number, HERE, **words)


async def test_before_it_is_submitted_the_likely_ones_are_shown_and_explained(api: Api, city: City) -> None:
    await drains(city, "R5")
    (found,) = (await api(SIMILAR, ADMIN, grid=gid(city.grids[HERE])))["similarRequests"]
    assert found["request"] == {"number": "R5", "grid": {"code": HERE}}
    assert [reason["kind"] for reason in found["reasons"]] == ["PLACE", "CATEGORY", "TIME", "TEXT"]
    assert found["reasons"][0] == {"kind": "PLACE", "words": "同一网格：林荫社区", "score": 0.6}
    assert (await api(SIMILAR, city.clerk("150602002001"), grid=gid(city.grids[HERE])))["similarRequests"] == []
    assert (await api(SIMILAR, ADMIN))["similarRequests"] == []


async def test_what_is_found_costs_four_statements(api: Api, city: City, count_statements: Any) -> None:
    await drains(city, *(f"D{n}" for n in range(8)))
    with count_statements() as statements:
        await api(SCORES, ADMIN, grid=gid(city.grids[HERE]))
    assert len(statements) == 4


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_stored_suggestions_are_an_edge(api: Api, city: City, count_statements: Any, executor: str) -> None:
    one, other = city.requests["R1"], city.requests["R3"]
    await add(city.database, DuplicateSuggestion(request_id=one.id, other_id=other.id, score=0.7, reasons=REASONS))
    with count_statements() as statements:
        answer = (await api.post(SUGGESTED, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    rows = {row["number"]: row["duplicateSuggestions"]["nodes"] for row in answer["data"]["requests"]["nodes"]}
    said = {"score": 0.7, "decided": None, "reasons": REASONS, "other": {"number": "R3"}}
    assert rows == {"R1": [said], "R2": [], "R3": [], "R4": []}
    assert len(statements) == (2 if executor == "engine" else 3)


async def test_a_suggestion_is_dismissed_by_who_triages_there(api: Api, city: City) -> None:
    one, other = city.requests["R1"], city.requests["R3"]
    await add(city.database, DuplicateSuggestion(request_id=one.id, other_id=other.id, score=0.7, reasons=REASONS))
    dismiss = """mutation ($one: ID!, $other: ID!) { dismissDuplicate(requestId: $one, otherId: $other) {
      decided decidedBy request { number } } }"""
    ids = {"one": gid(one), "other": gid(other)}
    assert (await api.refused(dismiss, city.handler(), **ids))[0] == "FORBIDDEN"
    done = (await api(dismiss, city.clerk(HERE), **ids))["dismissDuplicate"]
    assert done == {"decided": "DISMISSED", "decidedBy": f"clerk:{HERE}", "request": {"number": "R1"}}
    assert (await api.refused(dismiss, city.clerk(HERE), **ids))[0] == "CONFLICT"


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_clusters_of_a_level_cost_one_statement(
    api: Api, city: City, count_statements: Any, executor: str
) -> None:
    await drains(city, "R5", "R6", merged_into_id=city.requests["R3"].id, status=S.MERGED)
    with count_statements() as statements:
        answer = (await api.post(CLUSTERS, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    rows = {row["number"]: row["cluster"] for row in answer["data"]["requests"]["nodes"]}
    together, alone = {"size": 3, "callers": 1}, {"size": 1, "callers": 0}
    assert rows == {"R1": alone, "R2": alone, "R3": together, "R4": alone, "R5": together, "R6": together}
    assert len(statements) == 2


async def test_a_cluster_shows_what_the_viewer_may_see_of_it(api: Api, city: City) -> None:
    await drains(city, "R5", "R6", merged_into_id=city.requests["R4"].id, status=S.MERGED)
    seen = (await api(TOGETHER, ADMIN))["request"]["cluster"]
    assert seen == {"size": 3, "requests": [{"number": "R4"}, {"number": "R5"}, {"number": "R6"}]}
    seen = (await api(TOGETHER, city.clerk(HERE)))["request"]["cluster"]
    assert (seen["size"], len(seen["requests"])) == (3, 3)  # R4 is public
    async with city.database.write(ADMIN) as session:
        (await session.get_one(type(city.requests["R4"]), city.requests["R4"].id)).public = False
    assert (await api(TOGETHER, city.clerk(HERE)))["request"]["cluster"]["requests"] == [
        {"number": "R5"},
        {"number": "R6"},
    ]


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_clocks_of_a_level_cost_one_statement(api: Api, city: City, count_statements: Any, executor: str) -> None:
    await drains(city, "R5", status=S.IN_PROGRESS, due_at=now() - timedelta(seconds=1))
    with count_statements() as statements:
        answer = (await api.post(CLOCKS, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    rows = {row["number"]: row["clock"] for row in answer["data"]["requests"]["nodes"]}
    late = {"runs": True, "pausedSince": None, "pausedDays": 0, "overdueDays": 0, "startedBy": "SYNC"}
    assert rows == dict.fromkeys(["R1", "R2", "R3", "R4"]) | {"R5": late}
    assert len(statements) == 2


async def test_who_was_called_in_and_is_late_is_seen(api: Api, city: City) -> None:
    request, due = city.requests["R1"].id, now() - timedelta(days=1)
    silent = CoHandler(request_id=request, party_id=city.person.id, due_at=due)
    quick = CoHandler(request_id=request, party_id=city.organization.id, due_at=due, responded_at=due, ok=True)
    await add(city.database, silent, quick)
    seen = (await api(RESPONSES, ADMIN))["request"]
    assert sorted(map(tuple, (row.values() for row in seen["coHandlers"]["nodes"])), key=str) == [
        (False, True),
        (True, None),
    ]
    assert seen["responses"]["nodes"] == [{"party": {"name": "安居物业"}, "inTime": True, "ok": True}]
    assert seen["late"] == {"totalCount": 1}


async def test_evidence_is_named_by_the_ids_of_files(api: Api, city: City) -> None:
    other, id = city.requests["R2"], gid(city.requests["R1"])
    call = f'dispatchRequest(id: "{id}", partyId: "{gid(city.organization)}")'
    await api(f"mutation {{ {call} {{ id }} }}", ADMIN)
    give_back = """mutation ($id: ID!, $files: [ID!]) { askReturn(id: $id, reason: "不属", evidenceIds: $files) {
      status events(first: 1) { nodes { details } } } }"""
    code, _ = await api.refused(give_back, city.handler(), id=id, files=[gid(other)])
    assert code == "BAD_ID"
    done = (await api(give_back, city.handler(), id=id))["askReturn"]
    assert done == {"status": "RETURN_REQUESTED", "events": {"nodes": [{"details": {"from": "DISPATCHED"}}]}}
