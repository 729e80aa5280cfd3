"""Where: the tree of divisions and grids."""

from datetime import date
from uuid import UUID

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Base, Entity, Term, ref, sparse


class GridLevel(Term):
    """How large a piece of the tree is, from the largest to the smallest (网格层级)."""

    PROVINCE = "Province (省)."
    CITY = "City (市)."
    DISTRICT = "District, county, or a zone that governs like one (区县)."
    STREET = "Street office, in the city (街道)."
    TOWN = "Town, township, or a zone that counts as one (镇, 乡, 园区); ranks with a street."
    COMMUNITY = "What a street consists of: a community (社区)."
    VILLAGE = "What a town consists of: a village or a community (村, 镇辖社区); ranks with a community."
    ESTATE = "Estate or micro-grid (小区, 微网格)."
    BUILDING = "Building (楼栋)."


class GridKind(Term):
    """What sort of place a grid is, where that matters (网格类型)."""

    RESIDENTIAL = "Where people live (居住小区)."
    BUSINESS_DISTRICT = "Business district (商圈)."
    OFFICE_TOWER = "Office tower (楼宇)."
    COLLECTIVE_DORMITORY = "Collective dormitory area (集宿区)."
    MICRO_GRID = "Micro-grid of a community (微网格)."


RANKS: tuple[tuple[GridLevel, ...], ...] = (
    (GridLevel.PROVINCE,),
    (GridLevel.CITY,),
    (GridLevel.DISTRICT,),
    (GridLevel.STREET, GridLevel.TOWN),
    (GridLevel.COMMUNITY, GridLevel.VILLAGE),
    (GridLevel.ESTATE,),
    (GridLevel.BUILDING,),
)


def peers(level: GridLevel) -> tuple[GridLevel, ...]:
    """The levels of the same rank, itself among them."""
    return next(rank for rank in RANKS if level in rank)


class Grid(Entity):
    """A piece of the city that somebody looks after (网格)."""

    __tablename__ = "grids"

    code: Mapped[str] = mapped_column(
        unique=True, doc="The statistical code (统计用区划代码), or the hub's own below it."
    )
    name: Mapped[str] = mapped_column(doc="The name as published (名称). Names occur twice: only codes decide.")
    level: Mapped[GridLevel] = mapped_column(doc="How large it is (层级).")
    parent_id: Mapped[UUID | None] = ref("grids.id")
    path: Mapped[str] = mapped_column(
        PATH, unique=True, doc="The codes from the top of the tree down to it, each closed by '/' (路径)."
    )
    jurisdiction_id: Mapped[UUID | None] = ref("grids.id", index=False)
    leader_id: Mapped[UUID | None] = ref("parties.id", index=False, use_alter=True)
    longitude: Mapped[float | None] = mapped_column(doc="Of its centre, in degrees, WGS 84 (经度).")
    latitude: Mapped[float | None] = mapped_column(doc="Of its centre, in degrees, WGS 84 (纬度).")
    valid_from: Mapped[date | None] = mapped_column(doc="The first day on which it exists (启用日期).")
    valid_to: Mapped[date | None] = mapped_column(doc="The last day on which it exists (停用日期); empty: still there.")
    kind: Mapped[GridKind | None] = mapped_column(
        sort_order=1, doc="What sort of place it is (网格类型); empty: not said."
    )
    buildings: Mapped[int | None] = mapped_column(sort_order=1, doc="How many buildings stand on it (楼栋数).")
    households: Mapped[int | None] = mapped_column(sort_order=1, doc="How many households live on it (户数).")
    population: Mapped[int | None] = mapped_column(sort_order=1, doc="How many people live on it (人口).")

    __table_args__ = (sparse("jurisdiction_id"), sparse("leader_id"))


class Ledger(Base):
    """The registers of a grid and of all below it: needs, resources, projects (一台账三清单). Each grid has one."""

    __table__ = select(Grid.__table__.c.id, Grid.__table__.c.path).subquery("ledgers")

    id: Mapped[UUID]
    path: Mapped[str]


class AltCode(Base):
    """What another scheme calls a grid (CJ/T 349, a city's own, ...) (其他编码)."""

    __tablename__ = "alt_codes"

    grid_id: Mapped[UUID] = ref("grids.id", primary_key=True)
    scheme: Mapped[str] = mapped_column(primary_key=True, doc="The scheme, by name (编码方案).")
    code: Mapped[str] = mapped_column(primary_key=True, doc="The grid's code in that scheme (编码).")

    __table_args__ = (UniqueConstraint("scheme", "code"),)
