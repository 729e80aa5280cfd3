"""Deliberation (议事): meetings, topics and what becomes of them.

    propose -> PROPOSED -> screen -> SCREENED -> deliberate -> DELIBERATED -> resolve -> RESOLVED -> review
                              |                                     |  ^                  |  |         |
                              +-> DROPPED                           |  +------------------|--+---------+ not done
                                                                    +-> ESCALATED <-------+

Whoever may submit requests proposes; those over its grid do the rest.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, false, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import (
    Forum,
    Meeting,
    Proposal,
    ProposalKind,
    Request,
    Resolution,
    Series,
    Topic,
    TopicChannel,
    TopicGrade,
    TopicStatus,
    now,
    uuid7,
)
from hub.services import alliances, grids, parties, requests, rotas, words, writing
from hub.services.working_days import local_day

WRITE = "resources:write"
OPEN = frozenset(TopicStatus) - {TopicStatus.DROPPED, TopicStatus.ESCALATED}


def _signed_in(viewer: Viewer, model: type[Any]) -> Select[Any]:
    return select(model) if viewer.subject is not None else select(model).where(false())


def meetings(viewer: Viewer) -> Select[Meeting]:
    """Minutes are for those who are signed in."""
    return _signed_in(viewer, Meeting)


def held(series: Iterable[UUID], since: datetime, until: datetime) -> Select[UUID | None, datetime]:
    """When meetings of some series were held. Everybody may know that; what was said, meetings() tells."""
    wanted = select(Meeting.series_id, Meeting.held_at).where(Meeting.series_id.in_(series))
    return wanted.where(Meeting.closed_on.is_(None), Meeting.held_at.between(since, until), Meeting.held_at <= now())


def topics(viewer: Viewer) -> Select[Topic]:
    """What people want to talk about is for those who are signed in; who raised it, obeys parties.visible."""
    return _signed_in(viewer, Topic)


def resolutions(viewer: Viewer) -> Select[Resolution]:
    """Decisions are for those who are signed in."""
    return _signed_in(viewer, Resolution)


def proposals(viewer: Viewer) -> Select[Proposal]:
    """What went higher up is for those who are signed in."""
    return _signed_in(viewer, Proposal)


OF_MEETINGS: writing.Names = {
    "alliance_id": alliances.by_id,
    "series_id": writing.seen("series", Series, rotas.series),
}
meeting_by_id = writing.seen("meeting", Meeting, meetings)
request_by_id = writing.seen("request", Request, requests.visible)


class MeetingFields(TypedDict, total=False):
    """What can be written of a meeting: what is left out stays, None empties."""

    title: str
    held_at: datetime
    code: str | None
    practice: str | None
    forum: Forum | None
    series_id: UUID | None
    alliance_id: UUID | None
    grid_id: UUID | None
    place: str | None
    venue: str | None
    minutes: str | None
    closed_on: date | None


class TopicFields(TypedDict, total=False):
    """What can be written of a topic beside its course."""

    title: str
    code: str | None
    practice: str | None
    channel: TopicChannel | None
    grade: TopicGrade | None


class ProposalFields(TypedDict, total=False):
    """What can be written of a proposal."""

    title: str
    text: str | None
    code: str | None
    practice: str | None
    reply: str | None
    replied_on: date | None
    closed_on: date | None


class ResolutionFields(TypedDict, total=False):
    """What can be written of a resolution."""

    text: str
    code: str | None
    practice: str | None
    owner_id: UUID | None
    due_on: date | None
    done_on: date | None
    closed_on: date | None


async def create_meeting(session: AsyncSession, viewer: Viewer, **fields: Unpack[MeetingFields]) -> Meeting:
    """Enter a meeting (会议), held or to be held; on the grid of its series or alliance unless another is named."""
    viewer.must(WRITE)
    given = dict(fields)
    for name, find in OF_MEETINGS.items():
        if isinstance(id := given.get(name), UUID) and given.get("grid_id") is None:
            given["grid_id"] = (await find(session, viewer, id)).grid_id
    return await writing.enter(session, viewer, Meeting(id=uuid7()), given, "title", "held_at", names=OF_MEETINGS)


async def update_meeting(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[MeetingFields]) -> Meeting:
    """Change what is given of a meeting; `closed_on` calls it off."""
    viewer.must(WRITE)
    row = await writing.found(session, "meeting", id, meetings(viewer).where(Meeting.id == id))
    return await writing.change(session, viewer, row, fields, names=OF_MEETINGS)


async def propose_topic(
    session: AsyncSession,
    viewer: Viewer,
    *,
    grid_id: UUID,
    title: str,
    channel: TopicChannel | None = None,
    grade: TopicGrade | None = None,
    raised_by_id: UUID | None = None,
    request_id: UUID | None = None,
    practice: str | None = None,
    code: str | None = None,
) -> Topic:
    """Propose something to be talked about (提出议题): one's own party does, or staff write down who did."""
    viewer.must("requests:submit")
    grid = await grids.by_id(session, viewer, grid_id)
    if code is not None or (raised_by_id is not None and raised_by_id != viewer.party_id):
        viewer.must(WRITE)
        writing.must_cover(viewer, grid.path)
    if raised_by_id is not None:
        await parties.living(session, viewer, raised_by_id)
    if request_id is not None:
        await request_by_id(session, viewer, request_id)
    topic = Topic(id=uuid7(), grid_id=grid.id, grid_path=grid.path, status=TopicStatus.PROPOSED)
    topic.raised_by_id, topic.request_id = raised_by_id or viewer.party_id, request_id
    given = {"title": title, "practice": practice, "code": code}
    writing.put(topic, writing.checked(given) | {"channel": channel, "grade": grade})
    session.add(topic)
    return topic


