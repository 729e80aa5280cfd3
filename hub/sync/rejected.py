"""Refused records are work items: one for each record, however often it is refused, closed when it is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Integer, Update, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.models import Rejected, RejectedStatus, Run, uuid7
from hub.models.base import now
from hub.plugin import BadRecord
from hub.prepared import given
from hub.services.shapes import shape
from hub.sync import archive, bulk
from hub.sync.drift import Policies
from hub.sync.planned import Planned
from hub.sync.reading import Readings, read
from hub.sync.references import among

Refused = Planned | BadRecord


@dataclass(frozen=True, slots=True)
class Seen:
    """A work item that is there already. `mended`: a person has corrected what the source says."""

    id: UUID
    status: RejectedStatus
    run_id: UUID
    reason: str
    raw: Mapping[str, Any]
    mended: bool


async def reject(session: AsyncSession, run: Run, refused: Sequence[Refused]) -> None:
    """Keep refused records; one that was refused before is counted on, and shows what it says now.

    A record is known by its kind and key; what is no record by its words, and by its content where it has no key.
    What this run had closed is open again. What a person has made of it stays: ignored while the words are the same,
    mended while the source says the same.
    """
    items = {_identity(row): row for row in map(_item, refused)}
    known = await _known(session, run, list(items.values()))
    fresh: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    for identity, row in items.items():
        seen = known.get(identity)
        if seen is None or (seen.status is RejectedStatus.IGNORED and seen.reason != row["reason"]):
            fresh.append({"id": uuid7(), "source_id": run.source_id, "run_id": run.id, **row})
        elif not seen.mended or seen.raw != row["raw"]:
            said = {f"to_{name}": value for name, value in row.items()}
            again.append(
                {**said, "of": seen.id, "to_status": _reopened(seen.status), "more": int(seen.run_id != run.id)}
            )
    if again:
        await (await session.connection()).execute(_again(run), again)
    if fresh:
        await bulk.add(session, Rejected, fresh)


def _reopened(status: RejectedStatus) -> RejectedStatus:
    return RejectedStatus.OPEN if status is RejectedStatus.REPLAYED else status


def _again(run: Run) -> Update:
    """One statement for all work items that are refused again by this run."""
    table = Rejected.__table__
    names = ("kind", "key", "where", "reason", "raw", "record", "status")
    said: dict[str, Any] = {name: bindparam(f"to_{name}", type_=table.c[name].type) for name in names}
    counted = {"times": table.c.times + bindparam("more", type_=Integer()), "revision": table.c.revision + 1}
    mine = update(Rejected).where(table.c.id == bindparam("of", type_=table.c.id.type))
    return mine.values(said | counted | {"run_id": run.id, "updated_at": now()})


async def heal(session: AsyncSession, run: Run, taken: Sequence[Planned]) -> None:
    """Close the work items of records that make sense now."""
    if not taken or await _ANY_OPEN.scalar(session, source=run.source_id) is None:
        return
    for kind in {one.kind for one in taken}:
        keys = [one.record.key for one in taken if one.kind == kind]
        await _HEALED.rows(session, source=run.source_id, kind=kind, keys=keys, at=now())


_ITEMS = shape(Rejected).table
_OPEN = _ITEMS.c.source_id == given("source"), _ITEMS.c.status == RejectedStatus.OPEN
_ALIVE = bulk.Query(
    select(*(_ITEMS.c[name] for name in ("kind", "key", "reason", "raw", "record", "id", "status", "run_id"))).where(
        _ITEMS.c.source_id == given("source"),
        or_(
            _ITEMS.c.status.in_((RejectedStatus.OPEN, RejectedStatus.IGNORED)),
            (_ITEMS.c.status == RejectedStatus.REPLAYED) & (_ITEMS.c.updated_at >= given("began")),
            _ITEMS.c.record.contains({"mended": True}),
        ),
        or_(among(_ITEMS.c.key, given("keys")), _ITEMS.c.key.is_(None) & among(_ITEMS.c.reason, given("reasons"))),
    )
)
_ANY_OPEN = bulk.Query(select(_ITEMS.c.id).where(*_OPEN).limit(1))
_HEALED = bulk.Query(
    update(_ITEMS)
    .where(*_OPEN, _ITEMS.c.kind == given("kind"), among(_ITEMS.c.key, given("keys")))
    .values(status=RejectedStatus.REPLAYED, updated_at=given("at"))
)


def _item(one: Refused) -> dict[str, Any]:
    said = one if isinstance(one, BadRecord) else one.record
    return {
        "kind": archive.name(said.kind),
        "key": archive.name(said.key) if said.key else None,
        "where": archive.told(said.where),
        "reason": archive.told(one.reason if isinstance(one, BadRecord) else one.rule),
        "raw": archive.shown(said),
        "record": None if isinstance(one, BadRecord) else {**archive.keep(one.record), **_how(one)},
    }


def _how(one: Planned) -> dict[str, bool]:
    """Whether it waits for something, and whether it says some fields only."""
    return {"waits": one.waits} | ({"partial": True} if one.partial else {})


def again(items: Sequence[Rejected], rules: Policies) -> Readings:
    """What kept records mean, each as whole or as partial as it was."""
    kept = [one.record for one in items if one.record]
    readings = read([archive.again(one) for one in kept], rules)
    partial = {(one["kind"], one["key"]) for one in kept if one.get("partial")}
    for found in chain.from_iterable(readings.understood.values()):
        found.partial = (found.record.kind, found.record.key) in partial
    return readings


def _identity(item: Any) -> tuple[str, str | None, str, bytes]:
    if item["key"] is not None and item["record"] is not None:
        return item["kind"], item["key"], "", b""
    content = b"" if item["key"] is not None else orjson.dumps(item["raw"], option=orjson.OPT_SORT_KEYS)
    return item["kind"], item["key"], item["reason"], content


async def _known(
    session: AsyncSession, run: Run, items: Sequence[dict[str, Any]]
) -> dict[tuple[str, str | None, str, bytes], Seen]:
    """The work items that these are again: open, ignored, mended, or closed by this very run."""
    if not items:
        return {}
    keys = {item["key"] for item in items if item["key"] is not None}
    reasons = {item["reason"] for item in items if item["key"] is None}
    asked = {"source": run.source_id, "began": run.started_at, "keys": keys, "reasons": reasons}
    found = {}
    for kind, key, reason, raw, record, id, status, run_id in await _ALIVE.rows(session, **asked):
        identity = _identity({"kind": kind, "key": key, "reason": reason, "raw": raw, "record": record})
        found[identity] = Seen(id, status, run_id, reason, raw, bool(record and record.get("mended")))
    return found
