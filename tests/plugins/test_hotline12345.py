"""The 12345 plugin pulling from the simulated hotline, and the simulated hotline against itself."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError
from starlette.applications import Starlette

from hub.plugin import BadRecord, Issue, Page, Record, SourceBroken, SourceDown, SourceRefused
from plugins.hotline12345 import Hotline12345
from plugins.hotline12345.dialects import WORDS
from plugins.hotline12345.simulated_hotline import LATENESS, stamp
from plugins.hotline12345.simulated_orders import BEGIN, order
from plugins.hotline12345.simulated_rows import tell
from plugins.hotline12345.simulator import build
from tests.plugins.hotlines import read

URL = "http://127.0.0.1:8912"


@asynccontextmanager
async def hotline(app: Any, **settings: Any) -> AsyncIterator[Hotline12345]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        yield Hotline12345(Hotline12345.Config(**settings), http)


async def pulled(app: Any, cursor: str | None = None, **settings: Any) -> list[Page]:
    async with hotline(app, **settings) as source:
        return [page async for page in read(source, cursor)]


def records(pages: list[Page]) -> dict[str, Record]:
    """The last word on each order, as the hub would hold it."""
    return {item.key: item for page in pages for item in page.items if isinstance(item, Record)}


def said(pages: list[Page]) -> dict[str, dict[str, Any]]:
    return {key: dict(record.fields) for key, record in records(pages).items()}


def bad(pages: list[Page]) -> list[BadRecord]:
    return [item for page in pages for item in page.items if isinstance(item, BadRecord)]


def stats(app: Starlette) -> dict[str, Any]:
    found: dict[str, Any] = app.state.hotline.stats()
    return found


async def post(app: Starlette, path: str, body: Any = None) -> Any:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        return (await http.post(path, json=body)).json()


async def test_ten_thousand_orders_are_read_in_one_go() -> None:
    app = build(10_000, seed=3)
    pages = await pulled(app)
    truth, held = stats(app), said(pages)
    assert set(held) == {known.number for known in app.state.hotline.orders.values()}
    assert len(held) == truth["orders"] == 10_000
    assert len(bad(pages)) == truth["bad_rows"] == 190
    assert sum(len(page.items) for page in pages) == truth["rows"] == pages[0].total
    assert Counter(fields.get("status", "none") for fields in held.values()) == truth["by_status"]
    assert Counter(fields.get("kind", "none") for fields in held.values()) == truth["by_kind"]


async def test_every_order_is_placed_where_it_is() -> None:
    app = build(2_000)
    held = said(await pulled(app))
    for known in app.state.hotline.orders.values():
        grid: Any = held[known.number].get("grid")
        if isinstance(grid, str):
            assert grid == {"community": known.community.code, "street": known.street.code}[known.placed]
        elif known.dialect == "shunde":
            assert grid is None
        elif known.placed == "nonsense":
            assert grid.names[0] == "火星街道办事处"
        else:
            assert grid.under == "150602"
            assert grid.names[0].removesuffix("办事处") == known.street.name
            assert set(grid.names[1:]) <= {known.community.name}


async def test_a_run_resumed_from_any_page_ends_with_the_same_orders() -> None:
    app = build(300)
    whole = await pulled(app, page_size=37)
    assert len(whole) == 9
    for at in range(1, len(whole)):
        rest = await pulled(app, whole[at - 1].cursor, page_size=37)
        assert said(whole[:at] + rest) == said(whole)
        assert [page.cursor for page in rest] == [page.cursor for page in whole[at:]]


async def test_pages_carry_the_bytes_as_they_came() -> None:
    pages = await pulled(build(300), page_size=100)
    rows = [row for page in pages for row in json.loads(page.received or b"")["resultData"]]
    assert len(rows) == sum(len(page.items) for page in pages) == pages[0].total


async def test_equal_times_over_the_page_border_lose_nothing() -> None:
    app = build(400)
    border = Counter(updated for updated, _ in app.state.hotline.feed)
    assert max(border.values()) > 100
    assert len(said(await pulled(app, page_size=7))) == 400


async def test_duplicates_are_one_order_in_its_latest_version() -> None:
    app = build(500)
    pages = await pulled(app, page_size=50)
    times = Counter(item.key for page in pages for item in page.items if isinstance(item, Record))
    assert sum(times.values()) - len(times) == stats(app)["duplicates"] == 40
    assert {len(key) for key in times} == {18}
    for known in app.state.hotline.orders.values():
        assert records(pages)[known.number].fields.get("status") == known.status


async def test_a_second_run_reads_only_the_overlap() -> None:
    app = build(300)
    first = await pulled(app)
    second = await pulled(app, first[-1].cursor)
    assert json.loads(first[-1].cursor or "") == {"mark": app.state.hotline.feed[-1][0]}
    assert second[-1].cursor == first[-1].cursor
    assert sum(len(page.items) for page in second) < 5


async def test_a_late_row_is_found_on_the_next_run() -> None:
    app = build(300)
    await post(app, "/sim/advance")
    first = await pulled(app)
    await post(app, "/sim/advance")
    late = app.state.hotline.orders[303]
    assert late.updated < datetime.fromisoformat(json.loads(first[-1].cursor or "")["mark"])
    assert late.number in records(await pulled(app, first[-1].cursor))
    assert late.number not in records(await pulled(app, first[-1].cursor, overlap_minutes=0))


async def test_late_rows_behind_more_than_a_page_of_overlap_are_found() -> None:
    app = build(300)
    first = await pulled(app)
    await post(app, "/sim/advance?steps=6")
    second = await pulled(app, first[-1].cursor, page_size=2)
    assert len(second) > 3
    assert len(said(first + second)) == stats(app)["orders"] == 312
    assert {key: fields.get("status") for key, fields in said(first + second).items()} == {
        known.number: known.status for known in app.state.hotline.orders.values()
    }


async def test_a_row_that_comes_late_during_a_long_run_is_found_by_the_next() -> None:
    app = build(300)
    source, pages = app.state.hotline, await pulled(app)
    source.advance()
    late = replace(order(1, 302), updated=source.clock - LATENESS)
    async with hotline(app, page_size=1) as plugin:
        async for page in read(plugin, pages[-1].cursor):
            pages.append(page)
            if late.index not in source.orders and json.loads(page.cursor or "")["seen"] > stamp(BEGIN):
                source.add(late)
                for _ in range(10):
                    source.advance()
    assert json.loads(pages[-1].cursor or "")["mark"] == stamp(BEGIN + timedelta(minutes=5))
    assert late.number not in records(pages)
    assert late.number in records(await pulled(app, pages[-1].cursor))


async def test_a_period_brings_what_was_updated_in_it() -> None:
    app = build(400)
    since, until = BEGIN - timedelta(days=40), BEGIN - timedelta(days=20)
    pages = await pulled(app, page_size=10, since=since.isoformat(), until=until.isoformat())
    inside = [row for row in app.state.hotline.rows.values() if since <= row.order.updated <= until]
    assert sum(len(page.items) for page in pages) == len(inside) == pages[0].total == 63
    assert set(said(pages)) == {row.order.number for row in inside if not row.bad}
    mark = datetime.fromisoformat(json.loads(pages[-1].cursor or "")["mark"])
    rest = {known.number for known in app.state.hotline.orders.values() if known.updated >= mark}
    assert set(said(await pulled(app, pages[-1].cursor, overlap_minutes=0, since=since.isoformat()))) >= rest


async def test_an_empty_answer_leaves_the_mark() -> None:
    cursor = '{"mark":"2027-01-01T00:00:00+08:00"}'
    pages = await pulled(build(50), cursor)
    assert [(page.items, page.cursor) for page in pages] == [([], cursor)]


async def test_an_expired_page_position_starts_again_from_the_mark() -> None:
    app = build(300)
    whole = await pulled(app, page_size=100)
    await post(app, "/sim/faults", {"kind": "410"})
    assert said(await pulled(app, whole[0].cursor, page_size=100)) == said(whole)


ISSUES = {
    "orderlist": lambda at, topic: Issue(f"P{at}", topic.title, "/".join(topic.levels[:4])),
    "fangshan": lambda at, topic: Issue(str(at), topic.levels[2], "/".join(topic.levels[:3])),
}


@pytest.mark.parametrize("dialect", ISSUES)
async def test_one_order_holds_several_issues(dialect: str) -> None:
    app = build(1_000)
    held = said(await pulled(app))
    orders = [known for known in app.state.hotline.orders.values() if known.dialect == dialect]
    several = [known for known in orders if len(known.topics) > 1]
    assert len(several) > 5
    for known in orders:
        expected = tuple(ISSUES[dialect](at, topic) for at, topic in enumerate(known.topics, 1))
        assert held[known.number].get("issues") == (expected if known in several else None)


async def test_rare_characters_and_long_texts_come_through_whole() -> None:
    app = build(1_000)
    held = said(await pulled(app))
    plain = [known for known in app.state.hotline.orders.values() if "来电人" not in known.content]
    assert {char for known in plain for char in known.content} >= set("㼆𬭊龘")
    assert max(len(known.content) for known in plain) > 4_000
    for known in plain:
        assert held[known.number]["content"] == known.content
    names = {fields["caller"].name for fields in held.values() if fields.get("caller")}
    assert any(char in (name or "") for name in names for char in "𠮷㐀")


async def test_no_name_or_number_of_a_caller_stands_anywhere_but_in_caller() -> None:
    app = build(2_000)
    held = said(await pulled(app))
    leaky = 0
    for known in app.state.hotline.orders.values():
        fields = held[known.number]
        rest = json.dumps(
            [value for name, value in fields.items() if name != "caller"], default=str, ensure_ascii=False
        )
        assert known.caller_name not in rest
        assert known.caller_phone not in rest.replace("-", "").replace(" ", "")
        leaky += known.caller_phone in known.content.replace("-", "")
    assert leaky > 100


def test_settings_that_cannot_be_are_refused() -> None:
    bad: list[dict[str, Any]] = [{"pagesize": 7}, {"words": {"x": {}}}, {"words": {"solved": {"好": "FINE"}}}]
    told = []
    for settings in [*bad, {"words": {"status": {"好": ""}}}]:
        with pytest.raises(ValidationError) as caught:
            Hotline12345.Config(**settings)
        told.append(caught.value.errors()[0]["msg"].removeprefix("Value error, "))
    names = ", ".join(sorted({name or "" for name in WORDS["status"].values()}))
    assert told == [
        "Extra inputs are not permitted",
        "there are no words for 'x', only for "
        "kind, status, urgency, satisfaction, solved, caller_confidential, flag, channel",
        "solved: '好' cannot mean 'FINE'. Set one of: , NO, YES",
        f"status: '好' cannot mean ''. Set one of: {names}",
    ]


async def test_the_setting_words_makes_an_unknown_word_known() -> None:
    app = build(500)
    unknown = {item.key for item in bad(await pulled(app)) if "is unknown" in item.reason}
    pages = await pulled(app, words={"status": {"已转交火星": "IN_PROGRESS"}})
    assert len(unknown) == stats(app)["bad"]["unknown word"] == 2
    assert [item for item in bad(pages) if "is unknown" in item.reason] == []
    assert {said(pages)[str(key)]["status"] for key in unknown} == {"IN_PROGRESS"}


async def test_a_wrong_key_is_refused() -> None:
    with pytest.raises(SourceRefused, match=r"^http://127\.0\.0\.1:8912/api/workorders answered 401\. "):
        await pulled(build(10), api_key="错的")


@pytest.mark.parametrize(
    ("fault", "error", "said", "retry_after"),
    [
        ({"kind": "429", "retry_after": 7}, SourceDown, "answered 429", 7.0),
        ({"kind": "429"}, SourceDown, "answered 429", None),
        ({"kind": "500"}, SourceDown, "answered 500", None),
        ({"kind": "503", "retry_after": "soon"}, SourceDown, "answered 503", None),
        ({"kind": "truncated"}, SourceDown, "was cut off after", None),
        ({"kind": "html"}, SourceRefused, "login page", None),
    ],
)
async def test_each_failure_says_what_happens_next(
    fault: dict[str, Any], error: type[Exception], said: str, retry_after: float | None
) -> None:
    app = build(10)
    await post(app, "/sim/faults", fault)
    with pytest.raises(error, match=said) as raised:
        await pulled(app)
    assert getattr(raised.value, "retry_after", None) == retry_after
    assert len(records(await pulled(app))) == 10


@pytest.mark.parametrize("kind", ["gb18030", "gb18030-mislabelled"])
async def test_gb18030_is_read_whatever_the_header_says(kind: str) -> None:
    app = build(100)
    await post(app, "/sim/faults", {"kind": kind, "times": 9})
    assert said(await pulled(app)) == said(await pulled(build(100)))


Answer = Callable[[httpx2.Request], httpx2.Response]


def answering(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda request: httpx2.Response(status, content=written, headers=headers)


def silent(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("timed out", request=request)


INFO = {"hasMore": True, "nextCursor": None, "serverTime": "2026-03-02 08:00:00"}
DATES = {"date": "Mon, 02 Mar 2026 00:00:00 GMT", "retry-after": "Mon, 02 Mar 2026 00:01:30 GMT"}


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (silent, SourceDown, "does not answer: timed out"),
        (answering(b""), SourceDown, "cut off after 0 bytes"),
        (answering(b"", 302), SourceRefused, "answered 302"),
        (answering(b"ok"), SourceBroken, "did not answer with JSON"),
        (answering(b"\xff\xff\xff"), SourceBroken, "neither UTF-8 nor GB18030"),
        (answering([1]), SourceBroken, "without the usual envelope: the answer"),
        (answering({"success": True}), SourceBroken, "without the usual envelope: code"),
        (answering({"success": False, "code": 40100}), SourceRefused, "refused the key: 40100"),
        (answering({"success": False, "code": 50000}), SourceDown, "cannot answer now: 50000"),
        (answering({"success": False, "code": 77}), SourceBroken, "with no work orders: 77"),
        (answering({"success": True, "code": 10000, "pageInfo": INFO, "resultData": []}), SourceBroken, "not where"),
    ],
)
async def test_each_strange_answer_says_what_happens_next(answer: Answer, error: type[Exception], said: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        with pytest.raises(error, match=said):
            await anext(Hotline12345(Hotline12345.Config(), http).pull(None))


async def test_retry_after_may_be_a_date_on_the_hotline_s_clock() -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answering({}, 429, DATES))) as http:
        with pytest.raises(SourceDown) as raised:
            await anext(Hotline12345(Hotline12345.Config(), http).pull(None))
    assert raised.value.retry_after == 90.0


async def test_an_answer_cut_off_anywhere_is_asked_for_again() -> None:
    whole = (await pulled(build(3)))[0].received or b""
    for end in range(1, len(whole.rstrip())):
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answering(whole[:end]))) as http:
            with pytest.raises(SourceDown, match=f"cut off after {end} bytes"):
                await anext(Hotline12345(Hotline12345.Config(), http).pull(None))


async def test_a_foreign_cursor_is_told() -> None:
    with pytest.raises(SourceBroken, match="saved cursor is not one of this plugin"):
        await pulled(build(10), "12")


async def test_the_same_seed_gives_the_same_bytes() -> None:
    one, same, other = build(200, seed=5), build(200, seed=5), build(200, seed=6)
    for app in (one, same, other):
        await post(app, "/sim/advance?steps=3")
    bytes_of = {app: [page.received for page in await pulled(app)] for app in (one, same, other)}
    assert bytes_of[one] == bytes_of[same]
    assert bytes_of[one] != bytes_of[other]
    assert stats(one) == stats(same)


async def test_the_simulator_describes_itself_and_shows_single_orders() -> None:
    app = build(50)
    known = app.state.hotline.orders[3]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        assert "现有工单 50 件" in (await http.get("/")).text
        http.headers["X-API-Key"] = "demo-key"
        told = (await http.get(f"/api/workorders/{known.number}")).json()
        assert told["resultData"] == [tell(known, known.number)]
        assert (await http.get("/api/workorders/999")).status_code == 404
        assert (await http.get("/api/workorders?limit=5000")).status_code == 400
        assert (await http.get("/sim/stats")).json() == stats(app)
