"""Single rows of the 12345 hotline, in every dialect, as records."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.plugin import BadRecord, Caller, Place, Record
from plugins.hotline12345.dialects import DIALECTS as SHIPPED
from plugins.hotline12345.places import to_wgs84
from plugins.hotline12345.records import Centre, read
from plugins.hotline12345.simulated_orders import DIALECTS, WORDS, Order, order
from plugins.hotline12345.simulated_rows import tell

NUMBER = "260115000000000042"


def row_of(row: dict[str, Any]) -> Record | BadRecord:
    return read(row, Centre(), "page 1, row 1")


def fields_of(row: dict[str, Any]) -> dict[str, Any]:
    record = row_of(row)
    assert isinstance(record, Record), record
    return dict(record.fields)


def sample(dialect: str) -> Order:
    """One order that every dialect can tell (as far as it goes), told in this one."""
    return replace(
        order(1, 42),
        number=NUMBER,
        dialect=dialect,
        submitted=datetime.fromisoformat("2026-01-15T09:05:03+08:00"),
        title="龘苑路灯不亮",
        content="龘苑路灯不亮。㐀𠮷野一带夜里很黑。",
        kind={"wuxi": "EVENT", "shunde": None}.get(dialect, "HELP"),
        status="HANDLED" if (dialect, "status") in WORDS else None,
        urgency="URGENT" if dialect == "fangshan" else "NORMAL",
        placed="names" if dialect.startswith("wuye") else "community",
        due_days=3,
        estate="龘苑",
        longitude=110.012345,
        latitude=39.823456,
        caller_name="欧阳𠮷野",
        caller_phone="19900001234",
        confidential=False,
        solved="YES",
        satisfaction="SATISFIED",
    )


def canonical(order: Order) -> dict[str, Any]:
    """What every dialect means by the sample, in the hub's words."""
    topic = order.topics[0]
    return {
        "number": NUMBER,
        "channel": "HOTLINE_12345",
        "title": "龘苑路灯不亮",
        "content": "龘苑路灯不亮。㐀𠮷野一带夜里很黑。",
        "kind": order.kind,
        "status": "HANDLED",
        "urgency": order.urgency,
        "grid": order.community.code,
        "place": "龘苑13号楼3单元",
        "submitted_at": datetime.fromisoformat("2026-01-15T09:05:03+08:00"),
        "due_at": datetime.fromisoformat("2026-01-18T09:05:03+08:00"),
        "handled_at": datetime.fromisoformat("2026-01-16T09:12:03+08:00"),
        "result": f"经{topic.department}核实，已处理并回复市民。",
        "solved": True,
        "satisfaction": "SATISFIED",
        "longitude": 110.012345,
        "latitude": 39.823456,
        "assignee": topic.department,
    }


