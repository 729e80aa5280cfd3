"""What the hotline is told of the steps in the hub: once each, in its own words, whatever goes wrong on the way."""

import asyncio
from typing import Any

import httpx2
import pytest

from hub.plugin import BadRecord, Change, SourceBroken, SourceDown, SourceRefused
from plugins.hotline12345 import Hotline12345
from tests.plugins.hotlines import AT, ID, URL, answer, effects, fail, pulled, pushed, served, standing, step, truth

RESULT = {"result": "路灯已修复。", "handled_at": "2026-03-02T01:30:00+00:00"}
ALWAYS = {"outerId": ID, "stepTime": "2026-03-02 10:00:00", "department": "城管中队"}
TIME = "2026-03-02 09:30:00"
HANDLED = {
    "taian": {"note10": "路灯已修复。", "handledTime": TIME, "note6": "是"},
    "orderlist": {"solvingResult": "路灯已修复。", "solvingTime": TIME, "banliResult_12345": "0"},
    "fangshan": {"result": "路灯已修复。", "handledTime": TIME, "isSolved": "解决"},
    "wuxi": {"result": "路灯已修复。", "handledTime": TIME, "isSolved": "是"},
    "shunde": {"result": "路灯已修复。", "handledTime": TIME, "isSolved": "是"},
}


@pytest.mark.parametrize("dialect", HANDLED)
async def test_a_result_is_told_in_the_words_of_each_dialect(dialect: str) -> None:
    app, known = standing(dialect, None if dialect == "shunde" else "IN_PROGRESS")
    change = step(known, "HANDLE", fields={**RESULT, "solved": True}, note="已现场核实")
    assert await pushed(app, change) == known.number
    said = {**ALWAYS, "step": "办理", "remark": "已现场核实", **HANDLED[dialect]}
    assert await effects(app) == [("t1", "results", said)]
    assert (await truth(app, known))["result"] == "路灯已修复。"


@pytest.mark.parametrize(
    ("dialect", "action", "said", "what", "told"),
    [
        ("orderlist", "SIGN", {}, "acceptances", {"step": "签收"}),
        ("taian", "ACCEPT", {"note": "已派人"}, "acceptances", {"step": "接单", "remark": "已派人"}),
        ("taian", "ASK_RETURN", {"note": "不属本辖区"}, "returns", {"step": "ASK_RETURN", "note8": "不属本辖区"}),
        ("fangshan", "ASK_RETURN", {"note": "不属本辖区"}, "returns", {"step": "ASK_RETURN", "reason": "不属本辖区"}),
        (
            *("wuxi", "ASK_EXTENSION", {"note": "待配件", "days": 5}, "extensions"),
            {"step": "ASK_EXTENSION", "reason": "待配件", "applyDays": 5},
        ),
        (
            *("orderlist", "EVALUATE", {"satisfaction": "VERY_SATISFIED", "solved": False}, "evaluations"),
            {"step": "EVALUATE", "publicSatisfaction": "3", "banliResult_12345": "1"},
        ),
        (
            *("fangshan", "EVALUATE", {"satisfaction": "VERY_SATISFIED", "solved": None}, "evaluations"),
            {"step": "EVALUATE", "satisfaction": "满意"},
        ),
        ("taian", "MERGE", {"into_number": "2601000077"}, "merges", {"step": "并案", "mergedInto": "2601000077"}),
        (
            *("wuxi", "ANSWER", {"result": "已疏通", "cluster": "2601000077", "by": "HANDLE"}, "results"),
            {"step": "办理", "result": "已疏通"},
        ),
    ],
)
async def test_each_step_goes_where_it_belongs(
    dialect: str, action: str, said: dict[str, Any], what: str, told: dict[str, Any]
) -> None:
    app, known = standing(dialect, "DISPATCHED")
    assert await pushed(app, step(known, action, **said)) == known.number
    assert await effects(app) == [("t1", what, {**ALWAYS, **told})]


async def test_what_the_caller_was_told_goes_with_the_contact_made() -> None:
    app, known = standing("taian", "HANDLED")
    change = step(known, "FEED_BACK", fields={**RESULT, "solved": None}, note="已电话告知", solved=False)
    assert await pushed(app, change) == known.number
    contact = {"note3": "是", "note5": "2026-03-02 10:00:00"}
    said = {**ALWAYS, **contact, "step": "反馈", "remark": "已电话告知", "handledTime": TIME, "note6": "否"}
    assert await effects(app) == [("t1", "results", {**said, "note10": "路灯已修复。"})]


async def test_a_closed_order_comes_back_closed_with_its_result() -> None:
    app, known = standing("orderlist")
    steps = (
        ("SIGN", {}),
        ("ACCEPT", {}),
        ("HANDLE", RESULT),
        ("FEED_BACK", {**RESULT, "solved": True}),
        ("CLOSE", RESULT),
    )
    seen = []
    for action, fields in steps:
        assert await pushed(app, step(known, action, token=action, fields=fields)) == known.number
        seen.append((await pulled(app))[known.number]["status"])
    assert seen == ["IN_PROGRESS", "IN_PROGRESS", "HANDLED", "CALLBACK", "CLOSED"]
    back = (await pulled(app))[known.number]
    assert (back["result"], back["solved"], back["handled_at"].isoformat()) == (
        *("路灯已修复。", True),
        "2026-03-02T09:30:00+08:00",
    )


