"""A plan becomes rows, changes, links and refusals, in the transaction of its page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Origin
from hub.models import (
    ChangeKind,
    Grid,
    Identity,
    Link,
    PlanAction,
    PlanRow,
    Rejected,
    RejectedStatus,
    Request,
    RequestAction,
    RequestEvent,
    RequestIssue,
    uuid7,
)
from hub.models.base import now
from hub.plugin import BadRecord, Caller, Issue, Record
from hub.services import grids
from hub.services.changes import plain
from hub.sync import archive
from hub.sync.batch import Batch
from hub.sync.kinds import KINDS
from hub.sync.plan import Planned
from hub.sync.references import among


@dataclass(slots=True)
class Counts:
    """What came of some records."""

    created: int = 0
    updated: int = 0
    closed: int = 0
    rejected: int = 0
    unchanged: int = 0

    def add(self, other: "Counts") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


def counted(planned: Iterable[Planned]) -> Counts:
    counts = Counts()
    names = {
        PlanAction.CREATE: "created",
        PlanAction.UPDATE: "updated",
        PlanAction.CLOSE: "closed",
        PlanAction.REJECT: "rejected",
        None: "unchanged",
    }
    for one in planned:
        name = names[one.action]
        setattr(counts, name, getattr(counts, name) + 1)
    return counts


async def apply(session: AsyncSession, source_id: UUID, origin: Origin, planned: Sequence[Planned]) -> None:
    """Write what is planned. The caller's transaction makes it whole."""
    batch = Batch(origin)
    for one in planned:
        if one.action is PlanAction.CREATE:
            _create(batch, one)
        elif one.action in (PlanAction.UPDATE, PlanAction.CLOSE):
            await _change(session, batch, one)
    await _nested(session, batch, planned)
    await _link(session, batch, source_id, planned)
    await batch.write(session)


def _create(batch: Batch, one: Planned) -> None:
    values = {"id": one.entity_id, **one.new}
    kind = KINDS[one.kind]
    if isinstance(caller := one.record.fields.get("caller"), Caller) and (caller.name or caller.phone):
        values["caller_id"] = uuid7()
        batch.create(Identity, _identity(values["caller_id"], one, caller), "Identity")
    batch.create(kind.model, values, kind.model.__name__)
    if kind.model is Request:
        _event(batch, one, values)


async def _change(session: AsyncSession, batch: Batch, one: Planned) -> None:
    kind, row = KINDS[one.kind], one.row
    assert row is not None
    new = dict(one.new)
    if kind.model is Grid and "path" in new:
        await grids.repath(session, row["path"], new["path"])
    if isinstance(caller := one.record.fields.get("caller"), Caller) and (caller.name or caller.phone):
        if row["caller_id"] is None:
            new["caller_id"] = uuid7()
            batch.create(Identity, _identity(new["caller_id"], one, caller), "Identity")
        else:
            known = {"name": caller.name, "phone": caller.phone, "confidential": caller.confidential}
            await session.execute(update(Identity).where(Identity.id == row["caller_id"]).values(known))
    if new:
        said = ChangeKind.CLOSED if one.action is PlanAction.CLOSE else ChangeKind.UPDATED
        batch.change(kind.model, row, new, kind.model.__name__, said)
    if kind.model is Request and "status" in new:
        _event(batch, one, {**row, **new})


def _identity(id: UUID, one: Planned, caller: Caller) -> dict[str, Any]:
    return {
        "id": id,
        "name": caller.name,
        "phone": caller.phone,
        "confidential": caller.confidential,
        "request_id": one.entity_id,
    }


def _event(batch: Batch, one: Planned, request: Mapping[str, Any]) -> None:
    """A source's word on a request is a step in its life."""
    default = Request.__table__.c.status.default
    event = {
        "request_id": one.entity_id,
        "id": uuid7(),
        "at": batch.at,
        "action": RequestAction.SYNC,
        "status": request.get("status") or (default.arg if default is not None else None),
        "party_id": request.get("assignee_id"),
        "details": {"key": one.record.key},
    }
    batch.create(RequestEvent, event, "RequestEvent")


async def _nested(session: AsyncSession, batch: Batch, planned: Sequence[Planned]) -> None:
    """The matters of one order: new ones are added, those known are left as they are."""
    with_issues = [one for one in planned if one.entity_id and one.action and one.record.fields.get("issues")]
    if not with_issues:
        return
    old = [one.entity_id for one in with_issues if one.action is not PlanAction.CREATE]
    table = RequestIssue.__table__
    rows = await session.execute(select(table.c.request_id, table.c.key).where(among(table.c.request_id, old)))
    known = {(request_id, key) for request_id, key in rows}
    for one in with_issues:
        issues: Sequence[Issue] = one.record.fields["issues"]
        for issue in issues:
            if (one.entity_id, issue.key) not in known:
                values = {"request_id": one.entity_id, "id": uuid7(), "key": issue.key}
                batch.create(RequestIssue, {**values, "title": issue.title, "category": issue.category}, "RequestIssue")


