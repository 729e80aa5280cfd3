"""Sources made on the spot: plugins that give the pages they are told to, and what came of their runs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, SecretStr
from sqlalchemy import Executable, Table, func, select

from hub.auth import system
from hub.db import Database
from hub.models import Base, Change, Grid, GridLevel, Rejected, Run, RunNote, Source
from hub.plugin import BadRecord, Page, Plugin, Record
from hub.sync import http
from hub.sync.registry import Registry
from hub.sync.run import run_source

Items = Sequence[Record | BadRecord]


class Nothing(BaseModel):
    """Settings that change nothing."""

    any: int = 0
    secret: SecretStr = SecretStr("")


def plugin(pull: Any, name: str = "told") -> type[Plugin[Nothing]]:
    """A plugin with this pull(self, cursor) and a ready-made source of its own name."""
    parts = {"name": name, "title": name, "Config": Nothing, "presets": {name: {}}, "pull": pull}
    parts["fixed_hosts"] = ("city.example",)
    return type(name.title(), (Plugin,), parts)


def told(
    *pages: Items,
    name: str = "told",
    fails: Mapping[int, BaseException] | None = None,
    complete: frozenset[str] = frozenset(),
    within: frozenset[str] = frozenset(),
) -> Registry:
    """A source that gives these pages; its cursor counts them. `fails`: before that page, that exception.

    `complete`: the kinds of which it always gives everything, from the beginning; `within`: of these keys only.
    """

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        for at in range(int(cursor or 0), len(pages)):
            if fails and at in fails:
                raise fails[at]
            last = complete if at + 1 == len(pages) else frozenset[str]()
            whole = {"complete": last, "within": within if last else frozenset[str]()}
            yield Page(pages[at], cursor=str(at + 1), total=sum(map(len, pages)), **whole)
        if fails and len(pages) in fails:
            raise fails[len(pages)]

    made = plugin(pull, name)
    made.whole = complete
    return installed(made)


def installed(*plugins: type[Plugin[Any]]) -> Registry:
    registry = Registry()
    for one in plugins:
        registry.add(one.name, one)
    return registry


async def run(database: Database, registry: Registry, name: str = "told", **more: Any) -> Run:
    return await run_source(database, registry, name, started_by="test", **more)


def counts(done: Run) -> dict[str, int]:
    """What came of the records, without the zeros."""
    names = ("created", "updated", "closed", "rejected", "unchanged")
    return {name: getattr(done, name) for name in names if getattr(done, name)}


def organization(key: str, name: str = "一", **fields: Any) -> Record:
    return Record("organization", key, {"code": key, "name": name, **fields}, where=f"row {key}")


def grid(code: str, parent: str | None, level: str = "COMMUNITY", **fields: Any) -> Record:
    return Record("grid", code, {"code": code, "name": code, "level": level, "parent": parent, **fields})


def gone(kind: str, key: str) -> Record:
    return Record(kind, key, {}, deleted=True)


async def rows(database: Database, statement: Executable) -> list[tuple[Any, ...]]:
    async with database.read() as session:
        return [tuple(row) for row in await session.execute(statement)]


async def column(database: Database, statement: Executable) -> list[Any]:
    return [value for (value,) in await rows(database, statement)]


async def stored(database: Database, model: Any, key: str = "code") -> dict[str, dict[str, Any]]:
    """The rows of a table by their code, as they stand."""
    table: Table = model.__table__
    async with database.read() as session:
        found = await session.execute(select(table))
        return {row[key]: {str(name): value for name, value in row.items()} for row in found.mappings()}


async def paths(database: Database) -> dict[str, str]:
    return {code: row["path"] for code, row in (await stored(database, Grid)).items()}


async def cursor(database: Database, name: str = "told") -> str | None:
    (found,) = await column(database, select(Source.cursor).where(Source.name == name))
    return str(found) if found is not None else None


async def sizes(database: Database) -> dict[str, int]:
    """How many rows every table has, but for the log of runs."""
    async with database.read() as session:
        return {
            table.name: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table is not RunNote.__table__
        }


async def changes(database: Database, done: Run) -> list[Change]:
    """What the log says of a run, in its order."""
    statement = select(Change).where(Change.run_id == done.id).order_by(Change.position, Change.id)
    async with database.read() as session:
        return list(await session.scalars(statement))


async def work_items(database: Database) -> list[tuple[str | None, str, int]]:
    """The rejected records: key, status, times."""
    found = await rows(database, select(Rejected.key, Rejected.status, Rejected.times).order_by(Rejected.id))
    return [(key, status.name, times) for key, status, times in found]


async def districts(database: Database, *codes: str) -> None:
    """Grids to stand on."""
    async with database.write(system("test")) as session:
        session.add_all(Grid(code=code, name=code, level=GridLevel.DISTRICT, path=f"{code}/") for code in codes)


def at_home(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The same on the test's own loop, from wherever it is called: a plugin has a loop of its own."""
    home = asyncio.get_running_loop()

    async def there(*given: Any, **more: Any) -> Any:
        async def here() -> Any:
            return await call(*given, **more)

        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(here(), home))

    return there


def reached(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every plugin reach this application instead of the network."""
    client = http.client
    monkeypatch.setattr(http, "client", lambda: client(httpx2.ASGITransport(app=app)))
