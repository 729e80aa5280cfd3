"""A simulated hotline to talk to, and steps in the hub to tell it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx2
from starlette.applications import Starlette

from hub.plugin import BadRecord, Change, Event, Page, Record
from hub.serve import HTTPServer, listener
from plugins.hotline12345 import Hotline12345
from plugins.hotline12345.simulated_orders import Order, order
from plugins.hotline12345.simulator import build

URL = "http://127.0.0.1:8912"
AT = datetime.fromisoformat("2026-03-02T10:00:00+08:00")
ID = "019c0000-0000-7000-8000-000000000001"


def standing(dialect: str, status: str | None = "IN_PROGRESS", seed: int = 1, **more: Any) -> tuple[Starlette, Order]:
    """A hotline with one order, of this dialect and status."""
    app = build(0, seed)
    kind = {"wuxi": "EVENT", "shunde": None}.get(dialect, "HELP")
    said = {"kind": kind, "solved": "NO", "satisfaction": "DISSATISFIED"}
    known = replace(order(seed, 42), dialect=dialect, status=status, **{**said, **more})
    app.state.hotline.add(known)
    return app, known


@asynccontextmanager
async def hotline(app: Any, asked: list[str] | None = None, **settings: Any) -> AsyncIterator[Hotline12345]:
    """The plugin, talking to this application. `asked`: a list to which each thing that it asks is added."""

    async def note(request: httpx2.Request) -> None:
        if asked is not None:
            asked.append(f"{request.method} {request.url.path.removeprefix('/api/workorders')}")

    hooks: Any = {"request": [note]}
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=URL, event_hooks=hooks) as http:
        yield Hotline12345(Hotline12345.Config(**settings), http)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The address of this application on loopback."""
    ready, sock = asyncio.Event(), listener("127.0.0.1", 0)
    server = HTTPServer(app, ready.set)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    await ready.wait()
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    server.halt()
    server.halt()
    await serving


def step(known: Order, action: str, token: str = "t1", again: bool = False, **said: Any) -> Change:
    """A step in the life of this order. `fields`: how it stands in the hub; `note`, and the step's own details."""
    fields, note = said.pop("fields", {}), said.pop("note", None)
    event = Event(action, AT, party="城管中队", note=note, details=said)
    key = said.pop("key", known.number)
    return Change("request", key, ID, fields, frozenset(), AT, token, event=event, again=again)


async def pushed(app: Any, change: Change, asked: list[str] | None = None, **settings: Any) -> str | BadRecord:
    """What the plugin makes of telling this."""
    async with hotline(app, asked, **settings) as plugin:
        return await plugin.push(change)


async def read(plugin: Hotline12345, cursor: str | None = None) -> AsyncIterator[Page]:
    """The pages of a pull, with what their rows mean."""
    async for page in plugin.pull(cursor):
        raw = [item if isinstance(item, BadRecord) else plugin.read(item) for item in page.items]
        yield replace(page, items=raw)


async def pulled(app: Any, **settings: Any) -> dict[str, dict[str, Any]]:
    """What the hotline says of each order."""
    async with hotline(app, **settings) as plugin:
        pages = [page async for page in read(plugin)]
    return {item.key: dict(item.fields) for page in pages for item in page.items if isinstance(item, Record)}


async def answer(app: Any, method: str, path: str, body: Any = None) -> Any:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        return (await http.request(method, path, json=body)).json()


async def effects(app: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """What the hotline took: the token, what it is, and the body."""
    return [(one["token"], one["what"], one["body"]) for one in (await answer(app, "GET", "/sim/effects"))["effects"]]


async def truth(app: Any, known: Order) -> dict[str, Any]:
    """How the order stands at the hotline."""
    found: dict[str, Any] = (await answer(app, "GET", "/sim/orders"))["orders"][known.number]
    return found


async def fail(app: Any, kind: str, **more: Any) -> None:
    """The next answer of the hotline goes wrong so."""
    await answer(app, "POST", "/sim/faults", {"kind": kind, **more})
