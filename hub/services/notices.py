"""Public notices (公示): everybody sees them while they run, and nobody need take them down."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid
from hub.models import NoticeKind, PublicNotice, now, uuid7
from hub.services import parties, stations, writing
from hub.services.working_days import local_day, today

WRITE = "resources:write"
MOST_DAYS = 3 * 366


def runs() -> ColumnElement[bool]:
    """Whether a notice is to be seen today, in China."""
    return and_(PublicNotice.since <= today(), PublicNotice.until >= today(), PublicNotice.closed_on.is_(None))


def running(since: date, until: date, closed_on: date | None) -> bool:
    """The same of one notice."""
    return closed_on is None and since <= local_day(now()) <= until


def visible(viewer: Viewer) -> Select[PublicNotice]:
    """Everybody sees those that run; those who write on a grid, also what was and what will be posted there."""
    if not viewer.can(WRITE):
        return select(PublicNotice).where(runs())
    return select(PublicNotice).where(or_(runs(), viewer.covers(PublicNotice.grid_path)))


class NoticeFields(TypedDict, total=False):
    """What can be written of a notice: what is left out stays, None empties."""

    title: str
    notice_kind: NoticeKind
    until: date
    since: date
    code: str | None
    practice: str | None
    text: str | None
    basis: str | None
    station_id: UUID | None
    party_id: UUID | None
    grid_id: UUID | None
    closed_on: date | None


NAMES: writing.Names = {"station_id": stations.by_id, "party_id": parties.living}


async def post_notice(session: AsyncSession, viewer: Viewer, **fields: Unpack[NoticeFields]) -> PublicNotice:
    """Post a notice (公示), with its basis and its last day; from today unless another day is given.

    Raises Invalid where its words hold a personal number.
    """
    viewer.must(WRITE)
    given: dict[str, Any] = {"since": local_day(now())} | dict(fields)
    if isinstance(station := given.get("station_id"), UUID) and given.get("grid_id") is None:
        given["grid_id"] = (await stations.by_id(session, viewer, station)).grid_id
    row = PublicNotice(id=uuid7())
    _must_make_sense(row, given)
    needed = ("title", "notice_kind", "basis", "until")
    return await writing.enter(session, viewer, row, given, *needed, names=NAMES)


async def update_notice(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[NoticeFields]
) -> PublicNotice:
    """Change what is given of a notice; `closed_on` takes it down."""
    viewer.must(WRITE)
    row = await writing.found(session, "notice", id, visible(viewer).where(PublicNotice.id == id))
    _must_make_sense(row, fields)
    return await writing.change(session, viewer, row, fields, names=NAMES)


def _must_make_sense(row: PublicNotice, fields: Mapping[str, Any]) -> None:
    """Raise Invalid for an end before the beginning, or so late that nobody would remember it."""
    since, until = (fields.get(name, getattr(row, name)) for name in ("since", "until"))
    if since is None or until is None:
        return
    if until < since:
        raise Invalid(f"until is {until}, before it begins: give a later day.", field="until")
    if until - since > timedelta(days=MOST_DAYS):
        raise Invalid(f"until is {until}: post it for three years at most, then look at it again.", field="until")
