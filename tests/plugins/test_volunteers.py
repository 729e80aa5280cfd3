"""The plugin pulling from the simulated registry, and the simulated registry against itself."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette

from hub.plugin import Record, SourceBroken, SourceDown, SourceRefused
from plugins.volunteers import Config, Volunteers
from plugins.volunteers.dialect import STREAMS
from plugins.volunteers.records import KINDS
from plugins.volunteers.simulated import BEGIN, stamp
from plugins.volunteers.simulator import build
from tests.plugins.registry import SETTINGS, bad, get, held, leaked, post, pulled, registry, said, volunteers

BY_WORD = {"团体录入": "TEAM", "个人申报": "SELF", "时长码": "TIME_CODE", "手机计时": "APP", "自动计时": "AUTOMATIC"}


def living(found: dict[tuple[str, str], Any], kind: str) -> list[Any]:
    return [fields for (of, _), fields in found.items() if of == kind and fields is not None]


async def test_every_table_is_read_in_the_order_in_which_they_name_one_another() -> None:
    app = build(3_000, seed=3)
    pages = await pulled(app)
    truth, found = registry(app).stats(), said(pages)
    order = [item.kind for page in pages for item in page.items]
    assert list(dict.fromkeys(order)) == list(KINDS.values())
    assert len(living(found, "organization")) == truth["teams"] == 52
    assert len(living(found, "person")) == truth["persons"]
    assert len(living(found, "activity")) == truth["activities"]
    numbers = {row["project_no"] for row in registry(app).tables["projects"].rows.values()}
    assert {fields["activity"] for _, fields in living(found, "shift")} <= numbers
    assert {page.received for page in pages} == {None}


async def test_the_five_ways_and_the_statuses_are_those_of_the_registry() -> None:
    app = build(300)
    found, truth = said(await pulled(app)), registry(app).stats()
    people = {fields["code"] for _, fields in living(found, "person")}
    good = [fields for _, fields in living(found, "service_record") if fields["person"] in people]
    assert Counter(fields["method"] for fields in good) == {BY_WORD[word]: n for word, n in truth["by_method"].items()}
    statuses = {
        "公示中": "ON_NOTICE",
        "已确认": "CONFIRMED",
        "有异议": "DISPUTED",
        "已撤销": "WITHDRAWN",
        "草稿": "DRAFT",
    }
    assert Counter(fields["status"] for fields in good) == {statuses[w]: n for w, n in truth["by_status"].items()}
    assert all((fields["disputed_at"] is None) == (fields["status"] != "DISPUTED") for fields in good)


async def test_no_id_number_stands_in_anything_that_the_plugin_says() -> None:
    app = build(1_000)
    pages = await pulled(app)
    assert len(set(registry(app).numbers())) > 1_000
    assert leaked(app, repr(pages)) == []
    assert "199000" not in repr(pages)  # nor a telephone number: all of them begin so


async def test_minors_and_those_without_consent_are_not_taken() -> None:
    app = build(600)
    found, truth = held(await pulled(app)), registry(app).stats()
    gone = [record for (kind, _), record in found.items() if kind == "person" and record.deleted]
    assert (truth["without_consent"], truth["minors_not_taken"]) == (10, 6)
    assert len(gone) == truth["without_consent"] + truth["minors_not_taken"]
    refused = [item for item in bad(await pulled(app)) if item.kind == "person"]
    assert Counter("guardian" in item.reason for item in refused) == {True: 6, False: truth["wrong_numbers"]}


async def test_a_run_resumed_from_any_page_ends_with_the_same() -> None:
    app = build(60)
    whole = await pulled(app, page_size=37)
    assert len(whole) > 10
    for at in range(1, len(whole)):
        rest = await pulled(app, whole[at - 1].cursor, page_size=37)
        assert said(whole[:at] + rest) == said(whole)
        assert rest[-1].cursor == whole[-1].cursor


async def test_a_second_run_reads_only_the_overlap_and_a_cursor_knows_each_table() -> None:
    app = build(300)
    first = await pulled(app)
    second = await pulled(app, first[-1].cursor)
    marks = {stream: at["mark"] for stream, at in json.loads(first[-1].cursor or "")["tables"].items()}
    assert marks == {stream: registry(app).tables[stream].order[-1][0] for stream in STREAMS}
    assert second[-1].cursor == first[-1].cursor
    assert sum(len(page.items) for page in second) < 30


async def test_equal_times_over_the_page_border_lose_nothing() -> None:
    app = build(100)
    assert max(Counter(at for at, _ in registry(app).tables["hours"].order).values()) > 40
    assert said(await pulled(app, page_size=7)) == said(await pulled(app, page_size=1000))


async def test_a_late_row_is_found_by_the_next_run_thanks_to_the_overlap() -> None:
    app = build(200)
    registry(app).advance()
    first = await pulled(app)
    registry(app).advance()
    late = registry(app).people[201]
    assert late.updated < registry(app).clock - timedelta(minutes=5)
    found = living(said(await pulled(app, first[-1].cursor)), "person")
    assert late.number in {fields["code"] for _, fields in found}
    missed = living(said(await pulled(app, first[-1].cursor, overlap_minutes=0)), "person")
    assert late.number not in {fields["code"] for _, fields in missed}


async def test_many_steps_later_pages_of_changes_lead_to_the_same_as_everything_anew() -> None:
    app = build(200)
    pages = await pulled(app)
    for _ in range(12):
        registry(app).advance()
        pages += await pulled(app, pages[-1].cursor, page_size=5)
    assert said(pages) == said(await pulled(app))


async def test_a_number_that_comes_later_changes_the_code_and_never_the_key() -> None:
    app = build(20)
    before = {
        record.key: record.fields["code"] for record in held(await pulled(app)).values() if "name" in record.fields
    }
    assert [code for key, code in before.items() if code == key] != []
    registry(app).advance()
    after = {key: record for (kind, key), record in held(await pulled(app)).items() if kind == "person"}
    changed = {key for key, code in before.items() if key in after and after[key].fields.get("code", code) != code}
    assert {after[key].fields["code"] for key in changed} == {"1506020000000002"}


async def test_a_span_of_time_is_read_for_filling_in() -> None:
    app = build(300)
    begin, end = BEGIN - timedelta(days=30), BEGIN - timedelta(days=20)
    pages = await pulled(app, updated_from=begin, updated_until=end)
    times = [item.at for page in pages for item in page.items if isinstance(item, Record) and item.at]
    within = [at for feed in registry(app).tables.values() for at, _ in feed.order if stamp(begin) <= at <= stamp(end)]
    assert begin <= min(times)
    assert max(times) <= end
    assert pages[-1].total == len(within) > 50
    assert {page.complete for page in pages} == {frozenset()}


async def test_only_a_whole_pull_from_the_beginning_says_that_it_is_complete() -> None:
    app = build(50)
    whole = await pulled(app, page_size=40)
    assert [kind for page in whole for kind in page.complete] == list(KINDS.values())
    assert [page.complete for page in await pulled(app, whole[-1].cursor) if page.complete] == []


async def test_an_expired_page_is_begun_anew_once() -> None:
    app = build(20)
    (first, *_), whole = await pulled(app, page_size=1), said(await pulled(app))
    await post(app, "/sim/faults", {"kind": "410"})
    assert said(await pulled(app, first.cursor)) == whole
    await post(app, "/sim/faults", {"kind": "410", "times": 2})
    with pytest.raises(SourceRefused, match="answered 410"):
        await pulled(app, first.cursor)


@pytest.mark.parametrize(
    ("fault", "error", "words", "retry_after"),
    [
        ({"kind": "401"}, SourceRefused, "answered 401", None),
        ({"kind": "429", "retry_after": 7}, SourceDown, "answered 429", 7.0),
        ({"kind": "500"}, SourceDown, "answered 500", None),
        ({"kind": "503", "retry_after": "soon"}, SourceDown, "answered 503", None),
        ({"kind": "lost"}, SourceDown, "answered 504", None),
        ({"kind": "truncated"}, SourceDown, "was cut off after", None),
        ({"kind": "html"}, SourceRefused, "login page", None),
    ],
)
async def test_each_failure_says_what_happens_next(
    fault: dict[str, Any], error: type[Exception], words: str, retry_after: float | None
) -> None:
    app = build(10)
    await post(app, "/sim/faults", fault)
    with pytest.raises(error, match=words) as raised:
        await pulled(app)
    assert getattr(raised.value, "retry_after", None) == retry_after
    assert leaked(app, str(raised.value)) == []


async def test_gb18030_is_read_whatever_the_header_says() -> None:
    app = build(30)
    await post(app, "/sim/faults", {"kind": "gb18030", "times": 9})
    assert said(await pulled(app)) == said(await pulled(build(30)))


Answer = Callable[[httpx2.Request], httpx2.Response]
NOW = "2026-03-02T08:00:00+08:00"


def answering(body: Any, status: int = 200) -> Answer:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda request: httpx2.Response(status, content=written)


def silent(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("timed out", request=request)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (silent, SourceDown, "does not answer: timed out"),
        (answering(b""), SourceDown, "cut off after 0 bytes"),
        (answering(b"", 302), SourceRefused, "answered 302"),
        (answering(b"ok"), SourceBroken, "did not answer with JSON"),
        (answering(b"\xff\xff\xff\xff\xff"), SourceBroken, "neither UTF-8 nor GB18030"),
        (answering([1]), SourceBroken, "without the usual envelope"),
        (answering({"code": 7, "data": {}}), SourceBroken, "without the usual envelope"),
        (answering({"code": 0, "data": {"rows": []}}), SourceBroken, "not as agreed: server_time"),
        (answering({"code": 404, "message": "没有该表"}, 404), SourceRefused, "does not give teams: 没有该表"),
        (answering(b"<html>not found</html>", 404), SourceRefused, "answered 404"),
        (answering({"code": 0, "data": {"rows": [], "next": "x", "server_time": NOW}}), SourceBroken, "after itself"),
    ],
)
async def test_each_strange_answer_says_what_happens_next(answer: Answer, error: type[Exception], words: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        with pytest.raises(error, match=words):
            assert [page async for page in Volunteers(Config(**SETTINGS), http).pull(None)] == []


async def test_a_wrong_key_and_a_foreign_cursor_are_told() -> None:
    with pytest.raises(SourceRefused, match=r"answered 401\. Check the address and the key"):
        await pulled(build(5), api_key="错的")
    with pytest.raises(SourceBroken, match="saved cursor is not one of this plugin"):
        await pulled(build(5), "12")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pagesize": 7}, "Extra inputs are not permitted"),
        ({"hash_key": "short"}, "Value should have at least 16 items after validation, not 5"),
        ({"base_url": None}, "set base_url or path: the registry is asked, or its files are read"),
        ({"path": "/tmp"}, "set base_url or path: the registry is asked, or its files are read"),
        ({"api_key": ""}, "api_key is empty: the registry at base_url asks for one"),
        ({"columns": {"hours.colour": []}}, "there is no 'hours.colour': set a table and a field, like 'hours.number'"),
        ({"words": {"x": {}}}, "there are no words for 'x', only for method, status, state, answer"),
        ({"words": {"answer": {"好": "OK"}}}, "answer: no word can mean 'OK'. Set one of: YES, NO"),
        ({"updated_from": "2026-01-01"}, "Input should have timezone info"),
        ({"division": "东胜"}, "String should match pattern '^\\d{2,12}$'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config(**SETTINGS | settings)
    assert caught.value.errors()[0]["msg"].removeprefix("Value error, ") == words


def test_the_hash_key_must_be_given() -> None:
    with pytest.raises(ValidationError, match="hash_key"):
        Config(base_url="http://127.0.0.1:1", api_key="k")  # type: ignore[call-arg, arg-type]


async def test_the_setting_words_makes_an_unknown_word_known() -> None:
    app = build(120)
    assert len([item for item in bad(await pulled(app)) if "手环" in item.reason]) == 3
    pages = await pulled(app, words={"method": {"手环": "AUTOMATIC"}})
    assert [item for item in bad(pages) if "手环" in item.reason] == []


async def served(app: Starlette) -> list[bytes]:
    async with volunteers(app) as source:
        headers = {"X-API-Key": "demo-key"}
        return [(await source.http.get(f"/api/v1/{name}?page_size=1000", headers=headers)).content for name in STREAMS]


async def test_the_same_seed_gives_the_same_bytes() -> None:
    one, same, other = build(200, seed=5), build(200, seed=5), build(200, seed=6)
    for app in (one, same, other):
        await post(app, "/sim/advance?steps=3")
    assert await served(one) == await served(same)
    assert await served(one) != await served(other)


async def test_the_simulator_describes_itself_and_refuses_what_it_does_not_know() -> None:
    app = build(50)
    assert "志愿者 50 人" in (await get(app, "/")).text
    assert (await get(app, "/sim/stats")).json() == registry(app).stats()
    assert (await get(app, "/sim/effects")).json() == {"effects": []}
    assert (await get(app, "/sim/export/x.csv")).status_code == 404
    assert (await get(app, "/api/v1/hours")).status_code == 401
    assert (await post(app, "/sim/faults", {"kind": "x"}))["message"].startswith("kind 应为 401")
    async with volunteers(app) as source:
        for asked in ("hours?page_size=5000", "hours?page_size=x", "hours?updated_since=x"):
            answer = await source.http.get(f"/api/v1/{asked}", headers={"X-API-Key": "demo-key"})
            assert answer.status_code == 400


async def test_twenty_four_thousand_volunteers_can_be() -> None:
    truth = registry(build(24_079)).stats()
    assert (truth["rows"]["memberships"], truth["teams"]) == (24_079, 403)
    assert datetime.fromisoformat(truth["clock"]) == BEGIN
