"""A worker: runs what waits in the queue, tells the targets what changed, and folds the tally, until told to stop."""

import asyncio
from contextlib import suppress

import structlog

from hub.auth import system
from hub.db import Database
from hub.errors import HubError
from hub.services import sources, tally_folding
from hub.sync import jobs, outbound
from hub.sync.registry import Registry
from hub.sync.run import run_source

FOLD_SECONDS = 1.0

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
        group.create_task(outbound.work(db, registry, stop))
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
