"""hub plugins: what the hub can be kept in step with."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from typing import Any

import typer

from hub.cli.answers import AsJSON, answer_json, say
from hub.config import settings
from hub.plugin import Plugin
from hub.sync import registry
from hub.sync.registry import Registry
from schema.schema import extended

VERBS = ("pull", "push", "receive")


def plugins(as_json: AsJSON = False) -> None:
    """The plugins with their verbs, ready-made sources and settings; broken ones with the reason."""
    known = registry.load(settings().plugins)
    found = [_described(known, plugin) for plugin in known.plugins.values()]
    left_out = extended(known.plugins.values()).broken
    broken = [{"name": name, "reason": reason} for name, reason in (*known.broken, *left_out)]
    if as_json:
        answer_json({"plugins": found, "broken": broken})
        return
    for one in found:
        typer.echo(f"{one['name']} {one['version']}: {one['title']}")
        typer.echo(f"  verbs     {', '.join(one['verbs'])}{', simulated' if one['simulated'] else ''}")
        typer.echo(f"  sources   {', '.join(one['presets']) or 'none ready-made'}")
        typer.echo(f"  settings  {', '.join(one['settings']['properties']) or 'none'}")
    for one in broken:
        say(f"{one['name']} is broken: {one['reason']}")


def _described(known: Registry, plugin: type[Plugin[Any]]) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "title": plugin.title,
        "version": _version(plugin, packages_distributions()),
        "module": plugin.__module__,
        "verbs": [verb for verb in VERBS if hasattr(plugin, verb)],
        "simulated": plugin.name in known.simulators,
        "presets": list(plugin.presets),
        "settings": plugin.Config.model_json_schema(),
    }


def _version(plugin: type[Plugin[Any]], distributions: Mapping[str, list[str]]) -> str:
    """Of the package that brought it; a plugin from a folder has none."""
    for package in distributions.get(plugin.__module__.partition(".")[0], ()):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return "local"
