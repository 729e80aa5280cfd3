"""A run at work on a source: its fence, its sign of life, its counts, and how it ends, whatever it does."""

import asyncio
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, system
from hub.db import Database
from hub.errors import Conflict, HubError, NotFound
from hub.models import Run, RunMode, RunStatus, Source, uuid7
from hub.models.base import now
from hub.plugin import SourceError
from hub.prepared import given
from hub.services.shapes import shape
from hub.sync import archive, bulk, journal
from hub.sync.apply import Counts

LEASE = timedelta(seconds=30)
LOOK_SECONDS = 0.4  # so soon a run knows that a person stops it
IN_BETWEEN, TRIES = frozenset({"40001", "40P01", "55P03", "23505"}), 10
COUNTED = (Run.pages, Run.records, Run.created, Run.updated, Run.closed, Run.rejected, Run.unchanged, Run.moved)
T = TypeVar("T")

Progress = Callable[[Run], None]


class AtWork(Conflict):
    """Another run of the source is at work: this one could not begin."""


class TakenOver(Conflict):
    """Another run of the source has begun: this one writes nothing more."""


@dataclass(slots=True)
class Work:
    """A run and under which fence it writes. `secrets`: what none of its words may tell."""

    database: Database
    source: Source
    run: Run
    secrets: Sequence[str] = field(default=(), kw_only=True)

    @property
    def viewer(self) -> Viewer:
        return system(f"source:{self.source.name}", self.source.name)


@contextlib.asynccontextmanager
async def at_work(work: Work, done: RunStatus) -> AsyncIterator[None]:
    """While it works: signs of life, and an ear for a person who stops it. Then it is `done`, failed or cancelled.

    Stopped by a person, what is inside ends here, quietly; stopped with its process, the cancellation goes on.
    """
    task = asyncio.current_task()
    assert task is not None
    journal.lines.set([])
    archive.SECRETS.set(work.secrets)
    watch = asyncio.create_task(_watch(work, task))
    try:
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.wait([watch])
        await _end(work, done)
    except (SourceError, HubError) as error:
        await _end(work, RunStatus.FAILED, str(error))
    except asyncio.CancelledError:
        by = work.run.cancelled_by
        stopped = f"{by} stopped it" if by else "It was stopped"
        await asyncio.shield(_end(work, RunStatus.CANCELLED, f"{stopped}; what was applied stays."))
        if by is None or task.uncancel():
            raise
    except Exception as error:
        await _end(work, RunStatus.FAILED, f"A fault of the hub ({type(error).__name__}); its log says more.")
        raise


async def found(session: AsyncSession, id: UUID) -> tuple[Run, Source]:
    """A run and its source. Raises NotFound."""
    run = await session.get(Run, id)
    if run is None:
        raise NotFound("run", id, "`hub sync history` lists the runs.")
    return run, await session.get_one(Source, run.source_id)


def not_paused(source: Source) -> None:
    """Raise Conflict for a source that a person has paused, with who and why."""
    if not source.enabled:
        why = f" by {source.paused_by}: {source.paused_because}" if source.paused_by else ""
        raise Conflict(f"{source.name} is paused{why}. `hub sync resume {source.name}` lets it run again.")


async def never_began(database: Database, name: str, mode: RunMode, started_by: str, error: str) -> None:
    """Keep a run that was asked for and could not even begin, as a failed one. A source that is not there has none."""
    async with database.write(system("sync")) as session:
        source = await session.scalar(select(Source).where(Source.name == name))
        if source is not None:
            failed = {"status": RunStatus.FAILED, "finished_at": now(), "error": archive.told(error)}
            session.add(Run(source_id=source.id, mode=mode, started_by=started_by, **failed))


async def begin(
    database: Database,
    source: Source,
    started_by: str,
    mode: RunMode,
    told: Mapping[str, Any],
    plan_id: UUID | None = None,
    reason: str | None = None,
) -> Run:
    """A new run with a new fence: whoever wrote under the old one is refused from now on.

    `reason`: why a person lets it do what is guarded.
    """
    async with database.write(system("sync")) as session:
        await session.refresh(locked := await session.get_one(Source, source.id, with_for_update=True))
        running = select(Run).where(Run.source_id == source.id, Run.status == RunStatus.RUNNING)
        for other in await session.scalars(running):
            if lives(other):
                raise AtWork(
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
            reason=reason,
            started_by=started_by,
            fence=fence,
            worker=worker(),
            settings=dict(told),
            began=locked.cursor,
            status=RunStatus.RUNNING,
            **dict.fromkeys((column.key for column in COUNTED), 0),
        )
        session.add(run)
        await session.flush()
        place = "the beginning" if locked.cursor is None else f"its position {locked.cursor:.100}"
        await journal.keep(session, run.id, [(uuid7(), now(), f"{mode.name}, begun by {started_by}, at {place}.")])
    source.cursor, source.fence = locked.cursor, fence
    return run


