import pytest

from tests.schema.api import Api
from tests.schema.city import City

pytestmark = pytest.mark.reads


async def test_a_street_and_what_is_around_it(api: Api, city: City) -> None:
    data = await api(
        '{ grid(code: "150602001") { name level parent { code } ancestors { code }'
        "  children { totalCount nodes { code } } descendants(first: 1) { totalCount nodes { code } } } }"
    )
    assert data["grid"] == {
        "name": "交通街道",
        "level": "STREET",
        "parent": {"code": "150602"},
        "ancestors": [{"code": "15"}, {"code": "150602"}],
        "children": {"totalCount": 2, "nodes": [{"code": "150602001001"}, {"code": "150602001002"}]},
        "descendants": {"totalCount": 2, "nodes": [{"code": "150602001001"}]},
    }


async def test_the_documented_count_of_communities_in_a_district(api: Api, city: City) -> None:
    data = await api('{ grids(filter: {under: {code: "150602"}, level: COMMUNITY}) { totalCount } }')
    assert data == {"grids": {"totalCount": 3}}


async def test_under_holds_the_grid_itself_and_what_is_below_it(api: Api, city: City) -> None:
    data = await api('{ grids(filter: {under: {code: "150602001"}}) { nodes { code } } }')
    assert [grid["code"] for grid in data["grids"]["nodes"]] == ["150602001", "150602001001", "150602001002"]


async def test_an_unknown_grid_is_named_in_the_error(api: Api, city: City) -> None:
    code, message = await api.refused('{ grids(filter: {under: {code: "9999"}}) { totalCount } }')
    assert (code, "No grid 9999 is visible to you." in message) == ("NOT_FOUND", True)


async def test_a_grid_is_asked_for_by_code_or_id_but_not_by_both_nor_neither(api: Api, city: City) -> None:
    for arguments in ('(code: "15", id: "x")', ""):
        code, message = await api.refused(f"{{ grid{arguments} {{ name }} }}")
        assert (code, message.startswith("Name one Grid, by `id` or by `code`")) == ("INVALID", True)
    assert await api('{ grid(code: "none") { name } }') == {"grid": None}
