"""The five queries, in the hub's words and in PostGraphile's, with their variables for each server.

PostGraphile's documents name their fields so (`grid: gridByGridId`) that all answers have the hub's shape; `neutral`
takes away what is left: how a time is written, a null that is not there, another order of rows that have none.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.models import uuid7
from schema import ids

Parameter = Mapping[str, Any]
Variables = Callable[[Parameter], dict[str, Any]]
SAME_FOR_ALL = ("title", "content", "kind", "channel", "category", "urgency", "place")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


@dataclass(frozen=True)
class Query:
    """One query: the document and the variables for the hub and for PostGraphile; the floor takes the parameter."""

    name: str
    title: str
    hub: str
    postgraphile: str
    hub_variables: Variables
    postgraphile_variables: Variables
    function: str = ""  # PostGraphile again, by a function written for it


def plainly(parameter: Parameter) -> dict[str, Any]:
    return dict(parameter)


SCALARS = "number title content kind channel status level urgency submittedAt dueAt"
FEWER = "number title kind channel status level urgency submittedAt"

Q1 = Query(
    "Q1",
    "one request by id, its grid and that one's parent, its assignee",
    f"query Q1($id: ID!) {{ request(id: $id) {{ {SCALARS} grid {{ name parent {{ name }} }} assignee {{ name }} }} }}",
    f"""query Q1($id: UUID!) {{ request: requestByRowId(rowId: $id) {{
        {SCALARS} grid: gridByGridId {{ name parent: gridByParentId {{ name }} }} assignee: partyByAssigneeId {{ name }}
    }} }}""",
    lambda one: {"id": ids.encode("Request", (one["id"],))},
    plainly,
)

LISTED = f"""{FEWER} grid {{ name }} assignee {{ name ... on Organization {{ organizationKind }} }}
    events(first: 3) {{ nodes {{ status at actor {{ name }} }} }}"""
Q2 = Query(
    "Q2",
    "the first 50 open requests of a community, newest first, with grid, assignee and latest 3 events",
    f"""query Q2($id: ID!) {{ requests(filter: {{grid: {{id: [$id]}}, open: true}}, first: 50) {{
        nodes {{ {LISTED} }}
    }} }}""",
    f"""query Q2($id: UUID!) {{
        requests: allRequests(
            condition: {{gridId: $id, closedAt: null}}, orderBy: [SUBMITTED_AT_DESC, ROW_ID_DESC], first: 50
        ) {{ nodes {{
            {FEWER} grid: gridByGridId {{ name }} assignee: partyByAssigneeId {{ name organizationKind }}
            events: requestEventsByRequestId(orderBy: [AT_DESC, ROW_ID_DESC], first: 3) {{
                nodes {{ status at actor: partyByActorId {{ name }} }}
            }}
        }} }}
    }}""",
    lambda one: {"id": ids.encode("Grid", (one["id"],))},
    lambda one: {"id": one["id"]},
)

Q3 = Query(
    "Q3",
    "20 alliances, 20 members of each, 5 resources of each member",
    """query Q3($after: String) { alliances(first: 20, after: $after) { nodes {
        name members(first: 20) { nodes { party {
            name ... on Organization { organizationKind } resources(first: 5) { nodes { title resourceKind } }
        } } }
    } } }""",
    """query Q3($after: Cursor) { alliances: allAlliances(first: 20, after: $after, orderBy: [NAME_ASC, ROW_ID_ASC]) {
        nodes { name members: membersByAllianceId(first: 20, orderBy: [JOINED_ON_ASC, ROW_ID_ASC]) { nodes {
            party: partyByPartyId {
                name organizationKind
                resources: resourcesByOwnerId(first: 5, orderBy: [TITLE_ASC, ROW_ID_ASC]) {
                    nodes { title resourceKind }
                }
            }
        } } }
    } }""",
    lambda one: {"after": one["hub"]},
    lambda one: {"after": one["postgraphile"]},
)

Q4 = Query(
    "Q4",
    "counts by status and level in a street's subtree",
    """query Q4($code: String!) { tally(of: REQUESTS, by: [STATUS, LEVEL], under: {code: $code}) {
        keys { value } count
    } }""",
    """query Q4($under: String!) { requests: allRequests(condition: {under: $under}) {
        groupedAggregates(groupBy: [STATUS, LEVEL]) { keys distinctCount { rowId } }
    } }""",
    lambda one: {"code": one["code"]},
    lambda one: {"under": one["path"]},
    """query Q4($under: String!) { requests: benchRequestTally(under: $under) { nodes { status level count } } }""",
)

READ_BACK = "number title status level urgency"
TYPES = {"gridId": "ID!", "title": "String!", "kind": "RequestKind", "channel": "Channel", "urgency": "Urgency"}
ASKED = ("gridId", *SAME_FOR_ALL)
Q5 = Query(
    "Q5",
    "submit a request and read it back with its grid",
    f"""mutation Q5({", ".join(f"${name}: {TYPES.get(name, 'String')}" for name in ASKED)}) {{
        submitRequest({", ".join(f"{name}: ${name}" for name in ASKED)}) {{ {READ_BACK} grid {{ name }} }}
    }}""",
    f"""mutation Q5($request: RequestInput!) {{ submitRequest: createRequest(input: {{request: $request}}) {{
        request {{ {READ_BACK} grid: gridByGridId {{ name }} }}
    }} }}""",
    lambda one: {"gridId": ids.encode("Grid", (one["id"],)), **{name: one[name] for name in SAME_FOR_ALL}},
    lambda one: {"request": whole(one)},
)

READING = (Q1, Q2, Q3, Q4)
QUERIES = (*READING, Q5)

# Q2's rows, of the whole city: page after page, to see what a page far away costs.
PAGED = f"""query Paged($after: String) {{ requests(filter: {{open: true}}, first: 50, after: $after) {{
    nodes {{ {LISTED} }}
}} }}"""


def whole(one: Parameter) -> dict[str, Any]:
    """All that a row of `requests` must hold, where nobody but the client sets it."""
    now, id = datetime.now(UTC).isoformat(), uuid7()
    return {
        **{name: one[name] for name in (*SAME_FOR_ALL, "level")},
        "rowId": id,
        "number": f"BENCH-{id.hex}",
        "status": "RECEIVED",
        "gridId": one["id"],
        "gridPath": one["path"],
        "supervised": False,
        "urged": 0,
        "returns": 0,
        "public": False,
        "submittedAt": now,
        "createdAt": now,
        "updatedAt": now,
        "revision": 1,
    }


def neutral(query: Query, data: Any) -> list[Any]:
    """The answer as every server should have given it: a list."""
    match query.name:
        case "Q1":
            return [plain(data["request"])]
        case "Q2":
            return plain(data["requests"]["nodes"])
        case "Q3":
            return plain(data["alliances"]["nodes"])
        case "Q4":
            return sorted(counts(data))
        case _:
            written = data["submitRequest"]
            return [plain(written.get("request", written))]


def counts(data: Any) -> list[tuple[str, str, int]]:
    """(status, level, how many), from any of the three shapes."""
    if "tally" in data:
        return [(*(key["value"] for key in row["keys"]), row["count"]) for row in data["tally"]]
    if "groupedAggregates" in data["requests"]:
        rows = data["requests"]["groupedAggregates"]
        return [(*row["keys"], int(row["distinctCount"]["rowId"])) for row in rows]
    return [(row["status"], row["level"], int(row["count"])) for row in data["requests"]["nodes"]]


def plain(value: Any) -> Any:
    """The same, with moments instead of their spellings, and without nulls."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str) and TIME.match(value):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value
