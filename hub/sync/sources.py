"""Sources as they are stored: a plugin's ready-made one at its first use, one's own, and settings that are changed."""

import re
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import system
from hub.db import Database
from hub.errors import Conflict, Misconfigured, NotFound
from hub.models import Source
from hub.sync import http
from hub.sync.registry import Registry
from hub.sync.rules import own_by_default
from hub.sync.work import insist

NAME = re.compile(r"\w[\w.-]{0,63}")
VIEWER = system("sync")


async def stored_source(database: Database, registry: Registry, name: str) -> Source:
    """The source of that name, made from a plugin's preset at first use. Raises NotFound."""
    async with database.write(VIEWER) as session:
        source = await _named(session, name)
        if source is None:
            preset = next((preset for preset in registry.presets() if preset.name == name), None)
            if preset is None:
                names = sorted({preset.name for preset in registry.presets()})
                raise NotFound("source", name, f"Ready-made ones: {', '.join(names)}.")
            title = preset.settings.get("title", "")
            source = await _made(session, registry, name, preset.plugin, preset.settings, title)
    return source


async def made_source(
    database: Database, registry: Registry, name: str, plugin: str, title: str, settings: Mapping[str, Any]
) -> Source:
    """The source of that name with these settings, made at first use. Raises Misconfigured for wrong settings."""
    await understood(registry, plugin, settings)
    async with database.write(VIEWER) as session:
        source = await _named(session, name)
        if source is None:
            source = await _made(session, registry, name, plugin, settings, title)
        elif source.settings != settings:
            source.settings = dict(settings)
    return source


async def add_source(
    database: Database, registry: Registry, name: str, plugin: str, settings: Mapping[str, Any], title: str = ""
) -> tuple[Source, BaseModel]:
    """A new source, and its settings as they are understood. Raises Misconfigured, Conflict where the name is taken."""
    config = await understood(registry, plugin, settings)
    async with database.write(VIEWER) as session:
        return await new_source(session, registry, name, plugin, lasting(settings, config), title), config


async def new_source(
    session: AsyncSession, registry: Registry, name: str, plugin: str, settings: Mapping[str, Any], title: str = ""
) -> Source:
    """The same in the session's transaction, with settings that are understood and lasting."""
    if not NAME.fullmatch(name):
        raise Misconfigured(f"{name!r} can be no name: write letters, digits, '.', '-' and '_', at most 64.")
    if any(preset.name == name for preset in registry.presets()):
        raise Conflict(f"{name} is a ready-made source: `hub sync set {name} NAME=VALUE` changes its settings.")
    if await _named(session, name) is not None:
        raise Conflict(
            f"There is a source {name} already: choose another name, or change its settings with `hub sync set {name}`."
        )
    return await _made(session, registry, name, plugin, settings, title)


async def change_settings(
    database: Database, registry: Registry, name: str, changed: Mapping[str, Any], dropped: Collection[str] = ()
) -> tuple[Source, BaseModel]:
    """The source with settings that are other from now on; `dropped` are again what the plugin has by itself.

    Where the source was read up to stays. Raises NotFound, and Misconfigured for what makes no sense.
    """
    known = await insist(partial(stored_source, database, registry, name))
    if unknown := sorted(set(dropped) - known.settings.keys()):
        raise Misconfigured(f"{name} has nothing set for {', '.join(unknown)}. Set: {', '.join(known.settings)}.")
    async with database.write(VIEWER) as session:
        source = await session.get_one(Source, known.id, with_for_update=True)
        settings = {key: value for key, value in source.settings.items() if key not in dropped} | dict(changed)
        config = await understood(registry, source.plugin, settings)
        if (kept := lasting(settings, config)) != source.settings:
            source.settings = kept
        return source, config


async def understood(registry: Registry, plugin: str, settings: Mapping[str, Any]) -> BaseModel:
    """What a plugin understands by these settings. Raises Misconfigured."""
    async with http.client() as client:
        config: BaseModel = registry.make(plugin, settings, client).config
    return config


def lasting(settings: Mapping[str, Any], config: BaseModel) -> dict[str, Any]:
    """The same settings for whoever runs it later, wherever: paths from the root on."""
    read = ((name, value, getattr(config, name, None)) for name, value in settings.items())
    return {name: str(path.absolute()) if isinstance(path, Path) else value for name, value, path in read}


async def _named(session: AsyncSession, name: str) -> Source | None:
    return (await session.scalars(select(Source).where(Source.name == name))).one_or_none()


async def _made(
    session: AsyncSession, registry: Registry, name: str, plugin: str, settings: Mapping[str, Any], title: str
) -> Source:
    """A new row; whose word stands where it speaks is as its plugin says."""
    source = Source(name=name, plugin=plugin, title=title or registry.plugins[plugin].title, settings=dict(settings))
    session.add(source)
    await session.flush()
    own_by_default(session, source, registry.plugins[plugin].rules)
    return source
