"""The catalogue of duties (职责清单): who is responsible for which requests on which grid, and whom it suggests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import CatalogueEntry, Grid, Party, Request, now, uuid7
from hub.services import grids, parties, writing
from hub.services.working_days import local_day

WRITE = "requests:triage"
MOST_SUGGESTED = 5
SAYS = ("practice", "category", "grid_id", "party_id", "basis")
"""What an entry says: where that changes, it is another version."""

KEPT = (*SAYS, "grid_path", "version", "valid_from")
"""What a former version keeps of what stood then."""

Asked: TypeAlias = tuple[str | None, str | None, str | None]
"""Of a request: its place in the tree, its category, its practice."""


def visible(viewer: Viewer) -> Select[CatalogueEntry]:
    """Everybody may see who is responsible for what; the party itself obeys parties.visible."""
    return select(CatalogueEntry)


def standing(viewer: Viewer) -> Select[CatalogueEntry]:
    """Without former versions."""
    return visible(viewer).where(CatalogueEntry.current_id.is_(None))


class CatalogueFields(TypedDict, total=False):
    """What can be written of an entry: what is left out stays, None empties."""

    code: str
    party_id: UUID
    practice: str | None
    category: str | None
    grid_id: UUID | None
    basis: str | None
    valid_from: date | None


async def create_entry(session: AsyncSession, viewer: Viewer, **fields: Unpack[CatalogueFields]) -> CatalogueEntry:
    """Put an entry into the catalogue (新增职责清单条目): version 1, from today on unless another day is given."""
    viewer.must(WRITE)
    writing.must_have(fields, "code", "party_id")
    entry = CatalogueEntry(id=uuid7(), version=1)
    await _write(session, viewer, entry, {"grid_id": None, "valid_from": _today()} | dict(fields))
    session.add(entry)
    return entry


async def update_entry(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[CatalogueFields]
) -> CatalogueEntry:
    """Change an entry (修订职责清单): the version that stood ends and is kept, the next one begins, today unless
    another day is given, and not before the one that stood."""
    viewer.must(WRITE)
    entry = await _standing(session, viewer, id)
    stood = {name: getattr(entry, name) for name in KEPT}
    given = fields.get("valid_from")
    begins = next_from(entry.valid_from, given, _today())
    await _must_fit(session, entry, begins, given)
    await _write(session, viewer, entry, dict(fields) | {"valid_from": given or entry.valid_from})
    if all(getattr(entry, name) == stood[name] for name in SAYS):
        return entry  # its code or its first day alone changed, or nothing
    if given is not None and stood["valid_from"] is not None and given < stood["valid_from"]:
        raise Invalid(
            f"valid_from is {given}: what stands began on {stood['valid_from']}, the next version begins later.",
            field="valid_from",
        )
    entry.version, entry.valid_from = entry.version + 1, begins
    session.add(CatalogueEntry(**former(entry.id, stood, begins)))
    return entry


def next_from(stood_from: date | None, given: date | None, today: date) -> date:
    """The first day of the next version: that which is given, or today, or the day on which the entry is to begin."""
    return given or max(today, stood_from or today)


def former(id: UUID, stood: Mapping[str, Any], begins: date) -> dict[str, Any]:
    """What is kept of the version that stood, as a row beside the next one, which begins on that day."""
    ended = begins - timedelta(days=1)
    if stood["valid_from"] is not None:
        ended = max(ended, stood["valid_from"])
    return {"id": uuid7(), "current_id": id, "valid_to": ended, **{name: stood[name] for name in KEPT}}


async def _must_fit(session: AsyncSession, entry: CatalogueEntry, begins: date, given: date | None) -> None:
    """Raise Conflict if the entry ends before it could be changed, and Invalid for a first day that cannot be."""
    today = _today()
    if entry.valid_to is not None and entry.valid_to <= max(today, begins):
        raise Conflict(f"The entry {entry.code} ends on {entry.valid_to}: create a new one for afterwards.")
    if begins > today and (entry.valid_from is None or entry.valid_from <= today):
        raise Invalid(f"valid_from is {begins}: change the entry on that day, until then it holds.", field="valid_from")
    if given is None:
        return
    last = await session.scalar(select(func.max(CatalogueEntry.valid_to)).where(CatalogueEntry.current_id == entry.id))
    if last is not None and given <= last and given != entry.valid_from:
        raise Invalid(
            f"valid_from is {given}: a former version held until {last}, give a later day.", field="valid_from"
        )


async def end_entry(session: AsyncSession, viewer: Viewer, id: UUID, *, valid_to: date | None = None) -> CatalogueEntry:
    """End an entry (停用职责清单条目): nothing is suggested by it after that day, today unless another is given."""
    viewer.must(WRITE)
    entry = await _standing(session, viewer, id)
    writing.must_cover(viewer, entry.grid_path)
    last = valid_to or _today()
    if entry.valid_from is not None and last < entry.valid_from:
        raise Invalid(
            f"valid_to is {last}: the entry {entry.code} begins on {entry.valid_from}, end it then or later.",
            field="valid_to",
        )
    entry.valid_to = last
    return entry


async def _standing(session: AsyncSession, viewer: Viewer, id: UUID) -> CatalogueEntry:
    """The entry, locked, if it is what stands now. Raises NotFound, Conflict."""
    entry = await writing.found(session, "catalogue entry", id, visible(viewer).where(CatalogueEntry.id == id))
    if entry.current_id is not None:
        raise Conflict(f"That is the former version {entry.version} of an entry: change the one that stands now.")
    if entry.valid_to is not None and entry.valid_to < _today():
        raise Conflict(f"The entry {entry.code} ended on {entry.valid_to}: create a new one.")
    return entry


async def _write(session: AsyncSession, viewer: Viewer, entry: CatalogueEntry, fields: Mapping[str, object]) -> None:
    for needed in ("code", "party_id"):
        if needed in fields and fields[needed] is None:
            raise Invalid(f"{needed} cannot be empty: leave it out, or give a value.", field=needed)
    if isinstance(party := fields.get("party_id"), UUID):
        await parties.living(session, viewer, party)
    if isinstance(category := fields.get("category"), str):
        fields = dict(fields) | {"category": "/".join(parts(category)) or None}
    await writing.fill(session, viewer, entry, fields)


def _today() -> date:
    return local_day(now())


def parts(category: str | None) -> list[str]:
    """The parts of a category, from the larger to the smaller."""
    return [part.strip() for part in (category or "").split("/") if part.strip()]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to send a request to, and why. `code` is that of the entry, also of a former version."""

    party: Party | None
    entry: CatalogueEntry
    code: str | None
    reason: str


