"""Backup and restore: all comes back, into another cluster too, and a restore that fails changes nothing."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from hub import backup, postgres
from hub.auth import Viewer
from hub.db import Database
from hub.errors import Conflict, Invalid, Misconfigured
from hub.home import Server
from hub.models import Change, Organization, OrganizationKind, uuid7
from hub.services import changes
from hub.upgrade import pending, upgrade
from tests.conftest import execute, named
from tests.hub.commands import fresh_home


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Server]:
    """Another cluster, younger than that of the tests: its transactions have smaller numbers."""
    with fresh_home() as home, postgres.running(home) as server:
        yield Server(server.url, server.binaries)


@pytest.fixture
async def other(elsewhere: Server) -> AsyncIterator[Database]:
    name = f"test_{uuid7().hex}"
    await execute(elsewhere.url, f'CREATE DATABASE "{name}"')
    database = Database(named(elsewhere.url, name), pool_size=1)
    yield database
    await database.close()
    await execute(elsewhere.url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def filled(database: Database, hub: Viewer) -> Database:
    """A database in shape with an organization in it, far ahead in its count of transactions."""
    await upgrade(database)
    async with database.write(hub) as session:
        session.add(Organization(code="O1", name="东胜区总工会", organization_kind=OrganizationKind.UNIT))
        await session.flush()
        await session.execute(text("UPDATE changes SET position = 4000000000"))
    await database.engine.dispose()
    return database


def server(database: Database) -> Server:
    return Server(database.url.render_as_string(hide_password=False))


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(Organization.name)))


async def test_all_comes_back_in_another_cluster_and_its_log_can_be_read(
    filled: Database, other: Database, elsewhere: Server, hub: Viewer, tmp_path: Path
) -> None:
    size = await backup.backup(server(filled), filled, tmp_path / "a.dump")
    await backup.restore(elsewhere, other, tmp_path / "a.dump")
    assert size == (tmp_path / "a.dump").stat().st_size
    assert await names(other) == ["东胜区总工会"]
    assert await pending(other) == []
    async with other.read() as session:
        log = (await session.scalars(changes.settled(changes.visible(hub)))).all()
        assert [(change.entity, change.position) for change in log] == [("Organization", 0)]
        assert await session.scalar(select(func.count()).select_from(Change)) == 1
    async with other.write(hub) as session:
        session.add(Organization(code="O2", name="新", organization_kind=OrganizationKind.UNIT))
    async with other.read() as session:
        assert len((await session.scalars(changes.settled(changes.visible(hub)))).all()) == 2


async def test_a_backup_is_for_its_owner_and_leaves_no_parts(filled: Database, tmp_path: Path) -> None:
    await backup.backup(server(filled), filled, tmp_path / "a.dump")
    assert os.listdir(tmp_path) == ["a.dump"]
    assert (tmp_path / "a.dump").stat().st_mode & 0o777 == 0o600


async def test_a_backup_to_nowhere_is_refused(filled: Database, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="Cannot write"):
        await backup.backup(server(filled), filled, tmp_path / "no" / "a.dump")


async def test_what_is_there_is_replaced_only_when_told_so(filled: Database, hub: Viewer, tmp_path: Path) -> None:
    await backup.backup(server(filled), filled, tmp_path / "a.dump")
    async with filled.write(hub) as session:
        session.add(Organization(code="O2", name="后来的", organization_kind=OrganizationKind.UNIT))
    await filled.engine.dispose()
    with pytest.raises(Conflict, match="not empty"):
        await backup.restore(server(filled), filled, tmp_path / "a.dump")
    assert sorted(await names(filled)) == ["东胜区总工会", "后来的"]
    await filled.engine.dispose()
    await backup.restore(server(filled), filled, tmp_path / "a.dump", force=True)
    assert await names(filled) == ["东胜区总工会"]


@pytest.mark.parametrize("damage", ["half", "no backup", "missing"])
async def test_a_damaged_backup_changes_nothing(filled: Database, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "a.dump"
    await backup.backup(server(filled), filled, file)
    match damage:
        case "half":
            os.truncate(file, file.stat().st_size // 2)
        case "no backup":
            file.write_text("code,name\n")
        case "missing":
            file.unlink()
    with pytest.raises(Invalid, match=str(file)):
        await backup.restore(server(filled), filled, file, force=True)
    assert await names(filled) == ["东胜区总工会"]


async def test_a_restore_that_fails_half_way_puts_all_back(
    filled: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backup.backup(server(filled), filled, tmp_path / "a.dump")

    async def fail(_database: Database) -> None:
        raise Conflict("the disk is full")

    monkeypatch.setattr(backup, "settle", fail)
    with pytest.raises(Conflict, match="the disk is full"):
        await backup.restore(server(filled), filled, tmp_path / "a.dump", force=True)
    assert await names(filled) == ["东胜区总工会"]
    assert await pending(filled) == []


async def test_a_restore_waits_for_nobody(filled: Database, tmp_path: Path) -> None:
    await backup.backup(server(filled), filled, tmp_path / "a.dump")
    served = Database(server(filled).url, pool_size=1)
    assert await names(served) == ["东胜区总工会"]
    with pytest.raises(Conflict, match="Stop hub serve and hub worker"):
        await backup.restore(server(filled), filled, tmp_path / "a.dump", force=True)
    await served.close()
