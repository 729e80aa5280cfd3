"""Together: alliances, their members, what they agreed and decided."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, ref


class AllianceKind(Term):
    """What holds an alliance together (联盟类型)."""

    BIG_PARTY_COMMITTEE = "Big Party committee of a community (大党委)."
    MERCHANTS = "Merchants' Party-building alliance (商户党建联盟)."
    RED_PROPERTY = "Red property alliance (红色物业联盟)."
    RED_BUSINESS = "Red business alliance (红色商圈联盟)."
    JOINT_BUILDING = "Co-building of organizations (联建共建)."
    DISTRICT = "District-wide alliance (区域联盟)."
    OTHER = "Another kind (其他)."


class Alliance(Entity):
    """Organizations that act together (联盟)."""

    __tablename__ = "alliances"

    code: Mapped[str | None] = mapped_column(unique=True, doc="The code that others know it by (编码).")
    name: Mapped[str] = mapped_column(doc="The name (名称).")
    alliance_kind: Mapped[AllianceKind] = mapped_column(doc="What holds it together (联盟类型).")
    lead_id: Mapped[UUID | None] = ref("parties.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    pillars: Mapped[list[str]] = mapped_column(default=list, doc="What is done jointly (四联, 五联), in its own words.")
    practice: Mapped[str | None] = mapped_column(doc="The code of the practice it belongs to (实践).")
    description: Mapped[str | None] = mapped_column(doc="A few words about it (简介).")
    closed_on: Mapped[date | None] = mapped_column(doc="The day from which it is no more (终止日期); empty: it lives.")


class Member(Entity):
    """A party's place in an alliance (成员)."""

    __tablename__ = "members"

    alliance_id: Mapped[UUID] = ref("alliances.id")
    party_id: Mapped[UUID] = ref("parties.id")
    role: Mapped[str | None] = mapped_column(doc="What it does in it, in words (角色).")
    joined_on: Mapped[date | None] = mapped_column(doc="The day it joined (加入日期).")
    left_on: Mapped[date | None] = mapped_column(doc="The day it left (退出日期); empty: still in.")

    __table_args__ = (UniqueConstraint("alliance_id", "party_id"),)


class AgreementKind(Term):
    """What was signed (协议类型)."""

    CO_BUILD = "Co-building pledge (共建责任书)."
    CONTRACT = "Contract with a service list (契约)."
    OTHER = "Another paper (其他)."


class Agreement(Entity):
    """What a member signed, with the services it owes (协议)."""

    __tablename__ = "agreements"

    alliance_id: Mapped[UUID | None] = ref("alliances.id")
    party_id: Mapped[UUID] = ref("parties.id")
    agreement_kind: Mapped[AgreementKind] = mapped_column(doc="What was signed (协议类型).")
    title: Mapped[str] = mapped_column(doc="The title of the paper (协议名称).")
    services: Mapped[list[str]] = mapped_column(default=list, doc="The service list (服务清单), item by item.")
    signed_on: Mapped[date | None] = mapped_column(doc="The day it was signed (签订日期).")
    expires_on: Mapped[date | None] = mapped_column(doc="The last day on which it binds (到期日期).")


class Meeting(Entity):
    """A meeting of an alliance or on a grid (会议)."""

    __tablename__ = "meetings"

    alliance_id: Mapped[UUID | None] = ref("alliances.id")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    title: Mapped[str] = mapped_column(doc="What it is about (议题).")
    held_at: Mapped[datetime] = mapped_column(doc="When it is or was held (召开时间).")
    place: Mapped[str | None] = mapped_column(doc="Where, in words (地点).")
    minutes: Mapped[str | None] = mapped_column(doc="What was said (会议纪要).")


class Resolution(Entity):
    """What a meeting decided, who does it and until when (决议)."""

    __tablename__ = "resolutions"

    meeting_id: Mapped[UUID] = ref("meetings.id")
    text: Mapped[str] = mapped_column(doc="The decision (决议内容).")
    owner_id: Mapped[UUID | None] = ref("parties.id")
    due_on: Mapped[date | None] = mapped_column(doc="The day it must be done (完成期限).")
    done_on: Mapped[date | None] = mapped_column(doc="The day it was done (完成日期).")
