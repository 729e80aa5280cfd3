"""A source becomes a target: its plugin must take what it is to be told, and its settings must make sense."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from hub.auth import system
from hub.db import Database
from hub.errors import Misconfigured
from hub.models import Target
from hub.plugin import Plugin, Pushes
from hub.services import targets
from hub.sync import http
from hub.sync.kinds import KINDS
from hub.sync.registry import Registry
from hub.sync.sources import lasting, new_source, stored_source
from hub.sync.work import insist

PRIVATE = frozenset({"person", "post", "shift", "service_record"})  # told only where it is asked for by name


async def subscribe(
    database: Database,
    registry: Registry,
    name: str,
    *,
    kinds: Sequence[str] = (),
    events: Sequence[str] = (),
    known_only: bool = True,
    made_of: tuple[str, Mapping[str, Any]] | None = None,
) -> Target:
    """Tell the source `name` what changes from now on; without `kinds` of all that it takes, but persons.

    `made_of` a plugin and its settings: a new source of that name is made of them.
    Raises NotFound, Misconfigured where its plugin takes nothing or not that, Conflict where it is a target already.
    """
    viewer = system("hub targets add")
    settings: Mapping[str, Any]
    if made_of is None:
        source = await insist(partial(stored_source, database, registry, name))
        plugin, settings = source.plugin, source.settings
    else:
        plugin, settings = made_of
    made = await _able(registry, plugin, settings)
    taken = frozenset(made.pushes or KINDS)
    if refused := sorted(set(kinds) - taken):
        raise Misconfigured(f"{plugin} takes no {', '.join(refused)}. It takes: {', '.join(sorted(taken))}.")
    chosen = kinds or sorted(taken - PRIVATE)
    async with database.write(viewer) as session:
        if made_of is not None:
            source = await new_source(session, registry, name, plugin, lasting(settings, made.config))
        return await targets.add(session, viewer, source.id, kinds=chosen, events=events, known_only=known_only)


async def _able(registry: Registry, plugin: str, settings: Mapping[str, Any]) -> Plugin[Any]:
    """The plugin with these settings. Raises Misconfigured where it cannot be told of anything."""
    async with http.client() as client:
        made: Plugin[Any] = registry.make(plugin, settings, client)
    if not isinstance(made, Pushes):
        able = sorted(name for name, one in registry.plugins.items() if hasattr(one, "push"))
        raise Misconfigured(f"{plugin} cannot be told anything: it has no push(). Those that can: {', '.join(able)}.")
    return made
