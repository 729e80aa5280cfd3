"""A run: one pull from one source, page after page, each in a transaction of its own together with its cursor."""

import asyncio
import contextlib
import hashlib
import os
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, system
from hub.db import Database, Origin
from hub.errors import Conflict, HubError, Misconfigured, NotFound
from hub.models import Landing, PlanAction, Rejected, RejectedStatus, Run, RunMode, RunStatus, Source, uuid7
from hub.models.base import now
from hub.plugin import BadRecord, Page, Plugin, Pulls, Record, SourceError
from hub.sync import apply as applying
from hub.sync import archive, http, pages, rejected
from hub.sync.apply import Counts
from hub.sync.pages import Items, Ready
from hub.sync.plan import plan
from hub.sync.planned import Brought, Planned
from hub.sync.reading import read
from hub.sync.registry import Registry

LEASE = timedelta(seconds=30)
AGAIN = 2_000
MANY, MOST = 1_000, 0.5
IN_BETWEEN, TRIES = frozenset({"40001", "40P01", "55P03", "23505"}), 5
T = TypeVar("T")

Progress = Callable[[Run], None]


@dataclass(slots=True)
class Pull:
    """A run at work: what it reads, under which fence it writes, and what earlier pages of a mere plan bring."""

    database: Database
    source: Source
    run: Run
    plugin: Plugin[Any]
    ahead: Brought = field(default_factory=dict)

    @property
    def viewer(self) -> Viewer:
        return system(f"source:{self.source.name}", self.source.name)


async def run_source(
    database: Database,
    registry: Registry,
    name: str,
    *,
    started_by: str,
    overrides: Mapping[str, Any] | None = None,
    mode: RunMode = RunMode.APPLY,
    progress: Progress | None = None,
) -> Run:
    """Pull from the source `name`, or from the ready-made source of that name. Returns the run, done or failed.

    Raises NotFound, Misconfigured, or Conflict where the source is being run already.
    """
    async with http.client() as client:
        source = await _insist(partial(_source, database, registry, name))
        settings = {**source.settings, **(overrides or {})}
        plugin = registry.make(source.plugin, settings, client)
        if not isinstance(plugin, Pulls):
            raise Misconfigured(f"{source.plugin} cannot be read from: it has no pull().")
        told = plugin.config.model_dump(mode="json", include=set(overrides or ()))  # secrets come out as stars
        pull = Pull(database, source, await _begin(database, source, started_by, mode, told), plugin)
        heart = asyncio.create_task(_beat(pull))
        try:
            await _pages(pull, progress or (lambda run: None), overridden=bool(overrides))
            await _end(pull, RunStatus.PLANNED if mode is RunMode.PLAN else RunStatus.DONE)
        except (SourceError, HubError) as error:
            await _end(pull, RunStatus.FAILED, str(error))
        except asyncio.CancelledError:
            await asyncio.shield(_end(pull, RunStatus.CANCELLED, "It was stopped; what was applied stays."))
            raise
        except Exception as error:
            await _end(pull, RunStatus.FAILED, f"A fault of the hub ({type(error).__name__}); its log says more.")
            raise
        finally:
            heart.cancel()
        return pull.run


async def _source(database: Database, registry: Registry, name: str) -> Source:
    """The source of that name, made from a plugin's preset at first use."""
    async with database.write(system("sync")) as session:
        source = await session.scalar(select(Source).where(Source.name == name))
        if source is None:
            preset = next((preset for preset in registry.presets() if preset.name == name), None)
            if preset is None:
                names = sorted({preset.name for preset in registry.presets()})
                raise NotFound("source", name, f"Ready-made ones: {', '.join(names)}.")
            title = registry.plugins[preset.plugin].title
            source = Source(name=name, plugin=preset.plugin, title=title, settings=dict(preset.settings))
            session.add(source)
    if not source.enabled:
        raise Conflict(f"The source {name} is switched off.")
    return source