async def suggestions(
    session: AsyncSession, viewer: Viewer, asked: Sequence[Asked], *, at: date | None = None
) -> list[list[Suggestion]]:
    """For each request the parties that the catalogue names, the best first: the most specific grid, then the longest
    category, then the newest. Of each entry the version that stands on that day, today unless another is given. One
    statement for all of them."""
    paths = {place for path, _, _ in asked for place in _above(path)}
    categories = {above for _, category, _ in asked for above in _wider(category)}
    day = at or _today()
    wanted = visible(viewer).where(
        or_(CatalogueEntry.grid_path.is_(None), CatalogueEntry.grid_path.in_(paths)),
        or_(CatalogueEntry.category.is_(None), CatalogueEntry.category.in_(categories)),
        *_holding(CatalogueEntry, day),
        ~_later(day),
    )
    current = aliased(CatalogueEntry)
    seen = parties.visible(viewer).subquery()
    rows = (
        await session.execute(
            wanted.outerjoin(seen, seen.c.id == CatalogueEntry.party_id)
            .outerjoin(Party, Party.id == seen.c.id)
            .outerjoin(Grid, Grid.id == CatalogueEntry.grid_id)
            .outerjoin(current, current.id == CatalogueEntry.current_id)
            .where(or_(Party.id.is_(None), Party.closed_on.is_(None), Party.closed_on > day))
            .add_columns(Party, Grid.name, func.coalesce(CatalogueEntry.code, current.code))
            .order_by(
                func.length(CatalogueEntry.grid_path).desc().nulls_last(),
                func.length(CatalogueEntry.category).desc().nulls_last(),
                CatalogueEntry.valid_from.desc().nulls_last(),
                CatalogueEntry.id.desc(),
            )
        )
    ).all()
    found = [Suggestion(party, entry, code, _reason(entry, code, grid)) for entry, party, grid, code in rows]
    return [_of(one, found) for one in asked]


def _holding(entry: type[CatalogueEntry], day: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What holds on a day."""
    return (
        or_(entry.valid_from.is_(None), entry.valid_from <= day),
        or_(entry.valid_to.is_(None), entry.valid_to >= day),
    )


def _later(day: date) -> ColumnElement[bool]:
    """Whether a later version of the same entry holds on that day: two meet on the day of a change."""
    later = aliased(CatalogueEntry)
    same = or_(later.id == CatalogueEntry.current_id, later.current_id == CatalogueEntry.current_id)
    return exists().where(same, later.version > CatalogueEntry.version, *_holding(later, day))


def _of(asked: Asked, found: Iterable[Suggestion]) -> list[Suggestion]:
    """What holds for one request, each party once."""
    path, category, practice = asked
    paths, categories = {None, *_above(path)}, {None, *_wider(category)}
    best: dict[UUID, Suggestion] = {}
    for one in found:
        entry = one.entry
        if entry.grid_path in paths and entry.category in categories and entry.practice in (None, practice):
            best.setdefault(entry.party_id, one)
    return list(best.values())[:MOST_SUGGESTED]


def _above(path: str | None) -> list[str]:
    return [] if path is None else [*grids.ancestors(path), path]


def _wider(category: str | None) -> list[str]:
    named = parts(category)
    return ["/".join(named[:size]) for size in range(1, len(named) + 1)]


def _reason(entry: CatalogueEntry, code: str | None, grid: str | None) -> str:
    """Why, in the words that people read: 条目 X：分类 …，网格 …，依据 …"""
    said = f"条目 {code}：分类 {entry.category or '不限'}，网格 {grid or '不限'}"
    return f"{said}，依据 {entry.basis}" if entry.basis else said


async def followed(session: AsyncSession, viewer: Viewer, request: Request, party: Party) -> dict[str, object]:
    """What a dispatch's event says of the catalogue: which entry it follows, or which one it overrides."""
    (suggested,) = await suggestions(session, viewer, [(request.grid_path, request.category, request.practice)])
    if not suggested:
        return {}
    first = suggested[0]
    named = next((one for one in suggested if one.entry.party_id == party.id), None)
    told = {"followed": _told(named) if named else None}
    return {"catalogue": told if named is first else told | {"overridden": _told(first)}}


def _told(one: Suggestion) -> dict[str, object]:
    return {"code": one.code, "version": one.entry.version, "reason": one.reason}
