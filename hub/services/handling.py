"""Requests in the hands of the party they were sent to: signing, accepting, calling others in, handling."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import Attachment, CoHandler, Request, RequestAction, now
from hub.services import deadlines, parties, words
from hub.services.merging import answer
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
        details |= {name: sent.details[name] for name in ("step", "given") if sent and name in sent.details}
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


async def evaluate_response(
    session: AsyncSession, viewer: Viewer, id: UUID, *, party_id: UUID, ok: bool, note: str | None = None
) -> Request:
    """Say whether a party that was called in has answered well (响应评价), by whoever called it in, once for each
    answer. Where it has not, a note says why."""
    request = await begin(session, viewer, id, RequestAction.EVALUATE_RESPONSE)
    place = await answered(session, request, party_id)
    if place is None:
        raise Conflict(f"The party has given no answer in request {request.number}: wait for it, or have it urged.")
    if place.evaluated_at is not None:
        raise Conflict(f"The party's answer in request {request.number} was evaluated already: call it in again.")
    place.evaluation = words.maybe(note, field="note") if ok else words.said(note or "", field="note")
    place.ok, place.evaluated_at = ok, now()
    details = {"ok": ok, "in_time": in_time(place.due_at, place.responded_at)}
    action = RequestAction.EVALUATE_RESPONSE
    return record(session, viewer, request, action, party_id=party_id, note=note, details=details)


async def answered(session: AsyncSession, request: Request, party_id: UUID) -> CoHandler | None:
    """The party's latest answer."""
    mine = select(CoHandler).where(CoHandler.request_id == request.id, CoHandler.party_id == party_id)
    given = mine.where(CoHandler.responded_at.is_not(None)).order_by(CoHandler.responded_at.desc(), CoHandler.id.desc())
    return (await session.scalars(given.limit(1))).one_or_none()


OVERDUE = and_(CoHandler.responded_at.is_(None), CoHandler.due_at < func.now())
"""Parties called in that have not answered although their deadline has passed (响应超期)."""


def overdue(due_at: datetime | None, responded_at: datetime | None) -> bool:
    """The same of one row."""
    return due_at is not None and responded_at is None and due_at < now()


def in_time(due_at: datetime | None, responded_at: datetime | None) -> bool | None:
    """Whether an answer came before its deadline; None: there is no deadline, or no answer yet."""
    return None if due_at is None or responded_at is None else responded_at <= due_at


async def ask_return(
    session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str, evidence_ids: Sequence[UUID] = ()
) -> Request:
    """Ask to give it back (申请退单), with files of the request as evidence. The clock stands still until it is
    decided; after two decisions it is final."""
    request = await begin(session, viewer, id, RequestAction.ASK_RETURN)
    if await decisions(session, request) >= FINAL_RETURNS:
        raise Conflict(
            f"Returns of request {request.number} were decided on {FINAL_RETURNS} times, and that is final: handle it. "
            "Those who triage on its grid may still escalate it."
        )
    note = words.said(reason, field="reason")
    evidence = await _evidence(session, request, evidence_ids)
    details = {"evidence": evidence} if evidence else {}
    action, party_id = RequestAction.ASK_RETURN, request.assignee_id
    return record(session, viewer, request, action, party_id=party_id, note=note, details=details)


async def _evidence(session: AsyncSession, request: Request, ids: Sequence[UUID]) -> list[dict[str, str]]:
    """The files as the event names them. Raises Invalid for one that is not of this request."""
    if not ids:
        return []
    named = select(Attachment.id, Attachment.name, Attachment.sha256).where(Attachment.request_id == request.id)
    found = {row.id: row for row in await session.execute(named.where(Attachment.id.in_(ids)))}
    if missing := [id for id in ids if id not in found]:
        raise Invalid(
            f"{len(missing)} of the files are not attached to request {request.number}: attach them first.",
            field="evidence_ids",
        )
    return [{"id": str(row.id), "name": row.name, "sha256": row.sha256} for row in map(found.__getitem__, ids)]


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
    """Say that it is done (办理完成), and what was done, in words for the caller, and for those of merged requests."""
    request = await begin(session, viewer, id, RequestAction.HANDLE)
    request.result = words.said(result, field="result")
    request.handled_at = now()
    record(session, viewer, request, RequestAction.HANDLE, party_id=request.assignee_id, note=note)
    await answer(session, viewer, request, RequestAction.HANDLE)
    return request
