"""A rota or a series as iCalendar, read back with a library: when, what, where, and never who."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import icalendar
import pytest
from dateutil.rrule import rrulestr

from hub.auth import system
from hub.db import Database
from hub.models import Grid, GridLevel, Person, Rota, Series, SeriesKind, Shift, Station, StationTier, uuid7
from hub.services import rotas
from hub.services.working_days import CHINA
from schema.ids import encode
from tests.schema.city import gid

EVENING: dict[str, Any] = {"title": "七点半岗哨", "rule": "FREQ=DAILY", "at": "19:30", "starts_on": date(2026, 3, 1)}


async def add(database: Database, *rows: Any) -> None:
    async with database.write(system("test")) as session:
        session.add_all(rows)


async def read(door: httpx2.AsyncClient, row: Any) -> tuple[str, icalendar.Calendar, Any]:
    answer = await door.get(f"/calendars/{gid(row)}.ics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    told = icalendar.Calendar.from_ical(answer.text)
    (event,) = told.walk("VEVENT")
    return answer.text, told, event


async def test_a_rota_is_an_event_with_a_rule_in_chinas_zone_and_nobodys_name(
    door: httpx2.AsyncClient, database: Database
) -> None:
    station = Station(name="春园驿站", tier=StationTier.COMMUNITY, address="春园路1号", latitude=32.0, longitude=112.1)
    person = Person(name="李雷", public=True)
    await add(database, station, person)
    rota = Rota(**EVENING, minutes=60, station_id=station.id)
    await add(database, rota)
    begin = datetime(2026, 3, 1, 11, 30, tzinfo=UTC)
    await add(database, Shift(rota_id=rota.id, person_id=person.id, starts_at=begin, ends_at=begin))
    text, told, event = await read(door, rota)
    assert "李雷" not in text
    assert not {"ATTENDEE", "ORGANIZER", "CONTACT"} & {name for name, _ in event.property_items()}
    (zone,) = told.walk("VTIMEZONE")
    assert (zone["TZID"], zone.walk("STANDARD")[0]["TZOFFSETTO"].td) == ("Asia/Shanghai", timedelta(hours=8))
    assert event["DTSTART"].params["TZID"] == "Asia/Shanghai"
    assert event["DTSTART"].dt == datetime(2026, 3, 1, 19, 30, tzinfo=event["DTSTART"].dt.tzinfo)
    assert event["DTSTART"].dt.astimezone(UTC) == begin
    assert (event["DURATION"].td, event["RRULE"].to_ical()) == (timedelta(hours=1), b"FREQ=DAILY")
    assert (event["SUMMARY"], event["LOCATION"]) == ("七点半岗哨", "春园驿站 春园路1号")
    assert event["UID"] == f"rota-{rota.id}@lianshu"
    assert (event.errors, told.errors) == ([], [])


async def test_the_uid_stays_while_the_sequence_grows(door: httpx2.AsyncClient, database: Database) -> None:
    rota = Rota(**EVENING)
    await add(database, rota)
    _, _, before = await read(door, rota)
    async with database.write(system("test")) as session:
        (await session.get_one(Rota, rota.id)).title = "夜间岗哨"
    _, _, after = await read(door, rota)
    assert (after["UID"], after["SUMMARY"]) == (before["UID"], "夜间岗哨")
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)


@pytest.mark.parametrize(
    ("rule", "beside"),
    [
        ("FREQ=MONTHLY;BYMONTHDAY=5,15,25", {"at": "09:00"}),
        ("FREQ=WEEKLY;BYDAY=SA,SU", {"at": "09:00", "ends_on": date(2026, 5, 17)}),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", {"at": "09:00"}),
        ("FREQ=DAILY;COUNT=9", {"at": "19:30"}),
        ("FREQ=DAILY;COUNT=9", {"at": "19:30", "ends_on": date(2026, 3, 6)}),
        ("FREQ=DAILY;UNTIL=20260310T113000Z", {"at": "19:30"}),
        ("FREQ=DAILY;BYHOUR=9,14", {}),
        ("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=20", {}),
    ],
)
async def test_a_calendar_finds_the_days_that_the_hub_finds(
    door: httpx2.AsyncClient, database: Database, rule: str, beside: dict[str, Any]
) -> None:
    series = Series(title="议事会", series_kind=SeriesKind.MEETING, rule=rule, starts_on=date(2026, 3, 3), **beside)
    await add(database, series)
    _, _, event = await read(door, series)
    start, whole = event["DTSTART"].dt, not isinstance(event["DTSTART"].dt, datetime)
    assert whole is ("at" not in beside and "BYHOUR" not in rule)
    begin = datetime.combine(start, datetime.min.time()) if whole else start.astimezone(CHINA)
    found = rrulestr(event["RRULE"].to_ical().decode(), dtstart=begin)
    last = datetime(2026, 8, 1, tzinfo=None if whole else CHINA)
    told = [one.replace(tzinfo=CHINA) for one in found.between(begin, last, inc=True)]
    assert told == rotas.times(series).between(date(2026, 3, 1), date(2026, 7, 31))


async def test_a_whole_day_lasts_a_day_as_the_standard_wants(door: httpx2.AsyncClient, database: Database) -> None:
    rota = Rota(title="巡逻", rule="FREQ=DAILY", minutes=90, starts_on=date(2026, 3, 1))  # as it was taken once
    await add(database, rota)
    text, _, _ = await read(door, rota)
    lines = text.splitlines()
    assert {"DTSTART;VALUE=DATE:20260301", "DURATION:P1D"} <= set(lines)


async def test_the_grid_is_the_place_where_there_is_no_station(door: httpx2.AsyncClient, database: Database) -> None:
    grid = Grid(code="1", name="滨河社区", level=GridLevel.DISTRICT, path="1/")
    await add(database, grid)
    rota = Rota(**EVENING, grid_id=grid.id, grid_path=grid.path)
    await add(database, rota)
    _, _, event = await read(door, rota)
    assert event["LOCATION"] == "滨河社区"


async def test_what_is_no_rota_has_no_calendar(door: httpx2.AsyncClient, database: Database) -> None:
    bad = Rota(title="坏", rule="FREQ=MINUTELY", starts_on=date(2026, 3, 1))
    await add(database, bad)
    for id, status, code in (
        (encode("Rota", (uuid7(),)), 404, "NOT_FOUND"),
        (encode("Person", (uuid7(),)), 400, "BAD_ID"),
        ("nonsense", 400, "BAD_ID"),
        (gid(bad), 400, "INVALID"),
    ):
        answer = await door.get(f"/calendars/{id}.ics")
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    answer = await door.get(f"/calendars/{gid(bad)}.ics", headers={"authorization": "Bearer none"})
    assert answer.status_code == 401
