"""One real PostgreSQL for the run, one migrated template, one database copied from it for each test that writes.

A test marked `reads` shares one database with all others so marked: a small city stands in it, and the server refuses
every write to it.
"""

import tests.seeded  # noqa: F401 (before the hub: it plants the bug that SEEDED_BUG names)

# isort: split
import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import event, make_url, text

import migrations
from hub import app, postgres
from hub.auth import Viewer, system
from hub.db import Database
from hub.models import uuid7
from hub.upgrade import upgrade
from schema.bus import Bus
from tests.hub import commands
from tests.hub.commands import Command
from tests.hub.servers import eventually, processes
from tests.schema.api import Api
from tests.schema.city import City, founded
from tests.schema.large_city import founded_large
from tests.schema.stories import Story, practise, told


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "reads: writes nothing, so that it shares its database with others")


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """An embedded PostgreSQL of this test run's own; HUB_TEST_URL names another one."""
    if url := os.environ.get("HUB_TEST_URL"):
        yield url
        return
    home = Path(tempfile.mkdtemp(prefix="lianshu-"))
    home.chmod(0o755)  # so that the server, which never runs as root, keeps its data here
    with postgres.running(home) as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # what dies with the tests need not survive
            asyncio.run(execute(server.url, f"ALTER SYSTEM SET {setting} = off"))
        asyncio.run(execute(server.url, "SELECT pg_reload_conf()"))
        yield server.url
    shutil.rmtree(home, ignore_errors=True)


async def execute(url: str, statement: str) -> None:
    database = Database(url, pool_size=1)
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(statement))
    await database.close()


def named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
async def template(server_url: str) -> AsyncIterator[str]:
    """The name of a database with every migration in it, to be copied; HUB_TEST_TEMPLATE names one that is there."""
    if name := os.environ.get("HUB_TEST_TEMPLATE"):
        yield name
        return
    name = f"template_{uuid7().hex}"
    await execute(server_url, f'CREATE DATABASE "{name}"')
    database = Database(named(server_url, name), pool_size=1)
    async with database.engine.begin() as connection:
        await connection.run_sync(migrations.upgrade)
    await database.close()
    yield name
    await execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def copied(server_url: str, template: str) -> AsyncIterator[Database]:
    """A fresh hub's database."""
    name = f"test_{uuid7().hex}"
    await execute(server_url, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    database = Database(named(server_url, name), pool_size=5)
    yield database
    await database.close()
    await execute(server_url, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def own_database(server_url: str, template: str) -> AsyncIterator[Database]:
    """A fresh hub's database, for one test."""
    async with copied(server_url, template) as database:
        yield database


@pytest.fixture(scope="session")
async def shared_city(server_url: str, template: str) -> AsyncIterator[City]:
    """The district that all readers look at."""
    async with copied(server_url, template) as database:
        city = await founded(database)
        await execute(server_url, f'ALTER DATABASE "{database.url.database}" SET default_transaction_read_only = on')
        await database.engine.dispose()  # what is connected already could still write
        yield city


@pytest.fixture(scope="session")
async def large_city(server_url: str, template: str) -> AsyncIterator[City]:
    """The same with rows of every noun, for readers who ask for it themselves."""
    async with copied(server_url, template) as database:
        city = await founded_large(database)
        await execute(server_url, f'ALTER DATABASE "{database.url.database}" SET default_transaction_read_only = on')
        await database.engine.dispose()
        yield city


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Database:
    """The test's own fresh database; a reader's is the shared one."""
    if request.node.get_closest_marker("reads"):
        return request.getfixturevalue("shared_city").database
    return request.getfixturevalue("own_database")


@pytest.fixture
def hub() -> Viewer:
    """The hub itself: every ability, everywhere."""
    return system("test")


@pytest.fixture
def count_statements(database: Database) -> object:
    """A context manager that yields the list of SQL statements executed inside it."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(statement)

        engine = database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        database.noted = seen.append
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)
            database.noted = None

    return counting


# --- the graph, for tests/schema ---


@pytest.fixture
async def api(database: Database) -> AsyncIterator[Api]:
    """The graph over HTTP: `await api(query, viewer, variables...)` gives the whole answer."""
    api = Api(database)
    yield api
    await api.client.aclose()


@pytest.fixture
async def own_city(own_database: Database) -> City:
    """A small district of the test's own."""
    return await founded(own_database)


@pytest.fixture
def city(request: pytest.FixtureRequest) -> City:
    """A small district with parties and requests: the test's own, or the one that readers share."""
    return request.getfixturevalue("shared_city" if request.node.get_closest_marker("reads") else "own_city")


@pytest.fixture(scope="session")
async def practised(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The name of a database that the shipped practices were read into, to be copied."""
    async with copied(server_url, template) as database:
        await practise(database, tmp_path_factory.mktemp("practices"))
        await database.close()  # a template must have no guests
        yield str(database.url.database)


@pytest.fixture
async def story(server_url: str, practised: str) -> AsyncIterator[Story]:
    """A hub of the test's own that works by the shipped practices, through its door."""
    async with copied(server_url, practised) as database, told(database) as story:
        yield story


# --- the command line and the HTTP door, for tests/hub ---


@pytest.fixture
async def door(database: Database) -> AsyncIterator[httpx2.AsyncClient]:
    """The whole application over a fresh database, without a network. Its tokens are keyed with b"pepper"."""
    await upgrade(database)
    built = app.build(database, b"pepper", Bus(database.url))
    transport = httpx2.ASGITransport(built, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://hub") as client:
        yield client


@pytest.fixture
async def command(database: Database, tmp_path: Path) -> Command:
    """`hub` over a fresh database in shape. Not for async tests: a command has an event loop of its own."""
    await upgrade(database)
    given = {"HUB_DATABASE_URL": database.url.render_as_string(hide_password=False), "HUB_HOME": tmp_path}
    return lambda *arguments, **more: commands.hub(*arguments, **given, **more)


# --- embedded servers of a test's own, for tests/hub ---


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty HUB_HOME that every user reaches; when the test is over, no process of it may be left."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    folder.chmod(0o711)
    yield folder / "home"
    left = eventually(lambda: not processes(folder))
    for link in folder.rglob("location"):
        if link.is_dir():
            shutil.rmtree(link.resolve())
    shutil.rmtree(folder)
    assert left, "a process is left over"
