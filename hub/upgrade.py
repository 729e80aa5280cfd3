"""The database's shape: our own tables by alembic's steps, the job queue's by its installer."""

from alembic.util import CommandError
from sqlalchemy import Connection, text

import migrations
from hub.db import Database, house_errors
from hub.errors import Misconfigured
from hub.sync import jobs

LOCK = 4_915_210_001  # any number, the same in all processes: one upgrade at a time


async def pending(db: Database) -> list[str]:
    """What the database still lacks, in words; empty: it is as this version wants it."""
    with house_errors():
        async with db.engine.connect() as connection:
            return await connection.run_sync(_steps) + [f"jobs: {part}" for part in await jobs.pending(connection)]


async def upgrade(db: Database) -> list[str]:
    """Bring the database to this version's shape; gives what was done. Safe when several do it at once."""
    with house_errors():
        async with db.engine.begin() as guard:
            await guard.execute(text("SET LOCAL statement_timeout = 0"))
            await guard.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            lacking = await pending(db)
            if lacking:
                async with db.engine.begin() as connection:
                    await connection.execute(text("SET LOCAL statement_timeout = 0"))
                    await connection.run_sync(migrations.upgrade)
                async with db.engine.connect() as connection:
                    await jobs.install(connection)
            return lacking


def _steps(connection: Connection) -> list[str]:
    try:
        return migrations.pending(connection)
    except CommandError as error:
        raise Misconfigured(
            "The database was made by a newer version of the hub. Install that version, or restore an older backup."
        ) from error
