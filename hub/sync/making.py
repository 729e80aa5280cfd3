"""A source that a command makes, under a name and with settings of its own."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from hub.auth import system
from hub.db import Database
from hub.models import Source
from hub.sync import http
from hub.sync.registry import Registry
from hub.sync.rules import own_by_default


async def made_source(
    database: Database, registry: Registry, name: str, plugin: str, title: str, settings: Mapping[str, Any]
) -> Source:
    """The source of that name with these settings, made at first use. Raises Misconfigured for wrong settings."""
    async with http.client() as client:
        registry.make(plugin, settings, client)
    async with database.write(system("sync")) as session:
        source = await session.scalar(select(Source).where(Source.name == name))
        if source is None:
            source = Source(name=name, plugin=plugin, title=title, settings=dict(settings))
            session.add(source)
            await session.flush()
            own_by_default(session, source, registry.plugins[plugin].rules)
        elif source.settings != settings:
            source.settings = dict(settings)
    return source
