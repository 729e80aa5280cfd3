from hub.db import Database
from tests.schema import city
from tests.schema.api import Api


async def test_a_street_and_what_is_around_it(api: Api, database: Database) -> None:
    await city.build(database)
    data = await api(
        '{ grid(code: "150602001") { name level parent { code } ancestors { code }'
        "  children { totalCount nodes { code } } descendants(first: 1) { totalCount nodes { code } } } }"
    )
    assert data == {
        "grid": {
            "name": "交通街道",
            "level": "STREET",
            "parent": {"code": "150602"},
            "ancestors": [{"code": "15"}, {"code": "150602"}],
            "children": {"totalCount": 2, "nodes": [{"code": "150602001001"}, {"code": "150602001002"}]},
            "descendants": {"totalCount": 2, "nodes": [{"code": "150602001001"}]},
        }
    }
