"""The one log: every write of a session with an origin is appended to it, in the same transaction."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, event, false, func, insert, inspect, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.orm.util import identity_key

from hub.auth import Viewer
from hub.db import CHANNEL, Origin
from hub.models import Base, CareLabel, CareReveal, Change, ChangeKind, Entity, Identity, Request, Term, now, uuid7
from hub.services import tally_keeping as _the_tally  # noqa: F401  what is logged is counted as well

SENSITIVE = (CareLabel.__name__, CareReveal.__name__)
"""Whose changes tell by their mere existence that somebody is in need of care: nobody is shown them."""

UNTOLD = (Identity,)
"""New rows of these have no change of their own: that of their request holds their key, and who called is never shown.
What changes in them later has."""

HORIZON = "pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def visible(viewer: Viewer) -> Select[Change]:
    """The changes this viewer may see: those of grids they stand in. Without a grid: for those who stand everywhere.

    Everything that tells of changes begins here, the outbox too: none of it knows of care.
    """
    if not viewer.can("changes:read"):
        return select(Change).where(false())
    return select(Change).where(viewer.covers(Change.grid_path), Change.entity.not_in(SENSITIVE))


def log(viewer: Viewer) -> Select[Change]:
    """The same, as far as nothing can come before any of them any more: a reader may go on from each of these."""
    return settled(visible(viewer)).order_by(None)


def settled(statement: Select[Change], after: tuple[Any, Any] | None = None) -> Select[Change]:
    """Only changes below the oldest running transaction, in the log's order: nothing can appear before them later.

    `after` is a place in the log, position and id, or two columns that hold one.
    """
    statement = statement.where(text(f"changes.position < {HORIZON}"))
    if after is not None:
        position, id = after
        statement = statement.where(or_(Change.position > position, (Change.position == position) & (Change.id > id)))
    return statement.order_by(Change.position, Change.id)


async def end(session: AsyncSession) -> tuple[int, UUID]:
    """The place behind all that is settled now: what is still being written comes after it."""
    horizon = await session.scalar(text(f"SELECT {HORIZON}"))
    return int(horizon or 0) - 1, UUID(int=2**128 - 1)


def changed(entities: Iterable[str]) -> str:
    """What a notification says: the types of row that changed."""
    return " ".join(sorted(set(entities)))


def plain(value: object) -> object:
    """A column's value as JSON has it."""
    if isinstance(value, Term):
        return value.name
    if isinstance(value, (UUID, date, datetime)):
        return value.isoformat() if isinstance(value, date) else str(value)
    return value


@event.listens_for(Session, "before_flush")
def _grow_revision(session: Session, _context: UOWTransaction, _instances: object) -> None:
    for row in session.dirty:
        if isinstance(row, Entity) and session.is_modified(row):
            row.revision += 1


@event.listens_for(Session, "after_flush")
def _append(session: Session, _context: UOWTransaction) -> None:
    origin: Origin | None = session.info.get("origin")
    rows = [change | {"actor": origin and origin.actor, "run_id": origin and origin.run_id} for change in _all(session)]
    if rows:
        connection = session.connection()
        connection.execute(insert(Change), rows)
        connection.execute(select(func.pg_notify(CHANNEL, changed(row["entity"] for row in rows))))


def _all(session: Session) -> Iterator[dict[str, Any]]:
    for kind, rows in (
        (ChangeKind.CREATED, session.new),
        (ChangeKind.UPDATED, session.dirty),
        (ChangeKind.DELETED, session.deleted),
    ):
        for row in rows:
            if isinstance(row, Base) and not isinstance(row, Change) and not _untold(row, kind):
                change = _change(session, row, kind)
                if change["patch"] or kind is ChangeKind.DELETED:
                    yield change


def _untold(row: Base, kind: ChangeKind) -> bool:
    return kind is ChangeKind.CREATED and isinstance(row, UNTOLD)


def _change(session: Session, row: Base, kind: ChangeKind) -> dict[str, Any]:
    state = inspect(row)
    patch, reverse = {}, {}
    for attribute in state.mapper.column_attrs:
        secret = "secret" in attribute.columns[0].info
        history = state.attrs[attribute.key].history
        if kind is ChangeKind.DELETED:
            reverse[attribute.key] = "***" if secret else plain(state.attrs[attribute.key].loaded_value)
        elif history.added and (kind is ChangeKind.CREATED or history.deleted != history.added):
            old = history.deleted[0] if history.deleted else None
            patch[attribute.key] = "***" if secret else plain(history.added[0])
            if kind is ChangeKind.UPDATED:
                reverse[attribute.key] = "***" if secret and old is not None else plain(old)
    return {
        "id": uuid7(),
        "at": now(),
        "kind": kind,
        "entity": type(row).__name__,
        "entity_id": getattr(row, "id", None) or uuid7(),
        "subject_id": getattr(row, "request_id", None),
        "grid_path": _place(session, row),
        "patch": patch,
        "reverse": reverse,
    }


def _owner(session: Session, request: UUID) -> object:
    """The request, if the session holds it: it may be as new as what belongs to it."""
    known = session.identity_map.get(identity_key(Request, request))
    return known or next((row for row in session.new if isinstance(row, Request) and row.id == request), None)


def _place(session: Session, row: Base) -> str | None:
    """Where in the tree it happened: what belongs to a request, and has no place of its own, where the request is."""
    request = getattr(row, "request_id", None)
    owner = _owner(session, request) if request and not hasattr(row, "grid_path") else row
    path: str | None = getattr(owner, "grid_path", None) or getattr(owner, "path", None)
    return path
