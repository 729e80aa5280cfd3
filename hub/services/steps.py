"""The steps of a practice over the life of a request: which one an action is, who may take it, and when."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import ABILITIES, Viewer
from hub.errors import Conflict, Forbidden
from hub.models import CoHandler, Phase, Post, PostRole, Request, RequestAction, RequestStatus, WorkflowStep
from hub.services import parties, writing
from hub.services.workflow import ENDED, Side

A, P, S = RequestAction, Phase, RequestStatus

PHASES: Mapping[RequestAction, Phase] = MappingProxyType(
    {
        A.SUBMIT: P.INTAKE,
        A.TRIAGE: P.TRIAGE,
        A.DISPATCH: P.DISPATCH,
        A.ACCEPT: P.ACCEPT,
        A.HANDLE: P.HANDLE,
        A.SUPERVISE: P.SUPERVISE,
        A.FEED_BACK: P.FEEDBACK,
        A.EVALUATE: P.EVALUATE,
        A.PUBLISH: P.PUBLISH,
        A.ARCHIVE: P.ASSESS,
    }
)
"""What an action is, unless a step names its actions itself. The others are no step of any practice."""

REACHED: Mapping[RequestStatus, Phase] = MappingProxyType(
    {
        S.RECEIVED: P.INTAKE,
        S.TRIAGED: P.TRIAGE,
        S.DISPATCHED: P.DISPATCH,
        S.SIGNED: P.DISPATCH,
        S.IN_PROGRESS: P.ACCEPT,
        S.HANDLED: P.HANDLE,
        S.VERIFIED: P.HANDLE,
        S.CALLBACK: P.FEEDBACK,
        S.CLOSED: P.FEEDBACK,
        S.ARCHIVED: P.ASSESS,
    }
)
"""How far a request has come by its status alone: for those that a source brings."""

OVERLAYS = frozenset({P.SUPERVISE, P.PUBLISH})
"""Phases that lie over the others: they may come at any time, and skip nothing."""

DECISIONS = frozenset({P.TRIAGE, P.SUPERVISE, P.EVALUATE, P.PUBLISH, P.ASSESS})
"""Phases in which somebody judges: not for those whom it is about."""

AFTERWARDS = frozenset({P.EVALUATE, P.PUBLISH, P.ASSESS})
"""What may still come when it has ended, whatever was left out before."""

SUPERVISE = "requests:supervise"
SIDES = frozenset(side.name for side in Side)
ROLES = frozenset(PostRole.__members__)
TAKERS = frozenset(ABILITIES) | SIDES | ROLES


async def of_workflow(session: AsyncSession, workflow_id: UUID) -> Sequence[WorkflowStep]:
    """The steps of a workflow, in order."""
    known: dict[UUID, Sequence[WorkflowStep]] = session.info.setdefault("steps", {})
    if workflow_id not in known:
        mine = select(WorkflowStep).where(WorkflowStep.workflow_id == workflow_id, WorkflowStep.closed_on.is_(None))
        known[workflow_id] = (await session.scalars(mine.order_by(WorkflowStep.position))).all()
    return known[workflow_id]


def in_hand(session: AsyncSession, workflow_id: UUID | None) -> Sequence[WorkflowStep]:
    """The same, where they were read before in this transaction."""
    known: dict[UUID, Sequence[WorkflowStep]] = session.info.get("steps", {})
    return known.get(workflow_id, ()) if workflow_id is not None else ()


def of_action(steps: Sequence[WorkflowStep], action: RequestAction) -> WorkflowStep | None:
    """The step that an action is: the one that names it, else the first of its phase that names none."""
    named = next((step for step in steps if action.name in step.actions), None)
    if named is not None:
        return named
    phase = PHASES.get(action)
    return next((step for step in steps if step.phase is phase and not step.actions), None)


def of_status(steps: Sequence[WorkflowStep], status: RequestStatus) -> WorkflowStep | None:
    """The step that a request has come to by its status: the last one whose phase is not beyond it."""
    reached = REACHED.get(status)
    if reached is None:
        return None
    order = list(Phase)
    before = [one for one in steps if one.phase not in OVERLAYS and order.index(one.phase) <= order.index(reached)]
    return before[-1] if before else None


async def must_be_possible(session: AsyncSession, viewer: Viewer, request: Request, action: RequestAction) -> None:
    """Raise Conflict where an action would skip a step of the request's practice, Forbidden where it is for others."""
    if request.workflow_id is None:
        return
    known = await of_workflow(session, request.workflow_id)
    step = of_action(known, action)
    if step is None:
        return
    here = next((one for one in known if one.id == request.step_id), None) or of_status(known, request.status)
    over = request.status in ENDED and step.phase in AFTERWARDS  # it ended early: nothing can come before them any more
    if here is not None and not over and step.phase not in OVERLAYS and step.position > here.position:
        follow = [one for one in known if one.code in here.leads_to]
        if step not in follow:
            names = "、".join(one.name for one in follow) or "nothing more"
            raise Conflict(
                f"Request {request.number} stands at {here.name}: {step.name} does not come next. "
                f"Possible now: {names}."
            )
    if not _over_the_grid(viewer, step.taken_by, request.grid_path, SUPERVISE) and step.taken_by:
        await _must_be_named(session, viewer, step, request.grid_path, request)


