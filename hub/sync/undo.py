"""A run is taken back: its changes in reverse, wherever it is still the one that wrote a field last.

    the run's changes, the last one first -> the row as it stands + what the log says since
        -> created: marked as gone | changed: the old values of the fields that nobody else has written since
        -> or left alone, with the reason

Taking back is a run of its own, with changes of its own; what it did and what it left alone stands in its plan rows.
Steps in the life of a request, the vault and links stay: they say what happened. The source's place stays too.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, DateTime, Enum, Table, Uuid, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from hub.db import Database, Origin
from hub.errors import Conflict
from hub.models import (
    CatalogueEntry,
    Change,
    ChangeKind,
    Grid,
    Link,
    PlanAction,
    PlanRow,
    PlanState,
    Request,
    RequestAction,
    RequestEvent,
    Run,
    RunMode,
    RunStatus,
    Source,
    uuid7,
)
from hub.models.base import now
from hub.services import grids
from hub.services.shapes import shape
from hub.sync import bulk, journal
from hub.sync.apply import move
from hub.sync.batch import HIDDEN, Batch
from hub.sync.kind import Kind, Values
from hub.sync.kinds import KINDS
from hub.sync.reading import GONE
from hub.sync.references import among, locked
from hub.sync.work import Progress, Work, at_work, begin, fenced, found, insist, note, take

AT_ONCE = 1_000
BY_ENTITY = {kind.model.__name__: kind for kind in KINDS.values()}
ENDED = (RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED)
Place = tuple[int, UUID]


@dataclass(slots=True)
class Back:
    """One row on its way back: as it stands, what becomes of it, and what is left alone, with the reason."""

    kind: Kind
    row: Mapping[str, Any]
    new: Values = field(default_factory=dict)
    closes: bool = False
    left: dict[str, str] = field(default_factory=dict)

    def stands(self, name: str) -> Any:
        return self.new.get(name, self.row[name])


async def undo(database: Database, id: UUID, *, started_by: str, progress: Progress | None = None) -> Run:
    """Take back the run `id`, or what is left of it. Returns the run that does so, done or failed.

    Raises NotFound, or Conflict where the run cannot be taken back, or the source is being run.
    """
    meant, source, expected = await _run(database, id)
    run = await begin(database, source, started_by, RunMode.UNDO, {}, plan_id=id)
    run.expected = expected
    work = Work(database, source, run)
    before: Place | None = None
    async with at_work(work, RunStatus.DONE):
        ours = await _ours(database, meant)
        while said := await _changes(database, meant, before):
            before = said[-1].position, said[-1].id
            await insist(partial(_take_back, work, ours, said))
            if progress is not None:
                progress(run)
    return run


def must_have_written(meant: Run) -> None:
    """Raise Conflict unless the run is one that can be taken back."""
    if meant.mode not in (RunMode.APPLY, RunMode.REPLAY, RunMode.RECEIVE) or meant.status not in ENDED:
        raise Conflict(
            f"The run {meant.id} ({meant.mode.name}, {meant.status.name}) cannot be taken back: only one that has "
            "written, and has ended. Of a plan, name the run that applied it: `hub sync history` shows which."
        )


async def _run(database: Database, id: UUID) -> tuple[Run, Source, int]:
    async with database.read() as session:
        meant, source = await found(session, id)
        must_have_written(meant)
        expected = await session.scalar(select(func.count()).select_from(Change).where(*_of(id)))
        return meant, source, expected or 0


async def _ours(database: Database, meant: Run) -> set[UUID]:
    """The run, and whatever has begun to take it back already."""
    async with database.read() as session:
        earlier = select(Run.id).where(Run.plan_id == meant.id, Run.mode == RunMode.UNDO)
        return {meant.id, *await session.scalars(earlier)}


def _of(id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The changes of a run that can be taken back."""
    return Change.run_id == id, Change.entity.in_(list(BY_ENTITY))


async def _changes(database: Database, meant: Run, before: Place | None) -> Sequence[Any]:
    names = (Change.position, Change.id, Change.kind, Change.entity, Change.entity_id, Change.reverse)
    statement = select(*names).where(*_of(meant.id))
    if before is not None:
        statement = statement.where(tuple_(Change.position, Change.id) < before)
    async with database.read() as session:
        latest = statement.order_by(Change.position.desc(), Change.id.desc())
        return (await session.execute(latest.limit(AT_ONCE))).all()


