"""Which sources a person should look at: those whose runs fail, and those from which nothing comes any more."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hub.models import Alert, AlertKind, Run, RunMode, RunStatus, Schedule, Source
from hub.services.alerts import clear_alert, raise_alert
from hub.services.cron import next_moment

LOCK = 4_915_210_002  # any number, the same in all processes: one looks at a time
TURNS = 3  # of a schedule without a successful run: then the source is quiet
PULLS = (RunMode.APPLY, RunMode.RECEIVE)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands: when a run of it last succeeded, when one last brought something, and how the last ended."""

    source: Source
    schedule: Schedule | None
    succeeded: datetime | None
    brought: datetime | None
    last: Run | None


@dataclass(frozen=True, slots=True)
class Matter:
    """What is the matter, and when it was last seen to be so; None: it goes on since it began."""

    words: str
    seen: datetime | None = None


async def look(session: AsyncSession, at: datetime) -> None:
    """Raise and clear the alerts of all sources, as they stand at `at`. What is so already is not raised anew."""
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return
    known = await _open(session)
    for one in await _standings(session):
        for kind, matter in ((AlertKind.FAILING, _failing(one)), (AlertKind.QUIET, _quiet(one, at))):
            before = known.get((one.source.id, kind))
            if matter is None:
                if before is not None:
                    await clear_alert(session, kind, one.source.id, "")
            elif before is None or (matter.seen is not None and before < matter.seen):
                await raise_alert(session, kind, one.source.id, "", matter.words)


async def _open(session: AsyncSession) -> dict[tuple[UUID | None, AlertKind], datetime]:
    mine = (Alert.cleared_at.is_(None), Alert.kind.in_([AlertKind.FAILING, AlertKind.QUIET]), Alert.subject == "")
    found = await session.execute(select(Alert.source_id, Alert.kind, Alert.last_at).where(*mine))
    return {(source_id, kind): last_at for source_id, kind, last_at in found}


async def _standings(session: AsyncSession) -> list[Standing]:
    brought = _latest("finished_at", RunStatus.DONE, at_least=1)
    wanted = (
        select(Source, Schedule, _latest("finished_at", RunStatus.DONE), brought, Run)
        .outerjoin(Schedule, Schedule.source_id == Source.id)
        .outerjoin(Run, Run.id == _latest("id", RunStatus.DONE, RunStatus.FAILED))
    )
    return [Standing(*row) for row in await session.execute(wanted)]


def _latest(name: str, *statuses: RunStatus, at_least: int = 0) -> ScalarSelect[Any]:
    """A column of the source's latest pull that ended so, with at least so many records."""
    past = aliased(Run)
    mine = (past.source_id == Source.id, past.mode.in_(PULLS), past.status.in_(statuses), past.records >= at_least)
    chosen = select(getattr(past, name)).where(*mine).order_by(past.id.desc()).limit(1)
    return chosen.correlate(Source).scalar_subquery()


def _failing(one: Standing) -> Matter | None:
    if one.last is None or one.last.status is not RunStatus.FAILED:
        return None
    words = f"The last run failed: {one.last.error} What it did before: hub sync log {one.last.id}"
    return Matter(words, one.last.finished_at)


def _quiet(one: Standing, at: datetime) -> Matter | None:
    """Whether it should have brought something by now. A paused source is quiet by decision."""
    source, begun = one.source, one.source.watched_since or one.source.created_at
    if not source.enabled:
        return None
    if source.quiet_after is not None:
        last = max(begun, one.brought or begun)
        until, what = last + timedelta(minutes=source.quiet_after), f"{source.quiet_after} minutes without a record"
    elif one.schedule is not None:
        last = until = max(begun, one.succeeded or begun)
        for _ in range(TURNS):
            until = next_moment(one.schedule.cron, one.schedule.timezone, until)
        until += timedelta(seconds=one.schedule.jitter)
        what = f"{TURNS} turns of its schedule without a successful run"
    else:
        return None
    if at <= until:
        return None
    words = f"{source.name} is quiet since {last:%Y-%m-%d %H:%M} UTC: {what}."
    return Matter(f"{words} How it went: hub sync history {source.name}")
