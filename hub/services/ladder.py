"""The ladder of supervision (督办阶梯): what becomes of a request that is overdue, rung by rung, by rule.

Each rung is taken once for each deadline, through the same verbs and rules as by hand, and its event names it.
"""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import DateTime, Select, cast, exists
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.errors import Refused
from hub.models import Request, RequestAction, RequestEvent, RequestLevel
from hub.services import practices, requests, supervision, triage, workflow, working_days
from hub.services.clock import RUNNING

A = RequestAction
VIEWER = system("ladder", "督办阶梯")
AT_ONCE = 25

Ladder: TypeAlias = Mapping[int, RequestAction]
"""Working days overdue -> what is done then: URGE, SUPERVISE or ESCALATE."""

Rules: TypeAlias = Mapping[UUID | None, Ladder]
"""A workflow -> its ladder; None: that of requests which go through none."""


async def known(session: AsyncSession) -> Rules:
    """The ladders that practices have written down. What goes through no workflow of theirs climbs none."""
    rungs: dict[UUID | None, dict[int, RequestAction]] = {}
    for one in await session.scalars(practices.escalations(VIEWER)):
        rungs.setdefault(one.workflow_id, {})[one.days] = RequestAction[one.rung.name]
    return rungs


async def climb(session: AsyncSession, rules: Rules, at: datetime) -> int:
    """Take the rungs that are due at this moment, the lowest first, at most so many at once; how many were taken.

    Only of what was dispatched here: who is late with what a source has dispatched, the source supervises.
    """
    taken = 0
    for course, ladder in rules.items():
        for days, action in sorted(ladder.items()):
            due = _due(course, days, action, at).with_only_columns(Request.id)
            for id in list(await session.scalars(due.order_by(Request.due_at, Request.id).limit(AT_ONCE - taken))):
                taken += await _take(session, _due(course, days, action, at), id, days, action)
    return taken


def rung(days: int, action: RequestAction) -> str:
    """What an event calls a rung: "SUPERVISE@2"."""
    return f"{action.name}@{days}"


def cutoff(at: datetime, days: int) -> datetime:
    """What was due before that is so many working days overdue."""
    if not days:
        return at
    day = working_days.local_day(at)
    while days:
        days -= working_days.is_working_day(day)
        day -= timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time(), working_days.CHINA)


def _due(course: UUID | None, days: int, action: RequestAction, at: datetime) -> Select[Request]:
    """The requests for which this rung is due, and was not taken for this deadline."""
    mine = Request.workflow_id.is_(None) if course is None else Request.workflow_id == course
    taken = exists().where(
        RequestEvent.request_id == Request.id,
        RequestEvent.action == action,
        RequestEvent.details["rung"].astext == rung(days, action),
        cast(RequestEvent.details["overdue_since"].astext, DateTime(timezone=True)) == Request.due_at,
    )
    wanted = requests.visible(VIEWER).where(
        Request.closed_at.is_(None),
        Request.due_at < cutoff(at, days),
        Request.dispatched_at.is_not(None),
        Request.status.in_(workflow.TABLE[action].frm & RUNNING),
        mine,
        ~taken,
    )
    if action is A.SUPERVISE:
        return wanted.where(Request.supervised.is_(False))
    return wanted.where(Request.level != RequestLevel.DISTRICT) if action is A.ESCALATE else wanted


async def _take(session: AsyncSession, due: Select[Request], id: UUID, days: int, action: RequestAction) -> bool:
    """Take one rung, unless somebody was quicker."""
    request = await requests.locked(session, VIEWER, id)
    still = due.where(Request.id == id).with_only_columns(Request.id)
    if request.due_at is None or await session.scalar(still) is None:
        return False
    details: dict[str, Any] = {"rung": rung(days, action), "overdue_since": request.due_at.isoformat()}
    said = f"超期 {days} 个工作日" if days else "已到期"
    try:
        if action is A.ESCALATE:
            await triage.take_up(session, VIEWER, id, reason=said, details=details)
        elif action is A.SUPERVISE:
            await supervision.watch(session, VIEWER, id, note=said, details=details)
        else:
            await supervision.press(session, VIEWER, id, note=said, details=details)
        await session.flush()
    except Refused:
        return False
    return True
