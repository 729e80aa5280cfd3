"""What holds for the repository as a whole: its layout, its locks, its words, its migrations."""

import asyncio
import importlib
import re
import subprocess
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

import migrations
from hub import backup
from hub.cli.answers import Exit
from hub.config import Settings
from hub.db import Database
from hub.home import Server
from hub.models import Base, uuid7
from schema.schema import sdl
from tests.conftest import execute, named

ROOT = Path(__file__).parents[1]
README, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-CN.md"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = ("requirements.txt", "requirements-dev.txt", "package-lock.json", ".npmrc")


def tracked() -> list[Path]:
    """The files that belong to the repository, the new ones too."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    return [Path(line) for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return str(Settings.model_fields[name].validation_alias or f"HUB_{name.upper()}")


def test_the_top_level_is_what_the_design_says() -> None:
    folders = {path.parts[0] for path in tracked() if len(path.parts) > 1}
    files = {path.name for path in tracked() if len(path.parts) == 1}
    assert folders == {"hub", "schema", "plugins", "migrations", "tests", "docs", ".ci"}
    assert files == {
        *("pyproject.toml", "Makefile", "LICENSE", "README.md", "README.zh-CN.md", ".gitignore"),
        *("requirements.txt", "requirements-dev.txt", "requirements-dev.in"),
        *("package.json", "package-lock.json", ".npmrc"),
    }


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_no_address(name: str) -> None:
    assert re.findall(r"\w+://\S*|--(?:extra-)?index-url|registry=", (ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_locked_package_has_its_hashes(name: str) -> None:
    packages = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert [package for package in packages if "--hash=sha256:" not in package] == []


def test_what_is_declared_is_locked() -> None:
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    declared = {re.split(r"[\[ ><=;]", line)[0] for line in PROJECT["project"]["dependencies"]}
    assert declared - locked == set()


def test_our_generic_names_are_ours() -> None:
    for name in ("hub", "schema", "plugins", "migrations"):
        assert Path(str(importlib.import_module(name).__file__)).is_relative_to(ROOT)


def test_the_contract_of_plugins_names_every_module_of_the_hub() -> None:
    (contract,) = (one for one in PROJECT["tool"]["importlinter"]["contracts"] if one["name"].startswith("A plugin"))
    modules = {f"hub.{path.stem}" for path in (ROOT / "hub").iterdir() if (path / "__init__.py").exists()}
    modules |= {f"hub.{path.stem}" for path in (ROOT / "hub").glob("*.py") if path.stem != "__init__"}
    allowed = {
        "hub.plugin",
        "hub.fields",
        "hub.parts",
        "hub.place_fields",
        "hub.register_fields",
        "hub.checks",
        "hub.records",
        "hub.synthetic",
        "hub.testing",
    }
    assert set(contract["forbidden_modules"]) == modules - allowed | {"migrations", "schema"}


def test_no_contract_lists_an_exception() -> None:
    assert [one["name"] for one in PROJECT["tool"]["importlinter"]["contracts"] if "ignore_imports" in one] == []


@pytest.mark.parametrize("readme", [README, CHINESE], ids=["English", "Chinese"])
def test_the_readme_names_every_setting_and_exit_code(readme: str) -> None:
    settings = readme.partition("| `PORT`")[2]
    assert [name for name in Settings.model_fields if variable(name) not in f"PORT{settings}"] == []
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", readme, re.MULTILINE)] == sorted(Exit)


@pytest.mark.parametrize("readme", [README, CHINESE], ids=["English", "Chinese"])
def test_links_in_the_readme_lead_somewhere(readme: str) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", readme)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_files_and_functions_stay_readable() -> None:
    long = {}
    for path in tracked():
        if path.suffix == ".py" and path.parts[0] in ("hub", "schema", "plugins"):
            lines = len((ROOT / path).read_text(encoding="utf-8").splitlines())
            if lines > 400:
                long[str(path)] = lines
    assert long == {}


def test_the_sdl_is_up_to_date() -> None:
    assert (ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8") == sdl(), "Run: make sdl"


@pytest.fixture
async def bare(server_url: str) -> AsyncIterator[Database]:
    """A database with nothing in it."""
    name = f"test_{uuid7().hex}"
    await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    database = Database(named(server_url, name), pool_size=1)
    yield database
    await database.close()
    await execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


async def shape(database: Database) -> list[str]:
    """The statements that would make the database again."""
    server = Server(database.url.render_as_string(hide_password=False))
    program = await backup.tool("pg_dump", server, database)
    arguments = [program, "--schema-only", "--no-owner", "--no-privileges", "--exclude-table=alembic_version"]
    dumped = await asyncio.to_thread(subprocess.check_output, arguments, env=backup.libpq(database.url), text=True)
    aside = ("--", "\\", "CREATE EXTENSION", "COMMENT ON EXTENSION")  # pg_trgm comes where it can be had
    return [line for line in dumped.splitlines() if line and not line.startswith(aside)]


async def test_the_steps_lead_where_the_models_are(bare: Database, database: Database) -> None:
    async with bare.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    assert await shape(database) == await shape(bare)


async def test_every_step_is_there_after_the_upgrade(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(migrations.pending) == []
        done = await connection.scalars(text("SELECT version_num FROM alembic_version"))
        assert len(list(done)) == 1
