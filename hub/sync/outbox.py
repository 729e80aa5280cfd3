"""The outbox is the change log: what settles there becomes a delivery for every target that it concerns.

    log, settled -> behind the target's place -> of its kinds, not its own word, known to it -> deliveries + new place

A stretch of the log and the target's new place are one transaction; feeding twice does no harm.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.db import Database
from hub.models import Change, ChangeKind, Delivery, DeliveryStatus, Link, Run, RunMode, Target
from hub.services import changes, targets
from hub.sync.kinds import KINDS
from hub.sync.references import among
from hub.sync.work import insist

AT_ONCE = 1_000
STEP = "RequestEvent"
ENTITIES = {kind.model.__name__: kind.name for kind in KINDS.values()} | {STEP: "request"}
PLAIN = frozenset(ChangeKind.__members__)  # what is no step of a request
VIEWER = system("outbox")


async def feed(database: Database) -> int:
    """Carry one stretch of the log into the outbox of each target; how many changes were read."""
    place = (Target.position, Target.change_id)
    news = changes.settled(changes.visible(VIEWER), place).order_by(None).exists()
    async with database.read() as session:
        behind = list(await session.scalars(targets.visible(VIEWER).with_only_columns(Target.id).where(news)))
    return sum([await insist(partial(_feed, database, id)) for id in behind])


async def _feed(database: Database, id: UUID) -> int:
    """The same for one target; 0 also where another worker is at it."""
    async with database.write(VIEWER) as session:
        mine = targets.visible(VIEWER).where(Target.id == id)
        target = await session.scalar(mine.with_for_update(skip_locked=True))
        if target is None:
            return 0
        wanted = changes.settled(changes.visible(VIEWER), (target.position, target.change_id)).limit(AT_ONCE)
        names = (Change.position, Change.id, Change.kind, Change.entity, Change.entity_id, Change.subject_id)
        columns = (*names, Change.run_id, Change.patch["action"].astext.label("step"))
        found = (await session.execute(wanted.with_only_columns(*columns))).all()
        if not found:
            return 0
        if fresh := list(await _concerning(session, target, found)):
            await session.execute(insert(Delivery).on_conflict_do_nothing(), fresh)
        place = {"position": found[-1].position, "change_id": found[-1].id, "updated_at": Target.updated_at}
        await session.execute(update(Target).where(Target.id == id).values(place))
        return len(found)


async def _concerning(session: AsyncSession, target: Target, found: Sequence[Row[Any]]) -> Iterator[dict[str, Any]]:
    """The deliveries that these changes are for this target."""
    wanted = [row for row in found if ENTITIES.get(row.entity) in target.kinds and _named(target, row)]
    runs = {row.run_id for row in wanted if row.run_id is not None}
    own = select(Run.id).where(
        among(Run.__table__.c.id, runs), Run.source_id == target.source_id, Run.mode != RunMode.UNDO
    )
    said_itself = set(await session.scalars(own)) if runs else set()
    wanted = [row for row in wanted if row.run_id not in said_itself]
    if target.known_only:
        known = await _known(session, target, {_subject(row) for row in wanted})
        wanted = [row for row in wanted if _subject(row) in known]
    return (_delivery(target, row) for row in wanted)


def _named(target: Target, row: Row[Any]) -> bool:
    """Whether it is no step of a request, or one that the target is told of."""
    return row.entity != STEP or (row.kind is ChangeKind.CREATED and (not target.events or row.step in target.events))


def _subject(row: Any) -> UUID:
    """What changed: of a step of a request, the request."""
    subject: UUID = row.subject_id if row.entity == STEP else row.entity_id
    return subject


async def _known(session: AsyncSession, target: Target, ids: set[UUID]) -> set[UUID]:
    """Those that the target brought, or was told of before."""
    linked = select(Link.entity_id).where(among(Link.__table__.c.entity_id, ids), Link.source_id == target.source_id)
    mine = (Delivery.target_id == target.id, Delivery.status == DeliveryStatus.SENT)
    told = select(Delivery.entity_id).where(among(Delivery.__table__.c.entity_id, ids), *mine)
    return set(await session.scalars(linked)) | set(await session.scalars(told))


def _delivery(target: Target, row: Row[Any]) -> dict[str, Any]:
    step = row.entity == STEP
    return {
        "target_id": target.id,
        "change_id": row.id,
        "position": row.position,
        "kind": ENTITIES[row.entity],
        "entity_id": row.subject_id if step else row.entity_id,
        "action": row.step if step else row.kind.name,
    }
