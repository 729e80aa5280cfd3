"""The figures as a person reads them."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.bench.faces import FLOOR, FUNCTION, HUB, ORDINARY, POSTGRAPHILE
from tests.bench.queries import QUERIES

NAMES = {
    HUB: "the hub",
    ORDINARY: "its ordinary executor",
    POSTGRAPHILE: "PostGraphile",
    FUNCTION: "PostGraphile, function",
    FLOOR: "the floor",
}
HEAD = f"{'':24}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'server us':>11}{'database us':>13}{'total us':>11}"
PEAK = f"{'peak MB':>9}"
RATIOS = f"{'PostGraphile/it':>17}{'it/floor':>10}"


def all_of(figures: Mapping[str, Any], requests: int, lacking: str | None) -> Iterator[str]:
    """Everything that was measured."""
    if "graphql" in figures:
        yield from queries(figures["graphql"], lacking)
        yield from growth(figures["growth"], requests)
        yield from memory(figures["memory"])
    yield from rest(figures)
    if "sync" in figures:
        yield from sync(figures["sync"])


def sync(found: Mapping[str, Any]) -> Iterator[str]:
    """Loads of work orders: both, for each subject; processor seconds of client and database, against the floor."""
    yield f"\n{found['orders']:,} work orders over HTTP, then again with a tenth changed"
    yield f"{'':16}{'load':>8}{'orders/s':>10}{'client s':>10}{'database s':>12}{'total s':>9}{'of floor':>10}" + PEAK
    floor = {load: seconds(figures) for load, figures in found["the floor"].items()}
    for name, loads in found.items():
        if name == "orders":
            continue
        if "lacking" in loads:
            yield f"{name:16}{loads['lacking']}"
            continue
        for load, figures in loads.items():
            said = f"{figures['rows'] / figures['seconds']:>10,.0f}{figures['cpu_seconds']:>10,.1f}"
            said += f"{figures['database_seconds']:>12,.1f}{seconds(figures):>9,.1f}"
            yield f"{name:16}{load:>8}{said}{seconds(figures) / floor[load]:>9.2f}x{figures['peak_mb']:>9,.0f}"


def seconds(figures: Mapping[str, float]) -> float:
    """Processor seconds of a load, client and database together."""
    return figures["cpu_seconds"] + figures["database_seconds"]


def cpu(figures: Mapping[str, float]) -> float:
    """Microseconds of one request, server and database together."""
    return figures["server_us"] + figures["database_us"]


def queries(found: Mapping[str, Mapping[str, Mapping[str, float]]], lacking: str | None) -> Iterator[str]:
    """A table for each query. `lacking` says why there is no PostGraphile."""
    for query in QUERIES:
        servers = found[query.name]
        yield f"\n{query.name}: {query.title}"
        yield HEAD + RATIOS
        for name in NAMES:
            if name in servers:
                yield row(NAMES[name], servers[name]) + against(servers, name)
            elif name == POSTGRAPHILE:
                yield f"{NAMES[name]:24}{lacking}"


def row(name: str, figures: Mapping[str, float]) -> str:
    times = f"{figures['rps']:>9,.0f}{figures['p50_ms']:>9,.1f}{figures['p99_ms']:>9,.1f}"
    return f"{name:24}{times}{figures['server_us']:>11,.0f}{figures['database_us']:>13,.0f}{cpu(figures):>11,.0f}"


def against(servers: Mapping[str, Mapping[str, float]], name: str) -> str:
    """How many times less than PostGraphile it costs, and how many times more than the floor, in processor time."""
    peer = f"{cpu(servers[POSTGRAPHILE]) / cpu(servers[name]):>16.2f}x" if POSTGRAPHILE in servers else f"{'-':>17}"
    return peer + f"{cpu(servers[name]) / cpu(servers[FLOOR]):>9.2f}x"


def growth(found: Mapping[str, Any], requests: int) -> Iterator[str]:
    """What changes with the size of the data."""
    yield "\nGrowth of the hub"
    yield HEAD + f"{'p50':>9}{'cpu':>8}"
    for name in ("Q1", "Q2"):
        if name in found:
            names = (f"{name}, {found['small_requests']:,}", f"{name}, {requests:,}")
            yield from pair(found[name], names, "small", "large")
    page = found["page"]
    yield from pair(page, ("page 1", f"page {page['number']:,}"), "first", "far")


def pair(found: Mapping[str, Any], names: tuple[str, str], few: str, many: str) -> Iterator[str]:
    yield row(names[0], found[few])
    yield row(names[1], found[many]) + f"{found['p50_ratio']:>8.2f}x{found['cpu_ratio']:>7.2f}x"


def memory(found: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """What the server processes take."""
    yield "\nMemory after the load (MB: now, at the most)"
    for name, figures in found.items():
        yield f"{NAMES[name]:24}{figures['rss_mb']:>9,.0f}{figures['peak_mb']:>9,.0f}"


def rest(figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Starts and imports: one figure a line."""
    for name in ("start", "import"):
        if name in figures:
            yield f"\n{name}"
            yield from (f"{what:24}{value:>14,.2f}" for what, value in figures[name].items())
