"""Rejected records are read again: as they were received, or as a person has mended them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.db import Database, Origin
from hub.models import PlanAction, Rejected, RejectedStatus, Run, RunMode, RunStatus, Source
from hub.models.base import now
from hub.services import sources
from hub.sync import apply as applying
from hub.sync import archive, journal, rejected
from hub.sync.drift import policies
from hub.sync.plan import plan
from hub.sync.planned import Planned
from hub.sync.work import Progress, Work, at_work, begin, fenced, insist, note, take, totals

AT_ONCE = 2_000


async def replay(
    database: Database,
    name: str,
    ids: Sequence[UUID] | None = None,
    *,
    started_by: str,
    progress: Progress | None = None,
) -> Run:
    """Try open work items of a source again, these or all: a run of its own. Returns it, done or failed.

    Raises NotFound, or Conflict where the source is being run.
    """
    async with database.read() as session:
        source = await sources.named(session, system("hub sync replay"), name)
    work = Work(database, source, await begin(database, source, started_by, RunMode.REPLAY, {}))
    work.run.expected = await _number(database, source, ids)
    after: UUID | None = None
    async with at_work(work, RunStatus.DONE):
        while batch := await _open(database, source, ids, after):
            after = batch[-1].id
            await insist(partial(_again, work, batch))
            if progress is not None:
                progress(work.run)
    return work.run


def _those(source: Source, ids: Sequence[UUID] | None) -> Select[Rejected]:
    statement = select(Rejected).where(
        Rejected.source_id == source.id, Rejected.status == RejectedStatus.OPEN, Rejected.record.is_not(None)
    )
    return statement if ids is None else statement.where(Rejected.id.in_(ids))


async def _number(database: Database, source: Source, ids: Sequence[UUID] | None) -> int:
    async with database.read() as session:
        return await session.scalar(select(func.count()).select_from(_those(source, ids).subquery())) or 0


async def _open(database: Database, source: Source, ids: Sequence[UUID] | None, after: UUID | None) -> list[Rejected]:
    statement = _those(source, ids)
    if after is not None:
        statement = statement.where(Rejected.id > after)
    async with database.read() as session:
        return list(await session.scalars(statement.order_by(Rejected.id).limit(AT_ONCE)))


async def _again(work: Work, batch: Sequence[Rejected]) -> None:
    """Take those of these records that make sense now; the others say why not."""
    run, items = work.run, {(one.kind, one.key): one for one in batch}
    async with fenced(work) as session:
        rules = await policies(session, work.source.id)
        readings = rejected.again(list(items.values()), rules)
        planned = await plan(session, work.source.id, readings, None)
        taken = [one for one in planned if one.action is not PlanAction.REJECT]
        await applying.apply(session, work.source.id, Origin(work.viewer.subject, run.id), taken)
        await rejected.heal(session, run, taken)
        await _told(session, run, [one for one in planned if one.action is PlanAction.REJECT], items)
        total = totals(run)
        total.add(applying.counted(planned))
        values = asdict(total) | {"pages": run.pages + 1, "records": run.records + len(items)}
        await note(session, run, values | {"expected": run.expected})
    take(run, values)
    journal.of_page(run)


async def _told(session: AsyncSession, run: Run, refused: Sequence[Planned], items: Mapping[Any, Rejected]) -> None:
    """Note at each work item why it is refused now; what was received, and what a person made of it, stays."""
    if not refused:
        return
    told = [
        {"of": items[archive.name(one.kind), archive.name(one.record.key)].id, "why": archive.told(one.rule)}
        for one in refused
    ]
    new = {"reason": bindparam("why"), "times": Rejected.times + 1, "run_id": run.id, "updated_at": now()}
    statement = update(Rejected).where(Rejected.id == bindparam("of")).values(new)
    await (await session.connection()).execute(statement, told)
