"""hub practices: how cities work, and whether what they have published can be asked of this hub."""

from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy import func

from hub import verifying
from hub.auth import system
from hub.cli.answers import AsJSON, Exit, answer_json, say
from hub.cli.opened import with_database
from hub.config import settings
from hub.db import Database
from hub.models import Feature, Practice
from hub.services import practices as see
from hub.verifying import Verified

practices = typer.Typer(no_args_is_help=True, help="How cities work: their practices, and what they have published.")


@practices.command("list")
def list_command(as_json: AsJSON = False) -> None:
    """The practices that this hub knows. `hub sync run practices` reads them from their files."""
    viewer = system("hub practices")

    async def told(db: Database) -> list[dict[str, object]]:
        async with db.read() as session:
            counts = see.features(viewer).with_only_columns(Feature.practice, func.count()).group_by(Feature.practice)
            features = dict(list(await session.execute(counts)))
            found = await session.scalars(see.visible(viewer).order_by(Practice.code))
            return [
                {"code": one.code, "name": one.name, "title": one.title, "synthetic": one.synthetic}
                | {"features": features.get(one.code, 0)}
                for one in found
            ]

    found = with_database(settings(), told)
    if as_json:
        answer_json(found)
        return
    for one in found:
        made_up = " · 示例数据 (made up)" if one["synthetic"] else ""
        typer.echo(f"{one['code']:12} {one['name']} · {one['title']} · {one['features']} features{made_up}")
    if not found:
        say("No practice is known. Read the shipped ones: hub sync run practices.")


@practices.command("verify")
def verify_command(
    practice: Annotated[str | None, typer.Argument(help="The code of one; all unless given.")] = None,
    figures_only: Annotated[bool, typer.Option("--figures", help="Only the numbers: nothing is written.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Let scenarios write among rows that are not made up.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Ask for every published figure by its query, and go through every scenario; exit code 1 where one does not hold.

    Scenarios submit and handle requests, and take down again what they post: they are for a hub of made-up data (`hub
    demo`), and refused elsewhere. Without a code, where some practices' rows are made up, these are asked for.
    """

    async def checked(db: Database) -> tuple[list[Verified], set[str]]:
        done = [one async for one in verifying.verify(db, practice, scenarios=not figures_only, sure=yes)]
        async with db.read() as session:
            known = set(
                await session.scalars(see.features(system("hub practices")).with_only_columns(Feature.practice))
            )
        return done, known - {one.practice for one in done}

    found, others = with_database(settings(), checked)
    if practice is None and others:
        say(
            f"Not asked for: {', '.join(sorted(others))}. Their rows in this hub are not made up (hub demo makes some)."
        )
    if as_json:
        answer_json([asdict(one) for one in found])
    else:
        for one in found:
            typer.echo(_line(one))
        rows = {(one.practice, one.row) for one in found}
        whole = rows - {(one.practice, one.row) for one in found if not one.ok}
        say(f"{len(whole)} of {len(rows)} features hold.")
    if not found or not all(one.ok for one in found):
        raise typer.Exit(Exit.FAILED)


def _line(one: Verified) -> str:
    mark = "ok" if one.ok else "NO"
    numbers = f"{_number(one.value)} got {_number(one.got)}"
    return f"{mark}  {one.practice:10} {one.row:6} {one.figure:24} {one.qualifier:9} {numbers}  {one.why}".rstrip()


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.10g}"
