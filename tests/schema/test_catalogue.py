"""The catalogue of duties over the graph: whom it suggests, and how it is kept."""

from typing import Any

import pytest

from hub.models import CatalogueEntry
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, ask, gid

CREATE = """mutation ($party: ID!, $grid: ID) { createCatalogueEntry(code: "D1", partyId: $party, gridId: $grid,
  category: "市政/照明", basis: "区权责清单") { code version category basis validTo grid { code } party { name } } }"""
UPDATE = """mutation ($id: ID!) { updateCatalogueEntry(id: $id, category: "市政") {
  code version former { nodes { code version category current { code } } } } }"""
SUGGESTED = """{ requests(orderBy: [NUMBER_ASC]) { nodes { number suggestedAssignees { reason } } } }"""
WITH_PARTY = """{ request(number: "R5") { suggestedAssignees { reason party { name } entry { code version } } } }"""


async def test_an_entry_is_created_changed_and_ended(api: Api, city: City) -> None:
    where = {"party": gid(city.organization), "grid": gid(city.grids["150602001001"])}
    created = (await api(CREATE, city.clerk("150602001001"), **where))["createCatalogueEntry"]
    assert created == {
        "code": "D1",
        "version": 1,
        "category": "市政/照明",
        "basis": "区权责清单",
        "validTo": None,
        "grid": {"code": "150602001001"},
        "party": {"name": "安居物业"},
    }
    id = (await api('{ catalogueEntry(code: "D1") { id } }'))["catalogueEntry"]["id"]
    changed = (await api(UPDATE, ADMIN, id=id))["updateCatalogueEntry"]
    former = {"code": None, "version": 1, "category": "市政/照明", "current": {"code": "D1"}}
    assert changed == {"code": "D1", "version": 2, "former": {"nodes": [former]}}
    ended = "mutation ($id: ID!) { endCatalogueEntry(id: $id) { open: validTo } }"
    assert (await api(ended, ADMIN, id=id))["endCatalogueEntry"]["open"] is not None
    code, _ = await api.refused(UPDATE, city.handler(), id=id)
    assert code == "FORBIDDEN"


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_suggestions_for_a_level_cost_one_statement(
    api: Api, city: City, count_statements: Any, executor: str
) -> None:
    await add(city.database, CatalogueEntry(code="D1", party_id=city.organization.id, category="市政"))
    for number in ("R5", "R6"):
        await ask(city, number, "150602001001", category="市政/照明")
    with count_statements() as statements:
        answer = (await api.post(SUGGESTED, ADMIN, executor=executor)).json()
    assert answer["extensions"]["executor"] == executor
    found = {
        row["number"]: [one["reason"] for one in row["suggestedAssignees"]]
        for row in answer["data"]["requests"]["nodes"]
    }
    assert found == {f"R{n}": ["条目 D1：分类 市政，网格 不限"] if n > 4 else [] for n in range(1, 7)}
    assert len([one for one in statements if "catalogue_entries" in one]) == 1


async def test_a_suggestion_leads_to_its_party_and_its_entry(api: Api, city: City) -> None:
    await add(city.database, CatalogueEntry(code="D1", party_id=city.organization.id, category="市政"))
    await ask(city, "R5", "150602001001", category="市政/照明")
    (one,) = (await api(WITH_PARTY, ADMIN))["request"]["suggestedAssignees"]
    reason = "条目 D1：分类 市政，网格 不限"
    assert one == {"reason": reason, "party": {"name": "安居物业"}, "entry": {"code": "D1", "version": 1}}