EVERYWHERE = {"number", "channel", "title", "content"}
WUYE = EVERYWHERE | {"kind", "place", "submitted_at"}
FULL = WUYE | {"status", "grid", "result", "solved"}
SPOKEN = {
    "taian": FULL | {"due_at", "handled_at"},
    "orderlist": FULL | {"handled_at", "satisfaction", "longitude", "latitude", "assignee"},
    "wuye2024": WUYE,
    "wuye2026": WUYE,
    "fangshan": FULL | {"satisfaction", "urgency", "assignee"},
    "wuxi": EVERYWHERE | {"kind", "place", "status", "grid", "due_at"},
    "shunde": EVERYWHERE,
}
BESIDES: dict[str, dict[str, Any]] = {
    "taian": {"assignee": "DEPARTMENT", "caller": Caller(None, "19900001234", True)},
    "orderlist": {"category": 4, "closed_at": None, "caller": Caller("欧阳𠮷野", "19900001234", False)},
    "wuye2024": {"category": 5, "grid": ("STREET",), "result": None},
    "wuye2026": {"category": 5, "grid": ("STREET", "COMMUNITY")},
    "fangshan": {
        "category": 3,
        "closed_at": datetime.fromisoformat("2026-01-17T09:05:03+08:00"),
        "caller": Caller("欧阳𠮷野", "19900001234", True),
    },
    "wuxi": {"category": 2, "assignee": "DEPARTMENT"},
    "shunde": {},
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_reaches_the_same_canonical_record(dialect: str) -> None:
    truth = sample(dialect)
    names = {"STREET": truth.street.name, "COMMUNITY": truth.community.name}
    besides = dict(BESIDES[dialect])
    if "category" in besides:
        besides["category"] = "/".join(truth.topics[0].levels[: besides["category"]])
    if besides.get("assignee") == "DEPARTMENT":
        besides["assignee"] = truth.topics[0].department_id
    if "grid" in besides:
        besides["grid"] = Place("150602", tuple(names[name] for name in besides["grid"]))
    expected = {name: value for name, value in canonical(truth).items() if name in SPOKEN[dialect]} | besides
    assert fields_of(tell(truth, f"SH{NUMBER}")) == expected


def test_each_dialect_tells_its_kinds_and_statuses_as_the_hub_names_them() -> None:
    for (dialect, field), names in WORDS.items():
        if field in ("kind", "status"):
            told = {}
            for name in names:
                change: dict[str, Any] = {field: name}
                told[name] = fields_of(tell(replace(sample(dialect), **change), NUMBER))[field]
            assert told == {name: name for name in names}, dialect


def test_a_nearly_empty_row_is_accepted() -> None:
    row = {"序号": 7, "工单编号": f"12345{NUMBER}", "标题": "路灯不亮", "内容": ""}
    assert row_of(row) == Record(
        "request",
        NUMBER,
        {"number": NUMBER, "channel": "HOTLINE_12345", "title": "路灯不亮", "content": None},
        where="page 1, row 1",
    )


@pytest.mark.parametrize(
    "spelling",
    [
        NUMBER,
        f"12345{NUMBER}",
        f"SH{NUMBER}",
        f"12345-{NUMBER}",
        f" sh {NUMBER} ",
        "２６０１１５００００００００００４２",
        int(NUMBER),
    ],
)
def test_every_spelling_of_a_number_is_one_order(spelling: object) -> None:
    assert fields_of({"工单编号": spelling, "标题": "a", "内容": "b"})["number"] == NUMBER


def test_a_number_that_only_begins_with_12345_stays_whole() -> None:
    assert fields_of({"工单编号": "1234567", "标题": "a", "内容": "b"})["number"] == "1234567"


NO_NUMBER = "Dialect 街道 OrderList, column taskId: no order number. Ask the hotline for it, then replay."
ROUNDED = "Dialect 顺德导出, column 工单编号: '2.60115E+17' was rounded by a spreadsheet. Export the column as text."
UNKNOWN_WORD = (
    "Dialect 北京房山, column 工单状态: the word '已转交火星' is unknown. "
    "Add it to the setting words, with what it means in place of IN_PROGRESS: "
    """--set words='{"status": {"已转交火星": "IN_PROGRESS"}}'"""
)
UNKNOWN_DIALECT = (
    "No dialect knows these columns: a, b. Describe them in a file of the setting dialects, then run it again."
)
NO_TIME = "Dialect 泰安 2025, column create_date: '昨天' is not a time that can be read. Correct it at the hotline."


@pytest.mark.parametrize(
    ("row", "reason", "key"),
    [
        (tell(sample("orderlist"), None), NO_NUMBER, None),
        (tell(sample("orderlist"), " "), NO_NUMBER, None),
        ({"工单编号": "2.60115E+17", "标题": "a", "内容": "b"}, ROUNDED, None),
        (tell(sample("fangshan"), NUMBER) | {"工单状态": "已转交火星"}, UNKNOWN_WORD, NUMBER),
        (tell(sample("taian"), NUMBER) | {"create_date": "昨天"}, NO_TIME, NUMBER),
        ({"a": 1, "b": 2}, UNKNOWN_DIALECT, None),
    ],
)
def test_a_row_that_is_no_order_says_why(row: dict[str, Any], reason: str, key: str | None) -> None:
    callers = dict.fromkeys(row.keys() & {"note4", "reflectPerson", "callNumber", "来电人", "来电人电话"}, "***")
    assert row_of(row) == BadRecord(reason, row | callers, "request", key, "page 1, row 1")


@pytest.mark.parametrize("dialect", ["taian", "orderlist", "fangshan"])
def test_a_bad_row_shows_no_caller_anywhere(dialect: str) -> None:
    told = "来电人欧阳𠮷野（电话199-0000-1234）要求回复。"
    truth = replace(sample(dialect), content=told)
    time = {"taian": "create_date", "orderlist": "orderTime", "fangshan": "来电时间"}[dialect]
    bad = row_of(tell(truth, NUMBER) | {time: "19900001234打来", "problemList": [{"note": told}]})
    assert isinstance(bad, BadRecord)
    assert isinstance(bad.raw, dict)
    assert bad.reason.endswith(
        f"column {time}: '〔电话〕打来' is not a time that can be read. Correct it at the hotline."
    )
    content = bad.raw[{"taian": "note", "orderlist": "discription", "fangshan": "主要内容"}[dialect]]
    named = "欧阳𠮷野" if dialect == "taian" else "〔来电人〕"  # 泰安 has no column for it
    assert content == bad.raw["problemList"][0]["note"] == f"来电人{named}（电话〔电话〕）要求回复。"
    assert "19900001234" not in str(bad).replace(" ", "").replace("-", "")


def test_a_row_of_no_dialect_shows_neither_names_nor_phones() -> None:
    row = {"id": "260115000000000042", "人": "欧阳𠮷野", "n": 19900001234, "list": ["199 0000 1234", "a"], "tel": "7"}
    bad = row_of(row)
    assert isinstance(bad, BadRecord)
    assert bad.raw == {"id": "260115000000000042", "人": "***", "n": "***", "list": ["***", "a"], "tel": "***"}


def test_words_of_the_operator_come_before_those_of_the_dialect() -> None:
    row = tell(sample("fangshan"), NUMBER) | {"工单状态": "已转交火星", "是否满意": "满意", "是否解决": "说不清"}
    words = {"status": {"已转交火星": "MERGED"}, "satisfaction": {"满意": "VERY_SATISFIED"}, "solved": {"说不清": None}}
    found = read(row, Centre(dialects=tuple(one.understanding(words) for one in SHIPPED)), "")
    assert isinstance(found, Record)
    assert [found.fields[name] for name in words] == ["MERGED", "VERY_SATISFIED", None]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_last_change_is_told_by_each_dialect_that_has_one(dialect: str) -> None:
    truth = sample(dialect)
    record = row_of(tell(truth, NUMBER))
    assert isinstance(record, Record)
    assert record.at == (truth.updated if dialect == "orderlist" else None)
    assert record.at is None or record.at.utcoffset() == timedelta(hours=8)


def test_a_last_change_that_cannot_be_read_leaves_the_order() -> None:
    record = row_of(tell(sample("orderlist"), NUMBER) | {"syncTime": "昨天"})
    assert isinstance(record, Record)
    assert record.at is None


def test_something_that_is_no_row_at_all_is_a_bad_record() -> None:
    reason = "A work order is an object, this is list."
    assert read([1], Centre(), "page 1, row 1") == BadRecord(reason, "[1]", "request", None, "page 1, row 1")


def test_a_title_cut_from_the_content_cuts_no_number_in_half() -> None:
    content = "灯" * 54 + "电话19900001234"
    fields = fields_of(tell(replace(sample("taian"), content=content), NUMBER))
    assert fields["title"] == "灯" * 54 + "电话〔电话〕"


def test_a_confidential_caller_has_no_name() -> None:
    row = tell(sample("fangshan"), NUMBER)
    assert fields_of(row | {"来电人": "保密", "来电人电话": ""})["caller"] == Caller(None, None, True)
    assert fields_of(row | {"来电人": "", "来电人电话": ""})["caller"] is None


def test_flags_speak_only_while_the_order_is_not_handled() -> None:
    row = tell(sample("orderlist"), NUMBER) | {"isSendBack": 1}
    assert fields_of(row | {"status": "处置中"})["status"] == "RETURNED"
    assert fields_of(row | {"status": "结案"})["status"] == "CLOSED"


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-15 09:05:03",
        "2026/1/15 9:05:03",
        "2026年1月15日 9时05分03秒",
        "20260115090503",
        "2026-01-15T01:05:03Z",
        "2026-01-15T01:05:03.000+0000",
        "1768439103",
        1768439103000,
        46037.378507,
        "46037.378507",
    ],
)
def test_every_way_to_write_a_time_is_read(written: object) -> None:
    fields = fields_of(tell(sample("wuye2024"), NUMBER) | {"12345受理时间": written})
    assert fields["submitted_at"] == datetime.fromisoformat("2026-01-15T09:05:03+08:00")
    assert fields["submitted_at"].utcoffset() in (timedelta(hours=8), timedelta(0))


@pytest.mark.parametrize(
    ("gcj", "wgs"),
    [
        ((121.531541859215, 31.17530398364597), (121.5272106, 31.1774276)),
        ((113.9171764808363, 22.540796131694766), (113.912316, 22.543847)),
        ((116.38404722455657, 39.91334545536069), (116.377817, 39.911954)),
    ],
)
def test_shifted_coordinates_are_moved_back(gcj: tuple[float, float], wgs: tuple[float, float]) -> None:
    assert to_wgs84(*gcj) == pytest.approx(wgs, abs=2e-6)
