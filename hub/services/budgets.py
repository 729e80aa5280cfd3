"""Money (经费): what residents decide about together, and what pays for services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Budget, BudgetProject, Funding, uuid7
from hub.models.practice import Qualifier
from hub.services import writing

WRITE = "resources:write"


def visible(viewer: Viewer) -> Select[Budget]:
    """Everybody may see every budget."""
    return select(Budget)


def projects(viewer: Viewer) -> Select[BudgetProject]:
    """Everybody may see what a budget pays for."""
    return select(BudgetProject)


def fundings(viewer: Viewer) -> Select[Funding]:
    """Everybody may see what services are paid from."""
    return select(Funding)


by_id = writing.seen("budget", Budget, visible)


@dataclass(frozen=True, slots=True)
class BudgetSums:
    """What the projects of a budget come to."""

    projects: int = 0
    amount: float = 0.0
    votes: int = 0
    done: int = 0
    done_amount: float = 0.0
    left: float | None = None


async def sums(session: AsyncSession, viewer: Viewer, rows: Sequence[tuple[UUID, float | None]]) -> list[BudgetSums]:
    """What the projects of some budgets come to, each known by its id and by what was raised: in one statement.

    Projects that are no more do not count.
    """
    done = BudgetProject.done_on.is_not(None)
    columns = (
        func.count(),
        func.coalesce(func.sum(BudgetProject.amount), 0.0),
        func.coalesce(func.sum(BudgetProject.votes), 0),
        func.count().filter(done),
        func.coalesce(func.sum(BudgetProject.amount).filter(done), 0.0),
    )
    wanted = projects(viewer).with_only_columns(BudgetProject.budget_id, *columns)
    wanted = wanted.where(BudgetProject.budget_id.in_([id for id, _ in rows]), BudgetProject.closed_on.is_(None))
    found: dict[UUID, Any] = {
        id: values for id, *values in await session.execute(wanted.group_by(BudgetProject.budget_id))
    }
    told = []
    for id, raised in rows:
        count, amount, votes, finished, paid = found.get(id, (0, 0.0, 0, 0, 0.0))
        left = None if raised is None else raised - amount
        told.append(BudgetSums(count, float(amount), int(votes), finished, float(paid), left))
    return told


class BudgetFields(TypedDict, total=False):
    """What can be written of a budget: what is left out stays, None empties."""

    title: str
    code: str | None
    practice: str | None
    year: int | None
    raised: float | None
    grid_id: UUID | None
    closed_on: date | None


class BudgetProjectFields(TypedDict, total=False):
    """What can be written of what a budget pays for."""

    title: str
    code: str | None
    practice: str | None
    amount: float | None
    votes: int | None
    done_on: date | None
    closed_on: date | None


class FundingFields(TypedDict, total=False):
    """What can be written of money that is given."""

    title: str
    code: str | None
    practice: str | None
    amount: float | None
    qualifier: Qualifier | None
    source: str | None
    year: int | None
    grid_id: UUID | None
    closed_on: date | None


async def create_budget(session: AsyncSession, viewer: Viewer, **fields: Unpack[BudgetFields]) -> Budget:
    """Enter money that residents decide about (参与式预算)."""
    viewer.must(WRITE)
    _must_count(fields)
    return await writing.enter(session, viewer, Budget(id=uuid7()), fields, "title", names={})


async def update_budget(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[BudgetFields]) -> Budget:
    """Change what is given of a budget; `closed_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "budget", id, visible(viewer).where(Budget.id == id))
    _must_count(fields)
    return await writing.change(session, viewer, row, fields, names={})


async def create_budget_project(
    session: AsyncSession, viewer: Viewer, *, budget_id: UUID, **fields: Unpack[BudgetProjectFields]
) -> BudgetProject:
    """Enter something that a budget pays for (预算项目)."""
    viewer.must(WRITE)
    writing.must_have(fields, "title")
    budget = await _kept(session, viewer, budget_id)
    if budget.closed_on is not None:
        raise Conflict(f"The budget {budget.title} ended on {budget.closed_on}: choose another one.")
    _must_count(fields)
    made = BudgetProject(id=uuid7(), budget_id=budget.id)
    writing.put(made, {"practice": budget.practice} | writing.checked(fields))
    session.add(made)
    return made


async def update_budget_project(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[BudgetProjectFields]
) -> BudgetProject:
    """Change what is given of it; `done_on` says that it is done, `closed_on` takes it off the list."""
    viewer.must(WRITE)
    row = await writing.found(session, "budget project", id, projects(viewer).where(BudgetProject.id == id))
    await _kept(session, viewer, row.budget_id)
    _must_count(fields)
    writing.put(row, writing.checked(fields))
    return row


async def create_funding(session: AsyncSession, viewer: Viewer, **fields: Unpack[FundingFields]) -> Funding:
    """Enter money that is given for services (经费)."""
    viewer.must(WRITE)
    _must_count(fields)
    return await writing.enter(session, viewer, Funding(id=uuid7()), fields, "title", names={})


async def update_funding(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[FundingFields]) -> Funding:
    """Change what is given of such money; `closed_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "funding", id, fundings(viewer).where(Funding.id == id))
    _must_count(fields)
    return await writing.change(session, viewer, row, fields, names={})


async def _kept(session: AsyncSession, viewer: Viewer, id: UUID) -> Budget:
    """The budget, if it is on the viewer's grid."""
    budget: Budget = await by_id(session, viewer, id)
    writing.must_cover(viewer, budget.grid_path)
    return budget


def _must_count(fields: Mapping[str, object]) -> None:
    """Raise Invalid for money or votes below nothing, and for no year."""
    for name in ("raised", "amount", "votes"):
        value = fields.get(name)
        if isinstance(value, float | int) and value < 0:
            raise Invalid(f"{name} is {value:g}: give 0 or more.", field=name)
    year = fields.get("year")
    if isinstance(year, int) and not 1949 <= year <= 2149:
        raise Invalid(f"year is {year}: give a year as 2026.", field="year")
