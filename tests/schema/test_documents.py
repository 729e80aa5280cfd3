"""Papers of a practice: six kinds, with whatever stands in them."""

from typing import Any

import pytest

from hub.auth import ROLES, Viewer
from hub.models import Project, uuid7
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, gid

MAKE = """mutation ($k: DocKind!, $t: String!, $g: ID, $pa: ID, $pr: ID, $f: JSON, $public: Boolean) {
  createDocument(docKind: $k, title: $t, gridId: $g, partyId: $pa, projectId: $pr, fields: $f, public: $public) {
    docKind title fields public party { name } project { title } grid { code } } }"""
COUNT = "{ documents { totalCount } }"


@pytest.mark.parametrize(
    "kind", ["CLEAR_CARD", "CONTACT_CARD", "RECORD_CARD", "LOG_SHEET", "RATING_SHEET", "PROJECT_LIST"]
)
async def test_each_kind_may_be_empty_or_hold_what_the_practice_says(api: Api, city: City, kind: str) -> None:
    grid, party = gid(city.grids["150602001001"]), gid(city.organization)
    fields = {"服务时间": "每月5日", "次数": 3, "明细": [{"a": True}]}
    bare = {"docKind": kind, "title": "表", "fields": {}, "public": False, "party": None, "project": None, "grid": None}
    assert (await api(MAKE, ADMIN, k=kind, t="表"))["createDocument"] == bare
    full = (await api(MAKE, ADMIN, k=kind, t="表", g=grid, pa=party, f=fields, public=True))["createDocument"]
    assert full == bare | {
        "fields": fields,
        "public": True,
        "party": {"name": "安居物业"},
        "grid": {"code": "150602001001"},
    }
    shown: Any = await api(f"{{ documents(filter: {{docKind: [{kind}]}}) {{ nodes {{ fields }} }} }}")
    assert shown["documents"]["nodes"] == [{"fields": fields}]


async def test_what_makes_no_sense_is_refused_and_makes_no_paper(api: Api, city: City) -> None:
    project = Project(id=uuid7(), title="义诊")
    await add(city.database, project)
    both = {"pa": gid(city.organization), "pr": gid(project)}
    card: dict[str, Any] = {"k": "CLEAR_CARD", "t": "卡"}
    for given, code, words in (
        (card | both, "INVALID", "A paper is about a party or about a project"),
        (card | {"f": {"电话": "13800001234"}, "public": True}, "INVALID", "The fields hold a mobile number"),
        (card | {"f": {str(at): at for at in range(101)}}, "INVALID", "fields holds too much"),
        (card | {"f": [1]}, "INVALID", "fields is no object"),
        (card | {"pr": gid(Project(id=uuid7()))}, "NOT_FOUND", "No project"),
    ):
        found, message = await api.refused(MAKE, ADMIN, **given)
        assert (found, message.startswith(words)) == (code, True), message
    nobody = Viewer("r", ROLES["resident"], (), name="r")
    assert (await api.refused(MAKE, nobody, **card))[0] == "FORBIDDEN"
    elsewhere = city.clerk("150602002001")
    assert (await api.refused(MAKE, elsewhere, **card, g=gid(city.grids["150602001001"])))[0] == "FORBIDDEN"
    assert (await api(COUNT, ADMIN))["documents"]["totalCount"] == 0


async def test_a_paper_that_is_not_public_is_for_its_place_and_its_party(api: Api, city: City) -> None:
    grid = gid(city.grids["150602001001"])
    await api(MAKE, ADMIN, k="RECORD_CARD", t="纪实", g=grid, pa=gid(city.organization), f={"电话": "13800001234"})
    for viewer, count in (
        (None, 0),
        (city.clerk("150602002001"), 0),
        (city.clerk("150602001001"), 1),
        (city.handler(), 1),
    ):
        assert (await api(COUNT, viewer))["documents"]["totalCount"] == count
