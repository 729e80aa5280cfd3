"""Requests before the public: publishing them, and keeping what everybody reads free of personal numbers."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict
from hub.models import Evaluation, Request, RequestAction, RequestIssue
from hub.services import words
from hub.services.requests import begin, record

SHOWN = ("title", "content", "category", "place", "result")


async def publish(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Publish it (公示): everybody may read it, never who called. Refused while its words hold a personal number."""
    request = await begin(session, viewer, id, RequestAction.PUBLISH)
    if request.public:
        raise Conflict(f"Request {request.number} is published already.")
    _must_be_clean(request, ((field, getattr(request, field)) for field in SHOWN))
    issues = await session.scalars(select(RequestIssue).where(RequestIssue.request_id == request.id))
    _must_be_clean(request, ((f"issue {issue.key}", f"{issue.title} {issue.category or ''}") for issue in issues))
    opinions = await session.scalars(select(Evaluation).where(Evaluation.request_id == request.id))
    _must_be_clean(request, (("evaluation", opinion.note) for opinion in opinions))
    request.public = True
    return record(session, viewer, request, RequestAction.PUBLISH, note=note)


async def unpublish(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Take it back from the public (撤回公示)."""
    request = await begin(session, viewer, id, RequestAction.UNPUBLISH)
    if not request.public:
        raise Conflict(f"Request {request.number} is not published: there is nothing to take back.")
    request.public = False
    return record(session, viewer, request, RequestAction.UNPUBLISH, note=note)


def must_stay_clean(request: Request, *, note: str | None = None) -> None:
    """Raise Conflict if new words would put a personal number into a request that everybody reads."""
    if request.public:
        _must_be_clean(request, (*((field, getattr(request, field)) for field in SHOWN), ("note", note)))


def _must_be_clean(request: Request, texts: Iterable[tuple[str, str | None]]) -> None:
    for field, text in texts:
        if found := words.personal(text):
            raise Conflict(
                f"The {field} of request {request.number} holds {found}, and everybody can read a published request: "
                "take the number out first."
            )