def lives(run: Run) -> bool:
    """Whether somebody is at work on a run that has not ended."""
    return run.alive_at > now() - LEASE and not dead(run.worker)


def worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def dead(worker: str) -> bool:
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


async def _watch(work: Work, task: asyncio.Task[Any]) -> None:
    """Stop the task when a person has said so; give a sign of life while pages are slow to come."""
    told = asyncio.get_running_loop().time()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        with contextlib.suppress(HubError):
            async with work.database.direct() as connection:
                by = await connection.fetchval("SELECT cancelled_by FROM runs WHERE id = $1", work.run.id)
            if by is not None:
                work.run.cancelled_by = by
                task.cancel()
                return
            if asyncio.get_running_loop().time() - told >= LEASE.total_seconds() / 3:
                told = asyncio.get_running_loop().time()
                await _live(work)


async def _live(work: Work) -> None:
    async with _told(work) as session:
        await session.execute(update(Run).where(Run.id == work.run.id).values(alive_at=now()))


@contextlib.asynccontextmanager
async def _told(work: Work) -> AsyncIterator[AsyncSession]:
    """A transaction of the run, with what is to be kept in its log."""
    said = journal.taken()
    try:
        async with work.database.write(work.viewer, run_id=work.run.id) as session:
            await journal.keep(session, work.run.id, said)
            yield session
    except BaseException:
        journal.give_back(said)
        raise


async def insist(step: Callable[[], Awaitable[T]]) -> T:
    """Do it again where another transaction came in between: nothing of the first try is there."""
    for tries in count(1):
        try:
            return await step()
        except Conflict as error:
            state = getattr(getattr(error.__cause__, "orig", None), "sqlstate", None)
            if state not in IN_BETWEEN or tries == TRIES:
                raise
            journal.say("Another transaction came in between: the same once more.")
            await asyncio.sleep(random.random() * tries / 10)
    raise AssertionError("count() does not end")


_INDEXED = func.set_config("enable_seqscan", "off", literal(True))  # a young table's statistics would ask for the other
_FENCE = bulk.Query(select(Source.fence, _INDEXED).where(Source.id == given("source")).with_for_update())


@contextlib.asynccontextmanager
async def fenced(work: Work) -> AsyncIterator[AsyncSession]:
    """A transaction that only the newest run of the source may commit."""
    async with _told(work) as session:
        fence = await _FENCE.scalar(session, source=work.source.id)
        if fence != work.run.fence:
            raise TakenOver(
                f"Another run of {work.source.name} has taken over; this one stopped and wrote nothing more."
            )
        yield session


def totals(run: Run) -> Counts:
    return Counts(run.created, run.updated, run.closed, run.rejected, run.unchanged)


async def note(session: AsyncSession, run: Run, values: Mapping[str, Any]) -> None:
    await _note(tuple(values)).rows(session, **values, id=run.id, at=now())


@cache
def _note(names: Sequence[str]) -> bulk.Query:
    table = shape(Run).table
    said = {name: given(name) for name in names} | dict.fromkeys(("alive_at", "updated_at"), given("at"))
    return bulk.Query(update(table).where(table.c.id == given("id")).values(said))


def take(run: Run, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(run, name, value)


async def _end(work: Work, status: RunStatus, error: str | None = None) -> None:
    error = error and archive.told(error)
    values = {"status": status, "finished_at": now(), "error": error}
    async with _told(work) as session:
        running = update(Run).where(Run.id == work.run.id, Run.status == RunStatus.RUNNING).values(**values)
        ended = (await session.execute(running.returning(*COUNTED))).one_or_none()
        if ended is not None:
            take(work.run, ended._asdict())
            await journal.keep(session, work.run.id, await journal.end(session, work.run, status, error))
    take(work.run, values)
