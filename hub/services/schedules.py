"""When sources run by themselves, and when they do not run at all: admins decide, while everything goes on."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Schedule, Source
from hub.models.base import now
from hub.services import sources, words
from hub.services.cron import next_moment

CHINA = "Asia/Shanghai"
LONGEST_JITTER = 86_400


def visible(viewer: Viewer) -> Select[Schedule]:
    """The schedules, for those who may see sync."""
    return sources.for_admins(viewer, Schedule)


def turn(schedule: Schedule, after: datetime, chance: Callable[[], float] = random.random) -> datetime:
    """When the schedule's next turn comes behind `after`: its delay is drawn here, once."""
    return next_moment(schedule.cron, schedule.timezone, after) + timedelta(seconds=schedule.jitter * chance())


async def set_schedule(
    session: AsyncSession, viewer: Viewer, name: str, *, cron: str, timezone: str = CHINA, jitter: int = 0
) -> Source:
    """Run a source by itself (设定同步计划), from its next turn on. Another schedule of it is replaced.

    Raises Invalid for the field `cron`, `timezone` or `jitter`.
    """
    source = await _source(session, viewer, name)
    if not 0 <= jitter <= LONGEST_JITTER:
        raise Invalid(f"jitter is {jitter}: 0 to {LONGEST_JITTER} seconds are possible, as in 60.", field="jitter")
    schedule = await _schedule(session, source)
    if schedule is None:
        schedule = Schedule(source_id=source.id)
        session.add(schedule)
    schedule.cron, schedule.timezone, schedule.jitter = cron.strip(), timezone.strip(), jitter
    schedule.set_by, source.watched_since = viewer.name, now()
    following = turn(schedule, now())
    schedule.next_at = following if source.enabled else None
    return source


async def clear_schedule(session: AsyncSession, viewer: Viewer, name: str) -> Source:
    """Let a source run only when it is asked to (取消同步计划)."""
    source = await _source(session, viewer, name)
    await session.execute(delete(Schedule).where(Schedule.source_id == source.id))
    return source


async def pause(session: AsyncSession, viewer: Viewer, name: str, *, reason: str) -> Source:
    """Let a source run no more (暂停), neither by its schedule nor by hand, and say why. A run at work goes on."""
    source = await _source(session, viewer, name)
    source.enabled, source.paused_by, source.paused_because = False, viewer.name, words.said(reason, field="reason")
    if (schedule := await _schedule(session, source)) is not None:
        schedule.next_at = None
    return source


async def resume(session: AsyncSession, viewer: Viewer, name: str) -> Source:
    """Let a paused source run again (恢复), by its schedule from the next turn on."""
    source = await _source(session, viewer, name)
    if source.enabled:
        raise Conflict(f"{name} is not paused: there is nothing to resume.")
    source.enabled, source.paused_by, source.paused_because = True, None, None
    source.watched_since = now()
    if (schedule := await _schedule(session, source)) is not None:
        schedule.next_at = turn(schedule, now())
    return source


async def set_quiet_after(session: AsyncSession, viewer: Viewer, name: str, *, minutes: int | None = None) -> Source:
    """Say for how many minutes a source may bring nothing before that is an alert (设定静默告警).

    Without `minutes`: three turns of its schedule without a successful run, where it has one.
    """
    source = await _source(session, viewer, name)
    if minutes is not None and not 1 <= minutes <= 525_600:
        raise Invalid(f"minutes is {minutes}: 1 to 525600 are possible, as in 90.", field="minutes")
    source.quiet_after, source.watched_since = minutes, now()
    return source


async def _source(session: AsyncSession, viewer: Viewer, name: str) -> Source:
    viewer.must("sync:run")
    return await sources.named(session, viewer, name, lock=True)


async def _schedule(session: AsyncSession, source: Source) -> Schedule | None:
    return await session.scalar(select(Schedule).where(Schedule.source_id == source.id).with_for_update())