async def stands_in(
    session: AsyncSession, viewer: Viewer, request: Request, action: RequestAction, sides: Collection[Side]
) -> bool:
    """Whether the practice names a post that the viewer holds there, or one of these sides that the viewer has, for
    the step that this action is: then nobody asks for an ability. Who handles it does not judge it by a post."""
    if request.workflow_id is None or viewer.party_id is None:
        return False
    step = of_action(await of_workflow(session, request.workflow_id), action)
    if step is None:
        return False
    takers, party = set(step.taken_by), viewer.party_id
    if takers & {side.name for side in sides} & await _sides(session, request, party):
        return True
    judges = step.phase in DECISIONS and request.assignee_id == party
    return not judges and await _holds(session, party, takers & ROLES, request.grid_path)


def must_begin(viewer: Viewer, name: str, takers: Collection[str], grid_path: str | None, *, holds: bool) -> None:
    """Raise Forbidden unless a request may begin with this first step when this viewer submits it. `holds`: one of the
    posts that it names, there."""
    if not takers or holds or Side.SUBMITTER.name in takers or _over_the_grid(viewer, takers, grid_path, SUPERVISE):
        return
    raise Forbidden(f"{name} is for {', '.join(takers)}. Ask one of them, or submit it without this workflow.")


async def must_be_taken_by(
    session: AsyncSession, viewer: Viewer, step: WorkflowStep, grid_path: str | None, over: str, about: UUID | None
) -> None:
    """Raise Forbidden unless the step of a procedure is for this viewer: for whom it names, or for those who have the
    ability `over` on the grid. The party that it is about decides nothing on itself, unless the step names ASSIGNEE."""
    itself = about is not None and about == viewer.party_id
    if itself and Side.ASSIGNEE.name in step.taken_by:
        return
    if itself and step.phase in DECISIONS:
        raise Forbidden(f"{step.name} is decided by others than the party that it is about. Ask one of them.")
    if _over_the_grid(viewer, step.taken_by, grid_path, over):
        return
    if viewer.subject is None or not step.taken_by:
        viewer.must(over)
        writing.must_cover(viewer, grid_path)
    await _must_be_named(session, viewer, step, grid_path)


def _over_the_grid(viewer: Viewer, takers: Collection[str], grid_path: str | None, over: str) -> bool:
    """Whether the viewer stands over the grid with `over`, or with one of the abilities among the takers."""
    return viewer.covers_path(grid_path) and any(map(viewer.can, {over, *(ABILITIES.keys() & set(takers))}))


async def _must_be_named(
    session: AsyncSession, viewer: Viewer, step: WorkflowStep, grid_path: str | None, request: Request | None = None
) -> None:
    """Raise Forbidden unless the step names a side that the viewer has, or a post that the viewer holds there."""
    takers, party = set(step.taken_by), viewer.party_id
    if request is not None and party is not None and takers & await _sides(session, request, party):
        return
    if party is not None and await _holds(session, party, takers & ROLES, grid_path):
        return
    raise Forbidden(f"{step.name} is for {', '.join(step.taken_by)}. Ask one of them.")


async def _sides(session: AsyncSession, request: Request, party: UUID) -> set[str]:
    """The parts that a party has in a request."""
    called = select(CoHandler.id).where(CoHandler.request_id == request.id, CoHandler.party_id == party).limit(1)
    parts = {
        Side.ASSIGNEE: request.assignee_id == party,
        Side.SUBMITTER: request.submitter_id == party,
        Side.CO_HANDLER: await session.scalar(called) is not None,
    }
    return {side.name for side, is_so in parts.items() if is_so}


def held_there(party: Any, grid_path: Any) -> ColumnElement[bool]:
    """The posts that a party holds today, on that grid or above it. What belongs to no grid is held nowhere."""
    return and_(Post.person_id == party, parties.held(), func.starts_with(grid_path, Post.grid_path))


async def _holds(session: AsyncSession, party: UUID, roles: set[str], grid_path: str | None) -> bool:
    """Whether the party holds one of these posts today, on that grid or above it."""
    if not roles or grid_path is None:
        return False
    named = Post.role.in_([PostRole[name] for name in roles])
    return await session.scalar(select(Post.id).where(held_there(party, grid_path), named).limit(1)) is not None
