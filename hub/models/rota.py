"""When: what comes again by a rule, and whose turn it is."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, ref

RULE = "as an RRULE of RFC 5545: FREQ=MONTHLY;BYMONTHDAY=5,15,25"
AT = 'The time of day, as "19:30" (时刻); empty: the rule says it, or it is the whole day.'
MINUTES = "How long it takes each time, in minutes (时长); empty: an hour, or the whole day."
PRACTICE = "The code of the practice it belongs to (实践)."


class EntryAction(Term):
    """What is done on going out to people (进圈方式)."""

    LEAFLET = "Leaflets are handed out (发放资料)."
    HOME_VISIT = "People are called on (上门走访)."
    CONSULT_DESK = "A desk answers questions (咨询台)."


class ServiceMode(Term):
    """How people are served (服务方式)."""

    ONLINE = "Online (线上互动)."
    ON_SITE_ACCEPTANCE = "Taken in where people are (上门受理)."
    ASSISTED_AGENCY = "Done for them, or with them (帮办代办)."


class Rota(Entity):
    """Who is on duty when, as a rule (轮值)."""

    __tablename__ = "rotas"

    title: Mapped[str] = mapped_column(doc="What the practice calls it: 七点半岗哨 (轮值名称).")
    station_id: Mapped[UUID | None] = ref("stations.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    rule: Mapped[str] = mapped_column(doc=f"The rule, {RULE} (轮值规则).")
    starts_on: Mapped[date] = mapped_column(doc="The first day of the rule (开始日期).")
    ends_on: Mapped[date | None] = mapped_column(doc="The last day of the rule (结束日期); empty: it goes on.")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc=PRACTICE)
    at: Mapped[str | None] = mapped_column(sort_order=1, doc=AT)
    minutes: Mapped[int | None] = mapped_column(sort_order=1, doc=MINUTES)
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True, sort_order=1)
    actions: Mapped[list[str]] = mapped_column(
        default=list, sort_order=1, doc="What is done (进圈方式): names of EntryAction."
    )
    modes: Mapped[list[str]] = mapped_column(
        default=list, sort_order=1, doc="How people are served (服务方式): names of ServiceMode."
    )


class SeriesKind(Term):
    """What comes again (系列类型)."""

    MEETING = "Meetings (会议)."
    ACTIVITY = "Activities (活动)."


class Series(Entity):
    """Meetings or activities that come again by a rule (会议系列, 活动系列)."""

    __tablename__ = "series"

    code: Mapped[str | None] = mapped_column(unique=True, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    title: Mapped[str] = mapped_column(doc="What the practice calls it: 小诸葛议事会 (系列名称).")
    series_kind: Mapped[SeriesKind] = mapped_column(doc="What comes again (系列类型).")
    rule: Mapped[str] = mapped_column(doc=f"The rule, {RULE} (重复规则).")
    at: Mapped[str | None] = mapped_column(doc=AT)
    minutes: Mapped[int | None] = mapped_column(doc=MINUTES)
    starts_on: Mapped[date] = mapped_column(doc="The first day of the rule (开始日期).")
    ends_on: Mapped[date | None] = mapped_column(doc="The last day of the rule (结束日期); empty: it goes on.")
    organizer_id: Mapped[UUID | None] = ref("parties.id")
    alliance_id: Mapped[UUID | None] = ref("alliances.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    station_id: Mapped[UUID | None] = ref("stations.id")


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
    relieves_id: Mapped[UUID | None] = mapped_column(ForeignKey("shifts.id"), index=True, sort_order=2)
    practice: Mapped[str | None] = mapped_column(sort_order=2, doc=PRACTICE)
