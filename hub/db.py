"""The database: read() and snapshot() look, write() commits, the only commit in the project.

direct() is for a verb that is a single statement, and so commits by itself.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from hub.auth import Viewer
from hub.errors import Conflict, HubError, Invalid, Misconfigured, Unavailable

STATEMENT_SECONDS = 30
IDLE_SECONDS = 60  # so long a transaction may do nothing: a process that is frozen in one gives its locks back
RING_SECONDS = 0.02
ENOUGH_SECONDS = 2  # for what is done on the way out
CHANNEL = "hub_changes"


@dataclass(frozen=True, slots=True)
class Origin:
    """Who stands behind a write: the subject of a token or the hub itself, and the sync run if there is one."""

    actor: str | None
    run_id: UUID | None = None


SETTINGS = {
    "application_name": "lianshu",
    "timezone": "UTC",
    "jit": "off",
    "statement_timeout": str(STATEMENT_SECONDS * 1000),
    "idle_in_transaction_session_timeout": str(IDLE_SECONDS * 1000),
}
READ_ONLY = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}


class Snapshot:
    """The database as it stands at one moment, for statements that are compiled already."""

    __slots__ = ("_connection", "_noted")

    def __init__(self, connection: "asyncpg.Connection[Any]", noted: Callable[[str], None] | None) -> None:
        self._connection = connection
        self._noted = noted

    async def rows(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        """The rows of a statement, by position; JSON is read, vocabularies stay names."""
        if self._noted is not None:
            self._noted(sql)
        found: Sequence[Sequence[Any]] = await self._connection.fetch(sql, *values)
        return found


class Connections:
    """The driver's own connections. A lean pool: nobody leaves anything behind that must be cleaned up."""

    def __init__(self, url: URL, most: int, settings: Mapping[str, str]) -> None:
        self._settings = dict(settings)
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._free: list[asyncpg.Connection[Any]] = []
        self._closed = False
        self._room = asyncio.Semaphore(most)

    async def take(self) -> "asyncpg.Connection[Any]":
        """A connection; the one that was used last, as its plans are warm."""
        await self._room.acquire()
        try:
            while self._free:
                if not (found := self._free.pop()).is_closed():
                    return found
            return await self._connected()
        except BaseException:
            self._room.release()
            raise

    async def _connected(self) -> "asyncpg.Connection[Any]":
        made: asyncpg.Connection[Any] = await asyncpg.connect(self._dsn, server_settings=self._settings, timeout=10)
        try:
            for kind in ("json", "jsonb"):
                await made.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=orjson.loads)
        except BaseException:
            made.terminate()
            raise
        return made

    def give(self, connection: "asyncpg.Connection[Any]") -> None:
        """Back into the pool; what is broken, or still in a transaction, is thrown away."""
        if self._closed or connection.is_closed() or connection.is_in_transaction():
            connection.terminate()
        else:
            self._free.append(connection)
        self._room.release()

    async def close(self) -> None:
        self._closed = True
        while self._free:
            await self._free.pop().close()


class Reading:
    """A snapshot while it is open. `begun`: it is one for several statements. No generator: small reads are many."""

    __slots__ = ("_begun", "_connection", "_connections", "_noted")

    def __init__(self, connections: Connections, noted: Callable[[str], None] | None, *, begun: bool) -> None:
        self._connections, self._noted, self._begun = connections, noted, begun

    async def __aenter__(self) -> Snapshot:
        with house_errors():
            self._connection = await self._connections.take()
            try:
                if self._begun:
                    await self._connection.execute("BEGIN")
            except BaseException:
                await self._give()
                raise
        return Snapshot(self._connection, self._noted)

    async def __aexit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            await self._give()
        finally:
            if isinstance(error, DRIVER_ERRORS):
                raise housed(error) from error

    async def _give(self) -> None:
        connection = self._connection
        try:
            if connection.is_in_transaction() and not connection.is_closed():
                async with asyncio.timeout(ENOUGH_SECONDS):
                    await connection.execute("ROLLBACK")  # nothing was written, and it ends a failed one too
        except DRIVER_ERRORS:
            connection.terminate()
        finally:
            self._connections.give(connection)


