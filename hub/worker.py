"""A worker: runs what waits in the queue, source by source, until it is told to stop."""

import asyncio

import structlog

from hub.auth import system
from hub.db import Database
from hub.services import sources
from hub.sync import jobs
from hub.sync.registry import Registry
from hub.sync.run import run_source

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

    await jobs.work(db, known, run, stop)
