"""A plugin at work, set apart from the hub: with a loop and a client of its own, both let go at the end.

One that blocks its loop and does not come back is left behind with its thread, and that is an alert: only a new
process is rid of it. Python that computes gives way to others now and then; what holds the interpreter itself, deep in
some C, holds up everybody.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from threading import Thread

import httpx2
import structlog

from hub.auth import system
from hub.db import Database
from hub.errors import HubError
from hub.models import AlertKind, Source
from hub.services.alerts import raise_alert
from hub.sync import http, patience
from hub.sync.patience import GRACE, Loop, TooLong
from hub.sync.work import dead, worker

LEFT: dict[str, list[Thread]] = {}
"""The threads that this process has left behind, by the subject of their alert."""

log = structlog.get_logger("hub.apart")


@contextlib.asynccontextmanager
async def apart(database: Database, source: Source) -> AsyncIterator[httpx2.AsyncClient]:
    """The client for the source's plugin, whose steps run on a loop of their own meanwhile."""
    client = http.client()
    async with patience.apart(f"plugin {source.plugin}") as loop:
        try:
            yield client
        finally:
            await asyncio.shield(_let_go(database, source, client, loop))


async def _let_go(database: Database, source: Source, client: httpx2.AsyncClient, loop: Loop) -> None:
    if await loop.answers():
        with contextlib.suppress(TooLong):
            await patience.awaited(client.aclose, GRACE)
    if not await loop.end():
        await _left(database, source, loop.thread)


async def _left(database: Database, source: Source, thread: Thread) -> None:
    subject = f"{worker()} {source.plugin}"
    LEFT.setdefault(subject, []).append(thread)
    words = (
        f"The plugin {source.plugin} blocks its thread in the process {worker()} and was left behind there; all else "
        "goes on. Start that process anew to be rid of it, and tell the plugin's author: what blocks belongs into "
        "asyncio.to_thread."
    )
    log.error("a plugin was left behind", plugin=source.plugin, source=source.name)
    with contextlib.suppress(HubError):
        async with database.write(system(f"source:{source.name}", source.name)) as session:
            await raise_alert(session, AlertKind.STUCK, source.id, subject, words)


def is_over(subject: str) -> bool:
    """Whether what an alert is about is over: the thread came back, or its process, on this machine, has ended."""
    process = subject.rpartition(" ")[0]
    if process == worker():
        return not any(thread.is_alive() for thread in LEFT.get(subject, ()))
    return dead(process)
