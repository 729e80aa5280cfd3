"""Requests on the desk of those who triage: taking in, sending out, deciding on returns and extensions, escalating."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import (
    Grid,
    GridLevel,
    Party,
    Request,
    RequestAction,
    RequestEvent,
    RequestKind,
    RequestLevel,
    RequestStatus,
    Term,
    Urgency,
    now,
)
from hub.services import catalogue, deadlines, grids, merging, parties, step_deadlines, steps, words
from hub.services.requests import LEVELS, begin, last, record, taken_back

FINAL_RETURNS = 2
"""After so many decisions on returns a party cannot ask again: whoever triages forces the assignment."""


class ScopeReason(Term):
    """Why a request is not for this hub (不予受理理由)."""

    JURISDICTION = "Outside the city's jurisdiction (超出管辖范围)."
    EMERGENCY = "For the military, or for 110, 119, 120, 122 (军事或紧急类)."
    PROCEEDINGS = "Before a court, in arbitration or review (诉讼、仲裁、复议)."
    SECRECY = "Touches secrets or somebody's privacy (涉密或隐私)."
    UNLAWFUL = "Against the law or good morals (违法违背公序良俗)."
    NOT_CONNECTED = "For a unit that is not connected (未联网单位)."
    IMPOSSIBLE = "Cannot be handled (无法办理)."


async def ask_info(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str) -> Request:
    """Ask the caller for more (要求补充): it waits in NEEDS_INFO, and a deadline that it has stands still."""
    request = await begin(session, viewer, id, RequestAction.ASK_INFO)
    return record(session, viewer, request, RequestAction.ASK_INFO, note=words.said(note, field="note"))


async def add_info(session: AsyncSession, viewer: Viewer, id: UUID, *, note: str) -> Request:
    """Add what was asked for (补充), by the submitter or by staff who were told: back to where it was."""
    request = await begin(session, viewer, id, RequestAction.ADD_INFO)
    asked, to = await taken_back(session, request, RequestAction.ADD_INFO)
    note = words.said(note, field="note")
    details = deadlines.resume(request, asked.at if asked else None)
    return record(session, viewer, request, RequestAction.ADD_INFO, to=to, note=note, details=details)


async def reject_scope(
    session: AsyncSession, viewer: Viewer, id: UUID, *, reason: ScopeReason, note: str | None = None
) -> Request:
    """Find that it is not for this hub (不予受理), for one of the reasons that the rules know. It ends there."""
    request = await begin(session, viewer, id, RequestAction.REJECT_SCOPE)
    await _must_stand_on_level(session, viewer, request)
    details = {"reason": reason.name}
    record(session, viewer, request, RequestAction.REJECT_SCOPE, note=note, details=details)
    await merging.answer(session, viewer, request, RequestAction.REJECT_SCOPE, note or reason.value)
    return request


async def triage(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    kind: RequestKind | None = None,
    category: str | None = None,
    urgency: Urgency | None = None,
    note: str | None = None,
) -> Request:
    """Examine it (预审, 立案), and put right its kind, category and urgency where they are given."""
    request = await begin(session, viewer, id, RequestAction.TRIAGE)
    await _must_stand_on_level(session, viewer, request)
    waited = request.status is RequestStatus.NEEDS_INFO
    asked = await last(session, request, RequestAction.ASK_INFO) if waited else None
    request.kind = kind or request.kind
    request.category = words.maybe(category, field="category", most=words.LINE) or request.category
    request.urgency = urgency or request.urgency
    details = deadlines.resume(request, asked.at if asked else None)
    return record(session, viewer, request, RequestAction.TRIAGE, note=note, details=details)


async def dispatch(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    party_id: UUID,
    working_days: int | None = None,
    note: str | None = None,
) -> Request:
    """Send it to a party (派单), with a deadline in working days: its kind's and urgency's, unless they are given.

    The party's clock starts when it signs: until then the deadline counts from the dispatch, so that a request that
    nobody signs for becomes overdue too. A deadline that a source set is kept, unless working days are given; so is
    that of a practice's step, where sending it out is no step of it: else the step that comes next has its own. The
    event names the entry of the catalogue that was followed, or overridden; whether the assignment is forced, after so
    many decisions on returns.
    """
    request = await begin(session, viewer, id, RequestAction.DISPATCH)
    await _must_stand_on_level(session, viewer, request)
    party = await parties.living(session, viewer, party_id)
    forced = await decisions(session, request) >= FINAL_RETURNS
    kept = working_days is None and request.due_at is not None and await _keeps(session, request)
    duty = await catalogue.followed(session, viewer, request, party)
    request.assignee_id, request.dispatched_at, request.signed_at = party.id, now(), None
    step = step_deadlines.awaited(session, request, RequestAction.DISPATCH)
    if kept and request.due_at is not None:
        details: dict[str, object] = {"days": None, "due_at": request.due_at.isoformat()}
    elif working_days is None and step is not None and step.days is not None:
        deadline = deadlines.after(request.dispatched_at, step.days)
        request.due_at, details = deadline.due_at, step_deadlines.details(deadline, step)
    else:
        days = deadlines.allowance(request) if working_days is None else deadlines.counted(working_days)
        deadline = deadlines.after(request.dispatched_at, days)
        request.due_at, details = deadline.due_at, deadline.details()
        details |= {} if working_days is None else {"given": True}
    if forced:
        details["forced"] = True
    details |= duty
    return record(session, viewer, request, RequestAction.DISPATCH, party_id=party.id, note=note, details=details)


async def _keeps(session: AsyncSession, request: Request) -> bool:
    """Whether sending it out leaves the deadline as it is: a source's, or that of a step which stays the next one."""
    if await own_days(session, request) is not None:
        return False
    given = await step_deadlines.look(session, request)
    sent = steps.of_action(steps.in_hand(session, request.workflow_id), RequestAction.DISPATCH)
    return not given.ours or (given.of_step and sent is None)


