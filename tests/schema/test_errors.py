import logging

import pytest
import strawberry
from httpx2 import ASGITransport, AsyncClient
from structlog.testing import capture_logs

from hub.db import Database
from schema.asgi import graphql_app
from schema.schema import build_schema
from tests.schema.api import Api, schema
from tests.schema.city import ADMIN, City, gid

pytestmark = pytest.mark.reads
DEEP = "parent { " * 16 + "code" + " }" * 16


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ("{ grids { nodes { code }", "GRAPHQL_PARSE_FAILED", "Syntax Error"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'nothing'"),
        ("{ grids(first: 99999999999) { totalCount } }", "GRAPHQL_VALIDATION_FAILED", "32-bit"),
        ('{ node(id: "x") { id } }', "BAD_ID", "'x' is no id of this hub"),
        ('{ node(id: "R3JpZDoxMjM") { id } }', "BAD_ID", "is no id of this hub"),  # Grid:123
        ('{ nodes(ids: ["é"]) { id } }', "BAD_ID", "is no id of this hub"),
        ('{ grid(code: "\\u0000") { id } }', "INVALID", "cannot be stored"),
        ("{ grid(code: 5) { id } }", "GRAPHQL_VALIDATION_FAILED", "String cannot represent"),
        (f"query {{ grids {{ nodes {{ {DEEP} }} }} }}", "COST_LIMIT", "depth (allowed: 15)"),
        ("{" + " ".join(f"a{n}: __typename" for n in range(31)) + "}", "COST_LIMIT", "31 aliases (allowed: 30)"),
        ("{" + "__typename " * 2001 + "}", "COST_LIMIT", "2001 tokens (allowed: 2000)"),
        ("{" * 1500, "GRAPHQL_PARSE_FAILED", ""),
        ("query A { __typename } fragment B on Grid { id }", "GRAPHQL_VALIDATION_FAILED", "never used"),
    ],
)
async def test_every_refusal_has_its_code(api: Api, city: City, query: str, code: str, said: str) -> None:
    found, message = await api.refused(query, ADMIN)
    assert (found, said in message) == (code, True), message


async def test_an_error_has_its_path_and_leaves_the_rest(api: Api, city: City) -> None:
    answer = (await api.post('{ good: grid(code: "15") { name } bad: grid { name } }')).json()
    assert answer["data"] == {"good": {"name": "内蒙古"}, "bad": None}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]) == (["bad"], {"code": "INVALID"})


async def test_a_type_that_does_not_match_is_an_error_of_input(api: Api) -> None:
    code, message = await api.refused("query ($n: Int) { grids(first: $n) { totalCount } }", n="many")
    assert (code, "Int cannot represent" in message) == ("BAD_USER_INPUT", True)


@pytest.mark.parametrize(
    ("operation", "code", "field"),
    [
        ('mutation { mergeRequest(id: "%s", intoId: "x") { id } }', "BAD_ID", "intoId"),
        ('mutation { mergeRequest(id: "%s", intoId: "%s") { id } }', "INVALID", "intoId"),
        ('mutation { signRequest(id: "x") { id } }', "BAD_ID", "id"),
        ('mutation { joinRequest(id: "%s", partyId: "x") { id } }', "BAD_ID", "partyId"),
        (
            'mutation { submitRequest(gridId: "@grid", title: "灯", kind: HELP, caller: {phone: "x"}) { id } }',
            "INVALID",
            "caller.phone",
        ),
        ('{ node(id: "x") { id } }', "BAD_ID", "id"),
        ('{ nodes(ids: ["x"]) { id } }', "BAD_ID", "ids"),
        ('{ grid(id: "x") { code } }', "BAD_ID", "id"),
        ('{ requests(filter: {id: ["x"]}) { totalCount } }', "BAD_ID", "filter"),
        ('{ requests(filter: {under: {id: "x"}}) { totalCount } }', "BAD_ID", "filter"),
        ("{ requests(filter: {null: true}) { totalCount } }", "INVALID", "filter"),
        ('{ tally(of: REQUESTS, by: [], under: {id: "x"}) { count } }', "BAD_ID", "under"),
        ("{ tally(of: GRIDS, by: [], filter: {open: true}) { count } }", "INVALID", "filter"),
    ],
)
async def test_an_error_names_the_argument(api: Api, city: City, operation: str, code: str, field: str) -> None:
    filled = operation.replace("%s", gid(city.requests["R1"])).replace("@grid", gid(city.grids["150602001001"]))
    (error,) = (await api.post(filled, ADMIN)).json()["errors"]
    assert error["extensions"] == {"code": code, "field": field}


