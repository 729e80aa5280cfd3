"""The outbound loop of a worker: what changes is fed into the outboxes, and each target is told, beside one another."""

import asyncio
from contextlib import suppress
from uuid import UUID

import structlog

from hub.db import Database
from hub.errors import Conflict, HubError
from hub.models import now
from hub.sync import outbox, sending
from hub.sync.registry import Registry
from hub.sync.sending import Sending

LOOK_SECONDS = 1.0
GRACE_SECONDS = 3.0  # for an answer that is on its way

log = structlog.get_logger("hub.outbound")


async def work(database: Database, registry: Registry, stop: asyncio.Event) -> None:
    """Feed and send until `stop`; then an answer is waited for a little, and every turn given back."""
    with_all = Sending(database, registry, stop=stop)
    at_work: dict[UUID, asyncio.Task[None]] = {}
    try:
        while not stop.is_set():
            try:
                read = await outbox.feed(database)
                for target in await sending.due(database, now()):
                    if target not in at_work or at_work[target].done():
                        at_work[target] = asyncio.create_task(_send(with_all, target), name=f"target {target}")
            except HubError as error:
                log.warning("the outbox waits", error=str(error))
                read = 0
            if not read:
                await _pause(stop)
    finally:
        if left := [task for task in at_work.values() if not task.done()]:
            await asyncio.wait(left, timeout=GRACE_SECONDS)
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=GRACE_SECONDS)


async def _send(with_all: Sending, target: UUID) -> None:
    """One target. Whatever falls over here leaves the others alone; what was marked is sent again."""
    try:
        await sending.send(with_all, target)
    except Conflict as error:
        log.info("a turn was lost", target=str(target), error=str(error))
    except HubError as error:
        log.warning("a target waits", target=str(target), error=str(error))
    except Exception as error:
        log.error("a sender failed", target=str(target), exc_info=error)
        await _pause(with_all.stop, 30 * LOOK_SECONDS)


async def _pause(stop: asyncio.Event, seconds: float = LOOK_SECONDS) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
