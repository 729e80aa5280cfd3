"""Who: organizations and persons, their posts, and where they reported in."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import LISTED, PATH, Entity, Term, now, ref


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
    WOMENS_HOME = "Women's home (妇女微家)."
    AUTONOMOUS_BODY = "Body in which residents decide or help by themselves (自治组织)."
    JOINT_MEETING = "Joint meeting of Party bodies (党建联席会)."
    ESTATE_BODY = "Party body of an estate (小区党组织)."
    SERVICE_TEAM = "Team of service specialists (服务专员队伍)."
    CULTURE_TEAM = "Culture and sport team (文体队伍)."
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
    industry: Mapped[str | None] = mapped_column(sort_order=1, doc="The trade it is in (行业), of merchants and firms.")
    colour: Mapped[str | None] = mapped_column(
        sort_order=1, doc="The colour of a volunteer team, as the practice calls it (颜色, 五色)."
    )
    minimum_size: Mapped[int | None] = mapped_column(
        sort_order=1, doc="How many people it must have at least (最少人数); empty: no such rule."
    )
    established_on: Mapped[date | None] = mapped_column(sort_order=1, doc="The day it was set up (成立日期).")

    __mapper_args__: Any = {"polymorphic_identity": PartyType.ORGANIZATION, "polymorphic_load": "inline"}


class Person(Party):
    """A human being, by the name that others may know (人员)."""

    skills: Mapped[list[str] | None] = mapped_column(
        JSONB(none_as_null=True), sort_order=2, info=LISTED, doc="What the person can do, word by word (特长)."
    )

    __mapper_args__: Any = {"polymorphic_identity": PartyType.PERSON}


class AffiliationKind(Term):
    """How a party belongs to an organization (隶属类型)."""

    MEMBER_UNIT = "It is a member of it (成员单位)."
    FOUNDER = "It took part in setting it up (组建单位)."
    HORIZONTAL = "They work side by side (横向联动)."
    VERTICAL = "It stands below it, beside the tree of organizations (纵向贯通)."


class Affiliation(Entity):
    """A party that belongs to an organization, beside the tree (隶属): a unit of a service corps, a founder."""

    __tablename__ = "affiliations"

    organization_id: Mapped[UUID] = ref("parties.id")
    party_id: Mapped[UUID] = ref("parties.id")
    affiliation_kind: Mapped[AffiliationKind] = mapped_column(doc="How it belongs to it (隶属类型).")
    practice: Mapped[str | None] = mapped_column(doc="The code of the practice it belongs to (实践).")
    since: Mapped[date | None] = mapped_column(doc="The first day (开始日期).")
    until: Mapped[date | None] = mapped_column(doc="The last day (结束日期); empty: it goes on.")


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
    ALLEY_STEWARD = "Alley steward (小巷管家)."
    OFFICER = "One of the six officers of an estate, the title says which (六大员)."
    DEMO_POST = "A member's model post in a building (党员示范岗)."
    CONTACT = "Cadre on contact duty for a place (联系包保)."
    OTHER = "Another part (其他)."


class StewardKind(Term):
    """What sort of steward somebody is (管家类型)."""

    RED = "Red steward (红色小管家)."
    STUDENT = "Student steward (社区小管家)."
    PART_TIME = "Rider or courier, part-time (兼职小管家)."


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
    steward_kind: Mapped[StewardKind | None] = mapped_column(
        sort_order=1, doc="Of stewards: what sort (管家类型); empty: not said."
    )
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc="The code of the practice it belongs to (实践).")


class ReportIn(Entity):
    """An organization or a member reports for service at a community (双报到): there once, gone and back again."""

    __tablename__ = "report_ins"

    party_id: Mapped[UUID] = ref("parties.id")
    host_id: Mapped[UUID | None] = ref("parties.id")
    grid_id: Mapped[UUID] = ref("grids.id")
    grid_path: Mapped[str] = mapped_column(PATH, index=True)
    at: Mapped[datetime] = mapped_column(default=now, doc="When it was taken in (报到时间).")
    offer: Mapped[str | None] = mapped_column(doc="What is offered, in words (服务承诺).")
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc="The code of the practice it belongs to (实践).")
    left_at: Mapped[datetime | None] = mapped_column(
        sort_order=1, doc="When it was ended (退出时间); empty: it stands."
    )

    __table_args__ = (UniqueConstraint("party_id", "grid_id"),)
