"""Requests: who sees them, how they come in, and how each step of their life is begun and recorded.

The steps themselves are in the files beside: triage, handling, closing, merging, supervision, attachments. What is
possible when, and for whom, is the table in workflow.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Forbidden, Invalid, NotFound
from hub.models import (
    Attachment,
    Channel,
    CoHandler,
    DuplicateSuggestion,
    Evaluation,
    Grid,
    GridLevel,
    Identity,
    Request,
    RequestAction,
    RequestEvent,
    RequestIssue,
    RequestKind,
    RequestLevel,
    RequestStatus,
    Urgency,
    now,
    uuid7,
)
from hub.prepared import Prepared
from hub.services import changes as _the_log  # noqa: F401  once it is imported, every write is logged
from hub.services import grids, privacy, words, workflow, working_days
from hub.services.adding import Adding, one
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
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U, so that it can be read out
PHONE = re.compile(r"\+?\d[\d ()-]{1,30}\d")
MOST_ISSUES = 20


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


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as the vault keeps it (来电人). Secrecy (保密) unless they waive it."""

    name: str | None = None
    phone: str | None = None
    confidential: bool = True


@dataclass(frozen=True, slots=True)
class Issue:
    """One of several matters in one request (诉求事项)."""

    title: str
    category: str | None = None


async def submit(
    session: AsyncSession | Adding,
    viewer: Viewer,
    *,
    grid_id: UUID,
    title: str,
    content: str | None = None,
    kind: RequestKind = RequestKind.APPEAL,
    channel: Channel = Channel.OTHER,
    category: str | None = None,
    urgency: Urgency = Urgency.NORMAL,
    place: str | None = None,
    longitude: float | None = None,
    latitude: float | None = None,
    practice: str | None = None,
    caller: Caller | None = None,
    issues: Sequence[Issue] = (),
) -> Request:
    """Submit a request (提交): it is RECEIVED, on the level of its grid, under a number that people can quote."""
    viewer.must("requests:submit")
    grid, number = await _grid_and_number(session, viewer, grid_id)
    level = GridLevel[grid["level"]]
    request = Request(
        id=uuid7(),
        number=number,
        title=words.said(title, field="title", most=words.LINE),
        content=words.maybe(content, field="content"),
        kind=kind,
        channel=channel,
        category=words.maybe(category, field="category", most=words.LINE),
        status=RequestStatus.RECEIVED,
        urgency=urgency,
        level=LEVELS.get(level, RequestLevel.DISTRICT),
        grid_id=grid_id,
        grid_path=grid["path"],
        place=words.maybe(place, field="place", most=words.LINE),
        longitude=_degrees(longitude, 180, field="longitude"),
        latitude=_degrees(latitude, 90, field="latitude"),
        practice=words.maybe(practice, field="practice", most=words.LINE),
    )
    return _take_in(session, viewer, request, caller, issues)


async def send(session: AsyncSession, viewer: Viewer, id: UUID) -> Request:
    """Submit a draft (提交草稿)."""
    request = await begin(session, viewer, id, RequestAction.SUBMIT)
    request.submitted_at = now()
    return record(session, viewer, request, RequestAction.SUBMIT)


def _take_in(
    session: AsyncSession | Adding, viewer: Viewer, request: Request, caller: Caller | None, issues: Sequence[Issue]
) -> Request:
    """Add the request and all that came with it, in one flush."""
    request.submitter_id = viewer.party_id
    if caller is not None and (identity := _identity(caller, request.id)) is not None:
        request.caller_id = identity.id
        session.add(identity)
    if len(issues) > MOST_ISSUES:
        raise Invalid(f"{len(issues)} issues: a request holds at most {MOST_ISSUES}. Submit several.", field="issues")
    session.add(request)
    for key, issue in enumerate(issues, 1):
        title = words.said(issue.title, field="issues", most=words.LINE)
        category = words.maybe(issue.category, field="issues", most=words.LINE)
        session.add(RequestIssue(request_id=request.id, key=str(key), title=title, category=category))
    event = RequestEvent(
        request_id=request.id, action=RequestAction.SUBMIT, status=request.status, actor_id=viewer.party_id
    )
    session.add(event)
    return request


def _open_grid(viewer: Viewer, given: Callable[[str], Any]) -> Select[Any]:
    """Where a grid is, and whether a number is taken."""
    taken = exists().where(Request.number == given("number")).label("taken")
    wanted = grids.visible(viewer).where(Grid.id == given("id"))
    found: Select[Any] = wanted.with_only_columns(Grid.name, Grid.level, Grid.path, Grid.valid_to, taken)  # type: ignore[assignment]
    return found


OPEN_GRID = Prepared(_open_grid)


async def _grid_and_number(session: AsyncSession | Adding, viewer: Viewer, grid_id: UUID) -> tuple[Any, str]:
    """The grid and a free number, in one statement. Raises NotFound; Invalid for a grid that is no more."""
    while True:
        number = new_number()
        grid = await one(session, OPEN_GRID, viewer, id=grid_id, number=number)
        if grid is None:
            raise NotFound("grid", grid_id)
        ended: date | None = grid["valid_to"]
        if ended is not None and ended < working_days.local_day(now()):
            raise Invalid(f"The grid {grid['name']} ended on {ended}: choose the one after it.", field="grid_id")
        if not grid["taken"]:
            return grid, number


def new_number() -> str:
    """LS, the day in China, and six characters of a random number: "LS20261121-7K3QZ8"."""
    chance = secrets.randbits(30)
    mark = "".join(ALPHABET[chance >> shift & 31] for shift in range(0, 30, 5))
    return f"LS{working_days.local_day(now()):%Y%m%d}-{mark}"


def _degrees(value: float | None, most: int, *, field: str) -> float | None:
    if value is not None and not -most <= value <= most:
        raise Invalid(f"{field} is {value}: give degrees from -{most} to {most}.", field=field)
    return value


def _identity(caller: Caller, request_id: UUID) -> Identity | None:
    """The caller for the vault; None if nothing is known."""
    name = words.maybe(caller.name, field="caller.name", most=words.LINE)
    phone = words.maybe(caller.phone, field="caller.phone", most=words.LINE)
    if phone is not None and not PHONE.fullmatch(phone):
        raise Invalid(
            "caller.phone is no telephone number: give 3 to 32 digits, blanks, () or -.", field="caller.phone"
        )
    if name is None and phone is None:
        return None
    return Identity(id=uuid7(), name=name, phone=phone, confidential=caller.confidential, request_id=request_id)


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
    viewer.must(row.ability)
    request = await locked(session, viewer, id)
    as_staff = on_grid(viewer, request) and viewer.can(row.staff_ability)
    if not as_staff and not await _on_side(session, viewer, request, row):
        who = "".join(f", and for {side.value}" for side in Side if side in row.sides)
        raise Forbidden(
            f"{action.name} of request {request.number} is for those over its grid with the ability "
            f"{row.staff_ability}{who}. Ask one of them."
        )
    workflow.step(request, action)
    return request


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


async def merged_under(session: AsyncSession, head: Request) -> list[Request]:
    """The requests that are merged into it, locked until the end of the transaction."""
    under = select(Request).where(Request.merged_into_id == head.id, Request.status == RequestStatus.MERGED)
    return list(await session.scalars(under.order_by(Request.id).with_for_update()))


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
            details={**moved, **(details or {})},
        )
    )
    return request