async def decide_return(
    session: AsyncSession, viewer: Viewer, id: UUID, *, granted: bool, reason: str | None = None
) -> Request:
    """Decide whether the party may give it back (退单审核): an arbiter above both, over the request and over the party.

    Granted: RETURNED, without an assignee, for another dispatch. Refused, with a reason: back to where it was, and the
    deadline moves by the working days that the question took.
    """
    if granted:
        return await _grant_return(session, viewer, id, reason)
    action = RequestAction.REFUSE_RETURN
    request = await begin(session, viewer, id, action)
    await _must_stand_above(session, viewer, request)
    note = words.said(reason or "", field="reason")
    asked, to = await taken_back(session, request, action)
    details = deadlines.resume(request, asked.at if asked else None)
    return record(session, viewer, request, action, to=to, party_id=request.assignee_id, note=note, details=details)


async def _grant_return(session: AsyncSession, viewer: Viewer, id: UUID, reason: str | None) -> Request:
    action = RequestAction.GRANT_RETURN
    request = await begin(session, viewer, id, action)
    await _must_stand_above(session, viewer, request)
    party_id = await take_from_party(session, request)
    request.returns += 1
    return record(session, viewer, request, action, party_id=party_id, note=reason)


async def _must_stand_above(session: AsyncSession, viewer: Viewer, request: Request) -> None:
    """Raise Forbidden unless the viewer stands over the party that asks as well, and is not that party."""
    party = await session.get(Party, request.assignee_id) if request.assignee_id else None
    if party is None:
        return
    if party.id == viewer.party_id:
        raise Forbidden(f"{party.name} asks to give request {request.number} back: it does not decide that itself.")
    if party.grid_path is not None and not viewer.covers_path(party.grid_path):
        above = grids.common(request.grid_path, party.grid_path)
        ask = f"those over the grid {above.rstrip('/').rsplit('/', 1)[-1]}" if above else "those who stand everywhere"
        both = f"request {request.number} and {party.name}"
        raise Forbidden(f"Whether it is given back is decided by whoever stands over both, {both}: ask {ask}.")


async def decide_extension(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    granted: bool,
    working_days: int | None = None,
    reason: str | None = None,
) -> Request:
    """Decide whether the party gets more time (延期审核): so many working days more, those asked for unless given."""
    action = RequestAction.GRANT_EXTENSION if granted else RequestAction.REFUSE_EXTENSION
    request = await begin(session, viewer, id, action)
    if not granted:
        note = words.said(reason or "", field="reason")
        return record(session, viewer, request, action, party_id=request.assignee_id, note=note)
    asked = await last(session, request, RequestAction.ASK_EXTENSION)
    days = working_days if working_days is not None else asked.details.get("days") if asked is not None else None
    if days is None:
        raise Invalid("How many working days more? It is not known what was asked for.", field="working_days")
    deadline = deadlines.after(request.due_at or now(), deadlines.counted(days, least=1))
    request.due_at = deadline.due_at
    details = deadline.details()
    return record(session, viewer, request, action, party_id=request.assignee_id, note=reason, details=details)


