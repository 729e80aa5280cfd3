"""The loop that reads what sources push: each source by itself, until it is told to stop."""

import asyncio
import time
from contextlib import suppress

import structlog

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, HubError
from hub.models import RunStatus
from hub.services import arrivals
from hub.sync import receiving
from hub.sync.registry import Registry

LOOK_SECONDS = 0.5  # so soon is seen what a source has pushed
BUSY_SECONDS = 2.0  # so long a source is left alone that is being run
FAILED_SECONDS = 30.0  # so long one whose messages could not be read
FORGET_SECONDS = 3600.0

log = structlog.get_logger("hub.listening")


async def listen(db: Database, registry: Registry, stop: asyncio.Event) -> None:
    """Read what sources push, each by itself: one that is slow, or fails, holds up no other."""
    at_work: dict[str, asyncio.Task[None]] = {}
    forget_at = 0.0
    try:
        while not stop.is_set():
            try:
                for name in await receiving.waiting(db):
                    if name not in at_work or at_work[name].done():
                        at_work[name] = asyncio.create_task(_receive_from(db, registry, name))
                if time.monotonic() > forget_at:
                    async with db.write(system("worker")) as session:
                        await arrivals.forget(session)
                    forget_at = time.monotonic() + FORGET_SECONDS
            except HubError as error:
                log.warning("what is pushed waits", error=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
    finally:
        for task in at_work.values():
            task.cancel()
        await asyncio.gather(*at_work.values(), return_exceptions=True)


async def _receive_from(db: Database, registry: Registry, name: str) -> None:
    """Read what one source has pushed; then rest, if that is not to be tried again at once."""
    try:
        done = await receiving.receive(db, registry, name, started_by="what was pushed")
        if done is None:
            return
        log.info("messages read", source=name, run=str(done.id), status=done.status.name, messages=done.pages)
        if done.status is not RunStatus.DONE:
            await asyncio.sleep(FAILED_SECONDS)
    except Conflict:
        await asyncio.sleep(BUSY_SECONDS)
    except HubError as error:
        log.warning("what is pushed waits", source=name, error=str(error))
        await asyncio.sleep(FAILED_SECONDS)
    except Exception:
        log.exception("what is pushed waits", source=name)
        await asyncio.sleep(FAILED_SECONDS)
