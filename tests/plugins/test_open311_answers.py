"""What a city answers when it does not give what it should: each says what happens next."""

from typing import Any

import httpx2
import pytest

from hub.plugin import SourceBroken, SourceDown, SourceRefused
from plugins.open311 import endpoint
from plugins.open311.answers import rows
from plugins.open311.simulator import BOMB, build
from tests.plugins.cities import REPLIES, Answer, answered, answering, bad, city, post, pulled, records, statuses

ERRORS = '[{"code": 403, "description": "Missing or Invalid API Key"}]'
XML_ERRORS = "<errors><error><code>400</code><description>Bad date.</description></error></errors>"
LOGIN = "<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN' 'x.dtd'><html/>"
DATES = {"date": "Mon, 02 Mar 2026 00:00:00 GMT", "retry-after": "Mon, 02 Mar 2026 00:01:30 GMT"}


@pytest.mark.parametrize(
    ("fault", "error", "said", "retry_after"),
    [
        ({"kind": "429", "retry_after": 7}, SourceDown, "answered 429", 7.0),
        ({"kind": "500"}, SourceDown, "answered 500", None),
        ({"kind": "503", "retry_after": "soon"}, SourceDown, "answered 503", None),
        ({"kind": "504"}, SourceDown, "answered 504", None),
        ({"kind": "401"}, SourceRefused, "answered 401", None),
        ({"kind": "403"}, SourceRefused, "answered 403", None),
        ({"kind": "truncated"}, SourceDown, "was cut off after", None),
        ({"kind": "html"}, SourceRefused, "login page", None),
        ({"kind": "doctype"}, SourceBroken, "declares a document type", None),
    ],
)
async def test_each_fault_says_what_happens_next(
    fault: dict[str, Any], error: type[Exception], said: str, retry_after: float | None
) -> None:
    app = build(10)
    await post(app, "/sim/faults", fault)
    with pytest.raises(error, match=said) as raised:
        await pulled(app)
    assert getattr(raised.value, "retry_after", None) == retry_after
    assert len(records(await pulled(app))) == 10


def silent(request: httpx2.Request) -> httpx2.Response:
    raise httpx2.ReadTimeout("timed out", request=request)


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (silent, SourceDown, "requests.json does not answer: timed out"),
        (answering(b""), SourceDown, "cut off after 0 bytes"),
        (answering(b"", 302), SourceRefused, r"requests.json answered 302\. Check the settings"),
        (answering("ok"), SourceBroken, "neither JSON nor XML"),
        (answering('{"error": "maintenance"}'), SourceBroken, "rows were due, this is an object of error"),
        (answering("{}"), SourceBroken, "this is an object of nothing"),
        (answering("<status>maintenance</status>"), SourceBroken, "XML without rows: status"),
        (answering("7"), SourceBroken, "a list of rows was due, this is int"),
        (answering(b"\xff\xff\xff"), SourceBroken, "neither UTF-8 nor GB18030"),
        (answering("[" * 100_000), SourceBroken, "cannot be read"),
        (answering("<a>" * 100_000 + "</a>" * 100_000), SourceBroken, "nested too deeply"),
        (answering("<a><b></a>"), SourceBroken, "cannot be read: mismatched tag"),
        (answering(BOMB), SourceBroken, "declares a document type"),
        (answering(LOGIN), SourceRefused, "login page"),
        (answering("<HTML><body>"), SourceRefused, "login page"),
        (answering(ERRORS, 403), SourceRefused, "answered 403 Missing or Invalid API Key"),
        (answering(ERRORS), SourceRefused, "answered 403 Missing or Invalid API Key"),
        (answering(XML_ERRORS, 400), SourceRefused, "answered 400 Bad date"),
        (answering("no", 404), SourceRefused, "requests.xml answered 404"),
    ],
)
async def test_each_strange_answer_says_what_happens_next(answer: Answer, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        await answered(answer)


async def test_an_answer_beyond_all_measure_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "LARGEST", 1_000)
    with pytest.raises(SourceBroken, match="more than 1,000 bytes"):
        await answered(answering("[" + " " * 2_000 + "]"))


async def test_retry_after_may_be_a_date_on_the_city_s_clock() -> None:
    with pytest.raises(SourceDown) as raised:
        await answered(answering("{}", 429, **DATES))
    assert raised.value.retry_after == 90.0


@pytest.mark.parametrize("name", ["requests.json", "requests.xml"])
def test_an_answer_cut_off_anywhere_is_asked_for_again(name: str) -> None:
    whole = (REPLIES / name).read_bytes().rstrip()
    for end in range(1, len(whole)):
        with pytest.raises(SourceDown, match=f"cut off after {end} bytes"):
            rows(whole[:end], "http://city/requests")


@pytest.mark.parametrize(
    "wrapped",
    ['{"service_requests": %s}', '{"requests": {"request": %s}}', '{"service_requests": %s, "page": 1}'],
)
async def test_rows_may_stand_in_an_object(wrapped: str) -> None:
    plain = (REPLIES / "requests.json").read_text(encoding="utf-8")
    expected, found = [await answered(answering(body)) for body in (plain, wrapped % plain)]
    assert records(found) == records(expected)
    assert len(records(found)) == 3


async def test_xml_under_the_name_of_json_is_read_for_what_it_is() -> None:
    plain, named_wrongly = [
        await answered(answering((REPLIES / name).read_bytes()), format="json")
        for name in ("requests.json", "requests.xml")
    ]
    assert records(named_wrongly) == records(plain)


async def test_rows_that_are_none_stand_beside_the_good_ones() -> None:
    pages = await answered(
        answering('[{"service_request_id": "1"}, 7, null, []]'), start="2026-10-01", end="2026-10-02"
    )
    assert list(records(pages)) == ["1"]
    assert [item.reason for item in bad(pages)] == [
        f"A request is an object, this is {name}." for name in ("str", "NoneType", "list")
    ]


async def test_gb18030_is_read_although_the_standard_forbids_it() -> None:
    app = build(100)
    await post(app, "/sim/faults", {"kind": "gb18030", "times": 9})
    assert statuses(await pulled(app, format="json")) == city(app).city.stats()["requests"]
