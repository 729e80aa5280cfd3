"""Whatever falls over, and wherever: after a clean run the hub is as its source, and nothing is there twice."""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, update

from hub.auth import Viewer
from hub.db import Database
from hub.errors import HubError
from hub.models import Change, ChangeKind, Link, Organization, Rejected, Run, RunStatus
from hub.plugin import BadRecord, SourceDown
from hub.sync.registry import Registry
from tests.sync import crashing
from tests.sync.crashing import pages
from tests.sync.sources import Items, cursor, rows, run, stored, told
from tests.sync.statements import watching

KEYS = 5
OF_ORGANIZATIONS = Change.entity == "Organization"


def source(name: str, **more: Any) -> Registry:
    return told(*pages(name), name=name, **more)


async def held(database: Database, name: str) -> dict[str, Any]:
    """What the hub holds of a source, counted in every table that could hold it twice."""
    organizations = await stored(database, Organization)
    mine = {code: row for code, row in organizations.items() if code.startswith(f"{name}.")}
    ids = [row["id"] for row in mine.values()]
    links = await rows(database, select(Link.key).where(Link.entity_id.in_(ids)))
    said = await rows(database, select(Change.kind).where(Change.entity_id.in_(ids)))
    bad = await rows(database, select(Rejected.status, Rejected.reason).where(Rejected.reason == f"bad {name}"))
    return {
        "names": {code: row["name"] for code, row in mine.items()},
        "links": len(links),
        "changes": sorted(kind.name for (kind,) in said),
        "bad": [status.name for status, _ in bad],
    }


def whole(name: str) -> dict[str, Any]:
    names = {f"{name}.{at}": "new" if at == 0 else "一" for at in range(KEYS)}
    return {"names": names, "links": KEYS, "changes": ["CREATED"] * KEYS + ["UPDATED"], "bad": ["OPEN"]}


async def behind(database: Database, name: str) -> None:
    """The cursor has not passed the data: everything before it is there."""
    at = int(await cursor(database, name) or 0)
    said = [item.key for page in pages(name)[:at] for item in page if not isinstance(item, BadRecord)]
    assert set(said) == set((await held(database, name))["names"])


async def recovered(database: Database, name: str) -> None:
    await behind(database, name)
    done = await run(database, source(name), name)
    assert (done.status, done.error) == (RunStatus.DONE, None)
    assert await held(database, name) == whole(name)


async def test_a_source_that_breaks_off_before_any_page(database: Database) -> None:
    for at in range(len(pages("")) + 1):
        done = await run(database, source(f"s{at}", fails={at: SourceDown("away")}), f"s{at}")
        assert (done.status, done.pages, await cursor(database, f"s{at}")) == (
            RunStatus.FAILED, at, str(at) if at else None,
        )  # fmt: skip
        await recovered(database, f"s{at}")


async def test_whoever_watches_and_falls_over_after_any_page(database: Database) -> None:
    for at in range(1, len(pages("")) + 1):

        def fall(done: Run, at: int = at) -> None:
            if done.pages == at:
                raise LookupError("the terminal is gone")

        with pytest.raises(LookupError):
            await run(database, source(f"s{at}"), f"s{at}", progress=fall)
        assert await rows(database, select(Run.status, Run.error).order_by(Run.id.desc()).limit(1)) == [
            (RunStatus.FAILED, "A fault of the hub (LookupError); its log says more.")
        ]
        await recovered(database, f"s{at}")


@asynccontextmanager
async def watched(database: Database, see: Callable[[int, Any], None]) -> AsyncIterator[list[str]]:
    """Call `see` with the number of every statement and its connection, when it has run."""
    seen: list[str] = []

    def note(statement: str, connection: Any) -> None:
        seen.append(statement)
        see(len(seen), connection)

    async with watching(database, note):
        yield seen


def kill(database: Database, pid: int) -> None:
    """End a backend from another thread, and wait until it is gone."""

    async def end() -> None:
        other = await asyncpg.connect(database.url.set(drivername="postgresql").render_as_string(hide_password=False))
        await other.execute("SELECT pg_terminate_backend($1, 5000)", pid)
        await other.close()

    thread = threading.Thread(target=asyncio.run, args=(end(),))
    thread.start()
    thread.join()


