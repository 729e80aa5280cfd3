"""Rows of a registry, field by field; ID numbers, which end here."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from hub.plugin import BadRecord, Place, Record
from plugins.volunteers import dialect
from plugins.volunteers.identity import HIDDEN, HIDDEN_PHONE, Identities, birthday, check_digit, normalised
from plugins.volunteers.records import Items, Reading
from plugins.volunteers.simulated import METHODS

CHINA = timezone(timedelta(hours=8))
AT = datetime(2026, 3, 2, 8, tzinfo=CHINA)
UPDATED = {"updated_at": "2026-03-02T08:00:00+08:00"}
CANARY = "99010119900307100X"
OLD, OLD_WHOLE = "990101900307100", "99010119900307100X"
CHILD = "99010120150307889X"
IDENTITIES = Identities(b"a key for the tests")
HASH = IDENTITIES.hashed(CANARY)


def reading(**words: dict[str, str]) -> Reading:
    headers = {stream: dialect.headers(stream, {}) for stream in dialect.STREAMS}
    return Reading(IDENTITIES, headers, dialect.words(words), "150602", date(2026, 3, 2))


def read(stream: str, **row: Any) -> Items:
    return reading().read(stream, {**row, **UPDATED}, "here")


def record(stream: str, **row: Any) -> Record:
    (found,) = read(stream, **row)
    assert isinstance(found, Record), found
    return found


def refused(stream: str, **row: Any) -> BadRecord:
    (found,) = read(stream, **row)
    assert isinstance(found, BadRecord), found
    return found


VOLUNTEER = {"volunteer_no": "1506020000000001", "id_number": CANARY, "name": "乌日娜", "consent": "是"}
HOURS = {"record_no": "H1", "volunteer_no": "15", "content": "义诊", "started_at": "2026-03-01 09:00", "hours": 2}


def test_volunteers_and_teams_belong_to_the_practice_of_the_settings() -> None:
    def told(stream: str, row: dict[str, Any], practice: str) -> Any:
        (found,) = replace(reading(), practice=practice).read(stream, {**row, **UPDATED}, "here")
        return found.fields.get("practice", "not said")  # type: ignore[union-attr]  # a row that can be read is a record

    team = {"team_no": "T1", "name": "示例服务队"}
    for stream, row in (("volunteers", VOLUNTEER), ("teams", team)):
        assert [told(stream, row, practice) for practice in ("xiangyang", "")] == ["xiangyang", "not said"]


def test_the_numbers_of_these_tests_are_right_and_of_no_province() -> None:
    for number in (CANARY, CHILD):
        assert number[17] == check_digit(number[:17])
        assert number[:2] == "99"


@pytest.mark.parametrize(
    "written",
    [
        *(
            CANARY,
            CANARY.lower(),
            "990101 19900307 100X",
            "990101-1990-0307-100x",
            "９９０１０１１９９００３０７１００Ｘ",
        ),
        *(OLD, "990101 900307 100", "9901\u200b0119900307100X"),
    ],
)
def test_one_number_has_one_hash_however_it_is_written(written: str) -> None:
    assert normalised(written) == CANARY == OLD_WHOLE
    assert record("volunteers", **VOLUNTEER | {"id_number": written}).key == HASH


@pytest.mark.parametrize(
    "written", ["", "990101199003078891", "99010119901307889X", "9901011990", "09010119900307100X"]
)
def test_what_is_no_id_number_is_none(written: str) -> None:
    assert normalised(written) is None


def test_the_hash_is_stable_and_follows_from_the_key() -> None:
    assert HASH == "ntttwu6hbogn4eonlw3kmb6auovsn4ykmpax2bngcjcst6x4uuca"
    assert Identities(b"another key, not ours").hashed(CANARY) != HASH
    assert (len(HASH), set(HASH) & set("0189")) == (52, set())
    assert birthday(CANARY) == date(1990, 3, 7)


def test_a_person_is_called_by_the_unified_number_or_else_by_the_hash() -> None:
    fields = {"code": "1506020000000001", "name": "乌日娜", "grid": "150602"}
    assert record("volunteers", **VOLUNTEER) == Record("person", HASH, fields, where="here", at=AT)
    assert record("volunteers", **VOLUNTEER | {"volunteer_no": None}).fields["code"] == HASH
    unnamed = record("volunteers", **VOLUNTEER | {"id_number": None})
    assert (unnamed.key, unnamed.fields["code"]) == ("1506020000000001", "1506020000000001")
    starred = record("volunteers", **VOLUNTEER | {"id_number": "9901**********100X"})
    assert starred.key == "1506020000000001"


def test_an_id_number_in_the_place_of_the_unified_one_is_hashed_there_too() -> None:
    found = record("volunteers", **VOLUNTEER | {"volunteer_no": CANARY, "id_number": None})
    assert (found.key, found.fields["code"]) == (HASH, HASH)
    assert record("hours", **HOURS | {"volunteer_no": CANARY}).fields["person"] == HASH


def test_nothing_else_of_a_volunteer_is_taken() -> None:
    found = record("volunteers", **VOLUNTEER, phone="19900000001", gender="女", 积分="7", address="某处")
    assert (set(found.fields), dict(found.extra)) == ({"code", "name", "grid"}, {})


def test_a_team_is_an_organization_and_names_its_place() -> None:
    row = {"team_no": "T2", "name": "敬老队", "parent_team_no": "T1", "area": "交通街道/林荫社区", "description": ""}
    fields = {"code": "T2", "name": "敬老队", "organization_kind": "VOLUNTEER_TEAM", "parent": "T1"}
    place = Place("150602", ("交通街道", "林荫社区"))
    expected = Record(
        "organization", "T2", fields | {"grid": place, "description": None}, where="here", at=AT, extra={"星级": "五星"}
    )
    assert record("teams", **row, 星级="五星") == expected
    assert record("teams", **row, status="已解散") == Record("organization", "T2", {}, True, "here", AT)


def test_a_membership_is_a_post() -> None:
    row = {"membership_no": "M1", "team_no": "T1", "volunteer_no": "15", "position": "队长", "joined_on": "2024-05-06"}
    fields = {"person": "15", "organization": "T1", "role": "VOLUNTEER", "grid": "150602", "title": "队长"}
    fields |= {"since": date(2024, 5, 6)}
    assert record("memberships", **row) == Record("post", "M1", fields, where="here", at=AT)
    assert record("memberships", **row | {"membership_no": None}).key == "T1/15"
    assert record("memberships", **row, status="已退出").deleted is True


def test_a_project_is_an_activity() -> None:
    row = {"project_no": "P1", "title": "义诊", "service_type": "社区服务", "team_no": "T1", "area": "150602001"}
    row |= {"starts_at": "2026/3/5 9:00", "ends_at": "2026年3月5日 11时30分", "participants": "12"}
    fields = {"code": "P1", "title": "义诊", "category": "社区服务", "organizer": "T1", "grid": "150602001"}
    fields |= {"starts_at": datetime(2026, 3, 5, 9, tzinfo=CHINA), "attendance": 12}
    fields |= {"ends_at": datetime(2026, 3, 5, 11, 30, tzinfo=CHINA)}
    assert record("projects", **row) == Record("activity", "P1", fields, where="here", at=AT)
    assert record("projects", **row, status="已取消").deleted is True


def test_a_turn_that_was_not_joined_is_none() -> None:
    row = {"shift_no": "S1", "project_no": "P1", "volunteer_no": None, "id_number": CANARY, "attended": "是"}
    row |= {"starts_at": "2026-03-05T01:00:00Z", "ends_at": "2026-03-05 11:00"}
    fields = {"person": HASH, "activity": "P1", "starts_at": datetime(2026, 3, 5, 1, tzinfo=UTC), "held": True}
    fields |= {"ends_at": datetime(2026, 3, 5, 11, tzinfo=CHINA)}
    assert record("shifts", **row, status="已加入") == Record("shift", "S1", fields, where="here", at=AT)
    for word in ("已申请", "已被邀请", "已拒绝", "已取消"):
        assert record("shifts", **row, status=word).deleted is True


def test_hours_are_a_service_record_with_notice_and_dispute() -> None:
    row = HOURS | {
        "team_no": "T1",
        "project_no": "P1",
        "recorder_no": "16",
        "record_method": "时长码",
        "status": "有异议",
    }
    row |= {"notice_from": "2026-03-02", "notice_until": "2026-03-09", "dispute": "未到场", "resolution": None}
    row |= {"disputed_at": "2026-03-03 10:00", "resolved_at": None, "reference": None}
    fields = {"code": "H1", "person": "15", "team": "T1", "activity": "P1", "recorder": "16", "title": "义诊"}
    fields |= {"started_at": datetime(2026, 3, 1, 9, tzinfo=CHINA), "hours": 2.0, "method": "TIME_CODE"}
    fields |= {"status": "DISPUTED", "notice_from": date(2026, 3, 2), "notice_until": date(2026, 3, 9)}
    fields |= {"dispute": "未到场", "disputed_at": datetime(2026, 3, 3, 10, tzinfo=CHINA)}
    expected = Record("service_record", "H1", fields | {"resolution": None, "resolved_at": None}, where="here", at=AT)
    assert record("hours", **row) == expected


def test_the_five_ways_of_recording_are_told_apart() -> None:
    found = [record("hours", **HOURS, record_method=word).fields["method"] for word in METHODS]
    assert found == ["TEAM", "SELF", "TIME_CODE", "APP", "AUTOMATIC"]


def test_withdrawn_consent_takes_a_person_away() -> None:
    for change in ({"consent": "否"}, {"consent": "已撤回"}, {"status": "已注销"}):
        assert record("volunteers", **VOLUNTEER | change) == Record("person", HASH, {}, True, "here", AT)


@pytest.mark.parametrize("consent", [None, "", "否"])
def test_a_minor_without_a_guardian_s_consent_is_not_taken_and_not_named(consent: str | None) -> None:
    gone, refused = read(
        "volunteers", **VOLUNTEER | {"id_number": CHILD}, guardian_consent=consent, phone="19900000001"
    )
    assert gone == Record("person", IDENTITIES.hashed(CHILD), {}, True, "here", AT)
    assert isinstance(refused, BadRecord)
    assert refused.reason == "A volunteer under 18 is taken only with a guardian's consent. Record it at the registry."
    assert set(refused.raw) <= {"number", "consent", "guardian", "updated"}
    assert "乌日娜" not in repr((gone, refused))
    assert record("volunteers", **VOLUNTEER | {"id_number": CHILD}, guardian_consent="是").deleted is False


@pytest.mark.parametrize(
    ("stream", "row", "reason"),
    [
        ("volunteers", VOLUNTEER | {"id_number": CANARY[:17] + "1"}, "volunteers, id_number: it is no valid ID number"),
        ("volunteers", VOLUNTEER | {"id_number": 9.90101199003e17}, "was rounded by a spreadsheet"),
        ("volunteers", {"name": "无号", "consent": "是"}, "neither number nor ID number is there"),
        ("volunteers", VOLUNTEER | {"name": " "}, "volunteers, name: it is empty"),
        (
            "volunteers",
            VOLUNTEER | {"consent": "也许"},
            "consent: the word '也许' is unknown. Add it to the setting words",
        ),
        ("hours", HOURS | {"record_no": ""}, "hours, number: it is empty. Ask the registry for it."),
        ("hours", HOURS | {"volunteer_no": None}, "volunteer: neither number nor ID number is there"),
        ("hours", HOURS | {"hours": "两"}, "hours, hours: that is no number"),
        ("hours", HOURS | {"started_at": "2026-13-01"}, "hours, started: that is no time that can be read"),
        ("hours", HOURS | {"record_method": f"手环{CANARY}"}, f"the word '手环{HIDDEN}' is unknown"),
        (
            "projects",
            {"project_no": "P", "title": "一", "starts_at": "2026-01-01", "participants": 1.5},
            "whole number",
        ),
    ],
)
def test_each_bad_row_says_why_and_names_nobody(stream: str, row: dict[str, Any], reason: str) -> None:
    found = refused(stream, **row, volunteer_name="乌日娜", phone="19900000001")
    assert reason in found.reason
    assert CANARY not in repr(found)
    assert "乌日娜" not in repr(found)


def test_a_row_that_is_no_object_is_told() -> None:
    (found,) = reading().read("hours", [CANARY], "here")
    assert (found.reason, found.raw) == ("A row of hours is an object, this is a list. Ask the registry.", "")  # type: ignore[union-attr]


SPELLINGS = [
    CANARY,
    "990101 19900307 100x",
    "99010119900307100X",
    OLD,
    CANARY[:17] + "1",
    "９９０１０１１９９００３０７１００Ｘ",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_an_id_number_is_struck_out_of_every_text(spelling: str) -> None:
    told = f"证件{spelling}，电话139 0000 0001"
    found = record("hours", **HOURS | {"content": told, "dispute": told, "resolution": told}, 备注={"深": [told]})
    clean = f"证件{HIDDEN}，电话{HIDDEN_PHONE}"
    assert {found.fields[name] for name in ("title", "dispute", "resolution")} == {clean}
    assert dict(found.extra) == {"备注": {"深": [clean]}}


def test_an_id_number_inside_a_key_becomes_its_hash() -> None:
    assert record("hours", **HOURS | {"record_no": f"HR{CANARY}-01"}).key == f"HR{HASH}-01"
    assert record("hours", **HOURS | {"record_no": f"{CANARY[:17]}X20260301"}).key == f"{HASH}20260301"


@pytest.mark.parametrize(
    "kept", ["工单250912000000000123", "2026-03-02 至 2026-03-09", "第12345678901234567890号", "3.14159265358979"]
)
def test_other_numbers_stay(kept: str) -> None:
    assert record("hours", **HOURS | {"content": kept}).fields["title"] == kept


def test_what_a_row_does_not_speak_of_is_not_said() -> None:
    assert set(record("hours", **HOURS).fields) == {"code", "person", "title", "started_at", "hours"}
