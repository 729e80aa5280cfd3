"""A command's way to the database: server joined or started, tables in shape, one piece of work, all closed again."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from hub import home
from hub.config import Settings
from hub.db import Database
from hub.errors import Misconfigured
from hub.upgrade import pending, upgrade

T = TypeVar("T")

Work = Callable[[Database], Awaitable[T]]


def with_server(settings: Settings, work: Callable[[home.Server, Database], Awaitable[T]]) -> T:
    """Do the work on the database as it is."""

    async def main(server: home.Server) -> T:
        async with home.database(server) as db:
            return await work(server, db)

    with home.server(settings) as server:
        return home.run(main(server))


def with_database(settings: Settings, work: Work[T]) -> T:
    """Do the work on a database in shape: the embedded one is brought there, somebody's own is not touched unasked."""

    async def in_shape(server: home.Server, db: Database) -> T:
        if server.embedded:
            await upgrade(db)
        elif lacking := await pending(db):
            raise Misconfigured(f"The database lacks {len(lacking)} steps. Run: hub db upgrade.")
        return await work(db)

    return with_server(settings, in_shape)
