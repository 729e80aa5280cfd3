"""Agreements and outcomes; budgets and what their projects come to."""

from datetime import date
from typing import Any

import pytest

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid
from hub.models import AgreementKind, AllianceKind, MatchBasis
from hub.models.practice import Qualifier
from hub.services import agreements, alliances, budgets
from tests.services.town import HUB, Town, founded

ELSEWHERE = Viewer("d", ROLES["district"], ("1/",))


async def signed(town: Town, **more: Any) -> Any:
    words = {"party_id": town.police, "title": "共建责任书", "agreement_kind": AgreementKind.CO_BUILD}
    return await town.do(agreements.create_agreement, **(words | more))


async def test_an_agreement_and_what_came_of_it(database: Database) -> None:
    town = await founded(database)
    alliance = await town.do(
        alliances.create_alliance,
        name="商户联盟",
        alliance_kind=AllianceKind.MERCHANTS,
        grid_id=town.community.id,
        match_basis=[MatchBasis.INDUSTRY, MatchBasis.FIELD],
    )
    assert alliance.match_basis == ["INDUSTRY", "FIELD"]
    pair = await signed(
        town, agreement_kind=AgreementKind.PAIRING, partner_id=town.water_works, alliance_id=alliance.id
    )
    assert (pair.grid_path, pair.partner_id) == (town.community.path, town.water_works)  # the alliance's grid
    with pytest.raises(Conflict, match="A party does not pair up with itself"):
        await town.do(agreements.update_agreement, pair.id, partner_id=town.police)
    with pytest.raises(Invalid, match="expires_on is 2026-01-01, before it was signed"):
        await signed(town, signed_on=date(2026, 2, 1), expires_on=date(2026, 1, 1))
    outcome = await town.do(
        agreements.create_outcome, agreement_id=pair.id, metric="志愿服务", value=50.0, qualifier=Qualifier.OVER
    )
    assert (outcome.value, outcome.qualifier, outcome.alliance_id) == (50.0, Qualifier.OVER, None)
    with pytest.raises(Invalid, match="Of what did it come"):
        await town.do(agreements.create_outcome, metric="x", value=1.0)
    with pytest.raises(Invalid, match="Of what did it come"):
        await town.do(agreements.update_outcome, outcome.id, agreement_id=None)
    for verb, id, given in (
        (agreements.update_agreement, pair.id, {"title": "x"}),
        (agreements.update_outcome, outcome.id, {"value": 2.0}),
    ):
        with pytest.raises(Forbidden):
            await town.do(verb, id, viewer=ELSEWHERE, **given)


async def test_what_the_projects_of_a_budget_come_to(database: Database, count_statements: Any) -> None:
    town = await founded(database)
    budget = await town.do(
        budgets.create_budget, title="参与式预算", year=2025, raised=1_130_000.0, grid_id=town.community.id
    )
    empty = await town.do(budgets.create_budget, title="空")
    for amount, votes, done in ((300_000.0, 120, date(2025, 6, 1)), (200_000.0, None, None), (9.0, 9, None)):
        given = {"title": "改造", "amount": amount, "votes": votes, "done_on": done}
        last = await town.do(budgets.create_budget_project, budget_id=budget.id, **given)
    await town.do(budgets.update_budget_project, last.id, closed_on=date(2025, 7, 1))
    async with database.read() as session:
        with count_statements() as statements:
            found, none = await budgets.sums(session, HUB, [(one.id, one.raised) for one in (budget, empty)])
    assert len(statements) == 1
    assert found == budgets.BudgetSums(2, 500_000.0, 120, 1, 300_000.0, 630_000.0)
    assert none == budgets.BudgetSums(left=None)
    for given, message in (
        ({"amount": -1.0}, "amount is -1: give 0 or more."),
        ({"votes": -1}, "votes is -1: give 0 or more."),
    ):
        with pytest.raises(Invalid, match=message):
            await town.do(budgets.update_budget_project, last.id, **given)
    with pytest.raises(Forbidden):
        await town.do(budgets.create_budget_project, budget_id=budget.id, title="x", viewer=ELSEWHERE)
    await town.do(budgets.update_budget, budget.id, closed_on=date(2026, 1, 1))
    with pytest.raises(Conflict, match="The budget 参与式预算 ended on 2026-01-01"):
        await town.do(budgets.create_budget_project, budget_id=budget.id, title="x")


async def test_funds_may_have_no_amount_that_was_published(database: Database) -> None:
    town = await founded(database)
    made = await town.do(
        budgets.create_funding, title="双报到经费", source="区财政", grid_id=town.community.id, viewer=town.clerk()
    )
    assert (made.amount, made.qualifier) == (None, None)
    told = await town.do(budgets.update_funding, made.id, amount=50_000_000.0, qualifier=Qualifier.NEARLY)
    assert (told.amount, told.qualifier) == (50_000_000.0, Qualifier.NEARLY)
    with pytest.raises(Invalid, match="year is 26: give a year as 2026"):
        await town.do(budgets.update_funding, made.id, year=26)
