"""From the names of places to grids: the smallest that the names decide without doubt."""

import pytest
from sqlalchemy import select

from hub.auth import Viewer
from hub.db import Database
from hub.models import Grid, GridLevel
from hub.plugin import Place
from hub.sync.places import Places, stem

TREE = {
    "1": ("一区", GridLevel.DISTRICT),
    "1/a": ("天骄街道", GridLevel.STREET),
    "1/a/x": ("天骄社区", GridLevel.COMMUNITY),
    "1/a/y": ("滨河社区居民委员会", GridLevel.COMMUNITY),
    "1/b": ("林荫街道", GridLevel.STREET),
    "1/b/z": ("滨河社区", GridLevel.COMMUNITY),
    "1/b/z/e": ("滨河", GridLevel.ESTATE),
    "1/c": ("罕台镇", GridLevel.STREET),
    "1/c/v": ("街道", GridLevel.COMMUNITY),
}
SAID = {
    ("天骄街道", "天骄社区"): "1/a/x",
    ("天骄街道办事处", "天骄社区居委会"): "1/a/x",
    ("天骄街道",): "1/a",
    ("天骄社区",): "1/a/x",
    ("天骄",): "1/a",
    ("天骄", "天骄"): "1/a/x",
    (" 林荫 ", "滨河"): "1/b/z",
    ("滨河社区",): "1",
    ("林荫街道", "不知道的社区"): "1/b",
    ("火星街道办事处", "滨河社区"): "1",
    ("火星街道办事处", "天骄社区"): "1/a/x",
    ("罕台镇人民政府", "街道"): "1/c/v",
    (): "1",
    ("", "天骄街道"): "1/a",
}


async def test_names_lead_to_the_smallest_grid_that_is_beyond_doubt(database: Database, hub: Viewer) -> None:
    async with database.write(hub) as session:
        session.add_all(
            Grid(code=path.rpartition("/")[2], name=name, level=level, path=f"{path}/")
            for path, (name, level) in TREE.items()
        )
    places = Places()
    async with database.read() as session:
        await places.learn(session, "1")
        await places.learn(session, "9")
        by_id = {grid.id: grid.path for grid in await session.scalars(select(Grid))}
    found = {names: places.find(Place("1", names)) for names in SAID}
    assert {names: one and by_id[one.id].rstrip("/") for names, one in found.items()} == SAID
    assert places.find(Place("9", ("天骄街道",))) is None


@pytest.mark.parametrize(
    ("name", "bare"),
    [("兴胜街道办事处", "兴胜"), ("社区", "社区"), (" 滨河社区居委会 ", "滨河"), ("村", "村"), ("", "")],
)
def test_a_stem_is_the_name_without_what_it_is(name: str, bare: str) -> None:
    assert stem(name) == bare
