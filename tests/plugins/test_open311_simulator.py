"""The simulated Open311 city against itself: the rules that it keeps, in both formats."""

import json
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest
from starlette.applications import Starlette

from plugins.open311.simulated_city import SERVICES
from plugins.open311.simulator import build
from tests.plugins.cities import URL, city, post

WAITING = {"service_code": "YL001", "address_string": "龘苑路13号", "api_key": "demo-key"}


async def asked(app: Starlette, path: str, form: dict[str, str] | None = None) -> tuple[int, Any]:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=URL) as http:
        reply = await (http.get(path) if form is None else http.post(path, data=form))
    if reply.headers["content-type"].startswith("text/xml"):
        rows = ElementTree.fromstring(reply.content)
        return reply.status_code, [{part.tag: part.text for part in row} for row in rows]
    return reply.status_code, json.loads(reply.content)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("start_date=2025-01-01T00:00:00Z&end_date=2025-06-01T00:00:00Z", "must not exceed 90 days."),
        ("start_date=2025-01-01T00:00:00", "must have a time zone."),
        ("start_date=yesterday", "must be W3C datetimes."),
    ],
)
@pytest.mark.parametrize("format", ["json", "xml"])
async def test_what_the_standard_forbids_is_refused_in_its_words(format: str, question: str, words: str) -> None:
    status, (error,) = await asked(build(10), f"/requests.{format}?{question}")
    assert (status, str(error["code"]), error["description"][-len(words) :]) == (400, "400", words)


async def test_services_and_single_requests_are_shown() -> None:
    app = build(10)
    known = city(app).city.reports[3]
    for format in ("json", "xml"):
        services = (await asked(app, f"/services.{format}"))[1]
        assert [one["service_code"] for one in services] == list(SERVICES)
        shown = (await asked(app, f"/requests/{known.number}.{format}"))[1]
        assert [one["service_request_id"] for one in shown] == [known.number]
        assert (await asked(app, f"/requests/none.{format}"))[0] == 404
        assert (await asked(app, f"/services/none.{format}"))[0] == 404


async def test_no_more_than_the_cap_is_given_and_status_and_service_choose() -> None:
    app = build(300, cap=50)
    assert len((await asked(app, "/requests.json"))[1]) == 50
    chosen = (await asked(app, "/requests.json?status=open&service_code=SZ001,SZ002"))[1]
    assert {(one["status"], one["service_code"]) for one in chosen} == {("open", "SZ001"), ("open", "SZ002")}


async def test_a_token_becomes_a_number_as_time_goes_on() -> None:
    app = build(10)
    _, (given,) = await asked(app, "/requests.xml", WAITING)
    assert (given["token"], given.get("service_request_id")) == ("t1-10", None)
    assert (await asked(app, "/tokens/t1-10.json"))[1] == [{"token": "t1-10", "service_request_id": None}]
    assert (await post(app, "/sim/advance"))["waiting"] == 0
    assert (await asked(app, "/tokens/t1-10.json"))[1] == [{"token": "t1-10", "service_request_id": "26-00000010"}]
    assert (await asked(app, "/tokens/t9.json"))[0] == 404


async def test_what_was_posted_is_shown_without_the_key_and_refusals_leave_nothing() -> None:
    app = build(10)
    assert (await asked(app, "/requests.json", {**WAITING, "api_key": "other"}))[0] == 403
    assert (await asked(app, "/requests.json", {**WAITING, "address_string": ""}))[0] == 400
    assert (await asked(app, "/servicerequestupdates.json", {**WAITING, "status": "OPEN"}))[0] == 400
    assert (await asked(app, "/sim/effects"))[1]["effects"] == []
    await asked(app, "/requests.json", WAITING)
    form = {name: value for name, value in WAITING.items() if name != "api_key"}
    assert (await asked(app, "/sim/effects"))[1]["effects"] == [{"what": "request", "index": 10, "form": form}]
    assert (await asked(app, "/sim/stats"))[1] == city(app).city.stats()


async def test_it_describes_itself() -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=build(50)), base_url=URL) as http:
        assert "现有诉求 50 件" in (await http.get("/")).text
        assert (await http.post("/sim/faults", json={"kind": "flood"})).status_code == 400
        assert (await http.post("/sim/advance?steps=many")).status_code == 400