async def _begin(database: Database, source: Source, started_by: str, mode: RunMode, told: Mapping[str, Any]) -> Run:
    """A new run with a new fence: whoever wrote under the old one is refused from now on."""
    async with database.write(system("sync")) as session:
        await session.refresh(locked := await session.get_one(Source, source.id, with_for_update=True))
        running = select(Run).where(Run.source_id == source.id, Run.status == RunStatus.RUNNING)
        for other in await session.scalars(running):
            if other.alive_at > now() - LEASE and not _dead(other.worker):
                raise Conflict(
                    f"{source.name} is being run since {other.started_at:%H:%M:%S} UTC by {other.started_by} "
                    f"(run {other.id}). Wait for it, or try again {LEASE.seconds} s after it stops answering."
                )
            other.status, other.finished_at = RunStatus.FAILED, now()
            other.error = "Its worker vanished; what was applied stays, the next run goes on from there."
        fence = locked.fence + 1
        await session.execute(update(Source).where(Source.id == source.id).values(fence=fence))
        run = Run(
            id=uuid7(),
            source_id=source.id,
            mode=mode,
            started_by=started_by,
            fence=fence,
            worker=_worker(),
            settings=dict(told),
            status=RunStatus.RUNNING,
            pages=0,
            records=0,
            created=0,
            updated=0,
            closed=0,
            rejected=0,
            unchanged=0,
        )
        session.add(run)
    source.cursor, source.fence = locked.cursor, fence
    return run


def _worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _dead(worker: str) -> bool:
    """Whether a worker of this very machine is surely gone."""
    host, _, pid = worker.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


async def _beat(pull: Pull) -> None:
    """Give a sign of life while pages are slow to come."""
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 3)
        with contextlib.suppress(HubError):
            async with pull.database.write(pull.viewer) as session:
                await session.execute(update(Run).where(Run.id == pull.run.id).values(alive_at=now()))


async def _pages(pull: Pull, progress: Progress, *, overridden: bool) -> None:
    """Read ahead by one page while the last one is written."""
    cursor = None if overridden else pull.source.cursor
    async with pages.reading(pull.plugin, cursor) as coming:
        async for page in coming:
            await _insist(partial(_page, pull, page, coming.begin, keep_cursor=overridden))
            progress(pull.run)
    if pull.run.mode is RunMode.APPLY:
        await _try_again(pull)
        if cursor is None:
            await _close_the_rest(pull)
        progress(pull.run)


async def _insist(step: Callable[[], Awaitable[T]]) -> T:
    """Do it again where another transaction came in between: nothing of the first try is there."""
    for tries in count(1):
        try:
            return await step()
        except Conflict as error:
            state = getattr(getattr(error.__cause__, "orig", None), "sqlstate", None)
            if state not in IN_BETWEEN or tries == TRIES:
                raise
            await asyncio.sleep(random.random() * tries / 10)
    raise AssertionError("count() does not end")


async def _page(pull: Pull, ready: Ready, decided: Callable[[], None], *, keep_cursor: bool) -> None:
    """One page, one transaction: what was received, rows, refusals, counts and cursor, or nothing of them."""
    run, page, items = pull.run, ready.page, ready.items
    async with _fenced(pull) as session:
        if page.received is not None:
            await session.execute(insert(Landing).values(_landing(run, page)))
        planned = await plan(session, pull.source.id, ready.readings, pull.ahead if run.mode is RunMode.PLAN else None)
        decided()
        counts = await _carry_out(pull, session, _in_its_words(planned, page.columns), items)
        if len(items) >= MANY and counts.rejected - sum(one.waits for one in planned) > MOST * len(items):
            first = next(_reasons(items, planned))
            raise Conflict(
                f"{counts.rejected} of {len(items)} records of page {run.pages + 1} were refused, so nothing "
                f"of it was taken. The first: {first} Is this the right file and the right kind?"
            )
        total = _totals(run)
        total.add(counts)
        values = asdict(total) | {"pages": run.pages + 1, "records": run.records + len(items)}
        await _note(session, run, values | {"expected": page.total if page.total is not None else run.expected})
        if page.cursor is not None and not keep_cursor and run.mode is RunMode.APPLY:
            await session.execute(update(Source).where(Source.id == pull.source.id).values(cursor=page.cursor))
    _set(run, values | {"expected": page.total if page.total is not None else run.expected})


def _in_its_words(planned: list[Planned], columns: Mapping[str, str]) -> list[Planned]:
    """The same, with refusals that name a field as the source does: a column of its table."""
    for one in planned:
        name, colon, words = one.rule.partition(": ")
        if one.action is PlanAction.REJECT and colon and name in columns:
            one.rule = f"column {columns[name]}: {words}"
    return planned


def _reasons(items: Items, planned: Sequence[Planned]) -> Iterator[str]:
    yield from (item.reason for item in items if isinstance(item, BadRecord))
    yield from (one.rule for one in planned if one.action is PlanAction.REJECT)


