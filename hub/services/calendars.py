"""Rotas and series as iCalendar: one event with its rule, and nobody's name."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from icalendar import Calendar, Event, Timezone, TimezoneStandard, vRecur
from sqlalchemy.ext.asyncio import AsyncSession

from hub.auth import Viewer
from hub.errors import NotFound
from hub.models import Grid, Rota, Series, Station
from hub.services import grids, recurrence, rotas, stations, writing
from hub.services.recurrence import Times
from hub.services.working_days import CHINA

ZONE = "Asia/Shanghai"
PRODUCT = "-//Lianshu//Lianshu//ZH"
FOUND: Mapping[str, writing.Find] = {
    "Rota": writing.seen("rota", Rota, rotas.visible),
    "Series": writing.seen("series", Series, rotas.series),
}


async def calendar(session: AsyncSession, viewer: Viewer, noun: str, id: UUID) -> bytes:
    """The calendar of a rota or a series. Raises NotFound, and Invalid where its rule is none."""
    row: Rota | Series = await FOUND[noun](session, viewer, id)
    times = rotas.times(row)
    first = next(times.all(row.starts_on + timedelta(days=recurrence.NEVER_DAYS)))
    place = await _place(session, viewer, row)
    told = Calendar()
    told.add("prodid", PRODUCT)
    told.add("version", "2.0")
    told.add("method", "PUBLISH")
    told.add("name", row.title)
    told.add("x-wr-calname", row.title)
    told.add_component(_zone())
    told.add_component(_event(noun, row, times, first, place))
    written: bytes = told.to_ical()
    return written


def _event(noun: str, row: Rota | Series, times: Times, first: datetime, place: Mapping[str, Any]) -> Event:
    """The event, from its first time on. Its UID stays the same, whatever changes; SEQUENCE grows."""
    event = Event()
    event.add("uid", f"{noun.lower()}-{row.id}@lianshu")
    event.add("sequence", row.revision - 1)
    event.add("dtstamp", row.updated_at)
    event.add("created", row.created_at)
    event.add("last-modified", row.updated_at)
    event.add("summary", row.title)
    for name, value in place.items():
        event.add(name, value)
    if times.whole_day:
        event.add("dtstart", first.date())
    else:
        event["dtstart"] = _local(first)
    event.add("duration", times.lasts)
    event.add("rrule", _rule(times))
    event.add("transp", "TRANSPARENT")
    return event


def _local(moment: datetime) -> Any:
    """A time in the zone that the calendar itself describes."""
    event = Event()
    event.add("dtstart", moment.replace(tzinfo=None), parameters={"TZID": ZONE})
    return event["dtstart"]


def _rule(times: Times) -> vRecur:
    """The rule as it is kept, ended with the rota: UNTIL is a moment in UTC where there is a time of day."""
    rule: vRecur = vRecur.from_ical(times.rule.text)
    last = datetime.combine(times.ends_on, time.max) if times.ends_on is not None else None
    if end := min((one for one in (times.rule.until, last) if one is not None), default=None):
        if times.ends_on is not None and "COUNT" in rule:
            rule["COUNT"] = [sum(1 for _ in times.all(times.ends_on))]
        else:
            rule["UNTIL"] = [_end(times, end)]
    return rule


def _end(times: Times, end: datetime) -> date | datetime:
    return end.date() if times.whole_day else end.replace(microsecond=0, tzinfo=CHINA).astimezone(UTC)


def _zone() -> Timezone:
    """China's zone, which has one offset the whole year round."""
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", ZONE)
    standard.add("dtstart", datetime(1991, 9, 15, 1))
    standard.add("tzoffsetfrom", timedelta(hours=8))
    standard.add("tzoffsetto", timedelta(hours=8))
    standard.add("tzname", "CST")
    zone.add_component(standard)
    return zone


async def _place(session: AsyncSession, viewer: Viewer, row: Rota | Series) -> dict[str, Any]:
    """Where it is: the station's name and address and where that stands, else the name of the grid."""
    if row.station_id is not None:
        try:
            station: Station = await stations.by_id(session, viewer, row.station_id)
        except NotFound:
            return {}
        place: dict[str, Any] = {"location": " ".join(filter(None, (station.name, station.address)))}
        if station.latitude is not None and station.longitude is not None:
            place["geo"] = (station.latitude, station.longitude)
        return place
    if row.grid_id is not None:
        grid: Grid = await grids.by_id(session, viewer, row.grid_id)
        return {"location": grid.name}
    return {}
