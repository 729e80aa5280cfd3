"""What an empty hub is filled with, so that there is something to look at."""

from collections.abc import AsyncIterator

from sqlalchemy import select

from hub.db import Database
from hub.models import Link, Run, Source
from hub.sync.registry import Registry
from hub.sync.run import run_source


def example_sources(registry: Registry) -> list[str]:
    """What the plugins name as examples, plugin by plugin."""
    return [name for plugin in registry.plugins.values() for name in plugin.examples]


async def run_examples(db: Database, registry: Registry, started_by: str) -> AsyncIterator[tuple[str, Run]]:
    """Read them all; then once more those that named what only a later one brought."""
    names = example_sources(registry)
    for name in names:
        yield name, await run_source(db, registry, name, started_by=started_by)
    async with db.read() as session:
        lacking = select(Source.name).join(Link, Link.source_id == Source.id).where(Link.unknown.is_not(None))
        again = set(await session.scalars(lacking.distinct()))
    for name in names:
        if name in again:
            yield name, await run_source(db, registry, name, started_by=started_by)
