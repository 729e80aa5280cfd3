"""The life circle of a station (15分钟生活圈): what lies within so many minutes of walking, by coordinates.

A box around each station is looked up in the index first; the distance is then that of the sphere. It is the way of a
bird: streets are longer, so a circle tells what cannot be farther, and no more.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import asin, ceil, cos, degrees, radians, sin, sqrt
from typing import Any
from uuid import UUID

from sqlalchemy import Double, Integer, Select, column, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import Invalid
from hub.models import Activity, Offer, ServiceItem, Station, now
from hub.services import offers, resources, stations
from hub.services.working_days import today

METRES_A_MINUTE = 80
EARTH = 6_371_008.8  # metres, its mean radius
MOST_MINUTES = 60
MOST_STATIONS, MOST_OF_EACH = 50, 200


@dataclass(frozen=True, slots=True)
class Near:
    """A station and how far away it is."""

    station: Station
    distance: float
    minutes: int


@dataclass(slots=True)
class Circle:
    """What lies within so many minutes, the nearest first."""

    minutes: int
    distance: float
    stations: list[Near] = field(default_factory=list)
    service_items: list[ServiceItem] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)


async def circles(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Station], *, minutes: int = 15
) -> list[Circle | None]:
    """The circle of each of these stations, the station itself in it; None where it has no coordinates."""
    if not 1 <= minutes <= MOST_MINUTES:
        raise Invalid(f"minutes is {minutes}: give 1 to {MOST_MINUTES}.", field="minutes")
    reach = float(minutes * METRES_A_MINUTE)
    near = await _near(session, viewer, rows, reach)
    there = list({one.station.id for found in near.values() for one in found})
    items, acts, given = (
        await _at(session, there, ServiceItem, stations.service_items(viewer).where(_open(ServiceItem))),
        await _at(session, there, Activity, stations.activities(viewer).where(_open(Activity), _to_come())),
        await _at(session, there, Offer, resources.offers(viewer).where(offers.holds())),
    )
    return [
        None
        if row.latitude is None or row.longitude is None
        else Circle(minutes, reach, near[at], *(_of(near[at], found) for found in (items, acts, given)))
        for at, row in enumerate(rows)
    ]


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """How far two places are apart, each as latitude and longitude, on a sphere (haversine)."""
    (north, east), (north_, east_) = (tuple(map(radians, place)) for place in (one, other))
    half = sin((north_ - north) / 2) ** 2 + cos(north) * cos(north_) * sin((east_ - east) / 2) ** 2
    return 2 * EARTH * asin(min(1.0, sqrt(half)))


async def _near(session: AsyncSession, viewer: Viewer, rows: Sequence[Station], reach: float) -> dict[int, list[Near]]:
    """By number of the station: the open stations within reach. One statement for all."""
    found: dict[int, list[Near]] = defaultdict(list)
    wanted = [(at, row) for at, row in enumerate(rows) if row.latitude is not None and row.longitude is not None]
    if not wanted:
        return found
    for number, station in await session.execute(_boxes(wanted, stations.visible(viewer).where(_open(Station)), reach)):
        here = rows[number]
        far = metres((here.latitude or 0, here.longitude or 0), (station.latitude, station.longitude))
        if far <= reach:
            found[number].append(Near(station, round(far, 1), ceil(round(far, 1) / METRES_A_MINUTE)))
    for number, inside in found.items():
        found[number] = sorted(inside, key=lambda one: (one.distance, one.station.id))[:MOST_STATIONS]
    return found


def _boxes(wanted: Sequence[tuple[int, Any]], chosen: Select[Station], reach: float) -> Select[Any]:
    """The stations in a box around each of these: a box holds the circle, and an index finds what is in it."""
    tall = degrees(reach / EARTH) * 1.000001  # what lies on its edge is not lost to rounding
    parts: list[tuple[Any, Any]] = [(Integer(), [at for at, _ in wanted])]
    wide = [tall / max(cos(radians(abs(row.latitude) + tall)), 0.01) for _, row in wanted]
    for sign in (-1, 1):
        parts.append((Double(), [row.latitude + sign * tall for _, row in wanted]))
        parts.append((Double(), [row.longitude + sign * width for (_, row), width in zip(wanted, wide, strict=True)]))
    names = ("number", "south", "west", "north", "east")
    box = func.unnest(*(literal(values, ARRAY(kind)) for kind, values in parts)).table_valued(
        *(column(name, kind) for name, (kind, _) in zip(names, parts, strict=True)), name="box"
    )
    box = box.render_derived()
    inside = Station.latitude.between(box.c.south, box.c.north) & Station.longitude.between(box.c.west, box.c.east)
    off = [
        func.power((place * 2 - low - high) / (high - low), 2)  # of half a box, from its middle
        for place, low, high in (
            (Station.latitude, box.c.south, box.c.north),
            (Station.longitude, box.c.west, box.c.east),
        )
    ]
    there = chosen.where(inside).order_by(off[0] + off[1], Station.id).limit(4 * MOST_STATIONS)
    ids = there.with_only_columns(Station.id).correlate(box).lateral("there")
    return select(box.c.number, Station).select_from(box).join(ids, true()).join(Station, Station.id == ids.c.id)


async def _at(session: AsyncSession, there: Sequence[UUID], model: Any, chosen: Select[Any]) -> dict[UUID, list[Any]]:
    """By station: its rows of a noun, a bounded number of them."""
    by_station: dict[UUID, list[Any]] = defaultdict(list)
    if there:
        place = func.row_number().over(partition_by=model.station_id, order_by=model.id)
        ranked = chosen.where(model.station_id.in_(there)).with_only_columns(model.id, place.label("place")).subquery()
        within = select(model).join(ranked, ranked.c.id == model.id).where(ranked.c.place <= MOST_OF_EACH)
        for row in await session.scalars(within.order_by(model.title, model.id)):
            by_station[row.station_id].append(row)
    return by_station


def _of(near: Iterable[Near], found: dict[UUID, list[Any]]) -> list[Any]:
    """What is to be had at these stations, the nearest first."""
    return [row for one in near for row in found.get(one.station.id, ())][:MOST_OF_EACH]


def _open(model: Any) -> Any:
    return model.closed_on.is_(None) | (model.closed_on > today())


def _to_come() -> Any:
    return func.coalesce(Activity.ends_at, Activity.starts_at) >= now()