async def test_a_merge_is_told_and_taken_back_under_the_hotlines_own_number() -> None:
    app, known = standing("taian", "IN_PROGRESS")
    merged = step(known, "MERGE", key=f"X-{known.number}", into_number="X-2601000077")
    apart = step(known, "UNMERGE", "t2", key=f"X-{known.number}", out_of_number="X-2601000077")
    for change in (merged, apart):
        assert await pushed(app, change, prefix="X-") == f"X-{known.number}"
    told = [(what, body["step"], body["mergedInto"]) for _, what, body in await effects(app)]
    assert told == [("merges", "并案", "2601000077"), ("merges", "撤销并案", "2601000077")]
    refused = await pushed(app, step(known, "UNMERGE", "t3", out_of_number="2601000077"))
    assert isinstance(refused, BadRecord)
    assert refused.reason.endswith("42209 工单并未并入 2601000077")


async def test_what_is_told_twice_is_done_once() -> None:
    app, known = standing("taian")
    change = step(known, "HANDLE", fields=RESULT)
    assert [await pushed(app, change), await pushed(app, change)] == [known.number] * 2
    assert len(await effects(app)) == 1


async def test_a_time_out_after_it_was_taken_leads_to_one_effect() -> None:
    app, known = standing("taian")
    async with served(app) as url, httpx2.AsyncClient(timeout=0.5) as http:
        plugin = Hotline12345(Hotline12345.Config(base_url=url, dialect="泰安 2025"), http)
        await fail(app, "timeout", retry_after=30)
        with pytest.raises(SourceDown, match="does not answer: ReadTimeout"):
            await plugin.push(step(known, "HANDLE", fields=RESULT))
        assert len(await effects(app)) == 1
        assert await plugin.push(step(known, "HANDLE", fields=RESULT, again=True)) == known.number
    assert len(await effects(app)) == 1


async def test_an_answer_that_is_lost_is_looked_for_before_anything_is_told_again() -> None:
    app, known = standing("taian")
    asked: list[str] = []
    await fail(app, "truncated")
    with pytest.raises(SourceDown, match="cut off"):
        await pushed(app, step(known, "HANDLE", fields=RESULT), dialect="泰安 2025")
    again = step(known, "HANDLE", fields=RESULT, again=True)
    assert await pushed(app, again, asked, dialect="泰安 2025") == known.number
    assert asked == [f"GET /{known.number}/submissions"]
    assert len(await effects(app)) == 1


async def test_what_never_arrived_is_told_again() -> None:
    app, known = standing("taian")
    asked: list[str] = []
    assert await pushed(app, step(known, "HANDLE", fields=RESULT, again=True), asked) == known.number
    order = f"/{known.number}"
    assert asked == [f"GET {order}", f"GET {order}/submissions", f"POST {order}/results"]
    assert len(await effects(app)) == 1


@pytest.mark.parametrize(
    ("fault", "error", "said", "retry_after"),
    [
        ({"kind": "401"}, SourceRefused, "answered 401", None),
        ({"kind": "429", "retry_after": 7}, SourceDown, "answered 429", 7.0),
        ({"kind": "500"}, SourceDown, "answered 500", None),
        ({"kind": "503", "retry_after": "2"}, SourceDown, "answered 503", 2.0),
        ({"kind": "html"}, SourceRefused, "login page", None),
        ({"kind": "410"}, SourceRefused, "answered 410", None),
    ],
)
async def test_each_failure_says_what_happens_next_and_does_nothing(
    fault: dict[str, Any], error: type[Exception], said: str, retry_after: float | None
) -> None:
    app, known = standing("taian")
    before = await answer(app, "GET", "/sim/orders")
    await fail(app, **fault)
    with pytest.raises(error, match=said) as raised:
        await pushed(app, step(known, "HANDLE", fields=RESULT), dialect="泰安 2025")
    assert getattr(raised.value, "retry_after", None) == retry_after
    assert (await effects(app), await answer(app, "GET", "/sim/orders")) == ([], before)


async def test_a_wrong_key_is_refused() -> None:
    app, known = standing("taian")
    with pytest.raises(SourceRefused, match="answered 401"):
        await pushed(app, step(known, "HANDLE", fields=RESULT), api_key="错的")
    assert await effects(app) == []


async def test_there_already_is_a_success() -> None:
    app, known = standing("taian")
    await fail(app, "409")
    assert await pushed(app, step(known, "HANDLE", fields=RESULT), dialect="泰安 2025") == known.number


