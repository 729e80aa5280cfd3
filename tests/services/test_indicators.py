"""Indicators: shares by place and time over what one may see; nothing is told of few."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.auth import ROLES, Viewer
from hub.db import Database
from hub.errors import Invalid
from hub.models import (
    Activity,
    Grid,
    GridLevel,
    Indicator,
    Person,
    RequestLevel,
    RequestStatus,
    ServiceRecord,
    Station,
    StationTier,
    uuid7,
)
from hub.services import indicators
from hub.services.indicators import Share, Span
from tests.services.town import HUB, Town, founded

DONE = {"of": "requests", "where": {"closed_at": {"null": False}}}
NEAR = {"of": "requests", "where": {"closed_at": {"null": False}, "level": ["ESTATE", "COMMUNITY"]}}
AT = datetime(2026, 3, 20, 4, tzinfo=UTC)


def indicator(numerator: Any, denominator: Any = None, exclusions: Any = None, period: str | None = None) -> Indicator:
    return Indicator(numerator=numerator, denominator=denominator or {}, exclusions=exclusions or {}, period=period)


async def put(town: Town, count: int, level: RequestLevel, grid: Grid | None = None, **more: Any) -> None:
    where = grid or town.community
    for _ in range(count):
        place = {"grid_id": where.id, "grid_path": where.path}
        await town.put(RequestStatus.CLOSED, level=level, **{"closed_at": AT, "submitted_at": AT, **place, **more})


async def worked_out(town: Town, wanted: Indicator, viewer: Viewer = HUB, **span: Any) -> Share:
    async with town.database.read() as session:
        ((_, share),) = await indicators.shares(session, viewer, wanted, Span(**span))
    return share


async def test_721_is_what_share_was_closed_on_which_level(database: Database) -> None:
    town = await founded(database)
    await put(town, 7, RequestLevel.COMMUNITY)
    await put(town, 7, RequestLevel.ESTATE)
    await put(town, 4, RequestLevel.STREET, town.street)
    await put(town, 2, RequestLevel.DISTRICT, town.street)
    await town.put(RequestStatus.IN_PROGRESS, level=RequestLevel.COMMUNITY)
    share = await worked_out(town, indicator(NEAR, DONE))
    assert (share.numerator, share.denominator, share.value) == (14, 20, 0.7)


async def test_what_is_excluded_leaves_both_and_is_told(database: Database) -> None:
    town = await founded(database)
    await put(town, 8, RequestLevel.COMMUNITY)
    await put(town, 2, RequestLevel.COMMUNITY, category="不合理诉求")
    await put(town, 2, RequestLevel.STREET)
    share = await worked_out(town, indicator(NEAR, DONE, {"category": "不合理诉求"}))
    assert share == Share(8, 10, 2, 0.8)


async def test_only_what_the_viewer_may_see_is_counted(database: Database) -> None:
    town = await founded(database)
    await put(town, 6, RequestLevel.COMMUNITY)
    await put(town, 5, RequestLevel.STREET, town.street)
    assert (await worked_out(town, indicator(DONE), town.clerk())).value == 6
    assert (await worked_out(town, indicator(DONE), Viewer())).value == 0
    assert (await worked_out(town, indicator(DONE), Viewer("d", ROLES["district"], (town.street.path,)))).value == 11


@pytest.mark.parametrize(("count", "told"), [(0, 0), (1, None), (4, None), (5, 5)])
async def test_fewer_than_five_are_not_told(database: Database, count: int, told: int | None) -> None:
    town = await founded(database)
    await put(town, count, RequestLevel.COMMUNITY)
    share = await worked_out(town, indicator(DONE))
    assert (share.value, share.suppressed) == (told, told is None)


async def test_neither_is_a_share_of_few_or_a_few_of_many(database: Database) -> None:
    town = await founded(database)
    await put(town, 3, RequestLevel.COMMUNITY)
    assert await worked_out(town, indicator(NEAR, DONE)) == Share(None, None, None, None, suppressed=True)
    await put(town, 20, RequestLevel.STREET)
    assert await worked_out(town, indicator(NEAR, DONE)) == Share(None, None, None, None, suppressed=True)


async def test_each_grid_of_a_level_has_its_own(database: Database) -> None:
    town = await founded(database)
    await put(town, 6, RequestLevel.COMMUNITY)
    await put(town, 6, RequestLevel.STREET)
    await put(town, 8, RequestLevel.STREET, town.street)
    async with database.read() as session:
        by_street = await indicators.shares(session, HUB, indicator(NEAR, DONE), Span(), GridLevel.STREET)
        below = Span(path=town.street.path)
        by_community = await indicators.shares(session, HUB, indicator(NEAR, DONE), below, GridLevel.COMMUNITY)
    assert [(place and place.name, share.value) for place, share in by_street] == [("街道", 0.3)]
    assert [(place and place.name, share.value) for place, share in by_community] == [("社区", 0.5)]


async def test_a_column_is_summed(database: Database) -> None:
    town = await founded(database)
    async with database.write(HUB) as session:
        for area in (70.0, 30.5):
            session.add(Station(id=uuid7(), name="驿站", tier=StationTier.ESTATE, area=area))
    share = await worked_out(town, indicator({"of": "stations", "sum": "area"}))
    assert (share.value, share.suppressed) == (100.5, False)


async def test_a_sum_over_fewer_than_five_persons_is_not_told(database: Database) -> None:
    town = await founded(database)
    hours = indicator({"of": "service_records", "sum": "hours"})
    heads = indicator({"of": "activities", "sum": "attendance"})
    told = []
    for _ in range(5):
        async with database.write(HUB) as session:
            person = Person(id=uuid7(), name="志愿者")
            session.add_all([person, Activity(id=uuid7(), title="义诊", starts_at=AT, attendance=1)])
            await session.flush()
            session.add(ServiceRecord(id=uuid7(), title="巡逻", person_id=person.id, started_at=AT, hours=7))
        told.append([(await worked_out(town, wanted)).value for wanted in (hours, heads)])
    assert told == [[None, None]] * 4 + [[35, 5]]


@pytest.mark.parametrize(
    ("period", "at", "begin", "end"),
    [
        (None, "2026-03-20", "2026-03-01", "2026-04-01"),
        ("MONTH:19", "2026-03-20", "2026-03-19", "2026-04-19"),
        ("MONTH:19", "2026-01-05", "2025-12-19", "2026-01-19"),
        ("QUARTER", "2026-12-31", "2026-10-01", "2027-01-01"),
        ("YEAR", "2026-06-30", "2026-01-01", "2027-01-01"),
    ],
)
def test_the_assessment_period_of_a_day(period: str | None, at: str, begin: str, end: str) -> None:
    day = datetime.fromisoformat(f"{at}T12:00:00+08:00")
    assert [f"{one:%Y-%m-%d}" for one in indicators.periods(period, day)] == [begin, end]


async def test_only_the_period_is_counted(database: Database) -> None:
    town = await founded(database)
    await put(town, 5, RequestLevel.COMMUNITY)
    await put(town, 6, RequestLevel.COMMUNITY, submitted_at=AT - timedelta(days=30))
    wanted = indicator(DONE, period="MONTH")
    span = indicators.span(wanted, None, {}, AT)
    assert (await worked_out(town, wanted, since=span.since, until=span.until)).value == 5
    with pytest.raises(Invalid, match="either"):
        indicators.span(wanted, None, {"gte": AT}, AT)


@pytest.mark.parametrize(
    ("numerator", "period", "words"),
    [
        ({"of": "dogs"}, None, "numerator: of: 'dogs' cannot be counted. Write one of: requests,"),
        ({"of": "requests", "by": 1}, None, "numerator: by is not known. Write of, where, sum."),
        ({"of": "requests", "where": {"caller_id": None}}, None, "numerator: requests has no 'caller_id'."),
        ({"of": "requests", "where": {"status": "DONE"}}, None, "numerator: status: 'DONE' is none of DRAFT,"),
        ({"of": "requests", "where": {"solved": "yes"}}, None, "numerator: solved: 'yes' does not fit."),
        ({"of": "requests", "where": {"closed_at": {"after": 1}}}, None, "closed_at: 'after' is no test."),
        ({"of": "requests", "sum": "title"}, None, "numerator: sum: title is no number."),
        ({"of": "requests", "where": {"kind": [["WISH"]]}}, None, "numerator: kind: ['WISH'] is none of "),
        (
            {"of": "requests", "where": {"kind": {"starts_with": "A"}}},
            None,
            "numerator: kind: starts_with is for texts.",
        ),
        (
            {"of": "organizations", "where": {"minimum_size": 2**31}},
            None,
            "minimum_size: 2147483648 does not fit. Write",
        ),
        ({"of": "requests", "where": {"closed_at": {"gt": "0001-01-01T00:00:00+08:00"}}}, None, "Write one from 1949"),
        ({"of": "requests"}, "MONTH:²", "period: 'MONTH:²' is none. Write MONTH,"),
        ({"of": "requests"}, "QUARTER:19", "period: 'QUARTER:19' is none. Write MONTH,"),
        ({"of": "requests"}, "WEEK", "period: 'WEEK' is none. Write MONTH, QUARTER, YEAR,"),
        ({"of": "requests"}, "QUARTER:19", "period: 'QUARTER:19' is none. Write MONTH, QUARTER, YEAR,"),
        ({"of": "requests"}, "MONTH:²", "period: 'MONTH:²' is none. Write MONTH, QUARTER, YEAR,"),
    ],
)
def test_what_cannot_be_counted_is_refused_in_words(numerator: Any, period: str | None, words: str) -> None:
    assert words in (indicators.wrong(numerator, {}, {}, period) or "")
