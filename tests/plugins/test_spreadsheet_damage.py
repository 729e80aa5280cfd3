"""The spreadsheet plugin: encodings that are not what they seem, and files that are damaged in the middle."""

import asyncio
import csv
import gzip
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hub.plugin import Page, SourceBroken
from plugins.spreadsheet import Config, Spreadsheet
from plugins.spreadsheet.encodings import guess
from tests.plugins.tables import GRIDS, broken, fields, save, save_parts, save_workbook

SAMPLE = Path(__file__).parents[2] / "plugins/spreadsheet/samples/divisions.csv"
TAIPEI = "編號,名稱\nT1,臺北市中正區黎明里\nT2,新北市板橋區留侯里\n"
TOKYO = "コード,名称\nT1,東京都千代田区霞が関\nT2,横浜市西区みなとみらい\n"


def read(path: Path, **settings: Any) -> tuple[list[str], str]:
    """The keys that were read, and what was said at the end."""

    async def run() -> tuple[list[str], str]:
        found: list[Page] = []
        async with httpx2.AsyncClient() as http:
            try:
                async for page in Spreadsheet(Config(path=path, **settings), http).pull(None):
                    found.append(page)
            except SourceBroken as error:
                return [str(item.key) for page in found for item in page.items], str(error)
        return [str(item.key) for page in found for item in page.items], ""

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "encoding", "called"),
    [(TAIPEI, "big5", "Big5"), (TAIPEI, "cp950", "Big5"), (TOKYO, "shift_jis", "Shift-JIS")],
)
def test_what_only_looks_like_gb18030_is_refused(tmp_path: Path, text: str, encoding: str, called: str) -> None:
    path = save(tmp_path / "a.csv", text.encode(encoding))
    setting = {"Big5": "big5", "Shift-JIS": "shift_jis"}[called]
    assert broken(path) == (
        f"a.csv is no UTF-8 text, and as GB18030 its names make no sense: it is probably {called}. "
        f"Run again with --set encoding={setting} (or gb18030, if that is what it is), or save it as UTF-8."
    )
    columns = {"code": ["編號", "コード"], "name": ["名稱", "名称"]}
    path.write_bytes(text.replace("T", "11").replace("112", "12").replace("111", "11").encode(encoding))
    names = [row["name"] for row in fields(path, encoding=encoding, columns=columns)]
    assert names == [line.split(",")[1] for line in text.splitlines()[1:]]


@pytest.mark.parametrize("text", [TAIPEI, "11,㐀𠮷\n", "11,二九〇农场\n", "11,牂牁镇\n", "11,鄌郚镇\n"])
def test_rare_and_traditional_characters_in_gb18030_are_none_of_these(text: str) -> None:
    assert guess("a.csv", text.encode("gb18030"), cut=False) == "gb18030"


def test_every_name_of_the_sample_passes_alone_as_gb18030() -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    assert {guess("a.csv", f"{name}\n".encode("gb18030"), cut=False) for name in names} == {"gb18030"}


@pytest.mark.parametrize("rows", [40, 90_000])
def test_a_half_written_gz_gives_its_whole_rows(tmp_path: Path, rows: int) -> None:
    text = "code,name\n" + "".join(
        f"{number},名{number * 7919 % 104729}\n" for number in range(100_000, 100_000 + rows)
    )
    path = save(tmp_path / "a.csv.gz", gzip.compress(text.encode())[: -len(text) // 20])
    keys, said = read(path)
    assert keys == [str(number) for number in range(100_000, 100_000 + len(keys))]
    assert rows > len(keys) > rows // 2
    assert said == (
        "a.csv.gz ends in the middle: it is half-written. Copy it again, whole. "
        f"What stands up to a.csv.gz, row {len(keys) + 1} is kept."
    )


def test_rows_before_a_quote_that_is_never_closed_are_kept(tmp_path: Path) -> None:
    rows = [f"{number},a" for number in range(100_000, 112_000)]
    path = save(tmp_path / "a.csv", "\n".join(["code,name", *rows[:11_000], '999999,"b', *rows[11_000:]]))
    assert read(path) == (
        [row[:6] for row in rows[:11_000]],
        "a.csv, row 11002: a quote is opened and never closed, or a cell is longer than 131,072 characters. "
        "Correct the row and run again. What stands up to a.csv, row 11001 is kept.",
    )


def test_rows_before_the_damage_of_a_workbook_are_kept(tmp_path: Path) -> None:
    row = '<row><c t="str"><v>{}</v></c><c t="str"><v>{}</v></c></row>'
    good = "".join(row.format(*cells) for cells in [("code", "name"), (11, "a"), (12, "b")])
    keys, said = read(save_parts(tmp_path / "a.xlsx", f"{good}<row><c"))
    assert keys == ["11", "12"]
    assert said == (
        "a.xlsx is half-written or damaged (not well-formed (invalid token): line 1, column 274). "
        "Save or copy it again, whole. What stands up to a.xlsx, sheet 村, row 3 is kept."
    )


def test_a_workbook_with_damaged_bytes_gives_what_comes_before(tmp_path: Path) -> None:
    path = save_workbook(
        tmp_path / "a.xlsx", A=[["code", "name"], *([n, f"{n * 7919}"] for n in range(100_000, 140_000))]
    )
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    at = part.header_offset + part.compress_size * 3 // 4
    data[at : at + 2000] = bytes(2000)
    keys, said = read(save(path, bytes(data)))
    assert len(keys) > 20_000
    assert keys == [str(n) for n in range(100_000, 100_000 + len(keys))]
    assert said.startswith("a.xlsx is half-written or damaged (")
    assert said.endswith(f"What stands up to a.xlsx, sheet A, row {len(keys) + 1} is kept.")


def test_a_damaged_file_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    save(tmp_path / "a.csv", "")
    save(tmp_path / "b.csv", GRIDS)
    save(tmp_path / "c.csv", 'code,name\n12,天津市\n13,"河北\n')
    save(tmp_path / "d.xlsx", b"PK half")
    save(tmp_path / "e.csv", "code,name\n14,山西省\n")
    assert read(tmp_path) == (
        ["11", "1101", "110101", "12", "14"],
        "a.csv is empty (0 bytes). Export it again.\n"
        "c.csv, row 3: a quote is opened and never closed, or a cell is longer than 131,072 characters. "
        "Correct the row and run again. What stands up to c.csv, row 2 is kept.\n"
        "d.xlsx is half-written or damaged (File is not a zip file). Save or copy it again, whole.",
    )
