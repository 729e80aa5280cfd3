"""What is asked for: requests, and the rows that belong to them.

Rows of a request have the key (request_id, id): a request and all of its rows can live together.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, SECRET, Base, Entity, Term, now, ref, sparse, uuid7


class RequestKind(Term):
    """What the caller wants (诉求类型)."""

    CONSULTATION = "Asks for information (咨询)."
    HELP = "Asks for help (求助)."
    COMPLAINT = "Complains (投诉)."
    REPORT = "Reports a wrong (举报)."
    SUGGESTION = "Suggests (建议)."
    PRAISE = "Praises (表扬)."
    APPEAL = "Demands, not further sorted (诉求)."
    WISH = "A wish, claimed by whoever can fulfil it (微心愿)."
    EVENT = "Something found on the grid (事件)."
    OTHER = "Another kind (其他)."


class Channel(Term):
    """How it came in (来源渠道)."""

    HOTLINE_12345 = "The government hotline (12345热线)."
    HOTLINE_12319 = "The city management hotline (12319热线)."
    PHONE = "A call to the neighbourhood itself (电话)."
    MINI_APP = "A mini-app (小程序)."
    MINI_APP_REPORT = "A mini-app, where wrongs are reported (小程序报事)."
    MINI_APP_DISCUSS = "A mini-app, where matters are discussed (小程序议事)."
    MINI_APP_SERVICE = "A mini-app, where things get done (小程序办事)."
    QR_CODE = "A code on the wall (扫码)."
    VISIT = "A visit at the door (走访)."
    GRID_WORKER = "Found by a grid worker (网格上报)."
    STATION = "A station or counter (驿站, 窗口)."
    SENSOR = "A device (物联感知)."
    WEB = "A web page or another system (网络)."
    OTHER = "Another way (其他)."


class RequestStatus(Term):
    """Where a request stands (诉求状态). Supervision and urging lie over it: flags with events, not statuses."""

    DRAFT = "Written, not yet sent (草稿)."
    RECEIVED = "Taken in (受理)."
    NEEDS_INFO = "Waits for more from the caller (待补充)."
    REJECTED_SCOPE = "Not for this hub (不予受理)."
    TRIAGED = "Examined (预审, 立案)."
    DISPATCHED = "Sent to a party (派单)."
    SIGNED = "The party signed for it (签收)."
    RETURN_REQUESTED = "The party wants to give it back (退单申请)."
    RETURNED = "Given back, waits for another dispatch (退回)."
    IN_PROGRESS = "Accepted and worked on (接单, 处置中)."
    EXTENSION_REQUESTED = "The party asks for more time (延期申请)."
    HANDLED = "The party says: done (已处置)."
    VERIFIED = "Checked on the spot (核查)."
    CALLBACK = "The caller was asked (回访)."
    REWORK = "To be done again (重办)."
    MERGED = "Handled under another request (并案)."
    CLOSED = "Closed (办结)."
    ARCHIVED = "Closed and filed (归档)."


class RequestLevel(Term):
    """On which loop it is handled: each climbs to the next (办理层级)."""

    ESTATE = "Inside the estate (小区内循环)."
    COMMUNITY = "The community's micro loop (社区微循环)."
    STREET = "The street's small loop (街镇小循环)."
    DISTRICT = "The district's big loop (区级大循环)."


class Urgency(Term):
    """How pressing it is (紧急程度)."""

    NORMAL = "Normal (一般)."
    URGENT = "Urgent (紧急)."


class Satisfaction(Term):
    """How the caller feels about it (满意度)."""

    VERY_SATISFIED = "Very satisfied (非常满意)."
    SATISFIED = "Satisfied (满意)."
    UNDERSTANDING = "Understands (理解, 基本满意)."
    DISSATISFIED = "Dissatisfied (不满意)."


class Request(Entity):
    """Something that somebody asks for (诉求, 工单)."""

    __tablename__ = "requests"

    number: Mapped[str] = mapped_column(unique=True, doc="The number that people quote (工单编号).")
    title: Mapped[str] = mapped_column(doc="What it is about, in a line (标题).")
    content: Mapped[str | None] = mapped_column(doc="What was said (诉求内容).")
    kind: Mapped[RequestKind] = mapped_column(default=RequestKind.APPEAL, doc="What the caller wants (诉求类型).")
    channel: Mapped[Channel] = mapped_column(default=Channel.OTHER, doc="How it came in (来源渠道).")
    category: Mapped[str | None] = mapped_column(
        doc="The category, from the larger to the smaller, joined by '/' (分类)."
    )
    status: Mapped[RequestStatus] = mapped_column(default=RequestStatus.RECEIVED, doc="Where it stands (状态).")
    level: Mapped[RequestLevel] = mapped_column(
        default=RequestLevel.COMMUNITY, doc="On which loop it is handled (办理层级)."
    )
    urgency: Mapped[Urgency] = mapped_column(default=Urgency.NORMAL, doc="How pressing it is (紧急程度).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH)
    place: Mapped[str | None] = mapped_column(doc="Where, in words (地点).")
    longitude: Mapped[float | None] = mapped_column(doc="In degrees, WGS 84 (经度).")
    latitude: Mapped[float | None] = mapped_column(doc="In degrees, WGS 84 (纬度).")
    practice: Mapped[str | None] = mapped_column(doc="The code of the practice whose workflow it follows (实践).")
    assignee_id: Mapped[UUID | None] = ref("parties.id", index=False)
    submitter_id: Mapped[UUID | None] = ref("parties.id", index=False)
    caller_id: Mapped[UUID | None] = ref("identities.id", index=False)
    merged_into_id: Mapped[UUID | None] = ref("requests.id", index=False)
    submitted_at: Mapped[datetime] = mapped_column(default=now, doc="When the caller asked (提交时间).")
    dispatched_at: Mapped[datetime | None] = mapped_column(doc="When it was last sent to a party (派单时间).")
    signed_at: Mapped[datetime | None] = mapped_column(
        doc="When the party signed (签收时间): the clock runs from here."
    )
    handled_at: Mapped[datetime | None] = mapped_column(doc="When the party said that it is done (办理完成时间).")
    closed_at: Mapped[datetime | None] = mapped_column(doc="When it was closed (办结时间); empty: open.")
    due_at: Mapped[datetime | None] = mapped_column(
        doc="The deadline, in working days of the Chinese calendar (办理期限)."
    )
    result: Mapped[str | None] = mapped_column(doc="What was done, as told to the caller (办理结果).")
    solved: Mapped[bool | None] = mapped_column(doc="Whether the caller says that it is solved (是否解决).")
    satisfaction: Mapped[Satisfaction | None] = mapped_column(doc="How the caller feels about it (满意度).")
    supervised: Mapped[bool] = mapped_column(default=False, doc="Whether it is under supervision (督办).")
    urged: Mapped[int] = mapped_column(default=0, doc="How often it was urged (催办).")
    returns: Mapped[int] = mapped_column(default=0, doc="How often a return was granted (退单).")
    public: Mapped[bool] = mapped_column(
        default=False, doc="Whether it was published (公示): then everybody may see it."
    )

    workflow_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflows.id"), sort_order=1)
    step_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_steps.id"), sort_order=1)

    __table_args__ = (
        Index(None, "grid_path", "submitted_at", "id"),
        Index("ix_requests_open", "grid_id", "submitted_at", "id", postgresql_where=text("closed_at IS NULL")),
        Index(None, "submitted_at", "id"),
        Index(None, "due_at", postgresql_where=text("closed_at IS NULL")),
        Index(
            "ix_requests_near",
            *("latitude", "longitude", "submitted_at"),
            postgresql_where=text("closed_at IS NULL AND latitude IS NOT NULL"),
        ),
        *map(sparse, ("assignee_id", "submitter_id", "caller_id", "merged_into_id", "workflow_id", "step_id")),
    )


class RequestAction(Term):
    """What somebody did with a request (诉求操作)."""

    SUBMIT = "Submitted it (提交)."
    SYNC = "A source reported it or its progress (同步)."
    ASK_INFO = "Asked the caller for more (要求补充)."
    ADD_INFO = "Added what was asked for (补充)."
    REJECT_SCOPE = "Found that it is not for this hub (不予受理)."
    TRIAGE = "Examined it (预审)."
    DISPATCH = "Sent it to a party (派单)."
    SIGN = "Signed for it (签收)."
    ACCEPT = "Accepted it (接单)."
    JOIN = "Called another party in (吹哨, 加派)."
    RESPOND = "The party called in answered (响应)."
    EVALUATE_RESPONSE = "Evaluated the answer of a party called in (响应评价)."
    ASK_RETURN = "Asked to give it back (申请退单)."
    GRANT_RETURN = "Granted the return (同意退单)."
    REFUSE_RETURN = "Refused the return (不同意退单)."
    ASK_EXTENSION = "Asked for more time (申请延期)."
    GRANT_EXTENSION = "Granted more time (同意延期)."
    REFUSE_EXTENSION = "Refused more time (不同意延期)."
    HANDLE = "Said that it is done (办理完成)."
    VERIFY = "Checked it on the spot (核查)."
    REWORK = "Sent it back to be done again (重办)."
    FEED_BACK = "Told the caller, and asked (反馈, 回访)."
    EVALUATE = "Evaluated the handling (评价)."
    PUBLISH = "Published it (公示)."
    UNPUBLISH = "Took it back from the public (撤回公示)."
    CLOSE = "Closed it (办结)."
    REOPEN = "Opened it again (重启)."
    ARCHIVE = "Filed it (归档)."
    ESCALATE = "Took it up a level (升级)."
    MERGE = "Put it under another request (并案)."
    UNMERGE = "Took it out from under another request (撤销并案)."
    ANSWER = "Got the answer of the request under which it is handled (并案答复)."
    ATTACH = "Attached a file (附件)."
    SUPERVISE = "Put it under supervision (督办)."
    RELEASE = "Ended the supervision (解除督办)."
    URGE = "Urged it (催办)."


class RequestEvent(Base):
    """One step in the life of a request (流转记录)."""

    __tablename__ = "request_events"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(default=now, doc="When it happened (发生时间).")
    action: Mapped[RequestAction] = mapped_column(doc="What was done (操作).")
    status: Mapped[RequestStatus] = mapped_column(doc="Where the request stood afterwards (操作后状态).")
    actor_id: Mapped[UUID | None] = ref("parties.id", index=False)
    party_id: Mapped[UUID | None] = ref("parties.id", index=False)
    note: Mapped[str | None] = mapped_column(doc="What was said about it (说明).")
    details: Mapped[dict[str, Any]] = mapped_column(
        default=dict, doc="What else belongs to the action, as JSON (详情)."
    )
    step_id: Mapped[UUID | None] = mapped_column(ForeignKey("workflow_steps.id"), sort_order=1)

    __table_args__ = (sparse("actor_id"), sparse("party_id"))


class RequestIssue(Base):
    """One of several matters in one request (诉求事项)."""

    __tablename__ = "request_issues"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    key: Mapped[str] = mapped_column(doc="Its mark within the request (事项编号): '1', '2'.")
    title: Mapped[str] = mapped_column(doc="What it is about (标题).")
    category: Mapped[str | None] = mapped_column(doc="The category, from the larger to the smaller (分类).")
    solved: Mapped[bool | None] = mapped_column(doc="Whether it is solved (是否解决); empty: not yet known.")


class CoHandler(Base):
    """A party called in beside the assignee (协办)."""

    __tablename__ = "co_handlers"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[UUID] = ref("parties.id")
    asked_at: Mapped[datetime] = mapped_column(default=now, doc="When it was called in (吹哨).")
    due_at: Mapped[datetime | None] = mapped_column(doc="Until when it must answer (响应期限).")
    responded_at: Mapped[datetime | None] = mapped_column(doc="When it answered (响应).")
    reply: Mapped[str | None] = mapped_column(doc="What it answered (答复).")
    ok: Mapped[bool | None] = mapped_column(
        doc="Whether who called it in is content with the answer (响应是否到位); empty: not yet evaluated."
    )
    evaluated_at: Mapped[datetime | None] = mapped_column(doc="When the answer was evaluated (响应评价时间).")
    evaluation: Mapped[str | None] = mapped_column(doc="What was said of the answer (响应评语).")


class Evaluation(Base):
    """What the caller or the people say of the handling (评价)."""

    __tablename__ = "evaluations"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was given (评价时间).")
    by_id: Mapped[UUID | None] = ref("parties.id")
    solved: Mapped[bool | None] = mapped_column(doc="Whether it is solved (是否解决).")
    satisfaction: Mapped[Satisfaction] = mapped_column(doc="How the caller feels about it (满意度).")
    note: Mapped[str | None] = mapped_column(doc="In their own words (评语).")


class Attachment(Base):
    """A file that belongs to a request (附件)."""

    __tablename__ = "attachments"

    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(doc="The name of the file (文件名).")
    media_type: Mapped[str] = mapped_column(doc="The type, as found in its first bytes (文件类型).")
    size: Mapped[int] = mapped_column(doc="In bytes (文件大小).")
    sha256: Mapped[str] = mapped_column(doc="SHA-256 of the bytes, in hex (校验值).")
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was attached (上传时间).")
    by_id: Mapped[UUID | None] = ref("parties.id")
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, info=SECRET)
