"""Notices: seen by everybody while they run, and no personal number in them."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Forbidden, Invalid
from hub.models import NoticeKind, PublicNotice, now
from hub.services import notices
from hub.services.working_days import local_day
from tests.services.town import HUB, Town, founded

TODAY = local_day(now())


async def posted(town: Town, **more: Any) -> PublicNotice:
    words = {"title": "服务专员", "notice_kind": NoticeKind.CONTACTS, "basis": "本人同意公示"}
    words |= {"grid_id": town.community.id, "until": TODAY + timedelta(days=7)}
    notice: PublicNotice = await town.do(notices.post_notice, **(words | more))
    return notice


async def seen(database: Database, viewer: Viewer) -> list[str]:
    async with database.read() as session:
        return sorted([one.title for one in await session.scalars(notices.visible(viewer))])


async def test_a_notice_hides_itself_when_its_time_is_over(database: Database) -> None:
    town = await founded(database)
    await posted(town, title="今天", until=TODAY)
    await posted(town, title="过期", since=TODAY - timedelta(days=9), until=TODAY - timedelta(days=1))
    await posted(town, title="未到", since=TODAY + timedelta(days=1))
    down = await posted(town, title="撤下")
    await town.do(notices.update_notice, down.id, closed_on=TODAY)
    assert await seen(database, Viewer()) == ["今天"]
    assert await seen(database, Viewer("r", ROLES["resident"], (town.community.path,))) == ["今天"]
    assert await seen(database, Viewer("c", ROLES["clerk"], ("1/",))) == ["今天"]
    assert await seen(database, town.clerk()) == sorted(["今天", "过期", "未到", "撤下"])
    async with database.read() as session:
        for one in await session.scalars(notices.visible(HUB)):
            assert notices.running(one.since, one.until, one.closed_on) is (one.title == "今天")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"text": "电话 138 0000 1111"}, "The text holds a mobile number, and everybody may come to read it"),
        ({"title": "身份证 110101199003077571"}, "The title holds an ID number"),
        ({"basis": None}, "basis is missing: give it."),
        ({"until": date(2020, 1, 1)}, "until is 2020-01-01, before it begins: give a later day."),
        ({"until": date(2099, 1, 1)}, "until is 2099-01-01: post it for three years at most"),
    ],
)
async def test_what_must_not_be_posted_is_refused(database: Database, given: dict[str, Any], message: str) -> None:
    town = await founded(database)
    with pytest.raises(Invalid, match=message):
        await posted(town, **given)
    assert await seen(database, HUB) == []


async def test_one_posts_on_ones_own_grid(database: Database) -> None:
    town = await founded(database)
    with pytest.raises(Forbidden):
        await posted(town, viewer=Viewer("c", ROLES["clerk"], ("1/",)))
    mine = await posted(town, viewer=town.clerk())
    assert (mine.since, mine.grid_path) == (TODAY, town.community.path)
