"""hub export: a table of what is in the hub, to look at, to correct and to read back."""

from pathlib import Path
from typing import Annotated

import typer

from hub.auth import ROLES, system
from hub.cli.answers import AsJSON, answer_json
from hub.cli.opened import with_database
from hub.config import settings
from hub.db import Database
from hub.export import VISIBLE, export
from hub.services import accounts


def export_command(
    kind: Annotated[str, typer.Argument(help=f"What a row is: {', '.join(VISIBLE)}.")],
    file: Annotated[Path, typer.Argument(help="Where to, .xlsx or .csv; replaced if it is there.")],
    inside: Annotated[str | None, typer.Option(help="Code of the grid in which it lies.")] = None,
    role: Annotated[str, typer.Option("--as", help=f"Whose eyes it is for: {', '.join(ROLES)}.")] = "admin",
    grid: Annotated[str | None, typer.Option(help="Code of the grid that they stand in.")] = None,
    party: Annotated[str | None, typer.Option(help="Code of the party that they act for.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Write what is in the hub into a table that `hub sync run` reads back, changing nothing. Callers are not in it.

    Text that begins like a formula is written as text. For Excel take .xlsx: it breaks long codes of a .csv file.
    """

    async def write(db: Database) -> int:
        async with db.read() as session:
            viewer = await accounts.as_role(session, system("hub export"), role, grid, party)
        return await export(db, viewer, kind, file, inside=inside)

    rows = with_database(settings(), write)
    if as_json:
        answer_json({"kind": kind, "file": str(file.absolute()), "rows": rows})
    else:
        typer.echo(f"{file}: {rows:,} rows.")
