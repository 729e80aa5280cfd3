"""Where service happens: stations, their items, who is on duty, what goes on."""

from datetime import date, datetime
from uuid import UUID

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
    """A person's turn in a rota (班次)."""

    __tablename__ = "shifts"

    rota_id: Mapped[UUID] = ref("rotas.id")
    person_id: Mapped[UUID] = ref("parties.id")
    starts_at: Mapped[datetime] = mapped_column(doc="When it begins (开始时间).")
    ends_at: Mapped[datetime] = mapped_column(doc="When it ends (结束时间).")
    held: Mapped[bool | None] = mapped_column(doc="Whether it was held (是否到岗); empty: not yet known.")


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


class ServiceRecord(Entity):
    """Hours that somebody gave (志愿服务记录)."""

    __tablename__ = "service_records"

    person_id: Mapped[UUID | None] = ref("parties.id")
    team_id: Mapped[UUID | None] = ref("parties.id")
    activity_id: Mapped[UUID | None] = ref("activities.id")
    title: Mapped[str] = mapped_column(doc="What was done (服务内容).")
    started_at: Mapped[datetime] = mapped_column(doc="When it began (开始时间).")
    hours: Mapped[float] = mapped_column(doc="How long, in hours (服务时长).")
