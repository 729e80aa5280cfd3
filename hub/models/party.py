"""Who: organizations and persons, their posts, and where they reported in."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, now, ref


class PartyType(Term):
    """What sort of actor a party is (主体类型)."""

    ORGANIZATION = "An organization (组织)."
    PERSON = "A person (个人)."


class OrganizationKind(Term):
    """What an organization is (组织类型)."""

    PARTY_COMMITTEE = "Party committee or working committee (党委, 党工委)."
    GENERAL_BRANCH = "General Party branch (党总支)."
    BRANCH = "Party branch (党支部)."
    BUILDING_GROUP = "Party group of a building (楼栋党小组)."
    UNIT = "Unit that co-builds, a public body or institution (共建单位)."
    DEPARTMENT = "Department of the government (职能部门)."
    ENTERPRISE = "Enterprise (企业)."
    MERCHANT = "Merchant (商户)."
    PROPERTY_COMPANY = "Property company (物业公司)."
    OWNERS_COMMITTEE = "Owners' committee (业主委员会)."
    RESIDENTS_COMMITTEE = "Residents' or villagers' committee (居委会, 村委会)."
    VOLUNTEER_TEAM = "Volunteer team (志愿服务队)."
    SERVICE_CORPS = "Service corps of several units (服务团)."
    SOCIAL_ORGANIZATION = "Social organization (社会组织)."
    OTHER = "Another kind (其他)."


class Party(Entity):
    """Any actor: an organization or a person (主体)."""

    __tablename__ = "parties"

    type: Mapped[PartyType] = mapped_column(doc="Organization or person (主体类型).")
    code: Mapped[str | None] = mapped_column(
        unique=True, doc="The code that others know it by (编码); never an ID number."
    )
    name: Mapped[str] = mapped_column(doc="The name (名称).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    public: Mapped[bool] = mapped_column(default=False, doc="Whether everybody may see it (是否公开).")
    practice: Mapped[str | None] = mapped_column(
        doc="The code of the practice it belongs to (实践): fancheng, baohe, ..."
    )
    closed_on: Mapped[date | None] = mapped_column(doc="The day from which it is no more (终止日期); empty: it lives.")

    __mapper_args__: Any = {"polymorphic_on": "type"}
    __table_args__ = (
        CheckConstraint("type = 'PERSON' OR organization_kind IS NOT NULL", name="organization_has_kind"),
    )


class Organization(Party):
    """A body with a name: a branch, a department, a merchant, a team (组织)."""

    organization_kind: Mapped[OrganizationKind | None] = mapped_column(
        Enum(OrganizationKind, native_enum=False, create_constraint=True, length=32),
        doc="What it is (组织类型).",
        nullable=True,
    )
    parent_id: Mapped[UUID | None] = ref("parties.id")
    description: Mapped[str | None] = mapped_column(doc="A few words about it (简介).")

    __mapper_args__: Any = {"polymorphic_identity": PartyType.ORGANIZATION, "polymorphic_load": "inline"}


class Person(Party):
    """A human being, by the name that others may know (人员)."""

    __mapper_args__: Any = {"polymorphic_identity": PartyType.PERSON}


class PostRole(Term):
    """The part a person plays (岗位角色)."""

    GRID_LEADER = "Grid leader (网格长)."
    GRID_WORKER = "Grid worker (网格员)."
    STEWARD = "Steward (红色小管家)."
    SPECIALIST = "Service specialist (服务专员)."
    SECRETARY = "Secretary of a Party body (书记)."
    MEMBER = "Party member (党员)."
    MEMBER_HOUSEHOLD = "Party member household (党员中心户)."
    VOLUNTEER = "Volunteer (志愿者)."
    POLICE = "Area police officer (片区民警)."
    LAWYER = "Community lawyer (社区律师)."
    STAFF = "Staff of an organization (工作人员)."
    OTHER = "Another part (其他)."


class Post(Entity):
    """A person's part in an organization or on a grid, for a time (岗位)."""

    __tablename__ = "posts"

    person_id: Mapped[UUID] = ref("parties.id")
    organization_id: Mapped[UUID | None] = ref("parties.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    role: Mapped[PostRole] = mapped_column(doc="The part played (岗位角色).")
    title: Mapped[str | None] = mapped_column(doc="What the practice calls it (岗位名称).")
    public: Mapped[bool] = mapped_column(
        default=False, doc="Whether it is posted for everybody, by consent (是否公示)."
    )
    since: Mapped[date | None] = mapped_column(doc="The first day (任职日期).")
    until: Mapped[date | None] = mapped_column(doc="The last day (离任日期); empty: still held.")


class ReportIn(Entity):
    """An organization or a member reports for service at a community (双报到)."""

    __tablename__ = "report_ins"

    party_id: Mapped[UUID] = ref("parties.id")
    host_id: Mapped[UUID | None] = ref("parties.id")
    grid_id: Mapped[UUID] = ref("grids.id")
    grid_path: Mapped[str] = mapped_column(PATH, index=True)
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was taken in (报到时间).")
    offer: Mapped[str | None] = mapped_column(doc="What is offered, in words (服务承诺).")
