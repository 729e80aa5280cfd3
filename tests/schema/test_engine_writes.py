"""Mutations: whichever executor does them, the same is written once, and the same is said of it."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.auth import ROLES, Viewer
from hub.models import Base, Need, Project, Resource, ResourceKind
from schema import ids
from schema.errors import BadId
from tests.conftest import copied
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, founded, gid

# who, what, the codes of its errors; one after the other
STEPS: list[tuple[str, str, list[str]]] = [
    (
        "clerk",
        'submitRequest(gridId: $grid, title: "路灯 %_\\\\ \\"不\\" 亮", longitude: 110, latitude: 39, '
        ' urgency: URGENT, issues: [{title: "灯"}],'
        ' caller: {name: "王小明", phone: "13800001234"}) { __typename id number title status open longitude createdAt'
        " grid { code parent { name } ancestors { code } requests(first: 2) { totalCount nodes { title } } }"
        " caller { name phone confidential } events { totalCount nodes { action actor { name } } }"
        " issues(first: 1) { edges { node { title request { title } } } pageInfo { hasNextPage } } assignee { name } }",
        [],
    ),
    ("admin", "dispatchRequest(id: $request, partyId: $organization, workingDays: 5) { ...R }", []),
    ("handler", "signRequest(id: $request) { ...R signedAt }", []),
    ("handler", "signRequest(id: $request) { ...R }", ["TRANSITION_REFUSED"]),
    ("handler", "closeRequest(id: $request) { ...R }", ["FORBIDDEN"]),
    ("clerk elsewhere", "closeRequest(id: $request) { ...R }", ["NOT_FOUND"]),
    ("nobody", "closeRequest(id: $request) { ...R }", ["UNAUTHENTICATED"]),
    ("admin", 'closeRequest(id: "nonsense") { ...R }', ["BAD_ID"]),
    ("admin", "closeRequest(id: $grid) { ...R }", ["BAD_ID"]),
    ("admin", "dispatchRequest(id: $other, partyId: $organization, workingDays: -1) { id }", ["INVALID"]),
    ("admin", 'submitRequest(gridId: $grid, title: "\\u0000") { id }', ["INVALID"]),
    ("admin", 'submitRequest(gridId: $grid, title: " ") { id }', ["INVALID"]),
    ("admin", "updateOrganization(id: $organization, name: null) { name }", ["INVALID"]),
    ("admin", 'a: urgeRequest(id: $request) { ...R } b: urgeRequest(id: "x") { ...R }', ["BAD_ID"]),
    (
        "admin",
        'a: urgeRequest(id: $request) { ...R } b: closeRequest(id: $request) { ...R } c: signRequest(id: "x") { id }'
        " d: urgeRequest(id: $request) { ...R } e: __typename",
        ["TRANSITION_REFUSED", "BAD_ID"],
    ),
    ("admin", "a: urgeRequest(id: $request) { urged } a: urgeRequest(id: $request) { number }", []),
    ("resident", 'submitRequest(gridId: $grid, title: "哑") { title grid { name } submitter { name } }', []),
    ("admin", 'createOrganization(name: "甲", organizationKind: BRANCH, code: "c1", gridId: $grid) { ...P }', []),
    ("admin", 'createOrganization(name: "乙", organizationKind: BRANCH, code: "c1") { ...P }', ["CONFLICT"]),
    ("admin", 'updateOrganization(id: $organization, closedOn: "2027-01-01", code: null) { ...P closedOn }', []),
    ("clerk", 'updateNeed(id: $need, metAt: "2026-03-01T12:00:00+08:00") { title metAt raisedBy { ...P } }', []),
    (
        "admin",
        'createProject(title: "丙", needId: $need, resourceId: $resource) { need { title projects { totalCount } }'
        " resource { capacity code owner { ...P } } grid { code } claims { nodes { note } } }",
        [],
    ),
    (
        "admin",
        "claim(requestId: $public, partyId: $organization) { note party { ...P } request { ...R } project { id } }",
        [],
    ),
    ("admin", "claim(requestId: $public, projectId: $project) { note }", ["INVALID"]),
    (
        "admin",
        "mergeRequest(id: $other, intoId: $request) { ...R mergedInto { number duplicates { nodes { number } } } }",
        [],
    ),
]
REFUSED = [  # of these, what needs no step before it
    (who, what)
    for who, what, codes in STEPS
    if codes and not what.startswith(("a: ", "createOrganization", "signRequest"))
]
FRAGMENTS = {
    "R": "fragment R on Request { number status urged grid { code } assignee { __typename name ... on Organization {"
    " organizationKind } } events(last: 2) { nodes { action status } } }",
    "P": "fragment P on Party { __typename id name code type grid { code } requests { totalCount } }",
}


@dataclass
class Twin:
    """One of two hubs in which the same stands, under other ids."""

    api: Api
    city: City
    ids: dict[str, str]

    def viewer(self, who: str) -> Viewer | None:
        return {
            "nobody": None,
            "admin": ADMIN,
            "handler": self.city.handler(),
            "clerk": self.city.clerk("150602001001"),
            "clerk elsewhere": self.city.clerk("150602002001"),
            "resident": Viewer("resident", ROLES["resident"], (), name="resident"),
        }[who]

    async def asked(self, what: str, who: str, executor: str, **variables: Any) -> dict[str, Any]:
        """The whole answer to a mutation; ids stand in it by name, and fragments are added."""
        self.api.app._development = True
        used = [name for name in self.ids if f"${name}" in what]
        head = "".join(f"${name}: ID! " for name in used) + "".join(
            f"${name}: {kind} " for name, (kind, _) in variables.items()
        )
        parts = [f"mutation {f'({head})' if head else ''} {{ {what} }}"]
        parts += [text for name, text in FRAGMENTS.items() if f"...{name} " in f"{what} "]
        values = {name: self.ids[name] for name in used} | {name: value for name, (_, value) in variables.items()}
        response = await self.api.post(" ".join(parts), self.viewer(who), executor=executor, **values)
        found: dict[str, Any] = response.json()
        return found

    async def standing(self) -> dict[str, int]:
        """How many rows each table has, the change log among them."""
        async with self.city.database.read() as session:
            tables = {name: select(func.count()).select_from(table) for name, table in Base.metadata.tables.items()}
            return {name: (await session.scalars(counted)).one() for name, counted in tables.items()}


async def twin(database: Any) -> Twin:
    city = await founded(database)
    grid, path = city.grids["150602001001"], city.grids["150602001001"].path
    need = Need(title="缺场地", grid_id=grid.id, grid_path=path, raised_by_id=city.organization.id)
    resource = Resource(title="会议室", resource_kind=ResourceKind.VENUE, owner_id=city.organization.id, capacity=30)
    project = Project(title="共享", grid_id=grid.id, grid_path=path)
    await add(database, need, resource, project)
    known = {"grid": grid, "organization": city.organization, "need": need, "resource": resource, "project": project}
    numbers = {"request": "R1", "other": "R3", "public": "R4"}
    rows = known | {name: city.requests[number] for name, number in numbers.items()}
    return Twin(Api(database), city, {name: gid(row) for name, row in rows.items()})


@pytest.fixture
async def twins(server_url: str, template: str) -> AsyncIterator[tuple[Twin, Twin]]:
    """Two hubs of a test's own in which the same stands."""
    async with AsyncExitStack() as stack:
        made = [await twin(await stack.enter_async_context(copied(server_url, template))) for _ in range(2)]
        yield made[0], made[1]


