"""A hub at work on this machine: its database server joined or started, its database opened."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hub import postgres
from hub.config import Settings
from hub.db import Database, async_url

if sys.platform != "win32":
    import uvloop

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL that accepts connections. `binaries` holds pg_dump and its kin where they came with the hub."""

    url: str = field(repr=False)
    binaries: Path | None = None

    @property
    def embedded(self) -> bool:
        return self.binaries is not None


@contextmanager
def server(settings: Settings) -> Iterator[Server]:
    """The server of HUB_DATABASE_URL, or the embedded one, while this is open. Blocks: call before the loop."""
    if settings.database_url:
        async_url(settings.database_url)
        yield Server(settings.database_url)
    else:
        with postgres.running(settings.home) as running:
            yield Server(running.url, running.binaries)


@asynccontextmanager
async def database(server: Server, *, pool_size: int = 10) -> AsyncIterator[Database]:
    """The database, closed at the end."""
    opened = Database(server.url, pool_size=pool_size)
    try:
        yield opened
    finally:
        await opened.close()


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end on the fastest event loop there is.

    Pages bring tens of thousands of objects at a time, so garbage is not looked for after every 700 new ones.
    """
    gc.set_threshold(100_000, 50, 100)
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None if sys.platform == "win32" else uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(main)
