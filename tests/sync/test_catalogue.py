"""The catalogue of duties as a source brings it: versions grow with what it says, and a person's word stays."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.models import CatalogueEntry, Change, ChangeKind, now
from hub.plugin import Record
from hub.services import catalogue
from hub.services.working_days import local_day
from hub.sync.undo import undo
from tests.sync.sources import counts, districts, gone, organization, rows, run, told

HUB = system("test")
TODAY = local_day(now())
SHOWN = select(CatalogueEntry.code, CatalogueEntry.version, CatalogueEntry.category, CatalogueEntry.valid_from)

STANDS = CatalogueEntry.current_id.is_(None)
FORMER = select(
    CatalogueEntry.version, CatalogueEntry.category, CatalogueEntry.valid_from, CatalogueEntry.valid_to
).where(CatalogueEntry.current_id.is_not(None))


def duty(**fields: Any) -> Record:
    said = {"code": "D1", "party": "water", "category": " 市政 / 排水 ", "grid": "150602"}
    return Record("catalogue_entry", "D1", said | fields)


async def test_what_changes_what_an_entry_says_is_another_version(database: Database) -> None:
    await districts(database, "150602")
    before = TODAY - timedelta(days=30)
    await run(database, told([organization("water"), organization("roads"), duty(valid_from=before)]))
    assert await rows(database, SHOWN) == [("D1", 1, "市政/排水", before)]
    again = [organization("water"), organization("roads"), duty(valid_from=before, party="roads")]
    assert counts(await run(database, told(again), overrides={"any": 1}))["updated"] == 1
    assert await rows(database, SHOWN.where(STANDS)) == [("D1", 2, "市政/排水", TODAY)]
    assert "updated" not in counts(await run(database, told(again), overrides={"any": 2}))


async def test_what_a_person_changed_stays_and_one_that_is_gone_ends(database: Database) -> None:
    await districts(database, "150602")
    await run(database, told([organization("water"), duty()]))
    ((id,),) = await rows(database, select(CatalogueEntry.id))
    async with database.write(HUB) as session:
        await catalogue.update_entry(session, HUB, id, category="市政")
    await run(database, told([], [duty(basis="区权责清单")]), overrides={"any": 1})
    standing = SHOWN.where(STANDS)
    assert [row[:3] for row in await rows(database, standing)] == [("D1", 3, "市政")]
    await run(database, told([], [], [gone("catalogue_entry", "D1")]), overrides={"any": 2}, reason="test")
    assert await rows(database, select(CatalogueEntry.valid_to).where(CatalogueEntry.id == id)) == [(TODAY,)]


async def test_the_version_that_stood_is_kept_until_the_run_is_taken_back(database: Database) -> None:
    await districts(database, "150602")
    before = TODAY - timedelta(days=30)
    await run(database, told([organization("water"), duty(valid_from=before)]))
    ((first,),) = await rows(database, select(CatalogueEntry.id))
    done = await run(database, told([], [duty(valid_from=before, category="市政")]), overrides={"any": 1})
    assert counts(done) == {"updated": 1}
    assert await rows(database, SHOWN.where(STANDS)) == [("D1", 2, "市政", TODAY)]
    assert await rows(database, FORMER) == [(1, "市政/排水", before, TODAY - timedelta(days=1))]
    assert await rows(database, select(CatalogueEntry.current_id).where(~STANDS)) == [(first,)]
    back = await undo(database, done.id, started_by="test")
    assert (counts(back), back.moved) == ({"updated": 1}, 0)
    assert await rows(database, SHOWN) == [("D1", 1, "市政/排水", before)]
    assert await rows(database, FORMER) == []
    gone_ = select(Change.kind, Change.reverse["category"].astext).where(Change.run_id == back.id)
    assert ("市政/排水") in {said for kind, said in await rows(database, gone_) if kind is ChangeKind.DELETED}


async def test_what_a_person_has_changed_since_keeps_its_former_versions(database: Database) -> None:
    await districts(database, "150602")
    await run(database, told([organization("water"), duty()]))
    done = await run(database, told([], [duty(category="市政")]), overrides={"any": 1})
    ((id,),) = await rows(database, select(CatalogueEntry.id).where(STANDS))
    async with database.write(HUB) as session:
        await catalogue.update_entry(session, HUB, id, basis="区权责清单")
    await undo(database, done.id, started_by="test")
    assert [row[0] for row in await rows(database, FORMER.order_by(CatalogueEntry.version))] == [1, 2]
    assert await rows(database, select(CatalogueEntry.version).where(STANDS)) == [(3,)]


async def test_a_source_that_says_an_old_day_again_does_not_move_what_stands(database: Database) -> None:
    await districts(database, "150602")
    before = TODAY - timedelta(days=30)
    later = TODAY + timedelta(days=30)
    await run(database, told([organization("water"), duty(valid_from=before)]))
    for at, said in enumerate(({"category": "市政"}, {"category": "市政", "valid_to": TODAY + timedelta(days=90)}), 1):
        await run(database, told([duty(valid_from=before, **said)]), overrides={"any": at})
    assert await rows(database, SHOWN.where(STANDS)) == [("D1", 2, "市政", TODAY)]
    await run(database, told([duty(valid_from=later, category="绿化")]), overrides={"any": 3})
    assert await rows(database, SHOWN.where(STANDS)) == [("D1", 3, "绿化", later)]
    assert await rows(database, FORMER.order_by(CatalogueEntry.version)) == [
        (1, "市政/排水", before, TODAY - timedelta(days=1)),
        (2, "市政", TODAY, later - timedelta(days=1)),
    ]
