"""The simulated 前置库 through the hub: its rows become requests, and a second run changes nothing."""

from pathlib import Path

from sqlalchemy import func, select

from hub.auth import system
from hub.db import Database
from hub.models import Rejected, Request, RequestStatus, Run, Source
from hub.sync import registry
from plugins.exchange_db.simulator import advance, make, settings, truth
from tests.sync.sources import column, counts, rows, run

SHIPPED = registry.load()


async def pulled(database: Database) -> Run:
    done = await run(database, SHIPPED, "qzk")
    assert done.error is None
    return done


async def known(database: Database, path: Path, **more: object) -> None:
    """The divisions are known, and a source reads the file."""
    await run(database, SHIPPED, "divisions")
    async with database.write(system("test")) as session:
        session.add(Source(name="qzk", plugin="exchange_db", title="前置库", settings={**settings(path), **more}))


async def test_a_second_run_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite"
    make(path, 400)
    await known(database, path, page_size=150)
    there = truth(path)
    assert counts(await pulled(database)) == {
        "created": there["orders"],
        "rejected": there["bad"],
        "unchanged": there["rows"] - there["orders"] - there["bad"],
    }
    assert counts(await pulled(database)) == {"rejected": there["bad"], "unchanged": there["rows"] - there["bad"]}
    assert await column(database, select(func.count()).select_from(Request)) == [there["orders"]]


async def test_what_moves_on_is_followed(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite"
    make(path, 400)
    await known(database, path)
    await pulled(database)
    for _ in range(5):
        advance(path)
        await pulled(database)
    there = truth(path)
    numbers = await column(database, select(Request.number))
    archived = await column(database, select(func.count()).where(Request.status == RequestStatus.ARCHIVED))
    assert (len(numbers), archived) == (there["orders"], [there["deleted"]])
    assert counts(await pulled(database)).keys() == {"rejected", "unchanged"}


async def test_the_caller_stays_out_of_what_was_refused(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "exchange.sqlite"
    make(path, 100)
    await known(database, path)
    await pulled(database)
    ((raw,),) = await rows(database, select(Rejected.raw))
    assert (raw["lxr"], raw["lxdh"], raw["gdbh"]) == ("***", "***", None)
