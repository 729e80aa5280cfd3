"""A plan becomes rows, changes, links and refusals, in the transaction of its page."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, tuple_
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Origin
from hub.models import (
    Base,
    CatalogueEntry,
    ChangeKind,
    Extra,
    Identity,
    PlanAction,
    PlanRow,
    Request,
    RequestAction,
    RequestEvent,
    RequestIssue,
    RequestStatus,
    Run,
    Withheld,
    now,
    uuid7,
)
from hub.plugin import BadRecord, Caller
from hub.services import catalogue, grids, merging
from hub.services.changes import plain
from hub.services.shapes import shape, written
from hub.sync import archive, bulk, sought
from hub.sync.batch import Batch
from hub.sync.kinds import KINDS
from hub.sync.planned import Planned

BEGUN: RequestStatus = shape(Request).fixed["status"]


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
    said = Counter(one.action for one in planned)
    done = (PlanAction.CREATE, PlanAction.UPDATE, PlanAction.CLOSE, PlanAction.REJECT, None)
    return Counts(*(said[action] for action in done))


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
        if one.action is not PlanAction.REJECT and one.entity_id and (one.action or one.row):
            _link(batch, source_id, one)
    await batch.write(session)
    await _answer(session, planned)
    await _beside(session, source_id, origin, planned)
    await _move(session, planned)


async def _answer(session: AsyncSession, planned: Sequence[Planned]) -> None:
    """Tell those whose requests are handled under ones of which the source says that they were handled or ended."""
    heads: dict[UUID, RequestAction] = {}
    for one in planned:
        if one.row is None or one.kind != "request" or one.new.keys().isdisjoint(("status", "result")):
            continue
        before = one.row["status"]
        by = merging.said_by(before, one.new.get("status", before), result=bool(one.new.get("result")))
        if by is not None:
            heads[one.row["id"]] = by
    await merging.answer_reported(session, heads)


async def _beside(session: AsyncSession, source_id: UUID, origin: Origin, planned: Sequence[Planned]) -> None:
    """Keep what a source says and what does not stand, and what it says beyond what the hub knows."""
    held, settled, extras = list[dict[str, Any]](), list[tuple[UUID, str]](), list[dict[str, Any]]()
    at = now()
    for one in planned:
        beside = one.kept or one.agreed or one.settled or one.extra
        if not beside or one.action is PlanAction.REJECT or one.entity_id is None:
            continue
        by = {"entity_id": one.entity_id, "source_id": source_id, "at": at}
        for name, kept in one.kept.items():
            said = {"value": kept.said, "rule": archive.told(kept.rule), "said_at": one.record.at}
            held.append({**by, "field": name, "run_id": origin.run_id, **said})
        for name, value in one.agreed.items():
            said = {"value": value, "rule": "", "said_at": one.record.at}
            held.append({**by, "field": name, "run_id": origin.run_id, **said})
        settled += [(one.entity_id, name) for name in one.settled]
        if one.extra:
            extras.append({**by, "fields": archive.shown_extra(one.extra)})
    if held:
        await session.execute(_upsert(Withheld, ("value", "rule", "said_at", "run_id", "at")), held)
    if settled:
        named = tuple_(Withheld.entity_id, Withheld.field).in_(settled)
        await session.execute(delete(Withheld).where(Withheld.source_id == source_id, named))
    if extras:
        await session.execute(_upsert(Extra, ("fields", "at")), extras)


def _upsert(model: type[Base], columns: Sequence[str]) -> Any:
    """Rows by their primary key, with new values where they are there already."""
    statement = postgresql.insert(model)
    new = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=list(model.__table__.primary_key), set_=new)


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
        batch.put(Identity, _identity(values["caller_id"], one, one.caller))
    batch.create(kind.model, values, kind.model.__name__, one.record.at)
    if kind.model is Request:
        _event(batch, one, values)


def _change(batch: Batch, one: Planned) -> None:
    kind, row = KINDS[one.kind], one.row
    assert row is not None
    new = dict(one.new)
    if one.caller is not None and one.identity is None:
        new["caller_id"] = uuid7()
        batch.put(Identity, _identity(new["caller_id"], one, one.caller))
    elif one.caller is not None and one.identity is not None:
        vault = _identity(row["caller_id"], one, one.caller)
        other = {name: value for name, value in vault.items() if value != one.identity[name]}
        batch.change(Identity, one.identity, other, "Identity", ChangeKind.UPDATED)
    if new:
        said = ChangeKind.CLOSED if one.action is PlanAction.CLOSE else ChangeKind.UPDATED
        batch.change(kind.model, row, new, kind.model.__name__, said, one.record.at)
    if kind.model is CatalogueEntry and "version" in new:
        begins = new.get("valid_from", row["valid_from"])
        batch.create(CatalogueEntry, catalogue.former(row["id"], row, begins), "CatalogueEntry", one.record.at)
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
    names = ", ".join(f"{field} {batch.shown(code)}" for field, code in one.unknown.items())
    event = {
        "request_id": one.entity_id,
        "id": uuid7(),
        "at": batch.at,
        "action": RequestAction.SYNC,
        "status": request.get("status") or BEGUN,
        "party_id": request.get("assignee_id"),
        "step_id": request.get("step_id"),
        "note": f"来源所述在本系统中尚未登记：{names}" if names else None,  # so that it is not lost
        "details": {"key": one.record.key, "unknown": one.unknown} if one.unknown else {"key": one.record.key},
    }
    batch.create(RequestEvent, event, "RequestEvent")


def _link(batch: Batch, source_id: UUID, one: Planned) -> None:
    """Remember which row the key means, and what was last said of it."""
    later = written(one.later) if one.later else None
    said = (one.hash, batch.origin.run_id, one.link_at, later, None, sought.written(one.sought))
    batch.link((one.record.key, source_id, one.kind, one.entity_id, *said), known=one.linked)


async def store(
    session: AsyncSession, run: Run, planned: Sequence[Planned], bad: Sequence[BadRecord] = (), *, after: int = 0
) -> None:
    """Keep the plan and write nothing else. Numbers go on where earlier pages ended, and `after` so many more."""
    rows = [_row(one) for one in planned if one.shown_as is not None]
    rows += [_bad(one) for one in bad]
    for number, row in enumerate(rows, run.records + after + 1):
        row |= {"run_id": run.id, "id": uuid7(), "number": number}
    if rows:
        await bulk.add(session, PlanRow, rows)


def _row(one: Planned) -> dict[str, Any]:
    return {
        "action": one.shown_as,
        "kind": archive.name(one.kind),
        "key": archive.name(one.record.key),
        "entity_id": one.entity_id or (one.row and one.row["id"]),
        "old": {name: plain(value) for name, value in one.old.items()},
        "new": {name: plain(value) for name, value in one.new.items()},
        "rule": archive.told(one.rule),
        "kept": {name: {"said": kept.said, "rule": archive.told(kept.rule)} for name, kept in one.kept.items()},
        "private": {
            "record": archive.keep(one.record),
            "hash": one.hash and one.hash.hex(),
            "waits": one.waits,
            "lacked": one.lacked,
            "still": one.still,
        },
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
        "kept": {},
        "private": {"bad": archive.keep_bad(one)},
    }
