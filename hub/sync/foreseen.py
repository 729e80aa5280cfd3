"""What a plan holds of that which a whole read lacks: what would be gone, and what would only be noted.

    missed before, lacked again -> CLOSE, like a record that says so
    lacked for the first time   -> NOTE
    missed before, there again  -> NOTE

A part is carried out only while the link stands as it stood: what has come again since is not gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import and_, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Link, PlanAction, PlanRow, Run
from hub.models.base import now
from hub.plugin import Record
from hub.sync import apply as applying
from hub.sync import gone, journal
from hub.sync.gone import AT_ONCE, TooMuchGone
from hub.sync.plan import Moment, plan
from hub.sync.planned import Identity, Planned, identity
from hub.sync.reading import GONE, read
from hub.sync.references import among
from hub.sync.work import Work, fenced, insist, note, take, totals

Looked = tuple[str, str, UUID, datetime | None, bool]
"""Kind, key, row, since when it is missed, whether it was seen now."""


async def foresee(work: Work, complete: gone.Complete) -> None:
    """After a whole read that is only planned: store what `gone.sweep` would do."""
    after: Identity = ("", "")
    stored = 0
    while batch := await _looked(work, complete, after):
        after = batch[-1][:2]
        stored += await insist(partial(_store, work, batch, stored))
    if stored:
        journal.say(f"{stored:,} parts of the plan are about what this whole read lacks, or has again.")


async def guard(work: Work) -> None:
    """Note at the plan why it would be stopped, if it would."""
    command = f"hub sync apply {work.run.id}"
    async with fenced(work) as session:
        try:
            await gone.guard(session, work.source, work.run.closed, command=command)
        except TooMuchGone as error:
            await note(session, work.run, values := {"guarded": str(error)})
            take(work.run, values)


async def _looked(work: Work, complete: gone.Complete, after: Identity) -> list[Looked]:
    async with work.database.read() as session:
        mine, seen = await gone.looked_for(session, work.run, complete)
        told = or_(~seen, Link.missed_at.is_not(None))
        wanted = select(Link.kind, Link.key, Link.entity_id, Link.missed_at, seen).where(*mine, told)
        wanted = wanted.where(tuple_(Link.kind, Link.key) > tuple_(*after))
        found = await session.execute(wanted.order_by(Link.kind, Link.key).limit(AT_ONCE))
        return [(kind, key, id, missed, is_seen) for kind, key, id, missed, is_seen in found]


async def _store(work: Work, batch: Sequence[Looked], after: int) -> int:
    missed = {(kind, key): since for kind, key, _, since, seen in batch if since and not seen}
    gone_ones = read([Record(kind, key, {}, deleted=True) for kind, key in missed])
    async with fenced(work) as session:
        planned = await plan(session, work.source.id, gone_ones, {}, Moment(work.run.started_at))
        for one in planned:
            since = missed[one.kind, one.record.key]
            one.lacked, one.rule = True, f"lacked by two whole reads: by one of {_day(since)}, and by this one"
        closed = sum(one.action is PlanAction.CLOSE for one in planned)
        shown = [one for one in planned if one.shown_as is not None]
        shown += [_noted(looked) for looked in batch if looked[:2] not in missed]
        await applying.store(session, work.run, shown, after=after)
        total = totals(work.run)
        total.closed += closed
        await note(session, work.run, values := asdict(total))
    take(work.run, values)
    return len(shown)


def _noted(looked: Looked) -> Planned:
    kind, key, id, since, seen = looked
    if seen and since:
        rule = f"it is there again: it was missed since {_day(since)}"
    else:
        rule = "lacked for the first time: if the next whole read lacks it too, it is gone"
    record = Record(kind, key, {}, deleted=not seen)
    return Planned(record, kind, None, id, linked=True, rule=rule, lacked=not seen, noted=True)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def lacked(row: PlanRow) -> bool:
    """Whether a row of a plan is about what nobody said is gone: a whole read lacks it, or has it again."""
    return row.action is PlanAction.NOTE or bool(row.private.get("lacked"))


async def carry_out(
    session: AsyncSession, planned: Run, rows: Sequence[PlanRow], *, outdated: bool
) -> Mapping[Identity, str | None]:
    """Note what is to be noted; of rows that are about what was lacked, why they cannot be done. None: it is done.

    A CLOSE is not done here: only what stands against it is told.
    """
    mine = {identity(row): row for row in rows if lacked(row)}
    if not mine:
        return {}
    links = await _links(session, planned, mine)
    reasons = {
        name: _moved(row, links[name], planned.started_at, outdated) if name in links else "It is gone already."
        for name, row in mine.items()
    }
    for missed_at, said in ((now(), True), (None, False)):
        noted = [
            name
            for name, row in mine.items()
            if row.action is PlanAction.NOTE and reasons[name] is None and bool(row.private["lacked"]) is said
        ]
        if noted:
            these = (Link.source_id == planned.source_id, tuple_(Link.kind, Link.key).in_(noted))
            await session.execute(update(Link).where(*these).values(missed_at=missed_at))
    return {name: why for name, why in reasons.items() if why or mine[name].action is PlanAction.NOTE}


async def _links(
    session: AsyncSession, planned: Run, rows: Mapping[Identity, PlanRow]
) -> dict[Identity, datetime | None]:
    """Since when each of them is missed; those that are gone or unlinked by now are left out."""
    keys = among(Link.__table__.c.key, {key for _, key in rows})
    mine = and_(Link.source_id == planned.source_id, keys, Link.hash.is_distinct_from(GONE))
    found = await session.execute(select(Link.kind, Link.key, Link.missed_at).where(mine).with_for_update())
    return {(kind, key): missed_at for kind, key, missed_at in found if (kind, key) in rows}


def _moved(row: PlanRow, missed: datetime | None, planned_at: datetime, outdated: bool) -> str | None:
    if row.action is PlanAction.NOTE and row.private["lacked"]:
        if outdated:
            return "Another run has read the source since, and knows better."
        return "It is noted already." if missed is not None else None
    if missed is None:
        return "It has come again since the plan was made."
    return None if missed < planned_at else "It has come since the plan was made, and is missed anew."
