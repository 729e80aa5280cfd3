"""`make bench`: what the hub costs, as ratios of figures taken in one run. Only unequal data makes it fail.

    graphql five queries: the hub, its ordinary executor, PostGraphile, hand-written SQL as the floor
    growth  little data against much, the first page against a far one
    memory  of the server processes after that load
    orders  200,000 work orders over HTTP, twice: the hub, the floor, dlt, a Singer target; taking them back; and what
            the hub's rows cost by themselves
    import  620,573 villages with their streets, areas, cities and provinces, against a bare COPY and INSERT ... SELECT
    start   the embedded PostgreSQL, cold (a new home) and warm (one that was there before)

`make bench-quick` is a small one: no import, no growth. Settings:

    BENCH_REQUESTS   how many requests the hub holds (1,000,000; quick: 20,000)
    BENCH_ORDERS     how many work orders (200,000; quick: none)
    BENCH_ONLY       orders: that part alone
    BENCH_JSON       a file for the figures
    BENCH_DIVISIONS  a folder with provinces.csv ... villages.csv.gz; without it a country of the same size is made up
"""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from hub import home, postgres
from tests.bench import checks, databases, faces, growth, imports, measure, orders, report, servers
from tests.bench.measure import Effort
from tests.bench.queries import Q5, READING

REQUESTS, FEW_REQUESTS, ORDERS = 1_000_000, 20_000, 200_000
FULL, QUICK = Effort(rounds=5, seconds=3, warm_seconds=3), Effort(rounds=2, seconds=1, warm_seconds=0.7)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for everything, gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="lianshu-bench-"))
    folder.chmod(0o711)  # root's server runs as another user
    try:
        yield folder
    finally:
        for elsewhere in [link.readlink() for link in folder.glob("*/postgres/location")]:
            shutil.rmtree(elsewhere, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def graphql(folder: Path, server: postgres.Running, requests: int, effort: Effort) -> tuple[dict[str, Any], str | None]:
    """The queries, the growth and the memory; and why there is no PostGraphile, if so."""
    database, keys = servers.postmaster(server.data), folder / "keys"
    url = databases.filled(server.url, "bench_large", requests, keys)
    asked = asyncio.run(databases.sample(url))
    token = databases.command("token", "--as", "admin", url=url, home=keys).split()[-1]
    with ExitStack() as running:
        hub = running.enter_context(servers.hub(url, keys, folder / "hub.log"))
        ordinary = running.enter_context(servers.hub(url, keys, folder / "ordinary.log"))
        floor = running.enter_context(servers.floor(url, folder / "floor.log"))
        found = [faces.of_hub(faces.HUB, hub, token), faces.of_hub(faces.ORDINARY, ordinary, token)]
        lacking = None
        try:
            peer = running.enter_context(servers.postgraphile(url, folder / "postgraphile.log"))
            found += [faces.of_postgraphile(name, peer) for name in (faces.POSTGRAPHILE, faces.FUNCTION)]
        except servers.NotHere as reason:
            lacking = str(reason)
        found.append(faces.of_floor(floor))
        faces.find_cursors(found, asked)
        checks.same_answers(found, asked)
        measure.tell("All servers give the same data.")
        grown: dict[str, Any] = {}
        if requests > growth.SMALL and effort is FULL:
            with small(folder, server) as little:
                grown = growth.sizes(little, (found[0], asked), effort, database)
        grown["page"] = growth.pages(found[0], effort, database)
        by_query = measure.of_queries(READING, found, asked, effort, database)
        checks.same_rows(found, asked, url)
        by_query |= measure.of_queries((Q5,), found, asked, effort, database)
        figures: dict[str, Any] = {"graphql": by_query, "growth": grown}
        figures["memory"] = {face.name: face.server.memory() for face in found if face.name != faces.FUNCTION}
    return figures, lacking


@contextmanager
def small(folder: Path, server: postgres.Running) -> Iterator[tuple[faces.Face, faces.Asked]]:
    """A hub with little data, and what to ask it."""
    keys = folder / "keys"
    url = databases.filled(server.url, "bench_small", growth.SMALL, keys)
    token = databases.command("token", "--as", "admin", url=url, home=keys).split()[-1]
    with servers.hub(url, keys, folder / "small.log") as hub:
        yield faces.of_hub(faces.HUB, hub, token), asyncio.run(databases.sample(url))


def main(*, quick: bool) -> None:
    if not Path("/proc/self/stat").exists():
        raise SystemExit("The bench reads processor times from /proc: it needs Linux.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and so clean up
    requests = int(os.environ.get("BENCH_REQUESTS") or (FEW_REQUESTS if quick else REQUESTS))
    with scratch() as folder:
        figures: dict[str, Any] = {"start": imports.measure_start(folder / "start")}
        only, lacking = os.environ.get("BENCH_ONLY"), None
        with postgres.running(folder / "home") as server:
            if only != "orders":
                found, lacking = graphql(folder, server, requests, QUICK if quick else FULL)
                figures |= {"requests": requests, **found}
            if not quick and only != "orders":
                measure.tell("Importing a country ...")
                given = os.environ.get("BENCH_DIVISIONS")
                country = Path(given) if given else imports.made_up(folder)
                figures["import"] = imports.measure_import(server.url, country)
            if not quick:
                figures["sync"] = synced(folder, server)
    measure.tell("")
    for line in report.all_of(figures, requests, lacking):
        print(line)
    if out := os.environ.get("BENCH_JSON"):
        if lacking:
            figures["lacking"] = {"postgraphile": lacking}
        Path(out).write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


def synced(folder: Path, server: postgres.Running) -> dict[str, Any]:
    """The loads of work orders."""
    number = int(os.environ.get("BENCH_ORDERS") or ORDERS)
    simulator = partial(servers.hotline, number, folder / "hotline.log")
    return orders.measure_orders(server.url, number, simulator, servers.postmaster(server.data), folder / "keys")


if __name__ == "__main__":
    if sys.argv[1:2] == ["import"]:
        home.run(imports.importing(*sys.argv[2:4]))
    else:
        main(quick=sys.argv[1:2] == ["quick"])
