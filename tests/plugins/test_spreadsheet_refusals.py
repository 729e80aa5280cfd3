"""The spreadsheet plugin: what it says of bad rows, and of files that are no tables."""

import gzip
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from hub.plugin import BadRecord, SourceBroken
from plugins.spreadsheet import Config, Spreadsheet
from tests.plugins.tables import GRIDS, broken, items, pages, reasons, refused, save, save_parts, save_workbook

ZIP = io.BytesIO()
with zipfile.ZipFile(ZIP, "w") as archive:
    archive.writestr("a.txt", "a")
INSTEAD = "Save the table as CSV or XLSX and name that file."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n0000", f"a.csv is no table but a PNG picture. {INSTEAD}"),
        (b"%PDF-1.7 0000", f"a.csv is no table but a PDF document. {INSTEAD}"),
        (ZIP.getvalue(), f"a.csv is no table but a ZIP archive. {INSTEAD}"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            f"a.csv is no table but an old .xls workbook, or one with a password. {INSTEAD}",
        ),
        (b"\n<HTML><table>", f"a.csv is no table but a web page. {INSTEAD}"),
        (b"", "a.csv is empty (0 bytes). Export it again."),
        (
            b"code,name\n" + b"\xff\xfe\xfd,\xff\n" * 3,
            "a.csv is neither UTF-8 nor GB18030 text. Set the setting encoding, or save it as UTF-8 "
            "(CSV UTF-8 in Excel).",
        ),
        (
            b"a" * 2_000_000,
            "a.csv has a line of more than 1 MB: it is no table. Name a table.",
        ),
        (
            gzip.compress(GRIDS.encode() * 99, mtime=0)[:-20],
            "a.csv ends in the middle: it is half-written. Copy it again, whole. "
            "What stands up to a.csv, row 173 is kept.",
        ),
        (
            b'code,name\n11,"a\n12,b\n',
            "a.csv, row 2: a quote is opened and never closed, or a cell is longer than 131,072 characters. "
            "Correct the row and run again.",
        ),
        (
            b"code,name,code\n",
            "a.csv: the column code stands there twice. Remove or rename one of them.",
        ),
        (
            b"code,nam\n11,a\n",
            "a.csv has no column for name. Accepted headers: name, 名称, 区划名称, 网格名称. "
            "Found: code, nam. Rename the column, or name it in the setting columns.",
        ),
    ],
)
def test_what_is_no_table_is_told_so(tmp_path: Path, content: bytes, message: str) -> None:
    assert broken(save(tmp_path / "a.csv", content)) == message


