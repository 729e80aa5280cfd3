"""How many requests there are, kept while they are written: what was counted, and what is yet to be."""

from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Base, uuid7
from hub.models.request import RequestLevel, RequestStatus


class Tally(Base):
    """So many requests are alike in these (统计).

    Each request is counted once for its own grid, and once in the total of every place it lies in: that grid and all
    above it, and "", which is everywhere. So a subtree's total is a few rows, however large the subtree is.
    """

    __tablename__ = "tallies"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    total: Mapped[bool] = mapped_column(doc="True: of all at or below the grid (含下级); false: of the grid alone.")
    grid_path: Mapped[str | None] = mapped_column(PATH)
    status: Mapped[RequestStatus] = mapped_column(doc="Where they stand (状态).")
    level: Mapped[RequestLevel] = mapped_column(doc="On which loop they are handled (办理层级).")
    public: Mapped[bool] = mapped_column(doc="Whether they were published (公示).")
    count: Mapped[int] = mapped_column(BigInteger, doc="How many (数量).")

    __table_args__ = (
        UniqueConstraint("total", "grid_path", "status", "level", "public", postgresql_nulls_not_distinct=True),
    )


class TallyDelta(Base):
    """So many requests more, or less, are of this sort; not yet in the tallies (统计增量). Only ever appended."""

    __tablename__ = "tally_deltas"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    count: Mapped[int] = mapped_column(BigInteger, doc="How many more; below 0: less (增减).")
    grid_path: Mapped[str | None] = mapped_column(PATH)
    status: Mapped[RequestStatus] = mapped_column()
    level: Mapped[RequestLevel] = mapped_column()
    public: Mapped[bool] = mapped_column()
