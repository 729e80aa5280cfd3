"""Sending: the oldest delivery of each row goes to its target, one at a time, and what came of it is written down.

    turn -> mark it as being sent (committed) -> plugin.push -> sent, refused, later or stopped, with the attempt

Whatever falls over in between, the mark stands: the next try says `again`, and the token is the same.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hub.db import Database
from hub.errors import Conflict, Misconfigured
from hub.models import AlertKind, Delivery, DeliveryStatus, Target, TargetStatus, now
from hub.plugin import BadRecord, Change, Plugin, Pushes, SourceDown, SourceError
from hub.services import alerts, targets
from hub.sync import exchange, outcomes, telling, turns
from hub.sync.apart import apart
from hub.sync.exchange import SEEN, Exchange
from hub.sync.kinds import KINDS
from hub.sync.outbox import PLAIN, VIEWER
from hub.sync.outcomes import Later, Outcome, Refused, Sent, Stopped, Try
from hub.sync.patience import TooLong, answers, awaited
from hub.sync.registry import Registry
from hub.sync.turns import Turn
from hub.sync.work import LEASE

LIMIT_SECONDS = 25.0  # below the lease: whoever is still waiting then still has the turn
LETTING_GO_SECONDS = 1.0
AT_ONCE = 200
MOST_IN_LINE = 500

log = structlog.get_logger("hub.sending")


@dataclass(frozen=True, slots=True)
class Sending:
    """What a sender works with. `clock` and `chance` (0 to 1) decide when, so that a test can."""

    database: Database
    registry: Registry
    clock: Callable[[], datetime] = now
    chance: Callable[[], float] = random.random
    limit: float = LIMIT_SECONDS
    stop: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Marked:
    """A delivery that is marked as being sent, and what the plugin is given."""

    delivery: Delivery
    change: Change


async def send(sending: Sending, target_id: UUID) -> int:
    """Send what is due to a target, until nothing is or somebody stops it; how many attempts were made."""
    turn = await turns.take(sending.database, target_id, sending.clock())
    if turn is None:
        return 0
    heart = asyncio.create_task(turns.beat(turn))
    try:
        async with apart(sending.database, turn.source) as client:
            exchange.listen(client)
            make = partial(sending.registry.make, turn.source.plugin, turn.source.settings, client)
            return await _send(sending, turn, await asyncio.to_thread(make))
    except Misconfigured as error:
        async with turns.fenced(turn) as (session, _):
            await outcomes.stop(session, turn, str(error))
        return 0
    finally:
        heart.cancel()
        await asyncio.shield(turns.give_back(turn))


async def _send(sending: Sending, turn: Turn, plugin: Plugin[Any]) -> int:
    if not isinstance(plugin, Pushes):
        raise Misconfigured(f"{plugin.name} cannot be told anything: it has no push().")
    taken = plugin.pushes or frozenset(KINDS)
    async with turns.fenced(turn) as (_, target):
        if taken.isdisjoint(target.kinds):
            names = ", ".join(target.kinds)
            raise Misconfigured(f"{plugin.name} takes no {names}. It takes: {', '.join(sorted(taken))}.")
    attempts = 0
    while attempts < AT_ONCE and not sending.stop.is_set():
        marked = await _mark_next(sending, turn, plugin)
        if marked is None:
            break
        attempts += 1
        if not await _deliver(sending, turn, plugin, marked):
            break
    return attempts


def waiting(delivery: Any) -> ColumnElement[bool]:
    """Neither sent nor skipped: written out, so that the partial indexes serve it."""
    done = bindparam(
        None, list(targets.DONE), expanding=True, literal_execute=True, type_=Delivery.__table__.c.status.type
    )
    found: ColumnElement[bool] = delivery.status.not_in(done)
    return found


def heads(at: datetime) -> Select[Delivery]:
    """Of each row of a target the oldest delivery that waits, if it may go now. `Target` is to be joined.

    Where the target does not answer, any of them may ask whether it does again.
    """
    earlier = aliased(Delivery)
    first = ~exists().where(
        earlier.target_id == Delivery.target_id,
        earlier.entity_id == Delivery.entity_id,
        waiting(earlier),
        tuple_(earlier.position, earlier.change_id) < tuple_(Delivery.position, Delivery.change_id),
    )
    due = or_(Delivery.next_at.is_(None), Delivery.next_at <= at, Target.failures >= outcomes.IN_A_ROW)
    mine = and_(Delivery.target_id == Target.id, waiting(Delivery), Delivery.status != DeliveryStatus.PARKED)
    return targets.deliveries(VIEWER).where(mine, first, due)


async def due(database: Database, at: datetime) -> list[UUID]:
    """The targets that have something to be told now."""
    async with database.read() as session:
        wanted = targets.visible(VIEWER).where(turns.free(at), heads(at).correlate(Target).exists())
        return list(await session.scalars(wanted.with_only_columns(Target.id).order_by(Target.id)))


async def _mark_next(sending: Sending, turn: Turn, plugin: Plugin[Any]) -> Marked | None:
    """Mark the next delivery as being sent; None: nothing is due. What need not be sent is skipped on the way."""
    while True:
        at = sending.clock()
        async with turns.fenced(turn) as (session, target):
            if target.status is not TargetStatus.ACTIVE or (target.next_at is not None and target.next_at > at):
                return None
            wanted = heads(at).where(Target.id == target.id).order_by(Delivery.position, Delivery.change_id)
            found = await session.scalar(wanted.limit(1))
            if found is None:
                return None
            delivery = await _newest(session, found)
            if delivery.kind not in (plugin.pushes or KINDS):
                await _skip(session, delivery, f"{turn.source.name} takes no {delivery.kind}.")
            elif (marked := await _mark(session, turn, target, delivery, at)) is not None:
                return marked


async def _newest(session: AsyncSession, head: Delivery) -> Delivery:
    """The head, or the one behind it that says all that it would: steps of requests are sent each."""
    line = targets.deliveries(VIEWER).where(
        Delivery.target_id == head.target_id, Delivery.entity_id == head.entity_id, waiting(Delivery)
    )
    line = line.order_by(Delivery.position, Delivery.change_id).limit(MOST_IN_LINE)
    first, *behind = await session.scalars(line)
    for later in behind:
        if first.action not in PLAIN or first.tries or first.asked_by or later.status is DeliveryStatus.PARKED:
            break
        await _skip(session, first, "A later one says it all.")
        first = later
    return first


async def _skip(session: AsyncSession, delivery: Delivery, reason: str) -> None:
    await outcomes.put(session, delivery, status=DeliveryStatus.SKIPPED, reason=reason)


async def _mark(session: AsyncSession, turn: Turn, target: Target, delivery: Delivery, at: datetime) -> Marked | None:
    """What is to be said, marked as being sent; None where there is nothing to say, or a person is to be asked."""
    told = await telling.told(session, KINDS[delivery.kind], delivery.entity_id, at)
    held = await telling.held(session, target, delivery)
    fresh = not delivery.tries and not delivery.asked_by
    if fresh and await _echoes(session, turn, delivery, at):
        return None
    if fresh and delivery.action in PLAIN:
        if told.hash == held.hash:
            await _skip(session, delivery, "The target has exactly this already.")
            return None
        if told.deleted and held.key is None:
            await _skip(session, delivery, "It was gone before the target heard of it.")
            return None
    change = await telling.change(session, delivery, held, told)
    known = told.hash if fresh or (told.hash == delivery.hash and not delivery.asked_by) else None
    tries = delivery.tries + 1
    await outcomes.put(session, delivery, status=DeliveryStatus.SENDING, tries=tries, hash=known, reason=None)
    session.expunge(delivery)
    delivery.tries = tries  # as it stands now; the session writes nothing of it
    return Marked(delivery, change)


async def _echoes(session: AsyncSession, turn: Turn, delivery: Delivery, at: datetime) -> bool:
    """Whether the row goes to and fro between its writers: then a person is asked before it goes on."""
    flips = await telling.flips(session, delivery, at)
    if flips <= telling.FLIPS:
        return False
    reason = (
        f"It went to and fro {flips} times within {telling.FLIPPING.seconds // 60} minutes: those who write it "
        "contradict one another. Decide whose word stands, then retry or skip this delivery."
    )
    await outcomes.park(session, turn, delivery, reason)
    subject = f"{delivery.kind} {delivery.entity_id}"
    await alerts.raise_alert(session, AlertKind.ECHO, turn.source.id, subject, reason)
    return True


async def _deliver(sending: Sending, turn: Turn, plugin: Pushes, marked: Marked) -> bool:
    """Push and write down what came of it; False: nothing more is to be sent in this turn."""
    if sending.clock() - turn.alive_at > LEASE:
        raise Conflict(f"The worker slept over its turn at {turn.source.name}; another one may have it.")
    seen: list[Exchange] = []
    began, at = time.monotonic(), sending.clock()
    outcome = await _pushed(sending, plugin, marked.change, seen)
    milliseconds = round((time.monotonic() - began) * 1000)
    assert isinstance(plugin, Plugin)
    hidden = exchange.secrets(plugin.config)
    request, response = exchange.shown(seen, hidden)
    if not isinstance(outcome, Sent):
        outcome = replace(outcome, reason=exchange.masked(outcome.reason, hidden))
    tried = Try(at, sending.clock(), milliseconds, request, response)
    async with turns.fenced(turn) as (session, target):
        await outcomes.settle(session, turn, target, marked.delivery, outcome, tried, sending.chance())
    return not isinstance(outcome, Stopped) and (not isinstance(outcome, Later) or await answers())


async def _pushed(sending: Sending, plugin: Pushes, change: Change, seen: list[Exchange]) -> Outcome:
    """What the plugin makes of it; one that never ends is let go."""
    SEEN.set(seen)
    late = Later(f"It did not answer within {sending.limit:g} s: it may have it, or not.")
    try:
        return _understood(await awaited(partial(plugin.push, change), sending.limit, grace=LETTING_GO_SECONDS))
    except TooLong:
        return late
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        return late
    except SourceDown as error:
        wait = error.retry_after
        return Later(str(error), wait if wait is not None and wait >= 0 else None)  # no number is not, either
    except SourceError as error:
        return Stopped(str(error))
    except (Exception, SystemExit) as error:
        log.error("a plugin failed", error=type(error).__name__, exc_info=error)
        return Later(f"A fault of the plugin ({type(error).__name__}); the log of the hub says more.")


def _understood(pushed: object) -> Outcome:
    match pushed:
        case BadRecord(reason):
            return Refused(reason)
        case str() as key if key:
            return Sent(key)
        case other:
            return Stopped(f"push() gave {other!r} instead of a key: a fault of the plugin. It may have arrived.")
