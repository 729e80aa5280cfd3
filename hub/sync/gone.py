"""What is gone: a run marks only so much as gone, unless a person says why; what was not brought twice is gone too.

a record says so      -> marked as gone, up to the source's limit
a whole read lacks it -> missed; the next whole read lacks it again -> marked as gone, up to the limit
a whole read is empty -> nothing: an empty answer is no deletion

A read may be whole for a part of the keys only: then of that part, and it is empty where nothing of that part came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, any_, exists, func, literal, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Origin
from hub.errors import Conflict
from hub.models import Link, PlanAction, Run, Sighting, Source, now
from hub.plugin import BadRecord, Record
from hub.sync import apply as applying
from hub.sync import reading
from hub.sync.plan import plan
from hub.sync.reading import GONE, read
from hub.sync.references import among
from hub.sync.work import Work, fenced, insist, note, take, totals

FEW, AT_ONCE = 10, 2_000
EVERY_KEY = ""

Complete = frozenset[tuple[str, str]]
"""The kinds that were brought whole, each with the first word of the keys for which that is so, or EVERY_KEY."""


class TooMuchGone(Conflict):
    """More would be marked as gone than the source's limit allows, and nobody has said why."""


async def guard(
    session: AsyncSession, source: Source, closing: int, *, already: int = 0, command: str | None = None
) -> None:
    """Raise TooMuchGone if closing so many things is too much, after those that the run has closed already.

    `command`: what a person says who lets it; to run the source, without it.
    """
    gone = already + closing
    if not closing or gone <= FEW:
        return
    alive = select(func.count()).select_from(Link).where(Link.source_id == source.id, Link.hash.is_distinct_from(GONE))
    known = already + (await session.scalar(alive) or 0)
    if gone > source.most_gone * known:
        raise TooMuchGone(
            f"{gone:,} of {known:,} things would be marked as gone; {source.most_gone:.0%} are allowed. "
            f'If it is right: {command or f"hub sync run {source.name}"} --allow-gone "why".'
        )


async def sight(session: AsyncSession, run: Run, items: Iterable[Record | BadRecord], kinds: frozenset[str]) -> None:
    """Note what a source that brings everything has brought, the bad ones too."""
    seen = {(item.kind, item.key) for item in items if item.kind in kinds and reading.possible(item.key)}
    if not seen:
        return
    columns = [literal(list(part), ARRAY(Text())) for part in zip(*seen, strict=True)]
    source = literal(run.source_id, Link.__table__.c.source_id.type), literal(run.id, Run.__table__.c.id.type)
    rows = select(source[0], func.unnest(columns[0]), func.unnest(columns[1]), source[1])
    statement = insert(Sighting).from_select(["source_id", "kind", "key", "run_id"], rows)
    again = statement.on_conflict_do_update(
        index_elements=["source_id", "kind", "key"], set_={"run_id": statement.excluded.run_id}
    )
    await session.execute(again)


async def seen_again(session: AsyncSession, run: Run, items: Iterable[Record | BadRecord]) -> None:
    """What a read that is not whole brings is there, too: it is missed no longer."""
    keys = among(Link.__table__.c.key, {item.key for item in items if reading.possible(item.key)})
    mine = update(Link).where(Link.source_id == run.source_id, Link.missed_at.is_not(None), keys)
    await session.execute(mine.values(missed_at=None))


async def sweep(work: Work, complete: Complete, *, guarded: bool) -> None:
    """After a whole read: what it lacked is missed, what the last one lacked too is gone.

    Raises TooMuchGone where it is `guarded`.
    """
    async with fenced(work) as session:
        mine, seen = await looked_for(session, work.run, complete)
        await session.execute(update(Link).where(*mine, Link.missed_at.is_not(None), seen).values(missed_at=None))
        await session.execute(update(Link).where(*mine, Link.missed_at.is_(None), ~seen).values(missed_at=now()))
        twice = select(Link.kind, Link.key).where(*mine, Link.missed_at < work.run.started_at).order_by(Link.key)
        missing = [Record(kind, key, {}, deleted=True) for kind, key in await session.execute(twice)]
    if guarded:
        async with work.database.read() as session:
            await guard(session, work.source, len(missing), already=work.run.closed)
    for first in range(0, len(missing), AT_ONCE):
        await insist(partial(_close, work, missing[first : first + AT_ONCE]))


async def looked_for(
    session: AsyncSession, run: Run, complete: Complete
) -> tuple[Sequence[ColumnElement[bool]], ColumnElement[bool]]:
    """Which links a whole read should have brought, and whether it has: none of a kind, or part, that is empty.

    The statistics have not heard of a run that is at work: they promise one row, for which looking through all
    sightings once for each link would do.
    """
    await session.execute(text("SET LOCAL enable_nestloop = off"))
    brought = (Sighting.source_id == run.source_id, Sighting.run_id == run.id)
    kinds = set(await session.scalars(select(Sighting.kind).where(*brought).distinct()))
    found = sorted(kind for kind, part in complete if part == EVERY_KEY and kind in kinds)
    told = Link.kind == any_(literal(found, ARRAY(Text())))
    if parts := {part for _, part in complete} - {EVERY_KEY}:
        there = set(await session.scalars(select(_first_word(Sighting)).where(*brought).distinct())) & parts
        within = [(kind, part) for kind, part in complete if part in there]
        told = or_(told, tuple_(Link.kind, _first_word(Link)).in_(within))
    same = (Sighting.source_id == Link.source_id, Sighting.kind == Link.kind, Sighting.key == Link.key)
    mine = (Link.source_id == run.source_id, told, Link.hash.is_distinct_from(GONE))
    return mine, exists().where(*same, Sighting.run_id == run.id)


def _first_word(table: type[Link] | type[Sighting]) -> ColumnElement[str]:
    """A key up to its first dot."""
    return func.split_part(table.key, ".", 1)


async def _close(work: Work, missing: Sequence[Record]) -> None:
    async with fenced(work) as session:
        planned = await plan(session, work.source.id, read(missing), None)
        done = [one for one in planned if one.action is not PlanAction.REJECT]
        await applying.apply(session, work.source.id, Origin(work.viewer.subject, work.run.id), done)
        total = totals(work.run)
        total.add(applying.counted(one for one in done if one.action is not None))
        values: dict[str, Any] = asdict(total)
        await note(session, work.run, values)
    take(work.run, values)