class Database:
    """One PostgreSQL, reached through two pools. Make one for each process and close it at the end.

    `noted` is told every statement of a snapshot: for those who count or explain.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = async_url(url)
        self.noted: Callable[[str], None] | None = None
        self._readers = Connections(self.url, pool_size, SETTINGS | READ_ONLY)
        self._writers = Connections(self.url, pool_size, SETTINGS)
        self._rung: set[str] = set()
        self._ringing: asyncio.Task[None] | None = None
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=10,
            pool_pre_ping=True,
            hide_parameters=True,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={"server_settings": SETTINGS},
        )
        self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session on one snapshot that cannot write. Rows stay usable after it."""
        with house_errors():
            async with AsyncSession(self._reading, expire_on_commit=False) as session:
                yield session

    def snapshot(self, *, statements: int) -> "Reading":
        """The driver itself, on one snapshot that cannot write: for the engine. One statement needs no transaction."""
        return Reading(self._readers, self.noted, begun=statements > 1)

    @asynccontextmanager
    async def direct(self) -> AsyncIterator["asyncpg.Connection[Any]"]:
        """The driver itself, each statement a transaction of its own: for what adds all its rows in one, and often."""
        with house_errors():
            connection = await self._writers.take()
            try:
                yield connection
            finally:
                self._writers.give(connection)

    @asynccontextmanager
    async def write(self, viewer: Viewer, *, run_id: UUID | None = None) -> AsyncIterator[AsyncSession]:
        """One operation, one transaction: committed at the end, or nothing of it happened."""
        origin = Origin(viewer.subject, run_id)
        with house_errors():
            async with AsyncSession(self.engine, expire_on_commit=False, info={"origin": origin}) as session:
                yield session
                await session.commit()

    def ring(self, entities: Iterable[str]) -> None:
        """Wake up who listens for changes of these types, soon: what happens until then is told along with it."""
        self._rung.update(entities)
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring(), name="ring")

    async def _ring(self) -> None:
        while self._rung:
            await asyncio.sleep(RING_SECONDS)
            told, self._rung = " ".join(sorted(self._rung)), set()
            with suppress(HubError):  # a lost ring loses nothing: readers also look by themselves
                async with self.direct() as connection:
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, told)

    async def close(self) -> None:
        """Close both pools, when what was to be told is told."""
        if self._ringing is not None:
            await asyncio.wait([self._ringing], timeout=ENOUGH_SECONDS)  # who is not woken up looks by himself
            self._ringing.cancel()
        await self._readers.close()
        await self._writers.close()
        await self.engine.dispose()


async def driver(session: AsyncSession) -> "asyncpg.Connection[Any]":
    """The driver's connection under the session, with the session's transaction begun."""
    known: tuple[Any, asyncpg.Connection[Any]] = session.info.get("driver", (None, None))
    if known[0] is not None and known[0] is session.sync_session.get_transaction():
        return known[1]
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    found: asyncpg.Connection[Any] = raw.driver_connection  # type: ignore[assignment]  # asyncpg is our only driver
    if not found.is_in_transaction():  # it is begun with the first statement
        await connection.execute(text("SELECT 1"))
    session.info["driver"] = session.sync_session.get_transaction(), found
    return found


def async_url(url: str) -> URL:
    """The URL with our driver in it, however it was given. Raises Misconfigured."""
    try:
        parsed = make_url(re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql+asyncpg://", url))
    except SQLAlchemyError as error:
        raise Misconfigured("HUB_DATABASE_URL is no URL. Write postgresql://user:password@host:5432/name.") from error
    if parsed.get_backend_name() != "postgresql":
        raise Misconfigured(
            f"HUB_DATABASE_URL names {parsed.get_backend_name()}: the hub stands on PostgreSQL 15 or newer only."
        )
    return parsed


DRIVER_ERRORS = (DBAPIError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@contextmanager
def house_errors() -> Iterator[None]:
    """Turn what the driver raises into our own errors: no SQL text and no address leaves this file."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise housed(error) from error


def housed(error: BaseException) -> HubError:
    """The house error for what the driver raised."""
    if isinstance(error, DBAPIError):
        return translated(error)
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return translated(DBAPIError(None, None, error))
    return Unavailable("The database does not answer. Is it running? `hub doctor` tells more.")


def translated(error: DBAPIError) -> HubError:
    """The house error for a driver's error, decided by its SQLSTATE."""
    state: str = getattr(error.orig, "sqlstate", None) or ""
    cause: Any = getattr(error.orig, "__cause__", None) or error.orig
    if isinstance(cause, asyncpg.InterfaceError) and isinstance(cause, ValueError):
        return Invalid("A value is too large, or of another type than the field. Look at the field's description.")
    match state:
        case "23505":
            return Conflict(f"It exists already: {getattr(cause, 'detail', None) or 'a key that must be unique'}")
        case "23503":
            return Conflict("It refers to something that does not exist, or something still refers to it.")
        case "23514" | "23502" | "22003":
            return Invalid(
                f"A value is not possible here: {getattr(cause, 'constraint_name', None) or 'out of range'}."
            )
        case "22021" | "22P05" | "22000":
            return Invalid("The text has a character that cannot be stored (NUL or half a character). Remove it.")
        case "40001" | "40P01" | "55P03":
            return Conflict("Somebody else changed the same thing at the same moment. Try again.")
        case "57014":
            return Unavailable(f"The database stopped after {STATEMENT_SECONDS} s. Ask for less at once.")
        case "53100":
            return Unavailable("The database's disk is full. Free space, then try again.")
    if isinstance(error, (InterfaceError, OperationalError)) or error.connection_invalidated or not state:
        return Unavailable("The connection to the database was lost. What was being written may or may not be there.")
    return HubError(f"The database refused (SQLSTATE {state}). This is a fault of the hub: please report it.")
