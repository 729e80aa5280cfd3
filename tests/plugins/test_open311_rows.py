"""Recorded replies of Open311, in JSON and in XML, as records: field by field."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, get_args

import pytest

from hub.models import Channel, RequestKind, RequestStatus
from hub.plugin import BadRecord, Caller, Place, Record
from plugins.open311 import settings
from plugins.open311.records import read
from plugins.open311.settings import Config
from tests.plugins.cities import answered, bad, records, replying

CHINA = timezone(timedelta(hours=8))
CLOSED = {
    "number": "638344",
    "channel": "WEB",
    "title": "Sidewalk and Curb Issues",
    "category": "Sidewalk and Curb Issues",
    "content": "Cracked slab & lifted kerb\nin front of the school <north gate>",
    "status": "CLOSED",
    "result": "Duplicate request.",
    "assignee": "DPW",
    "place": "8TH AVE and JUDAH ST",
    "longitude": -122.4651145,
    "latitude": 37.762221815,
    "submitted_at": datetime(2026, 1, 14, 14, 37, 38, tzinfo=UTC),
    "due_at": datetime(2026, 1, 15, 14, 37, 38, tzinfo=UTC),
    "closed_at": datetime(2026, 1, 15, 10, tzinfo=UTC),
}
OPEN = {
    "number": "26-00010007",
    "channel": "WEB",
    "title": "路灯不亮",
    "category": "路灯不亮",
    "content": "龘苑路 13 号楼前路灯不亮",
    "status": "RECEIVED",
    "result": None,
    "assignee": None,
    "place": None,
    "longitude": 109.99,
    "latitude": 39.8,
    "submitted_at": datetime(2026, 1, 14, 9, tzinfo=CHINA),
    "due_at": None,
    "caller": Caller("王秀英", "19900001234"),
}
BARE = {
    "number": "638350",
    "channel": "WEB",
    "title": "No name for this one",
    "category": "X9",
    "content": "No name for this one",
    "status": "RECEIVED",
    "longitude": None,
    "latitude": None,
    "submitted_at": datetime(2026, 1, 16, tzinfo=UTC),
}


def row(**changed: Any) -> dict[str, Any]:
    return {"service_request_id": "1", "service_name": "Pothole", "service_code": "6", "status": "open", **changed}


def fields(told: dict[str, Any], **chosen: Any) -> dict[str, Any]:
    record = read(told, Config(**chosen), "row 1")
    assert isinstance(record, Record), record
    return dict(record.fields)


@pytest.mark.parametrize("name", ["requests.json", "requests.xml"])
async def test_a_reply_becomes_records_field_by_field(name: str) -> None:
    pages = await answered(replying(name), start="2026-01-01T00:00:00Z")
    (closed, open_, bare) = (item for page in pages for item in page.items if isinstance(item, Record))
    assert (len(pages), bad(pages)) == (1, [])
    assert [dict(record.fields) for record in (closed, open_, bare)] == [CLOSED, OPEN, BARE]
    assert [record.at for record in (closed, open_, bare)] == [
        datetime(2026, 1, 15, 10, tzinfo=UTC),
        datetime(2026, 1, 14, 9, tzinfo=CHINA),
        None,
    ]
    assert closed.where == "2026-01-01T00:00:00Z to 2026-04-01T00:00:00Z, row 1"


async def test_json_and_xml_of_the_same_requests_are_the_same_records() -> None:
    from_json, from_xml = [await answered(replying(f"requests.{format}")) for format in ("json", "xml")]
    assert records(from_json) == records(from_xml)
    assert [page.cursor for page in from_json] == [page.cursor for page in from_xml]


async def test_what_the_hub_has_no_field_for_stands_beside_the_row_without_who_asked() -> None:
    held = records(await answered(replying("requests.json")))
    assert held["638344"].extra == {
        "address_id": "545483",
        "zipcode": "94122",
        "media_url": "https://city.example.org/media/638344.jpg",
    }
    assert held["26-00010007"].extra == {
        "service_notice": "三个工作日内检修",
        "source": "phone",
        "closed_loop": "true",
        "extended_attributes": {"ward": "5", "crew": None},
    }


def test_settings_say_what_services_words_and_places_mean() -> None:
    services = {"6": {"category": "市政设施/道路", "kind": "REPORT"}}
    found = fields(
        row(status="On Hold"), services=services, statuses={"on-hold": "IN_PROGRESS"}, prefix="311-", under="150602"
    )
    assert found == {
        "number": "311-1",
        "channel": "WEB",
        "title": "Pothole",
        "category": "市政设施/道路",
        "kind": "REPORT",
        "status": "IN_PROGRESS",
        "grid": Place(under="150602"),
    }


def test_a_time_without_a_zone_is_in_the_zone_that_is_set() -> None:
    told = row(requested_datetime="2026-07-01T08:00:00")
    assert fields(told)["submitted_at"] == datetime(2026, 7, 1, tzinfo=UTC)
    assert fields(told, timezone="America/Chicago")["submitted_at"] == datetime(2026, 7, 1, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (row(service_request_id=None), "service_request_id is empty: every request needs one."),
        (
            row(status="lost"),
            "status: the word 'lost' is unknown. Add it to the setting statuses, with its meaning.",
        ),
        (row(lat="N/A", long="1"), "lat: 'N/A' is not a number. Correct it at the source."),
        (row(lat="nan", long="1"), "lat: 'nan' is not a number. Correct it at the source."),
        (
            row(lat="390.8", long="109.9"),
            "lat, long: 390.8, 109.9 is nowhere on earth. Correct the coordinates at the source.",
        ),
        (
            row(requested_datetime="yesterday"),
            "requested_datetime: 'yesterday' is not a time. It must be like 2026-01-31T08:00:00+08:00.",
        ),
        (row(address={"a": "1"}), "address: one value was due, this is {'a': '1'}. Correct it at the source."),
    ],
)
def test_a_bad_row_says_what_is_wrong_without_who_asked(told: dict[str, Any], reason: str) -> None:
    found = read({**told, "phone": "19900001234"}, Config(), "row 7")
    assert found == BadRecord(reason, told, "request", told["service_request_id"], "row 7")


def test_what_is_no_object_is_a_bad_record() -> None:
    assert read("638344", Config(), "row 7") == BadRecord(
        "A request is an object, this is str.", "638344", "request", where="row 7"
    )


def test_of_a_request_that_we_pushed_only_what_the_other_side_adds_is_taken() -> None:
    ours = "路灯不亮\n[hub:0198c0de-0000-7000-8000-000000000001]"
    told = row(
        description=ours, status_notes="已修复", agency_responsible="DPW", updated_datetime="2026-01-14T09:00:00Z"
    )
    assert fields(told) == {"result": "已修复"}
    assert fields({**told, "status": "closed"}) == {
        "result": "已修复",
        "status": "CLOSED",
        "closed_at": datetime(2026, 1, 14, 9, tzinfo=UTC),
    }
    assert fields(told, mark="other")["number"] == "1"


def test_the_names_in_the_settings_are_those_of_the_hub() -> None:
    assert set(get_args(settings.Kind)) == {term.name for term in RequestKind}
    assert set(get_args(settings.Channel)) == {term.name for term in Channel}
    assert set(get_args(settings.Status)) == {term.name for term in RequestStatus}


def test_the_readme_of_the_plugin_names_every_setting() -> None:
    written = Path(str(settings.__file__)).with_name("README.md").read_text(encoding="utf-8")
    assert [name for name in Config.model_fields if f"`{name}`" not in written.partition("## 对应")[0]] == []


def test_the_form_of_settings_can_be_drawn_and_never_shows_the_key() -> None:
    assert Config.model_json_schema()["properties"]["api_key"]["writeOnly"] is True
    assert "s3cret" not in json.dumps(Config(api_key="s3cret").model_dump(mode="json"))