async def _take_back(work: Work, ours: set[UUID], said: Sequence[Any]) -> None:
    """Some changes, the last one first, in one transaction."""
    run = work.run
    async with fenced(work) as session:
        rows = await _rows(session, said)
        since = await _since(session, ours, list(rows), said[-1])
        for change in said:
            if (back := rows.get(change.entity_id)) is not None:
                _reverse(back, change, since[change.entity_id])
        await _places(session, list(rows.values()))
        for back in rows.values():
            back.new = {name: value for name, value in back.new.items() if value != back.row[name]}
        batch = Batch(Origin(work.viewer.subject, run.id))
        done = [back for back in rows.values() if back.new]
        for back in done:
            _write(batch, back, run)
        await _former(session, batch, done)
        await batch.write(session)
        moved = {back.row["path"]: back.new["path"] for back in done if back.kind.model is Grid and "path" in back.new}
        await move(session, moved)
        await _look_again(session, work.source, done)
        await _tell(session, run, work.source, list(rows.values()))
        values = {
            "pages": run.pages + 1,
            "records": run.records + len(said),
            "updated": run.updated + sum(not back.closes for back in done),
            "closed": run.closed + sum(back.closes for back in done),
            "moved": run.moved + sum(bool(back.left) for back in rows.values()),
        }
        await note(session, run, values | {"expected": run.expected})
    take(run, values)
    journal.of_page(run)


async def _rows(session: AsyncSession, said: Sequence[Any]) -> dict[UUID, Back]:
    """The rows as they stand, locked in one order for all."""
    kinds = {change.entity_id: BY_ENTITY[change.entity] for change in said}
    wanted: dict[Table, list[UUID]] = defaultdict(list)
    for id, kind in kinds.items():
        wanted[kind.table].append(id)
    backs: dict[UUID, Back] = {}
    for table, ids in wanted.items():
        for row in await locked(session, table, {"id": ids}):
            backs[row["id"]] = Back(kinds[row["id"]], row)
    return backs


async def _since(
    session: AsyncSession, ours: set[UUID], ids: list[UUID], first: Any
) -> dict[UUID, list[tuple[Place, set[str], str]]]:
    """What others have written to these rows since: when, which fields, who."""
    others: dict[UUID, list[tuple[Place, set[str], str]]] = defaultdict(list)
    of_others = or_(Change.run_id.is_(None), Change.run_id.not_in(ours))
    later = tuple_(Change.position, Change.id) > (first.position, first.id)
    statement = select(Change.entity_id, Change.position, Change.id, Change.patch, Change.actor)
    statement = statement.where(among(Change.__table__.c.entity_id, ids), later, of_others)
    for entity_id, *place, patch, actor in await session.execute(statement.order_by(Change.position, Change.id)):
        others[entity_id].append((tuple(place), set(patch), actor or "the hub"))
    return others


def _reverse(back: Back, change: Any, since: Sequence[tuple[Place, set[str], str]]) -> None:
    """Take one change back, as far as nobody else has written since."""
    later = [(fields, who) for place, fields, who in since if place > (change.position, change.id)]
    if change.kind is ChangeKind.CREATED:
        if later:
            back.left["*"] = f"changed since by {later[-1][1]}"
            return
        closing = back.kind.closing(now())
        back.new = {name: value for name, value in closing.items() if not _ended(back.row[name], value)}
        back.closes = True
        return
    for name, old in change.reverse.items():
        by = next((who for fields, who in reversed(later) if name in fields), None)
        if by is not None:
            back.left[name] = f"written since by {by}"
        elif old == HIDDEN:
            back.left[name] = "the log does not show what it was"
        elif (value := _typed(back.kind, name, old)) != back.stands(name):
            back.new[name] = value


