"""Money: what people decide about together, and what pays for services."""

import strawberry

from hub import models
from hub.services import budgets as see
from hub.services import grids as see_grids
from schema.changes import history
from schema.edges import connection, found, many, one
from schema.node import Identified, looked_up, node, registered
from schema.verbs import write

GRID = models.Grid.id
BUDGET = models.Budget.id


@registered
@strawberry.type(description="What the projects of a budget come to; those that are no more do not count (预算合计).")
class BudgetSums:
    projects: int = strawberry.field(description="How many there are (项目数).")
    amount: float = strawberry.field(description="What they cost together, in yuan (金额合计).")
    votes: int = strawberry.field(description="How many votes they got together (得票合计).")
    done: int = strawberry.field(description="How many are done (完成数).")
    done_amount: float = strawberry.field(description="What those cost, in yuan (已完成金额).")
    left: float | None = strawberry.field(description="What is left of what was raised, in yuan (结余).")


@node(models.Budget, see.visible, "code title year raised practice closed_on created_at updated_at", natural="code")
class Budget(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.Budget.grid_id, description="Of which grid (网格).")
    projects = many(
        "BudgetProject",
        see.projects,
        models.BudgetProject.budget_id,
        key=BUDGET,
        order="title",
        description="What it pays for (预算项目).",
    )
    sums = looked_up(
        [BUDGET, models.Budget.raised],
        see.sums,
        type=BudgetSums,
        description="What its projects come to (预算合计).",
    )
    history = history(BUDGET)


@node(
    models.BudgetProject,
    see.projects,
    "code title amount votes done_on practice closed_on created_at updated_at",
    natural="code",
)
class BudgetProject(Identified):
    budget = one(
        "Budget", see.visible, BUDGET, key=models.BudgetProject.budget_id, description="From which budget (预算)."
    )


@node(
    models.Funding,
    see.fundings,
    "code title amount qualifier source year practice closed_on created_at updated_at",
    natural="code",
)
class Funding(Identified):
    grid = one("Grid", see_grids.visible, GRID, key=models.Funding.grid_id, description="For which grid (网格).")


@strawberry.type
class Query:
    budget = found("Budget", see.visible, models.Budget.code, description="One budget (参与式预算).")
    budgets = connection(
        "Budget", see.visible, order="-year title", description="Money that residents decide about (参与式预算)."
    )
    budget_projects = connection(
        "BudgetProject", see.projects, order="title", description="What such money pays for (预算项目)."
    )
    fundings = connection(
        "Funding", see.fundings, order="-year title", description="What services are paid from (经费)."
    )


@strawberry.type
class Mutation:
    create_budget = write(see.create_budget, "Budget")
    update_budget = write(see.update_budget, "Budget")
    create_budget_project = write(see.create_budget_project, "BudgetProject")
    update_budget_project = write(see.update_budget_project, "BudgetProject")
    create_funding = write(see.create_funding, "Funding")
    update_funding = write(see.update_funding, "Funding")
