"""A worker that ends like one that is killed, while it reads its second message. Run by test_receiving."""

import tests.seeded  # noqa: F401 (before the hub)

# isort: split
import asyncio
import os
import sys

from hub.db import Database
from tests.sync.pushed import receive
from tests.sync.statements import watching


async def crash(url: str, point: str) -> None:
    database = Database(url)
    turns = {"read": 0}

    def watch(statement: str, _connection: object) -> None:
        if statement.startswith("UPDATE arrivals"):
            turns["read"] += 1
            if turns["read"] == 2 and point == "before the commit":
                os._exit(137)
        elif turns["read"] == 2 and point == "after the commit" and "FROM arrivals" in statement:
            os._exit(137)

    async with watching(database, watch):
        await receive(database)


if __name__ == "__main__":
    asyncio.run(crash(*sys.argv[1:]))
