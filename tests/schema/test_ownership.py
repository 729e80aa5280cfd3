"""Whose word stands, through the graph: provenance, withheld values, rules and pins."""

from typing import Any

import pytest

from hub.auth import EVERYWHERE, ROLES, Viewer
from hub.db import Database
from hub.models import Organization
from hub.plugin import Record
from tests.schema.api import Api
from tests.schema.city import ADMIN
from tests.sync.sources import organization, run, stored, told

CLERK = Viewer("clerk", ROLES["clerk"], EVERYWHERE)
ID = '{ organizations(filter: {code: "A"}) { nodes { id } } }'
PROVENANCE = """query($code: [String]) { organizations(filter: {code: $code}) { nodes { id name
    provenance { field source run person at } withheld { field value rule source { name } } extras { fields } } } }"""


@pytest.fixture
async def told_twice(database: Database, api: Api) -> Any:
    """An organization that a source brought and a person renamed, and the run that came after."""
    await run(database, told([organization("A", "first", description="one")]))
    node = (await api(ID, ADMIN))["organizations"]["nodes"][0]
    await api('mutation($id: ID!) { updateOrganization(id: $id, name: "by hand") { id } }', ADMIN, id=node["id"])
    extra = Record("organization", "A", {"code": "A", "name": "second", "description": "two"}, extra={"x": 1})
    return await run(database, told([], [extra]))


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_provenance_names_source_run_and_person(
    database: Database, api: Api, told_twice: Any, executor: str
) -> None:
    answer = (await api.post(PROVENANCE, ADMIN, executor=executor, code=["A"])).json()
    assert answer["extensions"]["executor"] == executor
    found = answer["data"]["organizations"]["nodes"][0]
    by = {one["field"]: (one["source"], one["person"]) for one in found["provenance"]}
    assert (by["name"], by["description"], by["code"]) == ((None, "admin"), ("told", None), ("told", None))
    assert set(by) == {"code", "name", "description", "type", "public", "organization_kind"}
    runs = {one["field"]: one["run"] for one in found["provenance"]}
    last = (await api("query($id: ID!) { run(id: $id) { status updated } }", ADMIN, id=runs["description"]))["run"]
    assert (last, runs["name"]) == ({"status": "DONE", "updated": 1}, None)
    assert found["withheld"][0]["value"] == "second"
    assert found["withheld"][0]["source"] == {"name": "told"}
    assert found["extras"] == [{"fields": {"x": 1}}]


async def test_who_may_not_see_sync_sees_nothing_of_it(database: Database, api: Api, told_twice: Any) -> None:
    found = (await api(PROVENANCE, CLERK, code=["A"]))["organizations"]["nodes"][0]
    assert (found["provenance"], found["withheld"], found["extras"]) == ([], [], [])


async def test_an_admin_sets_a_rule_and_takes_it_away(database: Database, api: Api, told_twice: Any) -> None:
    made = await api(
        'mutation { setOwnership(kind: "organization", field: "name", rule: SOURCE, source: "told") '
        "{ id rule setBy source { name } } }",
        ADMIN,
    )
    assert made["setOwnership"] | {"id": ""} == {
        "id": "",
        "rule": "SOURCE",
        "setBy": "admin",
        "source": {"name": "told"},
    }
    await run(database, told([], [], [organization("A", "third")]))
    assert (await stored(database, Organization))["A"]["name"] == "third"
    gone = "mutation($id: ID!) { clearOwnership(id: $id) { id } }"
    await api(gone, ADMIN, id=made["setOwnership"]["id"])
    assert (await api("{ ownerships { totalCount } }", ADMIN))["ownerships"] == {"totalCount": 0}


async def test_what_was_withheld_is_taken_once_the_rule_allows(database: Database, api: Api, told_twice: Any) -> None:
    await api('mutation { setOwnership(kind: "organization", field: "*", rule: SOURCE) { id } }', ADMIN)
    again = Record("organization", "A", {"code": "A", "name": "second", "description": "two"}, extra={"x": 1})
    await run(database, told([], [], [again]))
    assert (await stored(database, Organization))["A"]["name"] == "second"
    assert (await api(PROVENANCE, ADMIN, code=["A"]))["organizations"]["nodes"][0]["withheld"] == []


async def test_a_pin_through_the_graph(database: Database, api: Api, told_twice: Any) -> None:
    id = (await api(ID, ADMIN))["organizations"]["nodes"][0]["id"]
    pin = 'mutation($id: ID!, $field: String!) { pinField(id: $id, field: $field, reason: "牌匾") { id entity field } }'
    made = (await api(pin, ADMIN, id=id, field="description"))["pinField"]
    assert (made["entity"], made["field"]) == ("Organization", "description")
    await run(database, told([], [], [organization("A", "x", description="three")]))
    assert (await stored(database, Organization))["A"]["description"] == "two"
    await api("mutation($id: ID!) { unpinField(id: $id) { id } }", ADMIN, id=made["id"])
    await run(database, told([], [], [], [organization("A", "x", description="four")]))
    assert (await stored(database, Organization))["A"]["description"] == "four"


@pytest.mark.parametrize(
    ("mutation", "code", "words"),
    [
        ('setOwnership(kind: "street", field: "name", rule: HUB)', "INVALID", "There is no kind 'street'."),
        ('setOwnership(kind: "grid", field: "colour", rule: HUB)', "INVALID", "A grid has no field 'colour'."),
        ('setOwnership(kind: "grid", field: "name", rule: HUB, source: "x")', "NOT_FOUND", "No source x"),
        ('setDrift(kind: "*", field: "*", policy: FREEZE, source: "x")', "NOT_FOUND", "No source x"),
        ('setMostGone(source: "told", share: 1.5)', "INVALID", "A share lies between 0 and 1"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(
    database: Database, api: Api, told_twice: Any, mutation: str, code: str, words: str
) -> None:
    answer = (await api.post(f"mutation {{ {mutation} {{ id }} }}", ADMIN)).json()
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["message"].startswith(words)) == (code, True)
    refused = (await api.post(f"mutation {{ {mutation} {{ id }} }}", CLERK)).json()
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    rules = await api(
        '{ ownerships { totalCount } driftRules { totalCount } source(name: "told") { mostGone } }', ADMIN
    )
    assert rules == {"ownerships": {"totalCount": 0}, "driftRules": {"totalCount": 0}, "source": {"mostGone": 0.05}}