@pytest.mark.parametrize(
    ("status", "action", "said", "reason"),
    [
        ("IN_PROGRESS", "HANDLE", {}, "42201 办理结果（note10）不能为空"),
        ("IN_PROGRESS", "HANDLE", {"fields": {"result": "长" * 2001}}, "42205 note10 超过 2000 字"),
        ("CLOSED", "HANDLE", {"fields": RESULT}, "42203 工单已办结"),
        ("RETURN_REQUESTED", "ACCEPT", {}, "42204 申请正在审核，暂不能提交"),
        ("IN_PROGRESS", "ASK_RETURN", {}, "42201 退单理由（note8）不能为空"),
        (
            "IN_PROGRESS",
            "ASK_EXTENSION",
            {"note": "待配件", "until": "2025-01-01T00:00:00+08:00"},
            "42207 申请的期限不晚于现有期限",
        ),
        (
            "IN_PROGRESS",
            "EVALUATE",
            {"satisfaction": "SO_SO"},
            "42202 “SO_SO”不在可选用语内：非常满意、满意、基本满意、不满意",
        ),
    ],
)
async def test_what_the_hotline_refuses_comes_back_in_its_words(
    status: str, action: str, said: dict[str, Any], reason: str
) -> None:
    app, known = standing("taian", status)
    before = await answer(app, "GET", "/sim/orders")
    refused = await pushed(app, step(known, action, **said))
    assert isinstance(refused, BadRecord)
    assert (refused.reason, refused.kind, refused.key) == (
        f"12345 政务服务便民热线: {reason}",
        "request",
        known.number,
    )
    assert (await effects(app), await answer(app, "GET", "/sim/orders")) == ([], before)


async def test_an_order_that_the_hotline_does_not_know_is_refused() -> None:
    app, known = standing("taian")
    expected = "12345 政务服务便民热线: 40400 没有编号为 999 的工单"
    refused = await pushed(app, step(known, "HANDLE", key="999", fields=RESULT))
    assert refused == BadRecord(expected, {"id": ID}, "request", "999")
    with pytest.raises(SourceRefused, match="answered 404 without the usual envelope"):
        await pushed(app, step(known, "HANDLE", key="a/b?c", fields=RESULT), dialect="泰安 2025")


async def test_an_unknown_code_stops_the_telling() -> None:
    _app, known = standing("taian")
    body = {"success": False, "code": 77, "message": "？"}
    transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=body))
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as http:
        with pytest.raises(SourceBroken, match="answered with an unknown code: 77"):
            await Hotline12345(Hotline12345.Config(), http).push(step(known, "HANDLE", fields=RESULT))


async def test_what_is_none_of_its_business_is_not_told() -> None:
    app, known = standing("taian")
    asked: list[str] = []
    edited = Change("request", known.number, ID, {"title": "a"}, frozenset({"title"}), AT, "t2")
    gone = Change("request", known.number, ID, {}, frozenset(), AT, "t3", deleted=True)
    silent = [step(known, action) for action in ("SYNC", "PUBLISH", "URGE", "JOIN", "NEW_ACTION")]
    assert [await pushed(app, one, asked) for one in [*silent, edited, gone]] == [known.number] * 7
    assert (asked, await effects(app)) == ([], [])


async def test_a_request_of_another_origin_is_not_the_hotline_s() -> None:
    app, _known = standing("taian")
    asked: list[str] = []
    created = Change("request", None, ID, {"number": "R1"}, frozenset(), AT, "t1")
    reason = "12345 政务服务便民热线 takes no new orders, only steps of its own ones."
    assert await pushed(app, created, asked) == BadRecord(reason, {"id": ID}, "request", None)
    assert asked == []


@pytest.mark.parametrize(
    ("action", "said", "shown", "outcomes"),
    [
        ("ASK_RETURN", {"note": "不属本辖区"}, "RETURN_REQUESTED", {("RETURNED", 3), ("IN_PROGRESS", 3)}),
        (
            "ASK_EXTENSION",
            {"note": "待配件", "days": 5},
            "EXTENSION_REQUESTED",
            {("IN_PROGRESS", 8), ("IN_PROGRESS", 3)},
        ),
    ],
)
async def test_what_the_hotline_decides_comes_back_with_the_rows(
    action: str, said: dict[str, Any], shown: str, outcomes: set[tuple[str, int]]
) -> None:
    found = set()
    for seed in range(8):
        app, known = standing("taian", "IN_PROGRESS", seed, due_days=3)
        await pushed(app, step(known, action, **said))
        assert (await pulled(app))[known.number]["status"] == shown
        await answer(app, "POST", "/sim/advance")
        back = (await pulled(app))[known.number]
        found.add((back["status"], (back["due_at"] - back["submitted_at"]).days))
    assert found == outcomes


async def test_a_hundred_tellings_at_once_are_one_effect() -> None:
    app, known = standing("fangshan")
    told = [pushed(app, step(known, "HANDLE", fields=RESULT)) for _ in range(100)]
    assert set(await asyncio.gather(*told)) == {known.number}
    assert len(await effects(app)) == 1
