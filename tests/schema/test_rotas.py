"""What is due over the graph: occurrences with who is on duty, compliance, life circles, sums; batched and bounded."""

from datetime import date, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub import models
from hub.services.working_days import CHINA
from tests.schema.api import Api
from tests.schema.city import ADMIN, City, add, gid

DUE = """{ rotas(orderBy: [TITLE_ASC]) { nodes { title
  occurrences(from: "2026-03-05", to: "2026-03-25") { startsAt endsAt shifts { held person { name } } onDuty { name } }
  compliance(from: "2026-03-05", to: "2026-03-25") { due held missed rate } } } }"""


async def rotas(city: City, many: int = 2) -> list[models.Rota]:
    """逢5进圈 at several places; on the first, a turn that was held."""
    rule = {"rule": "FREQ=MONTHLY;BYMONTHDAY=5,15,25", "starts_on": date(2026, 1, 1), "at": "09:00"}
    made = [models.Rota(title=f"逢5进圈{at}", **rule) for at in range(many)]
    await add(city.database, *made)
    begin = datetime(2026, 3, 15, 9, tzinfo=CHINA)
    turn = {"person_id": city.person.id, "starts_at": begin, "ends_at": begin + timedelta(hours=1)}
    await add(city.database, models.Shift(rota_id=made[0].id, held=True, **turn))
    return made


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_a_rota_tells_when_it_is_due_and_who_is_on_duty(api: Api, city: City, executor: str) -> None:
    await rotas(city)
    answer = (await api.post(DUE, ADMIN, executor=executor)).json()
    first, second = answer["data"]["rotas"]["nodes"]
    assert [one["startsAt"][:10] for one in first["occurrences"]] == ["2026-03-05", "2026-03-15", "2026-03-25"]
    assert first["occurrences"][1] == {
        "startsAt": "2026-03-15T01:00:00+00:00",
        "endsAt": "2026-03-15T02:00:00+00:00",
        "shifts": [{"held": True, "person": {"name": "李雷"}}],
        "onDuty": [{"name": "李雷"}],
    }
    assert [one["onDuty"] for one in second["occurrences"]] == [[], [], []]
    due = {"due": 3, "held": 1, "missed": 2, "rate": pytest.approx(1 / 3)}
    assert (first["compliance"], second["compliance"]) == (due, due | {"held": 0, "missed": 3, "rate": 0.0})


async def test_who_may_not_see_the_person_sees_that_it_was_held_and_not_by_whom(api: Api, city: City) -> None:
    await rotas(city, 1)
    (rota,) = (await api(DUE))["rotas"]["nodes"]
    assert [(one["shifts"], one["onDuty"]) for one in rota["occurrences"]] == [([], [])] * 3
    assert rota["compliance"]["held"] == 1


async def test_a_whole_level_costs_five_statements_however_many_rotas(
    api: Api, city: City, count_statements: Any
) -> None:
    await rotas(city, 12)
    with count_statements() as seen:
        await api(DUE, ADMIN)
    assert len(seen) == 5  # rotas, shifts, persons on duty, turns for the compliance, the shift's person


async def test_days_that_make_no_sense_are_refused(api: Api, city: City) -> None:
    await rotas(city, 1)
    for days, message in (
        ('from: "2026-03-05", to: "2026-03-01"', "2026-03-01 lies before 2026-03-05: give the earlier day first."),
        ('from: "2020-01-01", to: "2026-03-01"', "From 2020-01-01 to 2026-03-01 is too far: at most three years"),
    ):
        code, words = await api.refused(f"{{ rotas {{ nodes {{ occurrences({days}) {{ startsAt }} }} }} }}", ADMIN)
        assert (code, words.startswith(message)) == ("INVALID", True), words


async def test_one_bad_rule_leaves_the_others_alone(api: Api, city: City) -> None:
    await rotas(city, 1)
    await add(city.database, models.Rota(title="坏", rule="FREQ=MINUTELY", starts_on=date(2026, 1, 1)))
    answer = (await api.post(DUE, ADMIN)).json()
    by_title = {one["title"]: one["occurrences"] for one in answer["data"]["rotas"]["nodes"]}
    assert (by_title["坏"], len(by_title["逢5进圈0"])) == (None, 3)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID"}


