"""hub sync add, set: sources with names and settings of their own, that last."""

from typing import Annotated, Any

import typer
from pydantic import BaseModel

from hub.cli import ids
from hub.cli.answers import AsJSON, answer_json
from hub.cli.opened import with_database
from hub.cli.sync import Name, overrides
from hub.config import settings
from hub.errors import Misconfigured
from hub.models import Source
from hub.sync import registry
from hub.sync.sources import add_source, change_settings


def add_command(
    name: Annotated[str, typer.Argument(help="How the source is to be called.")],
    plugin: Annotated[str, typer.Argument(help="The plugin that speaks with it: `hub plugins` lists them.")],
    given: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting; may be repeated. `hub plugins` lists them."),
    ] = None,
    title: Annotated[str, typer.Option(help="A line for people; else the plugin's own.")] = "",
    as_json: AsJSON = False,
) -> None:
    """Make a source, with settings that last. Nothing is read until `hub sync run NAME`.

    hub sync add hotline-bh hotline12345 --set base_url=https://12345.example.org --set api_key=...
    """
    chosen = settings()
    known = registry.load(chosen.plugins)
    asked = overrides([], given or [])
    source, config = with_database(chosen, lambda db: add_source(db, known, name, plugin, asked, title))
    _tell(source, config, as_json=as_json)


def set_command(
    name: Name,
    given: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]...", help="Without any its settings are shown.")
    ] = None,
    unset: Annotated[
        list[str] | None, typer.Option("--unset", metavar="NAME", help="Back to what the plugin has by itself.")
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """Change settings of a source for good, or show them; secret ones as stars. Where it was read up to stays."""
    chosen = settings()
    known = registry.load(chosen.plugins)
    asked = overrides([], given or [])
    if both := sorted(asked.keys() & set(unset or [])):
        raise Misconfigured(f"{', '.join(both)}: set it or unset it.")
    source, config = with_database(chosen, lambda db: change_settings(db, known, name, asked, unset or ()))
    _tell(source, config, as_json=as_json)


def _tell(source: Source, config: BaseModel, *, as_json: bool) -> None:
    told: dict[str, Any] = config.model_dump(mode="json")  # secrets come out as stars
    if as_json:
        names = {"source": source.name, "plugin": source.plugin, "title": source.title}
        answer_json(ids.gid("Source", source.id) | names | {"set": sorted(source.settings), "settings": told})
        return
    typer.echo(f"{source.name}: {source.title} ({source.plugin})")
    for setting, value in told.items():
        typer.echo(f"  {'*' if setting in source.settings else ' '} {setting} = {value}")
    typer.echo("  * set here; the others are the plugin's own.")
