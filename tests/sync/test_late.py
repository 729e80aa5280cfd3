"""Late stories: an order appears behind what a run has read. Without an overlap, the cursor alone must not lose it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import update
from starlette.applications import Starlette

from hub.db import Database
from hub.models import Request, RunStatus, Source
from hub.sync import registry
from hub.sync.period import Days
from plugins.hotline12345.simulated_hotline import Fault
from plugins.hotline12345.simulator import build, unwrapped
from tests.sync.sources import reached, run, stored

SHIPPED = registry.load()


def between(app: Starlette, happens: Callable[[datetime], None]) -> Any:
    """The hotline, where something happens before each page but the first: it is given the time that was read up to."""

    async def asked(scope: Any, receive: Any, send: Any) -> None:
        page = parse_qs(scope["query_string"].decode()).get("cursor")
        if page and (position := unwrapped(page[0])):
            happens(datetime.fromisoformat(position[0]))
        await app(scope, receive, send)

    return asked


async def begun(database: Database, page_size: int) -> None:
    """The hotline is known, and read without an overlap."""
    await run(database, SHIPPED, "divisions")
    await run(database, SHIPPED, "hotline12345", overrides={"page_size": 1000})
    async with database.engine.begin() as connection:
        settings = {"overlap_minutes": 0, "page_size": page_size}
        await connection.execute(update(Source).where(Source.name == "hotline12345").values(settings=settings))


async def numbers(database: Database) -> set[str]:
    return set(await stored(database, Request, "number"))


async def pulled(database: Database) -> None:
    done = await run(database, SHIPPED, "hotline12345")
    assert (done.status, done.error) == (RunStatus.DONE, None)


async def test_what_comes_late_during_a_run_is_brought_by_the_next_without_an_overlap(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build(30)
    source, late = app.state.hotline, list[Any]()
    begin = source.clock

    def happens(read: datetime) -> None:
        if source.clock < begin + timedelta(minutes=20):
            source.advance()
        elif not late and read > begin + timedelta(minutes=7):
            late.append(source.arrive(begin + timedelta(minutes=6)))

    reached(between(app, happens), monkeypatch)
    await begun(database, page_size=1)
    await pulled(database)
    assert {one.number for one in late} - await numbers(database) == {late[0].number}
    await pulled(database)
    assert {known.number for known in source.orders.values() if known.updated >= begin} - await numbers(
        database
    ) == set()


async def test_what_came_late_behind_a_page_that_expired_is_brought_without_an_overlap(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build(30)
    source, late = app.state.hotline, list[Any]()

    def happens(read: datetime) -> None:
        if not late:
            late.append(source.arrive(read - timedelta(seconds=1)))
            source.faults.append(Fault("410"))

    reached(between(app, happens), monkeypatch)
    await begun(database, page_size=10)
    await pulled(database)
    assert late[0].number in await numbers(database)


async def test_what_comes_later_than_the_overlap_is_brought_by_filling_in_its_days(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build(30)
    reached(app, monkeypatch)
    await begun(database, page_size=100)
    await pulled(database)
    mark = max(known.updated for known in app.state.hotline.orders.values())
    late, day = app.state.hotline.arrive(mark - timedelta(days=1)), mark.date() - timedelta(days=1)
    await pulled(database)
    assert late.number not in await numbers(database)
    done = await run(database, SHIPPED, "hotline12345", days=Days(day, day))
    assert (done.error, late.number in await numbers(database)) == (None, True)
