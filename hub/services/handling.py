"""Requests in the hands of the party they were sent to: signing, accepting, calling others in, handling."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import CoHandler, Request, RequestAction, now
from hub.services import deadlines, parties, words
from hub.services.requests import begin, called, last, on_grid, record
from hub.services.triage import FINAL_RETURNS, decisions

MOST_CALLED = 20


async def sign(session: AsyncSession, viewer: Viewer, id: UUID) -> Request:
    """Sign for it (签收): the clock starts here, with the working days that the dispatch gave."""
    request = await begin(session, viewer, id, RequestAction.SIGN)
    sent = await last(session, request, RequestAction.DISPATCH)
    days = sent.details.get("days") if sent is not None else None
    request.signed_at = now()
    details: dict[str, object] = {}
    if days is not None:
        deadline = deadlines.after(request.signed_at, days)
        request.due_at, details = deadline.due_at, deadline.details()
    return record(session, viewer, request, RequestAction.SIGN, party_id=request.assignee_id, details=details)


async def accept(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str | None = None) -> Request:
    """Accept it and begin (接单): it is IN_PROGRESS."""
    request = await begin(session, viewer, id, RequestAction.ACCEPT)
    return record(session, viewer, request, RequestAction.ACCEPT, party_id=request.assignee_id, note=note)


async def join(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    party_id: UUID,
    working_days: int | None = None,
    note: str | None = None,
) -> Request:
    """Call another party in beside the assignee (吹哨, 加派), with its own deadline to answer."""
    request = await begin(session, viewer, id, RequestAction.JOIN)
    party = await parties.living(session, viewer, party_id)
    if party.id == request.assignee_id:
        raise Conflict(f"{party.name} handles request {request.number} already: call another party in.")
    others = (await session.scalars(select(CoHandler).where(CoHandler.request_id == request.id))).all()
    if any(other.party_id == party.id and other.responded_at is None for other in others):
        raise Conflict(f"{party.name} was called in and has not answered yet: wait for it, or have it urged.")
    if len(others) >= MOST_CALLED:
        raise Conflict(f"Request {request.number} has called {MOST_CALLED} parties in: no more are possible.")
    days = deadlines.allowance(request) if working_days is None else deadlines.counted(working_days)
    asked_at = now()
    deadline = deadlines.after(asked_at, days)
    session.add(CoHandler(request_id=request.id, party_id=party.id, asked_at=asked_at, due_at=deadline.due_at))
    details = deadline.details()
    return record(session, viewer, request, RequestAction.JOIN, party_id=party.id, note=note, details=details)


async def respond(
    session: AsyncSession, viewer: Viewer, id: UUID, *, reply: str, party_id: UUID | None = None
) -> Request:
    """Answer when called in (响应). Staff of the grid may write down the answer of `party_id`."""
    request = await begin(session, viewer, id, RequestAction.RESPOND)
    party_id = party_id or viewer.party_id
    if party_id is None:
        raise Invalid("Whose answer is it? Give the party that was called in.", field="party_id")
    if party_id != viewer.party_id and not on_grid(viewer, request):
        raise Forbidden(f"You answer for your own party only in request {request.number}.")
    place = await called(session, request, party_id)
    if place is None or place.responded_at is not None:
        state = "was not called in" if place is None else "has answered already"
        raise Conflict(f"The party {state} in request {request.number}: have it called in first.")
    place.reply = words.said(reply, field="reply")
    place.responded_at = now()
    return record(session, viewer, request, RequestAction.RESPOND, party_id=party_id, note=reply)


async def ask_return(session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str) -> Request:
    """Ask to give it back (申请退单). The clock stands still until it is decided; after two decisions it is final."""
    request = await begin(session, viewer, id, RequestAction.ASK_RETURN)
    if await decisions(session, request) >= FINAL_RETURNS:
        raise Conflict(
            f"Returns of request {request.number} were decided on {FINAL_RETURNS} times, and that is final: handle it. "
            "Those who triage on its grid may still escalate it."
        )
    note = words.said(reason, field="reason")
    return record(session, viewer, request, RequestAction.ASK_RETURN, party_id=request.assignee_id, note=note)


async def ask_extension(session: AsyncSession, viewer: Viewer, id: UUID, *, working_days: int, reason: str) -> Request:
    """Ask for so many working days more (申请延期), with a reason, before the deadline has passed."""
    request = await begin(session, viewer, id, RequestAction.ASK_EXTENSION)
    days = deadlines.counted(working_days, least=1)
    if request.due_at is None:
        raise Conflict(f"Request {request.number} has no deadline: there is nothing to extend.")
    if request.due_at < now():
        raise Conflict(f"The deadline of request {request.number} has passed: more time is asked for before it does.")
    note, party_id = words.said(reason, field="reason"), request.assignee_id
    action = RequestAction.ASK_EXTENSION
    return record(session, viewer, request, action, party_id=party_id, note=note, details={"days": days})


async def handle(session: AsyncSession, viewer: Viewer, id: UUID, *, result: str, note: str | None = None) -> Request:
    """Say that it is done (办理完成), and what was done, in words for the caller."""
    request = await begin(session, viewer, id, RequestAction.HANDLE)
    request.result = words.said(result, field="result")
    request.handled_at = now()
    return record(session, viewer, request, RequestAction.HANDLE, party_id=request.assignee_id, note=note)