async def escalate(session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str) -> Request:
    """Take it up to the next loop (升级): estate, community, street, district. The grid stays, the assignee goes.

    It climbs along its own place in the tree: a level that has no grid there is passed over.
    """
    return await take_up(session, viewer, id, reason=reason, rule={})


async def take_up(
    session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str, rule: Mapping[str, object]
) -> Request:
    """The same; by a `rule`, whose words go into the event, it has a deadline on the new level too: so it climbs on."""
    request = await begin(session, viewer, id, RequestAction.ESCALATE)
    levels = list(RequestLevel)
    if request.level is levels[-1]:
        raise Conflict(f"Request {request.number} is on the highest level, {request.level.name}: dispatch it instead.")
    note = words.said(reason, field="reason")
    climbed = await loops(session, viewer, request)
    party_id = await take_from_party(session, request)
    higher = levels[levels.index(request.level) + 1 :]
    before, request.level = request.level, next((level for level in higher if level in climbed), higher[0])
    told: dict[str, object] = {"from_level": before.name, "to_level": request.level.name}
    if (grid := climbed.get(request.level)) is not None:
        told["grid"] = {"code": grid.code, "name": grid.name}
    if rule and step_deadlines.awaited(session, request, RequestAction.ESCALATE) is None:
        deadline = deadlines.after(now(), deadlines.allowance(request))
        request.due_at = deadline.due_at
        told |= deadline.details()
    elif rule:
        request.due_at = None
    told |= rule
    return record(session, viewer, request, RequestAction.ESCALATE, party_id=party_id, note=note, details=told)


async def _must_stand_on_level(session: AsyncSession, viewer: Viewer, request: Request) -> None:
    """Raise Forbidden unless the viewer stands over the grid of the level that the request was taken up to."""
    if request.grid_path is None or "" in viewer.paths:
        return
    climbed = await last(session, request, RequestAction.ESCALATE)
    if climbed is None or climbed.details.get("to_level") != request.level.name:
        return
    grid = (await loops(session, viewer, request)).get(request.level)
    above = grid.path if grid is not None else [*grids.ancestors(request.grid_path), request.grid_path][0]
    if not viewer.covers_path(above):
        raise Forbidden(
            f"Request {request.number} was taken up to the level {request.level.name}: it is for those over "
            f"{grid.name if grid is not None else above.rstrip('/')}. Ask one of them."
        )


async def loops(session: AsyncSession, viewer: Viewer, request: Request) -> dict[RequestLevel, Grid]:
    """By level, the largest grid on the request's own way up that handles on it (四循环)."""
    if request.grid_path is None:
        return {}
    there = grids.visible(viewer).where(Grid.path.in_([*grids.ancestors(request.grid_path), request.grid_path]))
    found: dict[RequestLevel, Grid] = {}
    for grid in await session.scalars(there.order_by(Grid.path)):
        if grid.level not in (GridLevel.PROVINCE, GridLevel.CITY):
            found.setdefault(LEVELS.get(grid.level, RequestLevel.DISTRICT), grid)
    return found


async def decisions(session: AsyncSession, request: Request) -> int:
    """How often a return of this request was decided on, either way."""
    either = RequestEvent.action.in_([RequestAction.GRANT_RETURN, RequestAction.REFUSE_RETURN])
    count = select(func.count()).where(RequestEvent.request_id == request.id, either)
    return (await session.scalars(count)).one()


async def own_days(session: AsyncSession, request: Request) -> int | None:
    """The working days that the hub gave last; None where the deadline is not the hub's, but a source's."""
    given = await last(session, request, RequestAction.DISPATCH, RequestAction.REWORK)
    return given.details.get("days") if given is not None else None


async def take_from_party(session: AsyncSession, request: Request) -> UUID | None:
    """Take it from its party, and the deadline with it if the hub set that. Returns the party."""
    ours = await own_days(session, request) is not None or (
        request.due_at is not None and (await step_deadlines.look(session, request)).ours
    )
    party_id: UUID | None = request.assignee_id
    request.assignee_id = request.signed_at = None
    if ours:
        request.due_at = None
    return party_id
