"""Affiliations: parties that belong to an organization beside the tree: member units, founders, who works with whom."""

from datetime import date
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Affiliation, AffiliationKind, Organization, Party, now, uuid7
from hub.services import parties, writing
from hub.services.working_days import local_day

WRITE = parties.WRITE


def visible(viewer: Viewer) -> Select[Affiliation]:
    """Those between visible parties."""
    return select(Affiliation).where(
        Affiliation.organization_id.in_(parties.organizations(viewer).with_only_columns(Organization.id)),
        Affiliation.party_id.in_(parties.visible(viewer).with_only_columns(Party.id)),
    )


class AffiliationFields(TypedDict, total=False):
    """What can be written of an affiliation."""

    practice: str | None
    since: date | None
    until: date | None


async def affiliate(
    session: AsyncSession,
    viewer: Viewer,
    *,
    organization_id: UUID,
    party_id: UUID,
    affiliation_kind: AffiliationKind,
    **fields: Unpack[AffiliationFields],
) -> Affiliation:
    """Let a party belong to an organization (隶属): as a member unit, a founder, beside it or below it."""
    viewer.must(WRITE)
    organization = await writing.found(
        session,
        "organization",
        organization_id,
        parties.organizations(viewer).where(Organization.id == organization_id),
    )
    writing.must_cover(viewer, organization.grid_path)
    party = await parties.living(session, viewer, party_id)
    if party.id == organization.id:
        raise Invalid(f"{organization.name} cannot belong to itself: name another party.", field="party_id")
    today = local_day(now())
    same = select(Affiliation).where(
        Affiliation.organization_id == organization.id,
        Affiliation.party_id == party.id,
        Affiliation.affiliation_kind == affiliation_kind,
        or_(Affiliation.until.is_(None), Affiliation.until > today),
    )
    if await session.scalar(same.limit(1)) is not None:
        raise Conflict(f"{party.name} belongs to {organization.name} as {affiliation_kind.name} already.")
    made = Affiliation(
        id=uuid7(), organization_id=organization.id, party_id=party.id, affiliation_kind=affiliation_kind
    )
    _write(made, fields)
    session.add(made)
    return made


async def update_affiliation(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[AffiliationFields]
) -> Affiliation:
    """Change what is given of an affiliation; `until` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "affiliation", id, visible(viewer).where(Affiliation.id == id))
    writing.must_cover(viewer, (await session.get_one(Organization, row.organization_id)).grid_path)
    _write(row, fields)
    return row


def _write(row: Affiliation, fields: AffiliationFields) -> None:
    since, until = fields.get("since", row.since), fields.get("until", row.until)
    if since is not None and until is not None and until < since:
        raise Invalid(f"It began on {since}: it cannot end on {until}, before that.", field="until")
    writing.put(row, writing.checked(fields))
