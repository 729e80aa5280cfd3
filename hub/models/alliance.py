"""Together: alliances, their members, what they agreed and what came of it."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, Term, ref
from hub.models.practice import Qualifier

PRACTICE = "The code of the practice it belongs to (实践)."


class AllianceKind(Term):
    """What holds an alliance together (联盟类型)."""

    BIG_PARTY_COMMITTEE = "Big Party committee of a community (大党委)."
    MERCHANTS = "Merchants' Party-building alliance (商户党建联盟)."
    RED_PROPERTY = "Red property alliance (红色物业联盟)."
    RED_BUSINESS = "Red business alliance (红色商圈联盟)."
    JOINT_BUILDING = "Co-building of organizations (联建共建)."
    DISTRICT = "District-wide alliance (区域联盟)."
    OTHER = "Another kind (其他)."


class MatchBasis(Term):
    """Why members of a merchants' alliance belong together (匹配依据)."""

    INDUSTRY = "Their industries are near (行业相近)."
    FIELD = "They work in the same field (领域相同)."
    RELATEDNESS = "They have much to do with one another (关联性强)."


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
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    description: Mapped[str | None] = mapped_column(doc="A few words about it (简介).")
    closed_on: Mapped[date | None] = mapped_column(doc="The day from which it is no more (终止日期); empty: it lives.")
    match_basis: Mapped[list[str]] = mapped_column(
        default=list, sort_order=1, doc="Why its members belong together (匹配依据): names of MatchBasis."
    )


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
    PLEDGE = "A pledge (承诺)."
    PAIRING = "Two that pair up (结对共建)."


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
    code: Mapped[str | None] = mapped_column(unique=True, sort_order=1, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(sort_order=1, doc=PRACTICE)
    partner_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True, sort_order=1)
    grid_id: Mapped[UUID | None] = mapped_column(ForeignKey("grids.id"), index=True, sort_order=1)
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True, sort_order=1)
    closed_on: Mapped[date | None] = mapped_column(
        sort_order=1, doc="The day from which it is no more (终止日期); empty: it holds."
    )


class Outcome(Entity):
    """What came of working together, as a number (成效)."""

    __tablename__ = "outcomes"

    code: Mapped[str | None] = mapped_column(unique=True, doc="The code that others know it by (编码).")
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    agreement_id: Mapped[UUID | None] = ref("agreements.id")
    alliance_id: Mapped[UUID | None] = ref("alliances.id")
    metric: Mapped[str] = mapped_column(doc="What was counted (指标).")
    value: Mapped[float] = mapped_column(doc="The number (数值).")
    unit: Mapped[str | None] = mapped_column(doc="What it is a number of (单位).")
    qualifier: Mapped[Qualifier | None] = mapped_column(doc="How the number is meant (限定).")
    closed_on: Mapped[date | None] = mapped_column(doc="The day from which it does not count (终止日期).")

    __table_args__ = (CheckConstraint("agreement_id IS NOT NULL OR alliance_id IS NOT NULL", name="outcomes_of_what"),)
