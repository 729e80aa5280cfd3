"""The life of a request as one table: which action is possible in which status, where it leads, and who may take it.

SYNC is not in it: a source reports what happened elsewhere and is not asked. Nor is ANSWER: it comes along with a step
of the request under which another one is handled; once it has come, its caller may evaluate. Supervision, urging,
publication, files and parties called in lie over the statuses: they have events, and leave the status as it is.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hub.errors import TransitionRefused
from hub.models import Request, RequestAction, RequestStatus

A, S = RequestAction, RequestStatus


class Side(enum.Enum):
    """Who may act for a request besides those on whose grid it is."""

    ASSIGNEE = "the party it was sent to"
    CO_HANDLER = "a party called in"
    SUBMITTER = "the party that submitted it"


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the table.

    `to` is None where the status stays. `back` names the action whose former status is taken up again: then `to` only
    serves where that status is not known. Those on the grid need `staff`, the sides need `ability`.
    """

    frm: frozenset[RequestStatus]
    to: RequestStatus | None
    ability: str
    sides: frozenset[Side] = frozenset()
    staff: str = ""
    back: RequestAction | None = None

    @property
    def staff_ability(self) -> str:
        return self.staff or self.ability


ENDED = frozenset({S.REJECTED_SCOPE, S.MERGED, S.CLOSED, S.ARCHIVED})
"""Where nothing is awaited any more: `closed_at` is set in these statuses and in no other."""

OPEN = frozenset(S) - ENDED - {S.DRAFT}
UNDERWAY = frozenset({S.DISPATCHED, S.SIGNED, S.IN_PROGRESS, S.EXTENSION_REQUESTED, S.REWORK})
PENDING = frozenset({S.RETURN_REQUESTED, S.EXTENSION_REQUESTED})
DONE = frozenset({S.HANDLED, S.VERIFIED, S.CALLBACK})

SUBMIT, TRIAGE, HANDLE = "requests:submit", "requests:triage", "requests:handle"
VERIFY, SUPERVISE = "requests:verify", "requests:supervise"
ASSIGNEE, CO_HANDLER, SUBMITTER = (frozenset({side}) for side in (Side.ASSIGNEE, Side.CO_HANDLER, Side.SUBMITTER))


def _from(*statuses: RequestStatus) -> frozenset[RequestStatus]:
    return frozenset(statuses)


TABLE: Mapping[RequestAction, Step] = MappingProxyType(
    {
        # taking in
        A.SUBMIT: Step(_from(S.DRAFT), S.RECEIVED, SUBMIT, SUBMITTER, staff=TRIAGE),
        A.ASK_INFO: Step(_from(S.RECEIVED, S.TRIAGED, S.RETURNED), S.NEEDS_INFO, TRIAGE),
        A.ADD_INFO: Step(_from(S.NEEDS_INFO), S.RECEIVED, SUBMIT, SUBMITTER, staff=TRIAGE, back=A.ASK_INFO),
        A.REJECT_SCOPE: Step(_from(S.RECEIVED, S.NEEDS_INFO, S.TRIAGED, S.RETURNED), S.REJECTED_SCOPE, TRIAGE),
        A.TRIAGE: Step(_from(S.RECEIVED, S.NEEDS_INFO), S.TRIAGED, TRIAGE),
        A.DISPATCH: Step(_from(S.RECEIVED, S.TRIAGED, S.RETURNED, S.REWORK), S.DISPATCHED, TRIAGE),
        A.ESCALATE: Step(UNDERWAY - PENDING | {S.RECEIVED, S.TRIAGED, S.RETURNED}, S.TRIAGED, TRIAGE),
        A.MERGE: Step(OPEN - PENDING - DONE, S.MERGED, TRIAGE),
        A.UNMERGE: Step(_from(S.MERGED), S.TRIAGED, TRIAGE, back=A.MERGE),
        # handling
        A.SIGN: Step(_from(S.DISPATCHED), S.SIGNED, HANDLE, ASSIGNEE),
        A.ACCEPT: Step(_from(S.SIGNED, S.REWORK), S.IN_PROGRESS, HANDLE, ASSIGNEE),
        A.JOIN: Step(UNDERWAY, None, HANDLE, ASSIGNEE),
        A.RESPOND: Step(UNDERWAY | {S.RETURN_REQUESTED}, None, HANDLE, CO_HANDLER),
        A.EVALUATE_RESPONSE: Step(UNDERWAY | {S.RETURN_REQUESTED} | DONE | {S.CLOSED}, None, HANDLE, ASSIGNEE),
        A.HANDLE: Step(_from(S.IN_PROGRESS, S.EXTENSION_REQUESTED), S.HANDLED, HANDLE, ASSIGNEE),
        # giving back, and more time
        A.ASK_RETURN: Step(_from(S.DISPATCHED, S.SIGNED, S.IN_PROGRESS), S.RETURN_REQUESTED, HANDLE, ASSIGNEE),
        A.GRANT_RETURN: Step(_from(S.RETURN_REQUESTED), S.RETURNED, TRIAGE),
        A.REFUSE_RETURN: Step(_from(S.RETURN_REQUESTED), S.SIGNED, TRIAGE, back=A.ASK_RETURN),
        A.ASK_EXTENSION: Step(_from(S.IN_PROGRESS), S.EXTENSION_REQUESTED, HANDLE, ASSIGNEE),
        A.GRANT_EXTENSION: Step(_from(S.EXTENSION_REQUESTED), S.IN_PROGRESS, TRIAGE),
        A.REFUSE_EXTENSION: Step(_from(S.EXTENSION_REQUESTED), S.IN_PROGRESS, TRIAGE),
        # checking and closing
        A.VERIFY: Step(_from(S.HANDLED), S.VERIFIED, VERIFY),
        A.REWORK: Step(DONE, S.REWORK, VERIFY),
        A.FEED_BACK: Step(DONE, S.CALLBACK, VERIFY),
        A.EVALUATE: Step(DONE | {S.CLOSED, S.MERGED}, None, SUBMIT, SUBMITTER, staff=VERIFY),
        A.CLOSE: Step(DONE | {S.RECEIVED, S.TRIAGED}, S.CLOSED, VERIFY),
        A.REOPEN: Step(_from(S.CLOSED, S.REJECTED_SCOPE), S.TRIAGED, VERIFY),
        A.ARCHIVE: Step(_from(S.CLOSED, S.REJECTED_SCOPE), S.ARCHIVED, VERIFY),
        A.PUBLISH: Step(OPEN | {S.CLOSED, S.ARCHIVED}, None, VERIFY),
        A.UNPUBLISH: Step(frozenset(S), None, VERIFY),
        # over the statuses
        A.ATTACH: Step(OPEN | {S.DRAFT, S.CLOSED}, None, SUBMIT, frozenset(Side), staff=HANDLE),
        A.SUPERVISE: Step(OPEN, None, SUPERVISE),
        A.RELEASE: Step(OPEN | {S.CLOSED}, None, SUPERVISE),
        A.URGE: Step(OPEN, None, SUPERVISE),
    }
)


def allowed(status: RequestStatus) -> list[RequestAction]:
    """What is possible in a status, in the table's order. Who may do it, is another question."""
    return [action for action, step in TABLE.items() if status in step.frm]


def step(request: Request, action: RequestAction) -> Step:
    """The row of the table for this action, if the request's status allows it. Raises TransitionRefused."""
    found = TABLE.get(action)
    if found is None or request.status not in found.frm:
        possible = [other.name for other in allowed(request.status)]
        raise TransitionRefused(request.number, action.name, request.status.name, possible)
    return found
