from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import CatalogueEntry, Organization, now
from hub.services import catalogue, triage
from hub.services.working_days import local_day
from tests.services.town import HUB, Town, founded

TODAY = local_day(now())


async def entry(town: Town, code: str, party: str = "police", viewer: Viewer = HUB, **fields: Any) -> CatalogueEntry:
    given = {"code": code, "party_id": getattr(town, party)} | fields
    created: CatalogueEntry = await town.do(catalogue.create_entry, viewer=viewer, **given)
    return created


async def suggested(town: Town, category: str | None, practice: str | None = None) -> list[str | None]:
    async with town.database.read() as session:
        (found,) = await catalogue.suggestions(session, HUB, [(town.community.path, category, practice)])
    return [one.entry.code for one in found]


async def stored(town: Town) -> list[tuple[Any, ...]]:
    columns = (CatalogueEntry.code, CatalogueEntry.version, CatalogueEntry.category, CatalogueEntry.valid_to)
    async with town.database.read() as session:
        found = await session.execute(select(*columns).order_by(CatalogueEntry.version, CatalogueEntry.code))
        return [tuple(row) for row in found]


async def test_the_most_specific_grid_comes_first_then_the_longest_category(database: Database) -> None:
    town = await founded(database)
    await entry(town, "all", "property_company")
    await entry(town, "deep", "water_works", category="市政/排水/下水道")
    await entry(town, "near", "police", category="市政", grid_id=town.community.id)
    assert await suggested(town, "市政/排水/下水道") == ["near", "deep", "all"]
    assert await suggested(town, "市政/排水") == ["near", "all"]
    assert await suggested(town, "市政府") == ["all"]
    assert await suggested(town, None) == ["all"]


async def test_of_two_alike_the_newer_one_comes_first_and_a_party_once(database: Database) -> None:
    town = await founded(database)
    await entry(town, "old", "police", category="市政", valid_from=TODAY - timedelta(days=9))
    await entry(town, "new", "water_works", category="市政")
    await entry(town, "wide", "police")
    assert await suggested(town, "市政/照明") == ["new", "old"]


async def test_what_has_ended_or_not_begun_or_is_of_another_practice_is_not_suggested(database: Database) -> None:
    town = await founded(database)
    await entry(town, "later", valid_from=TODAY + timedelta(days=1))
    await entry(town, "baohe", practice="baohe")
    gone = await entry(town, "gone", valid_from=TODAY - timedelta(days=3))
    await town.do(catalogue.end_entry, gone.id, valid_to=TODAY - timedelta(days=1))
    assert (await suggested(town, "市政"), await suggested(town, "市政", "baohe")) == ([], ["baohe"])


async def test_a_change_ends_one_version_and_begins_the_next(database: Database) -> None:
    town = await founded(database)
    first = await entry(town, "D1", category=" 市政 / 排水 ", valid_from=TODAY - timedelta(days=9))
    changed = await town.do(catalogue.update_entry, first.id, category="市政/照明", party_id=town.water_works)
    assert (changed.id, changed.version, changed.valid_from, changed.valid_to) == (first.id, 2, TODAY, None)
    assert await stored(town) == [
        (None, 1, "市政/排水", TODAY - timedelta(days=1)),
        ("D1", 2, "市政/照明", None),
    ]
    async with database.read() as session:
        former = (await session.scalars(select(CatalogueEntry).where(CatalogueEntry.code.is_(None)))).one()
    assert (former.current_id, former.party_id) == (first.id, town.police)
    with pytest.raises(Conflict, match="former version 1"):
        await town.do(catalogue.update_entry, former.id, category="市政")
    await town.do(catalogue.update_entry, first.id, category="市政/照明")
    assert len(await stored(town)) == 2  # the same words are no new version


async def told(town: Town, **more: Any) -> list[tuple[Any, ...]]:
    """Whom the catalogue names, by which version."""
    async with town.database.read() as session:
        (found,) = await catalogue.suggestions(session, HUB, [(town.community.path, "市政", None)], **more)
    return [(one.entry.party_id, one.code, one.entry.version) for one in found]


async def test_on_each_day_the_version_is_named_that_stood_then(database: Database) -> None:
    town = await founded(database)
    first = await entry(town, "D1", category="市政", valid_from=TODAY - timedelta(days=9))
    await town.do(catalogue.update_entry, first.id, party_id=town.water_works, valid_from=TODAY - timedelta(days=4))
    await town.do(catalogue.update_entry, first.id, party_id=town.property_company)
    await town.do(catalogue.update_entry, first.id, category="绿化")  # on the same day
    by_day = {days: await told(town, at=TODAY - timedelta(days=days)) for days in (10, 9, 5, 4, 1, 0)}
    assert by_day == {
        10: [],
        9: [(town.police, "D1", 1)],
        5: [(town.police, "D1", 1)],
        4: [(town.water_works, "D1", 2)],
        1: [(town.water_works, "D1", 2)],
        0: [],  # of 绿化 by then
    }
    assert await told(town) == []


