"""A source becomes a target: its plugin must take what it is to be told, and its settings must make sense."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, Misconfigured
from hub.models import Source, Target
from hub.plugin import Plugin, Pushes
from hub.services import targets
from hub.sync import http
from hub.sync.kinds import KINDS
from hub.sync.registry import Registry
from hub.sync.rules import own_by_default
from hub.sync.run import stored_source
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
    source = await _new(database, registry, name, *made_of) if made_of else None
    if source is None:
        source = await insist(partial(stored_source, database, registry, name))
    taken = await _takes(registry, source.plugin, source.settings)
    if refused := sorted(set(kinds) - taken):
        raise Misconfigured(f"{source.plugin} takes no {', '.join(refused)}. It takes: {', '.join(sorted(taken))}.")
    chosen = kinds or sorted(taken - PRIVATE)
    async with database.write(viewer) as session:
        if made_of:
            session.add(source)
            await session.flush()
            own_by_default(session, source, registry.plugins[source.plugin].rules)
        return await targets.add(session, viewer, source.id, kinds=chosen, events=events, known_only=known_only)


async def _new(database: Database, registry: Registry, name: str, plugin: str, settings: Mapping[str, Any]) -> Source:
    """A source that is yet to be stored. Raises Conflict where the name is taken."""
    await _takes(registry, plugin, settings)
    async with database.read() as session:
        if await session.scalar(select(Source.id).where(Source.name == name)) is not None:
            raise Conflict(f"There is a source {name} already. Leave out --plugin, or choose another name.")
    return Source(name=name, plugin=plugin, title=registry.plugins[plugin].title, settings=dict(settings))


async def _takes(registry: Registry, plugin: str, settings: Mapping[str, Any]) -> frozenset[str]:
    """The kinds that a plugin with these settings can be told of. Raises Misconfigured where it is none."""
    async with http.client() as client:
        made: Plugin[Any] = registry.make(plugin, settings, client)
    if not isinstance(made, Pushes):
        able = sorted(name for name, one in registry.plugins.items() if hasattr(one, "push"))
        raise Misconfigured(f"{plugin} cannot be told anything: it has no push(). Those that can: {', '.join(able)}.")
    return frozenset(made.pushes or KINDS)