async def _carry_out(pull: Pull, session: AsyncSession, planned: Sequence[Planned], items: Items) -> Counts:
    """Apply or store what is planned; say what came of it."""
    bad = [item for item in items if isinstance(item, BadRecord)]
    counts = applying.counted(planned)
    counts.rejected += len(bad)
    counts.unchanged += len(items) - len(bad) - len(planned)
    if pull.run.mode is RunMode.PLAN:
        await applying.store(session, pull.run.id, planned, bad)
        return counts
    await applying.apply(session, pull.source.id, Origin(pull.viewer.subject, pull.run.id), planned)
    last = {(item.kind, item.key): item for item in items}
    taken = [one for one in planned if one.action is not PlanAction.REJECT]
    refused = [one for one in planned if one.action is PlanAction.REJECT]
    await rejected.reject(session, pull.run, [*bad, *refused])
    await rejected.heal(session, pull.run, [one for one in taken if isinstance(last[one.kind, one.record.key], Record)])
    return counts


async def _try_again(pull: Pull) -> None:
    """Records that wait for something, of this run and of earlier ones: it may have come since."""
    taken = -1
    while taken:
        taken, after = 0, None
        while batch := await _waiting(pull, after):
            after = batch[-1].id
            taken += await _insist(partial(_again, pull, batch))


async def _again(pull: Pull, batch: Sequence[Rejected]) -> int:
    """Take those of these records that make sense by now; how many."""
    mine = {(one.kind, one.key) for one in batch if one.run_id == pull.run.id}
    readings = read([archive.again(one.record) for one in batch if one.record])
    async with _fenced(pull) as session:
        planned = await plan(session, pull.source.id, readings, None)
        taken = [one for one in planned if one.action is not PlanAction.REJECT]
        await applying.apply(session, pull.source.id, Origin(pull.viewer.subject, pull.run.id), taken)
        await rejected.heal(session, pull.run, taken)
        counts = applying.counted(taken)
        counts.rejected = -sum((one.kind, one.record.key) in mine for one in taken)
        total = _totals(pull.run)
        total.add(counts)
        await _note(session, pull.run, asdict(total))
    _set(pull.run, asdict(total))
    return len(taken)


async def _close_the_rest(pull: Pull) -> None:
    """Everything was read: what an earlier run of the same settings refused, and this one did not, is settled."""
    alike = select(Run.id).where(Run.source_id == pull.source.id, Run.settings == pull.run.settings)
    open_ones = (Rejected.source_id == pull.source.id, Rejected.status == RejectedStatus.OPEN)
    settled = update(Rejected).where(*open_ones, Rejected.run_id != pull.run.id, Rejected.run_id.in_(alike))
    async with _fenced(pull) as session:
        await session.execute(settled.values(status=RejectedStatus.REPLAYED, updated_at=now()))


async def _waiting(pull: Pull, after: UUID | None) -> list[Rejected]:
    mine = (Rejected.source_id == pull.source.id, Rejected.status == RejectedStatus.OPEN)
    statement = select(Rejected).where(*mine, Rejected.record.contains({"waits": True})).order_by(Rejected.id)
    if after is not None:
        statement = statement.where(Rejected.id > after)
    async with pull.database.read() as session:
        return list(await session.scalars(statement.limit(AGAIN)))


@contextlib.asynccontextmanager
async def _fenced(pull: Pull) -> AsyncIterator[AsyncSession]:
    """A transaction that only the newest run of the source may commit."""
    async with pull.database.write(pull.viewer, run_id=pull.run.id) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))  # a young table's statistics would ask for it
        fence = await session.scalar(select(Source.fence).where(Source.id == pull.source.id).with_for_update())
        if fence != pull.run.fence:
            raise Conflict(
                f"Another run of {pull.source.name} has taken over; this one stopped and wrote nothing more."
            )
        yield session


def _landing(run: Run, page: Page) -> dict[str, Any]:
    received = page.received or b""
    digest = hashlib.sha256(received).hexdigest()
    return {"run_id": run.id, "page": run.pages + 1, "received": received, "sha256": digest}


def _totals(run: Run) -> Counts:
    return Counts(run.created, run.updated, run.closed, run.rejected, run.unchanged)


async def _note(session: AsyncSession, run: Run, values: Mapping[str, Any]) -> None:
    await session.execute(update(Run).where(Run.id == run.id).values(**values, alive_at=now()))


def _set(run: Run, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(run, name, value)


async def _end(pull: Pull, status: RunStatus, error: str | None = None) -> None:
    values = {"status": status, "finished_at": now(), "error": error and archive.told(error)}
    async with pull.database.write(pull.viewer) as session:
        await session.execute(
            update(Run).where(Run.id == pull.run.id, Run.status == RunStatus.RUNNING).values(**values)
        )
    _set(pull.run, values)
