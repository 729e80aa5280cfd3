"""What is given to groups of people (优惠, 关爱), while it is given."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid
from hub.models import Offer, now, uuid7
from hub.services import parties, resources, stations, writing
from hub.services.working_days import local_day, today

WRITE = "resources:write"
NAMES: writing.Names = {"provider_id": parties.living, "station_id": stations.by_id}


def holds() -> ColumnElement[bool]:
    """Whether an offer holds today, in China."""
    begun = or_(Offer.valid_from.is_(None), Offer.valid_from <= today())
    not_over = or_(Offer.valid_to.is_(None), Offer.valid_to >= today())
    return and_(begun, not_over, or_(Offer.closed_on.is_(None), Offer.closed_on > today()))


def active(valid_from: date | None, valid_to: date | None, closed_on: date | None) -> bool:
    """The same of one offer."""
    day = local_day(now())
    begun = valid_from is None or valid_from <= day
    return begun and (valid_to is None or valid_to >= day) and (closed_on is None or closed_on > day)


class OfferFields(TypedDict, total=False):
    """What can be written of an offer: what is left out stays, None empties."""

    title: str
    code: str | None
    practice: str | None
    provider_id: UUID | None
    station_id: UUID | None
    grid_id: UUID | None
    beneficiaries: list[str]
    valid_from: date | None
    valid_to: date | None
    closed_on: date | None


async def create_offer(session: AsyncSession, viewer: Viewer, **fields: Unpack[OfferFields]) -> Offer:
    """Enter what a merchant or a station gives (优惠), on the grid of either unless another is named."""
    viewer.must(WRITE)
    given: dict[str, Any] = dict(fields)
    for name in ("station_id", "provider_id"):
        if isinstance(id := given.get(name), UUID) and given.get("grid_id") is None:
            given["grid_id"] = (await NAMES[name](session, viewer, id)).grid_id
    row = Offer(id=uuid7())
    _must_make_sense(row, given)
    return await writing.enter(session, viewer, row, given, "title", names=NAMES)


async def update_offer(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[OfferFields]) -> Offer:
    """Change what is given of an offer; `closed_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "offer", id, resources.offers(viewer).where(Offer.id == id))
    _must_make_sense(row, fields)
    return await writing.change(session, viewer, row, fields, names=NAMES)


def _must_make_sense(row: Offer, fields: Mapping[str, Any]) -> None:
    first, last = (fields.get(name, getattr(row, name)) for name in ("valid_from", "valid_to"))
    if first is not None and last is not None and last < first:
        raise Invalid(f"valid_to is {last}, before the first day: give a later one.", field="valid_to")
