"""A worker: runs what waits in the queue, source by source, reads what sources push, and folds the tally, until it is
told to stop."""

import asyncio
import time
from contextlib import suppress

import structlog

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, HubError
from hub.models import RunStatus
from hub.services import arrivals, sources, tally_folding
from hub.sync import jobs, receiving
from hub.sync.registry import Registry
from hub.sync.run import run_source

FOLD_SECONDS = 1.0
LOOK_SECONDS = 0.5  # so soon is seen what a source has pushed
BUSY_SECONDS = 2.0  # so long a source is left alone that is being run
FAILED_SECONDS = 30.0  # so long one whose messages could not be read
FORGET_SECONDS = 3600.0

log = structlog.get_logger("hub.worker")


async def work(db: Database, registry: Registry, stop: asyncio.Event) -> None:
    """Work until `stop` is set. What is at work then is put back into the queue."""

    async def known() -> set[str]:
        async with db.read() as session:
            stored = await session.scalars(sources.visible(system("worker")))
            return {source.name for source in stored} | {preset.name for preset in registry.presets()}

    async def run(job: jobs.Job) -> None:
        log.info("run begins", source=job.source, started_by=job.started_by)
        done = await run_source(db, registry, job.source, started_by=job.started_by, overrides=job.overrides or None)
        log.info("run ended", source=job.source, run=str(done.id), status=done.status.name)

    async with asyncio.TaskGroup() as group:
        group.create_task(_fold(db, stop))
        group.create_task(_receive(db, registry, stop))
        await jobs.work(db, known, run, stop)


async def _fold(db: Database, stop: asyncio.Event) -> None:
    """Fold what writes have appended for the tally; a database that is away is asked again."""
    while not stop.is_set():
        try:
            async with db.write(system("worker")) as session:
                folded = await tally_folding.fold(session)
        except HubError as error:
            log.warning("the tally waits", error=str(error))
            folded = 0
        if folded < tally_folding.AT_ONCE:
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), FOLD_SECONDS)


async def _receive(db: Database, registry: Registry, stop: asyncio.Event) -> None:
    """Read what sources push, each by itself: one that is slow, or fails, holds up no other."""
    at_work: dict[str, asyncio.Task[None]] = {}
    forget_at = 0.0
    try:
        while not stop.is_set():
            try:
                for name in await receiving.waiting(db):
                    if name not in at_work or at_work[name].done():
                        at_work[name] = asyncio.create_task(_receive_from(db, registry, name))
                if time.monotonic() > forget_at:
                    async with db.write(system("worker")) as session:
                        await arrivals.forget(session)
                    forget_at = time.monotonic() + FORGET_SECONDS
            except HubError as error:
                log.warning("what is pushed waits", error=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
    finally:
        for task in at_work.values():
            task.cancel()
        await asyncio.gather(*at_work.values(), return_exceptions=True)


async def _receive_from(db: Database, registry: Registry, name: str) -> None:
    """Read what one source has pushed; then rest, if that is not to be tried again at once."""
    try:
        done = await receiving.receive(db, registry, name, started_by="what was pushed")
        if done is None:
            return
        log.info("messages read", source=name, run=str(done.id), status=done.status.name, messages=done.pages)
        if done.status is not RunStatus.DONE:
            await asyncio.sleep(FAILED_SECONDS)
    except Conflict:
        await asyncio.sleep(BUSY_SECONDS)
    except HubError as error:
        log.warning("what is pushed waits", source=name, error=str(error))
        await asyncio.sleep(FAILED_SECONDS)
    except Exception:
        log.exception("what is pushed waits", source=name)
        await asyncio.sleep(FAILED_SECONDS)
