"""Requests on their way out: checking, asking the caller, evaluating, closing, reopening, filing."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Evaluation, Request, RequestAction, RequestStatus, Satisfaction, now
from hub.services import deadlines, privacy, step_deadlines, words
from hub.services.merging import answer
from hub.services.requests import begin, last, on_grid, record


async def verify(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    ok: bool,
    note: str | None = None,
    working_days: int | None = None,
) -> Request:
    """Check it on the spot (核查): VERIFIED, or, with a note that says why, REWORK (重办) under a new deadline."""
    if not ok:
        return await _rework(session, viewer, id, note or "", working_days)
    request = await begin(session, viewer, id, RequestAction.VERIFY)
    return record(session, viewer, request, RequestAction.VERIFY, party_id=request.assignee_id, note=note)


async def _is_answered(session: AsyncSession, request: Request) -> bool:
    """Whether a merged request has had the answer of the one that it is under; where a source has merged it, and says
    not into which, whether that says what was done."""
    if request.merged_into_id is None:
        return request.result is not None or request.handled_at is not None
    answer = await last(session, request, RequestAction.ANSWER)
    merged = await last(session, request, RequestAction.MERGE)
    return answer is not None and (merged is None or merged.at <= answer.at)


async def _rework(session: AsyncSession, viewer: Viewer, id: UUID, note: str, days: int | None) -> Request:
    request = await begin(session, viewer, id, RequestAction.REWORK)
    note = words.said(note, field="note")
    given: dict[str, object] = {} if days is None else {"given": True}
    days = step_deadlines.handling(session, request) if days is None else deadlines.counted(days)
    deadline = deadlines.after(now(), days)
    request.due_at, request.handled_at = deadline.due_at, None
    details, party_id = deadline.details() | given, request.assignee_id
    return record(session, viewer, request, RequestAction.REWORK, party_id=party_id, note=note, details=details)


async def feed_back(
    session: AsyncSession, viewer: Viewer, id: UUID, *, note: str, solved: bool | None = None
) -> Request:
    """Tell the caller, and ask whether it is solved (反馈, 回访). May be repeated: the last answer counts."""
    request = await begin(session, viewer, id, RequestAction.FEED_BACK)
    request.solved = request.solved if solved is None else solved
    note = words.said(note, field="note")
    record(session, viewer, request, RequestAction.FEED_BACK, note=note, details={"solved": solved})
    await answer(session, viewer, request, RequestAction.FEED_BACK, note)
    return request


async def evaluate(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    satisfaction: Satisfaction,
    solved: bool | None = None,
    note: str | None = None,
) -> Request:
    """Evaluate the handling (评价): the submitter, or staff for the caller. The last evaluation counts.

    Staff who took a call down submitted it, and speak for the caller all the same.
    """
    request = await begin(session, viewer, id, RequestAction.EVALUATE)
    if request.status is RequestStatus.MERGED and not await _is_answered(session, request):
        raise Conflict(f"Request {request.number} was not answered yet: evaluate it when the one that it is under was.")
    note = words.maybe(note, field="note")
    privacy.must_stay_clean(request, note=note)
    as_staff = on_grid(viewer, request) and viewer.can("requests:verify")
    submitted = viewer.party_id is not None and viewer.party_id == request.submitter_id
    own = submitted and not (as_staff and request.caller_id is not None)
    by_id = viewer.party_id if own else None
    session.add(Evaluation(request_id=request.id, by_id=by_id, solved=solved, satisfaction=satisfaction, note=note))
    request.satisfaction = satisfaction
    request.solved = request.solved if solved is None else solved
    details = {"satisfaction": satisfaction.name, "solved": solved, "for_the_caller": not own}
    return record(session, viewer, request, RequestAction.EVALUATE, note=note, details=details)


async def close(
    session: AsyncSession, viewer: Viewer, id: UUID, *, result: str | None = None, note: str | None = None
) -> Request:
    """Close it (办结). What was never dispatched may be closed with an answer given at once (直接答复): `result`."""
    request = await begin(session, viewer, id, RequestAction.CLOSE)
    request.result = words.maybe(result, field="result") or request.result
    if request.result is None:
        raise Invalid(f"Request {request.number} has no result: say what the caller was told.", field="result")
    record(session, viewer, request, RequestAction.CLOSE, note=note)
    await answer(session, viewer, request, RequestAction.CLOSE)
    return request


async def reopen(session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str) -> Request:
    """Open it again (重启): TRIAGED, for another dispatch. The caller's earlier verdict counts no more."""
    request = await begin(session, viewer, id, RequestAction.REOPEN)
    note, party_id = words.said(reason, field="reason"), request.assignee_id
    request.assignee_id = request.due_at = request.signed_at = request.handled_at = None
    request.solved = request.satisfaction = None
    return record(session, viewer, request, RequestAction.REOPEN, party_id=party_id, note=note)


async def archive(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """File it (归档): it is not opened again."""
    request = await begin(session, viewer, id, RequestAction.ARCHIVE)
    return record(session, viewer, request, RequestAction.ARCHIVE, note=note)
