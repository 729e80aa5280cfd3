"""Stations, what is had and done there, and who gives their time."""

from collections.abc import Mapping
from datetime import date
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid
from hub.models import (
    Activity,
    BuildMode,
    Person,
    Premises,
    ServiceItem,
    ServiceRecord,
    Station,
    StationTier,
    uuid7,
)
from hub.services import parties, writing
from hub.services.coordinates import MOST, must_be_whole

WRITE = "resources:write"


def visible(viewer: Viewer) -> Select[Station]:
    """Everybody may see every station."""
    return select(Station)


def service_items(viewer: Viewer) -> Select[ServiceItem]:
    """Everybody may see what is offered, and what was."""
    return select(ServiceItem)


def activities(viewer: Viewer) -> Select[Activity]:
    """Everybody may see what goes on."""
    return select(Activity)


def service_records(viewer: Viewer) -> Select[ServiceRecord]:
    """Those of visible persons, and those of whole teams."""
    persons = parties.persons(viewer).with_only_columns(Person.id)
    return select(ServiceRecord).where(or_(ServiceRecord.person_id.is_(None), ServiceRecord.person_id.in_(persons)))


by_id = writing.seen("station", Station, visible)
NAMES: writing.Names = {"operator_id": parties.living, "partner_id": parties.living, "centre_id": by_id}


class StationFields(TypedDict, total=False):
    """What can be written of a station: what is left out stays, None empties."""

    name: str
    tier: StationTier
    code: str | None
    practice: str | None
    grid_id: UUID | None
    operator_id: UUID | None
    partner_id: UUID | None
    centre_id: UUID | None
    address: str | None
    longitude: float | None
    latitude: float | None
    area: float | None
    opening_hours: str | None
    functions: list[str]
    facilities: list[str]
    zones: list[str]
    build_mode: BuildMode | None
    premises: Premises | None
    demonstration: bool
    agency: bool
    opened_on: date | None
    closed_on: date | None


async def create_station(session: AsyncSession, viewer: Viewer, **fields: Unpack[StationFields]) -> Station:
    """Enter a station (驿站): a name, whom it is for, and its grid."""
    viewer.must(WRITE)
    _must_make_sense(fields)
    return await writing.enter(session, viewer, Station(id=uuid7()), fields, "name", "tier", names=NAMES)


async def update_station(session: AsyncSession, viewer: Viewer, id: UUID, **fields: Unpack[StationFields]) -> Station:
    """Change what is given of a station; `closed_on` ends it."""
    viewer.must(WRITE)
    row = await writing.found(session, "station", id, visible(viewer).where(Station.id == id))
    _must_make_sense(fields, row)
    if fields.get("centre_id") == row.id:
        raise Invalid("A station is not its own centre: name another one.", field="centre_id")
    return await writing.change(session, viewer, row, fields, names=NAMES)


def _must_make_sense(fields: Mapping[str, object], row: Station | None = None) -> None:
    """Raise Invalid for a place that there is not, and for less than no area."""
    if not fields.keys().isdisjoint(MOST):
        must_be_whole({name: fields.get(name, getattr(row, name, None)) for name in MOST})
    area = fields.get("area")
    if isinstance(area, float | int) and area < 0:
        raise Invalid(f"area is {area:g}: give square metres, 0 or more.", field="area")