async def test_a_series_tells_what_was_held(api: Api, city: City) -> None:
    rule = {"rule": "FREQ=MONTHLY;BYMONTHDAY=10", "starts_on": date(2026, 1, 1), "at": "15:00"}
    series = models.Series(code="XZG", title="小诸葛议事会", series_kind=models.SeriesKind.MEETING, **rule)
    await add(city.database, series)
    held = models.Meeting(title="二月议事", held_at=datetime(2026, 2, 12, 15, tzinfo=CHINA), series_id=series.id)
    await add(city.database, held)
    query = """{ series(filter: {code: ["XZG"]}) { nodes {
      occurrences(from: "2026-01-01", to: "2026-03-31") { startsAt meetings { title } activities { title } }
      compliance(from: "2026-01-01", to: "2026-03-31") { due held } } } }"""
    (told,) = (await api(query, ADMIN))["series"]["nodes"]
    assert [one["meetings"] for one in told["occurrences"]] == [[], [{"title": "二月议事"}], []]
    assert told["compliance"] == {"due": 3, "held": 1}
    (public,) = (await api(query))["series"]["nodes"]
    assert [one["meetings"] for one in public["occurrences"]] == [[], [], []]  # minutes are for those signed in
    assert public["compliance"] == {"due": 3, "held": 1}


async def test_a_station_tells_what_lies_within_a_walk(api: Api, city: City) -> None:
    here = models.Station(code="S1", name="本站", tier=models.StationTier.GRID, latitude=39.8, longitude=110.0)
    near = models.Station(name="近站", tier=models.StationTier.GRID, latitude=39.805, longitude=110.0)
    await add(city.database, here, near)
    await add(
        city.database,
        models.ServiceItem(title="充电", station_id=near.id),
        models.Offer(title="热水", station_id=near.id, provider_id=city.organization.id),
        models.Offer(title="过期", station_id=near.id, valid_to=date(2020, 1, 1)),
    )
    query = """query($minutes: Int) { station(code: "S1") { lifeCircle(minutes: $minutes) { minutes distance
      stations { distance minutes station { name } } serviceItems { title station { name } }
      offers { title active provider { name } } activities { title } } } }"""
    circle = (await api(query))["station"]["lifeCircle"]
    assert (circle["minutes"], circle["distance"]) == (15, 1200.0)
    assert circle["stations"] == [
        {"distance": 0.0, "minutes": 0, "station": {"name": "本站"}},
        {"distance": 556.0, "minutes": 7, "station": {"name": "近站"}},
    ]
    assert circle["serviceItems"] == [{"title": "充电", "station": {"name": "近站"}}]
    assert circle["offers"] == [{"title": "热水", "active": True, "provider": {"name": "安居物业"}}]
    assert [one["station"]["name"] for one in (await api(query, minutes=5))["station"]["lifeCircle"]["stations"]] == [
        "本站"
    ]
    assert (await api.refused(query, minutes=99))[1] == "minutes is 99: give 1 to 60."


ACTIVE = "query($active: Boolean) { offers(filter: {active: $active}) { totalCount nodes { title active } } }"


@pytest.mark.parametrize("executor", ["engine", "ordinary"])
async def test_offers_and_notices_are_found_while_they_hold(api: Api, city: City, executor: str) -> None:
    long = date(2099, 1, 1)
    notice = {"notice_kind": models.NoticeKind.RESULT, "since": date(2026, 1, 1)}
    await add(
        city.database,
        models.Offer(title="热水", valid_to=long),
        models.Offer(title="过期", valid_to=date(2020, 1, 1)),
        models.PublicNotice(title="在", until=long, **notice),
        models.PublicNotice(title="过", until=date(2026, 1, 2), **notice),
    )
    for active, title in ((True, "热水"), (False, "过期")):
        answer = (await api.post(ACTIVE, ADMIN, executor=executor, active=active)).json()
        assert answer["data"]["offers"] == {"totalCount": 1, "nodes": [{"title": title, "active": active}]}
    query = "{ notices { nodes { title running } } running: notices(filter: {running: true}) { totalCount } }"
    assert await api(query) == {"notices": {"nodes": [{"title": "在", "running": True}]}, "running": {"totalCount": 1}}
    admin = (await api.post(query, ADMIN, executor=executor)).json()["data"]
    assert (len(admin["notices"]["nodes"]), admin["running"]) == (2, {"totalCount": 1})


