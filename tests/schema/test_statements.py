from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.schema.api import Api
from tests.schema.city import ADMIN, City

pytestmark = pytest.mark.reads
Counting = Callable[[], AbstractContextManager[list[str]]]

COSTS = {  # query, statements by the engine, statements by the ordinary executor
    "one page": ("{ grids { nodes { code } } }", 1, 1),
    "page, edges, page info together": ("{ grids { nodes { code } edges { cursor } pageInfo { endCursor } } }", 1, 1),
    "a count alone reads no page": ("{ grids { totalCount } }", 1, 1),
    "page and count": ("{ grids { totalCount nodes { code } } }", 2, 2),
    "nothing selected, nothing read": ("{ grids { __typename } }", 0, 0),
    "a to-one edge": ("{ grids { nodes { parent { code } } } }", 1, 2),
    "a to-many edge": ("{ grids { nodes { children { nodes { code } } } } }", 2, 2),
    "a to-many edge with its counts": ("{ grids { nodes { children { totalCount nodes { code } } } } }", 3, 3),
    "ancestors": ("{ grids { nodes { ancestors { code } } } }", 2, 2),
    "a subtree": ("{ grids { nodes { requests { totalCount nodes { number } } } } }", 3, 3),
    "three levels": ("{ requests { nodes { grid { parent { name } } } } }", 1, 3),
    "an interface": ("{ requests { nodes { assignee { __typename name grid { code } } } } }", 1, 3),
    "two edges to the same type": (
        "{ requests { nodes { events { nodes { at actor { name } } } grid { code } } } }",
        2,
        3,
    ),
    "a filter with a grid in it": ('{ grids(filter: {under: {code: "150602"}}) { totalCount nodes { code } } }', 3, 3),
    "an edge's filter": (
        "{ requests(filter: {grid: {level: COMMUNITY}, assignee: {null: true}}) { totalCount } }",
        1,
        1,
    ),
    "one by its code": ('{ grid(code: "15") { name } }', 1, 1),
    "a tally": ("{ tally(of: REQUESTS, by: [STATUS, GRID, ASSIGNEE, DAY], gridLevel: STREET) { count } }", 1, 1),
}


@pytest.mark.parametrize("case", COSTS)
@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_what_it_costs(api: Api, city: City, count_statements: Counting, case: str, executor: str) -> None:
    query, *statements = COSTS[case]
    with count_statements() as seen:
        answer = (await api.post(query, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    assert len(seen) == statements[executor == "ordinary"], seen
