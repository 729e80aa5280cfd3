"""What may be wrong with this hub, looked at one by one. Each finding says what is and, if it is bad, what to do."""

import enum
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from hub import assets, home
from hub.config import Settings
from hub.db import Database
from hub.errors import HubError
from hub.models import now
from hub.services import tally_folding
from hub.sync import registry
from hub.upgrade import pending

OLDEST_POSTGRES = 15
FULL_BYTES, TIGHT_BYTES = 200 * 1024**2, 1024**3
CLOCK_SECONDS = 2


class Health(enum.Enum):
    """How bad it is."""

    GOOD = "good"
    POOR = "poor"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    health: Health
    words: str


def good(check: str, words: str) -> Finding:
    return Finding(check, Health.GOOD, words)


def poor(check: str, words: str) -> Finding:
    return Finding(check, Health.POOR, words)


def bad(check: str, words: str) -> Finding:
    return Finding(check, Health.BAD, words)


def examine(settings: Settings) -> Iterator[Finding]:
    """All findings, the machine first, then the database. Changes nothing."""
    settings.home.mkdir(parents=True, exist_ok=True)
    yield disk(settings.home)
    yield pepper(settings.home)
    yield browser()
    yield from plugins(settings)
    try:
        with home.server(settings) as server:
            yield from home.run(_database(server))
    except HubError as error:
        yield bad("database", str(error))


def disk(folder: Path) -> Finding:
    """Room for the database."""
    free = shutil.disk_usage(folder).free
    words = f"{free / 1024**3:,.1f} GB free at {folder.absolute()}"
    if free < FULL_BYTES:
        return bad("disk", f"{words}: the database will stop soon. Free space, or move HUB_HOME.")
    return good("disk", words) if free >= TIGHT_BYTES else poor("disk", f"{words}: that is little.")


def pepper(folder: Path) -> Finding:
    """The secret behind the tokens is for the hub's eyes only."""
    file = folder / "pepper"
    if not file.exists():
        return good("secret", "No token was given out yet.")
    if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return bad("secret", f"Others may read {file}. Run: chmod 600 {file}")
    return good("secret", f"{file} is readable for this user only.")


def browser() -> Finding:
    """The files of the IDE's page."""
    if lacking := assets.wrong():
        return poor("browser assets", f"{len(lacking)} files missing: no IDE at /graphql. Run: make assets")
    return good("browser assets", f"All {len(assets.FILES)} files are there.")


def plugins(settings: Settings) -> Iterator[Finding]:
    """Those that are there, and each that cannot be loaded."""
    known = registry.load(settings.plugins)
    yield good("plugins", f"{len(known.plugins)}: {', '.join(known.plugins)}")
    for name, reason in known.broken:
        yield bad("plugins", f"{name} cannot be loaded: {reason}")


async def _database(server: home.Server) -> list[Finding]:
    async with home.database(server, pool_size=2) as db:
        async with db.read() as session:
            findings = [finding async for finding in inside(session)]
        findings.append(await steps(db))
        return [*findings, await tally(db)] if findings[-1].health is Health.GOOD else findings


async def inside(session: AsyncSession) -> AsyncIterator[Finding]:
    """What the database says of itself."""
    number = int(await session.scalar(text("SHOW server_version_num")) or 0)
    major = number // 10_000
    words = f"PostgreSQL {major}.{number % 10_000}"
    yield (
        good("version", words)
        if major >= OLDEST_POSTGRES
        else bad("version", f"{words} is too old: {OLDEST_POSTGRES} or newer is needed.")
    )
    encoding = await session.scalar(text("SHOW server_encoding"))
    again = "CREATE DATABASE ... ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0, then restore a backup into it."
    yield (
        good("encoding", "UTF8") if encoding == "UTF8" else bad("encoding", f"{encoding} loses Chinese text. {again}")
    )
    if await session.scalar(text("SELECT '中' ~ '[[:alpha:]]'")):
        yield good("locale", "Chinese signs are letters to it, so that text search finds them.")
    else:
        yield bad("locale", f"Chinese signs are no letters to it: text search finds none. {again}")
    before = now()
    there: datetime = (await session.execute(text("SELECT clock_timestamp()"))).scalar_one()
    apart = (there - before).total_seconds()
    words = f"{abs(apart):.1f} s {'before' if apart > 0 else 'behind'} this machine's clock"
    yield good("clock", words) if abs(apart) <= CLOCK_SECONDS else poor("clock", f"{words}: set both by NTP.")


async def steps(db: Database) -> Finding:
    """The shape of the tables."""
    if lacking := await pending(db):
        return bad("steps", f"{len(lacking)} are missing. Run: hub db upgrade")
    return good("steps", "The tables are as this version wants them.")


async def tally(db: Database) -> Finding:
    """Whether what is counted while it is written is what stands there."""
    async with db.read() as session:
        apart = await tally_folding.drift(session)
    if apart:
        return bad("tally", f"{apart:,} counts are not what the requests say. Run: hub db tally")
    return good("tally", "It agrees with the requests.")
