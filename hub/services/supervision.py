"""What lies over the statuses of a request: supervision and urging."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict
from hub.models import Request, RequestAction
from hub.services.requests import begin, record


async def supervise(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Put it under supervision (督办)."""
    return await watch(session, viewer, id, note=note)


async def watch(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    note: str | None = None,
    details: Mapping[str, object] | None = None,
) -> Request:
    """The same; `details` go into the event."""
    request = await begin(session, viewer, id, RequestAction.SUPERVISE)
    if request.supervised:
        raise Conflict(f"Request {request.number} is under supervision already: urge it instead.")
    request.supervised = True
    action = RequestAction.SUPERVISE
    return record(session, viewer, request, action, party_id=request.assignee_id, note=note, details=details)


async def release(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """End the supervision (解除督办)."""
    request = await begin(session, viewer, id, RequestAction.RELEASE)
    if not request.supervised:
        raise Conflict(f"Request {request.number} is not under supervision: there is nothing to release.")
    request.supervised = False
    return record(session, viewer, request, RequestAction.RELEASE, party_id=request.assignee_id, note=note)


async def urge(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Urge the party (催办)."""
    return await press(session, viewer, id, note=note)


async def press(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    note: str | None = None,
    details: Mapping[str, object] | None = None,
    party_id: UUID | None = None,
) -> Request:
    """The same; `details` go into the event. `party_id`: it is not the assignee who is urged, but one called in."""
    request = await begin(session, viewer, id, RequestAction.URGE)
    request.urged += 1
    action, urged = RequestAction.URGE, party_id or request.assignee_id
    return record(session, viewer, request, action, party_id=urged, note=note, details=details)
