"""A partner's database, and shortcuts to what the exchange_db plugin makes of it."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import URL

from hub.plugin import BadRecord, Change, Page, Record
from plugins.exchange_db import Config, ExchangeDB

GD = {
    "table": "gd",
    "kind": "request",
    "key": "bh",
    "watermark": "gx",
    "columns": {"bh": "number", "bt": "title"},
}
RESULTS = {
    "table": "jg",
    "columns": {"token": "tk", "key": "bh", "id": "lsid", "status": "zt", "result": "jg", "at": "sj"},
}


def sqlite(path: Path, *statements: str, rows: list[tuple[Any, ...]] | None = None) -> str:
    """A SQLite database; its URL. `rows` go into the table gd."""
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)
        for row in rows or ():
            db.execute(f"INSERT INTO gd VALUES ({', '.join('?' * len(row))})", row)
    return f"sqlite:///{path}"


def asked(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(statement).fetchall()


def plugin(url: str, http: httpx2.AsyncClient, **settings: Any) -> ExchangeDB:
    return ExchangeDB(Config.model_validate({"url": url, "tables": [GD], **settings}), http)


async def pages(url: str, cursor: str | None = None, **settings: Any) -> list[Page]:
    async with httpx2.AsyncClient() as http:
        return [page async for page in plugin(url, http, **settings).pull(cursor)]


async def items(url: str, cursor: str | None = None, **settings: Any) -> list[Record | BadRecord]:
    return [item for page in await pages(url, cursor, **settings) for item in page.items]


async def keys(url: str, cursor: str | None = None, **settings: Any) -> list[str | None]:
    return [item.key for item in await items(url, cursor, **settings)]


async def push(url: str, change: Change, **settings: Any) -> str | BadRecord:
    async with httpx2.AsyncClient() as http:
        return await plugin(url, http, **{"results": RESULTS, **settings}).push(change)


def change(token: str = "t1", *, again: bool = False, **fields: Any) -> Change:
    """A request that the partner calls A1, closed."""
    said = {"status": "CLOSED", "result": "已修好", **fields}
    at = datetime(2026, 3, 1, 1, tzinfo=UTC)
    return Change("request", "A1", "0195-id", said, frozenset({"status"}), at, token, again=again)


class Cut:
    """A way to a server on which the answer to the first COMMIT is lost: the connection is cut instead."""

    def __init__(self, to: URL) -> None:
        self._to = to
        self.commits = 0
        self.cut = False

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        port = int(str(self._to.query.get("port", self._to.port or 5432)))
        if folder := self._to.query.get("host"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")
        return await asyncio.open_connection(self._to.host, port)

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, into = await self._reached()
        ways = (self._asking(reader, into), self._answering(far, writer))
        await asyncio.wait([asyncio.create_task(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        into.close()
        writer.close()

    async def _asking(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            self.commits += b"COMMIT" in data
            to.write(data)

    async def _answering(self, source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        while data := await source.read(65_536):
            if self.commits and not self.cut:
                self.cut = True
                return
            to.write(data)
