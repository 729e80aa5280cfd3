"""The Open311 plugin pulling from a simulated city: windows, the cap, cursors, what comes late."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from hub.plugin import SourceBroken, SourceRefused
from plugins.open311 import Open311
from plugins.open311.simulated_city import BATCH, BEGIN, LATENESS, City, report
from plugins.open311.simulator import build
from tests.plugins.cities import bad, city, post, pulled, records, statuses


def truth(app: Any) -> dict[str, str]:
    found: dict[str, str] = city(app).city.stats()["requests"]
    return found


def windows(app: Any) -> list[tuple[datetime, datetime]]:
    """What was asked for, in order."""
    asked = [parse_qs(urlsplit(line).query) for line in city(app).asked if line.startswith("GET /requests.")]
    said = [[datetime.fromisoformat(one[name][0]) for name in ("start_date", "end_date")] for one in asked]
    return [(start, end) for start, end in said]


@pytest.mark.parametrize("settings", [{"format": "json"}, {"format": "xml"}, {"page_size": 70}, {"window_days": 7}])
async def test_everything_is_read_however_it_is_asked_for(settings: dict[str, Any]) -> None:
    app = build(600, seed=3)
    pages = await pulled(app, **settings)
    assert statuses(pages) == truth(app)
    assert len(bad(pages)) == city(app).city.stats()["bad_rows"] == 6
    assert Counter(item.reason.partition(":")[0] for item in bad(pages)) == {
        "service_request_id is empty": 2,
        "status": 2,
        "lat, long": 2,
    }


async def test_windows_are_within_ninety_days_and_leave_no_gap() -> None:
    app = build(50)
    await pulled(app, start="2025-06-01", timezone="UTC")
    asked = windows(app)
    assert asked[0][0] == datetime(2025, 6, 1, tzinfo=UTC)
    assert {end - start for start, end in asked} == {timedelta(days=90)}
    assert all(after[0] == before[1] - timedelta(seconds=1) for before, after in pairwise(asked))
    assert asked[-1][0] < BEGIN <= asked[-1][1]


def test_a_day_without_a_zone_begins_in_the_zone_of_the_city() -> None:
    chosen = Open311.Config(start="2026-01-01", end="2026-02-01T00:00:00Z")
    assert chosen.start == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert chosen.end == datetime(2026, 2, 1, tzinfo=UTC)
    assert Open311.Config().start == datetime(2024, 12, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize("by", ["requested", "updated"])
async def test_a_full_answer_halves_the_window_and_loses_nothing(by: str) -> None:
    app = build(600, by=by, cap=120)
    pages = await pulled(app, by=by, cap=120)
    assert statuses(pages) == truth(app)
    assert min(end - start for start, end in windows(app)) < timedelta(days=45)
    assert max(len(page.items) for page in pages) < 120


async def test_more_than_the_cap_in_one_second_is_read_service_by_service() -> None:
    app = build(600, cap=40)
    assert sum(one.requested == BATCH for one in city(app).city.rows.values()) > 100
    pages = await pulled(app, cap=40)
    assert statuses(pages) == truth(app)
    assert [item for item in bad(pages) if "all it gives at once" in item.reason] == []


async def test_more_of_one_service_in_one_second_than_the_source_gives_is_told() -> None:
    app = build(600, cap=5)
    pages = await pulled(app, cap=5, start="2026-02-20", end="2026-03-01", timezone="UTC")
    told = [item.reason for item in bad(pages) if "all it gives at once" in item.reason]
    assert set(statuses(pages)) < set(truth(app))
    assert told[0].startswith(
        "The source gave 5 requests for 2026-02-26T23:59:19Z to 2026-02-27T00:01:18Z, SZ001, which"
    )


async def test_a_run_resumed_from_any_cursor_ends_with_the_same_requests() -> None:
    for settings in ({"page_size": 50}, {"cap": 40}):
        whole = await pulled(build(300, cap=40), **settings)
        assert len(whole) > 10
        for at in range(1, len(whole)):
            rest = await pulled(build(300, cap=40), whole[at - 1].cursor, **settings)
            assert records(whole[:at] + rest) == records(whole)
            assert rest[-1].cursor == whole[-1].cursor


async def test_a_second_run_by_update_reads_only_the_overlap() -> None:
    app = build(300, by="updated")
    first = await pulled(app, by="updated")
    second = await pulled(app, first[-1].cursor, by="updated")
    newest = max(one.updated for one in city(app).city.reports.values())
    assert json.loads(first[-1].cursor or "") == {"mark": newest.isoformat()}
    assert second[-1].cursor == first[-1].cursor
    overlap = [one for one in city(app).city.rows.values() if one.updated >= newest - timedelta(minutes=120)]
    assert sum(len(page.items) for page in second) == len(overlap) < 50


async def test_a_second_run_by_request_reads_again_what_may_have_been_closed() -> None:
    app = build(300)
    first = await pulled(app)
    await post(app, "/sim/advance?steps=12")
    closed = {key for key, status in truth(app).items() if status == "closed"}
    newly = closed - {key for key, status in statuses(first).items() if status == "closed"}
    assert len(newly) == 36
    second = await pulled(app, first[-1].cursor, lookback_days=365)
    assert statuses(first + second) == truth(app)
    short = await pulled(app, first[-1].cursor, lookback_days=1)
    assert newly & set(statuses(short)) < newly


async def test_late_requests_are_found_on_the_next_run_and_not_without_the_overlap() -> None:
    app = build(300, by="updated")
    await post(app, "/sim/advance")
    first = await pulled(app, by="updated")
    await post(app, "/sim/advance")
    late = city(app).city.reports[303]
    assert late.updated < datetime.fromisoformat(json.loads(first[-1].cursor or "")["mark"])
    assert late.number in records(await pulled(app, first[-1].cursor, by="updated"))
    assert late.number not in records(await pulled(app, first[-1].cursor, by="updated", overlap_minutes=0))


async def test_what_comes_late_during_a_long_run_is_found_by_the_next() -> None:
    app = build(300, by="updated")
    here: City = city(app).city
    here.advance()
    first = await pulled(app, by="updated", start="2026-03-01T00:00:00+00:00")
    here.clock = BEGIN + timedelta(hours=1)
    late = replace(report(1, 400), requested=BEGIN, updated=BEGIN, closed=False)
    here.add(replace(report(1, 401), requested=here.clock, updated=here.clock + timedelta(hours=9), closed=False))
    second = await pulled(app, first[-1].cursor, by="updated", overlap_minutes=60)
    here.add(late)
    assert datetime.fromisoformat(json.loads(second[-1].cursor or "")["mark"]) == here.clock
    assert late.number in records(await pulled(app, second[-1].cursor, by="updated", overlap_minutes=60))


async def test_duplicates_are_one_request_in_its_latest_version() -> None:
    app = build(600)
    pages = await pulled(app)
    times = Counter(item.key for page in pages for item in page.items if hasattr(item, "fields"))
    assert sum(times.values()) - len(times) == city(app).city.stats()["duplicates"]
    assert city(app).city.stats()["duplicates"] > 30
    assert statuses(pages) == truth(app)


async def test_a_range_of_dates_is_filled_in() -> None:
    app = build(300)
    start, end = datetime(2025, 12, 1, tzinfo=UTC), datetime(2025, 12, 31, tzinfo=UTC)
    pages = await pulled(app, start=start, end=end)
    inside = {one.number for one in city(app).city.reports.values() if start <= one.requested <= end}
    assert set(records(pages)) == inside
    assert len(windows(app)) == 1
    assert Open311.period == ("start", "end")


async def test_an_empty_city_leaves_the_mark() -> None:
    cursor = '{"mark":"2026-03-01T00:00:00Z"}'
    pages = await pulled(build(0), cursor, start="2026-02-28")
    assert [(page.cursor, list(page.items)) for page in pages[:-1]] == []
    assert pages[-1].cursor == cursor


async def test_a_source_that_serves_xml_alone_is_read_and_asked_in_vain_only_once() -> None:
    app = build(50, formats=("xml",))
    assert statuses(await pulled(app)) == truth(app)
    asked = Counter(line.partition("?")[0] for line in city(app).asked)
    assert asked == {"GET /requests.json": 1, "GET /requests.xml": 5}


async def test_a_source_that_does_not_page_is_told() -> None:
    with pytest.raises(SourceBroken, match=r"^Pages 1 and 2 are the same: it does not page\. Set page_size=0\.$"):
        await pulled(build(100, pages=False), page_size=50)


async def test_the_words_of_a_refusal_are_passed_on() -> None:
    with pytest.raises(SourceRefused, match=r"requests\.json answered 404 jurisdiction_id was not found\."):
        await pulled(build(5), jurisdiction_id="elsewhere", format="json")
    assert len(records(await pulled(build(5), jurisdiction_id="city.example.org"))) == 5


async def test_pages_carry_the_bytes_as_they_came() -> None:
    app = build(100)
    pages = await pulled(app, format="json")
    rows = [row for page in pages for row in json.loads(page.received or b"")]
    assert len(rows) == sum(len(page.items) for page in pages) == city(app).city.stats()["rows"]


async def test_a_foreign_cursor_is_told() -> None:
    with pytest.raises(SourceBroken, match="saved cursor is not one of this plugin"):
        await pulled(build(5), "12")


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"window_days": 91}, "window_days"),
        ({"format": "csv"}, "format"),
        ({"by": "closed"}, "by"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"base_url": "ftp://city"}, "base_url"),
        ({"under": "15060"}, "under"),
        ({"services": {"6": {"kind": "RANT"}}}, "services"),
        ({"statuses": {"lost": "LOST"}}, "statuses"),
        ({"mark": "[x]"}, "mark"),
        ({"pagesize": 5}, "pagesize"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Open311.Config(**settings)
    assert [error["loc"][0] for error in caught.value.errors()] == [place]


async def test_the_same_seed_gives_the_same_bytes() -> None:
    one, same, other = build(200, seed=5), build(200, seed=5), build(200, seed=6)
    for app in (one, same, other):
        await post(app, "/sim/advance?steps=3")
    bytes_of = {app: [page.received for page in await pulled(app)] for app in (one, same, other)}
    assert bytes_of[one] == bytes_of[same]
    assert bytes_of[one] != bytes_of[other]
    assert timedelta(minutes=5) < LATENESS
