"""hub token: a way in for a person or a machine."""

from datetime import timedelta
from typing import Annotated

import typer

from hub.auth import ROLES, system
from hub.cli.answers import AsJSON, answer_json, say
from hub.cli.opened import with_database
from hub.config import settings
from hub.db import Database
from hub.models import now
from hub.services import accounts


def token(
    role: Annotated[str, typer.Option("--as", help=f"What it may do: {', '.join(ROLES)}.")] = "admin",
    grid: Annotated[
        str | None,
        typer.Option(help="Code of the grid it stands in. Without one: an admin everywhere, others nowhere."),
    ] = None,
    party: Annotated[
        str | None, typer.Option(help="Code of the organization or person it acts for: needed to handle requests.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Whose it is, for the change log.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="How long it holds. Default: until revoked.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Give out a token. It is shown once, alone on the last line of stdout.

    TOKEN=$(hub token --as admin | tail -1)
    """
    chosen = settings()
    key = accounts.pepper(chosen.home)
    expires_at = now() + timedelta(days=days) if days else None
    called = name or f"{role} by command"

    async def give(db: Database) -> str:
        viewer = system("hub token")
        async with db.write(viewer) as session:
            return await accounts.give_token(
                session, viewer, key, role=role, name=called, grid_code=grid, party_code=party, expires_at=expires_at
            )

    given = with_database(chosen, give)
    if as_json:
        stands = {"grid": grid, "party": party, "name": called, "expires_at": expires_at}
        answer_json({"token": given, "role": role, **stands})
        return
    if not grid and not party and role != "admin":
        say(f"It stands nowhere: a {role} without --grid or --party sees what is public only.")
    until = f"until {expires_at:%Y-%m-%d}" if expires_at else "until it is revoked"
    say(f"A token for {called} ({role}), {until}. Send it as: Authorization: Bearer <token>")
    typer.echo(given)
