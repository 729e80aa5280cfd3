"""Alliances: what is public about them, and what only insiders see."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer, under
from hub.errors import Conflict, Invalid
from hub.models import (
    Agreement,
    Alliance,
    AllianceKind,
    MatchBasis,
    Member,
    Organization,
    OrganizationKind,
    Outcome,
    now,
    uuid7,
)
from hub.services import parties, words, writing
from hub.services.working_days import local_day, today

WRITE = "parties:write"
FIRMS = (OrganizationKind.MERCHANT, OrganizationKind.ENTERPRISE)
MOST_SUGGESTED, MOST_LOOKED_AT = 50, 5_000


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


@dataclass(frozen=True, slots=True)
class SuggestedMember:
    """A party that may belong to an alliance, and why."""

    party: Organization
    reasons: list[str]


async def suggested_members(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Alliance]
) -> list[list[SuggestedMember]]:
    """Merchants and firms that may belong to each of these alliances, with the reasons; a person decides.

    Near is who stands on the alliance's grid or below it and works in an industry of its members (行业相近), where
    INDUSTRY is a basis of it; and who has signed something with a member (关联性强), where RELATEDNESS is. Nobody is
    suggested who is in it, or has left it. Three statements, however many alliances.
    """
    ids = [row.id for row in rows]
    known: dict[UUID, dict[UUID, bool]] = defaultdict(dict)
    for alliance, party, in_it in await session.execute(
        select(Member.alliance_id, Member.party_id, Member.left_on.is_(None)).where(Member.alliance_id.in_(ids))
    ):
        known[alliance][party] = in_it
    inside = {party for members_ in known.values() for party, in_it in members_.items() if in_it}
    paired = await _paired(session, inside)
    firms = parties.organizations(viewer).where(
        Organization.organization_kind.in_(FIRMS),
        or_(Organization.closed_on.is_(None), Organization.closed_on > today()),
    )
    near = or_(false(), *(under(Organization.grid_path, row.grid_path) for row in rows if row.grid_path))
    wanted = firms.where(or_(near, Organization.id.in_(inside | paired.keys())))
    found = (await session.scalars(wanted.order_by(Organization.name, Organization.id).limit(MOST_LOOKED_AT))).all()
    return [list(islice(_suggested(row, known[row.id], found, paired), MOST_SUGGESTED)) for row in rows]


def _suggested(
    alliance: Alliance, known: Mapping[UUID, bool], firms: Sequence[Organization], paired: Mapping[UUID, set[UUID]]
) -> Iterator[SuggestedMember]:
    """Those that speak for themselves, with what speaks for them."""
    industries = {firm.industry for firm in firms if known.get(firm.id) and firm.industry}
    inside = {party for party, in_it in known.items() if in_it}
    for firm in firms:
        here = bool(alliance.grid_path and firm.grid_path and firm.grid_path.startswith(alliance.grid_path))
        reasons = []
        if "INDUSTRY" in alliance.match_basis and here and firm.industry in industries:
            reasons.append(f"The same industry as members (行业相近): {firm.industry}")
        if "RELATEDNESS" in alliance.match_basis and paired.get(firm.id, set()) & inside:
            reasons.append("It has signed something with a member (关联性强)")
        if reasons and firm.id not in known:
            yield SuggestedMember(firm, reasons)


async def _paired(session: AsyncSession, inside: set[UUID]) -> dict[UUID, set[UUID]]:
    """Who has signed something with whom of these, by those outside."""
    found: dict[UUID, set[UUID]] = defaultdict(set)
    both = (Agreement.party_id.in_(inside), Agreement.partner_id.in_(inside))
    signed = select(Agreement.party_id, Agreement.partner_id).where(or_(*both), Agreement.closed_on.is_(None))
    for one, other in await session.execute(signed.where(Agreement.partner_id.is_not(None))):
        if other is not None:
            found[one].add(other)
            found[other].add(one)
    return found
