"""Requests that may say the same (疑似重复): found by place, time and text, explained, and decided on by people.

new requests of the log ──> candidates: by index, at most MOST ──> compared (likeness) ──> suggestions ──> a person
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import cos, radians
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import ColumnElement, Float, Select, and_, cast, func, null, or_, select, text, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, system
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import (
    Change,
    ChangeKind,
    DuplicateDecision,
    DuplicateSearch,
    DuplicateSuggestion,
    Grid,
    GridLevel,
    Request,
    now,
)
from hub.services import changes, coordinates, grids, requests, words
from hub.services.likeness import LONGEST, NEAR, WINDOW, Reason, Said, compared

VIEWER = system("duplicates", "查重")
log = structlog.get_logger("hub.duplicates")
ON_GRID, AROUND, CLOSE_BY = 200, 100, 200
MOST = ON_GRID + AROUND + CLOSE_BY
"""So many requests are compared with one at most."""
MOST_SUGGESTED, STORED = 20, 5
ODD = (ValueError, TypeError, ArithmeticError, LookupError)
"""What words and places that make no sense may raise. What the database raises is tried again, and told of."""
STRETCH, AT_ONCE = 1_000, 10
"""So many changes of the log are read in one pass, and so many new requests compared."""
METRES_OF_A_DEGREE = 111_000.0
SMALL = (GridLevel.COMMUNITY, GridLevel.VILLAGE, GridLevel.ESTATE, GridLevel.BUILDING)


def visible(viewer: Viewer) -> Select[DuplicateSuggestion]:
    """What is suggested for requests that the viewer is inside of; the other request obeys requests.visible."""
    return requests.duplicate_suggestions(viewer)


@dataclass(frozen=True, slots=True)
class Similar:
    """An open request that may say the same, how much so, and why."""

    request: Request
    score: float
    reasons: list[Reason]


async def before(
    session: AsyncSession,
    viewer: Viewer,
    *,
    title: str,
    content: str | None = None,
    grid_id: UUID | None = None,
    category: str | None = None,
    place: str | None = None,
    longitude: float | None = None,
    latitude: float | None = None,
    first: int = STORED,
) -> list[Similar]:
    """The same for what is not yet submitted. Raises Invalid for words that could not be."""
    coordinates.must_be_whole({"longitude": longitude, "latitude": latitude})
    if not 0 <= first <= MOST_SUGGESTED:
        raise Invalid(f"first is {first}: it must lie between 0 and {MOST_SUGGESTED}.", field="first")
    said = Said(
        words.said(title, field="title", most=words.LINE),
        now(),
        words.maybe(content, field="content"),
        words.maybe(category, field="category", most=words.LINE),
        grid_id,
        place=words.maybe(place, field="place", most=words.LINE),
        longitude=longitude,
        latitude=latitude,
    )
    return await similar(session, viewer, said, first=first)


async def similar(
    session: AsyncSession, viewer: Viewer, said: Said, *, first: int = STORED, besides: UUID | None = None
) -> list[Similar]:
    """Open requests that the viewer may see and that may say the same, the likeliest first. For who may submit."""
    viewer.must("requests:submit")
    around = await _around(session, viewer, said)
    said = replace(said, grid=around.get(said.grid_id) if said.grid_id else None)
    wanted = compared_with(viewer, said, around, besides, trigrams=await knows_chinese(session))
    found: list[tuple[float, UUID, list[Reason]]] = []
    for row in (await session.execute(wanted)).mappings():
        other = Said(**{name: row[name] for name in OF_OTHERS}, at=row["submitted_at"])
        if (alike := compared(said, other, row["trigrams"])) is not None:
            found.append((alike[0], row["id"], alike[1]))
    best = sorted(found, key=lambda one: (-one[0], one[1]))[:first]
    if not best:
        return []
    whole = requests.visible(viewer).where(Request.id.in_([id for _, id, _ in best]))
    rows = {row.id: row for row in await session.scalars(whole)}
    return [Similar(rows[id], score, reasons) for score, id, reasons in best if id in rows]


OF_OTHERS = ("title", "content", "category", "grid_id", "place", "longitude", "latitude")


async def _around(session: AsyncSession, viewer: Viewer, said: Said) -> dict[UUID, str]:
    """Its grid, and what lies right above and below as far as that is small: ids and names."""
    if said.grid_id is None:
        return {}
    above = select(Grid.parent_id).where(Grid.id == said.grid_id).scalar_subquery()
    near = and_(Grid.level.in_(SMALL), or_(Grid.id == above, Grid.parent_id == said.grid_id))
    wanted = grids.visible(viewer).where(or_(Grid.id == said.grid_id, near)).limit(AROUND)
    found = await session.execute(wanted.with_only_columns(Grid.id, Grid.name).order_by(Grid.path))
    return {row.id: row.name for row in found}


async def knows_chinese(session: AsyncSession) -> bool:
    """Whether pg_trgm is there, and the database takes Chinese characters for letters: with LC_CTYPE C it does not."""
    there = text("SELECT to_regprocedure('word_similarity(text, text)') IS NOT NULL AND '路' ~ '[[:alpha:]]'")
    return bool(await session.scalar(there))


def candidates(viewer: Viewer, said: Said, around: Collection[UUID], besides: UUID | None) -> Select[Any] | None:
    """The ids of at most MOST open requests of the same weeks: on its grid, right around that, and within metres. Each
    of the three reads one index and stops. None: nothing is known of where it is."""
    open_then = [
        Request.closed_at.is_(None),
        Request.submitted_at.between(said.at - WINDOW, said.at + WINDOW),
        *([Request.id != besides] if besides else []),
    ]
    seen = (
        requests.visible(viewer).with_only_columns(Request.id).where(*open_then).order_by(Request.submitted_at.desc())
    )
    ways: list[Select[Any]] = []
    if said.grid_id is not None:
        ways.append(seen.where(Request.grid_id == said.grid_id).limit(ON_GRID))
        if others := sorted(id for id in around if id != said.grid_id):
            ways.append(seen.where(Request.grid_id.in_(others)).limit(AROUND))
    if said.longitude is not None and said.latitude is not None:
        ways.append(seen.where(_box(said.longitude, said.latitude)).limit(CLOSE_BY))
    if not ways:
        return None
    every = union_all(*(select(way.subquery()) for way in ways)).subquery()
    return select(every.c.id).distinct()


def _box(longitude: float, latitude: float) -> ColumnElement[bool]:
    """So many metres to each side: what is nearer than that lies in it."""
    high = NEAR / METRES_OF_A_DEGREE
    wide = high / max(0.01, cos(radians(latitude)))
    return and_(
        Request.latitude.is_not(None),
        Request.latitude.between(latitude - high, latitude + high),
        Request.longitude.between(longitude - wide, longitude + wide),
    )


def compared_with(
    viewer: Viewer, said: Said, around: Collection[UUID], besides: UUID | None, *, trigrams: bool
) -> Select[Any]:
    """What is compared of each candidate, and how alike pg_trgm finds the texts."""
    ids = candidates(viewer, said, around, besides)
    content = func.left(func.coalesce(Request.content, ""), LONGEST)
    text_of = Request.title.concat(" ").concat(content)
    alike = func.greatest(
        func.similarity(text_of, said.text),
        0.8 * func.word_similarity(said.title, text_of),
        0.8 * func.word_similarity(Request.title, said.text),
    )
    columns = [getattr(Request, name) for name in OF_OTHERS if name != "content"]
    score = cast(alike, Float) if trigrams else cast(null(), Float)
    return select(
        *(Request.id, Request.submitted_at, content.label("content"), *columns, score.label("trigrams"))
    ).where(Request.id.in_([] if ids is None else ids))


async def search(session: AsyncSession) -> bool:
    """Read the next stretch of the log, and store what is suggested for the new requests in it; whether there is more.

    What was asked before the hub first looked, is closed or older than the window is left alone.
    """
    place = await _place(session)
    if place is None:
        return False
    stretch = changes.settled(changes.visible(VIEWER), place).limit(STRETCH)
    columns = (Change.position, Change.id, Change.kind, Change.entity, Change.entity_id)
    read = (await session.execute(stretch.with_only_columns(*columns))).all()
    compared_here = 0
    for position, id, kind, entity, entity_id in read:
        place = (position, id)
        if kind is ChangeKind.CREATED and entity == "Request":
            await _try(session, entity_id)
            compared_here += 1
        if compared_here == AT_ONCE:
            break
    if read:
        values = {"position": place[0], "change_id": place[1]}
        await session.execute(update(DuplicateSearch).values(values))
    return compared_here == AT_ONCE or len(read) == STRETCH


async def _try(session: AsyncSession, id: UUID) -> None:
    """Suggest, if that can be done: one request that cannot be compared must not stop all that come after it."""
    try:
        async with session.begin_nested():
            await suggest(session, id)
    except ODD:
        log.exception("a request was not compared", request=str(id))


async def _place(session: AsyncSession) -> tuple[int, UUID] | None:
    """How far the log was read, held until the end of the transaction; None: another worker holds it."""
    mine = select(DuplicateSearch.position, DuplicateSearch.change_id)
    if (found := (await session.execute(mine.with_for_update(skip_locked=True))).one_or_none()) is not None:
        return found.position, found.change_id
    position, change_id = await changes.end(session)
    begun = insert(DuplicateSearch).values(id=1, position=position, change_id=change_id).on_conflict_do_nothing()
    await session.execute(begun)
    return None


async def suggest(session: AsyncSession, id: UUID) -> list[DuplicateSuggestion]:
    """Store what may say the same as a request, unless that pair is known already."""
    request = await session.scalar(requests.visible(VIEWER).where(Request.id == id))
    if request is None or request.closed_at is not None or request.submitted_at < now() - WINDOW:
        return []
    found = await similar(session, VIEWER, said_in(request), besides=id)
    known = await _known(session, id, [one.request.id for one in found])
    new = [
        DuplicateSuggestion(
            request_id=id,
            other_id=one.request.id,
            score=one.score,
            reasons=[{"kind": why.kind.name, "words": why.words, "score": why.score} for why in one.reasons],
        )
        for one in found
        if one.request.id not in known
    ]
    session.add_all(new)
    return new


def said_in(request: Request) -> Said:
    """What is compared of a request."""
    return Said(**{name: getattr(request, name) for name in OF_OTHERS}, at=request.submitted_at)


async def _known(session: AsyncSession, id: UUID, others: Sequence[UUID]) -> set[UUID]:
    """Those of the others of which a pair with this one is stored, either way round."""
    if not others:
        return set()
    mine = select(DuplicateSuggestion.request_id, DuplicateSuggestion.other_id).where(
        or_(
            and_(DuplicateSuggestion.request_id == id, DuplicateSuggestion.other_id.in_(others)),
            and_(DuplicateSuggestion.request_id.in_(others), DuplicateSuggestion.other_id == id),
        )
    )
    return {one for pair in await session.execute(mine) for one in pair} - {id}


async def dismiss(session: AsyncSession, viewer: Viewer, *, request_id: UUID, other_id: UUID) -> DuplicateSuggestion:
    """Say that two requests are not the same (排除疑似重复), for good: the pair is not suggested again."""
    viewer.must("requests:triage")
    request = await requests.locked(session, viewer, request_id)
    if not requests.on_grid(viewer, request):
        raise Forbidden(f"Request {request.number} is not on your grid: ask those above it.")
    mine = visible(viewer).where(DuplicateSuggestion.request_id == request_id, DuplicateSuggestion.other_id == other_id)
    found = await session.scalar(mine.with_for_update(of=DuplicateSuggestion))
    if found is None:
        raise NotFound("suggestion of", other_id, f"See duplicateSuggestions of request {request.number}.")
    if found.decided is not None:
        raise Conflict(f"That was decided already: {found.decided.name}.")
    found.decided, found.decided_by, found.decided_at = DuplicateDecision.DISMISSED, viewer.subject, now()
    return found


async def note(session: AsyncSession, viewer: Viewer, one: UUID, other: UUID, *, merged: bool) -> None:
    """Let the suggestion of a pair, where there is one, say that they were merged, or are no longer."""
    pair = {one, other}
    mine = select(DuplicateSuggestion).where(
        DuplicateSuggestion.request_id.in_(pair), DuplicateSuggestion.other_id.in_(pair)
    )
    for found in await session.scalars(mine.with_for_update()):
        if merged:
            found.decided, found.decided_by, found.decided_at = DuplicateDecision.MERGED, viewer.subject, now()
        elif found.decided is DuplicateDecision.MERGED:
            found.decided = found.decided_by = found.decided_at = None
