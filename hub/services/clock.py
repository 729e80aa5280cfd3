"""The clock of a request (办理时钟): whether it runs, since when it stands still, and how late it is by now.

Made of the row and of its events, as the steps left them; nothing here is stored.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.models import RequestAction, RequestEvent, RequestStatus, now
from hub.services import requests, working_days
from hub.services.step_deadlines import OF_OTHERS
from hub.services.workflow import DONE, OPEN

A, S = RequestAction, RequestStatus

PAUSED = frozenset({S.NEEDS_INFO, S.RETURN_REQUESTED, S.MERGED})
"""Where the clock stands still: somebody else has to say something first. It runs on while more time is asked for."""

STANDING = frozenset(status.name for status in PAUSED)

RUNNING = OPEN - PAUSED - DONE

PAUSES = frozenset({A.ASK_INFO, A.ASK_RETURN, A.MERGE})
RESUMES = frozenset({A.ADD_INFO, A.TRIAGE, A.REFUSE_RETURN, A.UNMERGE})
ENDS = frozenset({A.GRANT_RETURN, A.ESCALATE, A.REOPEN})

Asked: TypeAlias = tuple[UUID, RequestStatus, datetime | None, datetime | None, datetime | None]
"""Of a request: its id, status, deadline, and when it was handled and closed."""


@dataclass(frozen=True, slots=True)
class Clock:
    """How the clock stands. `due_at` is what the deadline would be if it ran on now."""

    runs: bool
    paused_since: datetime | None
    paused_days: int
    due_at: datetime
    overdue_days: int | None
    started_by: RequestAction


async def clocks(
    session: AsyncSession, viewer: Viewer, asked: Sequence[Asked], *, at: datetime | None = None
) -> list[Clock | None]:
    """The clock of each request, None without a deadline. One statement for all; who may not see the steps is told
    what the row alone says."""
    wanted = requests.events(viewer).where(
        RequestEvent.request_id.in_([id for id, _, due_at, _, _ in asked if due_at is not None]),
        or_(RequestEvent.action.in_(PAUSES | RESUMES | ENDS), RequestEvent.details.has_key("days")),
    )
    events = defaultdict[UUID, list[RequestEvent]](list)
    for event in await session.scalars(wanted.order_by(RequestEvent.at, RequestEvent.id)):
        events[event.request_id].append(event)
    return [_clock(one, events[one[0]], at or now()) for one in asked]


def _clock(asked: Asked, events: Iterable[RequestEvent], at: datetime) -> Clock | None:
    _, status, due_at, handled_at, closed_at = asked
    if due_at is None:
        return None
    started, since, stood = A.SYNC, None, 0
    for event in events:
        if event.action not in OF_OTHERS and event.details.get("days") is not None:
            started, stood = event.action, 0
        elif event.action in PAUSES and event.details.get("from") not in STANDING:
            since = event.at  # what stood still already goes on standing still
        elif event.action in RESUMES:
            stood += event.details.get("paused_days") or 0
        elif event.action in ENDS:
            started, stood = A.SYNC, 0
    if status not in PAUSED:
        since = None
    elif since is not None and (days := working_days.between(since, at)):
        stood, due_at = stood + days, working_days.add(due_at, days)
    runs = status in RUNNING
    end = at if runs or status in PAUSED else handled_at or closed_at or at
    late = working_days.between(due_at, end) if end > due_at else None
    return Clock(runs, since, stood, due_at, late, started)
