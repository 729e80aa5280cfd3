"""Alliances: what is public about them, and what only insiders see."""

from collections.abc import Mapping
from datetime import date
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Agreement, Alliance, AllianceKind, MatchBasis, Member, Outcome, now, uuid7
from hub.services import parties, words, writing
from hub.services.working_days import local_day

WRITE = "parties:write"


def visible(viewer: Viewer) -> Select[Alliance]:
    """Everybody may see every alliance."""
    return select(Alliance)


def members(viewer: Viewer) -> Select[Member]:
    """Everybody may see that there is a member; who it is, obeys parties.visible."""
    return select(Member)


def agreements(viewer: Viewer) -> Select[Agreement]:
    """Everybody may see what was signed."""
    return select(Agreement)


def outcomes(viewer: Viewer) -> Select[Outcome]:
    """Everybody may see what came of it."""
    return select(Outcome)


by_id = writing.seen("alliance", Alliance, visible)


class AllianceFields(TypedDict, total=False):
    """What can be written of an alliance: what is left out stays, None empties."""

    name: str
    alliance_kind: AllianceKind
    code: str | None
    lead_id: UUID | None
    grid_id: UUID | None
    pillars: list[str]
    match_basis: list[MatchBasis]
    practice: str | None
    description: str | None
    closed_on: date | None


async def create_alliance(session: AsyncSession, viewer: Viewer, **fields: Unpack[AllianceFields]) -> Alliance:
    """Enter an alliance (联盟): a name, what holds it together, and its grid."""
    viewer.must(WRITE)
    writing.must_have(fields, "name", "alliance_kind")
    alliance = Alliance(id=uuid7())
    await _write(session, viewer, alliance, {"grid_id": None} | dict(fields))
    session.add(alliance)
    return alliance


async def update_alliance(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[AllianceFields]
) -> Alliance:
    """Change what is given of an alliance; `closed_on` ends it."""
    alliance = await _mine(session, viewer, id)
    await _write(session, viewer, alliance, fields)
    return alliance


async def join(
    session: AsyncSession,
    viewer: Viewer,
    id: UUID,
    *,
    party_id: UUID,
    role: str | None = None,
    joined_on: date | None = None,
) -> Member:
    """Take a party into an alliance (入盟); one that left comes back into its place."""
    alliance = await _mine(session, viewer, id)
    party = await parties.living(session, viewer, party_id)
    member = await session.scalar(_places(viewer, id, party_id))
    if member is not None and member.left_on is None:
        raise Conflict(f"{party.name} is a member of {alliance.name} already.")
    if member is None:
        member = Member(id=uuid7(), alliance_id=alliance.id, party_id=party.id)
        session.add(member)
    member.role = words.maybe(role, field="role", most=words.LINE)
    member.joined_on, member.left_on = joined_on or local_day(now()), None
    return member


async def leave(
    session: AsyncSession, viewer: Viewer, id: UUID, *, party_id: UUID, left_on: date | None = None
) -> Member:
    """Let a party leave an alliance (退盟), today unless another day is given."""
    alliance = await _mine(session, viewer, id)
    member = await session.scalar(_places(viewer, id, party_id))
    if member is None or member.left_on is not None:
        raise Conflict(f"The party is no member of {alliance.name}: there is nothing to leave.")
    day = left_on or local_day(now())
    if member.joined_on is not None and day < member.joined_on:
        raise Invalid(f"It joined on {member.joined_on}: it cannot leave before.", field="left_on")
    member.left_on = day
    return member


def _places(viewer: Viewer, id: UUID, party_id: UUID) -> Select[Member]:
    return members(viewer).where(Member.alliance_id == id, Member.party_id == party_id)


async def _mine(session: AsyncSession, viewer: Viewer, id: UUID) -> Alliance:
    """The alliance, locked, if it is on the viewer's grid."""
    viewer.must(WRITE)
    alliance = await writing.found(session, "alliance", id, visible(viewer).where(Alliance.id == id))
    writing.must_cover(viewer, alliance.grid_path)
    return alliance


async def _write(session: AsyncSession, viewer: Viewer, alliance: Alliance, fields: Mapping[str, object]) -> None:
    if isinstance(lead_id := fields.get("lead_id"), UUID):
        await parties.living(session, viewer, lead_id)
    await writing.fill(session, viewer, alliance, fields)