CODE_RULE = "(2, 4, 6, 9 or 12 digits; 15 for an estate, 18 for a building; a code of your own begins with a letter)"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"12x,a", f", column code: '12x' is not a division code {CODE_RULE}"),
        (b"13,a\0b", ", column name: the cell has a NUL byte in it"),
        (b"13,a\xffb", ", column name: the cell has bytes that are no text in the file's encoding"),
        (b"13", ": too few cells, 1 where the header has 2"),
        (b"13,a,b", ": too many cells, 3 where the header has 2"),
        (b"13,", ", column name: the cell is empty"),
        (b",a", ", column code: the cell is empty"),
        (b'13,"a"b', ": a quote stands in the middle of a cell; write it twice inside quotes"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_bad_row_is_kept_and_the_others_go_on(tmp_path: Path, row: bytes, reason: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    save(path, "code,name\n11,北京市\n".encode(encoding) + row + "\n\n12,天津市\n".encode(encoding))
    first, bad, last = items(path)
    assert isinstance(bad, BadRecord)
    assert (bad.reason, bad.where) == (f"a.csv, row 3{reason}. Correct it and run again.", "a.csv, row 3")
    assert (first.where, last.where) == ("a.csv, row 2", "a.csv, row 5")
    assert "\0" not in str(bad.raw)
    assert str(bad.raw).encode()


@pytest.mark.parametrize(
    ("kind", "head", "cells", "reason"),
    [
        ("grid", "code,name,经度", "11,a,200", "column 经度: '200' is not between -180 and 180"),
        ("grid", "code,name,lat", "11,a,x", "column lat: 'x' is not a number"),
        (
            "person",
            "code,姓名,public",
            "1,a,maybe",
            "column public: 'maybe' is neither yes nor no (是, 否, true, false, 1, 0)",
        ),
        ("resource", "code,title,capacity", "1,a,-4", "column capacity: '-4' is not a whole number"),
        (
            "request",
            "number,title,办结时间",
            "1,a,2026-02-30",
            "column 办结时间: '2026-02-30' is not a date or time (2026-03-01 or 2026-03-01 09:30)",
        ),
        (
            "grid",
            "code,name",
            "XY,a",
            "column code: 'XY' is a code of your own and tells no level. Fill a column level (DISTRICT, ...)",
        ),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, kind: str, head: str, cells: str, reason: str) -> None:
    path = save(tmp_path / "a.csv", f"{head}\n{cells}\n")
    assert reasons(path, kind=kind) == [f"a.csv, row 2, {reason}. Correct it and run again."]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ('<c r="A2" t="e"><v>#N/A</v></c>', "the cell holds the error #N/A"),
        (
            '<c r="A2"><v>1.50602001001E+17</v></c>',
            "the number 1.50602001001E+17 has lost its digits after the 15th. Write it as text",
        ),
        ('<c r="A2" t="s"><v>9</v></c>', "the cell points to a text that is not there"),
        ('<c r="A2" t="inlineStr"><is><t>1_x0000_</t></is></c>', "the cell has a NUL byte in it"),
    ],
)
def test_a_bad_cell_of_a_workbook_is_named(tmp_path: Path, cell: str, reason: str) -> None:
    head = '<row r="1"><c r="A1" t="str"><v>code</v></c><c r="B1" t="str"><v>name</v></c></row>'
    path = save_parts(tmp_path / "a.xlsx", f'{head}<row r="2">{cell}<c r="B2" t="str"><v>a</v></c></row>')
    assert reasons(path) == [f"a.xlsx, sheet 村, row 2, column code: {reason}. Correct it and run again."]


def test_a_half_written_workbook(tmp_path: Path) -> None:
    path = save_workbook(tmp_path / "a.xlsx", A=[["code", "name"]])
    save(path, path.read_bytes()[:-100])
    message = "a.xlsx is half-written or damaged (File is not a zip file). Save or copy it again, whole."
    assert broken(path) == message


def test_a_workbook_with_an_entity_bomb(tmp_path: Path) -> None:
    path = save_parts(tmp_path / "a.xlsx", "", before='<!DOCTYPE a [<!ENTITY b "b">]>')
    message = "a.xlsx declares a document type, which no spreadsheet program writes. Save it again."
    assert broken(path) == message


def test_a_workbook_without_the_sheet_or_the_columns(tmp_path: Path) -> None:
    path = save_workbook(tmp_path / "a.xlsx", A=[["x"]], B=[])
    assert broken(path, sheet="C") == "a.xlsx has no sheet C, only: A, B. Correct the setting sheet."
    lacks = "has no column for alliance. Accepted headers: alliance, allianceCode, 联盟, 联盟编码. Found:"
    after = "Rename the column, or name it in the setting columns."
    assert broken(path, kind="member") == "\n".join(
        [f"a.xlsx, sheet A {lacks} x. {after}", f"a.xlsx, sheet B {lacks} none. {after}"]
    )


@pytest.mark.parametrize("name", ["a.csv.gz", "a.xlsx"])
def test_unpacking_has_a_limit(tmp_path: Path, name: str) -> None:
    zeros = "0" * 3_000_000
    path = save(tmp_path / name, gzip.compress(("code,name\n" + f"11,{zeros[:99_999]}\n" * 30).encode()))
    if name == "a.xlsx":
        save_parts(path, f'<row><c t="str"><f>{zeros}</f></c></row>')
    kept = " What stands up to a.csv.gz, row 11 is kept." if name == "a.csv.gz" else ""
    assert broken(path, unpacked_limit_mb=1) == (
        f"{name} unpacks to more than 1 MB. "
        f"If that is right, raise the setting unpacked_limit_mb; if not, the file is damaged or hostile.{kept}"
    )


def test_a_code_that_stands_twice_names_the_first(tmp_path: Path) -> None:
    rows = [f"{number},a" for number in range(100_000, 112_000)]
    path = save(tmp_path / "a.csv", "\n".join(["code,name", *rows, "100007,b", "100007,a", "999999,c"]))
    twice = "the key 100007 stands already in a.csv, row 9. Remove one of the two and run again."
    assert reasons(path) == [f"a.csv, row 12002: {twice}", f"a.csv, row 12003: {twice}"]
    assert [(len(page.items), page.total) for page in pages(path)][-1] == (2003, 12003)


HEAD = "工单编号,标题,受理时间,来电人,联系电话,联系人\n"


@pytest.mark.parametrize(
    ("row", "raw"),
    [
        ("1,王某某家水管爆裂,昨天,王某某,13900000000,李某", ["1", "***家水管爆裂", "昨天", "***", "***", "***"]),
        ("1,灯,昨天,王某某,,", ["1", "灯", "昨天", "***", "", ""]),
        ("1,灯,不,昨天,王某某,13900000000,李某", ["1", "灯", "不", *["***"] * 4]),
        ("1,昨天,王某某,13900000000,李某", ["1", "昨天", *["***"] * 3]),
    ],
)
def test_a_bad_row_shows_no_caller(tmp_path: Path, row: str, raw: list[str]) -> None:
    (bad,) = items(save(tmp_path / "a.csv", f"{HEAD}{row}\n"), kind="request")
    assert isinstance(bad, BadRecord)
    assert isinstance(bad.raw, dict)
    assert list(bad.raw.values()) == raw


def test_a_reason_quotes_no_caller(tmp_path: Path) -> None:
    text = '<c t="str"><v>{}</v></c>'
    head = "".join(text.format(title) for title in ("number", "title", "callerPhone", "是否保密"))
    rows = f"<row>{head}</row><row>{text.format(1)}{text.format('a')}<c><v>1.39E+17</v></c></row>"
    rows += f"<row>{text.format(2)}{text.format('a')}{text.format('b')}{text.format('王某某')}</row>"
    assert reasons(save_parts(tmp_path / "a.xlsx", rows), kind="request") == [
        "a.xlsx, sheet 村, row 2, column callerPhone: the number *** has lost its digits after the 15th. "
        "Write it as text. Correct it and run again.",
        "a.xlsx, sheet 村, row 3, column 是否保密: '***' is neither yes nor no (是, 否, true, false, 1, 0). "
        "Correct it and run again.",
    ]


def test_a_number_that_stands_twice_shows_no_caller(tmp_path: Path) -> None:
    head = "number,title,submittedAt,所属网格,来电人,联系电话\n"
    twice = "1,王某某家灯不亮,2026-03-01 09:30,兴胜街道/滨河社区,王某某,13900000000\n"
    found = items(save(tmp_path / "a.csv", head + twice * 2), kind="request", under="150602")
    assert isinstance(found[1], BadRecord)
    assert found[1].raw == {
        "number": "1",
        "title": "***家灯不亮",
        "submitted_at": "2026-03-01 09:30:00+08:00",
        "grid": "兴胜街道/滨河社区",
        "caller": "***",
    }


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    assert refused(missing) == f"There is no file or folder {missing}. Correct the path, or put the file there."
    assert refused(tmp_path) == (
        f"No table is in the folder {tmp_path}. Put files there that end in .csv, .csv.gz, .tsv, .tsv.gz, .xlsx, .xlsm."
    )
    assert refused(None) == "No file is named. Set path to a file or a folder."


async def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    rows = "\n".join(f"{number},a" for number in range(100_000, 112_000))
    path = save(tmp_path / "a.csv", f"code,name\n{rows}\n")
    async with httpx2.AsyncClient() as http:
        pull = Spreadsheet(Config(path=path), http).pull(None)
        first = await anext(pull)
        os.utime(path, ns=(1, 1))
        with pytest.raises(SourceBroken) as caught:
            await anext(pull)
    assert str(caught.value) == "a.csv changed while it was read. Run again when nobody writes to it."
    assert len(first.items) == 10_000


def test_settings_that_cannot_be_are_refused() -> None:
    bad: list[dict[str, Any]] = [{"encoding": "klingon"}, {"timezone": "Moon"}, {"profile": "9"}, {"words": {"x": {}}}]
    told = []
    for settings in bad:
        with pytest.raises(ValidationError) as caught:
            Config(**settings)
        told.append(caught.value.errors()[0]["msg"].removeprefix("Value error, "))
    assert told == [
        "'klingon' is no known encoding: set auto, utf-8, utf-16 or gb18030",
        "'Moon' is no known time zone: set a name like Asia/Shanghai",
        "there is no profile '9': set '1'",
        "words: grid has no field 'x', only code, name, level, parent, jurisdiction, longitude, latitude, valid_from, "
        "valid_to, kind, buildings, households, population",
    ]
    assert Config(encoding="gbk").encoding == "gb18030"
