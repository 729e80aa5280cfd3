"""The queue of runs to come, in the database: a transaction puts one in, any worker on any machine takes it out.

Behind this file is pgqueuer. One run a source at a time, whoever works. The job of a worker that was killed is taken
over half a minute later, that of a worker that is told to stop is put back at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import orjson
import structlog
from asyncpg import InterfaceError, PostgresError
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Job as QueuedJob
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from hub.db import Database
from hub.errors import Unavailable
from hub.models.base import now

HEARTBEAT = timedelta(seconds=30)  # a worker that is silent for so long is taken for dead
LOOK = timedelta(seconds=5)  # so soon a new source is known, a lost notification made up for, a lost connection renewed
SOON = timedelta(seconds=2)  # then a job is tried again that could not begin
PATIENCE = timedelta(hours=1)  # so long after it was asked for; then it is given up
PREFIX = "sync:"
MINE = "dedupe_key = :name AND status IN ('queued', 'picked')"

log = structlog.get_logger("hub.jobs")


Verb = Literal["run", "plan", "apply", "replay", "undo"]


class NotYet(Exception):
    """A job cannot begin just now: it is put back, and tried again soon."""


@dataclass(frozen=True, slots=True)
class Job:
    """A run to come.

    overrides     other settings, for this run only
    verb          what it is to do; "run" pulls and applies
    run           of "apply" the run that stored the plan, of "undo" the one to take back
    first, last   of "run" and "plan": the days of a range, as 2026-01-31
    trusted       whether it may override any setting: asked for on the hub's machine, not over the graph
    full          of "run": everything is read from the beginning
    reason        of "run" and "apply": why it may mark more as gone than the source's limit
    allow_refused of "run" and "plan": why it may refuse more than the source's limit
    """

    source: str
    started_by: str
    overrides: dict[str, Any] = field(default_factory=dict)
    verb: Verb = "run"
    run: str | None = None
    first: str | None = None
    last: str | None = None
    trusted: bool = False
    full: bool = False
    reason: str | None = None
    allow_refused: str | None = None


async def enqueue(session: AsyncSession, job: Job) -> bool:
    """Ask for a run, in the session's transaction. False: one of that source waits or works already."""
    await session.execute(text("SELECT 1"))  # with the first statement the transaction begins: the job is in it
    queue = await _queries(await session.connection())
    name = PREFIX + job.source
    ids = await queue.enqueue(name, orjson.dumps(asdict(job)), dedupe_key=name, on_conflict="skip")
    return ids[0] is not None


async def waiting(session: AsyncSession, source: str) -> Job | None:
    """The job of that source that waits, or that a worker has taken."""
    payload = await session.scalar(text(f"SELECT payload FROM pgqueuer WHERE {MINE}"), _of(source))
    return None if payload is None else Job(**orjson.loads(payload))


async def drop(session: AsyncSession, source: str, *, taken: bool = False) -> bool:
    """Take the job of that source out of the queue; `taken`: even from a worker, who is gone. Whether there was one."""
    unless = "" if taken else " AND status = 'queued'"
    dropped = await session.execute(text(f"DELETE FROM pgqueuer WHERE {MINE}{unless} RETURNING id"), _of(source))
    return dropped.one_or_none() is not None


async def length(session: AsyncSession) -> int:
    """How many jobs wait."""
    return await session.scalar(text("SELECT count(*) FROM pgqueuer WHERE status = 'queued'")) or 0


def _of(source: str) -> dict[str, str]:
    return {"name": PREFIX + source}


async def pending(connection: AsyncConnection) -> list[str]:
    """The statements that bring the queue's tables to the shape that this version wants."""
    return list((await (await _queries(connection)).plan_upgrade()).statements)


async def install(connection: AsyncConnection) -> None:
    """Make the queue's tables, or bring them to this version's shape."""
    await (await _queries(connection)).apply_upgrade()


async def _queries(connection: AsyncConnection) -> Queries:
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    return Queries(AsyncpgDriver(raw))


async def work(
    db: Database,
    sources: Callable[[], Awaitable[Iterable[str]]],
    run: Callable[[Job], Awaitable[None]],
    stop: asyncio.Event,
    give_up: Callable[[Job, str], Awaitable[None]],
) -> None:
    """Take jobs of these sources and `run` them, until `stop`; a lost connection is renewed.

    Where `run` raises NotYet, the job is tried again for an hour; then `give_up` is told why.
    """
    while not stop.is_set():
        try:
            async with db.engine.connect() as connection:
                await _work(connection, sources, partial(_tried, run, give_up), stop)
        except (Unavailable, DBAPIError, PostgresError, InterfaceError, OSError) as error:
            log.warning("worker lost the database", error=type(error).__name__)
            await _pause(stop)


async def _tried(
    run: Callable[[Job], Awaitable[None]], give_up: Callable[[Job, str], Awaitable[None]], queued: QueuedJob
) -> None:
    job = Job(**orjson.loads(queued.payload or b"{}"))
    try:
        await run(job)
    except NotYet as early:
        if now() - queued.created < PATIENCE:
            raise RetryRequested(delay=SOON, reason=str(early)) from early
        await give_up(job, str(early))


async def _work(
    connection: AsyncConnection,
    sources: Callable[[], Awaitable[Iterable[str]]],
    run: Callable[[QueuedJob], Awaitable[None]],
    stop: asyncio.Event,
) -> None:
    manager = QueueManager(await _queries(connection))
    at_work: set[asyncio.Task[Any]] = set()

    async def handle(queued: QueuedJob) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        try:
            await run(queued)
        except asyncio.CancelledError:
            if stop.is_set():
                raise RetryRequested(reason="The worker was told to stop.") from None
            raise
        finally:
            at_work.discard(task)

    async def learn() -> None:
        while not stop.is_set():
            for name in await sources():
                if PREFIX + name not in manager.entrypoint_registry:
                    manager.entrypoint(PREFIX + name, concurrency_limit=1)(handle)
            await _pause(stop)

    taking = asyncio.create_task(manager.run(dequeue_timeout=LOOK, heartbeat_timeout=HEARTBEAT))
    learning = asyncio.create_task(learn())
    try:
        await asyncio.wait((taking, learning), return_when=asyncio.FIRST_COMPLETED)
    finally:
        manager.shutdown.set()
        learning.cancel()
        for task in tuple(at_work):
            task.cancel()
        ends = await asyncio.gather(taking, learning, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), LOOK.total_seconds())
