"""A run at work on a source: its fence, its sign of life, its counts, and how it ends, whatever it does."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, system
from hub.db import Database
from hub.errors import Conflict, HubError, NotFound
from hub.models import Run, RunMode, RunStatus, Source, uuid7
from hub.models.base import now
from hub.plugin import SourceError
from hub.sync import archive
from hub.sync.apply import Counts

LEASE = timedelta(seconds=30)
IN_BETWEEN, TRIES = frozenset({"40001", "40P01", "55P03", "23505"}), 5
T = TypeVar("T")

Progress = Callable[[Run], None]


class TakenOver(Conflict):
    """Another run of the source has begun: this one writes nothing more."""


@dataclass(slots=True)
class Work:
    """A run and under which fence it writes."""

    database: Database
    source: Source
    run: Run

    @property
    def viewer(self) -> Viewer:
        return system(f"source:{self.source.name}", self.source.name)


@contextlib.asynccontextmanager
async def at_work(work: Work, done: RunStatus) -> AsyncIterator[None]:
    """While it works: signs of life. Then it is `done`, failed or cancelled, with the reason in words."""
    heart = asyncio.create_task(_beat(work))
    try:
        yield
        await _end(work, done)
    except (SourceError, HubError) as error:
        await _end(work, RunStatus.FAILED, str(error))
    except asyncio.CancelledError:
        await asyncio.shield(_end(work, RunStatus.CANCELLED, "It was stopped; what was applied stays."))
        raise
    except Exception as error:
        await _end(work, RunStatus.FAILED, f"A fault of the hub ({type(error).__name__}); its log says more.")
        raise
    finally:
        heart.cancel()


async def found(session: AsyncSession, id: UUID) -> tuple[Run, Source]:
    """A run and its source. Raises NotFound."""
    run = await session.get(Run, id)
    if run is None:
        raise NotFound("run", id, "`hub sync history` lists the runs.")
    return run, await session.get_one(Source, run.source_id)


async def begin(
    database: Database,
    source: Source,
    started_by: str,
    mode: RunMode,
    told: Mapping[str, Any],
    plan_id: UUID | None = None,
) -> Run:
    """A new run with a new fence: whoever wrote under the old one is refused from now on."""
    async with database.write(system("sync")) as session:
        await session.refresh(locked := await session.get_one(Source, source.id, with_for_update=True))
        running = select(Run).where(Run.source_id == source.id, Run.status == RunStatus.RUNNING)
        for other in await session.scalars(running):
            if other.alive_at > now() - LEASE and not _dead(other.worker):
                raise Conflict(
                    f"{source.name} is being run since {other.started_at:%H:%M:%S} UTC by {other.started_by} "
                    f"(run {other.id}). Wait for it, or try again {LEASE.seconds} s after it stops answering."
                )
            other.status, other.finished_at = RunStatus.FAILED, now()
            other.error = "Its worker vanished; what was applied stays, the next run goes on from there."
        fence = locked.fence + 1
        await session.execute(update(Source).where(Source.id == source.id).values(fence=fence))
        run = Run(
            id=uuid7(),
            source_id=source.id,
            mode=mode,
            plan_id=plan_id,
            started_by=started_by,
            fence=fence,
            worker=_worker(),
            settings=dict(told),
            began=locked.cursor,
            status=RunStatus.RUNNING,
            pages=0,
            records=0,
            created=0,
            updated=0,
            closed=0,
            rejected=0,
            unchanged=0,
            moved=0,
        )
        session.add(run)
    source.cursor, source.fence = locked.cursor, fence
    return run


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _dead(worker: str) -> bool:
    """Whether a worker of this very machine is surely gone."""
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


async def _beat(work: Work) -> None:
    """Give a sign of life while pages are slow to come."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        with contextlib.suppress(HubError):
            async with work.database.write(work.viewer) as session:
                await session.execute(update(Run).where(Run.id == work.run.id).values(alive_at=now()))


async def insist(step: Callable[[], Awaitable[T]]) -> T:
    """Do it again where another transaction came in between: nothing of the first try is there."""
    for tries in count(1):
        try:
            return await step()
        except Conflict as error:
            state = getattr(getattr(error.__cause__, "orig", None), "sqlstate", None)
            if state not in IN_BETWEEN or tries == TRIES:
                raise
            await asyncio.sleep(random.random() * tries / 10)
    raise AssertionError("count() does not end")


@contextlib.asynccontextmanager
async def fenced(work: Work) -> AsyncIterator[AsyncSession]:
    """A transaction that only the newest run of the source may commit."""
    async with work.database.write(work.viewer, run_id=work.run.id) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))  # a young table's statistics would ask for it
        fence = await session.scalar(select(Source.fence).where(Source.id == work.source.id).with_for_update())
        if fence != work.run.fence:
            raise TakenOver(
                f"Another run of {work.source.name} has taken over; this one stopped and wrote nothing more."
            )
        yield session


def totals(run: Run) -> Counts:
    return Counts(run.created, run.updated, run.closed, run.rejected, run.unchanged)


async def note(session: AsyncSession, run: Run, values: Mapping[str, Any]) -> None:
    await session.execute(update(Run).where(Run.id == run.id).values(**values, alive_at=now()))


def take(run: Run, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(run, name, value)


async def _end(work: Work, status: RunStatus, error: str | None = None) -> None:
    values = {"status": status, "finished_at": now(), "error": error and archive.told(error)}
    async with work.database.write(work.viewer) as session:
        await session.execute(
            update(Run).where(Run.id == work.run.id, Run.status == RunStatus.RUNNING).values(**values)
        )
    take(work.run, values)
