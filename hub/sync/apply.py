"""A plan becomes rows, changes, links and refusals, in the transaction of its page."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Origin
from hub.models import (
    ChangeKind,
    Identity,
    Link,
    PlanAction,
    PlanRow,
    Request,
    RequestAction,
    RequestEvent,
    RequestIssue,
    Run,
    uuid7,
)
from hub.plugin import BadRecord, Caller
from hub.services import grids
from hub.services.changes import plain
from hub.sync import archive
from hub.sync.batch import Batch
from hub.sync.kinds import KINDS
from hub.sync.planned import Planned


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
            _change(batch, one)
        for issue in one.issues if one.action is not PlanAction.REJECT else ():
            values = {"request_id": one.entity_id, "id": uuid7(), "key": issue.key}
            batch.create(RequestIssue, {**values, "title": issue.title, "category": issue.category}, "RequestIssue")
    await _link(session, batch, source_id, planned)
    await batch.write(session)
    await _move(session, planned)


async def _move(session: AsyncSession, planned: Sequence[Planned]) -> None:
    await move(
        session,
        {one.row["path"]: one.new["path"] for one in planned if one.row and one.kind == "grid" and "path" in one.new},
    )


async def move(session: AsyncSession, moved: Mapping[str, str]) -> None:
    """Move what lies below grids that moved, from the lowest one up: rows of this page may stand there already."""
    for old in sorted(moved, key=len, reverse=True):
        new = moved[old]
        above = max((path for path in moved if path != old and new.startswith(path)), key=len, default="")
        await grids.repath(session, old, moved.get(above, "") + new.removeprefix(above))


def _create(batch: Batch, one: Planned) -> None:
    values = {"id": one.entity_id, **one.new}
    kind = KINDS[one.kind]
    if one.caller is not None:
        values["caller_id"] = uuid7()
        batch.create(Identity, _identity(values["caller_id"], one, one.caller), "Identity")
    batch.create(kind.model, values, kind.model.__name__)
    if kind.model is Request:
        _event(batch, one, values)


def _change(batch: Batch, one: Planned) -> None:
    kind, row = KINDS[one.kind], one.row
    assert row is not None
    new = dict(one.new)
    if one.caller is not None and one.identity is None:
        new["caller_id"] = uuid7()
        batch.create(Identity, _identity(new["caller_id"], one, one.caller), "Identity")
    elif one.caller is not None and one.identity is not None:
        vault = _identity(row["caller_id"], one, one.caller)
        other = {name: value for name, value in vault.items() if value != one.identity[name]}
        batch.change(Identity, one.identity, other, "Identity", ChangeKind.UPDATED)
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
        "note": _named(one.unknown),
        "details": {"key": one.record.key, "unknown": one.unknown} if one.unknown else {"key": one.record.key},
    }
    batch.create(RequestEvent, event, "RequestEvent")


def _named(unknown: Mapping[str, str]) -> str | None:
    """What the source names and the hub does not know, so that it is not lost."""
    names = ", ".join(f"{field} {archive.told(code)}" for field, code in unknown.items())
    return f"来源所述在本系统中尚未登记：{names}" if names else None


async def _link(session: AsyncSession, batch: Batch, source_id: UUID, planned: Sequence[Planned]) -> None:
    """Remember which row each key means, and what was last said of it."""
    run_id = batch.origin.run_id
    moved = []
    for one in planned:
        if one.action is PlanAction.REJECT or one.entity_id is None or (one.action is None and one.row is None):
            continue
        if one.linked:
            said = {"to_hash": one.hash, "to_run": run_id, "to_id": one.entity_id, "to_at": one.record.at}
            moved.append({"of": one.record.key, "of_kind": one.kind, **said})
        else:
            batch.link((one.record.key, source_id, one.kind, one.entity_id, one.hash, run_id, one.record.at))
    if moved:
        mine = (Link.source_id == source_id, Link.kind == bindparam("of_kind"), Link.key == bindparam("of"))
        new: dict[str, Any] = {
            "hash": bindparam("to_hash"),
            "run_id": bindparam("to_run"),
            "entity_id": bindparam("to_id"),
            "at": bindparam("to_at", type_=Link.__table__.c.at.type),
        }
        statement = update(Link).where(*mine).values(new)
        await (await session.connection()).execute(statement, moved)


async def store(session: AsyncSession, run: Run, planned: Sequence[Planned], bad: Sequence[BadRecord]) -> None:
    """Keep the plan and write nothing else. Numbers go on where earlier pages ended."""
    rows = [_row(one) for one in planned if one.action is not None or one.names_a_row]
    rows += [_bad(one) for one in bad]
    for number, row in enumerate(rows, run.records + 1):
        row |= {"run_id": run.id, "id": uuid7(), "number": number}
    if rows:
        await session.execute(insert(PlanRow), rows)


def _row(one: Planned) -> dict[str, Any]:
    return {
        "action": one.action or PlanAction.LINK,
        "kind": archive.name(one.kind),
        "key": archive.name(one.record.key),
        "entity_id": one.entity_id or (one.row and one.row["id"]),
        "old": {name: plain(value) for name, value in one.old.items()},
        "new": {name: plain(value) for name, value in one.new.items()},
        "rule": archive.told(one.rule),
        "private": {"record": archive.keep(one.record), "hash": one.hash and one.hash.hex(), "waits": one.waits},
    }


def _bad(one: BadRecord) -> dict[str, Any]:
    return {
        "action": PlanAction.REJECT,
        "kind": archive.name(one.kind),
        "key": archive.name(one.key or ""),
        "entity_id": None,
        "old": {},
        "new": {},
        "rule": archive.told(one.reason),
        "private": {"bad": archive.keep_bad(one)},
    }
