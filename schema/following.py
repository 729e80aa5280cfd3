"""Following the change log: what the subscription does between two events."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text

from hub.auth import under
from hub.models import Change
from hub.services import changes
from schema.bus import wait
from schema.context import Context
from schema.errors import Gap
from schema.filters import reference
from schema.node import NODES
from schema.paging import cursor, parse, uncursor

Place = tuple[int, UUID]  # in the log's order
ORDER = ("-position", "-id")
POLL_SECONDS = 1.0
RENEW_SECONDS = 3.0
BATCH = 200
LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Event:
    """A change and its place."""

    cursor: str
    change: Change


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes: after a cursor, of some types, in a subtree."""

    after: str | None
    entity: Sequence[str] | None
    under: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Following:
    """The same, looked up."""

    after: Place
    entity: Sequence[str] | None
    path: str | None

    def chosen(self, context: Context) -> Select[Change]:
        """What the viewer may see of it, as far as nothing can come before it any more."""
        chosen = changes.settled(changes.visible(context.viewer), self.after)
        if self.entity is not None:
            chosen = chosen.where(Change.entity.in_(self.entity))
        return chosen if self.path is None else chosen.where(under(Change.grid_path, self.path))


async def start(context: Context, wanted: Wanted) -> Following:
    """Where to begin. Raises Forbidden, NotFound, BadCursor, and Gap for a place that the log does not have."""
    context.viewer.must("changes:read")
    path = None if wanted.under is None else await context.loaders.path(reference(wanted.under, field="under"))
    place = await _now(context) if wanted.after is None else await _known(context, place_of(wanted.after))
    return Following(place, wanted.entity, path)


async def follow(context: Context, wanted: Following) -> AsyncIterator[Event]:
    """Every change after the place, for ever; who asks is looked at again before anything is told."""
    renewed = time.monotonic()
    while True:
        bell = context.bus.bell()
        found = await _batch(context, wanted)
        if found or time.monotonic() - renewed > RENEW_SECONDS:
            before, context.viewer, renewed = context.viewer, await context.renew(), time.monotonic()
            context.viewer.must("changes:read")
            if context.viewer != before:
                continue
        for change in found:
            context.forget()
            yield Event(cursor_of(change), change)
            wanted = Following((change.position, change.id), wanted.entity, wanted.path)
        if len(found) < BATCH:
            await wait(bell, POLL_SECONDS)


async def _batch(context: Context, wanted: Following) -> list[Change]:
    async with context.db.read() as session:
        return list(await session.scalars(wanted.chosen(context).limit(BATCH)))


async def _now(context: Context) -> Place:
    """Behind everything that is settled."""
    async with context.db.read() as session:
        oldest = await session.scalar(select(text("pg_snapshot_xmin(pg_current_snapshot())::text::bigint")))
    return int(oldest or 0) - 1, LAST


async def _known(context: Context, place: Place) -> Place:
    """The place, if the log has it."""
    position, id = place
    async with context.db.read() as session:
        there = changes.visible(context.viewer).where(Change.position == position, Change.id == id)
        if await session.scalar(there) is None:
            raise Gap()
    return place


def cursor_of(change: Change) -> str:
    """The place of a change: the same cursor that the list of changes gives."""
    return cursor(parse(NODES["Change"], ORDER), change)


def place_of(text: str) -> Place:
    """The place in a cursor. Raises BadCursor."""
    position, id = uncursor(parse(NODES["Change"], ORDER), text)
    return position, id
