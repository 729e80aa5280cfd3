"""The floor: each query as one hand-written statement, on raw asyncpg behind bare ASGI.

The database makes the JSON, but not Q2's: there it was measured to cost a third more than rows made into JSON here.

`python -m tests.bench.floor PORT` with BENCH_DATABASE_URL. It knows no viewer, no rule, no log and no other query: what
is left is the least that an answer costs in Python. A body is {"query": "Q1", "variables": {...}}.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import uvicorn
from sqlalchemy import make_url

from hub.models import uuid7

CONNECTIONS = 10
Scope = dict[str, Any]
Parameter = Mapping[str, Any]

FEWER = """'number', r.number, 'title', r.title, 'kind', r.kind, 'channel', r.channel, 'status', r.status,
    'level', r.level, 'urgency', r.urgency, 'submittedAt', r.submitted_at"""
Q1 = f"""
SELECT json_build_object('request', json_build_object({FEWER}, 'content', r.content, 'dueAt', r.due_at,
    'grid', json_build_object('name', g.name,
        'parent', CASE WHEN p.id IS NOT NULL THEN json_build_object('name', p.name) END),
    'assignee', CASE WHEN a.id IS NOT NULL THEN json_build_object('name', a.name) END))
FROM requests r LEFT JOIN grids g ON g.id = r.grid_id LEFT JOIN grids p ON p.id = g.parent_id
LEFT JOIN parties a ON a.id = r.assignee_id WHERE r.id = $1
"""
Q2 = """
SELECT r.number, r.title, r.kind, r.channel, r.status, r.level, r.urgency, r.submitted_at, g.name, a.name,
    a.organization_kind, e.latest
FROM requests r JOIN grids g ON g.id = r.grid_id LEFT JOIN parties a ON a.id = r.assignee_id
CROSS JOIN LATERAL (
    SELECT array_agg((e.status, e.at, p.name) ORDER BY e.at DESC, e.id DESC) AS latest
    FROM (SELECT * FROM request_events WHERE request_id = r.id ORDER BY at DESC, id DESC LIMIT 3) e
    LEFT JOIN parties p ON p.id = e.actor_id
) e
WHERE r.grid_id = $1 AND r.closed_at IS NULL ORDER BY r.submitted_at DESC, r.id DESC LIMIT 50
"""
Q3 = """
SELECT json_build_object('alliances', json_build_object('nodes', json_agg(
    json_build_object('name', a.name, 'members', json_build_object('nodes', m.first)) ORDER BY a.name, a.id)))
FROM (SELECT id, name FROM alliances WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT 20) a
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('party', json_build_object('name', p.name,
        'organizationKind', p.organization_kind, 'resources', json_build_object('nodes', r.first)))
        ORDER BY m.joined_on, m.id), '[]') AS first
    FROM (SELECT id, party_id, joined_on FROM members WHERE alliance_id = a.id ORDER BY joined_on, id LIMIT 20) m
    JOIN parties p ON p.id = m.party_id
    CROSS JOIN LATERAL (
        SELECT coalesce(json_agg(json_build_object('title', r.title, 'resourceKind', r.resource_kind)
            ORDER BY r.title, r.id), '[]') AS first
        FROM (SELECT * FROM resources WHERE owner_id = p.id ORDER BY title, id LIMIT 5) r
    ) r
) m
"""
Q4 = """
SELECT json_build_object('tally', coalesce(json_agg(json_build_object(
    'keys', json_build_array(json_build_object('value', status), json_build_object('value', level)), 'count', rows)),
    '[]'))
FROM (SELECT status, level, count(*) AS rows FROM requests WHERE grid_path >= $1 AND grid_path < left($1, -1) || '0'
    GROUP BY status, level ORDER BY rows DESC) counted
"""
COLUMNS = (
    *("id", "number", "title", "content", "kind", "channel", "category", "urgency", "place", "level", "grid_id"),
    *("grid_path", "submitted_at"),
)
GIVEN = ", ".join(f"${place}" for place in range(1, len(COLUMNS) + 1))
Q5 = f"""
WITH new AS (
    INSERT INTO requests (
        {", ".join(COLUMNS)}, status, supervised, urged, returns, public, created_at, updated_at, revision
    ) VALUES ({GIVEN}, 'RECEIVED', false, 0, 0, false, $13, $13, 1)
    RETURNING *
)
SELECT json_build_object('submitRequest', json_build_object('number', r.number, 'title', r.title, 'status', r.status,
    'level', r.level, 'urgency', r.urgency, 'grid', json_build_object('name', g.name)))
FROM new r JOIN grids g ON g.id = r.grid_id
"""

LISTED = ("number", "title", "kind", "channel", "status", "level", "urgency", "submittedAt")


def submitted(asked: Parameter) -> list[Any]:
    """The values of a new row."""
    id, at = uuid7(), datetime.now().astimezone()
    given = {**asked, "id": id, "number": f"FLOOR-{id.hex}", "submitted_at": at}
    given |= {"grid_id": asked["id"], "grid_path": asked["path"]}
    return [given[name] for name in COLUMNS]


async def made_there(connection: asyncpg.Connection, statement: str, *arguments: Any) -> bytes:
    """The answer whose JSON the database made."""
    return b'{"data":' + (await connection.fetchval(statement, *arguments)).encode() + b"}"


async def listed(connection: asyncpg.Connection, statement: str, *arguments: Any) -> bytes:
    """The answer to Q2."""
    nodes = []
    for row in await connection.fetch(statement, *arguments):
        *scalars, grid, assignee, organization_kind, latest = row
        node = dict(zip(LISTED, scalars, strict=True))
        node["grid"] = {"name": grid}
        node["assignee"] = {"name": assignee, "organizationKind": organization_kind} if assignee else None
        events = [
            {"status": status, "at": at, "actor": {"name": by} if by else None} for status, at, by in latest or ()
        ]
        node["events"] = {"nodes": events}
        nodes.append(node)
    return orjson.dumps({"data": {"requests": {"nodes": nodes}}})


STATEMENTS: Mapping[str, tuple[str, Callable[[Parameter], list[Any]], Callable[..., Awaitable[bytes]]]] = {
    "Q1": (Q1, lambda asked: [asked["id"]], made_there),
    "Q2": (Q2, lambda asked: [asked["id"]], listed),
    "Q3": (Q3, lambda asked: asked["floor"], made_there),
    "Q4": (Q4, lambda asked: [asked["path"]], made_there),
    "Q5": (Q5, submitted, made_there),
}


class Floor:
    """The application: some connections, whoever is free."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._free: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] == "lifespan":
            await self._lives(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        asked = orjson.loads(body)
        statement, arguments, answered = STATEMENTS[asked["query"]]
        connection = await self._free.get()
        try:
            answer = await answered(connection, statement, *arguments(asked["variables"]))
        finally:
            self._free.put_nowait(connection)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _lives(self, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
        await receive()
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncpg.connect(self._url, server_settings={"jit": "off", "timezone": "UTC"}))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        while not self._free.empty():
            await self._free.get_nowait().close()
        await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    app = Floor(os.environ["BENCH_DATABASE_URL"])
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", log_level="warning", access_log=False, server_header=False)
