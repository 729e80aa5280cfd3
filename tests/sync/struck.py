"""Workers that a signal strikes at the points that they are told, each in a fork of its own. Run by test_kills.

A point is a page and what has just been done of it, as in `2 counted`; it is the name of the source, too.
"""

import tests.seeded  # noqa: F401 (before the hub)

# isort: split
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

from hub import db
from hub.models import Run
from hub.plugin import BadRecord, Page, Record
from hub.sync.registry import Registry
from tests.sync.crashing import pages
from tests.sync.sources import installed, organization, plugin, run
from tests.sync.statements import watching

STATEMENTS = {
    "fenced": "SELECT sources.fence",
    "landed": "INSERT INTO landings",
    "planned": "SELECT parties",
    "applied": "SELECT pg_notify",
    "counted": "UPDATE runs SET alive_at",
    "placed": "UPDATE sources SET cursor",
}
POINTS = (*STATEMENTS, "committed")


def source(name: str, said: str | None = None) -> Registry:
    """The pages of crashing.py, with what was received; `said`: every organization is called so."""

    def worded(item: Record | BadRecord) -> Record | BadRecord:
        return item if said is None or isinstance(item, BadRecord) else organization(item.key, said)

    async def pull(self: Any, cursor: str | None) -> AsyncIterator[Page]:
        for at in range(int(cursor or 0), len(pages(name))):
            items = [worded(item) for item in pages(name)[at]]
            yield Page(items, cursor=str(at + 1), received=f"{name} {at}".encode())

    return installed(plugin(pull, name))


async def struck(url: str, point: str, strikes: signal.Signals) -> None:
    """Run the source until the signal strikes; if it goes on after that, to its end."""
    database, seen = db.Database(url), {"page": 0, "struck": 0}
    page, _, done = point.partition(" ")

    def strike() -> None:
        seen["struck"] += 1
        if seen["struck"] == 1:  # who wakes up goes on
            os.kill(os.getpid(), strikes)

    def watch(statement: str, _connection: object) -> None:
        seen["page"] += statement.startswith(STATEMENTS["fenced"])
        if seen["page"] == int(page) and done in STATEMENTS and statement.startswith(STATEMENTS[done]):
            strike()

    def progress(run: Run) -> None:
        if run.pages == int(page) and done == "committed":
            strike()

    async with watching(database, watch):
        ended = await run(database, source(point), point, progress=progress)
    sys.stdout.write(f"{ended.status.name}: {ended.error}\n")


def main(url: str, strikes: str, seconds: str, *points: str) -> None:
    """Each point in a process of its own. `seconds`: how long a transaction may be idle."""
    db.SETTINGS["idle_in_transaction_session_timeout"] = f"{float(seconds) * 1000:.0f}"
    for point in points:
        if (child := os.fork()) == 0:
            asyncio.run(struck(url, point, signal.Signals[strikes]))
            sys.stdout.flush()
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
