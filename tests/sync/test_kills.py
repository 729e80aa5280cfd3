"""A worker is killed at every point of every page: nothing is lost, nothing is twice, others do not notice."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process

import pytest
from sqlalchemy import func, select

from hub.db import Database
from hub.models import Landing, Run, RunStatus, Source
from tests.sync import struck
from tests.sync.sources import cursor, organization, rows, run, told
from tests.sync.struck import POINTS, source
from tests.sync.test_faults import behind, held, whole

VANISHED = "Its worker vanished; what was applied stays, the next run goes on from there."


async def striking(database: Database, strikes: signal.Signals, *points: str, idle: float = 60) -> Process:
    """A process whose workers are struck at these points, one after the other."""
    url = database.url.render_as_string(hide_password=False)
    arguments = (sys.executable, "-m", struck.__name__, url, strikes.name, str(idle), *points)
    return await asyncio.create_subprocess_exec(*arguments, stdout=PIPE)


async def bystanding(database: Database, others: asyncio.Task[tuple[bytes, bytes]]) -> list[tuple[str, str | None]]:
    """Another source, read again and again while others are struck: how its runs ended."""
    ends: list[tuple[str, str | None]] = []
    while not others.done() or not ends:
        done = await run(database, told([organization("by", str(len(ends)))], name="by"), "by", overrides={"any": 1})
        ends.append((done.status.name, done.error))
        await asyncio.sleep(0.05)
    return ends


@pytest.mark.parametrize("page", [1, 2, 3])
async def test_a_run_that_is_killed_at_any_point_of_any_page(database: Database, page: int) -> None:
    names = [f"{page} {point}" for point in POINTS]
    killing = await striking(database, signal.SIGKILL, *names)
    killed = asyncio.create_task(asyncio.wait_for(killing.communicate(), 120))
    assert set(await bystanding(database, killed)) == {("DONE", None)}
    out, _ = killed.result()
    assert out.split()[1::2] == [b"-9"] * len(POINTS)
    for name in names:
        assert await cursor(database, name) == (str(page if name.endswith("committed") else page - 1 or "") or None)
        await behind(database, name)
        assert (await run(database, source(name), name)).error is None
        assert await held(database, name) == whole(name)
        mine = select(Source.id).where(Source.name == name).scalar_subquery()
        ends = await rows(database, select(Run.status, Run.error).where(Run.source_id == mine).order_by(Run.id))
        assert ends == [(RunStatus.FAILED, VANISHED), (RunStatus.DONE, None)]
        landed = select(func.count(), func.count(Landing.sha256.distinct())).join(Run, Run.id == Landing.run_id)
        assert await rows(database, landed.where(Run.source_id == mine)) == [(3, 3)]


async def test_the_changes_of_a_page_are_told_once_though_its_worker_never_heard_of_its_commit(
    database: Database,
) -> None:
    killing = await striking(database, signal.SIGKILL, "1 committed")
    await asyncio.wait_for(killing.communicate(), 60)
    told_once = (await held(database, "1 committed"))["changes"]
    assert told_once == ["CREATED"] * 2
    again = await run(database, source("1 committed"), "1 committed", overrides={"any": 1})  # all of it once more
    assert (again.error, again.created, again.unchanged) == (None, 3, 2)
    assert await held(database, "1 committed") == whole("1 committed")
