"""Sources run by themselves: when a schedule's turn has come, a job is put into the queue in the same transaction."""

import random
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Run, RunMode, RunStatus, Schedule, Source, uuid7
from hub.services.schedules import turn
from hub.sync import jobs, journal
from hub.sync.work import lives

STARTED_BY = "schedule"

log = structlog.get_logger("hub.schedule")


async def due(session: AsyncSession, at: datetime, chance: Callable[[], float] = random.random) -> list[str]:
    """Ask for a run of every source whose turn has come by `at`; the names of those that were asked for.

    A source that waits or is at work already is left out this time, unless it only reads what is pushed: the job waits
    for that. Of turns that went by while nobody looked, there is
    one. Several may look at once: each schedule is seen by one of them.
    """
    mine = select(Schedule, Source).join(Source, Source.id == Schedule.source_id)
    mine = mine.where(Schedule.next_at <= at, Source.enabled).with_for_update(of=Schedule, skip_locked=True)
    asked = []
    for schedule, source in await session.execute(mine.order_by(Schedule.next_at)):
        if not await _at_work(session, source, at) and await jobs.enqueue(session, jobs.Job(source.name, STARTED_BY)):
            asked.append(source.name)
        else:
            log.info("turn left out: the last run still waits or works", source=source.name)
        following = {"last_at": at, "next_at": turn(schedule, at, chance)}
        await session.execute(update(Schedule).where(Schedule.id == schedule.id).values(following))
    return asked


async def _at_work(session: AsyncSession, source: Source, at: datetime) -> bool:
    """Whether somebody pulls from the source; its log then says that a turn was left out."""
    running = select(Run).where(Run.source_id == source.id, Run.status == RunStatus.RUNNING)
    running = running.where(Run.mode != RunMode.RECEIVE)
    alive = [run for run in await session.scalars(running) if lives(run)]
    for run in alive:
        words = "The schedule's turn came and was left out, as this run was still at work."
        await journal.keep(session, run.id, [(uuid7(), at, words)])
    return bool(alive)
