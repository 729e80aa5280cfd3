"""Requests that say the same (并案): one is handled, the others are merged into it. Every caller stays known."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Request, RequestAction
from hub.services import deadlines, workflow
from hub.services.requests import begin, locked, on_grid, record, taken_back


async def merge(session: AsyncSession, viewer: Viewer, id: UUID, *, into_id: UUID, note: str | None = None) -> Request:
    """Put it under another request that is open (并案). Clusters are one deep, so there are no circles."""
    viewer.must(workflow.TABLE[RequestAction.MERGE].ability)
    if id == into_id:
        raise Invalid("A request cannot be merged into itself: name the other one.", field="into_id")
    for key in sorted((id, into_id)):
        await locked(session, viewer, key)
    request = await begin(session, viewer, id, RequestAction.MERGE)
    into = await locked(session, viewer, into_id)
    if not on_grid(viewer, into):
        raise Forbidden(f"Request {into.number} is not on your grid: ask those above both to merge them.")
    if into.status not in workflow.OPEN:
        raise Conflict(f"Request {into.number} is {into.status.name}: merge into one that is open.")
    under = await session.scalar(select(func.count()).where(Request.merged_into_id == id))
    if under:
        raise Conflict(
            f"{under} requests are merged into {request.number}: merge {into.number} into it, or take them out first."
        )
    request.merged_into_id = into.id
    details = {"into": str(into.id), "into_number": into.number}
    return record(session, viewer, request, RequestAction.MERGE, note=note, details=details)


async def unmerge(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Take it out from under another request (撤销并案): back to where it was, its clock runs on."""
    request = await begin(session, viewer, id, RequestAction.UNMERGE)
    merged, to = await taken_back(session, request, RequestAction.UNMERGE)
    details = deadlines.resume(request, merged.at if merged else None) | {"out_of": str(request.merged_into_id)}
    request.merged_into_id = None
    return record(session, viewer, request, RequestAction.UNMERGE, to=to, note=note, details=details)
