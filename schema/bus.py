"""The wake-up bell: one LISTEN connection a process. A lost ring loses nothing: readers also look by themselves."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Self

import asyncpg
import structlog
from sqlalchemy import URL

from hub.db import CHANNEL

log = structlog.get_logger("schema")
AGAIN_SECONDS = 1.0


class Bus:
    """Started and stopped with the process. `url` must be direct: a pooler in transaction mode breaks LISTEN."""

    def __init__(self, url: URL) -> None:
        self._dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._bell = asyncio.Event()
        self._watching: list[tuple[frozenset[str], Callable[[], None]]] = []
        self.listening = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen(), name="changes bus")
        return self

    async def __aexit__(self, *_raised: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def bell(self) -> asyncio.Event:
        """The next ring. Take it before reading, wait for it after: nothing falls between."""
        return self._bell

    def watch(self, entities: Iterable[str], call: Callable[[], None]) -> None:
        """Call when one of these types of row has changed, and whenever that may have been missed."""
        self._watching.append((frozenset(entities), call))

    def ring(self, *notification: Any) -> None:
        """Wake everybody who waits. A notification's text names the types of row that changed."""
        rung, self._bell = self._bell, asyncio.Event()
        rung.set()
        changed = set(str(notification[-1]).split()) if notification else None
        for entities, call in self._watching:
            if changed is None or changed & entities:
                call()

    async def _listen(self) -> None:
        while True:
            try:
                await self._until_lost()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("no wake-ups for now: the database does not answer", error=str(error))
            await asyncio.sleep(AGAIN_SECONDS)

    async def _until_lost(self) -> None:
        connection = await asyncpg.connect(self._dsn, timeout=5)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _connection: lost.set())
        try:
            await connection.add_listener(CHANNEL, self.ring)
            self.listening = True
            self.ring()
            await lost.wait()
        finally:
            self.listening = False
            connection.terminate()


async def wait(bell: asyncio.Event, seconds: float) -> None:
    """Until the bell rings, or for so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(bell.wait(), seconds)