@pytest.fixture
async def one(own_database: Any) -> Twin:
    """One such hub."""
    return await twin(own_database)


def plain(value: Any, key: str = "") -> Any:
    """The same without what differs from hub to hub: ids, times, numbers that were made up."""
    if isinstance(value, dict):
        return {name: plain(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    if not isinstance(value, str):
        return value
    with suppress(BadId):
        return f"<{ids.decode(value)[0]}>"
    with suppress(ValueError):
        return f"<time {datetime.fromisoformat(value).tzinfo}>"
    words = re.sub(r"[\da-f]{8}-[\w-]+|\w{40,}", "<key>", value)
    return "<number>" if key == "number" and len(value) > 3 else words


async def test_both_executors_write_and_say_the_same(twins: tuple[Twin, Twin]) -> None:
    for who, what, codes in STEPS:
        found = []
        for hub, executor in zip(twins, ("engine", "ordinary"), strict=True):
            answer = await hub.asked(what, who, executor)
            assert answer.pop("extensions")["executor"] == executor, what
            found.append((plain(answer), list(answer["data"]), await hub.standing()))
        assert found[0] == found[1], what
        assert [error["extensions"]["code"] for error in found[0][0].get("errors", [])] == codes, what


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
@pytest.mark.parametrize(("who", "what"), REFUSED)
async def test_a_refusal_writes_nothing(one: Twin, who: str, what: str, executor: str) -> None:
    before = await one.standing()
    answer = await one.asked(what, who, executor)
    assert (list(answer["data"].values()), len(answer["errors"])) == ([None], 1)
    assert await one.standing() == before


PAYLOADS: dict[str, tuple[str, dict[str, Any], str]] = {  # what is asked of the payload, its variables, the code
    "too large a page": ("events(first: 500) { totalCount }", {}, "INVALID"),
    "too large a page, as a variable": ("events(first: $n) { totalCount }", {"n": ("Int", 500)}, "INVALID"),
    "two sizes": ("events(first: 1, last: 1) { totalCount }", {}, "INVALID"),
    "a bad cursor": ('events(after: "nonsense") { totalCount }', {}, "BAD_CURSOR"),
    "a bad cursor, as a variable": ("events(after: $c) { totalCount }", {"c": ("String", "nonsense")}, "BAD_CURSOR"),
    "an unknown grid": ('grid { requests(filter: {under: {code: "999"}}) { totalCount } }', {}, "NOT_FOUND"),
    "an unknown grid, as a variable": (
        "grid { requests(filter: {or: [{under: {code: $c}}]}) { totalCount } }",
        {"c": ("String!", "999")},
        "NOT_FOUND",
    ),
    "a bad id": ('grid { requests(filter: {id: ["nonsense"]}) { totalCount } }', {}, "BAD_ID"),
    "a bad id, as a variable": (
        "grid { requests(filter: {id: $i}) { totalCount } }",
        {"i": ("[ID!]", ["nonsense", "more"])},
        "BAD_ID",
    ),
    "a bad id of a grid": (
        "grid { requests(filter: {under: {id: $i}}) { totalCount } }",
        {"i": ("ID!", "nonsense")},
        "BAD_ID",
    ),
    "a misplaced null": ("grid { requests(filter: {null: true}) { totalCount } }", {}, "INVALID"),
    "too large a filter": ("events(filter: {id: $i}) { totalCount }", {"i": ("[ID!]", ["x"] * 1001)}, "INVALID"),
    "too many rows": (
        "grid { requests(first: 200) { nodes { events(first: 200) { totalCount nodes { at } } } } }",
        {},
        "COST_LIMIT",
    ),
    "too deep": (f"grid {'{ parent ' * 14} {{ code {'}' * 15}", {}, "COST_LIMIT"),
}


@pytest.mark.parametrize("case", PAYLOADS)
async def test_a_payload_that_cannot_be_is_refused_before_anything_is_written(one: Twin, case: str) -> None:
    asked, variables, code = PAYLOADS[case]
    await one.asked("dispatchRequest(id: $request, partyId: $organization) { id }", "admin", "engine")
    before = await one.standing()
    answer = await one.asked(f"urgeRequest(id: $request) {{ number {asked} }}", "admin", "engine", **variables)
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert await one.standing() == before


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_nothing_is_written_twice(one: Twin, executor: str) -> None:
    await one.asked("dispatchRequest(id: $request, partyId: $organization) { id }", "admin", "engine")
    for asked in ("urged", "urged events { totalCount }", "urged grid { requests(filter: {or: $o}) { totalCount } }"):
        before = await one.standing()
        variables = {"o": ("[RequestFilter!]", [])} if "$o" in asked else {}
        answer = await one.asked(f"urgeRequest(id: $request) {{ {asked} }}", "admin", executor, **variables)
        after = await one.standing()
        assert "errors" not in answer
        grown = {name: count - before[name] for name, count in after.items() if count != before[name]}
        assert {name: grown[name] for name in ("changes", "request_events")} == {"changes": 2, "request_events": 1}
    found = await one.asked("urgeRequest(id: $request) { urged }", "admin", executor)
    assert found["data"]["urgeRequest"]["urged"] == 4


async def test_a_payload_that_fails_after_the_write_leaves_the_write(one: Twin) -> None:
    await one.asked("dispatchRequest(id: $request, partyId: $organization) { id }", "admin", "engine")
    before = await one.standing()
    what = "urgeRequest(id: $request) { urged grid { requests(filter: {title: {contains: $t}}) { totalCount } } }"
    answer = await one.asked(what, "admin", "engine", t=("String", "\0"))
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID"]
    assert (await one.standing())["changes"] == before["changes"]
