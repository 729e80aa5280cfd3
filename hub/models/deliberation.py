"""Deliberation: where people meet, what they talk about, what they decide, and what goes higher up."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, now, ref

CODE = "The code that others know it by (编码)."
PRACTICE = "The code of the practice it belongs to (实践)."


class Forum(Term):
    """Where people deliberate, from the street down to the doorstep (议事平台)."""

    STREET_COUNCIL = "A street's council (街道议事会)."
    COMMUNITY_HALL = "A community's hall (社区议事厅)."
    ESTATE_BAR = "An estate's corner (小区议事吧)."
    BUILDING_TABLE = "A building's table (楼栋议事桌)."
    DOORSTEP = "At the doorstep (家门口议事)."
    JOINT_MEETING = "A joint meeting of units (联席会议)."
    OTHER = "Another one (其他)."


class Meeting(Entity):
    """A meeting of an alliance or on a grid (会议)."""

    __tablename__ = "meetings"

    alliance_id: Mapped[UUID | None] = ref("alliances.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    title: Mapped[str] = mapped_column(doc="What it is about (议题).")
    held_at: Mapped[datetime] = mapped_column(doc="When it is or was held (召开时间).")
    place: Mapped[str | None] = mapped_column(doc="Where, in words (地点).")
    minutes: Mapped[str | None] = mapped_column(doc="What was said (会议纪要).")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc=CODE)
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc=PRACTICE)
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True, sort_order=1)
    forum: Mapped[Forum | None] = mapped_column(sort_order=1, doc="On which forum (议事平台).")
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("series.id"), index=True, sort_order=1)
    venue: Mapped[str | None] = mapped_column(
        sort_order=1, doc="In what sort of room, in the practice's words: 三方联动议事厅 (议事场所)."
    )
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day it was called off (取消日期); empty: it stands."
    )


class TopicChannel(Term):
    """How a topic came up (议题来源)."""

    VISIT = "At a visit (走访)."
    ON_SITE = "On the spot (现场)."
    ONLINE = "Online (线上)."


class TopicGrade(Term):
    """What sort of matter it is (议题分级)."""

    BIG = "A big one (大事)."
    KEY = "A key one (要事)."
    HARD = "A hard one (难事)."


class TopicStatus(Term):
    """Where a topic stands (议题状态)."""

    PROPOSED = "Somebody wants it to be talked about (提出)."
    SCREENED = "It will be talked about (筛选通过)."
    DELIBERATED = "It was talked about (已议)."
    RESOLVED = "It was decided: who does what until when (已决)."
    ESCALATED = "It went higher up, as a proposal (上报)."
    DROPPED = "It will not be talked about (不采纳)."


class Topic(Entity):
    """Something that people want to talk about and decide (议题)."""

    __tablename__ = "topics"

    code: Mapped[str | None] = mapped_column(unique=True, doc=CODE)
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    title: Mapped[str] = mapped_column(doc="What it is about, in a line (议题名称).")
    channel: Mapped[TopicChannel | None] = mapped_column(doc="How it came up (议题来源).")
    grade: Mapped[TopicGrade | None] = mapped_column(doc="What sort of matter it is (议题分级).")
    status: Mapped[TopicStatus] = mapped_column(default=TopicStatus.PROPOSED, doc="Where it stands (状态).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    meeting_id: Mapped[UUID | None] = ref("meetings.id")
    raised_by_id: Mapped[UUID | None] = ref("parties.id")
    request_id: Mapped[UUID | None] = ref("requests.id")
    raised_at: Mapped[datetime] = mapped_column(default=now, doc="When it was raised (提出时间).")
    note: Mapped[str | None] = mapped_column(doc="What those who screened it said (筛选意见).")
    review: Mapped[str | None] = mapped_column(doc="What people say of what came of it (评议意见).")
    reviewed_at: Mapped[datetime | None] = mapped_column(doc="When they said so (评议时间).")


class Resolution(Entity):
    """What a meeting decided, who does it and until when (决议)."""

    __tablename__ = "resolutions"

    meeting_id: Mapped[UUID] = ref("meetings.id")
    text: Mapped[str] = mapped_column(doc="The decision (决议内容).")
    owner_id: Mapped[UUID | None] = ref("parties.id")
    due_on: Mapped[date | None] = mapped_column(doc="The day it must be done (完成期限).")
    done_on: Mapped[date | None] = mapped_column(doc="The day it was done (完成日期).")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc=CODE)
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc=PRACTICE)
    topic_id: Mapped[UUID | None] = mapped_column(ForeignKey("topics.id"), index=True, sort_order=1)
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it does not hold (撤销日期); empty: it holds."
    )


class ProposalKind(Term):
    """As what it goes higher up (上报形式)."""

    CPPCC_PROPOSAL = "A proposal to the political consultative conference (政协提案)."
    OPINION_BRIEF = "A brief on what people think (社情民意)."


class Proposal(Entity):
    """A topic that went higher up (提案)."""

    __tablename__ = "proposals"

    code: Mapped[str | None] = mapped_column(unique=True, doc=CODE)
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    topic_id: Mapped[UUID | None] = ref("topics.id")
    proposal_kind: Mapped[ProposalKind] = mapped_column(doc="As what it goes higher up (上报形式).")
    title: Mapped[str] = mapped_column(doc="What it is about, in a line (提案名称).")
    text: Mapped[str | None] = mapped_column(doc="What it says (提案内容).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    submitted_on: Mapped[date] = mapped_column(doc="The day it was handed in (提交日期).")
    reply: Mapped[str | None] = mapped_column(doc="What was answered (答复).")
    replied_on: Mapped[date | None] = mapped_column(doc="The day of the answer (答复日期); empty: none yet.")
    closed_on: Mapped[date | None] = mapped_column(doc="The day it was withdrawn (撤回日期); empty: it stands.")
