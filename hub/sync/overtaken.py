"""A record that comes again on a later page of a mere plan. The hub would hold what came last, and so does the plan.

    what the plan holds of the record already -> the same, or newer by the source's clock: the later says nothing new
                                              -> else it is taken out, and the later one is planned in its place

A run that applies its pages finds what it has written itself; a plan finds only its own rows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import PlanAction, PlanRow, Run
from hub.sync.apply import Counts
from hub.sync.planned import Identity, Planned, identity
from hub.sync.reading import Readings, older
from hub.sync.references import among

COUNTED = {PlanAction.CREATE: "created", PlanAction.UPDATE: "updated", PlanAction.CLOSE: "closed"}


async def held(session: AsyncSession, run: Run, readings: Readings) -> Mapping[Identity, PlanRow]:
    """What earlier pages of this plan mean to do with these records, as far as they were not refused."""
    keys = {one.record.key for found in readings.understood.values() for one in found}
    mine = (PlanRow.run_id == run.id, PlanRow.action != PlanAction.REJECT)
    return {
        identity(row): row
        for row in await session.scalars(select(PlanRow).where(*mine, among(PlanRow.__table__.c.key, keys)))
    }


def promised(held: Mapping[Identity, PlanRow]) -> dict[Identity, UUID]:
    """The ids of rows that are yet to be made: others may name them already."""
    made = {name: row.entity_id for name, row in held.items() if row.action is PlanAction.CREATE}
    return {name: id for name, id in made.items() if id is not None}


async def overtake(session: AsyncSession, planned: Sequence[Planned], held: Mapping[Identity, PlanRow]) -> Counts:
    """Let the newer one of each two stand; what that adds to the counts of the run."""
    more, out = Counts(), list[PlanRow]()
    for one in planned:
        row = held.get((one.kind, one.record.key))
        if row is None or one.action is PlanAction.REJECT:
            continue
        same = one.hash is not None and one.hash.hex() == row.private["hash"]
        if same or older(one.record.at or one.link_at, _said_at(row)):
            one.action, one.kept, one.linked = None, {}, True
            continue
        out.append(row)
        if (name := COUNTED.get(row.action)) is not None:
            setattr(more, name, getattr(more, name) - 1)
            more.unchanged += 1
    if out:
        mine = (PlanRow.run_id == out[0].run_id, PlanRow.id.in_([row.id for row in out]))
        await session.execute(delete(PlanRow).where(*mine))
    return more


def _said_at(row: PlanRow) -> datetime | None:
    at = row.private["record"]["at"]
    return datetime.fromisoformat(at) if at else None
