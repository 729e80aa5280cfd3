"""Requests of ours told to a simulated city: once, whatever happens on the way."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from hub.plugin import BadRecord, Change, Event, SourceDown, SourceError, SourceRefused
from plugins.open311.simulated_city import BEGIN
from plugins.open311.simulator import build
from tests.plugins.cities import before, city, post, pulled, records

ID = "0198c0de-0000-7000-8000-000000000001"
SERVICES = {
    "SZ001": {"category": "市政设施/路灯"},
    "YL001": {"category": "园林绿化/树木"},
    "NONE": {"category": "别处没有的"},
}
NEW = Change(
    kind="request",
    key=None,
    id=ID,
    fields={
        "number": "L1",
        "title": "路灯不亮",
        "content": "龘苑路夜里很黑",
        "category": "市政设施/路灯",
        "place": "龘苑路13号",
        "longitude": 109.99,
        "latitude": 39.8,
        "status": "RECEIVED",
    },
    changed=frozenset(),
    at=BEGIN,
    token="token-1",
)
SLOW = replace(NEW, fields={**NEW.fields, "category": "园林绿化/树木"})


def with_fields(**changed: Any) -> Change:
    return replace(NEW, fields={**NEW.fields, **changed})


def closing(key: str) -> Change:
    told = {**NEW.fields, "status": "CLOSED", "result": "已修复"}
    return replace(NEW, key=key, fields=told, changed=frozenset({"status", "result"}), token="token-2")


async def push(app: Any, change: Change, **settings: Any) -> str | BadRecord:
    async with before(httpx2.ASGITransport(app=app), **{"services": SERVICES, **settings}) as source:
        return await source.push(change)


def effects(app: Starlette) -> list[dict[str, Any]]:
    return city(app).city.effects


@pytest.mark.parametrize("format", ["json", "xml", "auto"])
async def test_a_new_request_is_created_with_our_reference(format: str) -> None:
    app = build(10)
    assert await push(app, NEW, format=format) == "26-00000010"
    assert [one["form"] for one in effects(app)] == [
        {
            "service_code": "SZ001",
            "description": f"路灯不亮\n龘苑路夜里很黑\n[hub:{ID}]",
            "address_string": "龘苑路13号",
            "lat": "39.800000",
            "long": "109.990000",
        }
    ]


@pytest.mark.parametrize("fault", ["504", "truncated", "html", "doctype"])
async def test_what_arrived_although_the_answer_was_lost_is_not_sent_again(fault: str) -> None:
    app = build(10)
    await post(app, "/sim/faults", {"kind": fault})
    with pytest.raises(SourceError):
        await push(app, NEW)
    assert len(effects(app)) == 1
    assert await push(app, replace(NEW, again=True)) == "26-00000010"
    assert len(effects(app)) == 1


async def test_what_never_arrived_is_sent_again() -> None:
    app = build(10)
    await post(app, "/sim/faults", {"kind": "503", "retry_after": 5})
    with pytest.raises(SourceDown) as raised:
        await push(app, NEW)
    assert (raised.value.retry_after, effects(app)) == (5.0, [])
    assert await push(app, replace(NEW, again=True)) == "26-00000010"
    assert len(effects(app)) == 1


async def test_it_is_found_again_in_a_crowd() -> None:
    app = build(600, cap=20)
    await push(app, NEW)
    here = city(app).city
    here.clock += timedelta(days=100)
    for _ in range(50):
        here.take({"service_code": "SZ001", "description": "别人的", "address_string": "龘苑路"})
    assert await push(app, replace(NEW, again=True), cap=20) == "26-00000600"
    assert len(effects(app)) == 51


async def test_where_it_cannot_be_looked_for_a_person_is_asked_and_nothing_is_sent() -> None:
    app = build(0, cap=3)
    for _ in range(4):
        city(app).city.take({"service_code": "SZ001", "description": "别人的", "address_string": "龘苑路"})
    told = await push(app, replace(NEW, again=True), cap=3)
    assert isinstance(told, BadRecord)
    assert told.reason == f"It may have been sent: the source shows too much at once. Look there for [hub:{ID}]."
    assert len(effects(app)) == 4


async def test_a_source_that_numbers_later_is_asked_later_and_told_once() -> None:
    app = build(10)
    for change in (SLOW, replace(SLOW, again=True)):
        with pytest.raises(SourceDown, match="has no number yet") as raised:
            await push(app, change)
        assert raised.value.retry_after == 900.0
    await post(app, "/sim/advance")
    assert await push(app, replace(SLOW, again=True)) == "26-00000010"
    assert len(effects(app)) == 1


async def test_a_number_that_never_comes_is_a_person_s_business() -> None:
    app = build(10)
    with pytest.raises(SourceDown):
        await push(app, SLOW)
    city(app).city.clock += timedelta(hours=49)
    told = await push(app, replace(SLOW, again=True))
    assert isinstance(told, BadRecord)
    assert told.reason == f"It may have been sent, but has no number after 48 hours. Ask the source for [hub:{ID}]."
    assert len(effects(app)) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            with_fields(place=None, longitude=None),
            "It has neither coordinates nor a place, and Open311 needs one of them. Add one to the request.",
        ),
        (
            with_fields(category="养犬"),
            "No service takes the category '养犬'. Add it to the setting services, or set default_service.",
        ),
        (
            with_fields(category="别处没有的"),
            "http://127.0.0.1:8914/requests.json answered 400 service_code was not provided or is unknown.",
        ),
        (
            replace(NEW, deleted=True),
            "It is gone in the hub and was never told to the source: nothing to send.",
        ),
    ],
)
async def test_what_the_source_cannot_take_is_told_and_nothing_is_sent(change: Change, reason: str) -> None:
    app = build(10)
    assert await push(app, change) == BadRecord(reason, change.fields, "request", None)
    assert effects(app) == []


async def test_the_default_service_takes_what_has_no_code() -> None:
    app = build(10)
    assert await push(app, with_fields(category="养犬"), default_service="ZF001") == "26-00000010"
    assert effects(app)[0]["form"]["service_code"] == "ZF001"


async def test_a_long_text_is_cut_and_keeps_the_reference() -> None:
    app = build(10)
    await push(app, with_fields(content="长" * 9_000))
    told = effects(app)[0]["form"]["description"]
    assert (len(told), told.endswith(f"长\n[hub:{ID}]")) == (4000, True)


async def test_a_wrong_key_stops_the_telling_and_is_not_shown() -> None:
    app = build(10)
    with pytest.raises(SourceRefused, match="answered 403 api_key is missing or invalid") as raised:
        await push(app, NEW, api_key="s3cret")
    assert "s3cret" not in str(raised.value)
    assert effects(app) == []


async def test_without_the_extension_an_update_is_nothing_to_send() -> None:
    app = build(10)
    assert await push(app, closing("26-00000003")) == "26-00000003"
    assert (effects(app), city(app).asked) == ([], [])


@pytest.mark.parametrize("fault", [None, "504"])
async def test_an_update_is_sent_once(fault: str | None) -> None:
    app = build(10)
    known = city(app).city.reports[3]
    change = closing(known.number)
    if fault:
        await post(app, "/sim/faults", {"kind": fault})
        with pytest.raises(SourceDown):
            await push(app, change, updates=True)
    for _ in range(2):
        assert await push(app, replace(change, again=bool(fault)), updates=True) == known.number
        if fault is None:
            break
    assert [one["form"] for one in effects(app)] == [
        {
            "service_request_id": known.number,
            "update_id": "token-2",
            "status": "CLOSED",
            "updated_datetime": "2026-03-02T00:00:00Z",
            "description": "已修复\n[hub:token-2]",
        }
    ]


async def test_an_update_is_found_again_among_many() -> None:
    app = build(10)
    known = city(app).city.reports[3].number
    for at in range(30):
        await push(app, replace(closing(known), token=f"t{at}"), updates=True)
    city(app).city.clock += timedelta(days=120)
    again = replace(closing(known), token="t7", again=True)
    assert await push(app, again, updates=True, cap=31, page_size=5) == known
    assert len(effects(app)) == 30


async def test_an_update_says_what_was_noted_and_is_silent_about_the_rest() -> None:
    app = build(10)
    known = city(app).city.reports[3].number
    event = Event("DISPATCH", BEGIN, party="市政所", note="已派市政所")
    assert await push(app, replace(NEW, key=known, event=event), updates=True) == known
    assert await push(app, replace(NEW, key=known, changed=frozenset({"title"})), updates=True) == known
    assert await push(app, replace(NEW, key=known, deleted=True, token="t-9"), updates=True) == known
    assert [(one["form"]["status"], one["form"]["description"]) for one in effects(app)] == [
        ("OPEN", "已派市政所\n[hub:token-1]"),
        ("CLOSED", "RECEIVED\n[hub:t-9]"),
    ]


async def test_what_we_pushed_comes_back_as_no_request_of_its_own() -> None:
    app = build(10)
    key = await push(app, NEW)
    await push(app, closing(str(key)), updates=True)
    found = records(await pulled(app))[str(key)]
    assert set(found.fields) == {"due_at", "status", "closed_at"}
    assert found.fields["status"] == "CLOSED"
