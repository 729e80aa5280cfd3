"""Which sources a person should look at: those whose runs fail, and those from which nothing comes any more."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hub.models import (
    Alert,
    AlertKind,
    Arrival,
    ArrivalStatus,
    Rejected,
    RejectedStatus,
    Run,
    RunMode,
    RunStatus,
    Schedule,
    Source,
)
from hub.services.alerts import clear_alert, raise_alert
from hub.services.cron import next_moment
from hub.sync.apart import is_over

LOCK = 4_915_210_002  # any number, the same in all processes: one looks at a time
TURNS = 3  # of a schedule without a successful run: then the source is quiet
PUSH = "push"  # the subject of an alert that is about what a source pushes; "": about pulling from it


def pulled(run: Any) -> ColumnElement[bool]:
    """Whether a run read from its source: not what the source pushed, nor a plan."""
    return and_(run.mode == RunMode.APPLY, run.plan_id.is_(None))


def pushed(run: Any) -> ColumnElement[bool]:
    """Whether a run read what the source pushed."""
    received: ColumnElement[bool] = run.mode == RunMode.RECEIVE
    return received


@dataclass(frozen=True, slots=True)
class Standing:
    """How a source stands: when a pull last succeeded, when one last brought something, and how the last ended.

    pushed     when something was last pushed, and read
    receiving  the last run that was to read what is pushed
    waits      whether something that was pushed waits to be read
    refused    how many records were refused and wait for a person
    """

    source: Source
    schedule: Schedule | None
    succeeded: datetime | None
    brought: datetime | None
    last: Run | None
    pushed: datetime | None
    receiving: Run | None
    waits: bool
    refused: int


@dataclass(frozen=True, slots=True)
class Matter:
    """What is the matter, and when it was last seen to be so; None: it is so while the words are the same."""

    words: str
    seen: datetime | None = None


async def look(session: AsyncSession, at: datetime) -> None:
    """Raise and clear the alerts of all sources, as they stand at `at`. What is so already is not raised anew."""
    if not await session.scalar(select(func.pg_try_advisory_xact_lock(LOCK))):
        return
    await _clear_what_is_over(session)
    known = await _open(session)
    for one in await _standings(session, at):
        for (kind, subject), matter in (
            ((AlertKind.FAILING, ""), _failing(one)),
            ((AlertKind.FAILING, PUSH), _failing_to_receive(one)),
            ((AlertKind.QUIET, ""), _quiet(one, at)),
            ((AlertKind.REJECTED, ""), _refused(one)),
        ):
            before = known.get((one.source.id, kind, subject))
            if matter is None:
                if before is not None:
                    await clear_alert(session, kind, one.source.id, subject)
            elif before is None or _is_news(matter, before):
                await raise_alert(session, kind, one.source.id, subject, matter.words)


async def _clear_what_is_over(session: AsyncSession) -> None:
    stuck = await session.scalars(select(Alert).where(Alert.kind == AlertKind.STUCK, Alert.cleared_at.is_(None)))
    for one in list(stuck):
        if is_over(one.subject):
            await clear_alert(session, AlertKind.STUCK, one.source_id, one.subject)


def _is_news(matter: Matter, before: tuple[datetime, str]) -> bool:
    last_at, words = before
    return words != matter.words if matter.seen is None else last_at < matter.seen


async def _open(session: AsyncSession) -> dict[tuple[UUID | None, AlertKind, str], tuple[datetime, str]]:
    kinds = Alert.kind.in_([AlertKind.FAILING, AlertKind.QUIET, AlertKind.REJECTED])
    mine = (Alert.cleared_at.is_(None), kinds, Alert.subject.in_(["", PUSH]))
    wanted = select(Alert.source_id, Alert.kind, Alert.subject, Alert.last_at, Alert.words)
    found = await session.execute(wanted.where(*mine))
    return {(source_id, kind, subject): (last_at, words) for source_id, kind, subject, last_at, words in found}


async def _standings(session: AsyncSession, at: datetime) -> list[Standing]:
    brought = _latest(pulled, "finished_at", RunStatus.DONE, at_least=1)
    pushes = _latest(pushed, "finished_at", RunStatus.DONE, at_least=1)
    receiving = aliased(Run)
    fresh = Arrival.status == ArrivalStatus.WAITING
    due = and_(Arrival.status == ArrivalStatus.PARKED, Arrival.again_at <= at)
    waits = select(Arrival.id).where(Arrival.source_id == Source.id, or_(fresh, due)).exists()
    done = _latest(pulled, "finished_at", RunStatus.DONE)
    opened = (Rejected.source_id == Source.id, Rejected.status == RejectedStatus.OPEN)
    refused = select(func.count()).where(*opened).correlate(Source).scalar_subquery()
    wanted = (
        select(Source, Schedule, done, brought, Run, pushes, receiving, waits, refused)
        .outerjoin(Schedule, Schedule.source_id == Source.id)
        .outerjoin(Run, Run.id == _latest(pulled, "id", RunStatus.DONE, RunStatus.FAILED))
        .outerjoin(receiving, receiving.id == _latest(pushed, "id", RunStatus.DONE, RunStatus.FAILED))
    )
    return [Standing(*row) for row in await session.execute(wanted)]


def _latest(of: Callable[[Any], ColumnElement[bool]], name: str, *ends: RunStatus, at_least: int = 0) -> Any:
    """A column of the source's latest run of this sort that ended so, with at least so many records."""
    past = aliased(Run)
    mine = (past.source_id == Source.id, of(past), past.status.in_(ends), past.records >= at_least)
    chosen = select(getattr(past, name)).where(*mine).order_by(past.id.desc()).limit(1)
    return chosen.correlate(Source).scalar_subquery()


def _failing(one: Standing) -> Matter | None:
    if one.last is None or one.last.status is not RunStatus.FAILED:
        return None
    words = f"The last run failed: {one.last.error} What it did before: hub sync log {one.last.id}"
    return Matter(words, one.last.finished_at)


def _failing_to_receive(one: Standing) -> Matter | None:
    """Whether what is pushed waits and could not be read. A pull may have taken it along since."""
    if one.receiving is None or one.receiving.status is not RunStatus.FAILED or not one.waits:
        return None
    words = f"What is pushed could not be read: {one.receiving.error} More: hub sync log {one.receiving.id}"
    return Matter(words, one.receiving.finished_at)


def _refused(one: Standing) -> Matter | None:
    if not one.refused:
        return None
    what = "1 record was refused and waits" if one.refused == 1 else f"{one.refused:,} records were refused and wait"
    name = one.source.name
    return Matter(f"{what} for a person. What is wrong, and what to do: hub sync rejected {name}")


def _quiet(one: Standing, at: datetime) -> Matter | None:
    """Whether it should have brought something by now. A paused source is quiet by decision.

    What is pushed is no sign that pulls go well: it counts only of a source that nobody pulls from.
    """
    source, begun = one.source, one.source.watched_since or one.source.created_at
    came = one.brought if one.last or one.schedule else one.pushed
    if not source.enabled:
        return None
    if source.quiet_after is not None:
        last = max(begun, came or begun)
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
