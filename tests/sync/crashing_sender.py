"""A sender that ends like one that is killed, at the point that it is told. Run by test_webhooks."""

import tests.seeded  # noqa: F401 (before the hub)

# isort: split
import asyncio
import os
import sys
from uuid import UUID

from hub.db import Database
from hub.plugin import BadRecord, Change
from hub.sync import outbox, sending
from hub.sync.sending import Sending
from plugins.webhook import Webhook
from tests.sync.sources import installed
from tests.sync.statements import watching

POINTS = ("while it is marked", "before it is sent", "after it is sent", "while it is settled", "after it is settled")
WRITES = {"while it is marked": 1, "while it is settled": 2, "after it is settled": 3}


async def crash(url: str, target: str, point: str) -> None:
    class Crashing(Webhook):
        async def push(self, change: Change) -> str | BadRecord:
            if point == "before it is sent":
                os._exit(137)
            key = await super().push(change)
            if point == "after it is sent":
                os._exit(137)
            return key

    database, writes = Database(url), [0]

    def watch(statement: str, _connection: object) -> None:
        writes[0] += statement.startswith("UPDATE deliveries SET")
        if writes[0] == WRITES.get(point):
            os._exit(137)

    while await outbox.feed(database):
        pass
    async with watching(database, watch):
        await sending.send(Sending(database, installed(Crashing)), UUID(target))


if __name__ == "__main__":
    asyncio.run(crash(*sys.argv[1:]))