@pytest.mark.parametrize(
    ("filter", "said", "column"),
    [
        ('{submittedAt: {gt: "yesterday"}}', "'yesterday' is no moment.", 39),
        ("{submittedAt: {gt: 5}}", "is no moment.", 39),
        ('{dueAt: {gt: "2026-03-01T08:00:00"}}', "with its zone", 33),
        ('{dueAt: {gt: "9999-12-31T23:59:59Z"}}', "is too far away: the years are 1000 to 9998.", 33),
        ('{dueAt: {gt: "0001-01-01T00:00:00+08:00"}}', "is too far away: the years are 1000 to 9998.", 33),
    ],
)
async def test_a_bad_value_in_the_document_says_where(api: Api, filter: str, said: str, column: int) -> None:
    (error,) = (await api.post(f"{{ requests(filter: {filter}) {{ totalCount }} }}")).json()["errors"]
    assert (said in error["message"], error["locations"]) == (True, [{"line": 1, "column": column}])
    assert error["extensions"] == {"code": "GRAPHQL_VALIDATION_FAILED"}


async def test_a_bad_day_in_the_document_says_where(api: Api) -> None:
    (error,) = (await api.post('{ needs { nodes { projects(filter: {doneOn: {eq: "x"}}) { totalCount } } } }')).json()[
        "errors"
    ]
    assert error == {
        "message": "'x' is no day. Write it as 2026-03-01.",
        "locations": [{"line": 1, "column": 50}],
        "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
    }


async def test_a_part_of_a_request_has_an_id_that_finds_it_again(api: Api, city: City) -> None:
    data = await api('{ request(number: "R1") { events { nodes { id action } } } }', ADMIN)
    (event,) = data["request"]["events"]["nodes"]
    again = await api("query ($id: ID!) { node(id: $id) { id __typename } }", ADMIN, id=event["id"])
    assert again["node"] == {"id": event["id"], "__typename": "RequestEvent"}
    cut = gid(city.requests["R1"]).replace("UmVxdWVzdDo", "UmVxdWVzdEV2ZW50Og")
    assert (await api.refused("query ($id: ID!) { node(id: $id) { id } }", ADMIN, id=cut))[0] == "BAD_ID"


def _fail() -> str:
    raise LookupError("SELECT secret FROM vault")


class Broken:
    """A part of a schema with a fault in it."""

    @strawberry.type
    class Query:
        broken: str | None = strawberry.field(resolver=_fail, description="Fails.")


async def test_a_fault_of_ours_is_masked_and_noted_under_a_number(
    database: Database, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    app = graphql_app(build_schema(Broken), database, api.viewer_of, api.bus)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://hub") as client:
        with capture_logs() as logged:
            answer = await client.post("/", json={"query": "{ broken }"})
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "INTERNAL"
    assert error["extensions"]["errorId"] in error["message"]
    assert "secret" not in answer.text
    assert [line["error_id"] for line in logged] == [error["extensions"]["errorId"]]


async def test_no_error_holds_sql_or_an_address(database: Database, api: Api) -> None:
    lost = Database("postgresql://nobody:pass@127.0.0.1:1/none")
    app = graphql_app(schema(), lost, api.viewer_of, api.bus)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://hub") as client:
        answer = await client.post("/", json={"query": "{ grids { totalCount } }"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert all(word not in answer.text for word in ("127.0.0.1", "SELECT", "pass", "nobody"))
    await lost.close()
