"""The ledger of a grid: three lists of its subtree with their totals."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

import pytest

from hub.models import Need, Project, Resource, ResourceKind
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add

Counting = Callable[[], AbstractContextManager[list[str]]]


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_the_three_lists_are_those_of_the_subtree(
    api: Api, city: City, count_statements: Counting, executor: str
) -> None:
    for code in ("150602001001", "150602001002", "150602002001"):
        place: dict[str, Any] = {"grid_id": city.grids[code].id, "grid_path": city.grids[code].path}
        room = Resource(title=f"会议室{code}", resource_kind=ResourceKind.VENUE, **place)
        done = Project(title=f"项目{code}", done_on=date(2026, 1, 1), **place)
        await add(city.database, Need(title=f"缺{code}", **place), room, done)
    query = """{ grids(filter: {level: [STREET, COMMUNITY]}, orderBy: [CODE_ASC]) { nodes { code ledger {
        needs(filter: {metAt: {null: true}}) { totalCount nodes { title } }
        resources { totalCount }
        projects(filter: {doneOn: {null: false}}) { totalCount } } } } }"""
    with count_statements() as seen:
        answer = (await api.post(query, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    found = {
        row["code"]: tuple(row["ledger"][name]["totalCount"] for name in ("needs", "resources", "projects"))
        for row in answer["data"]["grids"]["nodes"]
    }
    assert found == {
        "150602001": (2, 2, 2),
        "150602001001": (1, 1, 1),
        "150602001002": (1, 1, 1),
        "150602002": (1, 1, 1),
        "150602002001": (1, 1, 1),
    }
    first = answer["data"]["grids"]["nodes"][0]["ledger"]["needs"]["nodes"]
    assert {row["title"] for row in first} == {"缺150602001001", "缺150602001002"}
    assert len(seen) == (5 if executor == "engine" else 6), seen  # the grids, three counts, a page
