"""A run: one pull from one source, page after page, each in a transaction of its own together with its cursor."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Database, Origin
from hub.errors import Misconfigured
from hub.models import AlertKind, Landing, PlanAction, Rejected, RejectedStatus, Run, RunMode, RunStatus, Source
from hub.models.base import now
from hub.plugin import BadRecord, Page, Plugin, Pulls, Receives, SourceError
from hub.prepared import given
from hub.services.alerts import clear_alert, raise_alert
from hub.services.shapes import shape
from hub.sync import apply as applying
from hub.sync import archive, bulk, exchange, foreseen, gone, journal, outcome, overtaken, pages, receiving, rejected
from hub.sync.apart import apart
from hub.sync.drift import policies
from hub.sync.gone import TooMuchGone
from hub.sync.pages import Items, Ready
from hub.sync.period import Days, bounds
from hub.sync.plan import Moment, plan
from hub.sync.planned import Brought, Planned
from hub.sync.registry import Registry
from hub.sync.sources import stored_source
from hub.sync.work import Progress, Work, at_work, begin, fenced, insist, not_paused, note, take, totals

AGAIN = 2_000
_SOURCES, _LANDINGS = shape(Source).table, shape(Landing).table
_LANDED = bulk.Query(insert(_LANDINGS).values({column: given(column.name) for column in _LANDINGS.c}))
_FURTHER = bulk.Query(
    update(_SOURCES).where(_SOURCES.c.id == given("source")).values(cursor=given("cursor"), updated_at=given("at"))
)


@dataclass(slots=True)
class Pull(Work):
    """A run that pulls: what it reads, what earlier pages of a mere plan bring, what it has said of changed structure.

    watched       the kinds of which it may bring everything, so that all of them is noted
    whole         whether nothing was set aside for it, so that what it calls all is all
    complete      the kinds of which it has, each with the part of the keys for which that is said
    lets_go       whether a person lets it mark too much as gone
    lets_refused  whether a person lets it refuse too much
    refused       how many records it has refused for good
    """

    plugin: Plugin[Any]
    ahead: Brought = field(default_factory=dict)
    drifted: set[tuple[str, str]] = field(default_factory=set)
    watched: frozenset[str] = frozenset()
    whole: bool = True
    complete: gone.Complete = frozenset()
    lets_go: bool = False
    lets_refused: bool = False
    refused: int = 0


async def run_source(
    database: Database,
    registry: Registry,
    name: str,
    *,
    started_by: str,
    overrides: Mapping[str, Any] | None = None,
    mode: RunMode = RunMode.APPLY,
    reason: str | None = None,
    allow_refused: str | None = None,
    days: Days | None = None,
    full: bool = False,
    progress: Progress | None = None,
) -> Run:
    """Pull from the source `name`, or from the ready-made source of that name. Returns the run, done or failed.

    `days`: only what is of this range, where the plugin can bound a pull so. `full`: everything from the beginning.
    `reason`: why it may mark more as gone than the source's limit; `allow_refused`: why it may refuse more.
    Raises NotFound, Misconfigured, or Conflict where the source is paused or is being run already.
    """
    source = await insist(partial(stored_source, database, registry, name))
    not_paused(source)
    async with apart(database, source) as client:
        if days is not None:
            overrides = {**(overrides or {}), **bounds(registry, source.plugin, days)}
        settings = {**source.settings, **(overrides or {})}
        plugin = await asyncio.to_thread(registry.make, source.plugin, settings, client)
        if not isinstance(plugin, Pulls):
            raise Misconfigured(f"{source.plugin} cannot be read from: it has no pull().")
        told = plugin.config.model_dump(mode="json", include=set(overrides or ()))  # secrets come out as stars
        why = "; ".join(filter(None, (reason, allow_refused))) or None
        run = await begin(database, source, started_by, mode, told, reason=why)
        pull = Pull(database, source, run, plugin, secrets=exchange.secrets(plugin.config))
        pull.lets_go, pull.lets_refused = reason is not None, allow_refused is not None
        async with at_work(pull, RunStatus.PLANNED if mode is RunMode.PLAN else RunStatus.DONE):
            await _pages(pull, progress or (lambda run: None), overridden=bool(overrides), full=full)
        return pull.run


async def _pages(pull: Pull, progress: Progress, *, overridden: bool, full: bool) -> None:
    """Read ahead by one page while the last one is written."""
    cursor = None if overridden or full else pull.source.cursor
    async with pull.database.read() as session:
        rules = await policies(session, pull.source.id)
    applies = pull.run.mode is RunMode.APPLY
    pull.whole = not overridden
    if cursor is None:
        pull.watched = pull.plugin.whole
    pushed = applies and isinstance(pull.plugin, Receives)
    arrivals = partial(_arrivals, pull) if pushed else None
    try:
        async with pages.reading(pull.plugin, cursor, rules, partial(_applied, pull), arrivals, anew=full) as coming:
            async for page in coming:
                pull.complete |= _complete(pull, page.page)
                await insist(partial(_page, pull, page, coming.begin, keep_cursor=overridden))
                if arrivals:
                    await arrivals()
                progress(pull.run)
        await (_settle(pull, everything=cursor is None) if applies else _foresee(pull))
        progress(pull.run)
    except TooMuchGone as error:
        async with pull.database.write(pull.viewer) as session:
            await raise_alert(session, AlertKind.GUARDED, pull.source.id, "", str(error))
        raise
    if applies:
        async with pull.database.write(pull.viewer) as session:
            await clear_alert(session, AlertKind.GUARDED, pull.source.id, "")


async def _applied(pull: Pull, kind: str, keys: Sequence[str]) -> Mapping[str, bytes]:
    """See pages.Applied. Asked for every page, so of the driver alone; a young table's statistics would have all of it
    looked through."""
    known = "SELECT key, hash FROM links WHERE source_id = $1 AND kind = $2 AND key = ANY($3) AND later IS NULL"
    async with pull.database.direct() as connection, connection.transaction(readonly=True):
        await connection.execute("SET LOCAL enable_seqscan = off")
        return dict(await connection.fetch(known, pull.source.id, kind, keys))


def _complete(pull: Pull, page: Page) -> gone.Complete:
    """What is all there by now. Where a setting was set aside for this run, only what the page says of a part."""
    parts = page.within or ({gone.EVERY_KEY} if pull.whole else frozenset())
    return frozenset(product(page.complete & pull.watched, parts))


async def _settle(pull: Pull, *, everything: bool) -> None:
    """What the last page leaves to be done: what waited for something, and what is no longer there."""
    await _try_again(pull)
    if isinstance(pull.plugin, Receives):
        await receiving.take_parked(pull)
    if everything:
        await _close_the_rest(pull)
    if pull.complete:
        await gone.sweep(pull, pull.complete, guarded=not pull.lets_go)


async def _foresee(pull: Pull) -> None:
    """What the last page of a mere plan tells: what would be gone, and whether that would be too much."""
    if pull.complete:
        await foreseen.foresee(pull, pull.complete)
    await foreseen.guard(pull)


async def _arrivals(pull: Pull) -> None:
    """Take what the source has pushed meanwhile; what cannot be read just now waits for a run of its own."""
    if await receiving.waits(pull):
        with suppress(SourceError):
            await receiving.take_waiting(pull, pull.plugin)


async def _page(pull: Pull, ready: Ready, decided: Callable[[], None], *, keep_cursor: bool) -> None:
    """One page, one transaction: what was received, rows, refusals, counts and cursor, or nothing of them."""
    run, page = pull.run, ready.page
    async with fenced(pull) as session:
        if page.received is not None:
            await _LANDED.rows(session, **_landing(run, page))
        if run.mode is RunMode.PLAN:
            held = await overtaken.held(session, run, ready.readings)
            moment = Moment(run.started_at, overtaken.promised(held))
            planned = await plan(session, pull.source.id, ready.readings, pull.ahead, moment)
            counts = await overtaken.overtake(session, planned, held)
        else:
            planned, counts = await plan(session, pull.source.id, ready.readings, None), applying.Counts()
        decided()
        ready = ready.settled()
        items = ready.items
        await _heed(pull, session, ready)
        if run.mode is RunMode.APPLY and not pull.lets_go:
            await gone.guard(session, pull.source, applying.counted(planned).closed, already=run.closed)
        counts.add(outcome.counted(planned, items))
        refused = counts.rejected - sum(one.waits for one in planned)
        planned = _in_its_words(planned, page.columns)
        if not pull.lets_refused:
            outcome.guard(pull, planned, ready, refused, already=pull.refused)
        await _carry_out(pull, session, planned, items)
        total = totals(run)
        total.add(counts)
        values = asdict(total) | {"pages": run.pages + 1, "records": run.records + len(items)}
        await note(session, run, values | {"expected": page.total if page.total is not None else run.expected})
        if page.cursor is not None and not keep_cursor:
            await _further(pull, session, page.cursor)
    take(run, values | {"expected": page.total if page.total is not None else run.expected})
    pull.drifted |= ready.readings.drifted.keys()
    pull.refused += refused
    journal.of_page(run)


async def _heed(pull: Pull, session: AsyncSession, ready: Ready) -> None:
    """Note what was seen of a source that brings everything, and say what it says beyond what is expected."""
    if pull.watched:
        await gone.sight(session, pull.run, ready.items, pull.watched)
    if pull.plugin.whole and not (pull.watched and pull.whole) and pull.run.mode is RunMode.APPLY:
        await gone.seen_again(session, pull.run, ready.items)
    for kind, name in ready.readings.drifted.keys() - pull.drifted:
        words = (
            f"{kind}.{name}: {archive.told(ready.readings.drifted[kind, name])}. `hub rules drift` sets what happens."
        )
        await raise_alert(session, AlertKind.DRIFT, pull.source.id, f"{kind}.{name}", words)


async def _further(pull: Pull, session: AsyncSession, cursor: str) -> None:
    """Keep where the next run goes on from; of a mere plan, where it goes on once the plan is applied."""
    if pull.run.mode is RunMode.PLAN:
        await note(session, pull.run, {"cursor": cursor})
    else:
        await _FURTHER.rows(session, source=pull.source.id, cursor=cursor, at=now())


def _in_its_words(planned: list[Planned], columns: Mapping[str, str]) -> list[Planned]:
    """The same, with refusals that name a field as the source does: a column of its table."""
    for one in planned:
        name, colon, words = one.rule.partition(": ")
        if one.action is PlanAction.REJECT and colon and name in columns:
            one.rule = f"column {columns[name]}: {words}"
    return planned


async def _carry_out(pull: Pull, session: AsyncSession, planned: Sequence[Planned], items: Items) -> None:
    """Apply or store what is planned."""
    if pull.run.mode is RunMode.PLAN:
        bad = [item for item in items if isinstance(item, BadRecord)]
        await applying.store(session, pull.run, planned, bad)
    else:
        await outcome.carry_out(pull, session, planned, items)


async def _try_again(pull: Pull) -> None:
    """Records that wait for something, of this run and of earlier ones: it may have come since."""
    taken = -1
    while taken:
        taken, after = 0, None
        while batch := await _waiting(pull, after):
            after = batch[-1].id
            taken += await insist(partial(_again, pull, batch))


async def _again(pull: Pull, batch: Sequence[Rejected]) -> int:
    """Take those of these records that make sense by now; how many."""
    mine = {(one.kind, one.key) for one in batch if one.run_id == pull.run.id}
    async with fenced(pull) as session:
        rules = await policies(session, pull.source.id)
        readings = rejected.again(batch, rules)
        planned = await plan(session, pull.source.id, readings, None)
        taken = [one for one in planned if one.action is not PlanAction.REJECT]
        await applying.apply(session, pull.source.id, Origin(pull.viewer.subject, pull.run.id), taken)
        await rejected.heal(session, pull.run, taken)
        counts = applying.counted(taken)
        counts.rejected = -sum((one.kind, one.record.key) in mine for one in taken)
        total = totals(pull.run)
        total.add(counts)
        await note(session, pull.run, asdict(total))
    take(pull.run, asdict(total))
    return len(taken)


async def _close_the_rest(pull: Pull) -> None:
    """Everything was read: what an earlier run of the same settings refused, and this one did not, is settled."""
    alike = select(Run.id).where(
        Run.source_id == pull.source.id, Run.settings == pull.run.settings, Run.mode == RunMode.APPLY
    )
    open_ones = (Rejected.source_id == pull.source.id, Rejected.status == RejectedStatus.OPEN)
    settled = update(Rejected).where(*open_ones, Rejected.run_id != pull.run.id, Rejected.run_id.in_(alike))
    async with fenced(pull) as session:
        await session.execute(settled.values(status=RejectedStatus.REPLAYED, updated_at=now()))


async def _waiting(pull: Pull, after: UUID | None) -> list[Rejected]:
    mine = (Rejected.source_id == pull.source.id, Rejected.status == RejectedStatus.OPEN)
    statement = select(Rejected).where(*mine, Rejected.record.contains({"waits": True})).order_by(Rejected.id)
    if after is not None:
        statement = statement.where(Rejected.id > after)
    async with pull.database.read() as session:
        return list(await session.scalars(statement.limit(AGAIN)))


def _landing(run: Run, page: Page) -> dict[str, Any]:
    received = page.received or b""
    digest = hashlib.sha256(received).hexdigest()
    return {"run_id": run.id, "page": run.pages + 1, "received": received, "sha256": digest, "received_at": now()}
