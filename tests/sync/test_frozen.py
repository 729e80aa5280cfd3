"""A worker is frozen for longer than its lease and wakes up: another one has taken over, and it writes nothing."""

import asyncio
import os
import signal
from asyncio.subprocess import Process
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.db import IDLE_SECONDS, Database
from hub.models import Run, RunStatus
from hub.plugin import Record
from hub.sync import work
from tests.sync.crashing import pages
from tests.sync.sources import cursor, rows, run
from tests.sync.struck import source
from tests.sync.test_faults import held, whole
from tests.sync.test_jobs import until
from tests.sync.test_kills import VANISHED, striking

LEASE = timedelta(seconds=1)
IDLE = 1.0


def codes(name: str) -> set[str]:
    """What is told anew by a run that goes on after the first page."""
    return {str(item.key) for page in pages(name)[1:] for item in page if isinstance(item, Record)}


async def frozen(process: Process) -> int:
    """The worker's process, once it is frozen."""
    assert process.stdout is not None
    id = int(await process.stdout.readline())

    async def stopped() -> bool:
        return Path(f"/proc/{id}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    await until(stopped)
    return id


@pytest.mark.parametrize("point", ["1 committed", "2 fenced", "2 applied", "2 placed"])
async def test_a_worker_that_was_frozen_writes_nothing_when_it_wakes_up(
    database: Database, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    monkeypatch.setattr(work, "LEASE", LEASE)
    process = await striking(database, signal.SIGSTOP, point, idle=IDLE)
    zombie = await frozen(process)
    try:
        await asyncio.sleep(LEASE.total_seconds())
        taken_over = await asyncio.wait_for(run(database, source(point, "newer"), point), 20)
        assert (taken_over.status, taken_over.error, taken_over.fence) == (RunStatus.DONE, None, 2)
        as_left = await held(database, point)
        names = {code: "newer" if code in codes(point) else "一" for code in whole(point)["names"]}
        assert (as_left["names"], as_left["links"]) == (names, whole(point)["links"])
    finally:
        os.kill(zombie, signal.SIGCONT)
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    assert out.startswith(b"FAILED: ")
    assert (await held(database, point), await cursor(database, point)) == (as_left, "3")
    found = await rows(database, select(Run.status, Run.fence, Run.error).order_by(Run.fence))
    assert found == [(RunStatus.FAILED, 1, VANISHED), (RunStatus.DONE, 2, None)]


async def test_a_transaction_does_not_hold_its_locks_for_good(database: Database) -> None:
    async with database.read() as session:
        shown = await session.connection()
        found = await shown.exec_driver_sql("SHOW idle_in_transaction_session_timeout")
        assert found.scalar() == f"{IDLE_SECONDS // 60}min"
