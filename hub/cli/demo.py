"""hub demo: made-up districts of the practices, or a made-up city to measure with."""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.cli.opened import with_database
from hub.cli.progress import EVERY_SECONDS
from hub.config import settings
from hub.db import Database
from hub.demo import districts, filling
from hub.demo.districts import Brought
from hub.demo.filling import Filled, Show
from hub.errors import Misconfigured
from hub.sync.registry import load


def demo(
    practice: Annotated[
        list[str] | None, typer.Option("--practice", help="The district of this practice alone; repeatable.")
    ] = None,
    practices: Annotated[
        bool, typer.Option("--practices", help="Of every practice: so it is without options.")
    ] = False,
    requests: Annotated[
        int | None, typer.Option(min=1, help="A made-up city of so many requests instead; all else grows with them.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed and number give the same rows.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Even if other data is in the hub.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Fill an empty hub with a made-up district for each practice, of the size that it has published.

    It comes as real data does, by plugins, simulators and services, so the change log tells of it, and its sources
    (demo-...) can be taken back. `hub practices verify` then asks for every published figure.

    With --requests: a made-up city of any size to measure with, of grids, parties, alliances, resources, requests and
    their events. The change log does not tell of its rows, so stop a hub that is being served before, and start it
    again afterwards.

    Either goes on where it broke off: give the same command again.
    """
    if requests is None:
        _districts([] if practices else practice or [], seed, sure=yes, as_json=as_json)
        return
    if practice or practices:
        raise Misconfigured("--requests makes a city, --practice a district: say one of them.")
    size = requests

    async def fill(db: Database) -> Filled:
        with _shown() as show:
            return await filling.fill(db, size, seed, show, sure=yes)

    filled = with_database(settings(), fill)
    rate = round(filled.rows / max(filled.seconds, 0.001))
    if as_json:
        took = {"rows": filled.rows, "seconds": round(filled.seconds, 3), "rows_per_second": rate}
        answer_json({**filled.size._asdict(), "seed": seed, **took})
        return
    for noun, count in filled.size._asdict().items():
        typer.echo(f"{noun:14}{count:>12,}")
    typer.echo(f"{filled.rows:,} rows written in {filled.seconds:,.1f} s ({rate:,} rows/s), seed {seed}")


def _districts(codes: list[str], seed: int, *, sure: bool, as_json: bool) -> None:
    """A district for each of these practices, or for all; exit code 1 where rows of it were refused."""
    given, started = settings(), time.monotonic()
    registry = load(given.plugins)

    async def build(db: Database) -> list[Brought]:
        with _shown() as show:
            folder = given.home.absolute() / "demo"
            return [one async for one in districts.build(db, registry, folder, codes, seed, show, sure=sure)]

    brought = with_database(given, build)
    took = time.monotonic() - started
    rows, new = sum(one.rows for one in brought), sum(one.created for one in brought)
    if as_json:
        told = {"seed": seed, "rows": rows, "created": new, "seconds": round(took, 3), "peak_mb": _peak_mb()}
        answer_json({**told, "sources": [one._asdict() | {"seconds": round(one.seconds, 3)} for one in brought]})
    else:
        for one in brought:
            refused = f", {one.rejected:,} REFUSED" if one.rejected else ""
            typer.echo(f"{one.source:44}{one.rows:>9,} rows, {one.created:,} new{refused}, {one.seconds:,.1f} s")
        typer.echo(
            f"{rows:,} made-up rows, {new:,} of them new, in {took:,.1f} s, {_peak_mb():,} MB at most, seed {seed}"
        )
    if lacking := [one.source for one in brought if one.rejected]:
        say(f"Rows were refused: hub sync rejected {lacking[0]}")
        raise typer.Exit(Exit.FAILED)


def _peak_mb() -> int:
    """The most memory that this process has had; the database's own is beside it."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most // (1 << 20 if sys.platform == "darwin" else 1 << 10)


@contextmanager
def _shown() -> Iterator[Show]:
    """What to call after each step: a bar in a terminal, a line every few seconds anywhere else; on stderr."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn("{task.description:13}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("demo", total=None)
        yield lambda at: bar.update(task, description=at.noun, completed=at.done, total=at.total)


def _lines() -> Callable[[filling.Progress], None]:
    last = time.monotonic()

    def show(at: filling.Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            say(f"demo: {at.done:,} of {at.total:,} rows, at {at.noun}")

    return show
