"""A process whose run hangs in its source until somebody stops it. Run by test_cancel."""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from hub.db import Database
from hub.plugin import Page
from tests.sync.sources import installed, organization, plugin, run


async def hangs(self: Any, cursor: str | None) -> AsyncIterator[Page]:
    yield Page([organization("A")], cursor="1")
    await asyncio.sleep(60)


async def main(url: str) -> None:
    database = Database(url)
    done = await run(database, installed(plugin(hangs)))
    sys.stdout.write(done.status.name)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
