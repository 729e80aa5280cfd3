"""Requests: who sees them, how they come in, and how each step of their life is begun and recorded.

The steps themselves are in the files beside: triage, handling, closing, merging, supervision, attachments. What is
possible when, and for whom, is the table in workflow.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Forbidden, NotFound
from hub.models import (
    Attachment,
    CoHandler,
    DuplicateSuggestion,
    Evaluation,
    GridLevel,
    Identity,
    Request,
    RequestAction,
    RequestEvent,
    RequestIssue,
    RequestLevel,
    RequestStatus,
    WorkflowStep,
    now,
)
from hub.services import changes as _the_log  # noqa: F401  once it is imported, every write is logged
from hub.services import privacy, step_deadlines, steps, words, workflow
from hub.services.workflow import Side

Part = TypeVar("Part", RequestEvent, RequestIssue, CoHandler, Evaluation, Attachment)

LEVELS = {
    GridLevel.BUILDING: RequestLevel.ESTATE,
    GridLevel.ESTATE: RequestLevel.ESTATE,
    GridLevel.COMMUNITY: RequestLevel.COMMUNITY,
    GridLevel.VILLAGE: RequestLevel.COMMUNITY,
    GridLevel.STREET: RequestLevel.STREET,
    GridLevel.TOWN: RequestLevel.STREET,
}


def _inside(viewer: Viewer) -> ColumnElement[bool]:
    """Those on whose grid it is, who handle it, or who submitted it."""
    mine: list[ColumnElement[bool]] = []
    if viewer.can("requests:read"):
        mine.append(viewer.covers(Request.grid_path))
    if viewer.party_id is not None:
        called_in = exists().where(CoHandler.request_id == Request.id, CoHandler.party_id == viewer.party_id)
        mine += [Request.assignee_id == viewer.party_id, Request.submitter_id == viewer.party_id, called_in]
    return or_(false(), *mine)


def visible(viewer: Viewer) -> Select[Request]:
    """Published requests for everybody; the others for those on whose grid they are, who handle or submitted them."""
    return select(Request).where(or_(Request.public, _inside(viewer)))


def _parts(viewer: Viewer, table: type[Any], which: ColumnElement[bool]) -> Select[Any]:
    if viewer.can("requests:read") and "" in viewer.paths:
        return select(table)  # whoever is inside of every request need not look for each
    return select(table).where(table.request_id.in_(select(Request.id).where(which)))


def events(viewer: Viewer) -> Select[RequestEvent]:
    """The steps of requests that the viewer is inside of: notes name people."""
    return _parts(viewer, RequestEvent, _inside(viewer))


def co_handlers(viewer: Viewer) -> Select[CoHandler]:
    """The parties called in, for those inside."""
    return _parts(viewer, CoHandler, _inside(viewer))


def responses(viewer: Viewer) -> Select[CoHandler]:
    """Those of them that have answered."""
    return co_handlers(viewer).where(CoHandler.responded_at.is_not(None))


def attachments(viewer: Viewer) -> Select[Attachment]:
    """The files, for those inside."""
    return _parts(viewer, Attachment, _inside(viewer))


def duplicate_suggestions(viewer: Viewer) -> Select[DuplicateSuggestion]:
    """What may say the same, for those inside."""
    return _parts(viewer, DuplicateSuggestion, _inside(viewer))


def issues(viewer: Viewer) -> Select[RequestIssue]:
    """The matters of visible requests."""
    return _parts(viewer, RequestIssue, or_(Request.public, _inside(viewer)))


def evaluations(viewer: Viewer) -> Select[Evaluation]:
    """The evaluations of visible requests."""
    return _parts(viewer, Evaluation, or_(Request.public, _inside(viewer)))


def callers(viewer: Viewer) -> Select[Identity]:
    """The identities behind requests of the viewer's own grids, for those who may read them (masked)."""
    if not viewer.can("callers:read"):
        return select(Identity).where(false())
    own = select(Request.caller_id).where(viewer.covers(Request.grid_path), Request.caller_id.is_not(None))
    return select(Identity).where(Identity.id.in_(own))


async def locked(session: AsyncSession, viewer: Viewer, id: UUID) -> Request:
    """The request, locked until the end of the transaction and read afresh. Raises NotFound."""
    statement = visible(viewer).where(Request.id == id).with_for_update(of=Request)
    request = await session.scalar(statement.execution_options(populate_existing=True))
    if request is None:
        raise NotFound("request", id)
    return request


def on_grid(viewer: Viewer, request: Request) -> bool:
    """Whether the viewer stands over the request's grid as staff."""
    return viewer.can("requests:read") and viewer.covers_path(request.grid_path)


async def begin(session: AsyncSession, viewer: Viewer, id: UUID, action: RequestAction) -> Request:
    """The locked request, once it is sure that this viewer may take this action now. Nothing is changed yet.

    Raises Forbidden or Unauthenticated, NotFound, TransitionRefused. Every read of a step must come before its first
    change: one flush, so that the revision grows by one.
    """
    row = workflow.TABLE[action]
    if viewer.party_id is None:
        viewer.must(row.ability)
    try:
        request = await locked(session, viewer, id)
    except NotFound:
        viewer.must(row.ability)
        raise
    if not (
        await _may(session, viewer, request, row) or await steps.stands_in(session, viewer, request, action, row.sides)
    ):
        viewer.must(row.ability)
        who = "".join(f", and for {side.value}" for side in Side if side in row.sides)
        raise Forbidden(
            f"{action.name} of request {request.number} is for those over its grid with the ability "
            f"{row.staff_ability}{who}. Ask one of them."
        )
    workflow.step(request, action)
    await steps.must_be_possible(session, viewer, request, action)
    if request.workflow_id is not None and request.due_at is not None:
        await step_deadlines.look(session, request)
    return request


