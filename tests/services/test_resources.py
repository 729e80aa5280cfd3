from datetime import UTC, datetime
from typing import Any

import pytest

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Forbidden, Invalid
from hub.models import ResourceKind
from hub.services import resources
from tests.services.town import founded

ROOM = {"title": "会议室", "resource_kind": ResourceKind.VENUE}


async def test_a_need_and_a_resource_make_a_project(database: Database) -> None:
    town = await founded(database)
    here = {"grid_id": town.community.id}
    room = await town.do(
        resources.create_resource, viewer=town.clerk(), owner_id=town.police, capacity=30, **ROOM, **here
    )
    need = await town.do(resources.create_need, viewer=town.clerk(), title="缺活动场地", **here)
    project = await town.do(resources.create_project, title="共享会议室", need_id=need.id, resource_id=room.id, **here)
    assert (project.need_id, project.resource_id, project.grid_path) == (need.id, room.id, town.community.path)
    met = await town.do(resources.update_need, need.id, met_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert (met.met_at, met.title, met.revision) == (datetime(2026, 1, 1, tzinfo=UTC), "缺活动场地", 2)
    assert (await town.do(resources.update_resource, room.id, capacity=None)).capacity is None
    assert (await town.do(resources.update_project, project.id, title="夜间会议室")).title == "夜间会议室"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"title": "会议室"}, "resource_kind is missing: give it."),
        (ROOM | {"capacity": -1}, "capacity is -1: give 0 or more."),
        (ROOM | {"description": "电话 13800001111"}, "The description holds a mobile number, and everybody may come"),
    ],
)
async def test_what_makes_no_sense_is_not_put_on_the_list(
    database: Database, fields: dict[str, Any], message: str
) -> None:
    town = await founded(database)
    with pytest.raises(Invalid) as refused:
        await town.do(resources.create_resource, **fields)
    assert str(refused.value).startswith(message)


async def test_a_needed_field_cannot_be_emptied(database: Database) -> None:
    town = await founded(database)
    room = await town.do(resources.create_resource, **ROOM)
    with pytest.raises(Invalid, match=r"^title cannot be empty: leave it out, or give a value\.$"):
        await town.do(resources.update_resource, room.id, title=None)


async def test_the_list_of_another_grid_is_not_ones_own(database: Database) -> None:
    town = await founded(database)
    need = await town.do(resources.create_need, title="缺场地", grid_id=town.street.id)
    with pytest.raises(Forbidden):
        await town.do(resources.update_need, need.id, title="缺书", viewer=Viewer("c", ROLES["clerk"], ("1/",)))
