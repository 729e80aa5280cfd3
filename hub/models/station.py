"""Where service happens: stations, their items, what goes on, the hours that people give."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, ref, sparse


class StationTier(Term):
    """Whom a station is for (驿站类型)."""

    CENTRE = "Centre of a street or district (党群服务中心)."
    COMMUNITY = "A community's general station (社区综合类)."
    GRID = "A grid's own station (网格个性化)."
    ESTATE = "A station in an estate (小区亲民型)."


class BuildMode(Term):
    """How a station came to be (建设方式)."""

    CONVERTED = "Converted from what was there (改建)."
    CO_BUILT = "Built with a partner (共建)."
    NEW = "Built anew (新建)."


class Premises(Term):
    """Whose rooms a station is in (场地来源)."""

    COMMUNITY_ROOM = "Rooms of the community (社区用房)."
    UNIT_ROOM = "Idle rooms of a unit (单位闲置用房)."
    ESTATE_ROOM = "Rooms of the estate (小区用房)."
    HANDOVER_ROOM = "Rooms handed over by an enterprise (三供一业移交)."
    OTHER = "Other rooms (其他)."


PRACTICE = "The code of the practice it belongs to (实践)."


class Station(Entity):
    """A place where people are served: a red station, a centre (驿站, 党群服务站)."""

    __tablename__ = "stations"

    code: Mapped[str | None] = mapped_column(unique=True, doc="The code that others know it by (编码).")
    name: Mapped[str] = mapped_column(doc="The name (名称).")
    tier: Mapped[StationTier] = mapped_column(doc="Whom it is for (驿站类型).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    operator_id: Mapped[UUID | None] = ref("parties.id")
    centre_id: Mapped[UUID | None] = ref("stations.id")
    address: Mapped[str | None] = mapped_column(doc="Where, in words (地址).")
    longitude: Mapped[float | None] = mapped_column(doc="In degrees, WGS 84 (经度).")
    latitude: Mapped[float | None] = mapped_column(doc="In degrees, WGS 84 (纬度).")
    area: Mapped[float | None] = mapped_column(doc="In square metres (面积).")
    opening_hours: Mapped[str | None] = mapped_column(doc="When it is open, in words (开放时间).")
    functions: Mapped[list[str]] = mapped_column(default=list, doc="What it is for, in its own words (功能).")
    facilities: Mapped[list[str]] = mapped_column(default=list, doc="What is there (设施): charging, first aid, ...")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc=PRACTICE)
    build_mode: Mapped[BuildMode | None] = mapped_column(sort_order=1, doc="How it came to be (建设方式).")
    premises: Mapped[Premises | None] = mapped_column(sort_order=1, doc="Whose rooms it is in (场地来源).")
    demonstration: Mapped[bool] = mapped_column(
        default=False, sort_order=1, doc="Whether others are to learn from it (示范性驿站)."
    )
    agency: Mapped[bool] = mapped_column(
        default=False, sort_order=1, doc="Whether matters are done for people there (代办点)."
    )
    zones: Mapped[list[str]] = mapped_column(default=list, sort_order=1, doc="Its parts, in its own words (功能区).")
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True, sort_order=1)
    opened_on: Mapped[date | None] = mapped_column(sort_order=1, doc="The day it opened (启用日期).")
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it is no more (停用日期); empty: it is open."
    )

    __table_args__ = (Index(None, "latitude", "longitude"),)


class ServiceItem(Entity):
    """Something that can be had at a station or from a party (服务事项)."""

    __tablename__ = "service_items"

    title: Mapped[str] = mapped_column(doc="What it is (事项名称).")
    station_id: Mapped[UUID | None] = ref("stations.id")
    provider_id: Mapped[UUID | None] = ref("parties.id")
    category: Mapped[str | None] = mapped_column(doc="The category, from the larger to the smaller (分类).")
    sunk: Mapped[bool] = mapped_column(default=False, doc="Whether it was brought down from a higher level (下沉).")
    extended: Mapped[bool] = mapped_column(default=False, doc="Whether a co-builder gives it (延伸服务).")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc=PRACTICE)
    modes: Mapped[list[str]] = mapped_column(
        default=list, sort_order=1, doc="How people are served (服务方式): names of ServiceMode."
    )
    contactless: Mapped[bool] = mapped_column(
        default=False, sort_order=1, doc="Whether nobody need come for it (不见面审批)."
    )
    capacity: Mapped[int | None] = mapped_column(sort_order=1, doc="How many it serves at a time (容量).")
    grid_id: Mapped[UUID | None] = mapped_column(ForeignKey("grids.id"), index=True, sort_order=1)
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True, sort_order=1)
    replaces_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_items.id"), index=True, sort_order=1)
    because: Mapped[str | None] = mapped_column(
        sort_order=1, doc="Why it took the place of the one before it (优化原因)."
    )
    evaluation_request_id: Mapped[UUID | None] = mapped_column(sort_order=1)
    evaluation_id: Mapped[UUID | None] = mapped_column(sort_order=1)
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it is not to be had (停用日期); empty: it is."
    )

    __table_args__ = (
        ForeignKeyConstraint(["evaluation_request_id", "evaluation_id"], ["evaluations.request_id", "evaluations.id"]),
        sparse("evaluation_id"),
    )


class Activity(Entity):
    """Something that people come together for (活动)."""

    __tablename__ = "activities"

    title: Mapped[str] = mapped_column(doc="What it is (活动名称).")
    organizer_id: Mapped[UUID | None] = ref("parties.id")
    station_id: Mapped[UUID | None] = ref("stations.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    starts_at: Mapped[datetime] = mapped_column(doc="When it begins (开始时间).")
    ends_at: Mapped[datetime | None] = mapped_column(doc="When it ends (结束时间).")
    attendance: Mapped[int | None] = mapped_column(doc="How many came (参加人数).")
    code: Mapped[str | None] = mapped_column(
        unique=True, sort_order=1, doc="The code that others know it by (编码), of a registry's project too."
    )
    category: Mapped[str | None] = mapped_column(
        sort_order=1, doc="The category, from the larger to the smaller (服务类别)."
    )
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it is no more (终止日期); empty: it takes place."
    )
    practice: Mapped[str | None] = mapped_column(sort_order=2, doc=PRACTICE)
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("series.id"), index=True, sort_order=2)


class ServiceMethod(Term):
    """How hours came to be recorded (时长记录方式)."""

    TEAM = "Entered by the team (团体录入)."
    SELF = "Declared by the person (个人申报)."
    TIME_CODE = "By a time code (时长码)."
    APP = "Timed by an app (手机计时)."
    AUTOMATIC = "Timed automatically (自动计时)."


class ServiceStatus(Term):
    """Where recorded hours stand (时长状态)."""

    DRAFT = "Recorded, not yet shown to others (草稿)."
    ON_NOTICE = "On public notice: it may be disputed (公示中)."
    CONFIRMED = "It counts (已确认)."
    DISPUTED = "Somebody disputes it: it does not count until that is resolved (有异议)."
    WITHDRAWN = "It does not count (已撤销)."


class ServiceRecord(Entity):
    """Hours that somebody gave (志愿服务记录)."""

    __tablename__ = "service_records"

    person_id: Mapped[UUID | None] = ref("parties.id")
    team_id: Mapped[UUID | None] = ref("parties.id")
    activity_id: Mapped[UUID | None] = ref("activities.id")
    title: Mapped[str] = mapped_column(doc="What was done (服务内容).")
    started_at: Mapped[datetime] = mapped_column(doc="When it began (开始时间).")
    hours: Mapped[float] = mapped_column(doc="How long, in hours (服务时长).")
    code: Mapped[str | None] = mapped_column(
        unique=True, sort_order=1, doc="The number that a registry gives it (记录编号)."
    )
    method: Mapped[ServiceMethod | None] = mapped_column(
        sort_order=1, doc="How it was recorded (记录方式); empty: not known."
    )
    recorder_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True, sort_order=1)
    status: Mapped[ServiceStatus] = mapped_column(
        sort_order=1, default=ServiceStatus.DRAFT, doc="Where it stands (时长状态)."
    )
    notice_from: Mapped[date | None] = mapped_column(sort_order=1, doc="The first day of its public notice (公示开始).")
    notice_until: Mapped[date | None] = mapped_column(sort_order=1, doc="The last day of its public notice (公示截止).")
    dispute: Mapped[str | None] = mapped_column(sort_order=1, doc="Why it is disputed, in words (异议内容).")
    disputed_at: Mapped[datetime | None] = mapped_column(sort_order=1, doc="When it was disputed (异议时间).")
    resolution: Mapped[str | None] = mapped_column(sort_order=1, doc="What came of the dispute, in words (处理结果).")
    resolved_at: Mapped[datetime | None] = mapped_column(
        sort_order=1, doc="When the dispute was resolved (处理时间); empty: not yet."
    )


class QrPoint(Entity):
    """A code on a wall: whoever scans it says something about that place (码上反馈)."""

    __tablename__ = "qr_points"

    code: Mapped[str] = mapped_column(unique=True, doc="What the code says (二维码编号).")
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    title: Mapped[str | None] = mapped_column(doc="Where it hangs, in words (张贴位置).")
    grid_id: Mapped[UUID] = ref("grids.id")
    grid_path: Mapped[str] = mapped_column(PATH, index=True)
    station_id: Mapped[UUID | None] = ref("stations.id")
    closed_on: Mapped[date | None] = mapped_column(doc="The day it was taken down (停用日期); empty: it hangs.")
