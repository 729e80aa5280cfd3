"""Every statement of a database's sessions, as the driver has just run it: the session's own, and those past it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import event

from hub.db import Database

See = Callable[[str, "asyncpg.Connection[Any]"], None]


@asynccontextmanager
async def watching(database: Database, see: See) -> AsyncIterator[None]:
    """Call `see` with each statement when it has run, and with the connection on which it did."""

    class Watched(asyncpg.Connection):  # type: ignore[type-arg]  # the driver's, at run time
        async def fetch(self, query: str, *args: Any, **more: Any) -> Any:
            found = await super().fetch(query, *args, **more)
            see(query, self)
            return found

    def connect(_dialect: object, _record: object, _arguments: object, settings: dict[str, Any]) -> None:
        settings["connection_class"] = Watched

    def note(connection: Any, _cursor: object, statement: str, *_rest: object) -> None:
        see(statement, connection.connection.driver_connection)

    engine = database.engine.sync_engine
    await database.engine.dispose()  # who was connected before is not watched
    event.listen(engine, "do_connect", connect)
    event.listen(engine, "after_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "after_cursor_execute", note)
        event.remove(engine, "do_connect", connect)
        await database.engine.dispose()
