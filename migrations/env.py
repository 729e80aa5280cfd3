"""How a database reaches the models' shape. Run by `hub db upgrade` with a connection in hand, or by alembic alone."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from hub.config import settings
from hub.db import Database
from hub.errors import Misconfigured
from hub.models import Base


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


async def run_alone() -> None:
    url = settings().database_url
    if url is None:
        raise Misconfigured("Set HUB_DATABASE_URL, or use `hub db upgrade` for the embedded database.")
    database = Database(url)
    async with database.engine.begin() as connection:
        await connection.run_sync(run)
    await database.close()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_alone())
