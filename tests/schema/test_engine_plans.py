"""Plans are kept for whoever asks next: and nobody gets what was another's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from hub.auth import ANONYMOUS, ROLES, Viewer
from hub.models import GridLevel, uuid7
from hub.prepared import compiled, form, template
from hub.services import tallies
from hub.services.tallies import TallyKey, TallyOf
from schema.engine import engine as engines
from schema.engine.engine import Engine, Recent
from schema.node import NODES, REGISTRY
from tests.schema.api import Api, schema
from tests.schema.city import ADMIN, City, gid
from tests.schema.large_city import viewers

SEEN = """query Seen($status: [RequestStatus], $n: Int) {
  requests(filter: {status: $status}, first: $n) { totalCount nodes { number assignee { name } caller { name }
    events(first: 2) { totalCount nodes { note actor { name } } } } }
  persons(first: 5) { totalCount nodes { code name posts { nodes { role } } } }
  changes(first: 3) { totalCount nodes { entity } }
  tally(of: REQUESTS, by: [ASSIGNEE]) { count keys { label } }
  viewer { name party { name } abilities { name } }
}"""


@pytest.fixture
async def large(large_city: City) -> AsyncIterator[Api]:
    """The graph over the large city, for development: everybody may choose the executor."""
    api = Api(large_city.database)
    api.app._development = True
    yield api
    await api.client.aclose()


async def answer(
    api: Api,
    query: str,
    viewer: Viewer,
    variables: dict[str, Any],
    *,
    executor: str = "engine",
    name: str | None = None,
) -> bytes:
    """Data and errors as bytes; by the executor that was asked for."""
    body = {"query": query, "variables": variables, "operationName": name, "extensions": {"executor": executor}}
    headers = {"authorization": api.token(viewer)}
    found = (await api.client.post("/graphql", json=body, headers=headers)).json()
    told = found.pop("extensions")
    assert told["executor"] == executor, told
    return orjson.dumps(found)


async def plans_for(api: Api, query: str, viewer: Viewer, *several: dict[str, Any]) -> int:
    """How many plans were made for these variables; each time both executors give the same, forwards and backwards."""
    engine = api.app._engine = Engine(schema())
    for variables in (*several, *several[::-1]):
        expected = await answer(api, query, viewer, variables, executor="ordinary")
        assert await answer(api, query, viewer, variables) == expected, variables
    return len(engine._plans)


async def test_viewers_who_ask_at_once_each_get_their_own(large: Api, large_city: City) -> None:
    known = [viewer for viewer in viewers(large_city).values() if viewer is not ANONYMOUS]
    asked = [*product(known, ({"n": 3}, {"n": 2, "status": ["RECEIVED"]}))]
    expected = [await answer(large, SEEN, viewer, variables, executor="ordinary") for viewer, variables in asked]
    given = await asyncio.gather(*(answer(large, SEEN, viewer, variables) for viewer, variables in asked * 3))
    assert given == expected * 3
    assert len(set(expected)) == len(expected)  # had one got another's, it would have shown


async def test_two_of_a_form_share_a_plan_and_no_row(large: Api, large_city: City) -> None:
    engine = large.app._engine = Engine(schema())
    for pair in (("clerk", "another clerk"), ("handler", "another handler")):
        one, other = (viewers(large_city)[name] for name in pair)
        assert form(one) == form(other)
        given = [await answer(large, SEEN, viewer, {"n": 5}) for viewer in (one, other, one, other)]
        assert given[0] == given[2] != given[1] == given[3]
    assert len(engine._plans) == 2


async def test_a_viewer_who_may_less_from_now_on_sees_less(large: Api, large_city: City) -> None:
    clerk = viewers(large_city)["clerk"]
    token, body = large.token(clerk), {"query": SEEN, "variables": {"n": 5}}
    totals = []
    for role in ("clerk", "handler", "clerk", "resident", "partner"):
        large.viewers[token] = replace(clerk, abilities=ROLES[role])
        found = (await large.client.post("/graphql", json=body, headers={"authorization": token})).json()
        expected = await answer(large, SEEN, large.viewers[token], {"n": 5}, executor="ordinary")
        assert orjson.dumps({"data": found["data"]}) == expected
        totals.append(found["data"]["requests"]["totalCount"])
    assert totals[0] == totals[2] == totals[4] > totals[1] == totals[3]


async def test_values_of_one_shape_share_a_plan(large: Api, large_city: City) -> None:
    query = """query ($s: [RequestStatus], $t: String, $n: Int, $c: String!, $w: DateTime) {
      requests(first: $n, filter: {status: $s, title: {contains: $t}, under: {code: $c}, submittedAt: {gt: $w}}) {
        nodes { number } totalCount } }"""
    when, later = "2026-02-22T00:00:00Z", "2026-02-26T00:00:00+08:00"
    made = await plans_for(
        large,
        query,
        ADMIN,
        {"s": ["CLOSED", "RECEIVED"], "t": "R", "n": 2, "c": "150602", "w": when},
        {"s": ["TRIAGED", "SIGNED", "DRAFT"], "t": "%", "n": 5, "c": "150602001", "w": later},
        {"s": ["TRIAGED", "SIGNED"], "t": "路", "n": 0, "c": "15", "w": when},
    )
    assert made == 1


async def test_variables_within_literals_share_a_plan_with_what_is_written_there(large: Api) -> None:
    query = """query ($s: RequestStatus, $t: String!, $n: Int!, $c: String!, $w: DateTime, $open: Boolean,
        $o: GridOrder!) {
      requests(first: $n, filter: {status: [CLOSED, $s], title: {in: ["诉求R1", null, $t]}, open: $open,
          or: [{under: {code: $c}}, {submittedAt: {gt: $w}}]}) { nodes { number } totalCount }
      grids(orderBy: [$o, NAME_ASC], filter: {level: [COMMUNITY, STREET], code: [$c, "150602"]}) { nodes { code } }
      tally(of: REQUESTS, by: [STATUS], under: {code: $c}, filter: {status: [$s]}) { count keys { value } } }"""
    first = {"s": "RECEIVED", "t": "诉求R2", "n": 3, "c": "15", "w": "2026-02-22T00:00:00Z", "o": "CODE_ASC"}
    made = await plans_for(
        large,
        query,
        ADMIN,
        {**first, "open": True},
        {**first, "open": True, "s": "TRIAGED", "t": "诉求R3", "n": 1, "c": "150602", "w": "2026-02-26T00:00:00+08:00"},
        {**first, "open": False},
        {**first, "open": True, "o": "CODE_DESC"},
        {**first},  # what is left out has no place in a literal: converted
        {**first, "open": True, "s": None},
    )
    assert made == 5


async def test_a_page_without_its_size_has_a_plan_of_its_own(large: Api) -> None:
    query = "query ($n: Int) { grids(first: $n) { nodes { code } pageInfo { hasNextPage } } }"
    assert await plans_for(large, query, ADMIN, {}, {"n": 2}, {"n": 3}, {"n": None}) == 3


async def test_null_and_left_out_and_given_are_told_apart(large: Api) -> None:
    query = """query ($t: String, $s: [RequestStatus], $n: Int, $a: String, $i: ID, $k: String = "R1") {
      requests(first: $n, after: $a, filter: {title: {eq: $t}, status: $s}) {
        nodes { number } pageInfo { hasPreviousPage } totalCount }
      request(id: $i, number: $k) { number } }"""
    cursors = await large("{ requests(first: 2) { pageInfo { endCursor } } }", ADMIN)
    after = cursors["requests"]["pageInfo"]["endCursor"]
    made = await plans_for(
        large,
        query,
        ADMIN,
        {},
        {"t": None, "s": None, "n": None, "a": None, "i": None},
        {"t": "诉求R1"},
        {"t": "诉求R2", "s": [None]},
        {"s": ["CLOSED", None]},
        {"s": ["CLOSED"]},
        {"s": "CLOSED"},
        {"s": []},
        {"a": after, "n": 3},
        {"k": "R2"},
    )
    assert made == 8


async def test_what_is_skipped_is_not_mixed_up(large: Api) -> None:
    query = """query ($a: Boolean!, $b: Boolean = true, $n: Int = 1) {
      requests(first: $n) { nodes { number @include(if: $a) title @skip(if: $b) ...F @include(if: $b)
        grid @skip(if: $a) { code } } totalCount @include(if: $a) }
      more: grids(first: $n) @skip(if: $b) { totalCount } }
    fragment F on Request { status assignee @include(if: $a) { name } }"""
    several = [{"a": a, "b": b, "n": n} for a, b, n in product((True, False), (True, False), (1, 3))]
    assert await plans_for(large, query, ADMIN, {"a": True}, *several) == 4


async def test_orders_and_keys_have_plans_of_their_own(large: Api) -> None:
    query = """query ($o: [RequestOrder!], $g: GridOrder!, $k: [TallyKey!]!, $l: GridLevel) {
      requests(orderBy: $o, first: 4) { nodes { number } edges { cursor } }
      grids(orderBy: [$g], last: 3) { nodes { code } }
      tally(of: REQUESTS, by: $k, gridLevel: $l) { count keys { key value label } } }"""
    several = [
        {"o": ["NUMBER_ASC"], "g": "CODE_ASC", "k": ["STATUS"]},
        {"o": ["NUMBER_DESC"], "g": "CODE_ASC", "k": ["STATUS"]},
        {"o": ["STATUS_ASC", "NUMBER_DESC"], "g": "NAME_DESC", "k": ["GRID"], "l": "STREET"},
        {"o": ["STATUS_ASC", "NUMBER_DESC"], "g": "NAME_DESC", "k": ["GRID"], "l": "DISTRICT"},
        {"o": [], "g": "LEVEL_ASC", "k": []},
        {"o": None, "g": "LEVEL_ASC", "k": "GRID"},
    ]
    assert await plans_for(large, query, ADMIN, *several) == len(several)


async def test_a_node_is_planned_by_the_type_of_its_id(large: Api, large_city: City) -> None:
    query = """query ($id: ID!, $ids: [ID!]!) { node(id: $id) { __typename id ... on Party { name } }
      nodes(ids: $ids) { __typename id ... on Request { number } ... on Grid { code } } }"""
    request, other, grid = large_city.requests["R1"], large_city.requests["R2"], large_city.grids["15"]
    sorts = [
        [gid(request), gid(grid), gid(large_city.organization)],
        [gid(other), gid(large_city.grids["150602"]), gid(large_city.organization)],
        [gid(large_city.person), gid(grid), gid(request)],
    ]
    several = [{"id": ids[0], "ids": ids} for ids in sorts]
    assert await plans_for(large, query, ADMIN, *several) == 2


async def test_operations_of_one_document_are_told_apart(large: Api) -> None:
    query = (
        "query A($n: Int) { grids(first: $n) { nodes { code } } } query B($n: Int) { grids(last: $n) { totalCount } }"
    )
    large.app._engine = Engine(schema())
    for name, n in product("ABAB", (1, 2)):
        expected = await answer(large, query, ADMIN, {"n": n}, executor="ordinary", name=name)
        assert await answer(large, query, ADMIN, {"n": n}, name=name) == expected
    assert len(large.app._engine._plans) == 2


async def test_only_so_many_plans_and_documents_are_kept(large: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MOST_DOCUMENTS", 3)
    monkeypatch.setattr(engines, "MOST_PLANS", 5)
    engine = large.app._engine = Engine(schema())
    for at in [*range(8), *range(8)]:
        found = orjson.loads(await answer(large, f"{{ grids(first: {at}) {{ nodes {{ code }} }} }}", ADMIN, {}))
        assert len(found["data"]["grids"]["nodes"]) == at
    assert (len(engine._documents), len(engine._plans)) == (3, 5)


async def test_a_document_too_large_to_keep_leaves_no_plan_behind(large: Api) -> None:
    engine = large.app._engine = Engine(schema())
    query = f"{{ viewer {{ name }} }} # {'x' * engines.LARGEST_KEPT}"
    given = {await answer(large, query, ADMIN, {}) for _ in range(3)}
    assert given == {b'{"data":{"viewer":{"name":"admin"}}}'}
    assert (len(engine._documents), len(engine._plans)) == (0, 0)


def test_what_was_used_last_is_kept() -> None:
    recent = Recent[str](2, 100)
    made = [recent.get(key, lambda key=key: f"{key}!", 1) for key in "abacab"]
    assert made == ["a!", "b!", "a!", "c!", "a!", "b!"]
    assert [recent.get(key, lambda: "anew", 1) for key in "abc"] == ["a!", "b!", "anew"]
    assert len(recent) == 2


def test_what_is_kept_weighs_only_so_much() -> None:
    recent = Recent[str](100, 10)
    assert [recent.get(key, lambda: "made", 4) for key in "abc"] == ["made"] * 3
    assert len(recent) == 2
    assert recent.get("heavy", lambda: "too heavy", 11) == "too heavy"
    assert len(recent) == 0


# --- a plan knows nothing of a viewer's values


def edges() -> Iterator[tuple[str, Any]]:
    """Every edge of the schema, by the field that follows it."""
    for name, kind in REGISTRY.items():
        for field in getattr(getattr(kind, "__strawberry_definition__", None), "fields", ()):
            if (edge := field.metadata.get("edge")) is not None:
                yield f"{name}.{field.python_name}", edge
    for field in schema().query.__strawberry_definition__.fields:
        if (edge := field.metadata.get("edge")) is not None:
            yield f"Query.{field.python_name}", edge


def visibles() -> dict[Callable[[Viewer], Any], str]:
    schema()
    found = {edge.visible: name for name, edge in edges()}
    return found | {node.visible: name for name, node in NODES.items()}


def forms() -> list[Viewer]:
    """Viewers of all forms: each ability alone, all and none, with and without places, parties, a name."""
    every = [frozenset({one}) for role in ("admin",) for one in sorted(ROLES[role])]
    abilities = [frozenset[str](), *every, *ROLES.values()]
    places = [(), ("15/",), ("15/150602/", "15/150602/150602001/"), ("",), ("15/", "")]
    found = [Viewer("s", can, at, party) for can, at, party in product(abilities, places, (None, uuid7()))]
    return [ANONYMOUS, *found]


def bound(statement: Any, viewer: Viewer) -> tuple[str, list[Any]]:
    made = compiled(statement)
    return made.text, made.values(SimpleNamespace(viewer=viewer))


@pytest.mark.parametrize("visible", visibles(), ids=visibles().values())
def test_what_is_visible_is_planned_for_the_form_and_run_for_the_viewer(visible: Callable[[Viewer], Any]) -> None:
    for viewer in forms():
        assert bound(visible(template(viewer)), viewer) == bound(visible(viewer), viewer), viewer


@pytest.mark.parametrize("of", TallyOf)
def test_a_tally_is_planned_for_the_form_and_run_for_the_viewer(of: TallyOf) -> None:
    keys = tallies.SUBJECTS[of].keys()
    asked: list[list[TallyKey]] = [[], *([key] for key in keys), keys[:3]]
    for viewer, by in product(forms()[::7], asked):
        planned = tallies.tally(template(viewer), of, by, path="15/", grid_level=GridLevel.STREET)
        assert bound(planned, viewer) == bound(
            tallies.tally(viewer, of, by, path="15/", grid_level=GridLevel.STREET), viewer
        ), (viewer, by)


def test_every_edge_leads_somewhere_known() -> None:
    targets = {edge.target for _, edge in edges()}
    assert len(visibles()) >= 30
    assert targets <= NODES.keys()
