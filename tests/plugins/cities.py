"""Open311 endpoints to test against: the plugin before a simulated city, and before single answers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from hub.plugin import BadRecord, Page, Record
from plugins.open311 import Open311
from plugins.open311.simulator import Endpoint

URL = "http://127.0.0.1:8914"
REPLIES = Path(__file__).parent / "open311_replies"

Answer = Callable[[httpx2.Request], httpx2.Response]


@asynccontextmanager
async def before(transport: httpx2.AsyncBaseTransport, **settings: Any) -> AsyncIterator[Open311]:
    async with httpx2.AsyncClient(transport=transport) as http:
        yield Open311(Open311.Config(**settings), http)


async def pulled(app: Any, cursor: str | None = None, **settings: Any) -> list[Page]:
    async with before(httpx2.ASGITransport(app=app), **settings) as source:
        return [page async for page in source.pull(cursor)]


async def answered(answer: Answer, **settings: Any) -> list[Page]:
    """What comes of a pull that is given this answer to everything."""
    async with before(httpx2.MockTransport(answer), **settings) as source:
        return [page async for page in source.pull(None)]


def answering(body: bytes | str, status: int = 200, **headers: str) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return lambda request: httpx2.Response(status, content=content, headers=headers)


def replying(name: str) -> Answer:
    """A recorded reply, and the day after it was given."""
    return answering((REPLIES / name).read_bytes(), date="Sat, 17 Jan 2026 00:00:00 GMT")


def records(pages: list[Page]) -> dict[str, Record]:
    """The last word on each request, as the hub would hold it."""
    held: dict[str, Record] = {}
    for item in (item for page in pages for item in page.items):
        if isinstance(item, Record):
            old = held.get(item.key)
            held[item.key] = item if old is None or not old.at or not item.at or item.at >= old.at else old
    return held


def statuses(pages: list[Page]) -> dict[str, str]:
    words = {"RECEIVED": "open", "CLOSED": "closed"}
    return {key: words[record.fields["status"]] for key, record in records(pages).items()}


def bad(pages: list[Page]) -> list[BadRecord]:
    return [item for page in pages for item in page.items if isinstance(item, BadRecord)]


def city(app: Any) -> Endpoint:
    found: Endpoint = app.state.endpoint
    return found


async def post(app: Any, path: str, body: Any = None) -> Any:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        return (await http.post(path, json=body)).json()