async def _link(session: AsyncSession, batch: Batch, source_id: UUID, planned: Sequence[Planned]) -> None:
    """Remember which row each key means, and what was last said of it."""
    run_id = batch.origin.run_id
    moved = []
    for one in planned:
        if one.action is PlanAction.REJECT or one.entity_id is None or (one.linked and one.row is None):
            continue
        if one.linked:
            moved.append({"of": one.record.key, "of_kind": one.kind, "to_hash": one.hash, "to_run": run_id})
        else:
            batch.link((one.record.key, source_id, one.kind, one.entity_id, one.hash, run_id))
    if moved:
        mine = (Link.source_id == source_id, Link.kind == bindparam("of_kind"), Link.key == bindparam("of"))
        statement = update(Link).where(*mine).values(hash=bindparam("to_hash"), run_id=bindparam("to_run"))
        await (await session.connection()).execute(statement, moved)


async def store(session: AsyncSession, run_id: UUID, planned: Sequence[Planned]) -> None:
    """Keep the plan and write nothing else."""
    rows = [
        {
            "run_id": run_id,
            "id": uuid7(),
            "action": one.action,
            "kind": one.kind,
            "key": one.record.key,
            "entity_id": one.entity_id if one.row is not None else None,
            "old": {name: plain(value) for name, value in one.old.items()},
            "new": {name: plain(value) for name, value in one.new.items()},
            "rule": one.rule,
            "private": archive.keep(one.record),
        }
        for one in planned
        if one.action is not None
    ]
    if rows:
        await session.execute(insert(PlanRow), rows)


async def reject(session: AsyncSession, source_id: UUID, run_id: UUID, refused: Sequence[Planned | BadRecord]) -> None:
    """Keep refused records as work items; one that was refused before, in the same words, is counted on."""
    known = await _open(session, source_id, refused)
    fresh = []
    for one in refused:
        row = _rejected(one)
        seen = known.get((row["kind"], row["key"], row["where"] if row["key"] is None else None, row["reason"]))
        if seen is not None:
            again = {"times": Rejected.times + 1, "run_id": run_id, "updated_at": now()}
            await session.execute(update(Rejected).where(Rejected.id == seen).values(again))
        else:
            fresh.append({"source_id": source_id, "run_id": run_id, **row})
    if fresh:
        await session.execute(insert(Rejected), fresh)


def _rejected(one: Planned | BadRecord) -> dict[str, Any]:
    if isinstance(one, BadRecord):
        return {
            "kind": one.kind,
            "key": archive.clean(one.key) if one.key else None,
            "where": archive.clean(one.where),
            "reason": archive.clean(one.reason),
            "raw": archive.shown(one),
            "record": None,
        }
    record: Record = one.record
    return {
        "kind": one.kind,
        "key": archive.clean(record.key),
        "where": archive.clean(record.where),
        "reason": archive.clean(one.rule),
        "raw": archive.shown(record),
        "record": archive.keep(record),
    }


async def _open(
    session: AsyncSession, source_id: UUID, refused: Sequence[Planned | BadRecord]
) -> dict[tuple[str, str | None, str | None, str], UUID]:
    if not refused:
        return {}
    table = Rejected.__table__
    keys = {one.key if isinstance(one, BadRecord) else one.record.key for one in refused} - {None}
    places = [one.where for one in refused if isinstance(one, BadRecord)]
    mine = (table.c.source_id == source_id, table.c.status == RejectedStatus.OPEN)
    same = or_(among(table.c.key, map(str, keys)), among(table.c.where, places))
    columns = (table.c.id, table.c.kind, table.c.key, table.c.where, table.c.reason)
    rows = await session.execute(select(*columns).where(*mine, same))
    return {(kind, key, where if key is None else None, reason): id for id, kind, key, where, reason in rows}


async def heal(session: AsyncSession, source_id: UUID, planned: Sequence[Planned]) -> int:
    """Close the work items whose record has now been applied; how many."""
    keys = [archive.clean(one.record.key) for one in planned if one.action is not PlanAction.REJECT]
    table = Rejected.__table__
    open_ones = (table.c.source_id == source_id, table.c.status == RejectedStatus.OPEN)
    statement = update(Rejected).where(*open_ones, among(table.c.key, keys))
    done = await session.execute(statement.values(status=RejectedStatus.REPLAYED, updated_at=now()))
    return int(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
