"""What admins ask of sync from anywhere: each verb leaves a job for a worker, or stops what is at work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

import orjson
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid, NotFound
from hub.models import Run, RunMode, RunStatus, Source
from hub.models.base import now
from hub.services import sources, words
from hub.sync import jobs, stored_plan, undo
from hub.sync.jobs import Job
from hub.sync.work import lives, not_paused


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting of a source and its value (设置项)."""

    name: str
    value: str


def read(text: str) -> object:
    """What a setting's text says: JSON where it is JSON, else itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


async def run_source(
    session: AsyncSession,
    viewer: Viewer,
    name: str,
    *,
    mode: RunMode = RunMode.APPLY,
    settings: Sequence[Setting] = (),
    since: date | None = None,
    until: date | None = None,
    full: bool = False,
    reason: str | None = None,
    allow_refused: str | None = None,
) -> Source:
    """Leave a pull from a source to a worker (同步): to apply it, or to store a plan.

    Where something of the source waits in the queue or is at work, that is said, and nothing is added.
    """
    viewer.must("sync:run")
    source = await sources.named(session, viewer, name)
    not_paused(source)
    if mode not in (RunMode.APPLY, RunMode.PLAN):
        raise Invalid(f"mode is {mode.name}: a source is run with APPLY or PLAN.", field="mode")
    if (since is None) != (until is None) or (since and until and until < since):
        raise Invalid("A range of days has both ends: since 2026-01-01 until 2026-01-31, say.", field="until")
    overrides = {one.name: read(one.value) for one in settings}
    first, last = (since.isoformat(), until.isoformat()) if since and until else (None, None)
    verb: jobs.Verb = "plan" if mode is RunMode.PLAN else "run"
    job = Job(name, viewer.name, overrides, verb, first=first, last=last, full=full)
    let = words.maybe(allow_refused, field="allowRefused")
    await _ask(session, replace(job, reason=words.maybe(reason, field="reason"), allow_refused=let))
    return source


async def apply_plan(session: AsyncSession, viewer: Viewer, run: UUID, *, reason: str | None = None) -> Run:
    """Leave it to a worker to apply a stored plan, exactly it (执行计划)."""
    planned, source = await _run(session, viewer, run)
    not_paused(source)
    stored_plan.must_wait(planned)
    why = words.maybe(reason, field="reason")
    await _ask(session, Job(source.name, viewer.name, verb="apply", run=str(run), reason=why))
    return planned


async def undo_run(session: AsyncSession, viewer: Viewer, run: UUID) -> Run:
    """Leave it to a worker to take a run back, as far as nobody else has written since (撤销)."""
    meant, source = await _run(session, viewer, run)
    undo.must_have_written(meant)
    await _ask(session, Job(source.name, viewer.name, verb="undo", run=str(run)))
    return meant


async def replay_rejected(session: AsyncSession, viewer: Viewer, name: str) -> Source:
    """Leave it to a worker to read a source's rejected records again (重放)."""
    viewer.must("sync:run")
    source = await sources.named(session, viewer, name)
    await _ask(session, Job(name, viewer.name, verb="replay"))
    return source


async def cancel_run(session: AsyncSession, viewer: Viewer, run: UUID) -> Run:
    """Stop a run (取消): within a second, wherever it works. The page at work is given up, what was applied stays."""
    meant, source = await _run(session, viewer, run, lock=True)
    if meant.status is not RunStatus.RUNNING:
        raise Conflict(f"The run {run} has ended already ({meant.status.name}): there is nothing to stop.")
    meant.cancelled_by = meant.cancelled_by or viewer.name
    if not lives(meant):
        meant.status, meant.finished_at = RunStatus.CANCELLED, now()
        meant.error = f"Its worker vanished, and {viewer.name} stopped it; what was applied stays."
        await session.execute(update(Source).where(Source.id == source.id).values(fence=Source.fence + 1))
        await jobs.drop(session, source.name, taken=True)
    return meant


async def cancel_source(session: AsyncSession, viewer: Viewer, name: str) -> Source:
    """Stop whatever a source does (取消数据源任务): what waits leaves the queue, what works is stopped."""
    viewer.must("sync:run")
    source = await sources.named(session, viewer, name)
    dropped = await jobs.drop(session, name)
    running = sources.runs(viewer).where(Run.source_id == source.id, Run.status == RunStatus.RUNNING)
    at_work = await session.scalar(running.with_only_columns(Run.id).limit(1))
    if at_work is not None:
        await cancel_run(session, viewer, at_work)
    elif not dropped:
        raise Conflict(f"{name} neither waits nor works: there is nothing to stop.")
    return source


async def _run(session: AsyncSession, viewer: Viewer, id: UUID, *, lock: bool = False) -> tuple[Run, Source]:
    viewer.must("sync:run")
    wanted = sources.runs(viewer).where(Run.id == id)
    run = await session.scalar(wanted.with_for_update() if lock else wanted)
    if run is None:
        raise NotFound("run", id, "`hub sync history` lists the runs.")
    return run, await session.get_one(Source, run.source_id)


async def _ask(session: AsyncSession, job: Job) -> None:
    """Put the job into the queue. Raises Conflict where the source has something else to do first.

    A run that reads what is pushed is short: the job waits for it.
    """
    source = select(Source.id).where(Source.name == job.source).scalar_subquery()
    running = select(Run).where(Run.source_id == source, Run.status == RunStatus.RUNNING)
    running = running.where(Run.mode != RunMode.RECEIVE)
    for run in await session.scalars(running):
        if lives(run):
            raise Conflict(
                f"{job.source} is being run since {run.started_at:%H:%M:%S} UTC by {run.started_by} (run {run.id}): "
                "nothing was added. Wait for it, or cancel it."
            )
    if not await jobs.enqueue(session, job):
        known = await jobs.waiting(session, job.source)
        what = f" ({known.verb}, asked for by {known.started_by})" if known else ""
        raise Conflict(f"{job.source} has a job in the queue{what}: nothing was added. Wait for it, or cancel it.")
