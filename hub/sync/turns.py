"""Turns: one sender at a target at a time, on whichever machine; who lost the turn writes nothing more."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Update, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, HubError
from hub.models import Source, Target, TargetStatus
from hub.models.base import now
from hub.services import targets
from hub.sync.work import LEASE

VIEWER = system("outbound")


@dataclass(slots=True)
class Turn:
    """The right to send to a target: its fence, and when it last gave a sign of life."""

    database: Database
    target_id: UUID
    source: Source
    fence: int
    alive_at: datetime


async def take(database: Database, target_id: UUID, at: datetime) -> Turn | None:
    """The turn, where the target is to be told things and nobody alive is at it."""
    mine = _mine(target_id).where(free(at))
    async with database.write(VIEWER) as session:
        taken = mine.values(fence=Target.fence + 1, alive_at=at).returning(Target.fence, Target.source_id)
        row = (await session.execute(taken)).one_or_none()
        source = await session.get_one(Source, row.source_id) if row else None
    return Turn(database, target_id, source, row.fence, at) if row and source else None


def _mine(target_id: UUID, fence: int | None = None) -> Update:
    """A write of the hub's own notes on a target: nobody is told that it changed."""
    found = update(Target).where(Target.id == target_id).values(updated_at=Target.updated_at)
    found = found.execution_options(synchronize_session=None)
    return found if fence is None else found.where(Target.fence == fence)


async def note(session: AsyncSession, turn: Turn, **values: object) -> None:
    """Note down how the target does; the turn is fenced already."""
    await session.execute(_mine(turn.target_id).values(values))


@contextlib.asynccontextmanager
async def fenced(turn: Turn) -> AsyncIterator[tuple[AsyncSession, Target]]:
    """A transaction that only who holds the turn may commit, and the target as it stands, locked."""
    async with turn.database.write(VIEWER) as session:
        mine = targets.visible(VIEWER).where(Target.id == turn.target_id).with_for_update()
        target = (await session.scalars(mine)).one()
        if target.fence != turn.fence:
            raise Conflict(f"Another worker has taken over the deliveries to {turn.source.name}; this one stopped.")
        yield session, target


async def beat(turn: Turn) -> None:
    """Give a sign of life while an answer is slow to come."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        with contextlib.suppress(HubError):
            async with turn.database.write(VIEWER) as session:
                alive = _mine(turn.target_id, turn.fence).values(alive_at=(at := now())).returning(Target.id)
                if await session.scalar(alive) is not None:
                    turn.alive_at = at


async def give_back(turn: Turn) -> None:
    """Let the next one have it."""
    async with turn.database.write(VIEWER) as session:
        await session.execute(_mine(turn.target_id, turn.fence).values(alive_at=None))


def free(at: datetime) -> ColumnElement[bool]:
    """Of a target: it is to be told things, not later than now, and nobody alive is at it."""
    unheld = or_(Target.alive_at.is_(None), Target.alive_at <= at - LEASE)
    rested = or_(Target.next_at.is_(None), Target.next_at <= at)
    enabled = select(Source.id).where(Source.id == Target.source_id, Source.enabled).exists()
    return and_(Target.status == TargetStatus.ACTIVE, unheld, rested, enabled)
