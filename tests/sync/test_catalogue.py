"""The catalogue of duties as a source brings it: versions grow with what it says, and a person's word stays."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.models import CatalogueEntry, now
from hub.plugin import Record
from hub.services import catalogue
from hub.services.working_days import local_day
from tests.sync.sources import counts, districts, gone, organization, rows, run, told

HUB = system("test")
TODAY = local_day(now())
SHOWN = select(CatalogueEntry.code, CatalogueEntry.version, CatalogueEntry.category, CatalogueEntry.valid_from)


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
    assert await rows(database, SHOWN) == [("D1", 2, "市政/排水", TODAY)]
    assert "updated" not in counts(await run(database, told(again), overrides={"any": 2}))


async def test_what_a_person_changed_stays_and_one_that_is_gone_ends(database: Database) -> None:
    await districts(database, "150602")
    await run(database, told([organization("water"), duty()]))
    ((id,),) = await rows(database, select(CatalogueEntry.id))
    async with database.write(HUB) as session:
        await catalogue.update_entry(session, HUB, id, category="市政")
    await run(database, told([], [duty(basis="区权责清单")]), overrides={"any": 1})
    standing = SHOWN.where(CatalogueEntry.current_id.is_(None))
    assert [row[:3] for row in await rows(database, standing)] == [("D1", 3, "市政")]
    await run(database, told([], [], [gone("catalogue_entry", "D1")]), overrides={"any": 2}, reason="test")
    assert await rows(database, select(CatalogueEntry.valid_to).where(CatalogueEntry.id == id)) == [(TODAY,)]
