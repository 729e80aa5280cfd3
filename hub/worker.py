"""A worker: small loops side by side, each with its own beat, until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, HubError
from hub.models import AlertKind, Run, RunMode
from hub.models.base import now
from hub.services import duplicates, ladder, sources, tally_folding
from hub.services.alerts import clear_alert, raise_alert
from hub.sync import jobs, listening, outbound, schedule, watching
from hub.sync.jobs import Job
from hub.sync.overriding import must_be_open
from hub.sync.period import Days
from hub.sync.registry import Registry
from hub.sync.replaying import replay
from hub.sync.run import run_source
from hub.sync.sources import stored_source
from hub.sync.stored_plan import apply_plan
from hub.sync.undo import undo
from hub.sync.work import AtWork, insist, never_began

VIEWER = system("worker")
Step = Callable[[AsyncSession], Awaitable[bool]]

log = structlog.get_logger("hub.worker")


async def work(db: Database, registry: Registry, stop: asyncio.Event) -> None:
    """Work until `stop` is set. What is at work then is put back into the queue."""

    async def known() -> set[str]:
        async with db.read() as session:
            stored = await session.scalars(sources.visible(VIEWER))
            return {source.name for source in stored} | {preset.name for preset in registry.presets()}

    async def run(job: Job) -> None:
        await carry_out(db, registry, job)

    async def give_up(job: Job, why: str) -> None:
        log.warning("job given up", source=job.source, verb=job.verb, reason=why)
        words = f"It could not begin within {jobs.PATIENCE.seconds // 60} minutes. {why}"
        await never_began(db, job.source, MODES[job.verb], job.started_by, words)

    async with asyncio.TaskGroup() as group:
        for step, seconds in LOOPS:
            group.create_task(_repeat(db, stop, step, seconds))
        group.create_task(listening.listen(db, registry, stop))
        group.create_task(outbound.work(db, registry, stop))
        await jobs.work(db, known, run, stop, give_up)


async def carry_out(db: Database, registry: Registry, job: Job) -> None:
    """Do what a job says. One that is refused before its run begins is a failed run, for people to see.

    Raises NotYet while another run of the source is at work.
    """
    log.info("job begins", source=job.source, verb=job.verb, started_by=job.started_by)
    try:
        done = await _done(db, registry, job)
    except AtWork as error:
        raise jobs.NotYet(str(error)) from error
    except Conflict as error:
        log.warning("job left undone", source=job.source, verb=job.verb, reason=str(error))
    except HubError as error:
        await never_began(db, job.source, MODES[job.verb], job.started_by, str(error))
        raise
    else:
        log.info("job ended", source=job.source, verb=job.verb, run=str(done.id), status=done.status.name)


MODES: dict[jobs.Verb, RunMode] = {
    "run": RunMode.APPLY,
    "plan": RunMode.PLAN,
    "apply": RunMode.APPLY,
    "replay": RunMode.REPLAY,
    "undo": RunMode.UNDO,
}


async def _done(db: Database, registry: Registry, job: Job) -> Run:
    if job.verb == "apply" and job.run is not None:
        return await apply_plan(db, UUID(job.run), started_by=job.started_by, reason=job.reason)
    if job.verb == "undo" and job.run is not None:
        return await undo(db, UUID(job.run), started_by=job.started_by)
    if job.verb == "replay":
        return await replay(db, job.source, started_by=job.started_by)
    days = Days(date.fromisoformat(job.first), date.fromisoformat(job.last)) if job.first and job.last else None
    mode, overrides = MODES[job.verb], job.overrides or None
    if overrides and not job.trusted:
        source = await insist(partial(stored_source, db, registry, job.source))
        if (plugin := registry.plugins.get(source.plugin)) is not None:
            must_be_open(plugin, overrides)
    return await run_source(
        db,
        registry,
        job.source,
        started_by=job.started_by,
        overrides=overrides,
        mode=mode,
        reason=job.reason,
        allow_refused=job.allow_refused,
        days=days,
        full=job.full,
    )


async def _fold(session: AsyncSession) -> bool:
    return await tally_folding.fold(session) >= tally_folding.AT_ONCE


async def _schedule(session: AsyncSession) -> bool:
    await schedule.due(session, now())
    return False


async def _watch(session: AsyncSession) -> bool:
    await watching.look(session, now())
    return False


async def _climb(session: AsyncSession) -> bool:
    return await ladder.climb(session, await ladder.known(session), now()) >= ladder.AT_ONCE


async def _search(session: AsyncSession) -> bool:
    return await duplicates.search(session)


MOST_FAILED = 3
"""So often in a row a loop may fail before people are told."""


async def _tell(db: Database, loop: str, words: str) -> bool:
    """Say that a loop does not get on, if the database takes it; whether that was tried."""
    said = f"The worker's {loop} fails over and over, and is tried again. {words} See the log of `hub worker`."
    with suppress(HubError):
        async with db.write(VIEWER) as session:
            await raise_alert(session, AlertKind.WORKER, None, loop, said)
    return True


LOOPS: tuple[tuple[Step, float], ...] = (
    *((_fold, 1.0), (_schedule, 1.0), (_watch, 3.0)),
    *((_search, 3.0), (_climb, 180.0)),
)


async def _repeat(db: Database, stop: asyncio.Event, step: Step, seconds: float) -> None:
    """One transaction after the other, at once where there is more; a database that is away is asked again.

    What fails here is tried again, and leaves the other loops alone: a worker that ends does nothing for anybody.
    """
    name, failed, told = step.__name__.lstrip("_"), 0, True  # who worked before us may have told of it
    while not stop.is_set():
        more = False
        try:
            async with db.write(VIEWER) as session:
                more = await step(session)
                if told:
                    await clear_alert(session, AlertKind.WORKER, None, name)
            failed, told = 0, False
        except HubError as error:
            failed, words = failed + 1, str(error)
            log.warning("a loop of the worker waits", loop=name, error=words)
        except Exception as error:
            failed, words = failed + 1, f"{type(error).__name__}: {error}"
            log.exception("a loop of the worker failed", loop=name)
        if failed == MOST_FAILED:
            told = await _tell(db, name, words)
        if not more:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), seconds)
