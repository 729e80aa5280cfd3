"""Codes on walls (码上反馈): what is said through one is a request on its grid."""

from datetime import date
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, NotFound
from hub.models import Channel, Practice, QrPoint, Request, RequestKind, now, uuid7
from hub.services import intake, practices, stations, writing
from hub.services.intake import Caller
from hub.services.working_days import local_day

WRITE = "resources:write"
NAMES: writing.Names = {"station_id": stations.by_id}


def visible(viewer: Viewer) -> Select[QrPoint]:
    """Everybody may see where a code hangs: whoever scans it knows anyway."""
    return select(QrPoint)


class QrPointFields(TypedDict, total=False):
    """What can be written of a code on a wall: what is left out stays, None empties."""

    code: str
    grid_id: UUID
    practice: str | None
    title: str | None
    station_id: UUID | None
    closed_on: date | None


async def create_qr_point(session: AsyncSession, viewer: Viewer, **fields: Unpack[QrPointFields]) -> QrPoint:
    """Hang up a code (二维码点位): what it says, and its grid."""
    viewer.must(WRITE)
    return await writing.enter(session, viewer, QrPoint(id=uuid7()), fields, "code", "grid_id", names=NAMES)


async def update_qr_point(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[QrPointFields]) -> QrPoint:
    """Change what is given of a code; `closed_on` takes it down."""
    viewer.must(WRITE)
    row = await writing.found(session, "QR point", id, visible(viewer).where(QrPoint.id == id))
    return await writing.change(session, viewer, row, fields, names=NAMES)


async def submit_by_code(
    session: AsyncSession,
    viewer: Viewer,
    *,
    code: str,
    title: str,
    content: str | None = None,
    kind: RequestKind = RequestKind.APPEAL,
    caller: Caller | None = None,
) -> Request:
    """Submit a request through a code on a wall (码上反馈): it is on the code's grid, under the code's practice if that
    is there still."""
    viewer.must("requests:submit")
    point = await session.scalar(visible(viewer).where(QrPoint.code == code))
    if point is None:
        raise NotFound("QR point", code, "Scan it again, or submit the request with its grid.")
    if point.closed_on is not None and point.closed_on <= local_day(now()):
        raise Conflict(f"The code {code} was taken down on {point.closed_on}: submit the request with its grid.")
    standing = practices.visible(viewer).where(Practice.code == point.practice, Practice.closed_on.is_(None))
    practice = await session.scalar(standing.with_only_columns(Practice.code))
    return await intake.submit(
        session,
        viewer,
        grid_id=point.grid_id,
        title=title,
        content=content,
        kind=kind,
        channel=Channel.QR_CODE,
        place=point.title,
        practice=practice,
        caller=caller,
    )
