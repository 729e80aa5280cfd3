"""Deliberation: where people meet, what they talk about, what they decide, and what goes higher up."""

from typing import Any

import strawberry

from hub import models
from hub.services import alliances as see_alliances
from hub.services import deliberation as see
from hub.services import grids as see_grids
from hub.services import parties as see_parties
from hub.services import requests as see_requests
from hub.services import rotas as see_rotas
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, node
from schema.ownership import extras, provenance, withheld
from schema.verbs import verb, write

GRID = models.Grid.id
PARTY = models.Party.id
MEETING = models.Meeting.id
TOPIC = models.Topic.id


@node(
    models.Meeting,
    see.meetings,
    "code title forum held_at place venue minutes practice closed_on created_at updated_at",
    natural="code",
)
class Meeting(Identified):
    alliance = one(
        "Alliance",
        see_alliances.visible,
        models.Alliance.id,
        key=models.Meeting.alliance_id,
        description="Whose meeting (联盟).",
    )
    grid = one("Grid", see_grids.visible, GRID, key=models.Meeting.grid_id, description="Of which grid (网格).")
    series = one(
        "Series",
        see_rotas.series,
        models.Series.id,
        key=models.Meeting.series_id,
        description="Of which series (会议系列).",
    )
    topics = many(
        "Topic",
        see.topics,
        models.Topic.meeting_id,
        key=MEETING,
        order="raised_at",
        description="What was talked about (议题).",
    )
    resolutions = many(
        "Resolution",
        see.resolutions,
        models.Resolution.meeting_id,
        key=MEETING,
        description="What was decided (决议).",
    )
    history = history(MEETING)
    provenance = provenance(MEETING)
    withheld = withheld(MEETING)
    extras = extras(MEETING)


@node(
    models.Topic,
    see.topics,
    "code title channel grade status raised_at note review reviewed_at practice created_at updated_at",
    natural="code",
)
class Topic(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.Topic.grid_id, description="Of which grid (网格).")
    meeting = one(
        "Meeting",
        see.meetings,
        MEETING,
        key=models.Topic.meeting_id,
        description="Where it was talked about (会议).",
    )
    raised_by = one(
        "Party", see_parties.visible, PARTY, key=models.Topic.raised_by_id, description="Who raised it (提出者)."
    )
    request = one(
        "Request",
        see_requests.visible,
        models.Request.id,
        key=models.Topic.request_id,
        description="The request that it comes from (诉求).",
    )
    resolutions = many(
        "Resolution",
        see.resolutions,
        models.Resolution.topic_id,
        key=TOPIC,
        description="What was decided about it (决议).",
    )
    proposals = many(
        "Proposal",
        see.proposals,
        models.Proposal.topic_id,
        key=TOPIC,
        description="As what it went higher up (提案).",
    )
    history = history(TOPIC)


@node(
    models.Resolution,
    see.resolutions,
    "code text due_on done_on practice closed_on created_at updated_at",
    natural="code",
)
class Resolution(Identified):
    meeting = one(
        "Meeting",
        see.meetings,
        MEETING,
        key=models.Resolution.meeting_id,
        description="Where it was decided (会议).",
    )
    topic = one("Topic", see.topics, TOPIC, key=models.Resolution.topic_id, description="About which topic (议题).")
    owner = one(
        "Party", see_parties.visible, PARTY, key=models.Resolution.owner_id, description="Who does it (责任方)."
    )


@node(
    models.Proposal,
    see.proposals,
    "code proposal_kind title text submitted_on reply replied_on practice closed_on created_at updated_at",
    natural="code",
)
class Proposal(Identified):
    topic = one("Topic", see.topics, TOPIC, key=models.Proposal.topic_id, description="Of which topic (议题).")
    grid = one("Grid", see_grids.visible, GRID, key=models.Proposal.grid_id, description="Of which grid (网格).")


@strawberry.type
class Query:
    meeting = found("Meeting", see.meetings, models.Meeting.code, description="One meeting (会议).")
    meetings = connection("Meeting", see.meetings, order="-held_at", description="The meetings (会议).")
    topic = found("Topic", see.topics, models.Topic.code, description="One topic (议题).")
    topics = connection("Topic", see.topics, order="-raised_at", description="What people want to talk about (议题).")
    resolutions = connection("Resolution", see.resolutions, order="due_on", description="What was decided (决议).")
    proposals = connection("Proposal", see.proposals, order="-submitted_on", description="What went higher up (提案).")


IDS = {
    "id": "Topic",
    "grid_id": "Grid",
    "raised_by_id": "Party",
    "request_id": "Request",
    "meeting_id": "Meeting",
    "owner_id": "Party",
}
WORDS = {
    "id": "The topic (议题).",
    "grid_id": "The grid (网格).",
    "title": "What it is about, in a line (名称); of a proposal: the topic's, unless said.",
    "channel": "How it came up (议题来源).",
    "grade": "What sort of matter it is (议题分级).",
    "raised_by_id": "Who raised it (提出者): the viewer's party, unless staff write down another.",
    "request_id": "The request that it comes from (诉求).",
    "practice": "The code of the practice (实践).",
    "code": "The code that others know it by (编码).",
    "kept": "Whether it will be talked about (是否采纳).",
    "note": "Why, in words (意见); needed where it is dropped.",
    "meeting_id": "The meeting (会议).",
    "text": "What it says (内容).",
    "owner_id": "Who does it (责任方).",
    "due_on": "The day it must be done (完成期限).",
    "done": "Whether it was done (是否落实).",
    "review": "What people say of it (评议意见); needed where it was not done.",
    "proposal_kind": "As what it goes higher up (上报形式).",
    "submitted_on": "The day it is handed in (提交日期): today, unless said.",
}


def _step(function: Any) -> Any:
    return verb(function, WORDS, returns="Topic", ids=IDS)


@strawberry.type
class Mutation:
    create_meeting = write(see.create_meeting, "Meeting")
    update_meeting = write(see.update_meeting, "Meeting")
    propose_topic = _step(see.propose_topic)
    update_topic = write(see.update_topic, "Topic")
    screen_topic = _step(see.screen_topic)
    deliberate_topic = _step(see.deliberate_topic)
    resolve_topic = _step(see.resolve_topic)
    review_topic = _step(see.review_topic)
    escalate_topic = _step(see.escalate_topic)
    decide = write(see.decide, "Resolution")
    update_resolution = write(see.update_resolution, "Resolution")
    update_proposal = write(see.update_proposal, "Proposal")
