"""What was signed (协议), and what came of it (成效)."""

from collections.abc import Mapping
from datetime import date
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Conflict, Invalid
from hub.models import Agreement, AgreementKind, Alliance, Outcome, uuid7
from hub.models.practice import Qualifier
from hub.services import alliances, parties, writing

WRITE = "parties:write"
by_id = writing.seen("agreement", Agreement, alliances.agreements)
NAMES: writing.Names = {"alliance_id": alliances.by_id, "party_id": parties.living, "partner_id": parties.living}


class AgreementFields(TypedDict, total=False):
    """What can be written of an agreement: what is left out stays, None empties."""

    party_id: UUID
    title: str
    agreement_kind: AgreementKind
    code: str | None
    practice: str | None
    alliance_id: UUID | None
    partner_id: UUID | None
    grid_id: UUID | None
    services: list[str]
    signed_on: date | None
    expires_on: date | None
    closed_on: date | None


class OutcomeFields(TypedDict, total=False):
    """What can be written of an outcome."""

    metric: str
    value: float
    unit: str | None
    qualifier: Qualifier | None
    code: str | None
    practice: str | None
    agreement_id: UUID | None
    alliance_id: UUID | None
    closed_on: date | None


async def create_agreement(session: AsyncSession, viewer: Viewer, **fields: Unpack[AgreementFields]) -> Agreement:
    """Enter what a party signed (协议), with the services it owes; on the alliance's grid unless another is named."""
    viewer.must(WRITE)
    given = dict(fields)
    if isinstance(alliance := given.get("alliance_id"), UUID) and given.get("grid_id") is None:
        given["grid_id"] = (await alliances.by_id(session, viewer, alliance)).grid_id
    row = Agreement(id=uuid7())
    _must_make_sense(row, given)
    return await writing.enter(session, viewer, row, given, "party_id", "title", "agreement_kind", names=NAMES)


async def update_agreement(
    session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[AgreementFields]
) -> Agreement:
    """Change what is given of an agreement; `closed_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "agreement", id, alliances.agreements(viewer).where(Agreement.id == id))
    _must_make_sense(row, fields)
    return await writing.change(session, viewer, row, fields, names=NAMES)


async def create_outcome(session: AsyncSession, viewer: Viewer, **fields: Unpack[OutcomeFields]) -> Outcome:
    """Enter what came of an agreement or of an alliance (成效), as a number."""
    viewer.must(WRITE)
    writing.must_have(fields, "metric", "value")
    made = Outcome(id=uuid7())
    await _write_outcome(session, viewer, made, fields)
    session.add(made)
    return made


async def update_outcome(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[OutcomeFields]) -> Outcome:
    """Change what is given of an outcome; `closed_on` takes it off the list."""
    viewer.must(WRITE)
    row = await writing.found(session, "outcome", id, alliances.outcomes(viewer).where(Outcome.id == id))
    await _must_cover(session, viewer, row.agreement_id, row.alliance_id)
    await _write_outcome(session, viewer, row, fields)
    return row


async def _write_outcome(session: AsyncSession, viewer: Viewer, row: Outcome, fields: Mapping[str, object]) -> None:
    agreement, alliance = (fields.get(name, getattr(row, name)) for name in ("agreement_id", "alliance_id"))
    if agreement is None and alliance is None:
        raise Invalid("Of what did it come? Give an agreement or an alliance.", field="agreement_id")
    await _must_cover(session, viewer, agreement, alliance)  # type: ignore[arg-type]  # as its fields are typed
    writing.put(row, writing.checked(fields))


async def _must_cover(session: AsyncSession, viewer: Viewer, agreement: UUID | None, alliance: UUID | None) -> None:
    """Raise Forbidden unless what it belongs to is on the viewer's grid."""
    owner: Agreement | Alliance
    for find, id in ((by_id, agreement), (alliances.by_id, alliance)):
        if id is not None:
            owner = await find(session, viewer, id)
            writing.must_cover(viewer, owner.grid_path)


def _must_make_sense(row: Agreement, fields: Mapping[str, object]) -> None:
    """Raise Invalid for an end before the beginning, Conflict for a pair of one."""
    dates = [fields.get(name, getattr(row, name)) for name in ("signed_on", "expires_on")]
    if isinstance(dates[0], date) and isinstance(dates[1], date) and dates[1] < dates[0]:
        raise Invalid(f"expires_on is {dates[1]}, before it was signed: give a later day.", field="expires_on")
    one, other = (fields.get(name, getattr(row, name)) for name in ("party_id", "partner_id"))
    if one is not None and one == other:
        raise Conflict("A party does not pair up with itself: name another partner.")
