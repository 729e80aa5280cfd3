"""What an operation may cost is known and said before anything is read; and time is limited on the server too."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from graphql import parse
from sqlalchemy import select, text

from hub.models import Request
from schema import limits
from schema.engine import run
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, gid

reads = pytest.mark.reads
Counting = Callable[[], AbstractContextManager[list[str]]]
ALLOWED = {"rows": 25_000, "depth": 15, "aliases": 30, "fields": 500, "tokens": 2000}


def parents(deep: int) -> str:
    return f"{{ grids(first: 1) {{ nodes {{ code {'parent { ' * (deep - 2)}name{' }' * (deep - 2)} }} }} }}"


def aliases(several: int) -> str:
    return f"{{ {' '.join(f'a{at}: __typename' for at in range(several))} }}"


def tokens(several: int) -> str:
    """A document of so many, most of them values of two filters."""
    text = "{{ a: grids(filter: {{code: [{0}]}}) {{ totalCount }} b: grids(filter: {{code: [{1}]}}) {{ totalCount }} }}"
    left = several - parse(text.format("", "")).token_count
    return text.format('"x" ' * (left // 2), '"x" ' * (left - left // 2))


def rows(first: int, inside: int) -> str:
    return f"{{ grids(first: {first}) {{ nodes {{ requests(first: {inside}) {{ nodes {{ number }} }} }} }} }}"


TOO_MUCH: dict[str, tuple[str, str, int]] = {  # query, the figure, what is asked
    "rows": (rows(200, 200), "rows", 40_200),
    "depth": (parents(16), "depth", 16),
    "aliases": (aliases(31), "aliases", 31),
    "aliases in fragments": (
        "{ grids { nodes { ...F parent { ...F parent { ...F } } } } }"
        f" fragment F on Grid {{ {' '.join(f'a{at}: code' for at in range(11))} }}",
        "aliases",
        33,
    ),
    "tokens": (tokens(2001), "tokens", 2001),
}


async def refused(api: Api, query: str, **variables: object) -> dict[str, Any]:
    """The extensions of the one error, which are also in the answer's `extensions`."""
    answer = (await api.post(query, ADMIN, **variables)).json()
    assert answer["data"] is None
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "COST_LIMIT", error
    assert answer["extensions"]["cost"] == error["extensions"]["cost"]
    found: dict[str, Any] = error["extensions"]["cost"]
    return found


@reads
@pytest.mark.parametrize("case", TOO_MUCH)
async def test_what_is_too_much_is_refused_with_its_figures(
    api: Api, city: City, count_statements: Counting, case: str
) -> None:
    query, figure, asked = TOO_MUCH[case]
    with count_statements() as seen:
        cost = await refused(api, query)
    assert seen == []
    assert cost["allowed"] == ALLOWED
    assert (cost["asked"][figure], [name for name in ALLOWED if cost["asked"][name] > ALLOWED[name]]) == (
        asked,
        [figure],
    )


@pytest.mark.parametrize(
    ("query", "figure", "asked"),
    [
        (rows(124, 200), "rows", 24_924),
        (parents(15), "depth", 15),
        (aliases(30), "aliases", 30),
        (tokens(2000), "tokens", 2000),
    ],
    ids=["rows", "depth", "aliases", "tokens"],
)
@reads
async def test_just_below_the_limit_it_is_answered(api: Api, city: City, query: str, figure: str, asked: int) -> None:
    answer = (await api.post(query, ADMIN)).json()
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["allowed"] == ALLOWED
    assert answer["extensions"]["cost"]["asked"][figure] == asked


COUNTS = (
    "requests(first: 10) { totalCount nodes { number } }",
    "requests(first: 10) { ...F }",
    "requests(first: 10) { ...F ... on RequestConnection { totalCount } }",
    "requests(first: 10) { ... @include(if: true) { totalCount } nodes { number } }",
    "requests(first: 10) { totalCount @include(if: $yes) nodes @skip(if: $no) { number } }",
)


@pytest.mark.parametrize("counted", COUNTS)
@reads
async def test_a_count_costs_the_same_however_it_is_written(api: Api, city: City, counted: str) -> None:
    query = (
        f"query ($yes: Boolean = true, $no: Boolean = false) {{ grids(first: 50) {{ nodes {{ code {counted} }} }} }}"
    )
    used = "{ requests @include(if: $yes) @skip(if: $no) { totalCount } }"  # so that every variable is used
    query = query.replace("grids", "...U grids", 1) + f" fragment U on Query {used}"
    query += " fragment F on RequestConnection { totalCount nodes { number } }" if "...F" in counted else ""
    answer = (await api.post(query, ADMIN)).json()
    assert "errors" not in answer
    assert answer["extensions"]["cost"]["asked"]["rows"] == 50 * (1 + 100 + 10) + 100


