"""What sources push is read in order of arrival, one message at a time, each in one transaction with its new status.

    WAITING ── receive() ──> records ──> plan ──> applied ────────────────────────────> TAKEN
                  │                        └── speak of what is not there yet: kept ──> PARKED ──> planned again ...
                  └── cannot be read ──────────────────────────────────────────────────> REFUSED

Only records that are not there yet are planned again, so that a message that is read later never undoes what a newer
one has said. A source that may overtake itself says with each record `at` when it is from.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import structlog
from sqlalchemy import Select, Text, cast, column, func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer

from hub.auth import system
from hub.db import Database
from hub.errors import HubError, Unavailable
from hub.models import Arrival, ArrivalStatus, PlanAction, Run, RunMode, RunStatus, Source, now
from hub.plugin import Plugin, Record, SourceBroken, SourceDown
from hub.services import arrivals, sources
from hub.sync import archive, exchange, outcome, pages, patience
from hub.sync.apart import apart
from hub.sync.drift import policies
from hub.sync.gone import guard
from hub.sync.pages import Items
from hub.sync.plan import plan
from hub.sync.planned import Planned
from hub.sync.reading import Readings, read
from hub.sync.registry import Registry
from hub.sync.work import TakenOver, Work, at_work, begin, fenced, insist, note, take, totals

READING_SECONDS = 30.0
AGAIN = timedelta(minutes=1)
PATIENCE = timedelta(days=7)
AT_ONCE = 500
MOST_BEFORE = 1_000
VIEWER = system("sync")

log = structlog.get_logger("hub.receiving")


async def waiting(database: Database) -> list[str]:
    """The sources of which something waits to be read, or to be read again."""
    mine = arrivals.visible(VIEWER).where(Arrival.source_id == Source.id)
    fresh = mine.where(Arrival.status == ArrivalStatus.WAITING)
    due = mine.where(Arrival.status == ArrivalStatus.PARKED, Arrival.again_at <= now())
    wanted = sources.visible(VIEWER).where(Source.enabled, fresh.exists() | due.exists())
    async with database.read() as session:
        return [source.name for source in await session.scalars(wanted)]


async def receive(database: Database, registry: Registry, name: str, *, started_by: str) -> Run | None:
    """Read what the source has pushed: a run of its own, done or failed. None: nothing waits that makes sense by now.

    Raises NotFound, Misconfigured, or Conflict where the source is being run: a pull takes it along.
    """
    async with database.read() as session:
        source = await sources.named(session, VIEWER, name)
        fresh = await session.scalar(_of(source, ArrivalStatus.WAITING).limit(1))
    ripe = await insist(partial(_ripe, database, source))
    if fresh is None and not ripe:
        return None
    async with apart(database, source) as client:
        plugin = await asyncio.to_thread(registry.make, source.plugin, source.settings, client)
        run = await begin(database, source, started_by, RunMode.RECEIVE, {})
        work = Work(database, source, run, secrets=exchange.secrets(plugin.config))
        async with at_work(work, RunStatus.DONE):
            if await take_waiting(work, plugin) or ripe:
                await take_parked(work)
        return work.run


def _of(source: Source, status: ArrivalStatus) -> Select[Arrival]:
    """The source's messages that stand so, in order of arrival."""
    mine = arrivals.visible(VIEWER).where(Arrival.source_id == source.id, Arrival.status == status)
    return mine.order_by(Arrival.id)


async def waits(work: Work) -> bool:
    """Whether any message of the source waits: asked for every page, so of the driver alone."""
    waiting = "SELECT EXISTS (SELECT FROM arrivals WHERE source_id = $1 AND status = 'WAITING')"
    async with work.database.direct() as connection:
        return bool(await connection.fetchval(waiting, work.source.id))


async def take_waiting(work: Work, plugin: Plugin[Any]) -> bool:
    """Read what has come, under the fence of whichever run is at work; whether anything came of it.

    Raises SourceDown, SourceRefused.
    """
    news = False
    while True:
        async with work.database.read() as session:
            one = await session.scalar(_of(work.source, ArrivalStatus.WAITING).limit(1))
            if one is None:
                return news
            rules = await policies(session, work.source.id)
        try:
            ready = await pages.received(plugin, one.body, rules, seconds=READING_SECONDS)
        except SourceBroken as error:
            await _refuse(work, one, str(error))
            if not await patience.answers():
                raise SourceDown(f"The plugin {plugin.name} blocks its thread: the next run goes on.") from error
            continue
        for earlier in await _speak_of(work, ready.items):
            news |= await _taken(work, earlier, *_again(earlier))
        news |= await _taken(work, one, ready.readings, ready.items)


async def take_parked(work: Work) -> None:
    """Read again what is parked, until nothing of it makes sense any more than before."""
    news = True
    while news:
        news, after = False, None
        while batch := await _parked(work, after):
            after = batch[-1].id
            for one in batch:
                news |= await _taken(work, one, *_again(one))


async def _parked(work: Work, after: UUID | None) -> list[Arrival]:
    statement = _of(work.source, ArrivalStatus.PARKED).options(defer(Arrival.body))
    if after is not None:
        statement = statement.where(Arrival.id > after)
    async with work.database.read() as session:
        return list(await session.scalars(statement.limit(AT_ONCE)))


