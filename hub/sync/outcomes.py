"""What came of a delivery, and what follows from it: sent, refused, later, or the target stops until a person looks.

sent      the row is linked by the target's key; the target is well
refused   this one waits for a person, and what is behind it of the same row; the others go on
later     tried again after 2 s to 30 min by chance, or when the target said; after five in a row the target is
          asked by one delivery each half minute, until it takes something again
stopped   nothing more is sent; all is kept
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import AlertKind, Attempt, Delivery, DeliveryStatus, Link, Target, TargetStatus
from hub.services import alerts
from hub.services.targets import SINGLE, WHOLE
from hub.sync import archive
from hub.sync.turns import Turn, note

FIRST_WAIT, LONGEST_WAIT, LONGEST_ASKED = 2.0, 1800.0, 3600.0
IN_A_ROW, PROBE = 5, timedelta(seconds=30)
MOST_TRIES = 20


@dataclass(frozen=True, slots=True)
class Sent:
    """The target has it, and calls it so."""

    key: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The target does not take this one."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """It may or may not have arrived. `wait`: in so many seconds, if the target says so."""

    reason: str
    wait: float | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The target takes nothing until a person has looked."""

    reason: str


Outcome = Sent | Refused | Later | Stopped


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt: when it began and ended, how long it took, what was said."""

    at: datetime
    ended: datetime
    milliseconds: int
    request: dict[str, Any] | None = None
    response: dict[str, Any] | None = None


async def settle(
    session: AsyncSession, turn: Turn, target: Target, delivery: Delivery, outcome: Outcome, tried: Try, chance: float
) -> None:
    """Write down what came of it, in the one transaction of the delivery, the link, the target and the log."""
    at = tried.ended
    match outcome:
        case Sent(key):
            words = "sent"
            await put(session, delivery, status=DeliveryStatus.SENT, sent_at=at, key=archive.name(key), reason=None)
            await _link(session, target, delivery, archive.name(key))
            await _well(session, turn, target)
        case Refused(reason):
            words = reason
            await park(session, turn, delivery, reason)
            await _well(session, turn, target)
        case Later() as later:
            words = later.reason
            await _later(session, turn, target, delivery, later, at, chance)
        case Stopped(reason):
            words = reason
            await put(session, delivery, status=DeliveryStatus.RETRY, next_at=None, reason=archive.told(reason))
            await stop(session, turn, reason)
    parts = {"milliseconds": tried.milliseconds, "request": tried.request, "response": tried.response}
    row = {"delivery_id": delivery.id, "at": tried.at, **parts, "outcome": archive.told(words)}
    await session.execute(insert(Attempt).values(row | {"by": delivery.asked_by}))


async def put(session: AsyncSession, delivery: Delivery, **values: object) -> None:
    """Write how a delivery stands: the delivery log is its own log, so no change is said of it."""
    asked = {} if values["status"] is DeliveryStatus.SENDING else {"asked_by": None}
    statement = update(Delivery).where(Delivery.id == delivery.id).values({"next_at": None, **asked, **values})
    await session.execute(statement, execution_options={"synchronize_session": None})


async def park(session: AsyncSession, turn: Turn, delivery: Delivery, reason: str) -> None:
    """Leave this one to a person; what is behind it of the same row waits, and nothing else."""
    await put(session, delivery, status=DeliveryStatus.PARKED, reason=archive.told(reason))
    mine = (Delivery.target_id == turn.target_id, Delivery.status == DeliveryStatus.PARKED)
    waiting = await session.scalar(select(func.count()).select_from(Delivery).where(*mine))
    words = f"{waiting} deliveries to {turn.source.name} wait for a person: hub targets deliveries {turn.source.name}."
    await alerts.raise_alert(session, AlertKind.PARKED, turn.source.id, SINGLE, words)


async def stop(session: AsyncSession, turn: Turn, reason: str) -> None:
    """Tell the target nothing more until a person has looked; what changes is kept for it."""
    said, name = archive.told(reason), turn.source.name
    await note(session, turn, status=TargetStatus.PARKED, reason=said)
    words = f"{name} is not told anything any more: {said} When it is mended: hub targets resume {name}."
    await alerts.raise_alert(session, AlertKind.PARKED, turn.source.id, WHOLE, words)


async def _link(session: AsyncSession, target: Target, delivery: Delivery, key: str) -> None:
    """Remember what the target calls the row, so that what it says of it finds the row. What it is called stays."""
    mine = (Link.entity_id == delivery.entity_id, Link.source_id == target.source_id, Link.kind == delivery.kind)
    if await session.scalar(select(Link.key).where(*mine).limit(1)) is not None:
        return
    row = {"key": key, "source_id": target.source_id, "kind": delivery.kind, "entity_id": delivery.entity_id}
    await session.execute(upsert(Link).values(row | {"run_id": delivery.id}).on_conflict_do_nothing())


async def _well(session: AsyncSession, turn: Turn, target: Target) -> None:
    """It answers: whatever waited for it to come back need not wait longer."""
    if target.failures == 0:
        return
    await note(session, turn, failures=0, next_at=None, reason=None)
    await alerts.clear_alert(session, AlertKind.FAILING, turn.source.id, WHOLE)
    if target.failures >= IN_A_ROW:
        waiting = (Delivery.target_id == target.id, Delivery.status == DeliveryStatus.RETRY)
        statement = update(Delivery).where(*waiting).values(next_at=None)
        await session.execute(statement, execution_options={"synchronize_session": None})


async def _later(
    session: AsyncSession, turn: Turn, target: Target, delivery: Delivery, later: Later, at: datetime, chance: float
) -> None:
    failures, reason = target.failures + 1, archive.told(later.reason)
    if delivery.tries >= MOST_TRIES and target.failures < IN_A_ROW:  # others arrive: it is this one
        await park(session, turn, delivery, f"Tried {delivery.tries} times. The last time: {reason}")
        return
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(delivery.tries - 1, 20))
    wait = timedelta(seconds=longest * chance if later.wait is None else min(later.wait, LONGEST_ASKED))
    await put(session, delivery, status=DeliveryStatus.RETRY, next_at=at + wait, reason=reason)
    values: dict[str, object] = {"failures": failures, "reason": reason}
    if later.wait is not None:
        values["next_at"] = at + wait
    if failures >= IN_A_ROW:
        values["next_at"] = at + max(PROBE, wait if later.wait is not None else PROBE)
        words = f"{turn.source.name} has taken nothing in {failures} tries: {reason} It is asked again by itself."
        await alerts.raise_alert(session, AlertKind.FAILING, turn.source.id, WHOLE, words)
    await note(session, turn, **values)
