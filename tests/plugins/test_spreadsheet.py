"""The spreadsheet plugin: what it makes of tables."""

import gzip
import tracemalloc
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from hub.models import (
    AllianceKind,
    Channel,
    GridLevel,
    OrganizationKind,
    RequestKind,
    RequestStatus,
    ResourceKind,
    Satisfaction,
    Urgency,
)
from hub.models.base import Term
from hub.plugin import BadRecord, Caller, Place, Record
from plugins.spreadsheet import Spreadsheet
from tests.plugins.tables import GRIDS, count, fields, items, pages, reasons, save, save_parts, save_workbook

CHINA = timezone(timedelta(hours=8))
NAMES = [{"code": "11", "name": "北京市", "level": "PROVINCE", "parent": None}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_each_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    path = save(tmp_path / "grids.csv", "code,name\n11,北京市\n".encode(encoding))
    assert fields(path) == NAMES


def test_the_apostrophe_before_a_formula_is_taken_off(tmp_path: Path) -> None:
    cells = ("'=1+1", "''-5", "'tis", "'", "＝1", "'＝1")
    rows = "".join(f"{code},{cell}\n" for code, cell in enumerate(cells, 11))
    path = save(tmp_path / "grids.csv", f"code,name\n{rows}")
    assert [row["name"] for row in fields(path)] == ["=1+1", "'-5", "'tis", "'", "＝1", "＝1"]
    book = save_workbook(tmp_path / "grids.xlsx", 表=[["code", "name"], ["11", "'=1+1"]])
    assert fields(book)[0]["name"] == "'=1+1"


def test_rare_characters_of_gb18030_survive(tmp_path: Path) -> None:
    path = save(tmp_path / "grids.csv", "代码,名称\n11,㐀𠮷市\n".encode("gb18030"))
    assert fields(path)[0]["name"] == "㐀𠮷市"


@pytest.mark.parametrize("name", ["grids.csv", "grids.csv.gz", "grids.tsv"])
def test_text_tables_give_the_same_records(tmp_path: Path, name: str) -> None:
    content = GRIDS.replace(",", "\t") if name.endswith("tsv") else GRIDS
    data = gzip.compress(content.encode()) if name.endswith("gz") else content.encode()
    found = pages(save(tmp_path / name, data))
    third = {"code": "110101", "name": "东城区", "level": "DISTRICT", "parent": "1101"}
    assert found[0].items[2] == Record("grid", "110101", third, where=f"{name}, row 4")
    assert [(len(page.items), page.cursor, page.total, page.received) for page in found] == [(3, None, 3, None)]


def test_the_nearest_ancestor_is_the_parent(tmp_path: Path) -> None:
    head = "code,name,streetCode,provinceCode,cityCode,areaCode\n"
    path = save(tmp_path / "all.csv", head + "110101001001,甲,110101001,11,1101,110101\n110101001,乙,,11,1101,110101\n")
    assert [row["parent"] for row in fields(path)] == ["110101001", "110101"]


def test_words_for_levels_and_codes_of_our_own(tmp_path: Path) -> None:
    path = save(tmp_path / "zones.csv", "code,name,level,parentCode\nXYGX,襄阳高新区,区县,\n4206,襄阳,,42\n")
    zone = {"code": "XYGX", "name": "襄阳高新区", "level": "DISTRICT", "parent": None}
    assert fields(path) == [zone, {"code": "4206", "name": "襄阳", "level": "CITY", "parent": "42"}]


@pytest.mark.parametrize(
    ("kind", "header", "field", "terms"),
    [
        ("grid", "level", "level", GridLevel),
        ("organization", "kind", "organization_kind", OrganizationKind),
        ("alliance", "kind", "alliance_kind", AllianceKind),
        ("resource", "kind", "resource_kind", ResourceKind),
        ("request", "kind", "kind", RequestKind),
        ("request", "status", "status", RequestStatus),
        ("request", "urgency", "urgency", Urgency),
        ("request", "satisfaction", "satisfaction", Satisfaction),
        ("request", "channel", "channel", Channel),
    ],
)
def test_names_of_the_hub_are_words_in_any_case(
    tmp_path: Path, kind: str, header: str, field: str, terms: type[Term]
) -> None:
    names = [term.name for term in terms]
    first, second = ("number", "title") if kind == "request" else ("code", "title" if kind == "resource" else "name")
    by_code = ("STREET", "VILLAGE") if kind == "grid" else ()  # in lower case these leave it to the code
    for spelled in (names, [name.lower() for name in names if name not in by_code]):
        rows = "".join(f"X{at},a,{name}\n" for at, name in enumerate(spelled))
        path = save(tmp_path / "a.csv", f"{first},{second},{header}\n{rows}")
        assert [row[field] for row in fields(path, kind=kind)] == [name.upper() for name in spelled]


def test_words_are_compared_whatever_their_case(tmp_path: Path) -> None:
    path = save(tmp_path / "a.csv", "code,name,level\n150602001001,a,Community\n150602001,b,Street\nXY,c,Area\n")
    assert [row["level"] for row in fields(path)] == ["COMMUNITY", "STREET", "DISTRICT"]
    own = fields(path, words={"level": {"community": "VILLAGE"}})
    assert [row["level"] for row in own] == ["VILLAGE", "STREET", "DISTRICT"]


def test_columns_that_are_not_there_say_nothing() -> None:
    found = items(None, sample=["zones.csv", "jurisdictions.csv"])
    assert found[5] == Record(
        "grid", "420606171", {"code": "420606171", "jurisdiction": "XYGX"}, where="jurisdictions.csv, row 6"
    )


def test_every_preset_reads_without_a_bad_row() -> None:
    counts = {}
    for name, settings in Spreadsheet.presets.items():
        found = items(None, **settings)
        assert [item for item in found if isinstance(item, BadRecord)] == []
        counts[name] = len(found)
    assert counts == {
        "divisions": 1346,
        "example-jurisdictions": 6,
        "example-estates": 26,
        "example-organizations": 33,
        "example-people": 30,
        "example-alliances": 4,
        "example-members": 27,
        "example-posts": 12,
        "example-affiliations": 4,
        "example-report-ins": 6,
        "example-resources": 20,
        "example-duties": 12,
        "example-needs": 6,
        "example-projects": 3,
        "example-claims": 3,
        "example-requests": 30,
    }


def test_samples_name_only_what_is_there() -> None:
    keys = {name: {item.key for item in items(None, **settings)} for name, settings in Spreadsheet.presets.items()}
    grids = keys["divisions"] | keys["example-estates"] | {"XYGX", None}
    parties = keys["example-organizations"] | keys["example-people"] | {None}
    for settings in Spreadsheet.presets.values():
        for item in items(None, **settings):
            assert isinstance(item, Record)
            known = parties if item.kind == "organization" else grids | {"4206", "3401", "1506", "3202"}
            assert item.fields.get("parent") in known
            assert item.fields.get("grid") in grids
            for field in ("lead", "owner", "assignee", "party", "person", "organization", "host", "raised_by"):
                assert item.fields.get(field) in parties
            for field in ("alliance", "need", "resource", "project"):
                assert item.fields.get(field) in keys[f"example-{field}s"] | {None}


def test_a_folder_is_read_parents_first(tmp_path: Path) -> None:
    save(tmp_path / "areas.csv", "code,name,cityCode\n110101,东城区,1101\n")
    save(tmp_path / "provinces.csv", "code,name\n11,北京市\n")
    save(tmp_path / "cities.csv", "code,name,provinceCode\n1101,市辖区,11\n")
    save(tmp_path / "more.csv", "code,name\n12,天津市\n110101,东城区\n")
    save(tmp_path / "LICENSE.txt", "none")
    assert [item.key for item in items(tmp_path)] == ["11", "1101", "110101", "12"]


def test_a_request_with_times_caller_and_place(tmp_path: Path) -> None:
    head = "工单编号,标题,类型,受理时间,办理期限,是否解决,所属网格,来电人,联系电话\n"
    row = "1,水管爆裂,求助类,2026/3/1 9:05,2026-03-02T10:00:00+00:00,是,兴胜街道/滨河社区,王某,138\n"
    path = save(tmp_path / "orders.csv", head + row)
    assert fields(path, kind="request", under="150602") == [
        {
            "number": "1",
            "title": "水管爆裂",
            "kind": "HELP",
            "grid": Place("150602", ("兴胜街道", "滨河社区")),
            "submitted_at": datetime(2026, 3, 1, 9, 5, tzinfo=CHINA),
            "due_at": datetime(2026, 3, 2, 10, tzinfo=UTC),
            "solved": True,
            "caller": Caller("王某", "138", True),
        }
    ]


def test_headers_and_words_of_the_operator_come_first(tmp_path: Path) -> None:
    path = save(tmp_path / "orders.csv", "单号,number,标题,状态\nA1,7,灯不亮,已办\n")
    settings = {"columns": {"number": ["单号"]}, "words": {"status": {"已办": "HANDLED"}}}
    assert fields(path, kind="request", **settings) == [{"number": "A1", "title": "灯不亮", "status": "HANDLED"}]


def test_a_workbook_with_numbers_texts_and_dates(tmp_path: Path) -> None:
    head = ["code", "name", "parent", "longitude", "validFrom"]
    rows = [head, [150602.0, "东胜区", "0012345x", 109.98, datetime(2026, 3, 1)], [], [1506, "鄂尔多斯市", 15.0]]
    path = save_workbook(tmp_path / "grids.xlsx", Notes=[["nothing", "here"]], Grids=rows)
    assert reasons(path) == [
        "grids.xlsx, sheet Grids, row 2, column parent: '0012345x' is not a division code (2, 4, 6, 9 or 12 digits; "
        "15 for an estate, 18 for a building; a code of your own begins with a letter). Correct it and run again."
    ]
    assert items(path)[1].where == "grids.xlsx, sheet Grids, row 4"
    assert fields(path)[0]["code"] == "1506"
    assert fields(path)[0]["parent"] == "15"


def test_texts_of_a_workbook_survive(tmp_path: Path) -> None:
    rows = [["code", "name", "joinedOn"], ["0012345", " 甲 ", 1]]
    path = save_workbook(tmp_path / "people.xlsx", A=rows, B=[["编码", "姓名"], [7.0, "乙"]])
    assert fields(path, kind="person") == [{"code": "0012345", "name": "甲"}, {"code": "7", "name": "乙"}]
    assert fields(path, kind="person", sheet="B") == [{"code": "7", "name": "乙"}]


def test_days_since_1900_are_dates(tmp_path: Path) -> None:
    rows = [["alliance", "party", "joinedOn"], ["A", "P", datetime(2026, 3, 1)], ["A", "Q", "2026年3月2日"]]
    path = save_workbook(tmp_path / "members.xlsx", A=rows)
    assert [row["joined_on"] for row in fields(path, kind="member")] == [date(2026, 3, 1), date(2026, 3, 2)]
    assert [item.key for item in items(path, kind="member")] == ["A/P", "A/Q"]


def test_shared_strings_rich_text_and_readings(tmp_path: Path) -> None:
    strings = "<si><t>code</t></si><si><t>name</t></si><si><r><t>北</t></r><r><t>京</t></r><rPh><t>x</t></rPh></si>"
    head = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    row = '<row r="3"><c r="A3"><v>1.1E1</v></c><c r="B3" t="s"><v>2</v></c></row>'
    found = items(save_parts(tmp_path / "a.xlsx", head + row, strings))
    assert found == [Record("grid", "11", {**NAMES[0], "name": "北京"}, where="a.xlsx, sheet 村, row 3")]


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str) -> None:
    text = '<c t="str"><v>a</v></c>'
    peaks = []
    for size in (25_000, 60_000):
        numbers = range(100_000 + size, 100_000, -1)
        if name == "a.xlsx":
            rows = "".join(f"<row><c><v>{number}</v></c>{text}</row>" for number in numbers)
            path = save_parts(tmp_path / name, f'<row><c t="str"><v>code</v></c><c t="str"><v>name</v></c></row>{rows}')
        else:
            path = save(tmp_path / name, "code,name\n" + "".join(f"{number},a\n" for number in numbers))
        tracemalloc.start()
        assert count(path) == size
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.2


def test_a_catalogue_of_duties_as_an_office_writes_it(tmp_path: Path) -> None:
    head = "序号,责任单位,事项,区划代码,依据,生效日期"
    table = f"{head}\nD1,区水务局,市政/排水,150602001,区权责清单,2026-03-01\nD2,,市政,,,\n"
    good, bad = items(save(tmp_path / "duties.csv", table), kind="catalogue_entry")
    said = {"code": "D1", "party": "区水务局", "category": "市政/排水", "grid": "150602001", "basis": "区权责清单"}
    assert good == Record("catalogue_entry", "D1", said | {"valid_from": date(2026, 3, 1)}, where="duties.csv, row 2")
    assert isinstance(bad, BadRecord)
    assert bad.reason == "duties.csv, row 3, column 责任单位: the cell is empty. Correct it and run again."