async def _places(session: AsyncSession, backs: Sequence[Back]) -> None:
    """Where rows stand follows from what they lie below as it stands now: the tree may have moved since."""
    named = {back.stands(name) for back in backs for name in ("grid_id", "parent_id") if name in back.row} - {None}
    found_there = await session.execute(select(Grid.id, Grid.path).where(among(Grid.__table__.c.id, named)))
    paths = {row.id: row.path for row in found_there}
    moving = {back.row["id"]: back for back in backs if back.kind.model is Grid}
    for back in backs:
        if back.kind.model is not Grid and "grid_path" in back.row:
            back.new.pop("grid_path", None)
            if "grid_id" in back.new:
                back.new["grid_path"] = paths.get(back.new["grid_id"])
    for back in moving.values():
        back.new.pop("path", None)
        parent = paths.get(back.stands("parent_id"))
        if "parent_id" in back.new and parent is not None and parent.startswith(back.row["path"]):
            back.left["parent_id"] = "what it lay below lies below it by now"
            del back.new["parent_id"]

    def path(back: Back, below: tuple[str, ...] = ()) -> str:
        parent, code = back.stands("parent_id"), back.stands("code")
        if code in below:
            raise Conflict(f"Taken back, {' → '.join([*below, code])} would be a circle. Move one of them first.")
        return grids.path(path(moving[parent], (*below, code)) if parent in moving else paths.get(parent), code)

    for back in moving.values():
        if "parent_id" in back.new or "code" in back.new:
            back.new["path"] = path(back)


def _ended(stands: Any, value: Any) -> bool:
    """Whether the row is closed already: then its day stays."""
    return stands == value or (isinstance(value, date) and stands is not None)


def _typed(kind: Kind, name: str, value: Any) -> Any:
    """A value of the log as its column has it."""
    column = kind.table.c[name].type
    if value is None:
        return None
    if isinstance(column, Enum) and column.enum_class is not None:
        return column.enum_class[value]
    if isinstance(column, Uuid):
        return UUID(value)
    if isinstance(column, DateTime):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(column, Date) else value


def _write(batch: Batch, back: Back, run: Run) -> None:
    model = back.kind.model
    kind = ChangeKind.CLOSED if back.closes else ChangeKind.UPDATED
    batch.change(model, back.row, back.new, model.__name__, kind)
    if model is Request and "status" in back.new:
        event = {"request_id": back.row["id"], "id": uuid7(), "at": batch.at, "action": RequestAction.SYNC}
        said = {"status": back.new["status"], "note": "撤销同步", "details": {"undoes": str(run.plan_id)}}
        batch.create(RequestEvent, {**event, **said}, "RequestEvent")


async def _former(session: AsyncSession, batch: Batch, done: Sequence[Back]) -> None:
    """Take away what was kept as former versions of entries that are back at them."""
    entries = [back for back in done if back.kind.model is CatalogueEntry and "version" in back.new]
    if back_at := {back.row["id"]: back.new["version"] for back in entries}:
        table = shape(CatalogueEntry).table
        for row in await locked(session, table, {"current_id": back_at}):
            if row["version"] >= back_at[row["current_id"]]:
                batch.remove(CatalogueEntry, row, "CatalogueEntry")


async def _look_again(session: AsyncSession, source: Source, done: Sequence[Back]) -> None:
    """Let the next run look at what the source says of these rows: of those that are gone now, as if it had said so."""
    for hash, closes in ((None, False), (GONE, True)):
        ids = [back.row["id"] for back in done if back.closes is closes]
        mine = (Link.source_id == source.id, among(Link.__table__.c.entity_id, ids))
        looking = update(Link).where(*mine).values(hash=hash)
        await session.execute(looking, execution_options={"synchronize_session": False})


async def _tell(session: AsyncSession, run: Run, source: Source, backs: Sequence[Back]) -> None:
    """Keep what was done and what was left alone."""
    mine = (Link.source_id == source.id, among(Link.__table__.c.entity_id, [back.row["id"] for back in backs]))
    links = await session.execute(select(Link.entity_id, Link.key).where(*mine))
    keys = {row.entity_id: row.key for row in links}
    rows: list[dict[str, Any]] = []
    for back in backs:
        if back.new or back.left:
            left = "; ".join(f"{name}: {why}" if name != "*" else why for name, why in back.left.items())
            rows.append(
                {
                    "run_id": run.id,
                    "id": uuid7(),
                    "number": run.records + len(rows) + 1,
                    "action": PlanAction.CLOSE if back.closes else PlanAction.UPDATE,
                    "kind": back.kind.name,
                    "key": keys.get(back.row["id"]) or str(back.row[back.kind.natural[0]]),
                    "entity_id": back.row["id"],
                    "old": shape(back.kind.model).told({name: back.row[name] for name in back.new}),
                    "new": shape(back.kind.model).told(back.new),
                    "rule": "taken back",
                    "state": PlanState.REFUSED if back.left else PlanState.APPLIED,
                    "reason": f"Left alone: {left}." if back.left else None,
                    "private": {},
                }
            )
    if rows:
        await bulk.add(session, PlanRow, rows)
