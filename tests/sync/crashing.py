"""A worker that ends like one that is killed, at the point that it is told. Run by test_faults."""

import tests.seeded  # noqa: F401 (before the hub)

# isort: split
import asyncio
import os
import sys
from typing import Any

from hub.db import Database
from hub.models import Run
from hub.plugin import BadRecord
from tests.sync.sources import Items, organization, run, told
from tests.sync.statements import watching


def pages(name: str) -> list[Items]:
    """Three pages: five organizations, one of them told twice, and something that is none."""
    first, *others = (organization(f"{name}.{at}") for at in range(5))
    bad = BadRecord(f"bad {name}", {"name": name})
    return [[first, others[0]], [bad, *others[1:3]], [organization(f"{name}.0", "new"), others[3]]]


async def crash(url: str, point: str) -> None:
    database = Database(url)
    turns = {"cursor": 0}

    def watch(statement: str, _connection: object) -> None:
        turns["cursor"] += statement.startswith("UPDATE sources SET cursor")
        if point == "before commit of page 2" and turns["cursor"] == 2:
            os._exit(137)
        if point == "inside page 3" and turns["cursor"] == 2 and statement.startswith("SELECT pg_notify"):
            os._exit(137)

    def progress(done: Run) -> None:
        if point == "after page 1" and done.pages == 1:
            os._exit(137)

    more: dict[str, Any] = {"progress": progress}
    async with watching(database, watch):
        await run(database, told(*pages("killed"), name="killed"), "killed", **more)


if __name__ == "__main__":
    asyncio.run(crash(*sys.argv[1:]))
