"""How a run looks while it is under way: a bar in a terminal, a line every few seconds anywhere else; on stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from hub.cli.answers import say
from hub.models import Run
from hub.report import rate

EVERY_SECONDS = 3


@contextmanager
def shown(source: str) -> Iterator[Callable[[Run], None]]:
    """What to call after each page."""
    if sys.stderr.isatty():
        with _bar(source) as show:
            yield show
    else:
        yield _lines(source)


@contextmanager
def _bar(source: str) -> Iterator[Callable[[Run], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,} rows/s, {task.fields[rejected]} rejected"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(source, total=None, rate=0, rejected=0)
        yield lambda run: bar.update(
            task, completed=run.records, total=run.expected, rate=rate(run), rejected=run.rejected
        )


def _lines(source: str) -> Callable[[Run], None]:
    last = time.monotonic()

    def show(run: Run) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY_SECONDS:
            last = time.monotonic()
            of = f" of {run.expected:,}" if run.expected else ""
            with suppress(BrokenPipeError):  # whoever watched has gone: the run goes on
                say(f"{source}: {run.records:,}{of} records, {rate(run):,} rows/s, {run.rejected:,} rejected")

    return show
