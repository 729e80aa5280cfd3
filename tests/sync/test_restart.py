"""The database is stopped, and killed, while two sources are read: what a run was told is in, is in."""

import asyncio
import os
import signal
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub import postgres
from hub.db import Database
from hub.errors import HubError
from hub.models import Change, Link, Organization, Run, RunStatus
from hub.sync import work
from hub.upgrade import upgrade
from tests.hub.servers import postmaster
from tests.sync.sources import column, organization, run, stored, told
from tests.sync.test_jobs import until

SOURCES, PAGES, EACH = ("one", "other"), 60, 4


def codes(name: str, pages: int) -> set[str]:
    """What is in when so many pages are."""
    return {f"{name}.{page}.{at}" for page in range(pages) for at in range(EACH)}


async def insisting(database: Database, name: str, acknowledged: dict[str, int]) -> None:
    """Run the source as a worker does: again, until it is done. Notes down how many pages it was told are in."""
    pages = [[organization(f"{name}.{page}.{at}") for at in range(EACH)] for page in range(PAGES)]
    ended: RunStatus | None = None
    while ended is not RunStatus.DONE:

        def progress(done: Run) -> None:
            acknowledged[name] = max(acknowledged[name], int(done.began or 0) + done.pages)

        try:
            ended = (await run(database, told(*pages, name=name), name, progress=progress)).status
        except HubError:
            await asyncio.sleep(0.1)


async def _reached(acknowledged: dict[str, int], pages: int) -> bool:
    return min(acknowledged.values()) >= pages


@pytest.mark.parametrize("ends", [signal.SIGKILL, signal.SIGINT], ids=["killed", "stopped"])
async def test_a_database_that_goes_away_under_load_loses_nothing_that_was_acknowledged(
    home: Path, monkeypatch: pytest.MonkeyPatch, ends: signal.Signals
) -> None:
    monkeypatch.setattr(work, "LEASE", timedelta(seconds=1))
    acknowledged, times = dict.fromkeys(SOURCES, 0), 0
    with ExitStack() as users:
        server = await asyncio.to_thread(users.enter_context, postgres.running(home))
        database = Database(server.url)
        await upgrade(database)
        working = [asyncio.create_task(insisting(database, name, acknowledged)) for name in SOURCES]
        for share in (PAGES // 4, PAGES // 2):
            await until(lambda share=share: _reached(acknowledged, share))
            told_before = dict(acknowledged)
            os.kill(postmaster(server), ends)
            await asyncio.to_thread(users.enter_context, postgres.running(home))
            held = set(await stored(database, Organization))
            assert {code for name in SOURCES for code in codes(name, told_before[name])} - held == set()
            times += not all(one.done() for one in working)
        async with asyncio.timeout(60):
            await asyncio.gather(*working)
        whole = {code for name in SOURCES for code in codes(name, PAGES)}
        assert (times, set(await stored(database, Organization))) == (2, whole)
        created = select(func.count()).select_from(Change).where(Change.entity == "Organization")
        assert await column(database, created) == [len(whole)]
        assert await column(database, select(func.count()).select_from(Link)) == [len(whole)]
        await database.close()
