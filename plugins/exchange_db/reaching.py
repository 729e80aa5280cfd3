"""The way to the partner's database, with whichever driver, and its errors in the hub's words.

A driver that knows asyncio is used as it is, every other one in a thread. Who only reads does so in a transaction that
cannot write, where the database has such.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import asyncpg
from sqlalchemy import URL, Connection, Engine, create_engine, make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.plugin import SourceBroken, SourceDown, SourceError, SourceRefused

__all__ = ["Run", "Unfit", "opened"]

T = TypeVar("T")

PACKAGES = {
    "psycopg2": "psycopg2-binary",
    "psycopg": "psycopg[binary]",
    "MySQLdb": "mysqlclient",
    "dm": "dmSQLAlchemy",
    "dmPython": "dmPython",
    "mssql": "pyodbc",
}
READ_ONLY = {
    "postgresql": "SET TRANSACTION READ ONLY",
    "oracle": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
    "sqlite": "PRAGMA query_only = ON",
}
REFUSED_STATES = ("28", "3D", "42501")
UNFIT_STATES = ("22", "23")
LATER_STATES = ("08", "40", "53", "55", "57")
REFUSED = re.compile(
    r"password|authenticat|access denied|permission denied|login failed|not authorized|unable to open|read-?only"
    r"|unknown database|ORA-01017|ORA-01031",
    re.IGNORECASE,
)


class Unfit(SourceBroken):
    """The database does not take this one row: a value is too long, or breaks a rule of the table."""


class Run(Protocol):
    """Does a piece of work on a connection, in one transaction, within the time that it has."""

    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


@asynccontextmanager
async def opened(url: str, seconds: float, *, write: bool = False) -> AsyncIterator[Run]:
    """The database while this is open. Raises SourceRefused, SourceDown, SourceBroken."""
    address = _address(url)
    with _in_words(address, seconds):
        engine = _engine(address)

    def inside(connection: Connection, work: Callable[[Connection], T]) -> T:
        if not write and (words := READ_ONLY.get(address.get_backend_name())):
            connection.exec_driver_sql(words)
        return work(connection)

    async def run(work: Callable[[Connection], T]) -> T:
        with _in_words(address, seconds):
            async with asyncio.timeout(seconds):
                if isinstance(engine, AsyncEngine):
                    async with engine.begin() as connection:
                        return await connection.run_sync(inside, work)
                return await asyncio.to_thread(_in_thread, engine, lambda connection: inside(connection, work))

    try:
        yield run
    finally:
        if isinstance(engine, AsyncEngine):
            await engine.dispose()
        else:
            engine.dispose()


def _in_thread(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


def _address(url: str) -> URL:
    """The URL, with the hub's own driver where it names none. SQLite would make a file that is not there: refused."""
    address = make_url(url)
    if address.drivername in ("postgresql", "postgres"):
        address = address.set(drivername="postgresql+asyncpg")
    file = address.database or "(none named)"
    if address.get_backend_name() == "sqlite" and not (file.startswith("file:") or Path(file).is_file()):
        raise SourceRefused(f"There is no file {file}. Correct the setting url.")
    return address


def _engine(address: URL) -> Engine | AsyncEngine:
    make: Any = create_async_engine if address.get_dialect().is_async else create_engine
    engine: Engine | AsyncEngine = make(address, hide_parameters=True, pool_size=1, max_overflow=0)
    return engine


@contextmanager
def _in_words(address: URL, seconds: float) -> Iterator[None]:
    """Turn what SQLAlchemy and the drivers raise into the three errors."""
    where = f"{address.get_backend_name()} {address.host or ''}{f':{address.port}' if address.port else ''}"
    where = f"{where.strip()}/{address.database or ''}"
    try:
        yield
    except SourceError:
        raise
    except (NoSuchModuleError, ImportError) as error:
        raise SourceRefused(_lacking(address, error)) from error
    except TimeoutError as error:
        raise SourceDown(f"{where} did not answer within {seconds:g} s.") from error
    except (DBAPIError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _told(error, where, address.password) from error
    except SQLAlchemyError as error:
        raise SourceBroken(f"{where}: {type(error).__name__}: {error}") from error


def _lacking(address: URL, error: Exception) -> str:
    module = getattr(error, "name", None) or address.get_backend_name()
    package = PACKAGES.get(module.partition(".")[0], module)
    return f"No driver for {address.drivername} is installed. Install it beside the hub: pip install {package}"


def _told(error: Exception, where: str, password: object) -> SourceError:
    """The error that says what happens next, decided by SQLSTATE, else by the class and the words."""
    cause = getattr(error, "orig", None) or error
    state = str(getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or "")
    detail = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    detail = detail.replace(str(password), "***") if password else detail
    if isinstance(error, (IntegrityError, DataError)) or state.startswith(UNFIT_STATES):
        return Unfit(f"{where} does not take the row: {detail}")
    if state.startswith(REFUSED_STATES) or REFUSED.search(detail):
        return SourceRefused(f"{where} refuses: {detail}. Check the address, the account and its rights.")
    away = isinstance(error, (OperationalError, InterfaceError, OSError, asyncpg.InterfaceError))
    if away or state.startswith(LATER_STATES):
        return SourceDown(f"{where} does not answer: {detail}")
    return SourceBroken(f"{where} cannot be read: {detail}")
