"""Counting the slow and simple way: every request of a snapshot in Python, one by one."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.models import CoHandler, Grid, GridLevel, Party, Request
from hub.models.grid import peers
from hub.services import parties, tallies
from hub.services.tallies import TallyKey, TallyOf

CHINA = ZoneInfo("Asia/Shanghai")
Counts = dict[tuple[Any, ...], int]


@dataclass(frozen=True)
class Asked:
    """What is counted."""

    by: tuple[TallyKey, ...] = ()
    path: str | None = None
    grid_level: GridLevel | None = None


@dataclass(frozen=True)
class Snapshot:
    """All that a count needs, as one session sees it."""

    session: AsyncSession
    requests: list[Request]
    grids: list[Grid]
    called: set[tuple[UUID, UUID]]

    def counted(self, viewer: Viewer, asked: Asked, shown: dict[UUID, str]) -> Counts:
        found: Counter[tuple[Any, ...]] = Counter()
        for request in self.requests:
            inside = asked.path is None or (request.grid_path or "").startswith(asked.path)
            if inside and self.sees(viewer, request):
                found[tuple(self.value(request, key, asked.grid_level, shown) for key in asked.by)] += 1
        return dict(found) if asked.by else {(): found[()]}

    def sees(self, viewer: Viewer, request: Request) -> bool:
        party, over = viewer.party_id, viewer.can("requests:read") and viewer.covers_path(request.grid_path)
        concerned = party in (request.assignee_id, request.submitter_id) or (request.id, party) in self.called
        return request.public or over or (party is not None and concerned)

    def value(self, request: Request, key: TallyKey, level: GridLevel | None, shown: dict[UUID, str]) -> Any:
        match key:
            case TallyKey.GRID:
                return self.grid(request.grid_path, level)
            case TallyKey.ASSIGNEE:
                return shown.get(request.assignee_id)  # type: ignore[arg-type]
            case TallyKey.DAY | TallyKey.MONTH:
                day = request.submitted_at.astimezone(CHINA).date().isoformat()
                return day if key is TallyKey.DAY else day[:-3]
        return getattr(request, key.name.lower())

    def grid(self, path: str | None, level: GridLevel | None) -> str | None:
        fits = [grid for grid in self.grids if path is not None and path.startswith(grid.path)]
        fits = [grid for grid in fits if (grid.level in peers(level) if level else grid.path == path)]
        return fits[0].code if fits else None


async def snapshot(session: AsyncSession) -> Snapshot:
    called = await session.execute(select(CoHandler.request_id, CoHandler.party_id))
    requests, grids = list(await session.scalars(select(Request))), list(await session.scalars(select(Grid)))
    return Snapshot(session, requests, grids, {(request, party) for request, party in called})


async def told(session: AsyncSession, viewer: Viewer, asked: Asked) -> Counts:
    """What the tally says."""
    rows = await session.execute(
        tallies.tally(viewer, TallyOf.REQUESTS, asked.by, path=asked.path, grid_level=asked.grid_level)
    )
    return {tuple(row[1::2]): int(row[0] or 0) for row in rows}


async def differences(seen: Snapshot, viewer: Viewer, asked: Asked) -> tuple[Counts, Counts]:
    """What the tally says otherwise than the requests, and what they say: ({}, {}) if they agree."""
    names = await seen.session.execute(parties.visible(viewer).with_only_columns(Party.id, Party.type))
    counted = seen.counted(viewer, asked, {id: f"{type.name}:{id}" for id, type in names})
    kept = await told(seen.session, viewer, asked)
    return dict(kept.items() - counted.items()), dict(counted.items() - kept.items())
