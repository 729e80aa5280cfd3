"""A snapshot that is broken off leaves no connection half done."""

import asyncio
from contextlib import suppress

import pytest

from hub.db import Database


async def slow(database: Database) -> None:
    async with database.snapshot(statements=2) as found:
        await found.rows("SELECT count(*) FROM grids")
        await found.rows("SELECT pg_sleep(20)")


@pytest.mark.parametrize("gap", [0, 0.0005, 0.002])
async def test_who_is_cancelled_twice_leaves_no_transaction_in_the_pool(database: Database, gap: float) -> None:
    task = asyncio.create_task(slow(database))
    await asyncio.sleep(0.2)
    task.cancel()
    await asyncio.sleep(gap)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not any(one.is_closed() or one.is_in_transaction() for one in database._readers._free)
    async with database.snapshot(statements=2) as found:
        assert await found.rows("SELECT 1") == [(1,)]


async def test_closing_does_not_wait_for_a_bell_that_cannot_ring(database: Database) -> None:
    taken = [await database._writers.take() for _ in range(5)]
    database.ring(["Grid"])
    await asyncio.wait_for(database.close(), 10)
    for connection in taken:
        database._writers.give(connection)
