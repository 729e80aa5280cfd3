"""Money: what people decide about together, and what pays for services."""

from datetime import date
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from hub.models.base import PATH, Entity, ref
from hub.models.practice import Qualifier

CODE = "The code that others know it by (编码)."
PRACTICE = "The code of the practice it belongs to (实践)."
CLOSED = "The day from which it is no more (终止日期); empty: it holds."


class Budget(Entity):
    """Money that residents decide about (参与式预算)."""

    __tablename__ = "budgets"

    code: Mapped[str | None] = mapped_column(unique=True, doc=CODE)
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    title: Mapped[str] = mapped_column(doc="What it is called (预算名称).")
    year: Mapped[int | None] = mapped_column(doc="For which year (年度).")
    raised: Mapped[float | None] = mapped_column(doc="How much was raised, in yuan (筹集资金).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    closed_on: Mapped[date | None] = mapped_column(doc=CLOSED)


class BudgetProject(Entity):
    """Something that such money pays for (预算项目)."""

    __tablename__ = "budget_projects"

    code: Mapped[str | None] = mapped_column(unique=True, doc=CODE)
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    budget_id: Mapped[UUID] = ref("budgets.id")
    title: Mapped[str] = mapped_column(doc="What is done (项目名称).")
    amount: Mapped[float | None] = mapped_column(doc="What it costs, in yuan (金额).")
    votes: Mapped[int | None] = mapped_column(doc="How many residents voted for it (得票).")
    done_on: Mapped[date | None] = mapped_column(doc="The day it was done (完成日期); empty: not yet.")
    closed_on: Mapped[date | None] = mapped_column(doc=CLOSED)


class Funding(Entity):
    """Money that is given for services (经费)."""

    __tablename__ = "fundings"

    code: Mapped[str | None] = mapped_column(unique=True, doc=CODE)
    practice: Mapped[str | None] = mapped_column(doc=PRACTICE)
    title: Mapped[str] = mapped_column(doc="What it is for (用途).")
    amount: Mapped[float | None] = mapped_column(doc="How much, in yuan (金额); empty: not published.")
    qualifier: Mapped[Qualifier | None] = mapped_column(doc="How the amount is meant (限定).")
    source: Mapped[str | None] = mapped_column(doc="Who gives it (来源).")
    year: Mapped[int | None] = mapped_column(doc="In which year (年度).")
    grid_id: Mapped[UUID | None] = ref("grids.id")
    grid_path: Mapped[str | None] = mapped_column(PATH, index=True)
    closed_on: Mapped[date | None] = mapped_column(doc=CLOSED)
