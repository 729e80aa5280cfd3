"""The ladder of supervision (督办阶梯): what becomes of a request that is overdue, rung by rung, by rule.

Each rung is taken once for each deadline, through the same verbs and rules as by hand, and its event names it.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, time, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Select, Text, cast, exists, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.errors import Refused
from hub.models import CoHandler, Request, RequestAction, RequestEvent, RequestLevel
from hub.services import practices, requests, supervision, triage, workflow, working_days
from hub.services.clock import RUNNING

A = RequestAction
VIEWER = system("ladder", "督办阶梯")
AT_ONCE = 25

Place: TypeAlias = tuple[datetime, UUID]

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

    Only of what was dispatched here or has its deadline from here: who is late with what a source has dispatched, the
    source supervises. What a rule refuses is passed over: it must not stand before the others. Parties that were called
    in and do not answer are urged along with the rest.
    """
    taken = 0
    for course, ladder in rules.items():
        for days, action in sorted(ladder.items()):
            due, after = _due(course, days, action, at), None
            while taken < AT_ONCE and (found := await _next(session, due, after, AT_ONCE - taken)):
                after = found[-1]
                for _, id in found:
                    taken += await _take(session, due, id, days, action)
            if action is A.URGE and taken < AT_ONCE:
                taken += await _urge_called(session, _late(course, days, at), days, AT_ONCE - taken)
    return taken


async def _next(session: AsyncSession, due: Select[Request], after: Place | None, most: int) -> Sequence[Place]:
    """The next ones, those first that are late the longest."""
    place = (Request.due_at, Request.id)
    beyond = due if after is None else due.where(tuple_(*place) > after)
    found = await session.execute(beyond.with_only_columns(*place).order_by(*place).limit(most))
    return [(due_at, id) for due_at, id in found if due_at is not None]


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


def _of(course: UUID | None) -> ColumnElement[bool]:
    return Request.workflow_id.is_(None) if course is None else Request.workflow_id == course


def _late(course: UUID | None, days: int, at: datetime) -> Select[CoHandler]:
    """The parties that were called in, have not answered in time, and were not urged by this rung."""
    urged = exists().where(
        RequestEvent.request_id == CoHandler.request_id,
        RequestEvent.action == A.URGE,
        RequestEvent.details["rung"].astext == rung(days, A.URGE),
        RequestEvent.details["called_in"].astext == cast(CoHandler.id, Text),
    )
    waits = (CoHandler.responded_at.is_(None), CoHandler.due_at < cutoff(at, days), ~urged)
    under_way = (Request.closed_at.is_(None), Request.status.in_(workflow.UNDERWAY), _of(course))
    called = requests.co_handlers(VIEWER).join(Request, Request.id == CoHandler.request_id)
    return called.where(*under_way, *waits).order_by(CoHandler.due_at, CoHandler.id)


async def _urge_called(session: AsyncSession, late: Select[CoHandler], days: int, most: int) -> int:
    """Urge them, unless somebody was quicker; how many."""
    urged = 0
    for request_id, id in list(
        await session.execute(late.with_only_columns(CoHandler.request_id, CoHandler.id).limit(most))
    ):
        await requests.locked(session, VIEWER, request_id)
        party = await session.scalar(late.with_only_columns(CoHandler.party_id).where(CoHandler.id == id))
        if party is None:
            continue
        details: dict[str, object] = {"rung": rung(days, A.URGE), "called_in": str(id)}
        said = f"协办单位逾期 {days} 个工作日未响应" if days else "协办单位响应到期"
        with suppress(Refused):
            async with session.begin_nested():
                await supervision.press(session, VIEWER, request_id, note=said, details=details, party_id=party)
            urged += 1
    return urged


def _due(course: UUID | None, days: int, action: RequestAction, at: datetime) -> Select[Request]:
    """The requests for which this rung is due, and was not taken for this deadline."""
    taken = exists().where(
        RequestEvent.request_id == Request.id,
        RequestEvent.action == action,
        RequestEvent.details["rung"].astext == rung(days, action),
        cast(RequestEvent.details["overdue_since"].astext, DateTime(timezone=True)) == Request.due_at,
    )
    given = exists().where(
        RequestEvent.request_id == Request.id,
        cast(RequestEvent.details["due_at"].astext, DateTime(timezone=True)) == Request.due_at,
    )
    wanted = requests.visible(VIEWER).where(
        Request.closed_at.is_(None),
        Request.due_at < cutoff(at, days),
        or_(Request.dispatched_at.is_not(None), given),
        Request.status.in_(workflow.TABLE[action].frm & RUNNING),
        _of(course),
        ~taken,
    )
    if action is A.SUPERVISE:
        return wanted.where(Request.supervised.is_(False))
    return wanted.where(Request.level != RequestLevel.DISTRICT) if action is A.ESCALATE else wanted


async def _take(session: AsyncSession, due: Select[Request], id: UUID, days: int, action: RequestAction) -> bool:
    """Take one rung, unless somebody was quicker."""
    said = f"超期 {days} 个工作日" if days else "已到期"
    try:
        async with session.begin_nested():  # what is refused leaves nothing behind, no lock either
            request = await requests.locked(session, VIEWER, id)
            still = due.where(Request.id == id).with_only_columns(Request.id)
            if request.due_at is None or await session.scalar(still) is None:
                return False
            details: dict[str, Any] = {"rung": rung(days, action), "overdue_since": request.due_at.isoformat()}
            if action is A.ESCALATE:
                await triage.take_up(session, VIEWER, id, reason=said, rule=details)
            elif action is A.SUPERVISE:
                await supervision.watch(session, VIEWER, id, note=said, details=details)
            else:
                await supervision.press(session, VIEWER, id, note=said, details=details)
    except Refused:
        return False
    return True