async def test_a_connection_that_is_cut_after_any_statement(database: Database, hub: Viewer) -> None:
    async with watched(database, lambda at, connection: None) as statements:
        await run(database, source("whole"), "whole")
    assert await held(database, "whole") == whole("whole")
    first, second, _ = (at for at, said in enumerate(statements, 1) if said.startswith("UPDATE sources SET cursor"))
    for at in (1, *range(first + 1, second + 1), len(statements)):
        name = f"s{at}"

        def cut(now: int, connection: Any, at: int = at) -> None:
            if now == at:
                kill(database, connection.get_server_pid())

        async with watched(database, cut):
            with suppress(HubError):
                done = await run(database, source(name), name)
                assert done.status is RunStatus.DONE or "connection" in str(done.error)
        async with database.write(hub) as session:  # if even its end was cut off: half a minute later
            await session.execute(update(Run).values(alive_at=Run.alive_at - timedelta(minutes=1)))
        assert (await run(database, source(name), name)).error is None
        assert await held(database, name) == whole(name)


@pytest.mark.parametrize("point", ["after page 1", "before commit of page 2", "inside page 3"])
async def test_a_worker_that_is_killed(database: Database, point: str) -> None:
    url = database.url.render_as_string(hide_password=False)
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", crashing.__name__, url, point)
    assert await asyncio.wait_for(process.wait(), 30) == 137
    ((status, worker),) = await rows(database, select(Run.status, Run.worker))
    assert (status, worker.rpartition(":")[2]) == (RunStatus.RUNNING, str(process.pid))
    assert await cursor(database, "killed") == {"inside page 3": "2"}.get(point, "1")
    await recovered(database, "killed")
    found = await rows(database, select(Run.status, Run.error).order_by(Run.id))
    vanished = "Its worker vanished; what was applied stays, the next run goes on from there."
    assert found == [(RunStatus.FAILED, vanished), (RunStatus.DONE, None)]


async def test_two_sources_may_write_the_same_rows_at_once(database: Database) -> None:
    records: Items = [item for page in pages("same") for item in page if not isinstance(item, BadRecord)]
    one = told(records, records[::-1], name="one")
    other = told(records[::-1], records, name="other")
    for turn in range(4):
        done = await asyncio.gather(
            *(run(database, *of, overrides={"any": turn}) for of in ((one, "one"), (other, "other")))
        )
        assert [(one.status, one.error) for one in done] == [(RunStatus.DONE, None)] * 2
    assert len(await stored(database, Organization)) == KEYS
    assert len(await rows(database, select(Link.key))) == 2 * KEYS


async def test_a_storm_of_sources_and_of_locks_leaves_nothing_out(database: Database, hub: Viewer) -> None:
    records: Items = [item for page in pages("same") for item in page if not isinstance(item, BadRecord)]
    names = [f"storm{at}" for at in range(4)]
    registries = {name: told(records[at:], records[:at][::-1], name=name) for at, name in enumerate(names)}
    stop = asyncio.Event()

    async def hold() -> None:
        """Somebody who holds all rows, again and again, for a while each time."""
        while not stop.is_set():
            with suppress(HubError):  # of a deadlock it may be the victim
                async with database.write(hub) as session:
                    await session.execute(select(Organization.id).order_by(Organization.code.desc()).with_for_update())
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.01)

    holding = asyncio.create_task(hold())
    for turn in range(3):
        runs = (run(database, registries[name], name, overrides={"any": turn}) for name in names)
        assert {(done.status, done.error) for done in await asyncio.gather(*runs)} == {(RunStatus.DONE, None)}
    stop.set()
    await holding
    assert len(await stored(database, Organization)) == KEYS
    assert len(await rows(database, select(Link.key))) == len(names) * KEYS
    created = await rows(database, select(Change.entity_id).where(Change.kind == ChangeKind.CREATED, OF_ORGANIZATIONS))
    assert len(created) == KEYS
