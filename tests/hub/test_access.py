"""Tokens are remembered for a moment, and forgotten at once when a key changes."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select
from starlette.requests import HTTPConnection

from hub.access import Access
from hub.auth import Viewer
from hub.db import Database
from hub.errors import Unauthenticated
from hub.models import ApiKey, now
from hub.services import accounts
from schema.bus import Bus

Counting = Callable[[], AbstractContextManager[list[str]]]


async def connection(database: Database, hub: Viewer) -> HTTPConnection:
    async with database.write(hub) as session:
        token = await accounts.give_token(session, hub, b"pepper", role="admin", name="test")
    return HTTPConnection({"type": "http", "headers": [(b"authorization", f"Bearer {token}".encode())]})


async def heard(bus: Bus) -> None:
    """The bell rings when the listening begins."""
    await asyncio.wait_for(bus.bell().wait(), 5)
    assert bus.listening


async def test_a_token_is_looked_up_once_while_changes_are_heard(
    database: Database, hub: Viewer, count_statements: Counting
) -> None:
    asked = await connection(database, hub)
    async with Bus(database.url) as bus:
        await heard(bus)
        access = Access(database, b"pepper", bus)
        viewer = await access(asked)
        with count_statements() as seen:
            assert await access(asked) == viewer
    assert seen == []


async def test_without_the_bell_nothing_is_remembered(
    database: Database, hub: Viewer, count_statements: Counting
) -> None:
    asked, access = await connection(database, hub), Access(database, b"pepper", Bus(database.url))
    await access(asked)
    with count_statements() as seen:
        await access(asked)
    assert len(seen) == 1


async def test_a_revoked_token_is_forgotten_when_the_bell_rings(database: Database, hub: Viewer) -> None:
    asked = await connection(database, hub)
    async with Bus(database.url) as bus:
        await heard(bus)
        access = Access(database, b"pepper", bus)
        await access(asked)
        bell = bus.bell()
        async with database.write(hub) as session:
            (await session.scalars(select(ApiKey))).one().revoked_at = now()
        await asyncio.wait_for(bell.wait(), 5)
        with pytest.raises(Unauthenticated):
            await access(asked)


async def test_however_many_ask_at_once_it_is_looked_up_once(
    database: Database, hub: Viewer, count_statements: Counting
) -> None:
    asked = await connection(database, hub)
    async with Bus(database.url) as bus:
        await heard(bus)
        access = Access(database, b"pepper", bus)
        with count_statements() as seen:
            hurried = asyncio.create_task(access(asked))
            others = [asyncio.create_task(access(asked)) for _ in range(20)]
            await asyncio.sleep(0)
            hurried.cancel()  # who goes away takes nobody along
            found = await asyncio.gather(*others)
        assert hurried.cancelled()
    assert len(seen) == 1
    assert {viewer.subject for viewer in found} == {found[0].subject}
    assert found[0].can("sync:run")


async def test_what_went_wrong_is_not_remembered(database: Database, hub: Viewer) -> None:
    asked = await connection(database, hub)
    unknown = HTTPConnection({"type": "http", "headers": [(b"authorization", b"Bearer lh_nobody")]})
    async with Bus(database.url) as bus:
        await heard(bus)
        access = Access(database, b"pepper", bus)
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await access(unknown)
        async with database.write(hub) as session:
            (await session.scalars(select(ApiKey))).one().revoked_at = now()
        with pytest.raises(Unauthenticated):
            await access(asked)
        assert access._known == {}
