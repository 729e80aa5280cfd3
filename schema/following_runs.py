"""Following a run: what the subscription does between two looks at it."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, select

from hub.auth import Viewer
from hub.errors import Invalid, NotFound
from hub.models import Run, RunStatus
from hub.services import sources
from schema.context import Context
from schema.node import uuid_for

LOOK_SECONDS = 0.5
RENEW_SECONDS = 3.0
FIRST = UUID(int=0)
COUNTS = ("status", "pages", "records", "expected", "created", "updated", "closed", "rejected", "unchanged", "moved")


@dataclass(frozen=True, slots=True)
class Wanted:
    """This run; or the one that the source is at, else the first that begins behind the run `after`."""

    run_id: UUID | None = None
    source_id: UUID | None = None
    after: UUID = FIRST

    def chosen(self, viewer: Viewer) -> Select[Run]:
        if self.run_id is not None:
            return sources.runs(viewer).where(Run.id == self.run_id)
        mine = sources.runs(viewer).where(Run.source_id == self.source_id)
        return mine.where((Run.id > self.after) | (Run.status == RunStatus.RUNNING)).order_by(Run.id).limit(1)


async def start(context: Context, run: str | None, source: str | None) -> Wanted:
    """Which run to follow. Raises Forbidden, NotFound, and Invalid unless one of the two is given."""
    context.viewer.must("sync:read")
    async with context.db.read() as session:
        if run is not None and source is None:
            wanted = Wanted(uuid_for("Run", run, field="run"))
            if await session.scalar(wanted.chosen(context.viewer)) is None:
                raise NotFound("run", run)
            return wanted
        if source is not None and run is None:
            found = await sources.named(session, context.viewer, source)
            last = select(Run.id).where(Run.source_id == found.id).order_by(Run.id.desc()).limit(1)
            return Wanted(source_id=found.id, after=await session.scalar(last) or FIRST)
    raise Invalid("Name one run, by `run` or by `source`.", field="run")


async def follow(context: Context, wanted: Wanted) -> AsyncIterator[Run]:
    """The run, each time it has come further, until it has ended; who asks is looked at again on the way."""
    renewed, seen = time.monotonic(), None
    while True:
        if time.monotonic() - renewed > RENEW_SECONDS:
            context.viewer, renewed = await context.renew(), time.monotonic()
            context.viewer.must("sync:read")
        async with context.db.read() as session:
            run = await session.scalar(wanted.chosen(context.viewer))
        if run is not None:
            wanted = Wanted(run.id)
            if (counts := tuple(getattr(run, name) for name in COUNTS)) != seen:
                seen = counts
                context.forget()
                yield run
            if run.status is not RunStatus.RUNNING:
                return
        await asyncio.sleep(LOOK_SECONDS)