async def _may(session: AsyncSession, viewer: Viewer, request: Request, row: workflow.Step) -> bool:
    """Whether the table lets the viewer: as staff over the grid, or by a part in the request."""
    if not viewer.can(row.ability):
        return False
    as_staff = on_grid(viewer, request) and viewer.can(row.staff_ability)
    return as_staff or await _on_side(session, viewer, request, row)


async def _on_side(session: AsyncSession, viewer: Viewer, request: Request, row: workflow.Step) -> bool:
    """Whether the viewer's party has one of the parts in the request that the step is for."""
    party = viewer.party_id
    if party is None:
        return False
    return (
        (Side.ASSIGNEE in row.sides and request.assignee_id == party)
        or (Side.SUBMITTER in row.sides and request.submitter_id == party)
        or (Side.CO_HANDLER in row.sides and await called(session, request, party) is not None)
    )


async def called(session: AsyncSession, request: Request, party_id: UUID) -> CoHandler | None:
    """The party's place as a co-handler: the one not yet answered, else the latest."""
    mine = select(CoHandler).where(CoHandler.request_id == request.id, CoHandler.party_id == party_id)
    latest = mine.order_by(CoHandler.responded_at.is_(None).desc(), CoHandler.asked_at.desc(), CoHandler.id.desc())
    return (await session.scalars(latest.limit(1))).one_or_none()


async def last(session: AsyncSession, request: Request, *actions: RequestAction) -> RequestEvent | None:
    """The latest event of one of these actions."""
    those = select(RequestEvent).where(RequestEvent.request_id == request.id, RequestEvent.action.in_(actions))
    return (
        await session.scalars(those.order_by(RequestEvent.at.desc(), RequestEvent.id.desc()).limit(1))
    ).one_or_none()


async def taken_back(
    session: AsyncSession, request: Request, action: RequestAction
) -> tuple[RequestEvent | None, RequestStatus]:
    """The event that this action answers or undoes, and the status before it: the table's if that is not known."""
    row = workflow.TABLE[action]
    event = await last(session, request, row.back) if row.back else None
    name = str(event.details.get("from")) if event is not None else ""
    known = RequestStatus[name] if name in RequestStatus.__members__ else None
    return event, known or row.to or request.status


async def merged_under(session: AsyncSession, heads: Collection[UUID]) -> list[Request]:
    """The requests that are merged into these, locked until the end of the transaction and read afresh."""
    under = select(Request).where(Request.merged_into_id.in_(heads), Request.status == RequestStatus.MERGED)
    ordered = under.order_by(Request.id).with_for_update()
    return list(await session.scalars(ordered.execution_options(populate_existing=True)))


def _moved_on(
    session: AsyncSession,
    request: Request,
    action: RequestAction,
    step: WorkflowStep | None,
    at: datetime,
    told: Mapping[str, object],
) -> dict[str, object]:
    """Put it on the step that was taken, and give it the deadline of the next one, if it came to stand before another.
    Returns what the event tells of that. What is taken up or opened again counts as examined: it stands no earlier."""
    came = action in step_deadlines.AGAIN
    if step is None and request.status is RequestStatus.TRIAGED:
        known = steps.in_hand(session, request.workflow_id)
        reached = steps.of_status(known, request.status)
        here = next((one.position for one in known if one.id == request.step_id), 0)
        if reached is not None and reached.position > here:
            request.step_id = reached.id
    if step is not None and step.phase not in steps.OVERLAYS:
        came = came or request.step_id != step.id
        request.step_id = step.id
    return step_deadlines.come(session, request, action, at, told) if came else {}


def record(
    session: AsyncSession,
    viewer: Viewer,
    request: Request,
    action: RequestAction,
    *,
    to: RequestStatus | None = None,
    party_id: UUID | None = None,
    note: str | None = None,
    details: Mapping[str, object] | None = None,
) -> Request:
    """Finish a step: the new status (the table's, unless `to` is given), `closed_at` with it, and the one event.

    The event's details name the status before, if it changed.
    """
    privacy.must_stay_clean(request)
    before, at = request.status, now()
    request.status = to or workflow.TABLE[action].to or before
    request.updated_at = at
    step = steps.of_action(steps.in_hand(session, request.workflow_id), action)
    told = {**(details or {}), **_moved_on(session, request, action, step, at, details or {})}
    if request.status not in workflow.ENDED:
        request.closed_at = None
    elif request.closed_at is None:
        request.closed_at = at
    moved = {"from": before.name} if request.status is not before else {}
    session.add(
        RequestEvent(
            request_id=request.id,
            at=at,
            action=action,
            status=request.status,
            actor_id=viewer.party_id,
            party_id=party_id,
            note=words.maybe(note, field="note"),
            details={**moved, **told},
            step_id=step and step.id,
        )
    )
    return request
