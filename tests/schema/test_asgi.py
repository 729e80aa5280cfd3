"""The door: what it takes, what it refuses, and in which shape."""

import re

import pytest
from graphql import get_introspection_query
from httpx2 import Response

from hub import assets
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, gid
from tests.schema.wire import socket

pytestmark = pytest.mark.reads
JSON = {"content-type": "application/json"}


async def test_an_operation_by_post(api: Api, city: City) -> None:
    answer = await api.post("query One($c: String!) { grid(code: $c) { name } }", c="15")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.text.startswith('{"data":{"grid":{"name":"内蒙古"}},"extensions":{')


async def test_a_bad_token_is_refused_before_anything_runs(api: Api) -> None:
    body = {"query": "{ viewer { name } }"}
    answer = await api.client.post("/graphql", json=body, headers={"authorization": "Bearer x"})
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("content", "headers", "status", "said"),
    [
        (b"{}", JSON, 400, "has no `query`"),
        (b'{"query": ""}', JSON, 400, "has no `query`"),
        (b'"query"', JSON, 400, "has no `query`"),
        (b'{"query": 5}', JSON, 400, "must be a string"),
        (b"{", JSON, 400, "as JSON"),
        (b'{"query": "{a}", "variables": []}', JSON, 400, "must be an object"),
        (b'[{"query": "{ __typename }"}]', JSON, 400, "Batching is not enabled"),
        (b'{"query": "{ __typename }"}', {"content-type": "text/plain"}, 400, "content type"),
        (
            b'{"query": "query A { __typename }", "operationName": "B"}',
            JSON,
            400,
            "no operation 'B' to run.",
        ),
        (b'{"query": "query A { __typename }", "operationName": ""}', JSON, 400, "no operation '' to run. It has: A."),
        (b'{"query": "{ __typename }", "operationName": "B"}', JSON, 400, "It has: none with a name."),
        (b'{"query": "query A { __typename } query B { __typename }"}', JSON, 400, "Name the operation to run"),
        (b'{"query": "' + b" " * 1_048_576 + b'"}', JSON, 413, "larger than 1048576 bytes"),
    ],
)
async def test_what_is_no_operation_is_refused_in_json(
    api: Api, content: bytes, headers: dict[str, str], status: int, said: str
) -> None:
    answer = await api.client.post("/graphql", content=content, headers=headers)
    assert (answer.status_code, said in answer.json()["errors"][0]["message"]) == (status, True), answer.text
    assert answer.json()["errors"][0]["extensions"]["code"] in ("BAD_REQUEST", "TOO_LARGE")


async def test_the_operation_that_is_named_is_run(api: Api) -> None:
    body = {"query": "query A { a: __typename } query B { b: __typename }", "operationName": "B"}
    assert (await api.client.post("/graphql", json=body)).json()["data"] == {"b": "Query"}


async def test_introspection_takes_variables(api: Api) -> None:
    query = """query ($old: Boolean!, $name: String!) {
      __schema { types { name fields(includeDeprecated: $old) { name args(includeDeprecated: $old) { name } } } }
      __type(name: $name) { name enumValues(includeDeprecated: $old) { name } inputFields { name } } }"""
    variables = {"old": True, "name": "RequestStatus"}
    found = await api(query, **variables)
    written = query.partition("{")[2].replace("$old", "true").replace("$name", '"RequestStatus"')
    assert found == await api("{" + written)
    assert [one["name"] for one in found["__type"]["enumValues"]][:2] == ["DRAFT", "RECEIVED"]
    async with socket(api.app) as one:
        await one.opened()
        assert (await one.got())["type"] == "connection_ack"
        one.send({"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}})
        assert (await one.got())["payload"]["data"] == found


async def test_without_a_name_neither_of_two_mutations_is_done(api: Api, city: City) -> None:
    urge = f'{{ urgeRequest(id: "{gid(city.requests["R1"])}") {{ urged }} }}'
    code, message = await api.refused(f"mutation A {urge} mutation B {urge}", ADMIN)
    assert (code, "The document has: A, B." in message) == ("BAD_REQUEST", True)
    assert await api('{ request(number: "R1") { urged } }', ADMIN) == {"request": {"urged": 0}}


async def test_a_body_without_a_length_is_cut_off_too(api: Api) -> None:
    async def endless() -> object:
        while True:
            yield b" " * 65536

    answer = await api.client.post("/graphql", content=endless(), headers=JSON)
    assert answer.status_code == 413


async def test_nothing_runs_by_get(api: Api) -> None:
    answer = await api.client.get("/graphql?query={viewer{name}}")
    assert (answer.status_code, "data" in answer.json()) == (405, False)
    assert (await api.client.put("/graphql")).status_code == 405


def outside(page: Response) -> list[str]:
    """Addresses of other hosts that the page would ask."""
    return re.findall(r"""(?:src|href)=["']?((?:https?:)?//[^"' >]+)""", page.text)


@pytest.mark.parametrize("there", [True, False])
async def test_the_page_asks_no_outside_host(api: Api, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(assets, "wrong", lambda _folder: [] if there else ["graphiql.min.js"])
    page = await api.client.get("/graphql", headers={"accept": "text/html"})
    assert (page.status_code, outside(page)) == (200, [])
    assert "//" not in page.headers["content-security-policy"]
    missing = "Browser assets missing. Run: <code>npm ci &amp;&amp; make assets</code>"
    assert (missing in page.text, "/static/vendor/graphiql/graphiql.min.js" in page.text) == (not there, there)
    if not there:
        assert 'id="Grid"' in page.text
        assert "A piece of the city that somebody looks after (网格)." in page.text
        assert '<a href="#GridLevel">GridLevel</a>!' in page.text


async def test_the_viewer_is_told_who_they_are(api: Api, city: City) -> None:
    query = "{ viewer { name known abilities { name } party { name } } }"
    assert await api(query) == {"viewer": {"name": "anonymous", "known": False, "abilities": [], "party": None}}
    handler = await api(query, city.handler())
    assert handler["viewer"]["party"] == {"name": "安居物业"}
    assert handler["viewer"]["abilities"] == [{"name": "requests:submit"}, {"name": "requests:handle"}]


async def test_fragments_on_the_interface(api: Api, city: City) -> None:
    data = await api(
        "{ parties { nodes { ...Both ... on Organization { organizationKind } ... on Node { id } } } }"
        " fragment Both on Party { __typename name grid { code } }",
        city.clerk("150602001001"),
    )
    rows = [
        {name: row.get(name) for name in ("__typename", "name", "organizationKind")} for row in data["parties"]["nodes"]
    ]
    assert rows == [
        {"__typename": "Organization", "name": "安居物业", "organizationKind": "PROPERTY_COMPANY"},
        {"__typename": "Person", "name": "李雷", "organizationKind": None},
    ]


async def test_introspection_works(api: Api) -> None:
    data = await api(get_introspection_query(input_value_deprecation=True))
    assert data["__schema"]["queryType"] == {"name": "Query", "kind": "OBJECT"}
