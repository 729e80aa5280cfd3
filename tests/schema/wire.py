"""Streams as a client meets them: raw ASGI, because a test client waits for the end of what does not end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import orjson
from starlette.types import ASGIApp, Scope

SECONDS = 20  # transactions of others in the same server hold the log back
SCOPE: Scope = {
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "path": "/graphql",
    "raw_path": b"/graphql",
    "root_path": "",
    "query_string": b"",
    "client": ("127.0.0.1", 1),
    "server": ("hub", 80),
}


class Wire:
    """One connection. What the application sends is read with `got`, within a few seconds."""

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        self._in: asyncio.Queue[Any] = asyncio.Queue()
        self._out: asyncio.Queue[Any] = asyncio.Queue()
        self._task = asyncio.create_task(app({**SCOPE, **scope}, self._in.get, self._out.put))

    def put(self, message: Any) -> None:
        self._in.put_nowait(message)

    async def got(self) -> Any:
        return await asyncio.wait_for(self._out.get(), SECONDS)

    async def close(self, message: Any) -> None:
        self.put(message)
        await asyncio.wait_for(self._task, SECONDS)


class Socket:
    """A WebSocket that speaks graphql-transport-ws."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def opened(self, payload: dict[str, object] | None = None) -> Self:
        self.wire.put({"type": "websocket.connect"})
        assert (await self.wire.got())["type"] == "websocket.accept"
        self.send({"type": "connection_init", **({"payload": payload} if payload else {})})
        return self

    def send(self, message: dict[str, object]) -> None:
        self.wire.put({"type": "websocket.receive", "text": orjson.dumps(message).decode()})

    def ask(self, query: str, id: str = "1") -> None:
        self.send({"id": id, "type": "subscribe", "payload": {"query": query}})

    async def got(self) -> Any:
        """The next message; a close as its code."""
        message = await self.wire.got()
        return message["code"] if message["type"] == "websocket.close" else orjson.loads(message["text"])


@asynccontextmanager
async def socket(app: ASGIApp, protocol: str = "graphql-transport-ws") -> AsyncIterator[Socket]:
    wire = Wire(app, {"type": "websocket", "scheme": "ws", "subprotocols": [protocol], "headers": [(b"host", b"hub")]})
    yield Socket(wire)
    await wire.close({"type": "websocket.disconnect", "code": 1000})


@asynccontextmanager
async def events(app: ASGIApp, query: str, authorization: str) -> AsyncIterator[Wire]:
    """A stream of server-sent events."""
    headers = {"accept": "text/event-stream", "content-type": "application/json", "authorization": authorization}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    wire = Wire(app, {"type": "http", "method": "POST", "scheme": "http", "headers": raw})
    wire.put({"type": "http.request", "body": orjson.dumps({"query": query}), "more_body": False})
    yield wire
    await wire.close({"type": "http.disconnect"})
