"""The registry's exports, read from files: the same as over its interface, and every damage in words."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from starlette.applications import Starlette

from hub.plugin import Record, SourceBroken, SourceRefused
from plugins.volunteers.dialect import STREAMS
from plugins.volunteers.simulator import build
from tests.plugins.registry import bad, get, leaked, pulled, read, said

TEAMS = "团队编号,团队名称\nT1,敬老队\n"


async def exported(app: Starlette, folder: Path, encoding: str = "gb18030") -> Path:
    """Every table of the registry as it exports them."""
    for stream in STREAMS:
        written = (await get(app, f"/sim/export/{stream}.csv")).content.decode("gb18030")
        (folder / f"{stream}.csv").write_text(written, encoding=encoding, newline="")
    return folder


def workbook(folder: Path, path: Path) -> Path:
    """The tables of a folder as sheets of one workbook, in an order that helps nobody."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for file in sorted(folder.glob("*.csv"), reverse=True):
        sheet = book.create_sheet(file.stem)
        for line in file.read_text(encoding="gb18030").splitlines():
            sheet.append(line.split(","))
    book.save(path)
    return path


async def refused(path: Path, **settings: Any) -> str:
    with pytest.raises((SourceBroken, SourceRefused)) as caught:
        await read(path, **settings)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig"])
async def test_files_say_the_same_as_the_interface(tmp_path: Path, encoding: str) -> None:
    app = build(300)
    pages = await read(await exported(app, tmp_path, encoding))
    asked = await pulled(app)
    assert said(pages) == said(asked)
    assert sorted(item.reason for item in bad(pages)) == sorted(item.reason for item in bad(asked))
    assert {(page.cursor, page.received, page.complete) for page in pages} == {(None, None, frozenset())}


async def test_a_workbook_says_the_same_whatever_the_order_of_its_sheets(tmp_path: Path) -> None:
    app = build(120)
    path = workbook(await exported(app, tmp_path), tmp_path / "all.xlsx")
    assert said(await read(path)) == said(await pulled(app))


async def test_no_id_number_stands_in_what_files_say(tmp_path: Path) -> None:
    app = build(400)
    assert leaked(app, repr(await read(await exported(app, tmp_path)))) == []


async def test_cells_of_a_workbook_come_with_their_types(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["记录编号", "志愿者编号", "服务内容", "开始时间", "服务时长", "身份证号"])  # type: ignore[union-attr]
    book.active.append([7.0, 15, "义诊", "2026-03-01 09:00", 1.5, None])  # type: ignore[union-attr]
    book.active.append([8, None, "义诊", "2026-03-01 09:00", 1, 990101199003071000])  # type: ignore[union-attr]
    book.save(tmp_path / "hours.xlsx")
    (page,) = await read(tmp_path / "hours.xlsx")
    good, rounded = page.items
    assert isinstance(good, Record)
    assert (good.key, good.fields["person"], good.fields["hours"]) == ("7", "15", 1.5)
    assert "was rounded by a spreadsheet. Export the column as text." in rounded.reason  # type: ignore[union-attr]


async def test_where_a_row_stands_is_told(tmp_path: Path) -> None:
    path = tmp_path / "teams.csv"
    path.write_text(f"{TEAMS}\n,无编号\n", encoding="utf-8")
    good, refused = [item for page in await read(path) for item in page.items]
    assert (good.where, refused.where) == ("teams.csv, row 2", "teams.csv, row 4")


async def test_the_setting_columns_names_a_header_that_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "teams.csv"
    path.write_text(TEAMS.replace("团队编号", "队号"), encoding="utf-8")
    assert await refused(path) == (
        "teams.csv is no table of a registry that we know. It is nearest to teams, and lacks number. Name its headers "
        "in the setting columns, as teams.number, or take the file away."
    )
    (page,) = await read(path, columns={"teams.number": ["队号"]})
    assert [item.key for item in page.items] == ["T1"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("teams.csv", b"", "teams.csv is no table of a registry that we know"),
        ("teams.csv", b"\xff\xff\xff\n", "teams.csv is neither UTF-8 nor GB18030 text"),
        ("teams.csv", TEAMS.encode() + b'T2,"never closed\n', "teams.csv is no CSV that can be read on"),
        ("teams.xlsx", b"PK\x03\x04 and no more", "teams.xlsx is half-written or damaged. Export it again, whole."),
    ],
)
async def test_each_damage_says_what_to_do(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in await refused(tmp_path)


async def test_a_path_without_tables_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    (tmp_path / "~$teams.xlsx").write_text("x", encoding="utf-8")
    assert await refused(tmp_path) == (
        f"No table is at {tmp_path}. Put the registry's exports there: files that end in .csv or .xlsx."
    )
    missing = tmp_path / "missing.csv"
    expected = f"{missing} cannot be read: No such file or directory. Check the path and who may read it."
    assert await refused(missing) == expected
