"""Requests on their way in: what is submitted, by whom, on which grid, and under which number."""

import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, Text, cast, exists, false, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hub.auth import Viewer
from hub.errors import Forbidden, Invalid, NotFound
from hub.models import (
    Channel,
    Grid,
    GridLevel,
    Identity,
    Post,
    Practice,
    Request,
    RequestAction,
    RequestEvent,
    RequestIssue,
    RequestKind,
    RequestLevel,
    RequestStatus,
    Urgency,
    Workflow,
    WorkflowStep,
    WorkflowSubject,
    now,
    uuid7,
)
from hub.prepared import Prepared
from hub.services import grids, words, working_days
from hub.services.adding import Adding, one
from hub.services.coordinates import must_be_whole
from hub.services.deadlines import Deadline, after
from hub.services.requests import LEVELS, begin, record
from hub.services.step_deadlines import PHASES
from hub.services.steps import OVERLAYS, held_there, must_begin

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U, so that it can be read out
PHONE = re.compile(r"\+?\d[\d ()-]{1,30}\d")
MOST_ISSUES = 20


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
    workflow_id: UUID | None = None,
    caller: Caller | None = None,
    issues: Sequence[Issue] = (),
) -> Request:
    """Submit a request (提交): it is RECEIVED, on the level of its grid, under a number that people can quote.

    Under a practice that has one workflow of requests alone, it follows that one, where the viewer may begin it.
    """
    viewer.must("requests:submit")
    grid, number = await _grid_and_number(session, viewer, grid_id)
    level = GridLevel[grid["level"]]
    must_be_whole({"longitude": longitude, "latitude": latitude})
    followed = None
    if workflow_id is not None:
        followed = await _followed(session, viewer, workflow_id, grid["path"], practice)
    elif (practice := words.maybe(practice, field="practice", most=words.LINE)) is not None:
        workflow_id = await _only_workflow(session, viewer, practice)
        if workflow_id is not None:
            with suppress(Forbidden):
                followed = await _followed(session, viewer, workflow_id, grid["path"], practice)
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
        longitude=longitude,
        latitude=latitude,
        practice=followed.practice if followed else practice,
        workflow_id=workflow_id if followed else None,
        step_id=followed and followed.step_id,
        due_at=followed.due_at if followed else None,
    )
    return _take_in(session, viewer, request, caller, issues, followed.details() if followed else {})


async def send(session: AsyncSession, viewer: Viewer, id: UUID) -> Request:
    """Submit a draft (提交草稿)."""
    request = await begin(session, viewer, id, RequestAction.SUBMIT)
    request.submitted_at = now()
    return record(session, viewer, request, RequestAction.SUBMIT)


def _take_in(
    session: AsyncSession | Adding,
    viewer: Viewer,
    request: Request,
    caller: Caller | None,
    issues: Sequence[Issue],
    details: dict[str, object],
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
        request_id=request.id,
        action=RequestAction.SUBMIT,
        status=request.status,
        actor_id=viewer.party_id,
        step_id=request.step_id,
        details=details,
    )
    session.add(event)
    return request


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a workflow begins: the practice, its first step, and the deadline of the one that is then to be taken."""

    practice: str
    step_id: UUID
    awaited: str | None
    deadline: Deadline | None

    @property
    def due_at(self) -> datetime | None:
        return self.deadline.due_at if self.deadline is not None else None

    def details(self) -> dict[str, object]:
        return self.deadline.details() | {"step": self.awaited} if self.deadline is not None else {}


def _first_steps(viewer: Viewer, given: Callable[[str], Any]) -> Select[Any]:
    """The step at which a workflow of requests begins, whether it is for one of the posts that the viewer holds, and
    those that may follow: names, phases, days."""
    first, after = WorkflowStep, aliased(WorkflowStep)
    named = first.taken_by.has_key(cast(Post.role, Text))
    posts = held_there(viewer.party_id, given("path")) if viewer.party_id is not None else false()
    said = (func.jsonb_build_array(one.name, one.phase, one.days) for one in (first, after))
    own, later = said
    follows = (after.workflow_id == first.workflow_id, after.closed_on.is_(None), first.leads_to.has_key(after.code))
    nearest = select(later).where(*follows, after.phase.not_in(OVERLAYS)).order_by(after.position).limit(1)
    found: Select[Any] = select(  # type: ignore[assignment]
        *(Workflow.practice, first.id.label("step_id"), first.name, cast(first.taken_by, Text).label("takers")),
        exists().where(posts, named).label("holds"),
        cast(func.jsonb_build_array(own, nearest.scalar_subquery()), Text).label("steps"),
    )
    mine = (Workflow.id == given("id"), Workflow.subject == WorkflowSubject.REQUEST, Workflow.closed_on.is_(None))
    steps_of = found.join(first, first.workflow_id == Workflow.id)
    return steps_of.where(*mine, first.closed_on.is_(None)).order_by(first.position).limit(1)


FIRST_STEP = Prepared(_first_steps)


async def _followed(
    session: AsyncSession | Adding, viewer: Viewer, workflow_id: UUID, grid_path: str, practice: str | None
) -> Followed:
    """How a workflow begins. Raises NotFound; Forbidden where its first step is for others, Invalid where it is
    another practice's."""
    found = await one(session, FIRST_STEP, viewer, id=workflow_id, path=grid_path)
    if found is None:
        raise NotFound("workflow", workflow_id, "Workflows of requests are those whose subject is REQUEST.")
    if practice is not None and practice != found["practice"]:
        raise Invalid(f"That workflow is one of {found['practice']}: leave the practice out.", field="practice")
    must_begin(viewer, found["name"], orjson.loads(found["takers"]), grid_path, holds=found["holds"])
    own, later = orjson.loads(found["steps"])
    name, phase, days = own if own[1] in DUE or later is None else later  # what it comes in with is not yet that step
    deadline = after(now(), days) if days is not None and phase in DUE else None
    return Followed(found["practice"], found["step_id"], name, deadline)


DUE = frozenset(phase.name for phase in PHASES)


def _practices(viewer: Viewer, given: Callable[[str], Any]) -> Select[Any]:
    """The codes of the practices, and the workflow of the one that is given, if it has one alone."""
    holding = Practice.closed_on.is_(None)
    mine = (Workflow.practice == given("practice"), Workflow.subject == WorkflowSubject.REQUEST)
    theirs = select(func.min(cast(Workflow.id, Text))).where(*mine, Workflow.closed_on.is_(None))
    alone = theirs.having(func.count() == 1)
    codes = func.string_agg(Practice.code, ", ").label("codes")
    found: Select[Any] = select(codes, alone.scalar_subquery().label("workflow")).where(holding)
    return found


PRACTICES = Prepared(_practices)


async def _only_workflow(session: AsyncSession | Adding, viewer: Viewer, practice: str) -> UUID | None:
    """The one workflow of requests that the practice has; None for none or several. Raises Invalid for no practice."""
    found = await one(session, PRACTICES, viewer, practice=practice)
    known = sorted((found["codes"] or "").split(", "))
    if practice not in known:
        there = f"There are: {', '.join(known)}." if known != [""] else "There is none yet."
        raise Invalid(f"No practice {practice} is known here. {there}", field="practice")
    return UUID(found["workflow"]) if found["workflow"] is not None else None


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
