"""What there is, what is needed, and what comes of both: the three lists (三张清单)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, now, ref


class ResourceKind(Term):
    """What sort of help a resource is (资源类型)."""

    VENUE = "A room or a place (场地)."
    EQUIPMENT = "Things (设备物资)."
    SERVICE = "A service (服务)."
    PERSONNEL = "People's time and skill (人员)."
    FUNDS = "Money (资金)."
    INFORMATION = "Knowledge (信息)."
    OTHER = "Another kind (其他)."


class Resource(Entity):
    """Something that an owner puts at the city's disposal (资源)."""

    __tablename__ = "resources"

    code: Mapped[str | None] = mapped_column(unique=True, doc="The code that others know it by (编码).")
    title: Mapped[str] = mapped_column(doc="What it is, in a line (资源名称).")
    resource_kind: Mapped[ResourceKind] = mapped_column(doc="What sort of help it is (资源类型).")
    owner_id: Mapped[UUID | None] = ref("parties.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    capacity: Mapped[int | None] = mapped_column(doc="How many it serves at a time (容量).")
    description: Mapped[str | None] = mapped_column(doc="What it is for, and when (说明).")
    practice: Mapped[str | None] = mapped_column(doc="The code of the practice it belongs to (实践).")
    closed_on: Mapped[date | None] = mapped_column(doc="The day from which it is no more (终止日期); empty: to be had.")
    category: Mapped[str | None] = mapped_column(
        sort_order=1, doc="The category, from the larger to the smaller (分类), as needs have it."
    )
    available_from: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The first day on which it is to be had (可用起始)."
    )
    available_until: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The last day on which it is to be had (可用截止)."
    )

    __table_args__ = (Index(None, "category", "grid_path"),)


class Need(Entity):
    """Something that people on a grid lack (需求)."""

    __tablename__ = "needs"

    title: Mapped[str] = mapped_column(doc="What is lacking, in a line (需求内容).")
    category: Mapped[str | None] = mapped_column(doc="The category, from the larger to the smaller (分类).")
    grid_id: Mapped[UUID] = ref("grids.id")
    grid_path: Mapped[str] = mapped_column(PATH, index=True)
    raised_by_id: Mapped[UUID | None] = ref("parties.id")
    raised_at: Mapped[datetime] = mapped_column(default=now, doc="When it was put on the list (提出时间).")
    met_at: Mapped[datetime | None] = mapped_column(doc="When it was met (满足时间); empty: still open.")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc="The code of the practice it belongs to (实践).")
    wanted_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day for which it is wanted (期望日期); empty: any day."
    )
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it is off the list, met or not (终止日期)."
    )

    __table_args__ = (Index(None, "category", "grid_path"),)


class Project(Entity):
    """A need met by a resource (服务项目)."""

    __tablename__ = "projects"

    title: Mapped[str] = mapped_column(doc="What is done, in a line (项目名称).")
    category: Mapped[str | None] = mapped_column(doc="The category, from the larger to the smaller (分类).")
    need_id: Mapped[UUID | None] = ref("needs.id")
    resource_id: Mapped[UUID | None] = ref("resources.id")
    owner_id: Mapped[UUID | None] = ref("parties.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    starts_on: Mapped[date | None] = mapped_column(doc="The first day (开始日期).")
    done_on: Mapped[date | None] = mapped_column(doc="The day it was done (完成日期); empty: not yet.")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc="The code of the practice it belongs to (实践).")
    capacity: Mapped[int | None] = mapped_column(
        sort_order=1, doc="How many may take it on at a time (认领名额); empty: as many as like."
    )
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it is off the list, done or not (终止日期)."
    )


class Claim(Entity):
    """Somebody takes something on: a wish, a request, a project, a slip of mutual aid (认领, 接单, 领单)."""

    __tablename__ = "claims"

    party_id: Mapped[UUID] = ref("parties.id")
    request_id: Mapped[UUID | None] = ref("requests.id")
    project_id: Mapped[UUID | None] = ref("projects.id")
    claimed_at: Mapped[datetime] = mapped_column(default=now, doc="When it was taken on (认领时间).")
    withdrawn_at: Mapped[datetime | None] = mapped_column(doc="When it was given back (退回时间); empty: still held.")
    note: Mapped[str | None] = mapped_column(doc="What is promised (承诺).")

    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc="The code of the practice it belongs to (实践).")
    service_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_items.id"), index=True, sort_order=1)
    skill: Mapped[str | None] = mapped_column(sort_order=1, doc="The skill that it is claimed by (所用特长).")

    __table_args__ = (
        CheckConstraint("num_nonnulls(request_id, project_id, service_item_id) = 1", name="claims_one_thing"),
    )


class MatchDecline(Entity):
    """A resource that a person found unfit for a need: it is not suggested for it again (不采纳的匹配)."""

    __tablename__ = "match_declines"

    need_id: Mapped[UUID] = ref("needs.id", index=False)
    resource_id: Mapped[UUID] = ref("resources.id")
    reason: Mapped[str | None] = mapped_column(doc="Why it does not fit, in words (理由).")

    __table_args__ = (UniqueConstraint("need_id", "resource_id"),)


class Offer(Entity):
    """What a merchant or a station gives to a group of people (优惠, 关爱)."""

    __tablename__ = "offers"

    title: Mapped[str] = mapped_column(doc="What is given (优惠内容).")
    provider_id: Mapped[UUID | None] = ref("parties.id")
    station_id: Mapped[UUID | None] = ref("stations.id")
    beneficiaries: Mapped[list[str]] = mapped_column(
        default=list, doc="For whom (受益群体): couriers, food riders, ..."
    )
    valid_from: Mapped[date | None] = mapped_column(doc="The first day (开始日期).")
    valid_to: Mapped[date | None] = mapped_column(doc="The last day (截止日期).")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc="The code of the practice it belongs to (实践).")
    grid_id: Mapped[UUID | None] = mapped_column(ForeignKey("grids.id"), index=True, sort_order=1)
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True, sort_order=1)
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it is no more (终止日期); empty: it holds."
    )
