"""hub db: the database's shape, backups of it, and back."""

from pathlib import Path
from typing import Annotated

import typer

from hub import backup as backups
from hub import home
from hub.auth import system
from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.cli.opened import with_server
from hub.config import settings
from hub.db import Database
from hub.services import tally_folding
from hub.upgrade import pending, upgrade

db = typer.Typer(no_args_is_help=True, help="The database: its shape, backups of it, and back.")


@db.command("upgrade")
def upgrade_command(as_json: AsJSON = False) -> None:
    """Bring the tables to this version's shape. Safe to repeat, and while others do it."""
    done = with_server(settings(), lambda _server, found: upgrade(found))
    if as_json:
        answer_json({"done": done})
    else:
        typer.echo(f"{len(done)} steps done." if done else "Nothing to do.")


@db.command()
def status(as_json: AsJSON = False) -> None:
    """Whether the tables are in this version's shape; exit code 1 if not."""
    lacking = with_server(settings(), lambda _server, found: pending(found))
    if as_json:
        answer_json({"pending": lacking})
    else:
        typer.echo(f"{len(lacking)} steps are missing. Run: hub db upgrade" if lacking else "Up to date.")
    if lacking:
        raise typer.Exit(Exit.FAILED)


@db.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; replaced if it is there.")], as_json: AsJSON = False
) -> None:
    """Write the whole database into a file while the hub goes on working.

    Keep the file `pepper` of HUB_HOME as well, in another place: tokens hold only together with it.
    """

    async def write(server: home.Server, found: Database) -> int:
        return await backups.backup(server, found, file)

    size = with_server(settings(), write)
    if as_json:
        answer_json({"file": str(file.absolute()), "bytes": size})
    else:
        typer.echo(f"{file}: {size:,} bytes.")


@db.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `hub db backup` wrote.")],
    force: Annotated[bool, typer.Option("--force", help="Replace what is in the database.")] = False,
) -> None:
    """Fill an empty database from a backup, and bring it to this version's shape. If it fails, all is as it was."""

    async def read(server: home.Server, found: Database) -> None:
        await backups.restore(server, found, file, force=force)

    with_server(settings(), read)
    say(f"Restored from {file}.")


@db.command("tally")
def tally_command(as_json: AsJSON = False) -> None:
    """Count all requests anew, while the hub goes on working. Needed only if `hub doctor` says so."""

    async def count(_server: home.Server, found: Database) -> int:
        async with found.write(system("hub db tally")) as session:
            return await tally_folding.rebuild(session)

    rows = with_server(settings(), count)
    if as_json:
        answer_json({"rows": rows})
    else:
        typer.echo(f"The tally agrees with the requests: {rows:,} rows.")
