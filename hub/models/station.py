"""Where service happens: stations, their items, who is on duty, what goes on."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, ref


class StationTier(Term):
    """Whom a station is for (驿站类型)."""

    CENTRE = "Centre of a street or district (党群服务中心)."
    COMMUNITY = "A community's general station (社区综合类)."
    GRID = "A grid's own station (网格个性化)."
    ESTATE = "A station in an estate (小区亲民型)."


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


class ServiceItem(Entity):
    """Something that can be had at a station or from a party (服务事项)."""

    __tablename__ = "service_items"

    title: Mapped[str] = mapped_column(doc="What it is (事项名称).")
    station_id: Mapped[UUID | None] = ref("stations.id")
    provider_id: Mapped[UUID | None] = ref("parties.id")
    category: Mapped[str | None] = mapped_column(doc="The category, from the larger to the smaller (分类).")
    sunk: Mapped[bool] = mapped_column(default=False, doc="Whether it was brought down from a higher level (下沉).")
    extended: Mapped[bool] = mapped_column(default=False, doc="Whether a co-builder gives it (延伸服务).")
    capacity: Mapped[int | None] = mapped_column(
        sort_order=1, doc="How many may take it on at a time (认领名额); empty: as many as like."
    )


class Rota(Entity):
    """Who is on duty when, as a rule (轮值)."""

    __tablename__ = "rotas"

    title: Mapped[str] = mapped_column(doc="What the practice calls it: 七点半岗哨.")
    station_id: Mapped[UUID | None] = ref("stations.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    rule: Mapped[str] = mapped_column(doc="The rule, as an RRULE of RFC 5545 (轮值规则).")
    starts_on: Mapped[date] = mapped_column(doc="The first day of the rule (开始日期).")
    ends_on: Mapped[date | None] = mapped_column(doc="The last day of the rule (结束日期); empty: it goes on.")


class Shift(Entity):
    """A person's turn in a rota or at an activity (班次)."""

    __tablename__ = "shifts"

    rota_id: Mapped[UUID | None] = ref("rotas.id")
    person_id: Mapped[UUID] = ref("parties.id")
    starts_at: Mapped[datetime] = mapped_column(doc="When it begins (开始时间).")
    ends_at: Mapped[datetime] = mapped_column(doc="When it ends (结束时间).")
    held: Mapped[bool | None] = mapped_column(doc="Whether it was held (是否到岗); empty: not yet known.")
    activity_id: Mapped[UUID | None] = mapped_column(ForeignKey("activities.id"), index=True, sort_order=1)
    withdrawn_at: Mapped[datetime | None] = mapped_column(
        sort_order=1, doc="When it was given up (退出时间); empty: it stands."
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
