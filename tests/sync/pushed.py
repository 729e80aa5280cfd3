"""A source that pushes: messages in JSON, put where the door puts them, read by a plugin as simple as they are."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.models import Arrival, Run, Source, now, uuid7
from hub.plugin import BadRecord, Page, Plugin, Record, SourceDown
from hub.sync import receiving
from hub.sync.registry import Registry
from tests.sync.sources import Nothing, at_home, installed

HUB = system("test")


class Pushing(Plugin[Nothing]):
    """A message is a list of records; some say instead how the plugin is to fail."""

    name = title = "pushing"
    Config = Nothing
    presets = {"pushing": {}}

    async def receive(self, body: bytes) -> Page:
        said = orjson.loads(body)
        if said == "down":
            raise SourceDown("The source is away.")
        if said == "leave":
            raise SystemExit("out")
        if said == "hang":
            await asyncio.sleep(60)
        return Page([self._read(one) for one in said])

    def _read(self, one: dict[str, Any]) -> Record | BadRecord:
        if "bad" in one:
            return BadRecord(one["bad"], one)
        at = datetime.fromisoformat(one["at"]) if one.get("at") else None
        return Record(one["kind"], one["key"], one.get("fields", {}), deleted=one.get("deleted", False), at=at)


def registry(*pages: Sequence[Record], between: Any = None) -> Registry:
    """Installed; with pages it can be pulled from as well, and `between` them something happens."""
    if not pages:
        return installed(Pushing)

    happens = at_home(between) if between is not None else None

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        for at in range(int(cursor or 0), len(pages)):
            yield Page(pages[at], cursor=str(at + 1))
            if happens is not None:
                await happens()

    return installed(type("Both", (Pushing,), {"pull": pull}))


async def push(database: Database, *messages: Any, source: str = "pushing") -> list[Any]:
    """Put messages where the door puts them; their ids."""
    ids = []
    async with database.write(HUB) as session:
        found = await session.scalar(select(Source).where(Source.name == source))
        if found is None:
            session.add(found := Source(name=source, plugin="pushing", title=source))
            await session.flush()
        for message in messages:
            body = message if isinstance(message, bytes) else orjson.dumps(message)
            made = Arrival(source_id=found.id, nonce=uuid7().hex, body=body, signed_at=now())
            made.sha256 = hashlib.sha256(body).hexdigest()
            session.add(made)
            await session.flush()
            ids.append(made.id)
    return ids


async def receive(database: Database, known: Registry | None = None, source: str = "pushing") -> Run | None:
    return await receiving.receive(database, known or registry(), source, started_by="test")


async def standing(database: Database) -> list[tuple[str, str | None]]:
    """Where each message stands, and why."""
    async with database.read() as session:
        found = await session.execute(select(Arrival.status, Arrival.reason).order_by(Arrival.id))
        return [(status.name, reason) for status, reason in found]


def order(number: str, *, at: str | None = None, **fields: Any) -> dict[str, Any]:
    """A new request."""
    return {"kind": "request", "key": number, "at": at, "fields": {"number": number, **fields}}


def news(number: str, *, at: str | None = None, deleted: bool = False, **fields: Any) -> dict[str, Any]:
    """What is new of a request that the hub should know."""
    return {"kind": "request", "key": number, "at": at, "fields": fields, "deleted": deleted}
