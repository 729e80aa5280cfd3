"""hub serve, hub worker: the two processes that stay."""

import asyncio
from contextlib import suppress
from typing import Annotated

import typer

from hub import worker
from hub.cli.answers import say
from hub.cli.opened import with_database
from hub.config import Settings, settings
from hub.db import Database
from hub.serve import Choices, serve, signalled
from hub.sync import registry


def serve_command(
    port: Annotated[int | None, typer.Option(help="The port; instead of PORT. 0: any free one.")] = None,
    host: Annotated[str | None, typer.Option(help="The address; instead of HOST. 0.0.0.0: all.")] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Run queued syncs in this process too.")] = True,
    example: Annotated[
        bool | None,
        typer.Option(
            "--example/--no-example",
            help="Load the example district into an empty hub. Default: only if the database is the embedded one.",
        ),
    ] = None,
) -> None:
    """Serve the graph: database, HTTP and a worker, until Ctrl-C or SIGTERM.

    The first start makes the database and loads the example district. A second one takes a second or two.
    """
    given = {name: value for name, value in (("port", port), ("host", host)) if value is not None}
    chosen = settings().model_copy(update=given)
    with suppress(KeyboardInterrupt):
        serve(chosen, registry.load(chosen.plugins), Choices(worker, example), typer.echo)
    say("Stopped.")


def worker_command() -> None:
    """Run queued syncs only. Several on several machines share one database (HUB_DATABASE_URL)."""
    chosen = settings()
    with_database(chosen, lambda db: _work(db, chosen))


async def _work(db: Database, chosen: Settings) -> None:
    stop = asyncio.Event()
    with signalled(stop.set):
        say("Waiting for jobs. Ctrl-C stops.")
        await worker.work(db, registry.load(chosen.plugins), stop)
