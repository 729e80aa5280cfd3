"""The spreadsheet plugin: versions of accepted headers in a file that an admin edits."""

from datetime import date
from pathlib import Path

import pytest

from hub.plugin import FIELDS
from plugins.spreadsheet import Config, profiles
from tests.plugins.tables import broken, fields, items, reasons, refused, save, save_workbook

HEADER = "profile,kind,field,required,headers\n"
DIALECTS = """\
2024,request,number,yes,工单流水号
2024,request,title,yes,事项
2024,request,submitted_at,,来电时刻
2026-07,request,number,yes,工单流水号|流水号
2026-07,request,title,,诉求事由
2026-07,request,grid,,社区
2026-07,request,submitted_at,,登记时间
2026-07,grid,code,yes,网格代号
2026-07,grid,name,yes,网格称谓
"""


@pytest.fixture
def dialects(tmp_path: Path) -> Path:
    return save(tmp_path / "profiles.csv", HEADER + DIALECTS)


def test_each_table_is_read_in_the_version_that_its_headers_speak(tmp_path: Path, dialects: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    save(folder / "a.csv", "工单流水号,事项,来电时刻\n1,路灯,2024-03-01 08:00\n")
    save(folder / "b.csv", "流水号,诉求事由,社区,登记时间\n2,暖气,150602012003,2026-07-01 08:00\n")
    save(folder / "c.csv", "工单编号,标题\n3,垃圾\n")
    found = fields(folder, kind="request", profiles=dialects)
    assert [(row["number"], row["title"], row.get("grid")) for row in found] == [
        ("1", "路灯", None),
        ("2", "暖气", "150602012003"),
        ("3", "垃圾", None),
    ]
    assert [str(row["submitted_at"])[:10] for row in found[:2]] == ["2024-03-01", "2026-07-01"]


def test_of_two_versions_that_fit_alike_the_later_one_holds(tmp_path: Path) -> None:
    lines = "1,grid,code,,代号\n1,grid,name,,甲\n2,grid,code,,代号\n2,grid,name,,乙\n"
    path = save(tmp_path / "profiles.csv", HEADER + lines)
    table = save(tmp_path / "a.csv", "代号,甲,乙\n11,先,后\n")
    assert fields(table, profiles=path)[0]["name"] == "后"
    assert fields(table, profiles=path, profile="1")[0]["name"] == "先"


def test_the_file_goes_before_what_is_shipped(tmp_path: Path) -> None:
    path = save(tmp_path / "profiles.csv", HEADER + "我区,grid,code,yes,名称\n我区,grid,name,yes,代码\n")
    table = save(tmp_path / "a.csv", "代码,名称\n北京市,11\n")
    assert (fields(table, profiles=path)[0]["code"], fields(table, profiles=path)[0]["name"]) == ("11", "北京市")
    assert len(reasons(table)) == len(reasons(table, profiles=path, profile="1")) == 1


def test_a_key_is_needed_whatever_the_file_says(tmp_path: Path) -> None:
    lines = "1,request,title,yes,事由\n1,request,number,,单号\n"
    path = save(tmp_path / "profiles.csv", HEADER + lines)
    table = save(tmp_path / "a.csv", "事由,单号\n路灯,A1\n暖气,\n")
    found = items(table, kind="request", profiles=path)
    assert [item.key for item in found] == ["A1", None]
    assert broken(save(tmp_path / "b.csv", "事由\n路灯\n"), kind="request", profiles=path, profile="1").startswith(
        "b.csv has no column for number."
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_the_file_may_be_saved_by_excel(tmp_path: Path, encoding: str) -> None:
    path = save(tmp_path / "profiles.csv", (HEADER + DIALECTS).replace("\n", "\r\n").encode(encoding))
    assert fields(save(tmp_path / "a.csv", "网格代号,网格称谓\n11,北京市\n"), profiles=path)[0]["code"] == "11"


def test_a_sheet_in_another_version_is_found(tmp_path: Path, dialects: Path) -> None:
    book = save_workbook(tmp_path / "a.xlsx", 说明=[["请勿修改"]], 诉求=[["流水号", "诉求事由"], ["7", "路灯"]])
    assert [row["number"] for row in fields(book, kind="request", profiles=dialects)] == ["7"]


def test_the_caller_of_every_version_is_masked(tmp_path: Path) -> None:
    lines = "1,request,number,yes,单号\n1,request,title,,事由\n1,request,caller_name,,张口\n2,request,number,yes,号\n"
    path = save(tmp_path / "profiles.csv", HEADER + lines)
    table = save(tmp_path / "a.csv", "号,张口,标题\n,王敏,路灯\n")
    (bad,) = items(table, kind="request", profiles=path)
    assert getattr(bad, "raw", None) == {"号": "", "张口": "***", "标题": "路灯"}


def test_what_fits_no_version_is_told_for_each(tmp_path: Path, dialects: Path) -> None:
    told = broken(save(tmp_path / "a.csv", "甲,乙\n1,2\n"), profiles=dialects).splitlines()
    assert [line.partition(" Accepted")[0] for line in told] == [
        "Profile 2026-07: a.csv has no column for code.",
        "Profile 1: a.csv has no column for code.",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("profile,kind,field\n", "line 1: the column required, headers is missing; it needs profile, kind, field, "),
        ("", "line 1: the column profile, kind, field, required, headers is missing"),
        (HEADER + ",grid,code,,代号\n", "line 2: the profile has no name: give it a year or a number"),
        (HEADER + DIALECTS + "2,grd,code,,代号\n", "line 11: there is no kind 'grd', only grid, organization"),
        (HEADER + "2,grid,cod,,代号\n", "line 2: grid has no field 'cod', only code, name, level"),
        (HEADER + "2,grid,code,是,代号\n", "line 2: required is '是': write yes, or leave it empty"),
        (HEADER + "2,grid,code,,|\n", "line 2: code has no headers: name them, parted by |"),
        (HEADER + "2,grid,code,,代号\n2,grid,code,,号\n", "line 3: profile 2 has code already"),
        (
            HEADER + "2,grid,code,,代号\n2,grid,name,,名|代 号\n",
            "line 3: in profile 2 the header 代 号 means code already",
        ),
        (HEADER + '2,grid,code,,"代"号\n', "line 2: ',' expected after '\"'"),
        (HEADER + "2,grid,name,,名\n", "profile 2 has no line for code, the key of a grid. Add one."),
        (HEADER + "2,member,alliance,,盟\n", "profile 2 has no line for party, the key of a member. Add one."),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, content: str, words: str) -> None:
    path = save(tmp_path / "profiles.csv", content)
    table = save(tmp_path / "a.csv", "code,name\n11,北京市\n")
    assert words in refused(table, profiles=path)


def test_a_file_or_version_that_is_not_there_is_refused(tmp_path: Path, dialects: Path) -> None:
    table = save(tmp_path / "a.csv", "code,name\n11,北京市\n")
    missing = tmp_path / "no.csv"
    assert refused(table, profiles=missing) == (
        f"There is no file or folder {missing}. Correct the path, or put the file there."
    )
    assert refused(table, profiles=dialects, profile="2030") == (
        "There is no profile 2030 for a grid, only: 2026-07, 1. Set one of these."
    )
    assert "neither UTF-8 nor GB18030" in refused(table, profiles=save(tmp_path / "odd.csv", b"\xff\xff\xff"))


@pytest.mark.parametrize("kind", ["grid", "organization", "person", "alliance", "member", "resource", "request"])
def test_the_shipped_file_is_such_a_file(kind: str) -> None:
    (only,) = profiles.own(profiles.HERE / "profiles.csv", kind)
    known = profiles.rules("1", kind)
    assert (only.name, tuple(only.rules)) == ("1", known[: len(only.rules)])
    assert all(rule.headers == (rule.field,) for rule in known[len(only.rules) :])


def test_every_kind_can_be_read_by_the_hubs_own_names(tmp_path: Path) -> None:
    assert (*profiles.KINDS,) == (*FIELDS,)
    table = "number,title,practice,workflow,urged,supervised\nA1,路灯,hudai,hudai.WISHES,2,是\n"
    assert fields(save(tmp_path / "a.csv", table), kind="request") == [
        {
            "number": "A1",
            "title": "路灯",
            "practice": "hudai",
            "workflow": "hudai.WISHES",
            "urged": 2,
            "supervised": True,
        }
    ]
    table = "key,person,role,since,public\n1,XY-1,STEWARD,2024-03-01,是\n,XY-2,STEWARD,,\n"
    post, bad = items(save(tmp_path / "b.csv", table), kind="post")
    assert (post.key, post.fields["since"], post.fields["public"]) == ("1", date(2024, 3, 1), True)
    assert "key" not in post.fields
    assert bad.reason == "b.csv, row 3, column key: the cell is empty. Correct it and run again."
    table = "code,starts_at,hours,title\nH1,2024-03-01 19:30,1.5,夜间值守\n"
    (record,) = items(save(tmp_path / "c.csv", table), kind="service_record")
    assert (record.key, record.fields["hours"]) == ("H1", 1.5)


def test_a_list_and_an_object_stand_in_one_cell(tmp_path: Path) -> None:
    table = "code,workflow,name,leads_to,days\nw.a,w,受理,w.b、w.c; w.d,3\n"
    assert fields(save(tmp_path / "a.csv", table), kind="workflow_step")[0]["leads_to"] == ("w.b", "w.c", "w.d")
    table = 'code,numerator\na,"{""of"": ""requests""}"\nb,"[1]"\n'
    good, bad = items(save(tmp_path / "b.csv", table), kind="indicator")
    assert good.fields["numerator"] == {"of": "requests"}
    assert "'[1]' is no object of JSON" in bad.reason


def test_a_kind_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no kind 'cat': set one of grid, organization"):
        Config(kind="cat")
