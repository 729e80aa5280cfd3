"""Stations and what belongs to them: versions of services, codes on walls, offers, the life circle."""

from datetime import date, timedelta
from math import cos, degrees, radians
from typing import Any

import pytest

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.models import (
    Activity,
    BuildMode,
    Channel,
    Evaluation,
    Offer,
    Practice,
    Premises,
    Satisfaction,
    ServiceItem,
    ServiceMode,
    Station,
    StationTier,
    now,
)
from hub.services import activities, life_circle, offers, qr_points, service_items, stations
from hub.services.working_days import local_day
from tests.services.town import HUB, Town, founded

TODAY = local_day(now())
ELSEWHERE = Viewer("c", ROLES["clerk"], ("1/",))


async def opened(town: Town, **more: Any) -> Station:
    words = {"name": "春园驿站", "tier": StationTier.COMMUNITY, "grid_id": town.community.id}
    station: Station = await town.do(stations.create_station, **(words | more))
    return station


async def served(town: Town, **more: Any) -> ServiceItem:
    item: ServiceItem = await town.do(service_items.create_service_item, **({"title": "老年卡"} | more))
    return item


async def test_a_station_is_entered_and_changed(database: Database) -> None:
    town = await founded(database)
    made = await opened(
        town,
        build_mode=BuildMode.CO_BUILT,
        premises=Premises.HANDOVER_ROOM,
        partner_id=town.water_works,
        zones=[" 书画室 ", "议事厅"],
        demonstration=True,
        viewer=town.clerk(),
    )
    assert (made.grid_path, made.zones, made.agency, made.demonstration) == (
        town.community.path,
        ["书画室", "议事厅"],
        False,
        True,
    )
    closed = await town.do(stations.update_station, made.id, closed_on=TODAY)
    assert (closed.closed_on, closed.partner_id, closed.revision) == (TODAY, town.water_works, 2)
    for given, message in (
        ({"latitude": 91.0}, "latitude is 91: give degrees from -90 to 90."),
        ({"area": -1.0}, "area is -1: give square metres, 0 or more."),
        ({"centre_id": made.id}, "A station is not its own centre"),
        ({"facilities": ["电话 13800001111"]}, "The facilities holds a mobile number"),
    ):
        with pytest.raises(Invalid, match=message):
            await town.do(stations.update_station, made.id, **given)
    with pytest.raises(Forbidden):
        await town.do(stations.update_station, made.id, name="x", viewer=ELSEWHERE)
    with pytest.raises(NotFound):
        await town.do(stations.update_station, made.id, partner_id=made.id)


async def test_a_service_gets_better_because_of_what_people_say(database: Database) -> None:
    town = await founded(database)
    station, request = await opened(town), await town.submit()
    opinion = Evaluation(request_id=request.id, satisfaction=Satisfaction.DISSATISFIED, note="要跑两趟")
    async with database.write(HUB) as session:
        session.add(opinion)
    first = await served(town, station_id=station.id, sunk=True, modes=[ServiceMode.ONLINE])
    assert first.grid_path == town.community.path  # its station's
    second = await town.do(
        service_items.replace_service_item, first.id, because="一次办结", evaluation_id=opinion.id, contactless=True
    )
    third = await town.do(service_items.replace_service_item, second.id, because="增加上门", title="老年卡上门办")
    assert (second.title, second.sunk, second.contactless, second.modes) == ("老年卡", True, True, ["ONLINE"])
    assert (second.evaluation_id, second.because, second.station_id) == (opinion.id, "一次办结", station.id)
    async with database.read() as session:
        rows = [await session.get_one(ServiceItem, one.id) for one in (first, second, third)]
        found = await service_items.versions(session, HUB, rows)
    assert [[one.id for one in chain] for chain in found] == [[third.id, second.id, first.id]] * 3
    assert [one.closed_on for one in rows] == [TODAY, TODAY, None]
    with pytest.raises(Conflict, match="老年卡 has a later version already: change that one"):
        await town.do(service_items.replace_service_item, first.id, because="再改")
    with pytest.raises(Invalid, match="because is empty"):
        await town.do(service_items.replace_service_item, third.id, because=" ")
    with pytest.raises(NotFound, match="No evaluation"):
        await town.do(service_items.replace_service_item, third.id, because="x", evaluation_id=first.id)
    with pytest.raises(Forbidden):
        await town.do(service_items.replace_service_item, third.id, because="x", viewer=ELSEWHERE)
    async with database.read() as session:
        assert (await session.get_one(ServiceItem, third.id)).closed_on is None


async def test_what_is_said_through_a_code_is_a_request_on_its_grid(database: Database) -> None:
    town = await founded(database)
    with pytest.raises(Invalid, match="grid_id is missing"):
        await town.do(qr_points.create_qr_point, code="BH-1")
    point = await town.do(
        qr_points.create_qr_point, code="BH-1", title="2号楼门厅", grid_id=town.community.id, practice="baohe"
    )
    resident = Viewer("r", ROLES["resident"], ())
    unknown = await town.do(qr_points.submit_by_code, code="BH-1", title="灯不亮", viewer=resident)
    assert unknown.practice is None
    async with database.write(HUB) as session:
        session.add(Practice(code="baohe", name="包河区", title="共治包河"))
    request = await town.do(qr_points.submit_by_code, code="BH-1", title="灯不亮", viewer=resident)
    assert (request.grid_id, request.channel, request.place, request.practice) == (
        town.community.id,
        Channel.QR_CODE,
        "2号楼门厅",
        "baohe",
    )
    await town.do(qr_points.update_qr_point, point.id, closed_on=TODAY)
    before = await town.counts()
    with pytest.raises(Conflict, match=f"The code BH-1 was taken down on {TODAY}: submit the request with its grid"):
        await town.do(qr_points.submit_by_code, code="BH-1", title="灯不亮", viewer=resident)
    with pytest.raises(NotFound, match="No QR point BH-2"):
        await town.do(qr_points.submit_by_code, code="BH-2", title="灯不亮", viewer=resident)
    assert await town.counts() == before


