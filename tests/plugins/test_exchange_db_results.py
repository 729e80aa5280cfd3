"""The exchange_db plugin: what it writes back, once and only once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from hub.db import Database
from hub.models import uuid7
from hub.plugin import BadRecord, Event, SourceBroken, SourceDown, SourceRefused
from tests.conftest import execute, named
from tests.plugins.exchange import RESULTS, Cut, asked, change, push, sqlite

TABLE = "CREATE TABLE jg (tk TEXT UNIQUE, bh TEXT, lsid TEXT, zt TEXT, jg TEXT, sj TEXT)"
WRITTEN = ("t1", "A1", "0195-id", "CLOSED", "已修好", "2026-03-01T09:00:00+08:00")


@pytest.fixture
async def partner(server_url: str) -> AsyncIterator[str]:
    """A second PostgreSQL database with a result table."""
    name = f"partner_{uuid7().hex}"
    await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    url = named(server_url, name)
    await execute(
        url, "CREATE TABLE jg (tk text PRIMARY KEY, bh text, lsid text, zt varchar(8), jg text, sj timestamp)"
    )
    yield url
    await execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def written(url: str) -> list[tuple[Any, ...]]:
    database = Database(url, pool_size=1)
    async with database.read() as session:
        found = [tuple(row) for row in await session.execute(text("SELECT tk, bh, zt, sj FROM jg ORDER BY tk"))]
    await database.close()
    return found


async def test_a_result_is_written_as_the_table_wants_it(tmp_path: Path, partner: str) -> None:
    assert await push(sqlite(tmp_path / "a.db", TABLE), change()) == "A1"
    assert asked(tmp_path / "a.db", "SELECT * FROM jg") == [WRITTEN]
    words = {**RESULTS, "words": {"CLOSED": "办结"}}
    assert await push(partner, replace(change(), key=None), results=words) == "0195-id"
    assert await written(partner) == [("t1", None, "办结", datetime(2026, 3, 1, 9))]


async def test_the_step_that_was_taken_can_be_written(tmp_path: Path) -> None:
    columns = {"token": "tk", "action": "zt", "note": "jg", "party": "bh"}
    event = Event("ACCEPT", datetime(2026, 3, 1, tzinfo=UTC), "住建局", "已接单")
    url = sqlite(tmp_path / "a.db", TABLE)
    await push(url, replace(change(), event=event), results={"table": "jg", "columns": columns})
    assert asked(tmp_path / "a.db", "SELECT tk, zt, jg, bh FROM jg") == [("t1", "ACCEPT", "已接单", "住建局")]


@pytest.mark.parametrize("again", [True, False])
async def test_a_second_try_writes_nothing(partner: str, again: bool) -> None:
    await push(partner, change())
    assert await push(partner, change(again=again, status="HANDLED")) == "A1"
    assert await push(partner, change("t2", status="HANDLED")) == "A1"
    assert [row[:3] for row in await written(partner)] == [("t1", "A1", "CLOSED"), ("t2", "A1", "HANDLED")]


async def test_a_commit_whose_answer_is_lost_is_not_repeated(partner: str) -> None:
    there = make_url(partner)
    cut = Cut(there)
    server = await cut.listen()
    async with server:
        way = there.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1], query={})
        url = way.render_as_string(hide_password=False)
        with pytest.raises(SourceDown):
            await push(url, change())
        assert cut.commits == 1
        assert await push(url, change(again=True)) == "A1"
    assert [row[0] for row in await written(partner)] == ["t1"]


async def test_what_the_table_does_not_take_is_a_bad_record(partner: str) -> None:
    await execute(partner, "ALTER TABLE jg ADD CHECK (zt <> 'REWORK')")
    await push(partner, change("t0"))
    for status, words in (("IN_PROGRESS", "value too long"), ("REWORK", "check constraint")):
        refused = await push(partner, change(status=status))
        assert isinstance(refused, BadRecord)
        assert words in refused.reason
        assert (refused.kind, refused.key) == ("request", "A1")
    assert [row[0] for row in await written(partner)] == ["t0"]


async def test_a_token_that_may_repeat_is_refused(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "a.db", TABLE.replace(" UNIQUE", ""))
    with pytest.raises(SourceRefused, match="The column tk of jg is not unique"):
        await push(url, change())
    assert asked(tmp_path / "a.db", "SELECT * FROM jg") == []
    sqlite(tmp_path / "a.db", "CREATE UNIQUE INDEX one ON jg (tk)")
    assert await push(url, change()) == "A1"


async def test_a_result_table_that_is_not_as_said_is_named(tmp_path: Path) -> None:
    url = sqlite(tmp_path / "a.db", TABLE)
    with pytest.raises(SourceBroken, match=r"no column kk\. It has: tk, bh, lsid, zt, jg, sj\."):
        await push(url, change(), results={"table": "jg", "columns": {"token": "tk", "key": "kk"}})
    with pytest.raises(SourceBroken, match=r"no table jgb, .* There are: jg\."):
        await push(url, change(), results={"table": "jgb"})
    with pytest.raises(SourceRefused, match="No result table is named"):
        await push(url, change(), results=None)
    assert asked(tmp_path / "a.db", "SELECT * FROM jg") == []


async def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    sqlite(tmp_path / "a.db", TABLE)
    with pytest.raises(SourceRefused, match="readonly"):
        await push(f"sqlite:///file:{tmp_path / 'a.db'}?mode=ro&uri=true", change())
    assert asked(tmp_path / "a.db", "SELECT * FROM jg") == []