async def test_the_counts_that_figures_need(api: Api, city: City) -> None:
    place = {"grid_id": city.grids["150602001001"].id, "grid_path": city.grids["150602001001"].path}
    station = models.Station(
        name="站", tier=models.StationTier.COMMUNITY, demonstration=True, agency=True, practice="fancheng", **place
    )
    await add(city.database, station)
    await add(
        city.database,
        models.ServiceItem(title="下沉", sunk=True, practice="fancheng", **place),
        models.ServiceItem(
            title="延伸", extended=True, contactless=True, modes=["ONLINE"], practice="fancheng", **place
        ),
        models.Agreement(
            title="共建", agreement_kind=models.AgreementKind.CO_BUILD, party_id=city.organization.id, **place
        ),
    )
    counts = {
        'stations(filter: {demonstration: true, practice: {eq: "fancheng"}})': 1,
        'stations(filter: {agency: true, under: {code: "150602"}})': 1,
        'serviceItems(filter: {sunk: true, under: {code: "150602001"}})': 1,
        'serviceItems(filter: {extended: true, contactless: true, modes: ["ONLINE"]})': 1,
        'agreements(filter: {agreementKind: [CO_BUILD], under: {code: "150602001001"}})': 1,
        "agreements(filter: {agreementKind: [PAIRING]})": 0,
    }
    for call, count in counts.items():
        assert await api(f"{{ found: {call} {{ totalCount }} }}") == {"found": {"totalCount": count}}, call


async def test_a_stranger_reads_no_topics_and_no_minutes(api: Api, city: City) -> None:
    topic = models.Topic(title="电梯", code="T1")
    await add(city.database, topic)
    query = '{ topic(code: "T1") { title } topics { totalCount } resolutions { totalCount } proposals { totalCount } }'
    assert await api(query) == {
        "topic": None,
        "topics": {"totalCount": 0},
        "resolutions": {"totalCount": 0},
        "proposals": {"totalCount": 0},
    }
    assert (await api(query, city.handler()))["topic"] == {"title": "电梯"}


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z"])
@pytest.mark.parametrize("written", ["in the document", "as a variable"])
async def test_a_moment_with_which_one_cannot_reckon_is_refused(
    api: Api, city: City, moment: str, written: str
) -> None:
    rota = models.Rota(title="岗哨", rule="FREQ=DAILY", at="19:30", starts_on=date(2026, 3, 1))
    await add(city.database, rota)
    assign = f'assignShift(rotaId: "{gid(rota)}", personId: "{gid(city.person)}", startsAt: %s) {{ id }}'
    operation = f"mutation ($t: DateTime!) {{ {assign % '$t'} }}"
    if written == "in the document":
        operation = f"mutation {{ {assign % orjson.dumps(moment).decode()} }}"
    code, message = await api.refused(operation, ADMIN, **({"t": moment} if "$t" in operation else {}))
    assert code == ("BAD_USER_INPUT" if "$t" in operation else "GRAPHQL_VALIDATION_FAILED")
    named = "Variable '$t' has invalid value: " if "$t" in operation else ""
    assert message == f"{named}'{moment}' is too far away: the years are 1000 to 9998."
    async with city.database.read() as session:
        assert (await session.scalars(select(models.Shift))).all() == []


async def test_no_day_or_moment_is_a_fault_of_the_hub(api: Api, city: City) -> None:
    rota = models.Rota(title="岗哨", rule="FREQ=DAILY", at="19:30", starts_on=date(2026, 3, 1))
    entry = models.CatalogueEntry(code="E", party_id=city.organization.id)
    await add(city.database, rota, entry)
    person = gid(city.person)
    tries = [
        *(
            f'{{ rotas {{ nodes {{ {field}(from: "{first}", to: "{last}") {{ __typename }} }} }} }}'
            for field in ("occurrences", "compliance")
            for first, last in (
                ("9999-12-30", "9999-12-31"),
                ("1000-01-01", "1000-01-01"),
                ("0001-01-01", "0001-01-01"),
            )
        ),
        *(
            f'mutation {{ assignShift(rotaId: "{gid(rota)}", personId: "{person}", startsAt: "{moment}") {{ id }} }}'
            for moment in ("9998-12-31T23:59:59-12:00", "1000-01-01T00:00:00+14:00", "2152-12-31T11:30:00Z")
        ),
        f'mutation {{ updateCatalogueEntry(id: "{gid(entry)}", basis: "x", validFrom: "0001-01-01") {{ id }} }}',
        f'mutation {{ updateRota(id: "{gid(rota)}", endsOn: "0001-01-01") {{ id }} }}',
    ]
    for operation in tries:
        code, message = await api.refused(operation, ADMIN)
        assert code in ("INVALID", "GRAPHQL_VALIDATION_FAILED"), (operation, message)
