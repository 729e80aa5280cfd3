"""hub demo: a made-up city to look at and to measure with."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hub.cli.answers import AsJSON, answer_json, say
from hub.cli.opened import with_database
from hub.cli.progress import EVERY_SECONDS
from hub.config import settings
from hub.db import Database
from hub.demo import filling
from hub.demo.filling import Filled, Show


def demo(
    requests: Annotated[int, typer.Option(min=1, help="How many requests; all else grows with them.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed and number give the same rows.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Even if other requests are in the hub.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Fill an empty hub with a made-up city: grids, parties, alliances, resources, requests and their events.

    One that broke off goes on where it stopped: give the same command again. The change log does not tell of made-up
    rows, so stop a hub that is being served before, and start it again afterwards.
    """

    async def fill(db: Database) -> Filled:
        with _shown() as show:
            return await filling.fill(db, requests, seed, show, sure=yes)

    filled = with_database(settings(), fill)
    rate = round(filled.rows / max(filled.seconds, 0.001))
    if as_json:
        took = {"rows": filled.rows, "seconds": round(filled.seconds, 3), "rows_per_second": rate}
        answer_json({**filled.size._asdict(), "seed": seed, **took})
        return
    for noun, count in filled.size._asdict().items():
        typer.echo(f"{noun:14}{count:>12,}")
    typer.echo(f"{filled.rows:,} rows written in {filled.seconds:,.1f} s ({rate:,} rows/s), seed {seed}")


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
