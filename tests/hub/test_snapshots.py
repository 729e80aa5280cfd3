"""A snapshot is one moment, cannot write, and leaves no connection half done when it is broken off."""

import asyncio
from contextlib import suppress

import pytest

from hub.auth import Viewer
from hub.db import Database
from hub.errors import HubError
from hub.models import Organization, OrganizationKind


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


async def test_several_statements_read_the_same_moment(database: Database, hub: Viewer) -> None:
    async def add(code: str) -> None:
        async with database.write(hub) as session:
            session.add(Organization(code=code, name="东胜区总工会", organization_kind=OrganizationKind.UNIT))

    async with database.snapshot(statements=2) as found:
        before = await found.rows("SELECT code FROM parties")
        await add("O1")
        assert await found.rows("SELECT code FROM parties") == before == []
    async with database.snapshot(statements=1) as found:
        assert [tuple(row) for row in await found.rows("SELECT code FROM parties")] == [("O1",)]
    with pytest.raises(HubError, match="25006"):
        async with database.snapshot(statements=2) as found:
            await found.rows("INSERT INTO parties (code) VALUES ('O2')")