async def test_what_is_to_begin_later_is_changed_and_still_begins_then(database: Database) -> None:
    town = await founded(database)
    begins = TODAY + timedelta(days=30)
    first = await entry(town, "D1", category="市政", valid_from=begins)
    changed = await town.do(catalogue.update_entry, first.id, party_id=town.water_works)
    assert (changed.version, changed.valid_from) == (2, begins)
    assert (await told(town), await told(town, at=begins)) == ([], [(town.water_works, "D1", 2)])
    moved = await town.do(catalogue.update_entry, first.id, basis="新文件", valid_from=begins + timedelta(days=1))
    assert (moved.version, moved.valid_from) == (3, begins + timedelta(days=1))


async def test_another_code_alone_changes_no_day(database: Database) -> None:
    town = await founded(database)
    first = await entry(town, "D1", valid_from=TODAY - timedelta(days=9))
    changed = await town.do(catalogue.update_entry, first.id, code="D2")
    assert (changed.code, changed.version, changed.valid_from) == ("D2", 1, TODAY - timedelta(days=9))


async def test_no_version_begins_under_another_one_nor_after_the_end(database: Database) -> None:
    town = await founded(database)
    ends = await entry(town, "E", valid_from=TODAY - timedelta(days=9))
    await town.do(catalogue.end_entry, ends.id)
    first = await entry(town, "D1", category="市政", valid_from=TODAY - timedelta(days=9))
    await town.do(catalogue.update_entry, first.id, party_id=town.water_works, valid_from=TODAY - timedelta(days=4))
    before, counts = await stored(town), await town.counts()
    old = TODAY - timedelta(days=6)
    tries: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        (ends.id, {"basis": "新文件"}, Conflict, f"The entry E ends on {TODAY}: create a new one for afterwards."),
        (first.id, {"valid_from": old}, Invalid, f"valid_from is {old}: a former version held until "),
        (
            first.id,
            {"valid_from": old, "basis": "新文件"},
            Invalid,
            f"valid_from is {old}: a former version held until ",
        ),
    ]
    for id, given, kind, words in tries:
        with pytest.raises(kind) as refused:
            await town.do(catalogue.update_entry, id, **given)
        assert str(refused.value).startswith(words), refused.value
    fresh = await entry(town, "D2", valid_from=TODAY - timedelta(days=3))
    with pytest.raises(Invalid, match=r"what stands began on .*, the next version begins later\.$"):
        await town.do(catalogue.update_entry, fresh.id, basis="新文件", valid_from=old)
    await town.do(catalogue.update_entry, fresh.id, valid_from=old)  # put right, and no other version
    assert len(await stored(town)) == len(before) + 1
    assert [row for row in await stored(town) if row[0] != "D2"] == before
    assert (await town.counts())[-1] == counts[-1] + 2


async def test_a_refused_change_leaves_the_catalogue_as_it_was(database: Database) -> None:
    town = await founded(database)
    everywhere = await entry(town, "D1")
    here = await entry(town, "D2", grid_id=town.community.id, viewer=town.clerk())
    before, counts = await stored(town), await town.counts()
    clerk, handler = town.clerk(), town.handler(town.police)
    refusals: list[tuple[type[Exception], Any, Any, Viewer, dict[str, Any]]] = [
        (Forbidden, catalogue.update_entry, everywhere.id, clerk, {"category": "市政"}),
        (Forbidden, catalogue.end_entry, everywhere.id, clerk, {}),
        (Forbidden, catalogue.update_entry, here.id, clerk, {"grid_id": town.street.id}),
        (Forbidden, catalogue.update_entry, here.id, handler, {"category": "市政"}),
        (NotFound, catalogue.update_entry, here.id, HUB, {"party_id": here.id}),
        (Invalid, catalogue.update_entry, here.id, HUB, {"valid_from": TODAY + timedelta(days=1)}),
        (Invalid, catalogue.end_entry, here.id, HUB, {"valid_to": TODAY - timedelta(days=1)}),
    ]
    for kind, verb, id, viewer, fields in refusals:
        with pytest.raises(kind):
            await town.do(verb, id, viewer=viewer, **fields)
    with pytest.raises(Forbidden):
        await entry(town, "D3", grid_id=town.street.id, viewer=clerk)
    assert (await stored(town), await town.counts()) == (before, counts)


async def test_a_dispatch_says_which_entry_it_follows_or_overrides(database: Database) -> None:
    town = await founded(database)
    await entry(town, "D1", "water_works", category="市政/排水", grid_id=town.community.id, basis="区权责清单")
    await entry(town, "D0", "police")
    told = {
        "D1": {"code": "D1", "version": 1, "reason": "条目 D1：分类 市政/排水，网格 社区，依据 区权责清单"},
        "D0": {"code": "D0", "version": 1, "reason": "条目 D0：分类 不限，网格 不限"},
    }
    said = []
    for party in (town.water_works, town.police, town.property_company):
        request = await town.submit(category="市政/排水/下水道")
        await town.do(triage.dispatch, request.id, party_id=party)
        said.append((await town.events(request.id))[-1].details["catalogue"])
    assert said == [
        {"followed": told["D1"]},
        {"followed": told["D0"], "overridden": told["D1"]},
        {"followed": None, "overridden": told["D1"]},
    ]


async def test_a_party_that_is_no_more_is_not_suggested(database: Database) -> None:
    town = await founded(database)
    await entry(town, "D1")
    async with database.write(HUB) as session:
        (await session.get_one(Organization, town.police)).closed_on = TODAY
    assert await suggested(town, "市政") == []