async def update_topic(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[TopicFields]) -> Topic:
    """Change what is given of a topic; its course has steps of its own."""
    topic = await _mine(session, viewer, id, OPEN)
    return await writing.change(session, viewer, topic, fields, names={})


async def screen_topic(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    kept: bool,
    grade: TopicGrade | None = None,
    note: str | None = None,
) -> Topic:
    """Screen a topic (筛选): it will be talked about, or it is dropped with a reason."""
    topic = await _mine(session, viewer, id, {TopicStatus.PROPOSED})
    if not kept and not (note and note.strip()):
        raise Invalid("note is missing: say why it is dropped.", field="note")
    topic.note = words.maybe(note, field="note")
    topic.grade = grade or topic.grade
    topic.status = TopicStatus.SCREENED if kept else TopicStatus.DROPPED
    return topic


async def deliberate_topic(session: AsyncSession, viewer: Viewer, id: UUID, *, meeting_id: UUID) -> Topic:
    """Say that a topic was talked about (议), and at which meeting."""
    topic = await _mine(session, viewer, id, {TopicStatus.SCREENED})
    meeting = await meeting_by_id(session, viewer, meeting_id)
    writing.must_cover(viewer, meeting.grid_path)
    if meeting.closed_on is not None:
        raise Conflict(f"The meeting {meeting.title} was called off: name one that was held.")
    if meeting.held_at > now():
        raise Conflict(f"The meeting {meeting.title} is yet to come: say so when it was held.")
    topic.meeting_id, topic.status = meeting.id, TopicStatus.DELIBERATED
    return topic


async def resolve_topic(
    session: AsyncSession, viewer: Viewer, id: UUID, *, text: str, owner_id: UUID, due_on: date
) -> Topic:
    """Decide on a topic (决): what is done, who does it and until when. It is a resolution of its meeting."""
    topic = await _mine(session, viewer, id, {TopicStatus.DELIBERATED})
    owner = await parties.living(session, viewer, owner_id)
    if due_on < local_day(now()):
        raise Invalid(f"due_on is {due_on}, which has passed: give a day to come.", field="due_on")
    made = Resolution(id=uuid7(), meeting_id=topic.meeting_id, topic_id=topic.id, owner_id=owner.id, due_on=due_on)
    writing.put(made, writing.checked({"text": words.said(text, field="text"), "practice": topic.practice}))
    topic.status, topic.review, topic.reviewed_at = TopicStatus.RESOLVED, None, None
    session.add(made)
    return topic


async def review_topic(
    session: AsyncSession, viewer: Viewer, id: UUID, *, done: bool, review: str | None = None
) -> Topic:
    """Say whether what was decided was done (评议): who raised it does, or staff write it down. If not, it is to be
    decided again."""
    topic = await _mine(session, viewer, id, {TopicStatus.RESOLVED}, raiser=True)
    _must_be_unfinished(topic)
    text = words.maybe(review, field="review")
    if not done and text is None:
        raise Invalid("review is missing: say what was not done.", field="review")
    open_ = select(Resolution).where(Resolution.topic_id == topic.id, Resolution.done_on.is_(None))
    for resolution in (await session.scalars(open_.where(Resolution.closed_on.is_(None)).with_for_update())).all():
        if done:
            resolution.done_on = local_day(now())
        else:
            resolution.closed_on = local_day(now())
    topic.review, topic.reviewed_at = text, now()
    topic.status = topic.status if done else TopicStatus.DELIBERATED
    return topic