async def _speak_of(work: Work, items: Items) -> list[Arrival]:
    """What is parked and speaks of the same things: it came before, so it is planned before."""
    async with work.database.read() as session:
        return list(await session.scalars(speaking_of(work.source, items)))


def speaking_of(source: Source, items: Items) -> Select[Arrival]:
    """The oldest messages that are parked for records of the same kind and key, found by the index on `waits`."""
    records = [one for one in items if isinstance(one, Record)]
    named = [{"kind": archive.clean(one.kind), "key": archive.clean(one.key)} for one in records]
    sought = cast(literal(orjson.dumps([[name] for name in named]).decode(), Text()), JSONB())
    each, parked = func.jsonb_array_elements(sought).table_valued(column("value", JSONB())), aliased(Arrival)
    same = select(parked.id).join_from(each, parked, parked.waits.op("@>", is_comparison=True)(each.c.value))
    found = _of(source, ArrivalStatus.PARKED).where(Arrival.id.in_(same))
    return found.options(defer(Arrival.body)).limit(MOST_BEFORE)


def _again(one: Arrival) -> tuple[Readings, Items]:
    """The records that a parked message is parked for."""
    items = [archive.again(kept) for kept in one.waits or ()]
    return read(items, partial=True), items


async def _taken(work: Work, one: Arrival, readings: Readings, items: Items) -> bool:
    """Apply one message; whether anything came of it. What the hub fails at is told at the message: others go on."""
    try:
        return await insist(partial(_apply, work, one, readings, items))
    except (Unavailable, TakenOver):
        raise
    except HubError as error:
        await _refuse(work, one, str(error))
    except Exception as error:
        log.exception("a message cannot be applied", source=work.source.name, arrival=str(one.id))
        await _refuse(work, one, f"A fault of the hub ({type(error).__name__}); its log says more.")
    return False


async def _apply(work: Work, one: Arrival, readings: Readings, items: Items) -> bool:
    """One message, one transaction: rows, refusals, counts and where it stands, or nothing of them."""
    run = work.run
    async with fenced(work) as session:
        planned = await plan(session, work.source.id, readings, None)
        early = [of for of in planned if _is_early(of)]
        if one.status is ArrivalStatus.PARKED and len(early) == len(planned):
            await _note(session, one, _parked_for(one, early))
            return False
        keys = {(of.kind, of.record.key) for of in early}
        planned = [of for of in planned if not _is_early(of)]
        items = [item for item in items if (item.kind, item.key) not in keys]
        counts = outcome.counted(planned, items)
        await guard(session, work.source, counts.closed, already=run.closed)
        await outcome.carry_out(work, session, planned, items)
        total = totals(run)
        total.add(counts)
        values = asdict(total) | {"pages": run.pages + 1, "records": run.records + len(items)}
        await note(session, run, values)
        refused = f"{counts.rejected} of {len(items)} records were refused: hub sync rejected {work.source.name}."
        taken = {"status": ArrivalStatus.TAKEN, "reason": refused if counts.rejected else None, "waits": None}
        standing = _parked_for(one, early) if early else taken
        await _note(session, one, standing | {"run_id": run.id})
    take(run, values)
    return counts.created + counts.updated + counts.closed > 0


def _is_early(one: Planned) -> bool:
    """Whether a record speaks of what is not there yet. An end that came first counts where it says when it was."""
    if one.action is PlanAction.REJECT:
        return bool(one.unknown)
    unknown = one.entity_id is None and one.row is None and not one.linked
    return unknown and one.record.deleted and one.record.at is not None


def _parked_for(one: Arrival, early: Sequence[Planned]) -> dict[str, Any]:
    """Where a message stands that speaks of what is not there yet: some day it is given up."""
    (first, *others) = early
    reason = archive.told(f"{first.kind} {first.record.key}: {first.rule}")
    values = {
        "status": ArrivalStatus.PARKED,
        "reason": f"{reason} And {len(others)} more." if others else reason,
        "again_at": now() + AGAIN,
        "waits": [archive.keep(of.record) for of in early],
    }
    if now() - one.created_at > PATIENCE:
        given_up = f"It waited for {PATIENCE.days} days. {values['reason']} Once more: hub hooks retry {one.id}."
        values |= {"status": ArrivalStatus.REFUSED, "reason": given_up}
    return values


async def _ripe(database: Database, source: Source) -> bool:
    """Whether something that is parked makes sense by now. What does not is looked at again a minute later."""
    async with database.write(VIEWER) as session:
        due = _of(source, ArrivalStatus.PARKED).where(Arrival.again_at <= now()).with_for_update(skip_locked=True)
        for one in list(await session.scalars(due.options(defer(Arrival.body)).limit(AT_ONCE))):
            readings, _ = _again(one)
            planned = await plan(session, source.id, readings, None)
            if not all(map(_is_early, planned)):
                return True
            await _note(session, one, _parked_for(one, planned))
    return False


async def _refuse(work: Work, one: Arrival, reason: str) -> None:
    async with fenced(work) as session:
        told = {"status": ArrivalStatus.REFUSED, "reason": archive.told(reason), "run_id": work.run.id}
        await _note(session, one, told)


async def _note(session: AsyncSession, one: Arrival, values: dict[str, Any]) -> None:
    statement = update(Arrival).where(Arrival.id == one.id)
    await session.execute(
        statement.values(**values, tries=Arrival.tries + 1, updated_at=now(), revision=Arrival.revision + 1)
    )