BESIDE: dict[str, tuple[str, dict[str, Any]]] = {  # something that the engine makes no plan of
    "introspection": ("{ __schema { queryType { name } } %s }", {}),
    "a bad id": ('{ request(id: "nonsense") { id } %s }', {}),
    "a bad page": ("{ requests(first: 500) { totalCount } %s }", {}),
    "two keys": ('{ request(id: "x", number: "y") { id } %s }', {}),
    "an empty list": ("query ($o: [RequestFilter!]) { requests(filter: {or: $o}) { totalCount } %s }", {"o": []}),
    "an unknown grid": ('{ requests(filter: {under: {code: "999"}}) { totalCount } %s }', {}),
}


@reads
@pytest.mark.parametrize("case", BESIDE)
async def test_what_cannot_be_planned_is_limited_all_the_same(
    api: Api, city: City, count_statements: Counting, case: str
) -> None:
    query, variables = BESIDE[case]
    with count_statements() as seen:
        cost = await refused(api, query % rows(200, 200)[2:-2], **variables)
    assert (cost["asked"]["rows"] >= 40_200, seen) == (True, [])


def bomb(deep: int, fragment: str, last: str) -> str:
    """Each fragment spreads the next one twice."""
    parts = [f"fragment F{at} on Grid {{ {fragment.replace('NEXT', f'...F{at + 1}')} }}" for at in range(deep)]
    return " ".join(['{ grid(code: "15") { ...F0 } }', *parts, f"fragment F{deep} on Grid {{ {last} }}"])


BOMBS = {
    "on one level": (bomb(20, "NEXT NEXT", "code"), "COST_LIMIT"),
    "beside what is not planned": (
        f"{bomb(20, 'NEXT NEXT', 'code').replace('{', '{ __schema { __typename }', 1)}",
        "COST_LIMIT",
    ),
    "with aliases": (bomb(20, "a: parent { NEXT } b: parent { NEXT }", "code"), "COST_LIMIT"),
    "too deep": (bomb(20, "parent { NEXT } jurisdiction { NEXT }", "code"), "COST_LIMIT"),
    "just not too deep": (bomb(13, "parent { NEXT } jurisdiction { NEXT }", "code"), "COST_LIMIT"),
    "of lists": (bomb(10, "children { nodes { NEXT } } governs { nodes { NEXT } }", "code"), "COST_LIMIT"),
}


@reads
@pytest.mark.parametrize("case", BOMBS)
async def test_a_bomb_of_fragments_is_measured_at_once(api: Api, city: City, case: str) -> None:
    query, code = BOMBS[case]
    began = time.monotonic()
    answer = (await asyncio.wait_for(api.post(query), 30)).json()
    took = time.monotonic() - began
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert took < 2


SLOW = "{ requests { totalCount nodes { number events { nodes { at } } } } }"


@reads
async def test_what_takes_too_long_is_stopped_on_the_server_too(
    api: Api, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.2)
    real = run.Snapshot.rows

    async def slowly(self: Any, sql: str, *values: object) -> Any:
        await self._connection.fetch("SELECT pg_sleep(20), 'too long'")
        return await real(self, sql, *values)

    monkeypatch.setattr(run.Snapshot, "rows", slowly)
    answer = (await api.post(SLOW, ADMIN)).json()
    assert (answer["data"], [error["extensions"]["code"] for error in answer["errors"]]) == (None, ["TIME_LIMIT"])
    monkeypatch.undo()
    still = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(20)%'"
    async with city.database.read() as session:
        assert await session.scalar(text(still)) == 0
    assert await api('{ grid(code: "15") { name } }', ADMIN) == {"grid": {"name": "内蒙古"}}


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_a_mutation_that_waits_too_long_is_stopped_and_nothing_is_written(
    own_city: City, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    api, request = Api(own_city.database), own_city.requests["R1"]
    query = "mutation ($id: ID!) { urgeRequest(id: $id) { urged } }"
    monkeypatch.setattr(limits, "MOST_SECONDS", 0.3)
    async with own_city.database.write(ADMIN) as session:
        await session.execute(select(Request.id).with_for_update())
        async with asyncio.timeout(5):
            answer = (await api.post(query, ADMIN, executor=executor, id=gid(request))).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["TIME_LIMIT"]
    monkeypatch.undo()
    found = await api("query ($id: ID!) { request(id: $id) { urged } }", ADMIN, id=gid(request))
    assert found == {"request": {"urged": 0}}