async def escalate_topic(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    proposal_kind: ProposalKind,
    title: str | None = None,
    text: str | None = None,
    submitted_on: date | None = None,
) -> Topic:
    """Take a topic higher up, as a proposal or a brief (政协提案, 社情民意), after it was talked about."""
    topic = await _mine(session, viewer, id, {TopicStatus.DELIBERATED, TopicStatus.RESOLVED})
    _must_be_unfinished(topic)
    made = Proposal(id=uuid7(), topic_id=topic.id, proposal_kind=proposal_kind, grid_id=topic.grid_id)
    made.grid_path, made.submitted_on = topic.grid_path, submitted_on or local_day(now())
    given = {"title": title or topic.title, "text": text, "practice": topic.practice}
    writing.put(made, writing.checked(given))
    topic.status = TopicStatus.ESCALATED
    session.add(made)
    return topic


def _must_be_unfinished(topic: Topic) -> None:
    """Raise Conflict where it was said already that what was decided is done."""
    if topic.status is TopicStatus.RESOLVED and topic.reviewed_at is not None:
        day = local_day(topic.reviewed_at)
        raise Conflict(f"What was decided on {topic.title} is done, as was said on {day}: propose a new topic.")


async def update_proposal(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[ProposalFields]
) -> Proposal:
    """Change what is given of a proposal; `reply` says what was answered, `closed_on` that it was withdrawn."""
    viewer.must(WRITE)
    row = await writing.found(session, "proposal", id, proposals(viewer).where(Proposal.id == id))
    given = dict(fields)
    if given.get("reply") and row.replied_on is None and "replied_on" not in given:
        given["replied_on"] = local_day(now())
    return await writing.change(session, viewer, row, given, names={})


async def update_resolution(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[ResolutionFields]
) -> Resolution:
    """Change what is given of a resolution; `done_on` says that it is done, `closed_on` that it does not hold."""
    viewer.must(WRITE)
    row = await writing.found(session, "resolution", id, resolutions(viewer).where(Resolution.id == id))
    writing.must_cover(viewer, (await session.get_one(Meeting, row.meeting_id)).grid_path)
    return await _put(session, viewer, row, fields)


async def decide(
    session: AsyncSession, viewer: Viewer, *, meeting_id: UUID, **fields: Unpack[ResolutionFields]
) -> Resolution:
    """Enter what a meeting decided (决议), also where no topic was proposed before."""
    viewer.must(WRITE)
    meeting = await meeting_by_id(session, viewer, meeting_id)
    writing.must_cover(viewer, meeting.grid_path)
    writing.must_have(fields, "text")
    made = Resolution(id=uuid7(), meeting_id=meeting.id)
    await _put(session, viewer, made, fields)
    session.add(made)
    return made


async def _put(session: AsyncSession, viewer: Viewer, row: Resolution, fields: Mapping[str, object]) -> Resolution:
    if isinstance(owner := fields.get("owner_id"), UUID):
        await parties.living(session, viewer, owner)
    writing.put(row, writing.checked(fields))
    return row


async def _mine(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    at: "set[TopicStatus] | frozenset[TopicStatus]",
    *,
    raiser: bool = False,
) -> Topic:
    """The topic, locked, if it is on the viewer's grid and stands there. Raises Forbidden and Conflict.

    `raiser`: or if the viewer's party raised it.
    """
    viewer.must("requests:submit" if raiser else WRITE)
    topic = await writing.found(session, "topic", id, topics(viewer).where(Topic.id == id))
    if not raiser or viewer.party_id is None or viewer.party_id != topic.raised_by_id:
        viewer.must(WRITE)
        writing.must_cover(viewer, topic.grid_path)
    if topic.status not in at:
        allowed = " or ".join(sorted(one.name for one in at))
        raise Conflict(f"The topic {topic.title} is {topic.status.name}: this is possible while it is {allowed}.")
    return topic
