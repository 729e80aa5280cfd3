"""Hours that people give (志愿服务记录): recorded, put on public notice, disputed, confirmed.

    DRAFT -> ON_NOTICE -> CONFIRMED
                 |            |
                 +- DISPUTED -+-> WITHDRAWN, or back to where it stood

Whoever keeps the hours of a team on their grid takes these steps; a person disputes their own hours as well. What is
disputed does not count, whoever says so.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import Activity, Party, ServiceMethod, ServiceRecord, ServiceStatus, now, uuid7
from hub.services import parties, stations, words, writing
from hub.services.working_days import local_day

WRITE = "resources:write"
NOTICE_DAYS, MOST_NOTICE_DAYS = 7, 60
OPEN_TO_DISPUTE = frozenset({ServiceStatus.ON_NOTICE, ServiceStatus.CONFIRMED})


class ServiceRecordFields(TypedDict, total=False):
    """What is written of hours that somebody gave."""

    person_id: UUID
    title: str
    started_at: datetime
    hours: float
    team_id: UUID | None
    activity_id: UUID | None
    method: ServiceMethod | None


def uncountable(hours: float | None) -> str | None:
    """The words of a refusal where hours cannot be counted: none, or less."""
    return f"{hours:g} is no time that was given. Give more than 0." if hours is not None and hours <= 0 else None


def under_dispute(record: Mapping[str, Any]) -> bool:
    """Whether its columns say that it is disputed, and that the dispute is open."""
    resolved = record.get("resolved_at")
    return record.get("disputed_at") is not None and (resolved is None or resolved < record["disputed_at"])


async def record(session: AsyncSession, viewer: Viewer, **fields: Unpack[ServiceRecordFields]) -> ServiceRecord:
    """Record hours that a person gave (服务时长): a draft, recorded by the viewer's party.

    Raises Forbidden where neither the team nor the person stands on a grid of the viewer.
    """
    viewer.must(WRITE)
    writing.must_have(fields, "person_id", "title", "started_at", "hours")
    if (problem := uncountable(fields["hours"])) is not None:
        raise Invalid(f"hours: {problem}", field="hours")
    person = await parties.living(session, viewer, fields["person_id"])
    team_id = fields.get("team_id")
    team = await parties.living(session, viewer, team_id) if team_id is not None else None
    if (activity := fields.get("activity_id")) is not None:
        await _activity(session, viewer, activity)
    writing.must_cover(viewer, (team or person).grid_path)
    made = ServiceRecord(id=uuid7(), recorder_id=viewer.party_id, status=ServiceStatus.DRAFT)
    for name, value in {**fields, "title": _line(fields["title"], "title")}.items():
        setattr(made, name, value)
    session.add(made)
    return made


async def announce(session: AsyncSession, viewer: Viewer, id: UUID, *, days: int | None = None) -> ServiceRecord:
    """Put recorded hours on public notice (公示), from today for so many days: seven unless said."""
    row = await _kept(session, viewer, id)
    _must_be(row, ServiceStatus.DRAFT)
    days = NOTICE_DAYS if days is None else days
    if not 1 <= days <= MOST_NOTICE_DAYS:
        raise Invalid(f"days is {days}: give 1 to {MOST_NOTICE_DAYS}.", field="days")
    row.status, row.notice_from = ServiceStatus.ON_NOTICE, local_day(now())
    row.notice_until = row.notice_from + timedelta(days=days - 1)
    return row


async def confirm(session: AsyncSession, viewer: Viewer, id: UUID) -> ServiceRecord:
    """Confirm hours (确认) after their public notice has ended, undisputed."""
    row = await _kept(session, viewer, id)
    _must_be(row, ServiceStatus.ON_NOTICE)
    if row.notice_until is None or row.notice_until >= local_day(now()):
        raise Conflict(f"The hours are on public notice until {row.notice_until}: confirm them after that day.")
    row.status = ServiceStatus.CONFIRMED
    return row


async def dispute(session: AsyncSession, viewer: Viewer, id: UUID, *, reason: str) -> ServiceRecord:
    """Dispute hours that are on notice or confirmed (异议), with a reason: they do not count until it is resolved."""
    row = await _seen(session, viewer, id)
    if row.person_id is None or row.person_id != viewer.party_id:
        await _must_keep(session, viewer, row)
    _must_be(row, *OPEN_TO_DISPUTE)
    row.dispute, row.disputed_at = _line(reason, "reason"), now()
    row.resolution, row.resolved_at = None, None
    row.status = ServiceStatus.DISPUTED
    return row


async def resolve(session: AsyncSession, viewer: Viewer, id: UUID, *, upheld: bool, resolution: str) -> ServiceRecord:
    """Resolve a dispute (异议处理): upheld, the hours are withdrawn; else they stand where they stood.

    Nobody decides about their own hours.
    """
    row = await _kept(session, viewer, id)
    _must_be(row, ServiceStatus.DISPUTED)
    row.resolution, row.resolved_at = _line(resolution, "resolution"), now()
    on_notice = row.notice_until is not None and row.notice_until >= local_day(row.resolved_at)
    back = ServiceStatus.ON_NOTICE if on_notice else ServiceStatus.CONFIRMED
    row.status = ServiceStatus.WITHDRAWN if upheld else back
    return row


async def withdraw(session: AsyncSession, viewer: Viewer, id: UUID) -> ServiceRecord:
    """Withdraw hours (撤销): they do not count, and stay on record."""
    row = await _kept(session, viewer, id)
    if row.status is ServiceStatus.WITHDRAWN:
        raise Conflict("The hours were withdrawn already.")
    row.status = ServiceStatus.WITHDRAWN
    return row


async def _seen(session: AsyncSession, viewer: Viewer, id: UUID) -> ServiceRecord:
    """The record, locked, if the viewer sees it. Raises NotFound."""
    visible = stations.service_records(viewer).where(ServiceRecord.id == id)
    return await writing.found(session, "service record", id, visible)


async def _kept(session: AsyncSession, viewer: Viewer, id: UUID) -> ServiceRecord:
    """The record, locked, for those who keep it. Raises NotFound and Forbidden."""
    viewer.must(WRITE)
    row = await _seen(session, viewer, id)
    await _must_keep(session, viewer, row)
    return row


async def _must_keep(session: AsyncSession, viewer: Viewer, row: ServiceRecord) -> None:
    """Raise Forbidden unless the viewer keeps the hours of that team, or of that person where there is none."""
    viewer.must(WRITE)
    if row.person_id is not None and row.person_id == viewer.party_id:
        raise Forbidden("They are your own hours: somebody else of the team's grid decides about them.")
    party = row.team_id or row.person_id
    writing.must_cover(viewer, (await session.get_one(Party, party)).grid_path if party else None)


async def _activity(session: AsyncSession, viewer: Viewer, id: UUID) -> None:
    if await session.scalar(stations.activities(viewer).where(Activity.id == id)) is None:
        raise NotFound("activity", id)


def _must_be(row: ServiceRecord, *statuses: ServiceStatus) -> None:
    if row.status not in statuses:
        allowed = " or ".join(sorted(status.name for status in statuses))
        raise Conflict(f"The hours are {row.status.name}: this is possible while they are {allowed}.")


def _line(value: str, field: str) -> str:
    """Words that others come to read. Raises Invalid where they hold a personal number."""
    if (what := words.personal(value)) is not None:
        raise Invalid(f"The {field} holds {what}, and others come to read it: leave it out.", field=field)
    return words.said(value, field=field, most=words.LINE)
