"""The deadlines of a practice's steps: a request has that of the step that is now to be taken, until it is handled.

It counts from when the request came to stand before that step. What a source or a person has given stands above it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Phase, Request, RequestAction, RequestEvent, RequestStatus, WorkflowStep
from hub.services import deadlines, steps, workflow

A, P = RequestAction, Phase

PHASES = frozenset({P.TRIAGE, P.DISPATCH, P.ACCEPT, P.HANDLE})
"""Whose days count for requests: what comes after that has no deadline, and with the first step it has come in."""

AGAIN = frozenset({A.SUBMIT, A.GRANT_RETURN, A.ESCALATE, A.REOPEN})
"""After which a request stands before a step that was taken already, if any was: it is to be sent out anew."""

OF_OTHERS = frozenset({A.JOIN, A.ASK_EXTENSION, A.GRANT_EXTENSION})
"""Whose events tell of days that are no new deadline of the request."""


@dataclass(frozen=True, slots=True)
class Given:
    """Whether the deadline that a request has is the hub's own, and then whether that of a step, or a person's word."""

    ours: bool
    of_step: bool
    by_person: bool = False


async def look(session: AsyncSession, request: Request) -> Given:
    """Find out where the deadline comes from, and know it until the transaction ends."""
    wanted = select(RequestEvent.action, RequestEvent.details).where(
        RequestEvent.request_id == request.id,
        or_(RequestEvent.details.has_key("days"), RequestEvent.details.has_key("due_at")),
        RequestEvent.action.not_in((A.JOIN, A.ASK_EXTENSION)),
    )
    latest = (await session.execute(wanted.order_by(RequestEvent.at.desc(), RequestEvent.id.desc()))).all()
    said = [one["due_at"] for _, one in latest if one.get("due_at") and one.get("days") is not None]
    began = [details for action, details in latest if "days" in details and action not in OF_OTHERS]
    ours = request.due_at is not None and any(datetime.fromisoformat(one) == request.due_at for one in said)
    last = began[0] if ours and began else {}
    found = Given(ours, of_step="step" in last, by_person="given" in last)
    session.info.setdefault("given", {})[request.id] = found
    return found


def next_step(known: Sequence[WorkflowStep], here: WorkflowStep | None) -> WorkflowStep | None:
    """The step that is now to be taken: of those that may follow the nearest one further on, else the one gone back to.
    Where nothing was taken yet it is the first."""
    if here is None:
        return known[0] if known else None
    follow = [one for one in known if one.code in here.leads_to and one.phase not in steps.OVERLAYS]
    return next((one for one in follow if one.position > here.position), follow[0] if follow else None)


def awaited(session: AsyncSession, request: Request, action: RequestAction) -> WorkflowStep | None:
    """The step that is to be taken once this action is, if it has days."""
    known = steps.in_hand(session, request.workflow_id)
    if action in AGAIN - {A.SUBMIT}:
        here = steps.of_status(known, RequestStatus.TRIAGED)
    else:
        at = (taken := steps.of_action(known, action)) and taken.id
        here = next((one for one in known if one.id == (at or request.step_id)), None)
    begins = action is A.SUBMIT and here is not None and here.phase in PHASES  # what it came in with is not yet that
    step = here if begins else next_step(known, here)
    return step if step is not None and step.days is not None and step.phase in PHASES else None


def details(deadline: deadlines.Deadline, step: WorkflowStep) -> dict[str, object]:
    """As an event tells it: which step has so long."""
    return deadline.details() | {"step": step.name}


def handling(session: AsyncSession, request: Request) -> int:
    """The working days to handle it once more: those of the practice's step, else those of its kind and urgency."""
    step = steps.of_action(steps.in_hand(session, request.workflow_id), A.HANDLE)
    return step.days if step is not None and step.days is not None else deadlines.allowance(request)


def come(
    session: AsyncSession, request: Request, action: RequestAction, at: datetime, told: Mapping[str, object]
) -> dict[str, object]:
    """Give a request that came to stand before another step its deadline. Returns what the event tells of that.

    A step that was taken leaves no deadline of its own behind: whoever handles it then has what its kind gives.
    """
    by_verb = action in (A.DISPATCH, A.JOIN) or (told.get("days") is not None and action is not A.SIGN)
    if by_verb or request.status not in workflow.OPEN - workflow.DONE:
        return {}
    known: dict[UUID, Given] = session.info.get("given", {})
    given = known.get(request.id, Given(ours=False, of_step=False))
    if request.due_at is not None and (given.by_person or not given.ours):
        return {}
    if (step := awaited(session, request, action)) is not None and step.days is not None:
        deadline = deadlines.after(at, step.days)
        request.due_at = deadline.due_at
        return details(deadline, step)
    if not given.of_step or request.due_at is None:
        return {}
    if request.assignee_id is None:
        request.due_at = None
        return {"due_at": None}
    deadline = deadlines.after(at, deadlines.allowance(request))
    request.due_at = deadline.due_at
    return deadline.details()