@pytest.mark.parametrize(
    ("first", "last", "closed", "holds"),
    [
        (None, None, None, True),
        (0, 0, None, True),
        (1, None, None, False),
        (None, -1, None, False),
        (-9, 9, 0, False),
        (-9, 9, 1, True),
    ],
)
async def test_an_offer_holds_from_its_first_day_to_its_last(
    database: Database, first: int | None, last: int | None, closed: int | None, holds: bool
) -> None:
    town = await founded(database)
    days = [None if one is None else TODAY + timedelta(days=one) for one in (first, last, closed)]
    made: Offer = await town.do(
        offers.create_offer,
        title="骑手免费热水",
        provider_id=town.police,
        beneficiaries=["快递小哥", "外卖骑手"],
        **dict(zip(("valid_from", "valid_to", "closed_on"), days, strict=True)),
    )
    async with database.read() as session:
        assert (await session.scalar(offers.resources.offers(HUB).where(offers.holds())) is not None) is holds
    assert offers.active(made.valid_from, made.valid_to, made.closed_on) is holds


async def test_an_offer_that_ends_before_it_begins_is_none(database: Database) -> None:
    town = await founded(database)
    with pytest.raises(Invalid, match="valid_to is 2026-01-01, before the first day"):
        await town.do(offers.create_offer, title="x", valid_from=date(2026, 1, 2), valid_to=date(2026, 1, 1))


HERE = (39.8, 110.0)
STEP = degrees(80 / life_circle.EARTH)  # one minute to the north, in degrees


async def test_the_life_circle_is_what_one_reaches_on_foot(database: Database) -> None:
    town = await founded(database)
    places = {"本站": 0.0, "近": 7.0, "边": 14.99, "远": 15.01, "停": 1.0}
    made = {
        name: await opened(town, name=name, latitude=HERE[0] + minutes * STEP, longitude=HERE[1])
        for name, minutes in places.items()
    }
    made["东"] = await opened(town, name="东", latitude=HERE[0], longitude=HERE[1] + 10 * STEP / cos(radians(HERE[0])))
    await town.do(stations.update_station, made["停"].id, closed_on=TODAY)
    nowhere = await opened(town, name="无坐标")
    for name in ("近", "远"):
        await served(town, title=f"{name}事项", station_id=made[name].id)
        await town.do(offers.create_offer, title=f"{name}优惠", station_id=made[name].id)
    await town.do(offers.create_offer, title="过期", station_id=made["近"].id, valid_to=TODAY - timedelta(days=1))
    for title, ago in (("昨天", 1), ("明天", -1)):
        starts = now() - timedelta(days=ago)
        await town.do(activities.create_activity, title=title, starts_at=starts, station_id=made["近"].id)
    async with database.read() as session:
        found, none = await life_circle.circles(session, HUB, [made["本站"], nowhere])
        (five,) = await life_circle.circles(session, HUB, [made["本站"]], minutes=5)
        with pytest.raises(Invalid, match="minutes is 61: give 1 to 60"):
            await life_circle.circles(session, HUB, [nowhere], minutes=61)
    assert none is None
    assert found is not None
    assert five is not None
    told = [(one.station.name, one.distance, one.minutes) for one in found.stations]
    assert [(name, minutes) for name, _, minutes in told] == [("本站", 0), ("近", 7), ("东", 10), ("边", 15)]
    assert [round(metres / 80, 1) for _, metres, _ in told] == [0.0, 7.0, 10.0, 15.0]
    assert [row.title for row in (*found.service_items, *found.offers, *found.activities)] == [
        "近事项",
        "近优惠",
        "明天",
    ]
    assert (five.distance, [one.station.name for one in five.stations]) == (400.0, ["本站"])


async def test_circles_of_a_whole_level_cost_four_statements(database: Database, count_statements: Any) -> None:
    town = await founded(database)
    rows = [await opened(town, name=str(at), latitude=HERE[0] + at, longitude=HERE[1]) for at in range(4)]
    async with database.read() as session:
        with count_statements() as seen:
            found = await life_circle.circles(session, HUB, rows)
    assert len(seen) == 4
    assert [len(one.stations) for one in found if one is not None] == [1, 1, 1, 1]


async def test_an_activity_is_entered_and_called_off(database: Database) -> None:
    town = await founded(database)
    made: Activity = await town.do(
        activities.create_activity, title="义诊", starts_at=now(), grid_id=town.community.id, viewer=town.clerk()
    )
    with pytest.raises(Invalid, match="before it begins: give a later time"):
        await town.do(activities.update_activity, made.id, ends_at=now() - timedelta(days=1))
    assert (await town.do(activities.update_activity, made.id, closed_on=TODAY)).closed_on == TODAY
