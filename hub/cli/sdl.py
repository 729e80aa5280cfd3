"""hub sdl: the whole schema as text."""

import typer

from schema.schema import sdl


def sdl_command() -> None:
    """Print the schema in GraphQL's own language, as schema/schema.graphql holds it. Needs no database."""
    typer.echo(sdl(), nl=False)
