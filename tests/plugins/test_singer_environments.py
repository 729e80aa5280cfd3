"""The singer plugin: taps in virtual environments of their own, and through the hub."""

import fcntl
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.models import Request, Source
from hub.plugin import SourceDown, SourceRefused
from hub.sync import registry
from plugins.singer.environments import room
from tests.plugins.taps import ORDERS, heard, keys, plan, program, wheel
from tests.sync.sources import column, counts, cursor, run

SHIPPED = registry.load()


async def test_a_tap_is_installed_once_in_an_environment_of_its_own(tmp_path: Path) -> None:
    place, wheels = tmp_path / "environments", wheel(tmp_path / "wheels")
    settings = {"environments": place, "wheels": wheels}
    found, error = await heard("tap-example==1.0", {"rows": 3}, **settings)
    assert (keys(found), error) == (["S0", "S1", "S2"], None)
    (made,) = (path for path in place.iterdir() if path.is_dir())
    assert (made / "bin" / "tap-example").is_file()
    assert list(made.glob("lib/python*/site-packages/tap_example.py"))
    for file in wheels.iterdir():
        file.unlink()
    again, error = await heard("tap-example==1.0", {"rows": 2}, **settings)
    assert (keys(again), error) == (["S0", "S1"], None)


async def test_what_cannot_be_installed_is_told_in_pips_words(tmp_path: Path) -> None:
    settings = {"environments": tmp_path / "environments", "wheels": wheel(tmp_path / "wheels")}
    found, error = await heard("tap-example==2.0", {}, **settings)
    assert (found, type(error)) == ([], SourceRefused)
    assert str(error).startswith("tap-example==2.0 cannot be installed: ")
    assert str(error).endswith("ERROR: No matching distribution found for tap-example==2.0")
    assert [path.suffix for path in (tmp_path / "environments").iterdir()] == [".lock"]


async def test_a_command_that_the_package_does_not_bring_is_named(tmp_path: Path) -> None:
    settings = {"environments": tmp_path / "environments", "wheels": wheel(tmp_path / "wheels")}
    _, error = await heard("tap-example", {}, command="tap-exemple", **settings)
    assert isinstance(error, SourceRefused)
    assert str(error) == "tap-example brings no command tap-exemple, but: tap-example. Set command to its name."


async def test_an_installation_has_its_time_and_is_alone(tmp_path: Path) -> None:
    place = tmp_path / "environments"
    settings = {"environments": place, "wheels": wheel(tmp_path / "wheels")}
    _, error = await heard("tap-example", {}, install_seconds=0.05, **settings)
    assert isinstance(error, SourceRefused)
    assert "within 0.05 s" in str(error)
    (lock,) = place.iterdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        _, error = await heard("tap-example", {}, **settings)
    assert isinstance(error, SourceDown)
    assert error.retry_after == 30


async def test_a_place_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    _, error = await heard("tap-example", {}, environments=tmp_path / "file" / "below")
    assert isinstance(error, SourceRefused)
    assert "Set environments" in str(error)


def test_environments_are_kept_with_the_hubs_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert room(None) == tmp_path / "cache" / "lianshu" / "singer"
    monkeypatch.setenv("HUB_HOME", str(tmp_path / "home"))
    assert room(None) == tmp_path / "home" / "plugins" / "singer"
    assert room(tmp_path) == tmp_path


async def test_a_second_run_changes_nothing(database: Database, tmp_path: Path) -> None:
    settings = {"tap": program(tmp_path), "streams": [ORDERS], "page_size": 20}
    async with database.write(system("test")) as session:
        config = plan(rows=50, every=7)
        session.add(Source(name="tap", plugin="singer", title="tap", settings={**settings, "config": config}))
    done = await run(database, SHIPPED, "tap")
    assert (done.error, counts(done)) == (None, {"created": 50})
    assert await cursor(database, "tap") == '{"bookmarks": {"orders": {"next": 49}}}'
    done = await run(database, SHIPPED, "tap")
    assert (done.error, counts(done)) == (None, {"unchanged": 1})
    assert len(await column(database, select(Request.number))) == 50


async def test_a_tap_that_fails_keeps_what_it_gave_and_goes_on(database: Database, tmp_path: Path) -> None:
    broken = plan(rows=50, every=7, at={"30": {"cry": "oh", "exit": 1}})
    settings = {"tap": program(tmp_path), "streams": [ORDERS], "page_size": 20}
    async with database.write(system("test")) as session:
        session.add(Source(name="tap", plugin="singer", title="tap", settings={**settings, "config": broken}))
    done = await run(database, SHIPPED, "tap")
    assert (done.error, counts(done)) == ("tap-example ended with code 1. It said: oh password=***", {"created": 30})
    async with database.write(system("test")) as session:
        source = (await session.scalars(select(Source).where(Source.name == "tap"))).one()
        source.settings = {**settings, "config": plan(rows=50, every=7)}
    done = await run(database, SHIPPED, "tap")
    assert (done.error, counts(done)) == (None, {"created": 20, "unchanged": 2})
