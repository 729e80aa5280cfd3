"""Work orders as pages over HTTP, twice: the hub, a bare COPY with INSERT ... ON CONFLICT, dlt, a Singer target; and
once the hub's rows, ready-made.

Each is a process of its own (`python -m tests.bench.orders NAME URL PORT`), which loads when a line comes in. Between
the loads a tenth of the orders changes. The processor time of the database is taken beside.
"""

import asyncio
import json
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import asyncpg

from hub import home
from hub.db import Database
from hub.models import Run
from hub.sync import registry
from hub.sync.run import run_source
from hub.sync.undo import undo
from tests.bench import bare_orders, feed, measure
from tests.bench.databases import command, fresh, plain
from tests.bench.servers import HERE, ROOT, NotHere, Server, cpu_seconds

HUB, FLOOR, DLT, SINGER, BACK = "the hub", "the floor", "dlt, merge", "Singer target", "the hub, undo"
BARE = "its rows, bare"
PEERS = {DLT: ("dlt[postgres]==1.31.0",), SINGER: ("meltanolabs-target-postgres==0.8.1",)}
TABLES = {FLOOR: "bench_orders", DLT: "bench.orders", SINGER: "public.orders"}
STEPS = 11  # each changes a hundredth of the orders; some change twice
TABLE = f"""
CREATE TABLE IF NOT EXISTS bench_orders (key text PRIMARY KEY, {", ".join(f"{name} text" for name in feed.COLUMNS)})
"""
NAMES = ("key", *feed.COLUMNS)
MERGE = f"""
INSERT INTO bench_orders SELECT DISTINCT ON (key) {", ".join(NAMES)} FROM staging ORDER BY key, n DESC
ON CONFLICT (key) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in feed.COLUMNS)}
"""


def bare(url: str, port: int) -> Callable[[], int]:
    """Every page by COPY into a staging table, and from there by key."""

    async def load() -> int:
        connection, rows = await asyncpg.connect(plain(url)), 0
        await connection.execute(TABLE)
        await connection.execute(f"CREATE TEMP TABLE staging (n int, {', '.join(f'{name} text' for name in NAMES)})")
        for page in feed.pages(port):
            async with connection.transaction():
                records = [(n, *row.values()) for n, row in enumerate(page)]
                await connection.copy_records_to_table("staging", records=records)
                await connection.execute(MERGE)
                await connection.execute("TRUNCATE staging")
            rows += len(page)
        await connection.close()
        return rows

    return lambda: asyncio.run(load())


def own(url: str, port: int, *, back: bool = False) -> Callable[[], int]:
    """The hub: everything from the beginning. `back`: the second time its first run is taken back."""
    done: list[Run] = []
    found = registry.load()  # as a hub has when it serves

    async def load() -> int:
        database = Database(url)
        asked = {"base_url": f"http://127.0.0.1:{port}", "page_size": 1000}
        if back and done:
            run = await undo(database, done[0].id, started_by="bench")
        else:
            run = await run_source(
                database, found, "hotline12345", started_by="bench", overrides=asked, allow_refused="its bad rows"
            )
        await database.close()
        assert run.error is None, run.error
        done.append(run)
        return run.records

    return lambda: home.run(load())


def peer(name: str) -> Path:
    """The Python of an environment with the peer in it, made if need be. Raises NotHere."""
    folder = HERE / ".peers" / name.split(",")[0].replace(" ", "-").lower()
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        measure.tell(f"Installing {PEERS[name][0]} ...")
        venv.create(folder, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", *PEERS[name]], capture_output=True, text=True)
        if done.returncode:
            raise NotHere(f"pip could not install {PEERS[name][0]}")
        (folder / "done").touch()
    return python


def commands(taken: Path) -> Iterator[tuple[str, list[str] | str]]:
    """What is measured and how it is started; or why it cannot be. `taken`: where the hub's rows will be."""
    for name in (FLOOR, HUB):
        yield name, [sys.executable, "-m", "tests.bench.orders", name]
    yield BARE, [sys.executable, "-m", "tests.bench.bare_orders", str(taken)]
    yield BACK, [sys.executable, "-m", "tests.bench.orders", BACK]
    for name, script in ((DLT, "tests.bench.dlt_orders"), (SINGER, "tests.bench.singer_orders")):
        try:
            yield name, [str(peer(name)), "-m", script]
        except NotHere as reason:
            yield name, str(reason)


def measure_orders(url: str, orders: int, simulator: Callable[[], Any], postmaster: int, home: Path) -> dict[str, Any]:
    """The figures by subject: first load and second load."""
    figures: dict[str, Any] = {"orders": orders}
    held = set[int]()
    for number, (name, started) in enumerate(commands(home / "rows")):
        if isinstance(started, str):
            figures[name] = {"lacking": started}
            continue
        measure.tell(f"orders: {name}")
        target = asyncio.run(fresh(url, f"bench_orders_{number}"))
        if name in (HUB, BARE, BACK):
            command("db", "upgrade", url=target, home=home)
            command("sync", "run", "divisions", url=target, home=home)
        with simulator() as server:
            if name == BARE:
                asked = ("--set", f"base_url=http://127.0.0.1:{server.port}", "--set", "page_size=1000")
                command("sync", "run", "hotline12345", *asked, "--allow-refused", "its bad rows", url=target, home=home)
                asyncio.run(bare_orders.take_out(target, home / "rows"))
            try:
                loads = ("first",) if name == BARE else ("first", "second")
                figures[name] = _subject(started, target, server, postmaster, loads)
            except NotHere as reason:
                figures[name] = {"lacking": str(reason)}
        if name in TABLES and "lacking" not in figures[name]:
            held.add(asyncio.run(_count(target, TABLES[name])))
    assert len(held) == 1, held  # the peers hold what the floor holds
    return figures


async def _count(url: str, table: str) -> int:
    connection = await asyncpg.connect(plain(url))
    found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    await connection.close()
    return found


def _subject(
    started: list[str], url: str, server: Server, postmaster: int, loads: Sequence[str]
) -> dict[str, Mapping[str, float]]:
    """Its loads. Raises NotHere where it breaks off: what the others come to is worth telling all the same."""
    process = subprocess.Popen(
        [*started, url, str(server.port)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    found = {}
    for load in loads:
        before = cpu_seconds(postmaster)
        process.stdin.write("\n")
        process.stdin.flush()
        if not (said := process.stdout.readline()):
            raise NotHere(f"broke off in its {load} load, see above")
        figures: dict[str, float] = json.loads(said)
        figures["database_seconds"] = cpu_seconds(postmaster) - before
        found[load] = figures
        connection = HTTPConnection("127.0.0.1", server.port, timeout=300)
        connection.request("POST", f"/sim/advance?steps={STEPS}", headers={"X-API-Key": "demo-key"})
        connection.getresponse().read()
    process.stdin.close()
    process.wait(60)
    return found


if __name__ == "__main__":
    called, database_url, at = sys.argv[1:4]
    made = {
        FLOOR: lambda: bare(database_url, int(at)),
        HUB: lambda: own(database_url, int(at)),
        BACK: lambda: own(database_url, int(at), back=True),
    }
    feed.measured(made[called](), 2)
