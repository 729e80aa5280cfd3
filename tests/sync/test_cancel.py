"""A person stops a run: within a second, wherever it works and whatever it waits for. What was applied stays."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from hub import worker
from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, NotFound
from hub.models import Organization, PlanRow, PlanState, Run, RunMode, RunStatus, Source, uuid7
from hub.models.base import now
from hub.plugin import Page
from hub.sync import jobs, stored_plan
from hub.sync import undo as undoing
from hub.sync.steering import cancel_run, cancel_source
from hub.sync.stored_plan import apply_plan
from hub.sync.undo import undo
from hub.sync.work import begin
from hub.upgrade import upgrade
from tests.sync.sources import column, cursor, installed, organization, plugin, rows, run, stored, told
from tests.sync.test_jobs import until, waiting

ROOT = Path(__file__).parents[2]
closed: list[str] = []


async def hangs(self: Any, cursor: str | None) -> AsyncIterator[Page]:
    """One page, then a read that does not end."""
    try:
        yield Page([organization("A")], cursor="1")
        await asyncio.sleep(60)
    finally:
        closed.append("hangs")


async def clings(self: Any, cursor: str | None) -> AsyncIterator[Page]:
    """One page, then a read that does not even end when it is told to."""
    yield Page([organization("A")], cursor="1")
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        await asyncio.sleep(5)


async def blocks(self: Any, cursor: str | None) -> AsyncIterator[Page]:
    """One page, then a read in a thread."""
    yield Page([organization("A")], cursor="1")
    await asyncio.to_thread(time.sleep, 3)


async def at_work(database: Database, pages: int = 1) -> Run:
    """The run that works, once it has so many pages."""
    found: list[Run] = []

    async def come() -> bool:
        async with database.read() as session:
            running = select(Run).where(Run.status == RunStatus.RUNNING, Run.pages >= pages)
            found[:] = await session.scalars(running)
        return bool(found)

    await until(come)
    return found[0]


async def cancel(database: Database, viewer: Viewer, run: Run) -> float:
    async with database.write(viewer) as session:
        await cancel_run(session, viewer, run.id)
    return time.monotonic()


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("pull", [hangs, clings, blocks])
async def test_a_pull_stops_within_a_second_though_its_plugin_hangs(database: Database, hub: Viewer, pull: Any) -> None:
    closed.clear()
    running = asyncio.create_task(run(database, installed(plugin(pull))))
    began = await cancel(database, hub, await at_work(database))
    done = await running
    assert time.monotonic() - began < 1.5  # a second, and the beat of a busy machine
    assert (done.status, done.pages, done.cancelled_by) == (RunStatus.CANCELLED, 1, "test")
    assert closed == (["hangs"] if pull is hangs else [])
    said = "test stopped it; what was applied stays."
    assert await rows(database, select(Run.status, Run.error)) == [(RunStatus.CANCELLED, said)]
    assert (sorted(await stored(database, Organization)), await cursor(database)) == (["A"], "1")
    again = await run(database, told([organization("A")], [organization("B")]))
    assert (again.status, sorted(await stored(database, Organization))) == (RunStatus.DONE, ["A", "B"])


async def test_the_page_at_work_is_given_up(database: Database, hub: Viewer) -> None:
    await run(database, told([organization("A", "old")]))
    async with database.engine.begin() as other:
        await other.execute(text("SELECT 1 FROM parties FOR UPDATE"))  # the page waits for what somebody else holds
        running = asyncio.create_task(run(database, told([], [organization("A", "new")])))
        began = await cancel(database, hub, await at_work(database, pages=0))
        done = await running
        assert time.monotonic() - began < 1.5
    assert (done.status, done.records) == (RunStatus.CANCELLED, 0)
    assert (await stored(database, Organization))["A"]["name"] == "old"
    assert await cursor(database) == "1"


async def test_an_apply_stops_between_what_is_done_and_what_waits(
    database: Database, hub: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_plan, "AT_ONCE", 2)
    plan = await run(database, told([organization(key) for key in ALPHABET]), mode=RunMode.PLAN)
    applying = asyncio.create_task(apply_plan(database, plan.id, started_by="test", progress=_slowly()))
    await cancel(database, hub, await at_work(database))
    done = await applying
    assert (done.status, done.mode) == (RunStatus.CANCELLED, RunMode.APPLY)
    states = await column(database, select(PlanRow.state).where(PlanRow.run_id == plan.id))
    assert states.count(PlanState.APPLIED) == done.records == len(await stored(database, Organization)) < 26
    monkeypatch.setattr(stored_plan, "AT_ONCE", 2_000)
    rest = await apply_plan(database, plan.id, started_by="test")
    assert (rest.status, len(await stored(database, Organization))) == (RunStatus.DONE, 26)


async def test_an_undo_stops_and_goes_on_later(
    database: Database, hub: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(undoing, "AT_ONCE", 2)
    done = await run(database, told([organization(key) for key in ALPHABET]))
    taking = asyncio.create_task(undo(database, done.id, started_by="test", progress=_slowly()))
    await cancel(database, hub, await at_work(database))
    back = await taking
    assert (back.status, back.mode) == (RunStatus.CANCELLED, RunMode.UNDO)
    gone = [row for row in (await stored(database, Organization)).values() if row["closed_on"]]
    assert 0 < len(gone) == back.closed < 26
    assert (await undo(database, done.id, started_by="test")).status is RunStatus.DONE
    assert all(row["closed_on"] for row in (await stored(database, Organization)).values())


def _slowly() -> Any:
    """Leave the loop to others after each step, as a large one does."""

    def wait(_run: Run) -> None:
        time.sleep(0.3)

    return wait


async def test_a_worker_goes_on_with_other_sources_and_takes_the_next_job(database: Database, hub: Viewer) -> None:
    await upgrade(database)
    registry = installed(plugin(hangs, "slow"), *told([organization("B")], name="other").plugins.values())
    stop = asyncio.Event()
    working = asyncio.create_task(worker.work(database, registry, stop))
    async with database.write(hub) as session:
        await jobs.enqueue(session, jobs.Job("slow", "test"))
    slow = await at_work(database)
    async with database.write(hub) as session:
        await jobs.enqueue(session, jobs.Job("other", "test"))
    await until(lambda: _ended(database, "other", RunStatus.DONE))
    began = await cancel(database, hub, slow)
    await until(lambda: _ended(database, "slow", RunStatus.CANCELLED))
    assert time.monotonic() - began < 1.5
    await until(lambda: _none_waits(database))
    stop.set()
    await asyncio.wait_for(working, 10)


async def _ended(database: Database, name: str, status: RunStatus) -> bool:
    named = select(Run.status).join(Source, Source.id == Run.source_id).where(Source.name == name)
    return await column(database, named) == [status]


async def _none_waits(database: Database) -> bool:
    return await waiting(database) == []


async def test_a_process_of_its_own_is_stopped_as_well(database: Database, hub: Viewer) -> None:
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.sync.hanging", url]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=ROOT)
    began = await cancel(database, hub, await at_work(database))
    await until(lambda: _ended(database, "told", RunStatus.CANCELLED))
    assert time.monotonic() - began < 1.5
    said, _ = await asyncio.wait_for(process.communicate(), 10)
    assert (said, process.returncode) == (b"CANCELLED", 0)


async def test_a_job_that_waits_is_taken_out(database: Database, hub: Viewer) -> None:
    await upgrade(database)
    await run(database, told([]))
    async with database.write(hub) as session:
        await jobs.enqueue(session, jobs.Job("told", "test"))
    async with database.write(hub) as session:
        await cancel_source(session, hub, "told")
    assert await waiting(database) == []
    with pytest.raises(Conflict, match="told neither waits nor works"):
        async with database.write(hub) as session:
            await cancel_source(session, hub, "told")


async def test_a_run_whose_worker_vanished_is_ended_and_comes_to_nothing(database: Database, hub: Viewer) -> None:
    await upgrade(database)
    await run(database, told([]))
    async with database.write(hub) as session:
        source = (await session.scalars(select(Source))).one()
    lost = await begin(database, source, "test", RunMode.APPLY, {})
    async with database.write(hub) as session:
        await session.execute(update(Run).where(Run.id == lost.id).values(alive_at=now() - timedelta(minutes=1)))
    await cancel(database, hub, lost)
    said = "Its worker vanished, and test stopped it; what was applied stays."
    ended = select(Run.status, Run.error).where(Run.id == lost.id)
    assert await rows(database, ended) == [(RunStatus.CANCELLED, said)]
    assert await column(database, select(Source.fence)) == [lost.fence + 1]  # should it wake up, it may write nothing


async def test_what_has_ended_and_what_is_not_there_cannot_be_stopped(database: Database, hub: Viewer) -> None:
    done = await run(database, told([]))
    with pytest.raises(Conflict, match=r"has ended already \(DONE\)"):
        await cancel(database, hub, done)
    with pytest.raises(NotFound):
        await cancel(database, hub, Run(id=uuid7()))
    with pytest.raises(Forbidden):
        await cancel(database, Viewer("d", ROLES["district"], ("",), name="d"), done)
    assert await column(database, select(Run.cancelled_by)) == [None]


async def test_a_task_that_is_stopped_with_its_process_is_not_swallowed(database: Database) -> None:
    running = asyncio.create_task(run(database, installed(plugin(hangs))))
    await at_work(database)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await rows(database, select(Run.status, Run.cancelled_by)) == [(RunStatus.CANCELLED, None)]
