"""hub explain: what an operation costs, and what is done for it."""

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from hub.auth import ANONYMOUS, ROLES, Viewer, system
from hub.cli.answers import AsJSON, answer_json
from hub.cli.opened import with_database
from hub.config import settings
from hub.db import Database
from hub.errors import Misconfigured
from hub.services import accounts
from hub.sync import registry
from schema.bus import Bus
from schema.context import Context
from schema.engine.explain import Explanation, explain
from schema.schema import build_schema, extended


def explain_command(
    query: Annotated[str, typer.Argument(help="The operation, the name of a file that holds it, or - for stdin.")],
    variables: Annotated[str, typer.Option(help="Its variables, as JSON.")] = "{}",
    operation: Annotated[str | None, typer.Option(help="Which operation, where the document has several.")] = None,
    role: Annotated[str, typer.Option("--as", help=f"Who asks: anonymous, {', '.join(ROLES)}.")] = "admin",
    grid: Annotated[str | None, typer.Option(help="Code of the grid that the one who asks stands in.")] = None,
    party: Annotated[str | None, typer.Option(help="Code of the party that the one who asks acts for.")] = None,
    as_json: AsJSON = False,
) -> None:
    """Show the plan of an operation: cost, SQL, generated functions; and rows and milliseconds of each level.

    A query is run once; of a mutation only the plan is shown, nothing is written.

    hub explain '{ grids(first: 3) { nodes { name parent { name } } } }'
    """
    text, given = _text(query), _variables(variables)

    async def told(db: Database) -> Explanation:
        viewer = await _viewer(db, role, grid, party)
        context = Context(viewer, db, Bus(db.url), lambda: _same(viewer))
        added = extended(registry.load(settings().plugins).plugins.values())
        return await explain(build_schema(more=added.shown).engine, context, text, given, operation)

    found = with_database(settings(), told)
    if as_json:
        answer_json(found.told())
        return
    for line in found.lines():
        typer.echo(line)


async def _viewer(db: Database, role: str, grid: str | None, party: str | None) -> Viewer:
    if role == "anonymous":
        return ANONYMOUS
    async with db.read() as session:
        return await accounts.as_role(session, system("hub explain"), role, grid, party)


async def _same(viewer: Viewer) -> Viewer:
    return viewer


def _text(query: str) -> str:
    if query == "-":
        return typer.get_text_stream("stdin").read()
    if "{" in query:
        return query
    try:
        return Path(query).read_text(encoding="utf-8")
    except OSError as error:
        raise Misconfigured(f"{query} is neither an operation nor a file: {error.strerror}.") from error


def _variables(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Misconfigured(f'--variables is no JSON: {error}. Write it as \'{{"code": "150602"}}\'.') from error
    if not isinstance(found, dict):
        raise Misconfigured('--variables must be an object, as in \'{"code": "150602"}\'.')
    return found
