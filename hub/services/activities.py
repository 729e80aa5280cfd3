"""Activities (活动): entering them, changing them, calling them off."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid
from hub.models import Activity, Series, now, uuid7
from hub.services import parties, rotas, stations, writing

WRITE = "resources:write"
NAMES: writing.Names = {
    "organizer_id": parties.living,
    "station_id": stations.by_id,
    "series_id": writing.seen("series", Series, rotas.series),
}


def took_place(series: Iterable[UUID], since: datetime, until: datetime) -> Select[UUID | None, datetime]:
    """When activities of some series took place, or began to."""
    wanted = select(Activity.series_id, Activity.starts_at).where(Activity.series_id.in_(series))
    begun = (Activity.starts_at.between(since, until), Activity.starts_at <= now())
    return wanted.where(Activity.closed_on.is_(None), *begun)


class ActivityFields(TypedDict, total=False):
    """What can be written of an activity."""

    title: str
    starts_at: datetime
    ends_at: datetime | None
    code: str | None
    practice: str | None
    category: str | None
    organizer_id: UUID | None
    station_id: UUID | None
    series_id: UUID | None
    grid_id: UUID | None
    attendance: int | None
    closed_on: date | None


async def create_activity(session: AsyncSession, viewer: Viewer, **fields: Unpack[ActivityFields]) -> Activity:
    """Enter an activity (活动): what it is, and when it begins."""
    viewer.must(WRITE)
    made = Activity(id=uuid7())
    _must_end_later(fields.get("starts_at"), fields.get("ends_at"))
    return await writing.enter(session, viewer, made, fields, "title", "starts_at", names=NAMES)


async def update_activity(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[ActivityFields]
) -> Activity:
    """Change what is given of an activity; `closed_on` calls it off."""
    viewer.must(WRITE)
    row = await writing.found(session, "activity", id, stations.activities(viewer).where(Activity.id == id))
    _must_end_later(fields.get("starts_at", row.starts_at), fields.get("ends_at", row.ends_at))
    return await writing.change(session, viewer, row, fields, names=NAMES)


def _must_end_later(starts_at: datetime | None, ends_at: datetime | None) -> None:
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise Invalid(f"ends_at is {ends_at}, before it begins: give a later time.", field="ends_at")
