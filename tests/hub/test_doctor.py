"""The doctor: a healthy hub is healthy, and every illness is found and has its cure named."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub import assets, doctor
from hub.db import Database
from hub.doctor import Finding, Health
from hub.models import uuid7
from hub.upgrade import upgrade
from tests.conftest import execute, named
from tests.hub.commands import Command, hub


async def findings(database: Database) -> dict[str, Finding]:
    async with database.read() as session:
        return {finding.check: finding async for finding in doctor.inside(session)}


@pytest.fixture
async def latin(server_url: str) -> AsyncIterator[Database]:
    """A database as somebody makes it who never thought of Chinese."""
    name = f"test_{uuid7().hex}"
    made = f"CREATE DATABASE \"{name}\" ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    await execute(server_url, made)
    database = Database(named(server_url, name), pool_size=1)
    yield database
    await database.close()
    await execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def test_a_good_database_is_good(database: Database) -> None:
    found = await findings(database)
    assert list(found) == ["version", "encoding", "locale", "clock"]
    assert {finding.health for finding in found.values()} == {Health.GOOD}


async def test_a_database_without_chinese_is_bad(latin: Database) -> None:
    found = await findings(latin)
    assert found["encoding"].health is found["locale"].health is Health.BAD
    assert found["encoding"].words.startswith("SQL_ASCII loses Chinese text. CREATE DATABASE")


async def test_missing_steps_are_bad_until_the_upgrade(database: Database) -> None:
    assert (await doctor.steps(database)).health is Health.BAD
    await upgrade(database)
    assert (await doctor.steps(database)).health is Health.GOOD


@pytest.mark.parametrize(
    ("free", "health"), [(10 * 1024**3, Health.GOOD), (500 * 1024**2, Health.POOR), (1024**2, Health.BAD)]
)
def test_a_full_disk_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, health: Health) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(0, 0, free))
    assert doctor.disk(tmp_path).health is health


def test_a_secret_that_others_may_read_is_bad(tmp_path: Path) -> None:
    secret = tmp_path / "pepper"
    secret.touch(mode=0o600)
    assert doctor.pepper(tmp_path).health is Health.GOOD
    secret.chmod(0o644)
    assert doctor.pepper(tmp_path) == doctor.bad("secret", f"Others may read {secret}. Run: chmod 600 {secret}")


def test_missing_browser_files_are_poor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "wrong", lambda: ["graphiql/graphiql.min.js"])
    assert doctor.browser().words == "1 files missing: no IDE at /graphql. Run: make assets"


def test_a_database_that_does_not_answer_is_one_bad_finding_among_the_others(tmp_path: Path) -> None:
    examined = hub("doctor", "--json", HUB_HOME=tmp_path, HUB_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    by_check = {one["check"]: one["health"] for one in examined.json["findings"]}
    assert examined.code == 1
    assert examined.json["healthy"] is False
    assert by_check["database"] == "bad"
    assert {"disk", "secret", "browser assets", "plugins"} < set(by_check)


def test_a_broken_plugin_is_bad(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("1 / 0\n")
    examined = command("doctor", HUB_PLUGINS=tmp_path)
    assert examined.code == 1
    assert "BAD   plugins         mine cannot be loaded: ZeroDivisionError: division by zero\n" in examined.out


def test_the_tally_is_looked_at_and_can_be_counted_anew(command: Command) -> None:
    assert "tally" in {one["check"] for one in command("doctor", "--json").json["findings"]}
    assert command("db", "tally").out == "The tally agrees with the requests: 0 rows.\n"
    assert command("db", "tally", "--json").json == {"rows": 0}
