import asyncio
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import MatchDecline, Project, ResourceKind
from hub.services import matching, resources
from tests.services.town import Town, founded


async def pair(town: Town, **more: Any) -> dict[str, Any]:
    """A need on the community and a room for it, as the verbs name them."""
    kind = {"resource_kind": ResourceKind.VENUE}
    need = await town.do(resources.create_need, title="缺活动场地", category="场地", grid_id=town.community.id)
    room = await town.do(resources.create_resource, title="会议室", grid_id=town.street.id, **kind, **more)
    return {"need_id": need.id, "resource_id": room.id}


async def rows(town: Town, model: type[Any]) -> list[Any]:
    async with town.database.read() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


async def test_a_confirmed_match_is_a_project_with_a_name_of_both(database: Database) -> None:
    town = await founded(database)
    both = await pair(town)
    await town.do(matching.decline, **both, reason="太小")
    made = await town.do(
        matching.confirm, viewer=town.clerk(), **both, owner_id=town.police, starts_on=date(2026, 5, 1)
    )
    assert (made.title, made.category, made.owner_id) == ("会议室: 缺活动场地", "场地", town.police)
    assert (made.grid_path, made.starts_on) == (town.community.path, date(2026, 5, 1))
    assert await rows(town, MatchDecline) == []
    with pytest.raises(Conflict, match=r"^There is a project of this need and 会议室 already\.$"):
        await town.do(matching.confirm, **both)
    assert len(await rows(town, Project)) == 1


async def test_what_cannot_be_is_refused_and_makes_no_project(database: Database) -> None:
    town = await founded(database)
    both, gone = await pair(town), await pair(town, closed_on=date(2026, 1, 1))
    met = await pair(town)
    await town.do(resources.update_need, met["need_id"], met_at=datetime(2026, 1, 1, tzinfo=UTC))
    refusals: list[tuple[dict[str, Any], Viewer | None, type[Exception], str]] = [
        (gone, None, Conflict, "会议室 is not to be had since 2026-01-01"),
        (met, None, Conflict, "The need 缺活动场地 is met already"),
        (both | {"title": "电话 13800001111"}, None, Invalid, "The title holds a mobile number"),
        (both | {"owner_id": both["need_id"]}, None, NotFound, "No party "),
        (both | {"resource_id": both["need_id"]}, None, NotFound, "No resource "),
        (both, Viewer("c", ROLES["clerk"], ("1/",), name="c"), Forbidden, "The grid 420606001005 is not yours"),
        (both, Viewer("r", ROLES["resident"], (), name="r"), Forbidden, "r lacks the ability resources:write"),
    ]
    for given, viewer, kind, words in refusals:
        with pytest.raises(kind) as refused:
            await town.do(matching.confirm, **given, **({"viewer": viewer} if viewer else {}))
        assert str(refused.value).startswith(words), refused.value
    assert await rows(town, Project) == []


async def test_of_two_at_once_one_gets_the_last_room(database: Database) -> None:
    town = await founded(database)
    one, other = await pair(town, capacity=1), await pair(town)
    tries = [town.do(matching.confirm, **one), town.do(matching.confirm, **other | {"resource_id": one["resource_id"]})]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    refused = [str(answer) for answer in answers if isinstance(answer, Conflict)]
    assert refused == ["会议室 serves 1 at a time, and all of it is in use."]
    assert len(await rows(town, Project)) == 1


async def test_a_project_put_on_the_list_by_hand_needs_the_same_room(database: Database) -> None:
    town = await founded(database)
    one, other = await pair(town, capacity=1), await pair(town)
    room = one["resource_id"]
    made = await town.do(matching.confirm, **one)
    idle = await town.do(resources.create_project, title="待定", need_id=other["need_id"])
    full, twice = (
        "会议室 serves 1 at a time, and all of it is in use.",
        "There is a project of this need and 会议室 already.",
    )
    tries: list[tuple[Any, tuple[Any, ...], dict[str, Any], str]] = [
        (resources.create_project, (), {"title": "又一个", "need_id": other["need_id"], "resource_id": room}, full),
        (resources.create_project, (), {"title": "又一个"} | one, twice),
        (resources.update_project, (idle.id,), {"resource_id": room}, full),
        (resources.update_resource, (room,), {"capacity": 0}, "1 have a place in 会议室"),
    ]
    for verb, ids, given, words in tries:
        with pytest.raises(Conflict) as refused:
            await town.do(verb, *ids, **given)
        assert str(refused.value).startswith(words), refused.value
    assert [(row.id, row.resource_id) for row in await rows(town, Project)] == [(made.id, room), (idle.id, None)]
    await town.do(resources.update_project, made.id, title="会议室共享", **one)  # its own place is no hindrance
    await town.do(resources.update_project, made.id, done_on=date(2026, 1, 1))
    await town.do(resources.update_project, idle.id, resource_id=room)
    with pytest.raises(Conflict, match=full):
        await town.do(resources.update_project, made.id, done_on=None)
    await town.do(resources.update_project, idle.id, closed_on=date(2026, 1, 1))  # off the list, it uses nothing
    await town.do(resources.update_project, made.id, done_on=None)


async def test_a_project_uses_what_is_to_be_had(database: Database) -> None:
    town = await founded(database)
    gone, other = await pair(town, closed_on=date(2026, 1, 1)), await pair(town)
    for given, kind, words in (
        (gone, Conflict, "会议室 is not to be had since 2026-01-01"),
        (gone | {"need_id": other["resource_id"]}, NotFound, "No need "),
        (gone | {"resource_id": other["need_id"]}, NotFound, "No resource "),
    ):
        with pytest.raises(kind) as refused:
            await town.do(resources.create_project, title="共享", **given)
        assert str(refused.value).startswith(words), refused.value
    assert await rows(town, Project) == []
    done = await town.do(resources.create_project, title="共享", done_on=date(2025, 12, 1), **gone)
    assert [row.id for row in await rows(town, Project)] == [done.id]  # what was done is noted as it was
