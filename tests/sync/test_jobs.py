"""The queue: a job is in with its transaction, once a source; workers share, renew, and give back what they drop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from hub.auth import Viewer
from hub.db import Database
from hub.sync import jobs
from hub.sync.jobs import Job
from hub.upgrade import pending, upgrade

Run = Callable[[Job], Awaitable[None]]


@pytest.fixture
async def queue(database: Database) -> Database:
    """A database with the queue in it."""
    await upgrade(database)
    return database


async def ask(database: Database, hub: Viewer, source: str) -> bool:
    async with database.write(hub) as session:
        return await jobs.enqueue(session, Job(source, "test", {"path": "a.csv"}))


async def waiting(database: Database) -> list[tuple[str, str]]:
    async with database.read() as session:
        found = await session.execute(text("SELECT entrypoint, status FROM pgqueuer ORDER BY id"))
        return [(name, status) for name, status in found]


@asynccontextmanager
async def worker(
    database: Database, *sources: str, run: Run, given_up: list[tuple[str, str]] | None = None
) -> AsyncIterator[None]:
    async def known() -> tuple[str, ...]:
        return sources

    stop = asyncio.Event()

    async def give_up(job: Job, why: str) -> None:
        (given_up if given_up is not None else []).append((job.source, why))

    task = asyncio.create_task(jobs.work(database, known, run, stop, give_up))
    yield
    stop.set()
    await asyncio.wait_for(task, 10)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(500):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not become true within 10 s")


async def test_the_queue_is_made_once_and_then_complete(database: Database) -> None:
    assert any(step.startswith("jobs: CREATE TABLE") for step in await pending(database))
    first, second = await asyncio.gather(upgrade(database), upgrade(database))
    assert sorted((bool(first), bool(second))) == [False, True]
    assert await pending(database) == []


async def test_a_job_is_there_with_its_transaction_or_not_at_all(queue: Database, hub: Viewer) -> None:
    async with queue.write(hub) as session:
        assert await jobs.enqueue(session, Job("divisions", "test")) is True
        await session.rollback()
    assert await waiting(queue) == []


async def test_one_job_a_source_waits(queue: Database, hub: Viewer) -> None:
    asked = [await ask(queue, hub, name) for name in ("divisions", "divisions", "hotline12345")]
    assert asked == [True, False, True]
    assert await waiting(queue) == [("sync:divisions", "queued"), ("sync:hotline12345", "queued")]


async def test_two_workers_share_and_never_run_one_source_twice_at_once(queue: Database, hub: Viewer) -> None:
    ran: list[str] = []
    at_once = {"a": 0, "b": 0}

    async def run(job: Job) -> None:
        at_once[job.source] += 1
        assert at_once[job.source] == 1
        await asyncio.sleep(0.05)
        at_once[job.source] -= 1
        ran.append(job.source)

    async with worker(queue, "a", "b", run=run), worker(queue, "a", "b", run=run):
        for count in range(1, 4):
            assert [await ask(queue, hub, name) for name in ("a", "b")] == [True, True]
            await until(lambda: _empty(queue))
            assert len(ran) == 2 * count
    assert sorted(ran) == ["a", "a", "a", "b", "b", "b"]


async def test_a_failing_job_ends_and_the_next_one_runs(queue: Database, hub: Viewer) -> None:
    seen: list[Job] = []

    async def run(job: Job) -> None:
        seen.append(job)
        raise RuntimeError("the plugin fell over")

    async with worker(queue, "a", run=run):
        await ask(queue, hub, "a")
        await until(lambda: _empty(queue))
        assert await ask(queue, hub, "a") is True
        await until(lambda: _empty(queue))
    assert seen == [Job("a", "test", {"path": "a.csv"})] * 2


async def test_a_job_that_cannot_begin_yet_is_tried_again_until_it_is_given_up(
    queue: Database, hub: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SOON", timedelta(milliseconds=50))
    tries, given_up = 0, list[tuple[str, str]]()

    async def run(_job: Job) -> None:
        nonlocal tries
        tries += 1
        if tries != 3:
            raise jobs.NotYet("busy")

    async with worker(queue, "a", run=run, given_up=given_up):
        await ask(queue, hub, "a")
        await until(lambda: _empty(queue))
        assert (tries, given_up) == (3, [])
        monkeypatch.setattr(jobs, "PATIENCE", timedelta(0))
        await ask(queue, hub, "a")
        await until(lambda: _empty(queue))
    assert (tries, given_up) == (4, [("a", "busy")])


async def test_a_worker_that_is_told_to_stop_puts_its_job_back(queue: Database, hub: Viewer) -> None:
    begun, finished = asyncio.Event(), asyncio.Event()

    async def slow(_job: Job) -> None:
        begun.set()
        await asyncio.sleep(60)

    async def quick(_job: Job) -> None:
        finished.set()

    await ask(queue, hub, "a")
    async with worker(queue, "a", run=slow):
        await asyncio.wait_for(begun.wait(), 10)
    assert await waiting(queue) == [("sync:a", "queued")]
    async with worker(queue, "a", run=quick):
        await asyncio.wait_for(finished.wait(), 10)
        await until(lambda: _empty(queue))


async def test_a_lost_connection_is_renewed(queue: Database, hub: Viewer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOOK", jobs.LOOK / 25)
    ran = asyncio.Event()

    async def run(_job: Job) -> None:
        ran.set()

    async with worker(queue, "a", run=run):
        await asyncio.sleep(0.3)
        async with queue.read() as session:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            await session.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
        await ask(queue, hub, "a")
        await asyncio.wait_for(ran.wait(), 10)


async def _empty(database: Database) -> bool:
    return not await waiting(database)
