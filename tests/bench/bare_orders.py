"""The least that the hub's rows can cost: every page over HTTP, and the rows that the hub made of them in a first load,
ready-made, by COPY into the hub's own tables, page by page. Nothing is understood, planned or made here.
"""

import asyncio
import sys
from itertools import pairwise
from pathlib import Path

import asyncpg

from tests.bench import feed
from tests.bench.databases import plain

OF_RUN = "run_id = (SELECT max(id::text)::uuid FROM runs)"
TABLES = {
    "landings": ("page", OF_RUN),
    "identities": ("request_id", "true"),
    "requests": ("id", "true"),
    "request_events": ("request_id", "true"),
    "request_issues": ("request_id", "true"),
    "links": ("entity_id", OF_RUN),
    "tally_deltas": ("id", "true"),
    "changes": ("id", OF_RUN),
    "rejected": ("id", OF_RUN),
}
"""In the order in which they depend on one another: by what their rows are parted, and which are the last run's."""
APART = ("landings", "tally_deltas", "changes", "rejected")
"""Those whose rows are no request's; the others are parted as the requests are."""
BEGINS = """
SELECT DISTINCT ON (part) key
FROM (SELECT {key} AS key, ntile($1) OVER (ORDER BY {key}) AS part FROM {table} WHERE {of})
ORDER BY part, key
"""


async def take_out(url: str, folder: Path) -> None:
    """Put the rows of the last run into files, those of each page by themselves; the tables are empty then."""
    folder.mkdir(parents=True)
    connection = await asyncpg.connect(plain(url))
    count = await connection.fetchval(f"SELECT count(*) FROM landings WHERE {OF_RUN}")
    for table, (key, of) in TABLES.items():
        parted = table if table in APART else "requests"
        by, which = TABLES[parted]
        begins = [one["key"] for one in await connection.fetch(BEGINS.format(key=by, table=parted, of=which), count)]
        for page, (begin, end) in enumerate(pairwise([*begins, None])):
            rows = f"SELECT * FROM {table} WHERE {of} AND {key} >= $1 AND ({key} < $2 OR $2 IS NULL) ORDER BY {key}"
            await connection.copy_from_query(rows, begin, end, output=_file(folder, table, page), format="binary")
    await connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    await connection.execute("CHECKPOINT")
    await connection.close()


async def load(url: str, port: int, folder: Path) -> int:
    """All pages, with the rows from there."""
    connection, rows, left = await asyncpg.connect(plain(url)), 0, {*folder.iterdir()}
    for number, page in enumerate(feed.pages(port)):
        async with connection.transaction():
            for table in TABLES:
                if (file := _file(folder, table, number)) in left:
                    await connection.copy_to_table(table, source=file, format="binary")
                    left.remove(file)
        rows += len(page)
    await connection.close()
    assert not left, left
    return rows


def _file(folder: Path, table: str, page: int) -> Path:
    return folder / f"{table}-{page}"


if __name__ == "__main__":
    taken, database_url, at = sys.argv[1:4]
    feed.measured(lambda: asyncio.run(load(database_url, int(at), Path(taken))), 1)
