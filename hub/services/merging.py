"""Requests that say the same (并案): one is handled, the others are merged into it. Every caller stays known, and gets
the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, system
from hub.db import Origin
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Request, RequestAction, RequestEvent, RequestStatus
from hub.services import deadlines, duplicates, privacy, workflow
from hub.services.requests import begin, last, locked, merged_under, on_grid, record, taken_back, visible

VIEWER = system("merging", "并案")
WAITING = frozenset({RequestStatus.NEEDS_INFO, RequestStatus.RETURN_REQUESTED})
REPORTED: Mapping[RequestStatus, RequestAction] = MappingProxyType(
    {
        RequestStatus.HANDLED: RequestAction.HANDLE,
        RequestStatus.VERIFIED: RequestAction.VERIFY,
        RequestStatus.CALLBACK: RequestAction.FEED_BACK,
        RequestStatus.CLOSED: RequestAction.CLOSE,
        RequestStatus.ARCHIVED: RequestAction.ARCHIVE,
        RequestStatus.REJECTED_SCOPE: RequestAction.REJECT_SCOPE,
    }
)
"""Where a request is handled or has ended by itself, and the step that leads there."""


async def merge(session: AsyncSession, viewer: Viewer, id: UUID, *, into_id: UUID, note: str | None = None) -> Request:
    """Put it under another request that is open (并案): what is answered there is answered here. Clusters are one deep,
    so there are no circles."""
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
    await duplicates.note(session, viewer, id, into_id, merged=True)
    request.merged_into_id = into.id
    details = {"into": str(into.id), "into_number": into.number}
    record(session, viewer, request, RequestAction.MERGE, note=note, details=details)
    if into.status in workflow.DONE:
        _answered(session, viewer, request, into, RequestAction.HANDLE, None)
    return request


async def unmerge(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Take it out from under another request (撤销并案): back to where it was, its clock runs on, and the answer that
    it got there is taken back."""
    request = await begin(session, viewer, id, RequestAction.UNMERGE)
    merged, to = await taken_back(session, request, RequestAction.UNMERGE)
    answered = await _first_answer(session, request, merged)
    if request.merged_into_id is not None:
        await duplicates.note(session, viewer, id, request.merged_into_id, merged=False)
    ran = merged is not None and to not in WAITING  # else it goes on standing still, and that is counted once
    details = deadlines.resume(request, merged.at if merged and ran else None) | {"out_of": str(request.merged_into_id)}
    if merged is not None and (number := merged.details.get("into_number")):
        details["out_of_number"] = number
    if answered is not None:
        opinion = await last(session, request, RequestAction.EVALUATE)
        if opinion is not None and opinion.at >= answered.at:
            request.solved = request.satisfaction = None  # it was about the answer
        before = answered.details["before"]
        request.result = before["result"]
        request.handled_at = datetime.fromisoformat(before["handled_at"]) if before["handled_at"] else None
    request.merged_into_id = None
    return record(session, viewer, request, RequestAction.UNMERGE, to=to, note=note, details=details)


async def _first_answer(session: AsyncSession, request: Request, merged: RequestEvent | None) -> RequestEvent | None:
    """The first answer since it was merged: it knows what stood before."""
    answers = select(RequestEvent).where(
        RequestEvent.request_id == request.id, RequestEvent.action == RequestAction.ANSWER
    )
    if merged is not None:
        answers = answers.where(RequestEvent.at >= merged.at)
    return (await session.scalars(answers.order_by(RequestEvent.at, RequestEvent.id).limit(1))).one_or_none()


async def answer(
    session: AsyncSession, viewer: Viewer, head: Request, by: RequestAction, note: str | None = None
) -> None:
    """Give every request under this one its answer (并案答复), by the step that was taken with it."""
    for request in await merged_under(session, [head.id]):
        _answered(session, viewer, request, head, by, note)


def said_by(before: RequestStatus, after: RequestStatus, *, result: bool) -> RequestAction | None:
    """The step that it comes to when a source reports this of a request, if that is an answer to those under it: it
    was handled or ended, or what was done is told later (`result`)."""
    if after not in REPORTED or not (
        result or before not in REPORTED or (before in workflow.DONE and after in workflow.ENDED)
    ):
        return None
    return REPORTED[after]


async def answer_reported(session: AsyncSession, heads: Mapping[UUID, RequestAction]) -> None:
    """The same where sources reported how these requests ended. It is the hub's own word, so that those sources are
    told as well; a published request that would show a personal number by it is taken back from the public."""
    under = await merged_under(session, heads) if heads else []
    if not under:
        return
    wanted = select(Request).where(Request.id.in_({request.merged_into_id for request in under}))
    rows = await session.scalars(wanted.execution_options(populate_existing=True))
    by_id = {head.id: head for head in rows}
    origin = session.info.get("origin")
    session.info["origin"] = Origin(VIEWER.subject)
    for request in under:
        head = by_id[request.merged_into_id] if request.merged_into_id else request
        if request.public and not privacy.is_clean({"result": head.result}):
            request.public = False
        _answered(session, VIEWER, request, head, heads[head.id], None)
    await session.flush()
    session.info["origin"] = origin


def _answered(
    session: AsyncSession, viewer: Viewer, request: Request, head: Request, by: RequestAction, note: str | None
) -> None:
    handled_at = request.handled_at.isoformat() if request.handled_at else None
    details = {
        "cluster": head.number,
        "by": by.name,
        "result": head.result,
        "before": {"result": request.result, "handled_at": handled_at},
    }
    request.result = head.result or request.result
    request.handled_at = head.handled_at or request.handled_at
    record(session, viewer, request, RequestAction.ANSWER, to=request.status, note=note, details=details)


Asked: TypeAlias = tuple[UUID, UUID | None]
"""Of a request: its id, and under which one it is handled."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The requests that are handled as one, and how many people they came from."""

    head_id: UUID
    size: int
    callers: int


async def clusters(session: AsyncSession, viewer: Viewer, asked: Sequence[Asked]) -> list[Cluster]:
    """The cluster of each request, in one statement; one by itself is a cluster of one. Counts only: who may not see
    the others learns how many they are."""
    heads = {into or id for id, into in asked}
    head = func.coalesce(Request.merged_into_id, Request.id).label("head")
    callers = func.count(func.coalesce(Request.caller_id, Request.submitter_id).distinct())
    wanted = select(head, func.count(), callers).where(or_(Request.id.in_(heads), Request.merged_into_id.in_(heads)))
    found = {id: Cluster(id, size, people) for id, size, people in await session.execute(wanted.group_by(head))}
    return [found[into or id] for id, into in asked]


async def together(
    session: AsyncSession, viewer: Viewer, heads: Sequence[UUID], *, most: int
) -> dict[UUID, list[Request]]:
    """By head, the requests of its cluster that the viewer may see: the head first, then by the time they came in."""
    head = func.coalesce(Request.merged_into_id, Request.id)
    order = (Request.merged_into_id.is_not(None), Request.submitted_at, Request.id)
    place = func.row_number().over(partition_by=head, order_by=order).label("place")
    wanted = visible(viewer).where(or_(Request.id.in_(heads), Request.merged_into_id.in_(heads)))
    ranked = wanted.with_only_columns(Request.id, head.label("head"), place).subquery()
    rows = select(Request, ranked.c.head).join(ranked, ranked.c.id == Request.id).where(ranked.c.place <= most)
    found: dict[UUID, list[Request]] = {id: [] for id in heads}
    for row, id in await session.execute(rows.order_by(ranked.c.head, ranked.c.place)):
        found[id].append(row)
    return found
