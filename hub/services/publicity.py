"""Requests before the public: publishing them, and taking them back."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict
from hub.models import Evaluation, Request, RequestAction, RequestIssue
from hub.services.privacy import SHOWN, must_be_clean
from hub.services.requests import begin, record


async def publish(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Publish it (公示): everybody may read it, never who called. Refused while its words hold a personal number."""
    request = await begin(session, viewer, id, RequestAction.PUBLISH)
    if request.public:
        raise Conflict(f"Request {request.number} is published already.")
    must_be_clean(request, ((field, getattr(request, field)) for field in SHOWN))
    issues = await session.scalars(select(RequestIssue).where(RequestIssue.request_id == request.id))
    must_be_clean(request, ((f"issue {issue.key}", f"{issue.title} {issue.category or ''}") for issue in issues))
    opinions = await session.scalars(select(Evaluation).where(Evaluation.request_id == request.id))
    must_be_clean(request, (("evaluation", opinion.note) for opinion in opinions))
    request.public = True
    return record(session, viewer, request, RequestAction.PUBLISH, note=note)


async def unpublish(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Take it back from the public (撤回公示)."""
    request = await begin(session, viewer, id, RequestAction.UNPUBLISH)
    if not request.public:
        raise Conflict(f"Request {request.number} is not published: there is nothing to take back.")
    request.public = False
    return record(session, viewer, request, RequestAction.UNPUBLISH, note=note)
